"""Memorization: the trend of gOSI over label corruption within seeds, in all networks of the arm."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import networks_of
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_TESTED,
    OPPOSITE,
    SUPPORTED,
    Figure,
    HypothesisResult,
)
from study.analysis.questions import memorization
from study.analysis.questions.memorization import estimands
from study.analysis.questions.memorization.estimands import fits_its_labels, layer_excess
from study.vocabulary.schema import MEMORIZATION
from tests.example_networks import example_arrays
from tests.example_study import (
    LAYERS,
    analysed,
    conclusion,
    example_study,
    replaced,
    study_of,
    untested_results,
    verdicts,
)

TREND, EXCESS = "memorization-trend", "memorization-trend-excess"
HIGHER = "memorization-higher-layers-absence"
RATES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CLAIMED = ("conv2", "conv3", "conv4")
WIDE = dict.fromkeys(LAYERS, 30)  # units enough for layer means to be steady


def corrupted(
    vary: Callable[[float, int], dict[str, Any]] = lambda rate, seed: {},
    *,
    seeds: int = 4,
    rates: tuple[float, ...] = RATES,
    **options: Any,
) -> xr.DataTree:
    """Return a study of the memorization arm alone; `vary` gives options of a network from its rate and seed."""
    networks = []
    for seed in range(seeds):
        for place, rate in enumerate(rates):
            settings = {"layers": WIDE, "epochs": 2, "silent": 0.0, **options, **vary(rate, seed)}
            rng = np.random.default_rng([seed, place])
            networks.append(example_arrays(rng, arm=MEMORIZATION, label_corruption=rate, seed=seed, **settings))
    return study_of(networks)


def falling(slope: float, layers: tuple[str, ...] = tuple(LAYERS)) -> Callable[[float, int], dict[str, Any]]:
    """Return options under which gOSI falls by `slope` from no corruption to full, in some layers."""
    return lambda rate, seed: {"analysed_gosi": {layer: 0.6 - slope * rate for layer in layers}}


def not_fitting(which: Callable[[float, int], bool]) -> Callable[[float, int], dict[str, Any]]:
    """Return options under which some networks reach 90 % training accuracy, with a gOSI that falls with corruption."""
    return lambda rate, seed: falling(0.3)(rate, seed) | {"final_train_accuracy": 0.9 if which(rate, seed) else 0.99}


def told(study: xr.DataTree) -> tuple[str, ...]:
    """Return the notes."""
    networks = networks_of(study, MEMORIZATION, 1)
    assert networks is not None
    return memorization.QUESTION.notes(networks, untested_results("memorization"), root_seed=0)


def drawn(study: xr.DataTree) -> dict[str, Figure]:
    """Return the figures by name."""
    networks = networks_of(study, MEMORIZATION, 1)
    assert networks is not None
    return {
        figure.id.removeprefix("memorization-"): figure
        for figure in memorization.QUESTION.figures(networks, untested_results("memorization"), root_seed=0)
    }


def counts(result: HypothesisResult) -> set[tuple[int, int]]:
    """Return how many networks entered the test and were left out, over layers."""
    return {(layer.n, layer.n_missing) for layer in result.layers}


@pytest.fixture(scope="module")
def some_do_not_fit() -> xr.DataTree:
    """Return 24 networks of which five do not fit: one at 60 %, all four at full corruption."""
    return corrupted(not_fitting(lambda rate, seed: rate == 1.0 or (rate, seed) == (0.6, 2)))


# Measures


def test_the_two_variables_are_layer_mean_gosi_and_the_rate() -> None:
    """Layer means of the analysed weights, silent units left out; the rate as planned."""
    study = corrupted(silent=0.2, seeds=2)
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    members = tuning["layer"].values == "conv3"
    gosi = tuning["gosi"].values[:, members]
    np.testing.assert_allclose(layer_gosi(study).sel(layer="conv3"), np.nanmean(gosi, axis=1))
    excess = np.nanmean(gosi - tuning["gosi_null_mean"].values[:, members], axis=1)
    np.testing.assert_allclose(layer_excess(study).sel(layer="conv3"), excess)
    assert estimands.label_corruption(study).values.tolist() == [*RATES, *RATES]


def test_every_network_has_a_value_whether_it_fits_or_not() -> None:
    """Fitting is at least 95 % of its own labels, just 95 % included; no measure leaves out what does not."""
    accuracies = dict(zip(RATES, (0.95, 0.9499, 0.99, 0.2, 1.0, 0.94), strict=True))
    study = corrupted(lambda rate, seed: {"final_train_accuracy": accuracies[rate]}, seeds=1)
    assert fits_its_labels(study).values.tolist() == [True, False, True, False, True, False]
    for estimand in memorization.QUESTION.estimands.values():
        assert not estimand.values(study).isnull().any()


# The registered test


@pytest.mark.parametrize(("slope", "verdict"), [(0.2, SUPPORTED), (-0.2, OPPOSITE)])
def test_a_planted_trend_comes_out_as_registered(slope: float, verdict: str) -> None:
    """Falling supports, rising is the opposite, with the shuffled gOSI and without."""
    study = corrupted(falling(slope))
    for name in (TREND, EXCESS):
        result = conclusion(study, name)
        assert set(verdicts(result).values()) == {verdict}
        assert counts(result) == {(24, 0)}


def test_no_trend_supports_nothing() -> None:
    """The gOSI is alike at every rate."""
    study = corrupted()
    for name in (TREND, EXCESS):
        assert conclusion(study, name).verdict != SUPPORTED


@pytest.mark.parametrize(("seeds", "verdict"), [(4, NOT_TESTED), (10, EFFECT_PRESENT)])
def test_absence_in_the_higher_layers_needs_60_networks(seeds: int, verdict: str) -> None:
    """Fewer could not show it, so they are not asked; a trend in as many is an effect."""
    result = conclusion(corrupted(falling(0.15), seeds=seeds), HIGHER)
    assert set(verdicts(result).values()) == {verdict}
    assert result.published_verdict in (EFFECT_PRESENT, INCONCLUSIVE)


def test_every_claimed_layer_is_needed() -> None:
    """A trend in two of three layers is not support of all three."""
    result = conclusion(corrupted(falling(0.3, ("conv2", "conv3"))), TREND)
    assert [verdicts(result)[name] for name in ("conv2", "conv3")] == [SUPPORTED, SUPPORTED]
    assert verdicts(result)["conv4"] != SUPPORTED
    assert result.verdict != SUPPORTED


def test_the_estimate_is_the_mean_over_seeds_of_spearmans_rho(some_do_not_fit: xr.DataTree) -> None:
    """Of the six networks of each seed, those included that do not fit their labels."""
    gosi, seeds = layer_gosi(some_do_not_fit), some_do_not_fit["training"]["seed"].values
    result = conclusion(some_do_not_fit, TREND)
    assert counts(result) == {(24, 0)}
    for layer in result.layers:
        values = gosi.sel(layer=layer.layer).values
        rho = [scipy.stats.spearmanr(values[seeds == seed], RATES).statistic for seed in range(4)]
        assert layer.estimate == pytest.approx(np.mean(rho))


def test_what_a_seed_shares_is_no_trend() -> None:
    """Seeds far apart in gOSI, and within each a small fall: the rates are compared within the seed, and it is found."""
    study = corrupted(
        lambda rate, seed: {"analysed_gosi": dict.fromkeys(LAYERS, 0.3 + 0.1 * seed - 0.05 * rate)},
        layers=dict.fromkeys(LAYERS, 300),
    )
    gosi = layer_gosi(study).sel(layer="conv3").values
    assert abs(scipy.stats.spearmanr(gosi, estimands.label_corruption(study).values).statistic) < 0.35
    assert conclusion(study, TREND).verdict == SUPPORTED


def test_a_trend_of_networks_that_do_not_fit_is_one_of_all() -> None:
    """The registered test keeps them; the note says that without them there is none."""
    study = corrupted(
        lambda rate, seed: {
            "analysed_gosi": dict.fromkeys(LAYERS, 0.6 if rate < 0.5 else 0.3),
            "final_train_accuracy": 0.99 if rate < 0.5 else 0.5,
        }
    )
    assert conclusion(study, TREND).verdict == SUPPORTED
    assert "Rank correlation within seeds over the others alone: conv1 " in told(study)[0]


def test_a_trend_of_sparseness_alone_goes_when_the_shuffled_gosi_is_taken_away() -> None:
    """Responses become less sparse, so gOSI falls: the raw trend is supported, the one above the shuffles is not."""
    study = corrupted(lambda rate, seed: falling(0.3)(rate, seed) | {"gosi_null": 0.5 - 0.3 * rate})
    assert conclusion(study, TREND).verdict == SUPPORTED
    assert conclusion(study, EXCESS).verdict != SUPPORTED
    assert "shuffled gOSI, which is what sparseness gives by itself, with the corruption rate:" in told(study)[-1]


def test_too_few_networks_are_not_tested() -> None:
    """Two seeds are enough, one is not; a study without the arm says so."""
    result = conclusion(corrupted(seeds=1), TREND)
    assert result.verdict == NOT_TESTED
    assert "at least 12 networks with a value; there are 6" in result.reason
    assert conclusion(corrupted(seeds=2), TREND).verdict != NOT_TESTED
    (without,) = analysed(example_study(seeds=1), TREND)
    assert "no networks of arm memorization" in without.hypotheses[0].reason
    assert not without.figures and not without.notes


# As published


def test_the_published_analysis_has_one_network_a_rate() -> None:
    """The lowest seed of each, wherever it stands; the p-value is that of all 720 orders, never 0."""
    study = corrupted(seeds=3)
    shuffled = xr.DataTree.from_dict(
        {
            f"/{name}": study[name].to_dataset().isel(network=np.random.default_rng(0).permutation(18))
            for name in study.children
        }
    )
    gosi = layer_gosi(study)[:6]
    for tree in (study, shuffled):
        for row in conclusion(tree, TREND).published_layers:
            rho = scipy.stats.spearmanr(gosi.sel(layer=row.layer).values, RATES).statistic
            assert row.estimate == pytest.approx(rho)
            assert row.verdict != SUPPORTED
            assert "by eye" in row.note
    falls = corrupted(falling(0.5), seeds=1)
    assert {(row.pvalue, row.verdict) for row in conclusion(falls, TREND).published_layers} == {(2 / 720, SUPPORTED)}
    assert {row.verdict for row in conclusion(falls, EXCESS).published_layers} == {NOT_TESTED}


@pytest.mark.parametrize(
    ("rates", "slope", "verdict"),
    [(RATES, -0.5, OPPOSITE), ((0.0, 0.5, 1.0), 0.5, INCONCLUSIVE), ((0.0, 1.0), 0.5, NOT_TESTED)],
)
def test_published_verdicts(rates: tuple[float, ...], slope: float, verdict: str) -> None:
    """Three rates have a least p of 1/3, two no correlation; networks that do not fit are not left out."""
    study = corrupted(falling(slope), seeds=2, rates=rates, final_train_accuracy=0.5)
    assert {row.verdict for row in conclusion(study, TREND).published_layers} == {verdict}


# Notes


def test_networks_that_do_not_fit_are_named(some_do_not_fit: xr.DataTree) -> None:
    """By rate, seed and accuracy, with the trend of the others."""
    first = told(some_do_not_fit)[0]
    assert first.startswith("5 of 24 networks do not fit the labels they were given")
    assert (
        "60% of labels corrupted: seed 2 (90.00%); 100% of labels corrupted: seed 0 (90.00%), seed 1 (90.00%)" in first
    )
    fits = fits_its_labels(some_do_not_fit).values
    seeds, rates = some_do_not_fit["training"]["seed"].values, estimands.label_corruption(some_do_not_fit).values
    values = layer_gosi(some_do_not_fit).sel(layer="conv3").values
    rho = stats.stratified_spearman(values[fits], rates[fits], seeds[fits]).statistic
    assert f"conv3 {rho:.2f}" in first


def test_the_trend_of_the_shuffled_gosi_is_told(some_do_not_fit: xr.DataTree) -> None:
    """Rank correlation within seeds of layer means of the units' own shuffles with the rate."""
    tuning = some_do_not_fit["tuning"].to_dataset().sel(state="analysed")
    shuffled = tuning["gosi_null_mean"].values[:, tuning["layer"].values == "conv3"].mean(axis=1)
    rho = stats.stratified_spearman(shuffled, tuning["label_corruption"].values, tuning["seed"].values).statistic
    assert f"conv3 {rho:.2f}" in told(some_do_not_fit)[-1]


