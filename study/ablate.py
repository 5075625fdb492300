"""Silencing units and measuring what the network loses (section 3.4 of the paper).

The halves of a layer are ranked by gOSI and always equally large; the null silences random halves of the same size.
Loss is mean cross-entropy in nats, on test images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.config import AblationConfig
from study.images.split import Partition, preprocessed
from study.networks import backend
from study.networks.superposition import behind
from study.networks.taps import HiddenLayer, clamp_values, outputs_model, suffix_model
from study.schema import HALVES, TARGETS

BATCH = 500
SUPERPOSED_BATCH, MASKS_AT_ONCE = 32, 32  # images and masks that are computed together: 1,024 passes behind a layer

Mask = NDArray[np.bool_]


def selectivity_halves(gosi: NDArray[np.float64], *, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Return the top and the bottom half of a layer's units by gOSI, as masks of shape (unit,).

    Parameters
    ----------
    gosi
        (unit,); NaN marks a silent unit, which is in neither half.
    rng
        Breaks ties at random.

    Returns
    -------
    top, bottom
        Disjoint masks of floor(n / 2) units each, n being the number of units that are not silent.
    """
    ranked = np.lexsort((rng.random(len(gosi)), gosi))[: int(np.count_nonzero(~np.isnan(gosi)))]  # NaN sorts last
    size = len(ranked) // 2
    return _mask(ranked[len(ranked) - size :], len(gosi)), _mask(ranked[:size], len(gosi))


