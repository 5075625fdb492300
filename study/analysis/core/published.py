"""The paper's way with an estimand, in records: what it says in each layer, and where it says nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import xarray as xr

from study.analysis.core.question import PublishedAnalysis
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    SUPPORTED,
    PublishedLayer,
)

PUBLISHED_ALPHA = 0.05
NOT_IN_PAPER = "Not in the paper."


def published_layer(
    layer: str, estimate: float, holds: bool, note: str, *, pvalue: float = float("nan")
) -> PublishedLayer:
    """Return the published analysis of a layer: supported if it `holds`, not tested where its estimate is undefined."""
    verdict = (SUPPORTED if holds else NOT_SUPPORTED) if math.isfinite(estimate) else NOT_TESTED
    return PublishedLayer(layer, estimate, pvalue, verdict, note)


def by_eye(
    values: xr.DataArray, layers: tuple[str, ...], holds: Callable[[float], bool], note: str
) -> tuple[PublishedLayer, ...]:
    """Return a published analysis without a test: supported in the layers whose mean over networks `holds`.

    Parameters
    ----------
    values
        (network, layer); a layer that is not among them is not tested.
    layers
        Those of the claim.
    holds
        What the paper reads from a figure, as a rule.
    note
        The same in words.
    """
    means = values.mean("network").reindex(layer=list(layers))
    return tuple(
        published_layer(layer, value, holds(value), note)
        for layer, value in zip(layers, means.values.tolist(), strict=True)
    )


def negative_correlation(layer: str, rho: float, pvalue: float, note: str) -> PublishedLayer:
    """Return a published rank correlation of a layer: supported below 0, opposite above, inconclusive where p is not small."""
    row = published_layer(layer, rho, rho < 0, note, pvalue=pvalue)
    if row.verdict == NOT_SUPPORTED:
        row = dataclasses.replace(row, verdict=OPPOSITE)
    return dataclasses.replace(row, verdict=INCONCLUSIVE) if pvalue >= PUBLISHED_ALPHA else row


def read_as_absence(row: PublishedLayer) -> PublishedLayer:
    """Return the published analysis of a layer where the paper says that there is nothing: supported by a large p.

    That is how the paper reads it, and no evidence of absence; the note says so. Not tested where p is undefined.
    """
    if math.isnan(row.pvalue) or row.pvalue < PUBLISHED_ALPHA:
        return dataclasses.replace(row, verdict=NOT_TESTED if math.isnan(row.pvalue) else EFFECT_PRESENT)
    return dataclasses.replace(row, verdict=SUPPORTED, note=f"absence read from a large p-value; {row.note}")


def absence_of(layers: Callable[..., tuple[PublishedLayer, ...]]) -> Callable[..., tuple[PublishedLayer, ...]]:
    """Return a published analysis whose large p-values the paper reads as absence."""

    def absent(networks: xr.DataTree, names: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
        return tuple(read_as_absence(row) for row in layers(networks, names, root_seed=root_seed))

    return absent


def unpublished(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return what the paper says of an estimand that it does not report: nothing."""
    return tuple(published_layer(layer, float("nan"), False, "not in the paper") for layer in layers)


def unmeasured(layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
    """Return what can be said of the layers of a network that a study does not hold: nothing."""
    note = "in the paper; its network is not measured here"
    return tuple(published_layer(layer, float("nan"), False, note) for layer in layers)


def not_in_paper(difference: str) -> PublishedAnalysis:
    """Return the published analysis of an estimand that the paper does not report."""
    return PublishedAnalysis(layers=unpublished, test=NOT_IN_PAPER, difference=difference)
