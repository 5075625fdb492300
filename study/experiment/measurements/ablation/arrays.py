"""Ablating units and measuring what the network loses (section 3.4 of the paper).

The halves of a layer are ranked by gOSI and always equally large; the null ablates random halves of the same size. Loss is
mean cross-entropy in nats, on test images. A clamp says what the next layer receives from an ablated unit: 0
(`output_zero`), what it would receive were the unit's response 0 (`relu_zero`), the unit's mean over the training images
(`mean`), or the unit's output for another test image (`resample`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.ablation.blocks import block_means, block_members
from study.experiment.measurements.activity.arrays import class_counts
from study.experiment.unit_sets import Halves, by_layer, control_halves, cumulative_sets, null_halves
from study.networks.graph.hidden_layers import clamp_values
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import TARGETS

BATCH = 500
SUPERPOSED_BATCH = 32  # images that are computed together under many masks

Progress = Callable[[float], None]
Masks = NDArray[np.bool_]


class TestImages(Protocol):
    """Labelled images that a loss is measured on."""

    @property
    def test_labels(self) -> NDArray[np.int64]:
        """(image,): the class of each."""

    def shown(self, images: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return some of them, by index, as the network receives them."""


class Settings(Protocol):
    """What is ablated; `study.config.AblationConfig` is one."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers."""

    @property
    def clamps(self) -> tuple[str, ...]:
        """What the units are held at."""

    @property
    def null_draws(self) -> int:
        """Number of random splits."""


@dataclass(frozen=True)
class Ablated:
    """Settings of what is ablated where there is no study: names of layers, clamps, number of random splits."""

    layers: tuple[str, ...]
    clamps: tuple[str, ...]
    null_draws: int


def ablation_arrays(
    network: ClampedNetwork,
    partition: TestImages,
    gosi: NDArray[np.float64],
    halves: Mapping[str, Halves],
    quantities: Mapping[str, NDArray[Any]],
    settings: Settings,
    *,
    baseline: tuple[float, float],
    null_images: NDArray[np.int64],
    streams: Callable[[str], np.random.Generator],
    classes: NDArray[np.int64] | None = None,
    on_progress: Progress = lambda share: None,
) -> dict[str, NDArray[Any]]:
    """Return the `ablation` group's arrays of one network, named as in `study.vocabulary.schema`.

    Parameters
    ----------
    network, partition
        With the analysed weights; the test images.
    gosi
        (unit,) of all layers in order, NaN for silent units.
    quantities
        What controls are made by, (unit,) each: the `activity` group's arrays and `study.experiment.unit_sets.SPARSENESS`.
    halves
        The top and the bottom half by layer, from `study.experiment.unit_sets.layer_halves`.
    settings
        Layers, clamps and the number of random splits. Null, controls and curves are clamped to `output_zero`.
    baseline
        Test loss and accuracy of the intact network.
    null_images
        Indices of the test images that null, controls and curves are measured on.
    streams
        A purpose to its random stream: `"ablation"`, `"controls"` and `"partners"`.
    classes
        (class,): those that are scored by themselves, all where left out.
    on_progress
        Called with the share of the work that is done: first on the whole test set, then on the null's images.

    Raises
    ------
    ValueError
        When one of the classes has no test image, or `resample` has a single test image.
    """
    ablated = {i: layer.name for i, layer in enumerate(network.layers) if layer.name in settings.layers}
    mean_output = by_layer(quantities["mean_output"], network.layers)
    clamps = {clamp: _constants(network, mean_output, ablated, clamp) for clamp in settings.clamps}
    classes = np.arange(network.n_classes) if classes is None else classes
    halves_of = {i: halves[name] for i, name in ablated.items()}
    first, second = (lambda share: on_progress(share / 2)), (lambda share: on_progress((1 + share) / 2))
    by_class = _class_arrays(network, partition, halves_of, clamps, classes, rng=streams("partners"), on_progress=first)
    masks = _masks(network, ablated, gosi, halves, quantities, settings.null_draws, streams)
    null = _null_arrays(network, partition, masks, null_images, on_progress=second)
    scores = {"baseline_loss": np.array(baseline[0]), "baseline_accuracy": np.array(baseline[1])} | by_class | null
    return scores | _sizes(network, ablated, gosi, masks)


