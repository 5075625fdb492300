"""Which networks of a study a question is about."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.question import Question
from study.vocabulary.schema import SECOND_SET


class Parts:
    """A study by arm and set of initialisations; each part is cut out once."""

    def __init__(self, study: xr.DataTree) -> None:
        """Cut nothing yet."""
        self._study = study
        self._cut: dict[tuple[str, int], xr.DataTree | None] = {}

    def of(self, question: Question, *, second: bool) -> xr.DataTree | None:
        """Return the networks that a question is about, or those of the second set; None where there are none.

        A question that is about the second set has no further one.
        """
        if second and question.initialization_set == SECOND_SET:
            return None
        place = (question.arm, SECOND_SET if second else question.initialization_set)
        if place not in self._cut:
            self._cut[place] = networks_of(self._study, *place)
        return self._cut[place]


def networks_of(study: xr.DataTree, arm: str, initialization_set: int) -> xr.DataTree | None:
    """Return the part of a study that an analysis sees: one arm's networks of one set; None where there are none.

    Every group keeps those networks alone, a group without any is left out, and so are epochs in which none of them was
    trained: arms are trained for different numbers of epochs, and the store holds NaN in those to come.
    """
    groups = {}
    for name, group in study.children.items():
        dataset = group.to_dataset()
        if "network" not in dataset.dims:
            continue
        chosen = (dataset["arm"].values == arm) & (dataset["initialization_set"].values == initialization_set)
        if chosen.any():
            of_part = dataset.isel(network=np.flatnonzero(chosen))
            groups[f"/{name}"] = of_part.dropna("epoch", how="all") if "epoch" in of_part.dims else of_part
    return xr.DataTree.from_dict(groups) if groups else None
