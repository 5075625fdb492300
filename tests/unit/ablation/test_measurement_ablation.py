"""Losses are those of a network with the units really held where the clamp says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.config import CLAMPS, AblationConfig
from study.experiment.measurements.ablation import arrays as ablate
from study.experiment.measurements.ablation.arrays import other_images
from study.images.preparation.split import preprocessed
from study.networks.interventions import clamped
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import CONTROLS, FRACTIONS, HALVES, ORDERS, TARGETS, described, variables_by_group
from tests.ablated_network import (
    CONFIG,
    Ablated,
    arrays,
    by_hand,
    half,
    image_scores,
    streams,
)
from tests.tiny_network import N_CLASSES, UNITS, tiny_partition

# The whole test set


def test_arrays_are_those_of_the_schema(measured: dict[str, Any]) -> None:
    """Names, dimensions, kinds, nothing undefined; layers in the network's order, whatever the config's."""
    coords = {
        "clamp": list(CLAMPS),
        "layer": list(UNITS),
        "target": list(TARGETS),
        "half": list(HALVES),
        "class": np.arange(N_CLASSES),
        "draw": np.arange(20),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": list(FRACTIONS),
        "unit": np.arange(24),
    }
    arrays = {name: values for name, values in measured.items() if name != "ablated"}
    dataset = described("ablation", arrays, coords)
    assert set(dataset) == set(variables_by_group()["ablation"])
    for name, variable in variables_by_group()["ablation"].items():
        assert dataset[name].dims == variable.dims, name
        assert dataset[name].dtype.kind == variable.kind, name
        assert np.isfinite(dataset[name]).all(), name
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


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("name", UNITS)
def test_scores_are_those_of_units_held_one_by_one(
    network: ClampedNetwork, measured: dict[str, Any], name: str, clamp: str
) -> None:
    """Loss and accuracy of both halves in every layer, over all images and by class."""
    others = other_images(37, rng=streams(8)("partners"))
    labels = tiny_partition().test_labels
    for target in range(2):
        expected = by_hand(network.model, name, half(measured, name, target), clamp, others)
        at = CLAMPS.index(clamp), list(UNITS).index(name), target
        for score, values in zip(("loss", "accuracy"), expected, strict=True):
            assert measured[score][at] == pytest.approx(values.mean(), rel=1e-5)
            means = [values[labels == label].mean() for label in range(N_CLASSES)]
            np.testing.assert_allclose(measured[f"class_{score}"][at], means, rtol=1e-5)


def test_the_clamps_are_four(measured: dict[str, Any]) -> None:
    """No two of them give the same losses anywhere."""
    loss = measured["loss"]
    for first in range(4):
        for second in range(first):
            assert np.abs(loss[first] - loss[second]).max(axis=1).min() > 1e-4


def test_output_zero_is_a_network_whose_weights_ablate_the_units(ablated: Ablated, measured: dict[str, Any]) -> None:
    """Without cutting the network anywhere."""
    for row, name in enumerate(UNITS):
        for target in range(2):
            loss, accuracy = ablated(name, half(measured, name, target), np.arange(37))
            assert measured["loss"][0, row, target] == pytest.approx(loss, rel=1e-5)
            assert measured["accuracy"][0, row, target] == pytest.approx(accuracy)


def test_the_intact_network_is_scored_by_class(network: ClampedNetwork, measured: dict[str, Any]) -> None:
    """Against a whole forward pass."""
    partition = tiny_partition()
    inputs = preprocessed(partition.test_images, partition.training_mean)
    expected = image_scores(np.array(network.model(inputs, training=False)), partition.test_labels)
    for label in range(N_CLASSES):
        loss, accuracy = expected[:, partition.test_labels == label].mean(axis=1)
        assert measured["baseline_class_loss"][label] == pytest.approx(loss, rel=1e-5)
        assert measured["baseline_class_accuracy"][label] == pytest.approx(accuracy)


def test_a_class_without_test_images_is_refused(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Its mean would be undefined."""
    partition = tiny_partition()
    partition.test_labels[partition.test_labels == 1] = 2
    with pytest.raises(ValueError, match="class 1 has no image"):
        arrays(network, gosi, activity, partition=partition)


# Randomness, batches, corners


