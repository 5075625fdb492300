"""Halves that are halves, and losses that are those of a network with the units really silenced."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from study import ablate
from study.ablate import ClampedNetwork, ablation_arrays, random_halves, selectivity_halves
from study.config import AblationConfig
from study.images.split import preprocessed
from study.networks import backend
from study.networks.taps import hidden_layers
from study.schema import GROUPS
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

QUICK = settings(deadline=None, max_examples=80, derandomize=True, database=None)
SELECTIVITY = st.lists(st.one_of(st.just(float("nan")), st.sampled_from([0.0, 0.2, 0.5, 1.0])), max_size=40)


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


# Halves


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
    """Where a percentile of all 32 would silence twelve against none."""
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
    found = np.array([count for count in counts.values() if count])
    assert len(found) == 20
    assert scipy.stats.chisquare(found).pvalue > 0.001


# Losses


CONFIG = AblationConfig(layers=("fc1", "conv2", "conv1"), null_draws=20, null_images=32)
NULL_IMAGES = np.arange(2, 34)


@pytest.fixture(scope="module")
def clamped() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    backend.configure_process()
    model = tiny_network()
    scramble(model, rng(7))
    return ClampedNetwork.of(model, hidden_layers(model))


@pytest.fixture(scope="module")
def gosi() -> np.ndarray:
    """Return the selectivity of the 24 units: conv1 with two silent, conv2 with ties, fc1 without either."""
    return np.r_[[0.2, np.nan, 0.6, 0.1, np.nan, 0.4], np.repeat([0.3, 0.7], 4), np.linspace(0.9, 0, 10)]


def arrays(
    network: ClampedNetwork, gosi: np.ndarray, config: AblationConfig = CONFIG, **changes: Any
) -> dict[str, Any]:
    """Return the ablation of the tiny network, with some arguments changed."""
    given = {"baseline": (1.5, 0.4), "null_images": NULL_IMAGES, "rng": rng(8)} | changes
    return ablation_arrays(network, tiny_partition(), gosi, config, **given)


@pytest.fixture(scope="module")
def measured(clamped: ClampedNetwork, gosi: np.ndarray) -> dict[str, Any]:
    """Return the ablation of the tiny network."""
    return arrays(clamped, gosi)


def silenced_loss(
    model: keras.Model, name: str, mask: np.ndarray, clamp: str, images: np.ndarray
) -> tuple[float, float]:
    """Return test loss and accuracy of a copy of the network whose weights silence the masked units."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    part = copy.get_layer(f"{name}_bn" if clamp == "output_zero" else name)
    weights = [np.array(weight) for weight in part.get_weights()]
    weights[0][..., mask] = 0  # scale, or kernel
    weights[1][mask] = 0 if clamp == "output_zero" else -1  # offset, or bias: a response of 0 after the ReLU
    part.set_weights(weights)
    partition = tiny_partition()
    labels = partition.test_labels[images]
    logits = np.asarray(copy(preprocessed(partition.test_images[images], partition.training_mean), training=False))
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses.mean(), (logits.argmax(axis=1) == labels).mean()


def test_arrays_are_those_of_the_schema(measured: dict[str, Any], gosi: np.ndarray) -> None:
    """Names, numbers of dimensions and kinds; layers in the network's order, whatever the config's."""
    assert set(measured) == set(GROUPS["ablation"])
    for name, variable in GROUPS["ablation"].items():
        assert measured[name].ndim == len(variable.dims), name
        assert measured[name].dtype.kind == variable.kind, name
    np.testing.assert_array_equal(measured["half_size"], [2, 4, 5])
    np.testing.assert_array_equal(measured["silent_units"], [2, 0, 0])
    assert measured["baseline_loss"] == 1.5
    assert measured["baseline_accuracy"] == 0.4


def test_the_halves_are_recorded(measured: dict[str, Any], gosi: np.ndarray) -> None:
    """1 top, -1 bottom, 0 neither, unit by unit."""
    ablated = measured["ablated"]
    np.testing.assert_array_equal(ablated[:6], [-1, 0, 1, -1, 0, 1])
    np.testing.assert_array_equal(ablated[6:14], np.repeat([-1, 1], 4))
    np.testing.assert_array_equal(ablated[14:], np.repeat([1, -1], 5))
    assert (ablated[np.isnan(gosi)] == 0).all()


@pytest.mark.parametrize("clamp", ["output_zero", "relu_zero"])
@pytest.mark.parametrize("row", range(3))
def test_losses_are_those_of_a_network_with_the_units_silenced(
    clamped: ClampedNetwork, measured: dict[str, Any], row: int, clamp: str
) -> None:
    """Loss and accuracy of both halves, in every layer, against changing the network's own weights."""
    name = list(UNITS)[row]
    start = sum(list(UNITS.values())[:row])
    own = measured["ablated"][start : start + UNITS[name]]
    for target, side in enumerate((1, -1)):
        loss, accuracy = silenced_loss(clamped.model, name, own == side, clamp, np.arange(37))
        index = (("output_zero", "relu_zero").index(clamp), row, target)
        assert measured["loss"][index] == pytest.approx(loss, rel=1e-5)
        assert measured["accuracy"][index] == pytest.approx(accuracy)


