"""Networks reared under two conditions, paired by seed: one value a seed and span of layers, and whether the rearing took.

The experimental unit is the pair of networks of a seed. A seed of which either network failed has no value, and is counted
as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.core.evidence import failed_networks
from study.analysis.core.layers import layer_means, tuning_of
from study.analysis.core.results import ManipulationCheck
from study.registration import ManipulationRule
from study.vocabulary.rearing import FREE, layers_of_span

SHARED: Final = (
    "arm",
    "augmentation",
    "label_corruption",
    "initialization_set",
)  # labels that the pairs of an arm share


def spans_of(networks: xr.DataTree, compared: Sequence[str]) -> list[str]:
    """Return the spans of layers that every one of some conditions was reared in, in the order of the networks.

    Networks that failed count: their span was planned. A free network stands for every span.
    """
    planned = _planned(networks)
    spans = [[span for name, span, _ in planned if name == one] for one in compared if one != FREE]
    every = dict.fromkeys(span for name, span, _ in planned if name != FREE)
    present = all(name in {one for one, _, _ in planned} for name in compared)
    return [span for span in every if present and all(span in some for some in spans)]


def by_seed(networks: xr.DataTree, values: xr.DataArray, condition: str, spans: Sequence[str]) -> xr.DataArray:
    """Return what networks reared under a condition have, by seed: (network, layer), a row a seed, a column a span.

    Parameters
    ----------
    networks
        Those of the rearing arm.
    values
        (network,), or (network, layer) with the spans of layers as labels.
    condition
        One of `study.vocabulary.rearing.CONDITIONS`; that of a free network stands in every column.
    spans
        Of layers.

    Returns
    -------
    xr.DataArray
        NaN where no network of that seed is there. Seeds rise; those whose networks all failed have a row.
    """
    seeds = sorted({seed for _, _, seed in _planned(networks)})
    rows, columns = {seed: row for row, seed in enumerate(seeds)}, {span: place for place, span in enumerate(spans)}
    table = np.full((len(seeds), len(spans)), np.nan)
    columned = values.sel(layer=list(spans)) if "layer" in values.dims else values.expand_dims(layer=list(spans))
    given = columned.transpose("network", "layer").values
    labels = (values[name].values.tolist() for name in ("rearing", "reared_layers", "seed"))
    for row, (name, span, seed) in enumerate(zip(*labels, strict=True)):
        if name == condition == FREE:
            table[rows[seed]] = given[row]
        elif name == condition and span in columns:
            table[rows[seed], columns[span]] = given[row, columns[span]]
    shared = {name: ("network", [values[name].values.tolist()[0]] * len(seeds)) for name in SHARED}
    names = {"network": [f"seed {seed}" for seed in seeds], "seed": ("network", seeds), "layer": list(spans)}
    return xr.DataArray(table, {**names, **shared}, ("network", "layer"))


def difference(networks: xr.DataTree, values: xr.DataArray, compared: tuple[str, str]) -> xr.DataArray:
    """Return what networks reared under the first of two conditions have, minus those of the same seed under the other.

    The result is (network, layer), a row a seed and a column a span of layers that both were reared in.
    """
    spans = spans_of(networks, compared)
    first, other = (by_seed(networks, values, condition, spans) for condition in compared)
    return first - other


def gosi_beyond_shuffles(networks: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI minus that of the units' own shuffles, silent units left out: (network, layer)."""
    tuning = tuning_of(networks, "analysed")
    return layer_means(tuning["gosi"] - tuning["gosi_null_mean"]).transpose("network", "layer")


def of_spans(networks: xr.DataTree, values: xr.DataArray, spans: Sequence[str]) -> xr.DataArray:
    """Return the mean over the layers of each span of `values` (network, layer): `layer` then has the spans as labels."""
    layers = values["layer"].values.tolist()
    means = [values.sel(layer=list(layers_of_span(span, layers))).mean("layer", skipna=False) for span in spans]
    return xr.concat(means, dim=xr.Variable("layer", list(spans))).transpose("network", "layer")


def manipulation_checks(
    rule: ManipulationRule, networks: xr.DataTree, compared: tuple[str, str], spans: Sequence[str]
) -> tuple[ManipulationCheck, ...]:
    """Return whether rearing changed what is registered, in each of the spans that both conditions were reared in.

    Parameters
    ----------
    rule
        What is registered of the first condition.
    networks
        Those of the rearing arm.
    compared
        The condition, and that which it is compared with.
    spans
        Of layers; those that were not reared have no check. An undefined median does not pass.
    """
    here = [span for span in spans_of(networks, compared) if span in spans]
    if not here:
        return ()
    values = of_spans(networks, _MEASURES[rule.measure](networks), here)
    first, other = (by_seed(networks, values, condition, here) for condition in compared)
    return tuple(
        _check(rule, compared, span, first.sel(layer=span).values, other.sel(layer=span).values) for span in here
    )


def _check(
    rule: ManipulationRule, compared: tuple[str, str], span: str, first: np.ndarray, other: np.ndarray
) -> ManipulationCheck:
    pairs = np.isfinite(first) & np.isfinite(other)
    middle = [float(np.median(some[pairs])) if pairs.any() else float("nan") for some in (first, other, first - other)]
    return ManipulationCheck(
        condition=compared[0],
        against=compared[1],
        layers=span,
        measure=rule.words,
        side=rule.side,
        median=middle[0],
        median_against=middle[1],
        difference=middle[2],
        needed=rule.at_least,
        pairs=int(pairs.sum()),
    )


def why_not_manipulated(checks: Sequence[ManipulationCheck]) -> str:
    """Return which checks fail, in words; empty where all pass, or none is registered."""
    return "; ".join(
        f"rearing did not change what is registered: median {one.measure} of {one.layers} {one.median:.3g} in {one.condition}"
        f" against {one.median_against:.3g} in {one.against} (needed: {one.needed:g} {one.side})"
        for one in checks
        if not one.passed
    )


def _planned(networks: xr.DataTree) -> list[tuple[str, str, int]]:
    """Return condition, span and seed of every network of the arm, those that failed after the others."""
    training = networks["training"].to_dataset()
    stored = zip(*(training[name].values.tolist() for name in ("rearing", "reared_layers", "seed")), strict=True)
    failed = (
        (str(one["rearing"]), str(one["reared_layers"]), int(str(one["seed"]))) for one in failed_networks(networks)
    )
    return [*stored, *failed]


_MEASURES: Final[Mapping[str, Callable[[xr.DataTree], xr.DataArray]]] = {"gosi_beyond_shuffles": gosi_beyond_shuffles}
