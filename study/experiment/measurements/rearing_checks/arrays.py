"""Manipulation checks of rearing: what a condition changed in a network's layers beside the selectivity of their units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.activity.arrays import Forward, class_counts, class_selectivity, image_responses
from study.experiment.measurements.shift_invariance.arrays import shifted
from study.experiment.unit_sets import by_layer
from study.images.preparation.split import Partition
from study.networks.graph.hidden_layers import HiddenLayer, weight_norms
from study.tuning.decoding import orientation_decoding
from study.tuning.other_indices import spatial_frequency_selectivity

Floats = NDArray[np.float64]


def rearing_arrays(
    forward: Forward,
    model: keras.Model,
    layers: tuple[HiddenLayer, ...],
    partition: Partition,
    *,
    grating_responses: NDArray[np.float32],
    scores: Callable[[NDArray[np.uint8], NDArray[np.int64]], tuple[float, float]],
) -> dict[str, NDArray[Any]]:
    """Return the `rearing_checks` group's arrays of one network, named as in `study.vocabulary.schema`.

    Parameters
    ----------
    forward
        Images to the response maps of every hidden layer, each (image, ..., channel).
    model, layers
        The network with the analysed weights, and its hidden layers.
    partition
        The test images.
    grating_responses
        (unit, orientation, spatial_frequency, phase), >= 0, of all layers in order.
    scores
        Images and labels to mean cross-entropy, in nats, and accuracy.

    Raises
    ------
    ValueError
        When a response is NaN, infinite or negative, or a class has no test image.
    """
    labels, mean = partition.test_labels, partition.training_mean
    responses = np.concatenate(list(image_responses(forward, layers, partition.test_images, mean)))
    classes = np.arange(int(model.output.shape[-1]))
    sums = (labels == classes[:, None]).astype(np.float64) @ responses
    of_class, _ = class_selectivity(sums / class_counts(labels, classes)[:, None])
    shown = by_layer(grating_responses, layers)
    moved = np.array([scores(view, labels) for view in shifted(partition.test_images)[1:]])
    return {
        "weight_norm": layer_means(weight_norms(model, layers), layers),
        "effective_rank": np.array([effective_rank(part.T) for part in by_layer(responses.T, layers).values()]),
        "orientation_decoding": np.array([orientation_decoding(part) for part in shown.values()]),
        "spatial_frequency_selectivity": layer_means(spatial_frequency_selectivity(grating_responses), layers),
        "class_selectivity": layer_means(of_class, layers),
        "silent_share": np.array([(part.max(axis=(1, 2, 3)) == 0).mean() for part in shown.values()]),
        "shifted_loss": moved[:, 0].mean(),
        "shifted_accuracy": moved[:, 1].mean(),
    }


def layer_means(values: Floats, layers: tuple[HiddenLayer, ...]) -> Floats:
    """Return the mean over each layer's units of an array over all units, leaving out NaN; NaN where nothing is left."""
    parts = [part[~np.isnan(part)] for part in by_layer(values, layers).values()]
    return np.array([part.mean() if part.size else np.nan for part in parts])


def effective_rank(responses: Floats) -> float:
    """Return the exponential of the entropy of the normalised eigenvalues of a layer's response covariance.

    It is the number of units where all vary alike and apart, 1 where all vary together, and defined as 0 where nothing
    varies.

    Parameters
    ----------
    responses
        (image, unit).

    Source
    ------
    Roy and Vetterli (2007), The effective rank: a measure of effective dimensionality, EUSIPCO: of the covariance matrix,
    whose singular values are its eigenvalues.
    """
    deviations = responses - responses.mean(axis=0)
    eigenvalues = np.maximum(np.linalg.eigvalsh(deviations.T @ deviations), 0.0)
    total = eigenvalues.sum()
    if total == 0:
        return 0.0
    shares = eigenvalues[eigenvalues > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))