@pytest.mark.parametrize("likeness", [0.0, 0.9])
def test_it_is_told_how_alike_neighbouring_rates_are(likeness: float) -> None:
    """Alike in nothing but the seed, all rates correlate at -.2; a walk over the rates makes neighbours more alike."""
    rng, seeds = np.random.default_rng(4), 40
    walk = rng.normal(size=(seeds, 6))
    for place in range(1, 6):
        walk[:, place] = likeness * walk[:, place - 1] + np.sqrt(1 - likeness**2) * walk[:, place]
    study = corrupted(seeds=seeds, layers={"conv1": 2, "conv2": 2})
    study = replaced(study, "tuning", gosi=0.5 + 0.05 * walk.reshape(-1, 1, 1), silent=False)
    note = next(note for note in told(study) if note.startswith("Networks of a seed share"))
    ((neighbours, others),) = [
        (float(one), float(other))
        for one, other in re.findall(r"between neighbouring rates (-?[\d.]+), between others (-?[\d.]+);", note)
    ]
    assert "without such likeness both are -0.20" in note
    assert (neighbours > others + 0.4) == (likeness > 0)
    assert abs(neighbours + 0.2) < 0.12 or likeness > 0


@pytest.mark.parametrize(
    "which", [lambda rate, seed: rate > 0, lambda rate, seed: True], ids=["one rate fits", "none fits"]
)
def test_where_hardly_any_fits_the_test_is_made_all_the_same(which: Callable[[float, int], bool]) -> None:
    """Of those that fit alone a trend is undefined, and said to be; the figures are drawn."""
    study = corrupted(not_fitting(which), seeds=12, rates=(0.0, 1.0), layers=dict.fromkeys(LAYERS, 4))
    assert "over the others alone: conv1 undefined" in told(study)[0]
    assert len(drawn(study)["gosi"].table) > 0


def test_where_all_fit_it_is_said() -> None:
    """One sentence, and no word of networks that do not."""
    notes = told(corrupted(seeds=1))
    assert notes[0] == "All 6 networks fit the labels they were given: training accuracy at least 95%."
    assert notes[-1].startswith("A gOSI is higher where responses are sparse")
    assert len(notes) == 2  # one seed tells nothing of neighbouring rates
