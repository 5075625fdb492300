"""The study's own network with weights set by hand, and what it computes, worked out again without Keras."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import logsumexp

from study.images.preparation.split import Partition
from study.networks.architectures.cnn7 import STRIDES
from tests.planted.filters import N_CLASSES, Filters
from tests.planted.images import SIZE


@dataclass(frozen=True)
class PlantedNetwork:
    """A network whose every hidden layer holds the signals of the first, one a unit, and a linear read-out of them.

    Attributes
    ----------
    filters
        The first layer.
    partition
        The network's own images.
    causal
        (unit,): whether the read-out reads the signal.
    sent_on
        (unit,): whether the signal goes on from the third layer to the fourth.
    kernel, bias
        (unit, class) and (class,) of the read-out.
    test_signals
        (image, unit): what the test images send to the read-out.
    """

    filters: Filters
    partition: Partition
    causal: np.ndarray
    sent_on: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    test_signals: np.ndarray


def planted_network(
    filters: Filters, partition: Partition, causal: np.ndarray, *, scale: float, sent_on: np.ndarray | None = None
) -> PlantedNetwork:
    """Return a network that adds up, for each class, the causal signals that its images drive.

    Each is weighted such that, on the training images, it adds `scale` / 4 more to its class's logit on images of that
    class than on others, where it adds nothing.
    """
    signals = pooled_signals(filters, partition.train_images, partition.training_mean)
    same_class = partition.train_labels[:, None] == filters.classes
    others = np.where(same_class, 0, signals).sum(axis=0) / (~same_class).sum(axis=0)
    drive = np.where(same_class, signals, 0).sum(axis=0) / same_class.sum(axis=0) - others
    reads = (filters.classes[:, None] == np.arange(N_CLASSES)) & causal[:, None]
    kernel = reads * (scale / 4 / np.where(causal, drive, 1.0))[:, None]
    everything = np.ones(len(causal), dtype=bool)
    tested = pooled_signals(filters, partition.test_images, partition.training_mean)
    return PlantedNetwork(
        filters, partition, causal, everything if sent_on is None else sent_on, kernel, -others @ kernel, tested
    )


def pooled_signals(filters: Filters, images: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return what reaches the read-out: each filter's rectified map, averaged as the layers above do: (image, unit)."""
    kernel, weights = filters.kernels.reshape(27, -1), _position_weights().ravel()
    signals = []
    for image in images / 255 - mean:
        patches = sliding_window_view(image, (3, 3), axis=(0, 1)).transpose(0, 1, 3, 4, 2).reshape(-1, 27)
        signals.append(weights @ np.maximum(patches @ kernel - filters.thresholds, 0))
    return np.array(signals)


def _position_weights() -> np.ndarray:
    """Return the weight of each position of the first layer's maps in the mean of means over squares of 3 by 3."""
    sizes = [SIZE]
    for stride in STRIDES:
        sizes.append((sizes[-1] - 3) // stride + 1)
    weights = np.ones((1, 1))
    for size, stride in zip(sizes[-2:0:-1], STRIDES[:0:-1], strict=True):
        below = np.zeros((size, size))
        for (row, column), weight in np.ndenumerate(weights):
            below[row * stride : row * stride + 3, column * stride : column * stride + 3] += weight / 9
        weights = below
    return weights


def ablated_scores(network: PlantedNetwork, ablated: np.ndarray) -> tuple[float, float]:
    """Return cross-entropy and accuracy on the test images with some signals held at zero; `ablated` is (unit,)."""
    labels = network.partition.test_labels
    logits = np.where(ablated, 0, network.test_signals) @ network.kernel + network.bias
    label_logits, correct = logits[np.arange(len(labels)), labels], logits.argmax(axis=1) == labels
    return float((logsumexp(logits, axis=1) - label_logits).mean()), float(correct.mean())


def plant(model: keras.Model, network: PlantedNetwork) -> None:
    """Give a cnn7 the weights that make it the planted network.

    A unit of a higher layer averages its own signal over 3 by 3 positions; normalisation changes nothing; units without
    a signal are silent.
    """
    signal = np.arange(len(network.causal))
    for layer in model.layers:
        for weight in layer.weights:
            value = np.zeros(weight.shape)
            if weight.name == "gamma":
                value += 1
            elif weight.name == "moving_variance":
                value += 1 - layer.epsilon
            elif layer.name == "conv1":
                value[..., signal] = network.filters.kernels if weight.name == "kernel" else -network.filters.thresholds
            elif layer.name == "logits" and weight.name == "bias":
                value += network.bias
            elif layer.name == "logits":
                value[signal] = network.kernel
            elif weight.name == "kernel":
                kept = network.sent_on if layer.name == "conv4" else np.ones(len(signal))
                value[..., signal, signal] = kept / np.prod(weight.shape[:-2])
            weight.assign(value.astype(np.float32))
