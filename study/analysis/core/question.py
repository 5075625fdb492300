"""What the folder of a question declares: estimands, published analyses, figures and notes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.results import (
    CONTRADICTED,
    NOT_TESTED,
    SUPPORTED,
    Figure,
    PublishedLayer,
    published_layer,
)
from study.vocabulary.schema import GENERALIZATION

MOST_DRAWN = 100
NOT_IN_PAPER = "Not in the paper."
PUBLISHED_ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """What is estimated, named by a hypothesis' `measure` field.

    `values` maps the networks to (network, layer), NaN where a network has no value; `against`, for correlations, to the
    other variable, (network,).
    """

    values: Callable[[xr.DataTree], xr.DataArray]
    against: Callable[[xr.DataTree], xr.DataArray] | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedAnalysis:
    """The paper's way with an estimand.

    `layers` is called as `layers(networks, layer_names, root_seed=...)` and gives its result in each of those layers;
    `test` says in words what it is, and `difference` in one line why it and the registered test may disagree.
    """

    layers: Callable[..., tuple[PublishedLayer, ...]]
    test: str
    difference: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of the study: a block (or more) in preregistration.md, a folder, a section of the report.

    Its name is its folder's. Its functions see the networks of `arm` and `initialization_set` alone, as `networks_of`
    gives them; `figures` and `notes` are called as `figures(networks, results, root_seed=...)`, with the results of the
    question's hypotheses. `estimands` and `published` have the same keys.
    """

    title: str
    paper_section: str
    claim: str
    estimands: Mapping[str, Estimand]
    published: Mapping[str, PublishedAnalysis]
    figures: Callable[..., tuple[Figure, ...]]
    notes: Callable[..., tuple[str, ...]]
    arm: str = GENERALIZATION
    initialization_set: int = 1


def unpublished(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return what the paper says of an estimand that it does not report: nothing."""
    return tuple(published_layer(layer, float("nan"), False, "not in the paper") for layer in layers)


def read_as_absence(row: PublishedLayer) -> PublishedLayer:
    """Return the published analysis of a layer where the paper says that there is nothing: supported by a large p.

    That is a reading of the paper, and no evidence of absence; the note says so. Not tested where p is undefined.
    """
    if math.isnan(row.pvalue) or row.pvalue < PUBLISHED_ALPHA:
        return dataclasses.replace(row, verdict=NOT_TESTED if math.isnan(row.pvalue) else CONTRADICTED)
    return dataclasses.replace(row, verdict=SUPPORTED, note=f"absence read from a large p-value; {row.note}")


def layer_means(values: xr.DataArray) -> xr.DataArray:
    """Return the mean over each layer's units, dimension `unit` replaced by `layer` in the units' order.

    NaN units (silent ones) are left out; a layer of nothing else gives NaN.
    """
    layers = list(dict.fromkeys(values["unit_layer"].values.tolist()))
    means = [values.isel(unit=np.flatnonzero(values["unit_layer"].values == layer)).mean("unit") for layer in layers]
    return xr.concat(means, dim=xr.Variable("layer", layers))


def drawn_networks(study: xr.DataTree) -> NDArray[np.intp]:
    """Return the positions of the networks that a figure draws one by one: an even share of every augmentation.

    All of them while they are at most `MOST_DRAWN`; a page with a point a network would grow with the study.
    """
    augmentations = study["training"].to_dataset()["augmentation"].values
    names = sorted(set(augmentations.tolist()))
    members = [np.flatnonzero(augmentations == name) for name in names]
    if len(augmentations) <= MOST_DRAWN:
        return np.arange(len(augmentations))
    most = max(MOST_DRAWN // len(names), 1)
    places = (np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int) for rows in members)
    return np.sort(np.concatenate([rows[place] for rows, place in zip(members, places, strict=True)]))


def drawn_note(study: xr.DataTree) -> str:
    """Return a sentence for a figure that leaves networks out, or nothing."""
    drawn, total = len(drawn_networks(study)), study["training"].sizes["network"]
    return (
        ""
        if drawn == total
        else (
            f" {drawn} of the {total} networks are drawn, an even share of each augmentation; whatever else is said or shown"
            " rests on all of them."
        )
    )


def network_table(study: xr.DataTree) -> xr.Dataset:
    """Return the coordinates of the networks and their training scores, (network,)."""
    return study["training"].to_dataset().drop_dims("epoch")
