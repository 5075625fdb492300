"""Labels that are partly or wholly random, and the partition that a network of the memorization arm learns from."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from study.images.preparation.split import Partition


def corrupted(labels: NDArray[np.int64], *, rate: float, n_classes: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return labels of which each is replaced, with probability `rate`, by a uniformly random class.

    The random class may be the true one, so a share of rate * (1 - 1 / n_classes) of the labels ends up wrong. Every
    rate draws the same numbers: with the same generator, the labels replaced at one rate are replaced at any higher one,
    by the same classes.

    Parameters
    ----------
    labels
        (n,), 0 to `n_classes` - 1; left as they are.
    rate
        0 (no label changes) to 1 (all are random).

    Source: paper 3.3, after Zhang et al. (2017), ICLR.
    """
    replaced = rng.random(len(labels)) < rate
    return np.where(replaced, rng.integers(0, n_classes, len(labels)), labels)


def with_corrupted_labels(
    partition: Partition, *, rate: float, n_classes: int, n_train: int, rng: np.random.Generator
) -> Partition:
    """Return the first `n_train` training images, with corrupted training and validation labels.

    Test labels stay true, and so does the training mean, which is that of all training images.
    """
    return dataclasses.replace(
        partition,
        train_images=partition.train_images[:n_train],
        train_labels=corrupted(partition.train_labels, rate=rate, n_classes=n_classes, rng=rng)[:n_train],
        validation_labels=corrupted(partition.validation_labels, rate=rate, n_classes=n_classes, rng=rng),
    )
