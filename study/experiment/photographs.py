"""Labelled photographs before an external network, read from their files batch by batch.

There are no training images of such a network here. So one half of the photographs of each class says how selective units
are for classes, and from the other half are drawn those that sets of units are scored on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.shift_invariance.arrays import shifted
from study.images.labelled.folder import LabelledFolder, image_batches
from study.networks.pretrained.loading import LoadedModel
from study.networks.pretrained.preprocessing import as_input


@dataclass(frozen=True)
class Photographs:
    """Labelled photographs as a network receives them, read from their files when they are asked for."""

    files: LabelledFolder
    network: LoadedModel

    @property
    def test_labels(self) -> NDArray[np.int64]:
        """(image,): the output for the class of each."""
        return self.files.labels

    def shown(self, images: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return some of them, by index, preprocessed."""
        return as_input(self._pixels(images), self.network.layout, self.network.preprocessing)

    def shifted(self, images: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return some of them, by index, as they are and under each shift, preprocessed: (view, image, ...)."""
        views = shifted(self._pixels(images))
        return np.stack([as_input(view, self.network.layout, self.network.preprocessing) for view in views])

    def _pixels(self, images: NDArray[np.int64]) -> NDArray[np.uint8]:
        chosen = dataclasses.replace(
            self.files, paths=tuple(self.files.paths[i] for i in images), labels=self.files.labels[images]
        )
        layout = self.network.layout
        ((pixels, _),) = image_batches(chosen, size=layout.size, channels=layout.channels, at_once=len(images))
        return pixels


def scoring_half(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which photographs sets of units may be scored on, (image,): of each class the second, the fourth, ...

    The others say how selective units are for classes: one more of a class with an odd number, so that none is without.
    """
    scoring = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        scoring[np.flatnonzero(labels == label)[1::2]] = True
    return scoring
