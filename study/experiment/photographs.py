"""Labelled photographs before a network from elsewhere: read from their files batch by batch, and what units do on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.halves import by_layer
from study.experiment.measurements.activity import class_counts, class_selectivity, mean_and_sd
from study.images.labelled.folder import LabelledFolder, image_batches
from study.networks.graph.hidden_layers import HiddenLayer, sent_on, weight_norms
from study.networks.graph.reading import UnitReader
from study.networks.pretrained.loading import LoadedModel
from study.networks.pretrained.preprocessing import as_input

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


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
        chosen = dataclasses.replace(
            self.files, paths=tuple(self.files.paths[i] for i in images), labels=self.files.labels[images]
        )
        layout = self.network.layout
        ((pixels, _),) = image_batches(chosen, size=layout.size, channels=layout.channels, at_once=len(images))
        return as_input(pixels, layout, self.network.preprocessing)


def photograph_activity(
    layers: tuple[HiddenLayer, ...],
    read: UnitReader,
    photographs: Photographs,
    at_once: int,
    watch: Watch,
) -> dict[str, NDArray[Any]]:
    """Return the `activity` group's arrays, all (unit,), from one pass over the photographs.

    Responses below 0 are read as 0, as those to gratings are. Class selectivity is over the classes that have photographs.
    """
    labels, classes = photographs.test_labels, np.unique(photographs.test_labels)
    sums = np.zeros((len(classes), sum(layer.n_units for layer in layers)))
    with watch("photographs shown", len(labels)) as more:
        responses = _responses(read, photographs, at_once, more)
        mean, sd = mean_and_sd(_summed_by_class(responses, labels, classes, sums))
    selectivity, preferred = np.full(len(mean), np.nan), np.full(len(mean), -1)
    if len(classes) > 1:
        selectivity, places = class_selectivity(sums / class_counts(labels, classes)[:, None])
        preferred = np.where(places < 0, -1, classes[places])
    means = by_layer(mean, layers)
    return {
        "mean_activity": mean,
        "activity_sd": sd,
        "mean_output": np.concatenate(
            [sent_on(photographs.network.model, layer, means[layer.name]) for layer in layers]
        ),
        "weight_norm": weight_norms(photographs.network.model, layers),
        "class_selectivity": selectivity,
        "preferred_class": preferred.astype(np.int32),
    }


def _responses(
    read: UnitReader, photographs: Photographs, at_once: int, more: Callable[[int], None]
) -> Iterator[NDArray[np.float64]]:
    """Yield (image, unit), batch by batch."""
    layout = photographs.network.layout
    for pixels, labels in image_batches(photographs.files, size=layout.size, channels=layout.channels, at_once=at_once):
        responses = read.photographs(pixels).astype(np.float64)
        if not np.isfinite(responses).all():
            raise ValueError("a unit's response to a photograph is NaN or infinite")
        yield np.maximum(responses, 0.0)
        more(len(labels))


def _summed_by_class(
    batches: Iterable[NDArray[np.float64]],
    labels: NDArray[np.int64],
    classes: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> Iterator[NDArray[np.float64]]:
    """Yield the batches, (image, unit), and add each image to the sum of its class in `sums`, (class, unit)."""
    start = 0
    for batch in batches:
        own = labels[start : start + len(batch)]
        sums += (own == classes[:, None]).astype(np.float64) @ batch
        start += len(batch)
        yield batch