def test_the_null_is_measured_on_its_own_images(clamped: ClampedNetwork, measured: dict[str, Any]) -> None:
    """The intact network and both halves on images 2 to 33 only, clamped to output zero."""
    nothing = np.zeros(6, dtype=bool)
    loss, _ = silenced_loss(clamped.model, "conv1", nothing, "output_zero", NULL_IMAGES)
    assert measured["null_baseline_loss"] == pytest.approx(loss, rel=1e-5)
    for target, side in enumerate((1, -1)):
        loss, _ = silenced_loss(clamped.model, "conv2", measured["ablated"][6:14] == side, "output_zero", NULL_IMAGES)
        assert measured["null_target_loss"][1, target] == pytest.approx(loss, rel=1e-5)


def test_on_all_images_the_nulls_target_is_the_test_loss(clamped: ClampedNetwork, gosi: np.ndarray) -> None:
    """One definition of the effect, whichever images it is measured on."""
    found = arrays(clamped, gosi, null_images=np.arange(37))
    np.testing.assert_allclose(found["null_target_loss"], found["loss"][0], rtol=1e-6)


def test_the_null_effect_is_the_difference_of_two_halves(measured: dict[str, Any]) -> None:
    """loss(first) - loss(second), 20 draws a layer, not all alike, of either sign."""
    loss, effect = measured["null_loss"], measured["null_effect"]
    assert loss.shape == (3, 20, 2)
    np.testing.assert_array_equal(effect, loss[..., 0] - loss[..., 1])
    assert (effect.min(axis=1) < 0).all()
    assert (effect.max(axis=1) > 0).all()


def test_random_halves_silence_real_units(clamped: ClampedNetwork, gosi: np.ndarray) -> None:
    """With four tuned units in conv1 every drawn loss is that of one of the six pairs of them."""
    tuned = np.flatnonzero(~np.isnan(gosi[:6]))
    pairs = []
    for i, a in enumerate(tuned):
        for b in tuned[i + 1 :]:
            pairs.append(
                silenced_loss(clamped.model, "conv1", np.isin(np.arange(6), (a, b)), "output_zero", NULL_IMAGES)[0]
            )
    drawn = arrays(clamped, gosi)["null_loss"][0].ravel()
    assert np.abs(drawn[:, None] - np.array(pairs)).min(axis=1).max() < 1e-5
    assert len(np.unique(drawn.round(6))) == 6


def test_the_same_seed_gives_the_same_bits(clamped: ClampedNetwork, gosi: np.ndarray, measured: dict[str, Any]) -> None:
    """Everything, ties and draws included; another seed draws others but silences the same untied halves."""
    again, other = arrays(clamped, gosi), arrays(clamped, gosi, rng=rng(9))
    for name, values in measured.items():
        np.testing.assert_array_equal(again[name], values)
    assert (other["null_loss"] != measured["null_loss"]).any()
    np.testing.assert_array_equal(other["ablated"][14:], measured["ablated"][14:])


def test_how_images_are_batched_does_not_matter(
    clamped: ClampedNetwork, gosi: np.ndarray, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """37 images in batches of 10, the last one short."""
    monkeypatch.setattr(ablate, "BATCH", 10)
    found = arrays(clamped, gosi)
    np.testing.assert_allclose(found["loss"], measured["loss"], rtol=1e-6)
    np.testing.assert_array_equal(found["accuracy"], measured["accuracy"])


@pytest.mark.parametrize(("images", "masks"), [(10, 32), (32, 7), (5, 3)])
def test_how_masks_are_batched_does_not_matter(
    clamped: ClampedNetwork, gosi: np.ndarray, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
    images: int, masks: int,
) -> None:  # fmt: skip
    """32 images and 43 masks a layer, in batches with a short last one; progress grows to 1."""
    monkeypatch.setattr(ablate, "SUPERPOSED_BATCH", images)
    monkeypatch.setattr(ablate, "MASKS_AT_ONCE", masks)
    told: list[float] = []
    found = arrays(clamped, gosi, on_progress=told.append)
    for name in ("null_baseline_loss", "null_target_loss", "null_loss"):
        np.testing.assert_allclose(found[name], measured[name], rtol=1e-6)
    assert told == sorted(told)
    assert told[-1] == 1


def test_only_the_layers_asked_for_are_ablated(clamped: ClampedNetwork, gosi: np.ndarray) -> None:
    """One layer, one clamp: one row; units elsewhere are in no half; progress ends at 1."""
    told: list[float] = []
    config = AblationConfig(layers=("conv2",), clamps=("output_zero",), null_draws=20, null_images=32)
    found = arrays(clamped, gosi, config, on_progress=told.append)
    assert found["loss"].shape == (1, 1, 2)
    assert found["null_loss"].shape == (1, 20, 2)
    assert not found["ablated"][np.r_[:6, 14:24]].any()
    assert told == [1.0]


def test_a_layer_of_silent_units_has_no_effect(clamped: ClampedNetwork, gosi: np.ndarray) -> None:
    """Empty halves cost nothing, top or bottom or drawn: the intact loss to the last bit."""
    quiet = gosi.copy()
    quiet[:6] = np.nan
    found = arrays(clamped, quiet)
    assert found["half_size"][0] == 0
    assert found["silent_units"][0] == 6
    assert (found["null_target_loss"][0] == found["null_baseline_loss"]).all()
    assert (found["null_effect"][0] == 0).all()
    np.testing.assert_array_equal(found["loss"][:, 0, 0], found["loss"][:, 0, 1])