def _masks(
    network: ClampedNetwork,
    ablated: Mapping[int, str],
    gosi: NDArray[np.float64],
    halves: Mapping[str, Halves],
    quantities: Mapping[str, NDArray[Any]],
    null_draws: int,
    streams: Callable[[str], np.random.Generator],
) -> dict[int, dict[str, Masks]]:
    """Return the sets of units that are held at zero, (..., unit), by name and ablated layer.

    Of the streams `"ablation"` draws the null's random halves, `"controls"` breaks ties of controls and curves and draws
    random orders, both layer by layer.
    """
    control_rng = streams("controls")
    gosi_of = by_layer(gosi, network.layers)
    drawn = null_halves(gosi_of, tuple(ablated.values()), null_draws, rng=streams("ablation"))
    quantities_of = {key: by_layer(values, network.layers) for key, values in quantities.items()}
    masks = {}
    for i, name in ablated.items():
        in_layer = {key: values[name] for key, values in quantities_of.items()}
        masks[i] = {
            "null_baseline": np.zeros(len(gosi_of[name]), dtype=bool),
            "null_target": np.stack(halves[name]),
            "control": control_halves(gosi_of[name], in_layer, rng=control_rng),
            "curve": cumulative_sets(gosi_of[name], rng=control_rng),
            "null": drawn[name],
        }
    return masks


def _sizes(
    network: ClampedNetwork,
    ablated: Mapping[int, str],
    gosi: NDArray[np.float64],
    masks: Mapping[int, Mapping[str, Masks]],
) -> dict[str, NDArray[Any]]:
    """Return how many units are in each set."""
    gosi_of, sets = by_layer(gosi, network.layers), masks.values()
    return {
        "half_size": np.stack([of_layer["null_target"][0].sum(dtype=np.int32) for of_layer in sets]),
        "silent_units": np.stack([np.isnan(gosi_of[name]).sum(dtype=np.int32) for name in ablated.values()]),
        "control_size": np.stack([of_layer["control"][:, 0].sum(axis=-1, dtype=np.int32) for of_layer in sets]),
        "curve_size": np.stack([of_layer["curve"][0].sum(axis=-1, dtype=np.int32) for of_layer in sets]),
    }


