"""What the units of an external network do on photographs, which are read from their files batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.activity.arrays import (
    by_unit,
    class_counts,
    class_selectivity,
    mean_and_sd,
    summed_by_class,
)
from study.experiment.photographs import Photographs, scoring_half
from study.images.labelled.folder import image_batches
from study.networks.graph.reading import UnitReader

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject

NO_CLASS = -1  # in place of the label of a photograph that class selectivity is not measured on


def photograph_activity(subject: ExternalSubject) -> dict[str, NDArray[Any]]:
    """Return the `activity` group's arrays, all (unit,), from one pass over the photographs; they are kept.

    Responses below 0 are read as 0, as those to gratings are. Class selectivity is over the classes that have photographs,
    and over that half of these which no halves by it are scored on; see `study.experiment.photographs`.
    """
    return subject.kept_with_photographs("photographs", lambda: _activity(subject))


def _activity(subject: ExternalSubject) -> dict[str, NDArray[Any]]:
    layers, labels, classes = subject.layers, subject.photographs.test_labels, subject.classes
    choosing = np.where(scoring_half(labels), NO_CLASS, labels)
    sums = np.zeros((len(classes), sum(layer.n_units for layer in layers)))
    with subject.watch("photographs shown", len(labels)) as more:
        responses = _responses(subject.read, subject.photographs, subject.at_once, more)
        mean, sd = mean_and_sd(summed_by_class(responses, choosing, classes, sums))
    selectivity, preferred = np.full(len(mean), np.nan), np.full(len(mean), -1)
    if len(classes) > 1:
        selectivity, places = class_selectivity(sums / class_counts(choosing[choosing != NO_CLASS], classes)[:, None])
        preferred = np.where(places < 0, -1, classes[places])
    by_class = {"class_selectivity": selectivity, "preferred_class": preferred.astype(np.int32)}
    return by_unit(subject.network.model, layers, mean, sd) | by_class


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
