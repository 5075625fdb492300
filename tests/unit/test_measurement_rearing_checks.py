"""Manipulation checks of rearing on a small network, against the slow way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from study.experiment.grating_responses import grating_responses
from study.experiment.measurements.rearing_checks.arrays import (
    effective_rank,
    rearing_arrays,
)
from study.experiment.training import evaluate
from study.images.preparation.split import Partition, preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, responses_model, strongest_slices
from study.tuning.decoding import orientation_decoding
from study.tuning.gratings import gratings
from study.vocabulary.schema import REARING, groups_of, variables_by_group
from tests.tiny_network import N_CLASSES, SHAPE, UNITS, scramble, tiny_network, tiny_partition

STARTS = np.cumsum([0, *UNITS.values()])


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, Any], np.ndarray, Any, Partition]:
    """Return the arrays of a scrambled network, one unit of conv1 ablated, with its responses to gratings."""
    backend.configure_process()
    model, partition = tiny_network(), tiny_partition()
    scramble(model, np.random.default_rng(4))
    bias = model.get_layer("conv1").bias
    bias.assign(np.where(np.arange(6) == 3, np.float32(-1e4), np.asarray(bias)))
    layers = hidden_layers(model)
    forward, scores = backend.compiled_forward(responses_model(model, layers)), backend.compiled_scores(model)
    shown = grating_responses(
        forward, gratings(SHAPE[0], contrast="min_max"), training_mean=partition.training_mean, readout="mean"
    )
    arrays = rearing_arrays(
        forward,
        model,
        layers,
        partition,
        grating_responses=shown,
        scores=lambda images, labels: evaluate(scores, images, labels, partition.training_mean),
    )
    return arrays, shown, model, partition


def layer_parts(values: np.ndarray) -> list[np.ndarray]:
    """Return the parts of an array over units that the layers have."""
    return np.split(values, STARTS[1:-1])


def test_arrays_are_those_of_the_schema(measured: tuple[dict[str, Any], np.ndarray, Any, Partition]) -> None:
    """Every variable, one value a layer or one alone, of networks of the rearing arm."""
    arrays, *_ = measured
    variables = variables_by_group()["rearing_checks"]
    assert set(arrays) == set(variables)
    assert {"training", "tuning", "rearing_checks"} <= set(groups_of(REARING))
    for name, variable in variables.items():
        assert np.shape(arrays[name]) == ((len(UNITS),) if variable.dims else ()), name
        assert np.isfinite(arrays[name]).all(), name


def test_values_of_layers_are_those_of_their_units(
    measured: tuple[dict[str, Any], np.ndarray, Any, Partition],
) -> None:
    """Norms, silent units, decoding and class selectivity, each by an independent look at the network."""
    arrays, shown, model, partition = measured
    kernels = [np.asarray(model.get_layer(name).kernel, float).reshape(-1, units) for name, units in UNITS.items()]
    norms = [np.sqrt((kernel**2).sum(axis=0)).mean() for kernel in kernels]
    np.testing.assert_allclose(arrays["weight_norm"], norms)
    silent = [(part.reshape(len(part), -1) == 0).all(axis=1).mean() for part in layer_parts(shown)]
    np.testing.assert_array_equal(arrays["silent_share"], silent)
    assert arrays["silent_share"][0] > 0
    decoded = [orientation_decoding(part) for part in layer_parts(shown)]
    np.testing.assert_allclose(arrays["orientation_decoding"], decoded)
    labels = partition.test_labels
    maps = responses_model(model, hidden_layers(model))(
        preprocessed(partition.test_images, partition.training_mean), training=False
    )
    for place, layer in enumerate(maps):
        units = np.asarray(layer, float).reshape(len(labels), -1, layer.shape[-1]).mean(axis=1)
        means = np.sort([units[labels == label].mean(axis=0) for label in range(N_CLASSES)], axis=0)
        best, rest = means[-1], means[:-1].mean(axis=0)
        driven = best > 0
        selectivity = ((best - rest) / np.where(driven, best + rest, 1))[driven].mean()
        assert arrays["class_selectivity"][place] == pytest.approx(selectivity, rel=1e-4)
        shares = np.linalg.svd(np.cov(units.T), compute_uv=False)
        shares = shares[shares > 0] / shares.sum()
        rank = np.exp(-(shares * np.log(shares)).sum())
        assert arrays["effective_rank"][place] == pytest.approx(rank, rel=1e-4)


def test_shifted_scores_are_those_of_images_that_another_program_shifts(
    measured: tuple[dict[str, Any], np.ndarray, Any, Partition],
) -> None:
    """By one pixel of eight, down, to the right and both, edges repeated; the mean over the three."""
    arrays, _, model, partition = measured
    losses, right = [], []
    for shift in ((0, 1, 0, 0), (0, 0, 1, 0), (0, 1, 1, 0)):
        moved = ndimage.shift(partition.test_images, shift, order=0, mode="nearest")
        logits = np.asarray(model(preprocessed(moved, partition.training_mean), training=False), float)
        chosen = logits[np.arange(len(logits)), partition.test_labels]
        losses.append((np.log(np.exp(logits).sum(axis=1)) - chosen).mean())
        right.append((logits.argmax(axis=1) == partition.test_labels).mean())
    assert arrays["shifted_loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert arrays["shifted_accuracy"] == pytest.approx(np.mean(right))


def test_effective_rank_counts_what_varies_apart() -> None:
    """As many units as vary apart and alike, 1 where all vary together, 0 where none does."""
    rng = np.random.default_rng(5)
    apart = np.linalg.qr(rng.normal(size=(400, 8)) - 0)[0]
    apart = np.linalg.qr(apart - apart.mean(axis=0))[0]
    assert effective_rank(3 + apart) == pytest.approx(8)
    assert effective_rank(np.outer(rng.normal(size=50), np.arange(1.0, 6))) == pytest.approx(1, abs=1e-6)
    assert effective_rank(np.full((50, 4), 0.25)) == 0


def test_the_strongest_slice_is_that_of_the_channel_with_the_largest_weights(
    measured: tuple[dict[str, Any], np.ndarray, Any, Partition],
) -> None:
    """Of every unit of a 3 x 3 convolution, in the order of units; undefined in a dense layer."""
    _, _, model, _ = measured
    slices = layer_parts(strongest_slices(model, hidden_layers(model)))
    for part, name in zip(slices, ("conv1", "conv2"), strict=False):
        kernel = np.asarray(model.get_layer(name).kernel, float)
        for unit, found in enumerate(part):
            norms = [np.sqrt((kernel[:, :, channel, unit] ** 2).sum()) for channel in range(kernel.shape[2])]
            np.testing.assert_array_equal(found, kernel[:, :, int(np.argmax(norms)), unit])
    assert np.isnan(slices[2]).all()
    assert slices[2].shape == (UNITS["fc1"], 3, 3)
