"""How much components change when the image shifts, and whether the predicted class does (section 3.5 of the paper).

A component is one position of one feature map, or one dense unit: what the paper calls a unit here. Each is watched on
the test images that drive it above 90 % of its maximum. Its activations for such an image and for three shifts of it have
a coefficient of variation, standard deviation / mean, which is averaged over those images. The standard deviation is the
population's: the four activations are all there are, no sample of shifts. (The sample's is 2 / sqrt(3) times as large.)

The images are read twice, a batch at a time: for every component's maximum, then for the few activations above 90 % of
it. So memory does not depend on their number. A network with ablated units is computed from the ablated layer on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.unit_sets import Halves, by_layer, random_halves
from study.images.preparation.split import Partition, preprocessed
from study.networks.interventions.watched import WatchedNetwork
from study.vocabulary.schema import SHIFTS

SHIFT_FRACTION = 0.1  # of the height and of the width
BATCH = 50  # images that are computed together, four views of each


def shifted(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images (image, height, width, channel) as they are and under each of `SHIFTS`: (view, image, ...).

    Images move down and to the right by round(0.1 * size) pixels; edge pixels are repeated into the gap.
    """
    height, width = images.shape[1:3]
    rows = np.maximum(np.arange(height) - round(SHIFT_FRACTION * height), 0)
    columns = np.maximum(np.arange(width) - round(SHIFT_FRACTION * width), 0)
    return np.stack([images, images[:, rows], images[:, :, columns], images[:, rows][:, :, columns]])


def ablated_halves(
    network: WatchedNetwork,
    gosi: NDArray[np.float64],
    halves: Mapping[str, Halves],
    *,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.bool_]]:
    """Return what is ablated in each layer, by its name: masks (set, unit), sets in the order of `SETS_ABLATED`.

    Parameters
    ----------
    gosi
        (unit,) of all layers in order; NaN for silent units, which are in no set.
    halves
        The top and the bottom half by layer: those that are ablated.
    rng
        Draws the random half, as large, of each layer.
    """
    gosi_of = by_layer(gosi, network.layers)
    names = [network.layers[index].name for index in network.ablated]
    return {name: np.stack([*halves[name], random_halves(~np.isnan(gosi_of[name]), rng=rng)[0]]) for name in names}


def shift_arrays(
    network: WatchedNetwork,
    partition: Partition,
    masks: dict[str, NDArray[np.bool_]],
    *,
    test_images: int,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, NDArray[Any]]:
    """Return the `shift_invariance` group's arrays of one network, named as in `study.vocabulary.schema`.

    Parameters
    ----------
    network
        With the analysed weights.
    partition
        Test images and the training mean.
    masks
        (set, unit) by the name of each ablated layer; the units of a set send on zero (`output_zero`).
    test_images
        How many of them, the first ones; all for 0, or where there are fewer.
    on_progress
        Called with the share of the passes that is done.

    Returns
    -------
    dict
        The conditions are the intact network, then each ablated layer's sets, layers in the network's order.

        ``cv_mean``, ``cv_standard_error`` : (condition, layer), over the layer's active components; NaN without any,
        the standard error also with one. Up to and including the ablated layer, whose units are ablated behind their
        responses, a condition has the values of the intact network.
        ``n_components``, ``n_inactive`` : (condition, layer), components averaged, and those that no unshifted image activates.
        ``prediction_consistency`` : (condition, shift), the share of test images whose predicted class stays.

    Raises
    ------
    ValueError
        When `masks` are not those of the ablated layers, or an activation is NaN, infinite or negative.
    """
    kept = _kept_units(network, masks)
    images, mean = partition.test_images[: test_images or None], partition.training_mean
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    step = 1 / len(batches) / (2 + len(SHIFTS))  # the unshifted images are seen twice
    peaks: NDArray[np.float32] = np.full(1, -np.inf, dtype=np.float32)
    for done, batch in enumerate(batches, 1):
        peaks = np.maximum(peaks, network.peaks(preprocessed(batch, mean), kept))
        on_progress(done * step)
    sums, counts = np.zeros(len(peaks)), np.zeros(len(peaks), dtype=np.int64)
    unchanged = np.zeros((1 + sum(map(len, kept)), len(SHIFTS)), dtype=np.int64)
    for done, batch in enumerate(batches, 1):
        varying = network.variation(preprocessed(shifted(batch), mean), kept, peaks)
        component, variation, same = (np.asarray(array) for array in varying)
        sums += np.bincount(component, variation, len(peaks))
        counts += np.bincount(component, minlength=len(peaks))
        unchanged += same
        on_progress((len(batches) + (1 + len(SHIFTS)) * done) * step)
    if not (np.isfinite(peaks).all() and np.isfinite(sums).all() and peaks.min() >= 0):
        raise ValueError("an activation is NaN, infinite or negative: the network is broken, or not read after a ReLU")
    by_layer = _layer_values(network, [len(sets) for sets in kept], sums, counts)
    return {**by_layer, "prediction_consistency": unchanged / len(images)}


def _kept_units(network: WatchedNetwork, masks: Mapping[str, NDArray[np.bool_]]) -> list[NDArray[np.float32]]:
    """Return 1 for every unit that a set leaves alone and 0 for the others, (set, unit), by ablated layer in order."""
    names = [network.layers[index].name for index in network.ablated]
    if set(masks) != set(names):
        raise ValueError(f"masks of {', '.join(masks) or 'no layer'}: the network can ablate {', '.join(names)}")
    return [(~masks[name]).astype(np.float32) for name in names]


def _layer_values(
    network: WatchedNetwork, n_sets: list[int], sums: NDArray[np.float64], counts: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return the (condition, layer) arrays from each component's sum of coefficients and number of images."""
    variation = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    shape = (1 + sum(n_sets), len(network.sizes))
    mean, error = np.empty(shape), np.empty(shape)
    active, inactive = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
    start = 0
    for rows, layer, n in _blocks(network, n_sets):
        block = variation[start : start + n * network.sizes[layer]].reshape(n, -1)
        at = rows, layer
        mean[at], error[at] = _mean_and_standard_error(block)
        inactive[at] = np.count_nonzero(np.isnan(block), axis=1)
        active[at] = block.shape[1] - inactive[at]
        start += block.size
    return {"cv_mean": mean, "cv_standard_error": error, "n_components": active, "n_inactive": inactive}


def _blocks(network: WatchedNetwork, n_sets: list[int]) -> Iterator[tuple[slice, int, int]]:
    """Yield (conditions, layer, number of sets) in the order of the flat axis.

    The intact network's values are those of every condition until the layers behind an ablated one replace them.
    """
    for layer in range(len(network.sizes)):
        yield slice(None), layer, 1
    first = 1
    for behind, n in zip(network.behind, n_sets, strict=True):
        for layer in behind:
            yield slice(first, first + n), layer, n
        first += n


def _mean_and_standard_error(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard error of the mean along the last axis, leaving out NaN; NaN where undefined."""
    n = np.count_nonzero(~np.isnan(values), axis=-1)
    mean = np.divide(np.nansum(values, axis=-1), n, out=np.full(n.shape, np.nan), where=n > 0)
    squares = np.nansum((values - mean[..., None]) ** 2, axis=-1)
    return mean, np.sqrt(np.divide(squares, n * (n - 1), out=np.full(n.shape, np.nan), where=n > 1))