def test_the_same_seed_gives_the_same_bits(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """Everything; another seed draws others but ablates the same halves."""
    again, other = arrays(network, gosi, activity), arrays(network, gosi, activity, streams=streams(9))
    for name, values in measured.items():
        np.testing.assert_array_equal(again[name], values)
    assert (other["null_loss"] != measured["null_loss"]).any()
    assert (other["loss"][3] != measured["loss"][3]).all()
    for name in ("ablated", "null_target_loss", "class_accuracy"):
        np.testing.assert_array_equal(other[name][:3], measured[name][:3])


def test_streams_do_not_disturb_one_another(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """Fewer clamps leave the null and the controls as they are, more draws leave controls, curves and resampling."""
    fewer = AblationConfig(layers=CONFIG.layers, clamps=("output_zero",), null_draws=20, null_images=32)
    more = AblationConfig(layers=CONFIG.layers, null_draws=25, null_images=32)
    with_fewer = arrays(network, gosi, activity, fewer)
    for name in ("null_loss", "control_loss", "curve_loss"):
        np.testing.assert_array_equal(with_fewer[name], measured[name])
    np.testing.assert_array_equal(with_fewer["class_loss"], measured["class_loss"][:1])
    with_more = arrays(network, gosi, activity, more)
    for name in ("loss", "control_size", "curve_size"):
        np.testing.assert_array_equal(with_more[name], measured[name])
    for name in ("control_loss", "curve_loss"):
        np.testing.assert_allclose(with_more[name], measured[name], rtol=1e-6)


def test_how_images_are_batched_does_not_matter(
    network: ClampedNetwork,
    gosi: np.ndarray,
    activity: dict[str, Any],
    measured: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """37 images in batches of 10, the last one short; other images come from anywhere in the test set."""
    monkeypatch.setattr(ablate, "BATCH", 10)
    ablation = arrays(network, gosi, activity)
    np.testing.assert_allclose(ablation["class_loss"], measured["class_loss"], rtol=1e-5)
    np.testing.assert_allclose(ablation["baseline_class_loss"], measured["baseline_class_loss"], rtol=1e-5)
    np.testing.assert_allclose(ablation["loss_by_block"], measured["loss_by_block"], rtol=1e-5)
    np.testing.assert_array_equal(ablation["class_accuracy"], measured["class_accuracy"])


@pytest.mark.parametrize(("images", "masks"), [(10, 32), (32, 7), (5, 3)])
def test_how_masks_are_batched_does_not_matter(
    network: ClampedNetwork,
    gosi: np.ndarray,
    activity: dict[str, Any],
    measured: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    images: int,
    masks: int,
) -> None:
    """32 images and 110 masks a layer, in batches with a short last one; progress grows to 1."""
    monkeypatch.setattr(ablate, "SUPERPOSED_BATCH", images)
    monkeypatch.setattr(clamped, "MASKS_AT_ONCE", masks)
    told: list[float] = []
    ablation = arrays(network, gosi, activity, on_progress=told.append)
    names = (
        "null_baseline_loss",
        "null_target_loss",
        "null_target_loss_by_block",
        "null_loss",
        "control_loss",
        "curve_loss",
    )
    for name in names:
        np.testing.assert_allclose(ablation[name], measured[name], rtol=1e-5)
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] == 1


def test_a_layer_is_compiled_once(network: ClampedNetwork, measured: dict[str, Any]) -> None:
    """For all clamps, all masks, and batches of whatever size."""
    for function in (network.outputs, *(part.scores for part in network.parts)):
        assert function.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]


def test_only_the_layers_asked_for_are_ablated(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """One layer, one clamp: one row; units elsewhere are in no half; progress ends at 1."""
    told: list[float] = []
    config = AblationConfig(layers=("conv2",), clamps=("output_zero",), null_draws=20, null_images=32)
    ablation = arrays(network, gosi, activity, config, on_progress=told.append)
    np.testing.assert_array_equal(ablation["class_loss"][0, 0], measured["class_loss"][0, 1])
    assert ablation["null_loss"].shape == (1, 20, 2)
    assert ablation["curve_size"].shape == (1, 19)
    assert not ablation["ablated"][np.r_[:6, 14:24]].any()
    assert told == [0.5, 1.0]


def test_a_layer_of_silent_units_has_no_effect(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Empty sets cost nothing, whichever they are: the intact loss to the last bit."""
    quiet = gosi.copy()
    quiet[:6] = np.nan
    ablation = arrays(network, quiet, activity)
    assert ablation["half_size"][0] == 0
    assert ablation["silent_units"][0] == 6
    assert not ablation["control_size"][0].any()
    assert not ablation["curve_size"][0].any()
    for name in ("null_target", "null", "control", "curve"):
        assert (ablation[f"{name}_loss"][0] == ablation["null_baseline_loss"]).all()
        assert (ablation[f"{name}_accuracy"][0] == ablation["null_baseline_accuracy"]).all()
    assert (ablation["null_effect"][0] == 0).all()
    assert len(np.unique(ablation["loss"][:, 0])) == 1
