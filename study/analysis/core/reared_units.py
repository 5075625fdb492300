"""Units of the networks of one seed, one for each condition of rearing, as a page sets them side by side."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.layers import layer_names
from study.analysis.core.tuned_units import RearedUnits, TunedUnit, UnitsOfCondition
from study.analysis.core.unit_choice import kernels_of, units_at
from study.vocabulary.rearing import CONDITIONS, FREE, KERNELS, PENALTIES, layers_of_span
from study.vocabulary.schema import REARING

MOST_UNITS: Final = 6  # of a layer, at even steps of gOSI


def reared_units(study: xr.DataTree) -> RearedUnits | None:
    """Return units of the first seed that has the most conditions; None where no network was reared otherwise than free.

    Layers are those of the span that most kernels were shaped in, or that a penalty acts on where none were. Silent units
    are left out.

    Parameters
    ----------
    study
        The compacted study.
    """
    chosen = _chosen(study)
    if chosen is None:
        return None
    tuning, seed, span, places = chosen
    layers = layers_of_span(span, layer_names(tuning))
    return RearedUnits(
        seed=seed,
        span=span,
        orientations=tuple(tuning["orientation"].values.tolist()),
        conditions=tuple(
            UnitsOfCondition(name, tuple((layer, _units(study, tuning, place, layer)) for layer in layers))
            for name, place in places.items()
        ),
    )


def reared_networks(study: xr.DataTree) -> tuple[str, ...]:
    """Return the keys of the networks whose units `reared_units` takes."""
    chosen = _chosen(study)
    if chosen is None:
        return ()
    tuning, _, _, places = chosen
    return tuple(str(tuning["network"].values[place]) for place in places.values())


def _chosen(study: xr.DataTree) -> tuple[xr.Dataset, int, str, dict[str, int]] | None:
    """Return the tuning of all networks, the seed, the span, and the seed's networks by condition: their places."""
    if "tuning" not in study.children:
        return None
    tuning = study["tuning"].to_dataset()
    if "rearing" not in tuning.coords or "analysed" not in tuning["state"].values.tolist():
        return None
    labels = zip(*(tuning[name].values.tolist() for name in ("arm", "rearing", "reared_layers", "seed")), strict=True)
    placed = {(name, span, seed): place for place, (arm, name, span, seed) in enumerate(labels) if arm == REARING}
    span = _span(placed)
    if not span:
        return None
    chosen = {seed: _conditions(placed, span, seed) for _, _, seed in placed}
    seed = min(chosen, key=lambda one: (-len(chosen[one]), one))
    return tuning, seed, span, chosen[seed]


def _span(placed: dict[tuple[str, str, int], int]) -> str:
    """Return the span that most networks with shaped kernels have, the first of several; that of penalties without any."""
    for among in (KERNELS, PENALTIES):
        spans = [span for name, span, _ in placed if name in among]
        if spans:
            return max(dict.fromkeys(spans), key=spans.count)
    return ""


def _conditions(placed: dict[tuple[str, str, int], int], span: str, seed: int) -> dict[str, int]:
    """Return the places of a seed's networks by condition: of kernels those shaped in the span."""
    found = {}
    for name in CONDITIONS:
        spans = [one for reared, one, of_seed in placed if reared == name and of_seed == seed]
        if name in KERNELS:
            spans = [one for one in spans if one == span]
        if spans:
            found[name] = placed[name, spans[0], seed]
    return found if set(found) - {FREE} else {}


def _units(study: xr.DataTree, tuning: xr.Dataset, place: int, layer: str) -> tuple[TunedUnit, ...]:
    """Return some units of a layer at even steps of gOSI, with their kernels, or a slice of them, where these are stored."""
    network = tuning.isel(network=place).sel(state="analysed")
    members = np.flatnonzero(network["layer"].values == layer)
    gosi = network["gosi"].values[members]
    defined = np.flatnonzero(np.isfinite(gosi))
    ranked = members[defined[np.argsort(gosi[defined], kind="stable")]]
    steps = np.unique(np.linspace(0, max(len(ranked) - 1, 0), min(MOST_UNITS, len(ranked))).round().astype(int))
    is_first = layer == layer_names(tuning)[0]
    name = str(tuning["network"].values[place])
    kernels = kernels_of(study, name) if is_first else _slices(study, name, layer)
    return units_at(network, ranked[steps], None, kernels, root_seed=0)


def _slices(study: xr.DataTree, name: str, layer: str) -> NDArray[np.float64] | None:
    """Return the slice of each unit's kernel that weighs most, (unit, row, column, 1), if they are stored."""
    if "slices" not in study.children:
        return None
    slices = study["slices"].to_dataset()["strongest_slice"]
    if name not in [str(one) for one in slices["network"].values]:
        return None
    members = np.flatnonzero(slices["layer"].values == layer)
    return np.asarray(slices.sel(network=name).isel(unit=members).values, dtype=np.float64)[..., None]