def other_images(n_images: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return another image for each of n, (image,): uniform among the permutations that leave none in its place.

    Raises
    ------
    ValueError
        With fewer than two images: there is no other.
    """
    if n_images < 2:
        raise ValueError(f"{n_images} test image(s): clamp 'resample' needs another one for each")
    while True:  # more than a third of all permutations will do
        permutation = rng.permutation(n_images)
        if (permutation != np.arange(n_images)).all():
            return permutation


def _constants(
    network: ClampedNetwork, mean_output: dict[str, NDArray[np.float64]], layers: Iterable[int], clamp: str
) -> dict[int, NDArray[np.float32]]:
    """Return what a clamp holds the units of each layer at, (unit,); empty for one that is not constant."""
    if clamp == "resample":
        return {}
    if clamp == "mean":
        return {i: mean_output[network.layers[i].name].astype(np.float32) for i in layers}
    return {i: clamp_values(network.model, network.layers[i], clamp) for i in layers}


def _outputs(network: ClampedNetwork, partition: TestImages, images: NDArray[np.int64]) -> list[Any]:
    return network.outputs(partition.shown(images))


def _class_arrays(
    network: ClampedNetwork,
    partition: TestImages,
    halves: dict[int, Halves],
    clamps: dict[str, dict[int, NDArray[np.float32]]],
    classes: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    on_progress: Progress,
) -> dict[str, NDArray[np.float64]]:
    """Return loss and accuracy on the whole test set, (clamp, layer, target), by class, and the loss by block of images.

    `clamps` are from `_constants`.
    """
    labels, blocks = partition.test_labels, block_members(len(partition.test_labels))
    counts = class_counts(labels, classes)
    exchanged = other_images(len(labels), rng=rng) if "resample" in clamps else None
    shape = (len(clamps), len(halves), len(TARGETS))
    intact, sums = np.zeros((2, len(classes))), np.zeros((2, *shape, len(classes)))
    intact_blocks, block_sums = np.zeros(blocks.shape[1]), np.zeros((*shape, blocks.shape[1]))
    at_once = min(BATCH, network.images_at_once)
    for start in range(0, len(labels), at_once):
        batch = np.arange(start, min(start + at_once, len(labels)))
        outputs = _outputs(network, partition, batch)
        others = outputs if exchanged is None else _outputs(network, partition, exchanged[batch])
        members = (labels[batch][:, None] == classes).astype(np.float64)
        scores = network.intact_scores(outputs, labels[batch])
        intact += scores @ members
        intact_blocks += scores[0] @ blocks[batch]
        for row, (i, masks) in enumerate(halves.items()):
            for t, mask in enumerate(masks):
                values = [constants.get(i, others[i]) for constants in clamps.values()]
                scores = network.clamped_scores(i, outputs[i], mask, values, labels[batch])
                sums[:, :, row, t] += scores @ members
                block_sums[:, row, t] += scores[0] @ blocks[batch]
        on_progress((start + len(batch)) / len(labels))
    loss, accuracy = sums.sum(axis=-1) / len(labels)
    (class_loss, class_accuracy), (intact_loss, intact_accuracy) = sums / counts, intact / counts
    return {
        "baseline_class_loss": intact_loss,
        "baseline_class_accuracy": intact_accuracy,
        "loss": loss,
        "accuracy": accuracy,
        "class_loss": class_loss,
        "class_accuracy": class_accuracy,
        "baseline_loss_by_block": block_means(intact_blocks, len(labels)),
        "loss_by_block": block_means(block_sums, len(labels)),
    }


def _null_arrays(
    network: ClampedNetwork,
    partition: TestImages,
    sets: dict[int, dict[str, Masks]],
    images: NDArray[np.int64],
    *,
    on_progress: Progress,
) -> dict[str, NDArray[np.float64]]:
    """Return the scores on the null's images with sets of units held at output zero.

    `sets` are masks, (..., unit), by name and layer, the same names and numbers of them in every layer.
    """
    masks = {
        i: np.concatenate([mask.reshape(-1, mask.shape[-1]) for mask in by_name.values()])
        for i, by_name in sets.items()
    }
    means, by_block = scores_on(network, partition, masks, images, on_progress=on_progress)
    arrays, start = {}, 0
    for name, example in next(iter(sets.values())).items():
        shape = example.shape[:-1]
        stop = start + int(np.prod(shape))
        arrays[f"{name}_loss"], arrays[f"{name}_accuracy"] = means[..., start:stop].reshape(2, len(sets), *shape)
        if name == "null_target":
            arrays["null_target_loss_by_block"] = by_block[:, start:stop]
        start = stop
    baseline = {name: arrays[name][0] for name in ("null_baseline_loss", "null_baseline_accuracy")}  # of any layer
    return arrays | baseline | {"null_effect": arrays["null_loss"][..., 0] - arrays["null_loss"][..., 1]}


def mean_scores(
    network: ClampedNetwork, partition: TestImages, masks: Mapping[int, Masks], images: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return mean cross-entropy and accuracy on some test images, (score, layer, mask); see `scores_on`."""
    return scores_on(network, partition, masks, images)[0]


def scores_on(
    network: ClampedNetwork,
    partition: TestImages,
    masks: Mapping[int, Masks],
    images: NDArray[np.int64],
    *,
    on_progress: Progress = lambda share: None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a network scores on some test images under each of a layer's masks.

    Parameters
    ----------
    network
        With the analysed weights.
    partition
        The test images.
    masks
        (mask, unit) by the layer's index: the units that are held at output zero. As many in every layer.
    images
        Indices of the test images.
    on_progress
        Called with the share of the images that are done.

    Returns
    -------
    means
        (score, layer, mask): mean cross-entropy and accuracy.
    loss_by_block
        (layer, mask, block): the cross-entropy, as `study.experiment.measurements.ablation.blocks` cuts the images.
    """
    blocks, n_masks = block_members(len(images)), max(map(len, masks.values()))
    totals, block_sums = np.zeros((2, len(masks), n_masks)), np.zeros((len(masks), n_masks, blocks.shape[1]))
    at_once = min(SUPERPOSED_BATCH, network.images_at_once)
    for start in range(0, len(images), at_once):
        stop = min(start + at_once, len(images))
        outputs, labels = _outputs(network, partition, images[start:stop]), partition.test_labels[images[start:stop]]
        for row, (i, of_layer) in enumerate(masks.items()):
            scores = network.masked_scores(i, outputs[i], of_layer, labels)
            totals[:, row] += scores.sum(axis=-1)
            block_sums[row] += scores[0] @ blocks[start:stop]
        on_progress(stop / len(images))
    return totals / len(images), block_means(block_sums, len(images))