def random_halves(eligible: Mask, *, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Return two random disjoint halves of the eligible units, floor(n / 2) units each, as masks of shape (unit,)."""
    shuffled = rng.permutation(np.flatnonzero(eligible))
    size = len(shuffled) // 2
    return _mask(shuffled[:size], len(eligible)), _mask(shuffled[size : 2 * size], len(eligible))


def _mask(members: NDArray[np.intp], n_units: int) -> Mask:
    mask = np.zeros(n_units, dtype=bool)
    mask[members] = True
    return mask


@dataclass(frozen=True)
class ClampedNetwork:
    """A network with compiled suffixes: made once a process, reused for every set of weights it is given."""

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    outputs: Callable[[NDArray[np.float32]], list[Any]]
    suffixes: tuple[Callable[[Any, Any, Any, NDArray[np.int64]], tuple[Any, Any]], ...]
    superpositions: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...]

    @classmethod
    def of(cls, model: keras.Model, layers: tuple[HiddenLayer, ...]) -> ClampedNetwork:
        """Return the clamped network of `model`."""
        suffixes = tuple(backend.compiled_clamped_scores(suffix_model(model, layer)) for layer in layers)
        superpositions = tuple(backend.compiled_superposition(behind(model, layer)) for layer in layers)
        return cls(model, layers, backend.compiled_forward(outputs_model(model, layers)), suffixes, superpositions)

    def scores(
        self, index: int, activations: Any, mask: Mask, clamp: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[float, int]:
        """Return (sum of cross-entropies, number correct) with the masked units of layer `index` held at `clamp`.

        `activations` is that layer's output for the images, (image, ..., unit); `mask` and `clamp` are (unit,).
        """
        kept = (~mask).astype(np.float32)
        loss, correct = self.suffixes[index](activations, kept, np.where(mask, clamp, np.float32(0)), labels)
        return float(loss), int(correct)

    def losses(
        self, index: int, activations: Any, masks: NDArray[np.bool_], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the sum of cross-entropies for each of many masks, (mask, unit), held at output zero: (mask,)."""
        added, losses = self.superpositions[index]
        contributions, kept = added(activations), (~masks).astype(np.float32)
        return np.concatenate([
            losses(contributions, kept[start : start + MASKS_AT_ONCE], labels)
            for start in range(0, len(kept), MASKS_AT_ONCE)
        ])  # fmt: skip


def ablation_arrays(
    network: ClampedNetwork,
    partition: Partition,
    gosi: NDArray[np.float64],
    config: AblationConfig,
    *,
    baseline: tuple[float, float],
    null_images: NDArray[np.int64],
    rng: np.random.Generator,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, NDArray[Any]]:
    """Return the `ablation` group's arrays of one network, named as in `study.schema`.

    Parameters
    ----------
    network
        With the analysed weights.
    partition
        Test images and the training mean.
    gosi
        (unit,) of all layers in order; NaN for silent units.
    config
        Layers, clamps (the first is `output_zero`, the null's) and the number of random splits.
    baseline
        Test loss and accuracy of the intact network.
    null_images
        Indices of the test images that the null is measured on.
    rng
        Breaks ties and draws random halves.
    on_progress
        Called with the share of the null that is done.
    """
    starts = np.cumsum([0, *(layer.n_units for layer in network.layers)])
    chosen = [i for i, layer in enumerate(network.layers) if layer.name in config.layers]
    per_layer = {i: gosi[starts[i] : starts[i + 1]] for i in chosen}
    halves = {i: selectivity_halves(values, rng=rng) for i, values in per_layer.items()}
    loss, accuracy = _test_scores(network, partition, halves, config.clamps)
    null = _null_losses(network, partition, per_layer, halves, config.null_draws, null_images, rng, on_progress)
    membership = np.zeros(len(gosi), dtype=np.int8)
    for i, (top, bottom) in halves.items():
        membership[starts[i] : starts[i + 1]] = top.astype(np.int8) - bottom.astype(np.int8)
    return {
        "baseline_loss": np.array(baseline[0]),
        "baseline_accuracy": np.array(baseline[1]),
        "loss": loss,
        "accuracy": accuracy,
        "ablated": membership,
        "half_size": np.array([np.count_nonzero(halves[i][0]) for i in chosen], dtype=np.int32),
        "silent_units": np.array([np.count_nonzero(np.isnan(per_layer[i])) for i in chosen], dtype=np.int32),
        **null,
    }


def _test_scores(
    network: ClampedNetwork, partition: Partition, halves: dict[int, tuple[Mask, Mask]], clamps: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return loss and accuracy on the whole test set, both (clamp, layer, target)."""
    totals = np.zeros((2, len(clamps), len(halves), len(TARGETS)))
    values = {
        (clamp, i): clamp_values(network.model, network.layers[i], clamp) for clamp in clamps for i in halves
    }  # fmt: skip
    n_images = len(partition.test_labels)
    for start in range(0, n_images, BATCH):
        batch = slice(start, start + BATCH)
        outputs = network.outputs(preprocessed(partition.test_images[batch], partition.training_mean))
        labels = partition.test_labels[batch]
        for c, clamp in enumerate(clamps):
            for row, (i, masks) in enumerate(halves.items()):
                for t, mask in enumerate(masks):
                    totals[:, c, row, t] += network.scores(i, outputs[i], mask, values[clamp, i], labels)
    loss, accuracy = totals / n_images
    return loss, accuracy


def _null_losses(
    network: ClampedNetwork,
    partition: Partition,
    gosi: dict[int, NDArray[np.float64]],
    halves: dict[int, tuple[Mask, Mask]],
    n_draws: int,
    null_images: NDArray[np.int64],
    rng: np.random.Generator,
    on_progress: Callable[[float], None],
) -> dict[str, NDArray[Any]]:
    """Return the null's arrays: everything on the same images, clamped to output zero."""
    masks = {}
    for i, values in gosi.items():
        drawn = [half for _ in range(n_draws) for half in random_halves(~np.isnan(values), rng=rng)]
        masks[i] = np.stack([np.zeros(len(values), dtype=bool), *halves[i], *drawn])
    losses = np.stack(list(_mean_losses(network, partition, masks, null_images, on_progress).values()))
    null_loss = losses[:, 3:].reshape(len(gosi), n_draws, len(HALVES))
    return {
        "null_baseline_loss": losses[0, 0],
        "null_target_loss": losses[:, 1:3],
        "null_loss": null_loss,
        "null_effect": null_loss[..., 0] - null_loss[..., 1],
    }


def _mean_losses(
    network: ClampedNetwork,
    partition: Partition,
    masks: dict[int, NDArray[np.bool_]],
    images: NDArray[np.int64],
    on_progress: Callable[[float], None],
) -> dict[int, NDArray[np.float64]]:
    """Return the mean cross-entropy on some test images under each of a layer's masks: (mask,) by layer."""
    totals = {i: np.zeros(len(of_layer)) for i, of_layer in masks.items()}
    for start in range(0, len(images), SUPERPOSED_BATCH):
        chosen = images[start : start + SUPERPOSED_BATCH]
        outputs = network.outputs(preprocessed(partition.test_images[chosen], partition.training_mean))
        for i, of_layer in masks.items():
            totals[i] += network.losses(i, outputs[i], of_layer, partition.test_labels[chosen])
        on_progress((start + len(chosen)) / len(images))
    return {i: total / len(images) for i, total in totals.items()}
