"""What units do on photographs: activity and class selectivity, both over the training images.

Ablation is scored on test images: sets of units that those same images had chosen would cost more by selection alone.

Images are read a batch at a time and summed in float64, so memory does not depend on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.experiment.unit_sets import by_layer
from study.images.preparation.split import Partition, preprocessed
from study.networks.graph.hidden_layers import HiddenLayer, sent_on, spatial_means, weight_norms

BATCH = 250

Forward = Callable[[NDArray[np.float32]], list[Any]]


def activity_arrays(
    forward: Forward, model: keras.Model, layers: tuple[HiddenLayer, ...], partition: Partition
) -> dict[str, NDArray[Any]]:
    """Return the `activity` group's arrays of one network, all (unit,), named as in `study.vocabulary.schema`.

    A response is the mean over positions of what follows the ReLU, whatever readout gratings are probed with. The standard
    deviation is that of the training images themselves, no estimate for others (divided by n). Images are not augmented.

    Parameters
    ----------
    forward
        Images to the response maps of every hidden layer, each (image, ..., channel).
    model, layers
        The network with the analysed weights, and its hidden layers.
    partition
        The training images.

    Returns
    -------
    dict
        ``class_selectivity`` is NaN for a unit that responds to no training image.

    Raises
    ------
    ValueError
        When a response is NaN, infinite or negative, or a class has no training image.
    """
    labels, classes = partition.train_labels, np.arange(int(model.output.shape[-1]))
    sums = np.zeros((len(classes), sum(layer.n_units for layer in layers)))
    responses = image_responses(forward, layers, partition.train_images, partition.training_mean)
    mean, sd = mean_and_sd(summed_by_class(responses, labels, classes, sums))
    selectivity, preferred = class_selectivity(sums / class_counts(labels, classes)[:, None])
    by_class: dict[str, NDArray[Any]] = {"class_selectivity": selectivity, "preferred_class": preferred}
    return by_unit(model, layers, mean, sd) | by_class


def by_unit(
    model: keras.Model, layers: tuple[HiddenLayer, ...], mean: NDArray[np.float64], sd: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Return the arrays of the `activity` group that classes have no part in, (unit,).

    Parameters
    ----------
    model, layers
        The network, and its hidden layers.
    mean, sd
        (unit,), over images.
    """
    means = by_layer(mean, layers)
    return {
        "mean_activity": mean,
        "activity_sd": sd,
        "mean_output": np.concatenate([sent_on(model, layer, means[layer.name]) for layer in layers]),
        "weight_norm": weight_norms(model, layers),
    }


def class_selectivity(class_means: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return each unit's class selectivity index and preferred class, both (unit,).

    Parameters
    ----------
    class_means
        (class, unit), two classes or more: the mean response to the images of each class, 0 or more.

    Returns
    -------
    index
        (best - rest) / (best + rest): the largest class mean against the mean of the others'; 0 to 1, NaN for a unit that
        responds to no class.
    preferred
        The class with the largest mean, the first of equals; -1 for a unit that responds to none.

    Source
    ------
    Morcos et al. (2018), On the importance of single directions for generalization, on quantifying class selectivity.
    """
    best, total = class_means.max(axis=0), class_means.sum(axis=0)
    rest = (total - best) / (len(class_means) - 1)
    silent = total == 0
    index = np.divide(best - rest, best + rest, out=np.full(len(total), np.nan), where=~silent)
    return index, np.where(silent, -1, class_means.argmax(axis=0)).astype(np.int32)


def class_counts(labels: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of images of each class of `classes`, (class,).

    Raises
    ------
    ValueError
        When a class has none: a mean over its images is undefined.
    """
    counts = np.bincount(labels, minlength=int(classes.max()) + 1)[classes]
    if not counts.all():
        raise ValueError(f"class {classes[np.argmin(counts)]} has no image: measures by class are undefined")
    return counts


def image_responses(
    forward: Forward, layers: tuple[HiddenLayer, ...], images: NDArray[np.uint8], training_mean: NDArray[np.float32]
) -> Iterator[NDArray[np.float64]]:
    """Yield (image, unit), batch by batch."""
    axes = [layer.channel_axis for layer in layers]
    for start in range(0, len(images), BATCH):
        responses = spatial_means(forward(preprocessed(images[start : start + BATCH], training_mean)), axes)
        if not (np.isfinite(responses).all() and responses.min() >= 0):
            raise ValueError(
                "a unit's response to a photograph is NaN, infinite or negative; responses are read after the ReLU"
            )
        yield responses


def mean_and_sd(batches: Iterable[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and population standard deviation over all rows of some arrays.

    Squares are of deviations from each batch's own mean and batches are then merged: nothing large cancels.

    Source
    ------
    Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance: the pairwise update.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for batch in batches:
        batch_mean, n = batch.mean(axis=0), len(batch)
        change = batch_mean - mean
        squares = squares + ((batch - batch_mean) ** 2).sum(axis=0) + change**2 * (count * n / (count + n))
        mean = mean + change * (n / (count + n))
        count += n
    return mean, np.sqrt(squares / count)


def summed_by_class(
    batches: Iterable[NDArray[np.float64]],
    labels: NDArray[np.int64],
    classes: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> Iterator[NDArray[np.float64]]:
    """Yield the batches, (image, unit), and add each image to the sum of its class in `sums`, (class, unit).

    `labels` are of all images, in the order of the batches; an image whose label is none of `classes` is in no sum.
    """
    start = 0
    for batch in batches:
        in_batch = labels[start : start + len(batch)]
        sums += (in_batch == classes[:, None]).astype(np.float64) @ batch
        start += len(batch)
        yield batch
