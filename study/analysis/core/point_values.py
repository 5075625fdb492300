"""The values that a test rests on, as the points of a picture: every network by a name for readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.core.evidence import WHOLE, Evidence
from study.analysis.core.networks import augmentation_words, network_names
from study.analysis.core.points import NetworkPoint
from study.analysis.core.question import Estimand
from study.registration import Hypothesis

SIDE: Final = "side"


def side_by_side(*values: xr.DataArray) -> xr.DataArray:
    """Return measurements of the same networks and layers as one array with a last dimension `side`.

    Labels of a state, or of whatever else tells the measurements apart, are left out.
    """
    plain = [one.reset_coords([name for name in one.coords if not one[name].dims], drop=True) for one in values]
    joined = xr.concat(plain, dim=SIDE, coords="minimal", compat="override", join="exact")
    return joined.transpose(..., SIDE)


def network_points(
    hypothesis: Hypothesis, estimand: Estimand, evidence: Evidence, networks: xr.DataTree
) -> tuple[NetworkPoint, ...]:
    """Return a point a layer of the hypothesis, condition and network; layers that were not measured have none."""
    values, against = _whole(evidence.values), evidence.against
    sides = None if estimand.sides is None else _whole(estimand.sides(networks))
    names = network_names(evidence.values)
    strata = [""] * len(names) if hypothesis.strata == "none" else _texts(evidence.values, hypothesis.strata)
    beside = np.full(len(names), np.nan) if against is None else against
    points: list[NetworkPoint] = []
    for layer in hypothesis.layers:
        if layer not in values["layer"].values.tolist():
            continue
        for condition in values["condition"].values.tolist():
            row = values.sel(layer=layer, condition=condition).values.tolist()
            pairs = _sides_of(sides, layer, condition, len(names))
            points += [
                NetworkPoint(name, layer, value, str(condition), stratum, other, pair)
                for name, value, stratum, other, pair in zip(names, row, strata, beside.tolist(), pairs, strict=True)
            ]
    return tuple(points)


def _whole(values: xr.DataArray) -> xr.DataArray:
    return values if "condition" in values.dims else values.expand_dims(condition=[WHOLE])


def _texts(values: xr.DataArray, coordinate: str) -> list[str]:
    labels = [str(label) for label in values["network"].coords[coordinate].values.tolist()]
    return [augmentation_words(label) for label in labels] if coordinate == "augmentation" else labels


def _sides_of(sides: xr.DataArray | None, layer: str, condition: str, n: int) -> Sequence[tuple[float, ...]]:
    if sides is None or layer not in sides["layer"].values.tolist():
        return [()] * n
    rows = sides.sel(layer=layer, condition=condition).transpose("network", SIDE).values
    return [tuple(row) for row in rows.tolist()]
