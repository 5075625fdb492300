"""Halves that are halves, pairs that are alike, sets that grow."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from study.experiment.unit_sets import (
    by_layer,
    control_halves,
    cumulative_sets,
    layer_halves,
    matched_halves,
    random_halves,
    selectivity_halves,
)
from study.networks.graph.hidden_layers import HiddenLayer
from study.vocabulary.schema import CONTROLS, FRACTIONS, ORDERS

QUICK = settings(deadline=None, max_examples=80, derandomize=True, database=None)
SELECTIVITY = st.lists(st.one_of(st.just(float("nan")), st.sampled_from([0.0, 0.2, 0.5, 1.0])), max_size=40)


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


# By gOSI, and at random


@QUICK
@given(values=SELECTIVITY, seed=st.integers(0, 99))
def test_halves_are_equal_disjoint_and_hold_no_silent_unit(values: list[float], seed: int) -> None:
    """floor(n / 2) each of the n units that are not silent, the top no less selective than the bottom."""
    gosi = np.array(values)
    top, bottom = selectivity_halves(gosi, rng=rng(seed))
    assert top.sum() == bottom.sum() == np.count_nonzero(~np.isnan(gosi)) // 2
    assert not (top & bottom).any()
    assert not ((top | bottom) & np.isnan(gosi)).any()
    if top.any():
        assert gosi[top].min() >= gosi[bottom].max()


@QUICK
@given(values=SELECTIVITY, seed=st.integers(0, 99))
def test_random_halves_are_halves_of_the_same_units(values: list[float], seed: int) -> None:
    """As large as the selective halves, disjoint, none silent."""
    eligible = ~np.isnan(np.array(values))
    first, second = random_halves(eligible, rng=rng(seed))
    assert first.sum() == second.sum() == eligible.sum() // 2
    assert not (first & second).any()
    assert not ((first | second) & ~eligible).any()


def test_distinct_values_are_split_by_rank() -> None:
    """The three highest against the three lowest of seven; the middle one is in neither half."""
    gosi = np.array([0.3, 0.9, 0.1, 0.5, 0.8, 0.2, 0.7])
    top, bottom = selectivity_halves(gosi, rng=rng())
    np.testing.assert_array_equal(np.flatnonzero(top), [1, 4, 6])
    np.testing.assert_array_equal(np.flatnonzero(bottom), [0, 2, 5])


def test_twenty_silent_and_twelve_tuned_units_make_halves_of_six() -> None:
    """Where a percentile of all 32 would ablate twelve against none."""
    gosi = rng(1).permutation(np.r_[np.full(20, np.nan), np.linspace(0.1, 0.9, 12)])
    top, bottom = selectivity_halves(gosi, rng=rng())
    assert (top.sum(), bottom.sum()) == (6, 6)
    assert gosi[top].min() > gosi[bottom].max()


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [0.4], [np.nan, 0.4]])
def test_fewer_than_two_tuned_units_make_empty_halves(values: list[float]) -> None:
    """Nothing to compare: both halves are empty, and equal in size."""
    top, bottom = selectivity_halves(np.array(values), rng=rng())
    assert top.shape == bottom.shape == (len(values),)
    assert not top.any()
    assert not bottom.any()


def test_ties_are_broken_by_the_seed_alone() -> None:
    """The same seed gives the same halves, another seed others."""
    gosi = np.full(40, 0.5)
    first, again, other = (selectivity_halves(gosi, rng=rng(seed))[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_ties_are_broken_evenly() -> None:
    """Each of ten equal units is in the top half half of the time: position in the layer does not count."""
    generator = rng(5)
    tops = sum(selectivity_halves(np.full(10, 0.5), rng=generator)[0].astype(int) for _ in range(2000))
    assert scipy.stats.chisquare(tops).pvalue > 0.001


def test_random_halves_are_uniform() -> None:
    """Each of the 20 ways to choose 3 of 6 units first occurs as often as any other, and the second takes the rest."""
    generator, counts = rng(6), dict.fromkeys(range(64), 0)
    eligible = np.array([True, False, True, True, True, False, True, True])
    for _ in range(4000):
        first, second = random_halves(eligible, rng=generator)
        np.testing.assert_array_equal(first | second, eligible)
        counts[int(first[eligible] @ (1 << np.arange(6)))] += 1
    occurrences = np.array([count for count in counts.values() if count])
    assert len(occurrences) == 20
    assert scipy.stats.chisquare(occurrences).pvalue > 0.001


def test_every_layer_is_halved_by_itself() -> None:
    """Layers in order, each ranked among its own units, whichever are to be ablated."""
    layers = tuple(HiddenLayer(name, n, name, name, "") for name, n in (("a", 4), ("b", 3)))
    gosi = np.array([0.1, 0.2, 0.3, 0.4, 0.9, np.nan, 0.8])
    halves = layer_halves(gosi, layers, rng=rng())
    assert list(halves) == ["a", "b"]
    np.testing.assert_array_equal(np.stack(halves["a"]), [[0, 0, 1, 1], [1, 1, 0, 0]])
    np.testing.assert_array_equal(np.stack(halves["b"]), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(by_layer(gosi, layers)["b"], gosi[4:])


# Alike in another quantity


@QUICK
@given(values=SELECTIVITY, seed=st.integers(0, 99), tied=st.booleans())
def test_matched_halves_pair_neighbours(values: list[float], seed: int, tied: bool) -> None:
    """floor(n / 2) each, disjoint, none silent; rank by rank in the covariate a top and a bottom unit are neighbours."""
    gosi = np.array(values)
    covariate = np.round(rng(seed).random(len(gosi)), 1 if tied else 9)
    top, bottom = matched_halves(gosi, covariate, rng=rng(seed))
    heard = ~np.isnan(gosi)
    assert top.sum() == bottom.sum() == heard.sum() // 2
    assert not (top & bottom).any()
    assert not ((top | bottom) & ~heard).any()
    pairs = np.sort(covariate[top | bottom]).reshape(-1, 2)
    np.testing.assert_array_equal(np.sort(np.stack([np.sort(covariate[top]), np.sort(covariate[bottom])], 1), 1), pairs)


def test_the_more_selective_of_a_pair_goes_to_the_top() -> None:
    """Sorted by the quantity: units 4, 1 | 3, 0 | 5, 7; 2 and 6 are silent."""
    covariate = np.array([4.0, 2.0, 0.0, 3.0, 1.0, 5.0, 9.0, 6.0])
    gosi = np.array([0.9, 0.3, np.nan, 0.8, 0.2, 0.1, np.nan, 0.0])
    top, bottom = matched_halves(gosi, covariate, rng=rng())
    np.testing.assert_array_equal(np.flatnonzero(top), [0, 1, 5])
    np.testing.assert_array_equal(np.flatnonzero(bottom), [3, 4, 7])


@pytest.mark.parametrize(
    ("covariate", "left_out"),
    [([1, 2, 3, 4, 50], 4), ([-50, 1, 2, 3, 4], 0), ([0, 1, 5, 9, 10], 2), ([7.0], 0), ([1, 2, 10], 2)],
)
def test_the_odd_one_out_leaves_the_closest_pairs(covariate: list[float], left_out: int) -> None:
    """An outlier, or the one between two pairs."""
    order = rng(3).permutation(len(covariate))
    halves = matched_halves(np.linspace(0, 1, len(covariate)), np.array(covariate)[order], rng=rng())
    np.testing.assert_array_equal(np.flatnonzero(~halves[0] & ~halves[1]), np.flatnonzero(order == left_out))


def test_no_other_odd_one_out_does_better() -> None:
    """Against trying each of nine units: the sum of differences within pairs is the least there is."""
    for seed in range(30):
        covariate = rng(seed).exponential(size=9)
        top, bottom = matched_halves(rng(seed + 100).random(9), covariate, rng=rng())
        total = np.diff(np.sort(covariate[top | bottom]))[::2].sum()
        assert total == pytest.approx(min(np.diff(np.delete(np.sort(covariate), i))[::2].sum() for i in range(9)))


def test_matching_takes_the_difference_away_and_leaves_that_of_gosi() -> None:
    """Where gOSI follows activity, plain halves differ in both, matched halves in gOSI alone."""
    activity = rng(1).exponential(size=400)
    gosi = np.exp(-activity) + 0.2 * rng(2).random(400)
    plain, matched = (
        [halves(gosi)]
        for halves in (lambda g: selectivity_halves(g, rng=rng()), lambda g: matched_halves(g, activity, rng=rng()))
    )
    difference = [abs(activity[top].mean() - activity[bottom].mean()) for top, bottom in plain + matched]
    assert difference[1] < 0.02 * difference[0]
    top, bottom = matched[0]
    assert gosi[top].mean() - gosi[bottom].mean() > 0.05


def test_matched_ties_are_broken_evenly() -> None:
    """Ten units equal in both quantities: each is in the top half half of the time."""
    generator, equal = rng(5), np.full(10, 0.5)
    tops = sum(matched_halves(equal, equal, rng=generator)[0].astype(int) for _ in range(2000))
    assert scipy.stats.chisquare(tops).pvalue > 0.001


def test_controls_are_those_of_the_schema() -> None:
    """One row a control, in order; a unit without class selectivity is in no half by it, a silent one in none at all."""
    gosi = np.array([np.nan, 0.1, 0.2, 0.3, 0.4, 0.5])
    activity = {
        "class_selectivity": np.array([0.9, 0.8, np.nan, 0.2, 0.1, 0.7]),
        "mean_activity": np.array([0.0, 1, 2, 3, 4, 99]),
        "activity_sd": np.array([0.0, 1, 5, 5.1, 1.1, 99]),
        "weight_norm": np.array([0.0, 99, 1, 2, 3, 4]),
        "gosi_null_mean": np.array([np.nan, 0.1, 0.3, 0.1, 0.3, 0.9]),
    }
    controls = control_halves(gosi, activity, rng=rng())
    assert controls.shape == (len(CONTROLS), 2, 6)
    units = [[list(np.flatnonzero(half)) for half in halves] for halves in controls]
    expected = [[[1, 5], [3, 4]], [[2, 4], [1, 3]], [[3, 4], [1, 2]], [[3, 5], [2, 4]], [[3, 4], [1, 2]]]
    assert dict(zip(CONTROLS, units, strict=True)) == dict(zip(CONTROLS, expected, strict=True))


# Growing sets


@QUICK
@given(values=SELECTIVITY, seed=st.integers(0, 99))
def test_sets_grow_along_an_order(values: list[float], seed: int) -> None:
    """round(fraction * n) units, each set within the next, none silent; descending is ascending from its other end."""
    gosi = np.array(values)
    growing, n = cumulative_sets(gosi, rng=rng(seed)), np.count_nonzero(~np.isnan(gosi))
    assert growing.shape == (len(ORDERS), len(FRACTIONS), len(gosi))
    np.testing.assert_array_equal(growing.sum(axis=-1), [[round(fraction * n) for fraction in FRACTIONS]] * 3)
    assert not (growing[:, :-1] & ~growing[:, 1:]).any()
    assert not growing[..., np.isnan(gosi)].any()
    ascending, descending = (dict(zip(FRACTIONS, sets, strict=True)) for sets in growing[:2])
    for fraction in FRACTIONS[:9]:
        if (ascending[fraction].sum() + descending[round(1 - fraction, 2)].sum()) == n:
            np.testing.assert_array_equal(ascending[fraction] ^ descending[round(1 - fraction, 2)], ~np.isnan(gosi))


def test_orders_are_by_gosi_and_at_random() -> None:
    """The least selective first, the most selective first, or any first: each of 20 units equally often."""
    gosi = rng(7).permutation(20) / 20
    growing = cumulative_sets(gosi, rng=rng())
    np.testing.assert_array_equal(growing[0, 4], gosi < 0.25)
    np.testing.assert_array_equal(growing[1, 4], gosi >= 0.75)
    generator = rng(8)
    first = sum(cumulative_sets(gosi, rng=generator)[2, 0].astype(int) for _ in range(2000))
    assert first.sum() == 2000
    assert scipy.stats.chisquare(first).pvalue > 0.001
