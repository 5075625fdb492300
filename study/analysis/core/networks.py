"""Which networks of a study a question is about, and which of them a figure draws one by one."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.question import Question
from study.vocabulary.rearing import NO_LAYERS
from study.vocabulary.schema import EXTERNAL, MEMORIZATION, NETWORK_COORDINATES, REARING, SECOND_SET

_AUGMENTATIONS = {"none": "no augmentation", "shift_flip": "shift and flip"}
MOST_DRAWN = 100  # networks; a page with a point a network would grow with the study


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


def network_table(networks: xr.DataTree) -> xr.Dataset:
    """Return the coordinates of the networks and their training scores, (network,)."""
    return networks["training"].to_dataset().drop_dims("epoch")


def drawn_networks(networks: xr.DataTree, *, by: str = "augmentation") -> NDArray[np.intp]:
    """Return the positions of the networks that a figure draws one by one.

    All of them while they are at most `MOST_DRAWN`, else an even share of each value of the coordinate `by`.
    """
    groups = networks["training"].to_dataset()[by].values
    if len(groups) <= MOST_DRAWN:
        return np.arange(len(groups))
    members = [np.flatnonzero(groups == name) for name in sorted(set(groups.tolist()))]
    most = max(MOST_DRAWN // len(members), 1)
    places = (np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int) for rows in members)
    return np.sort(np.concatenate([rows[place] for rows, place in zip(members, places, strict=True)]))


def drawn_note(networks: xr.DataTree, *, by: str = "augmentation", group: str = "augmentation") -> str:
    """Return a sentence for a figure that leaves networks out, or nothing; `group` is what a value of `by` is called."""
    drawn, total = len(drawn_networks(networks, by=by)), networks["training"].sizes["network"]
    if drawn == total:
        return ""
    return (
        f" {drawn} of the {total} networks are drawn, an even share of each {group}; whatever else is said or shown rests"
        " on all of them."
    )


def network_names(labelled: xr.Dataset | xr.DataArray) -> tuple[str, ...]:
    """Return a name for readers of each network: `shift · seed 0`, `40 % corrupted · seed 1`.

    Parameters
    ----------
    labelled
        Anything with the store's coordinates of the dimension `network`. Within an arm no two names are alike.
    """
    labels = {
        name: labelled[name].values.tolist() if name in labelled.coords else [None] * labelled.sizes["network"]
        for name in NETWORK_COORDINATES
    }
    return tuple(_name(*row) for row in zip(*labels.values(), strict=True))


def _name(
    arm: str | None,
    augmentation: str | None,
    corruption: float | None,
    seed: int | None,
    initialization_set: int | None,
    rearing: str | None,
    reared_layers: str | None,
) -> str:
    if arm == EXTERNAL:
        return "this network"
    kind = "" if augmentation is None else augmentation_words(augmentation)
    if arm == MEMORIZATION:
        kind = f"{100 * (corruption or 0):.0f} % corrupted"
    if arm == REARING:
        condition = (rearing or "").replace("_", " ")
        kind = condition if reared_layers in (None, NO_LAYERS) else f"{condition} in {reared_layers}"
    second = "second set" if initialization_set == SECOND_SET else ""
    return " · ".join(filter(None, (second, kind, f"seed {seed}")))


def augmentation_words(augmentation: str) -> str:
    """Return an augmentation as readers have it."""
    return _AUGMENTATIONS.get(augmentation, augmentation)
