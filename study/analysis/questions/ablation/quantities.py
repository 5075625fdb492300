"""The words of the axes of this question's estimands, and what the halves that each of them compares cost."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.point_values import side_by_side
from study.analysis.core.points import Quantity
from study.analysis.questions.ablation.estimands import (
    CLAIMED_CLAMPS,
    half_responses,
    increase_under,
    null_increase,
    random_increase,
)

_HIGHER, _LOWER = "the more selective half costs more", "the less selective half costs more"
_COST = "increase of test loss (nat)"
BEYOND_RANDOM = Quantity(
    label="cost of the more selective half minus that of the other half",
    unit="in units of random halves",
    higher=_HIGHER,
    lower=_LOWER,
    sides=("top", "random", "bottom"),
    sides_label=_COST,
)
EFFECT = Quantity(
    label="cost of the more selective half minus that of the other half",
    unit="nat",
    higher=_HIGHER,
    lower=_LOWER,
    sides=("top", "bottom"),
    sides_label=_COST,
)
RATIO = Quantity(
    label="cost of the more selective half over that of the other half",
    unit="doublings",
    higher="more than twofold",
    lower="less than twofold",
    sides=("top", "bottom"),
    sides_label=_COST,
)
CONTRAST = Quantity(
    label="contrast of the halves' mean responses to gratings, (top - bottom) / (top + bottom)",
    unit="contrast",
    higher="the more selective half responds more",
    lower="the more selective half responds less",
    sides=("top", "bottom"),
    sides_label="mean response (activation)",
    published_alike=True,
)


def costs_with_random(study: xr.DataTree) -> xr.DataArray:
    """Return what the top half, a random half and the bottom half cost on the null's images, in nats: (network, layer, side)."""
    halves = null_increase(study)
    return side_by_side(halves.sel(target="top"), random_increase(study), halves.sel(target="bottom"))


def half_costs(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return what the top and the bottom half cost under a clamp, in nats: (network, layer, side)."""
    halves = increase_under(study, clamp)
    return side_by_side(halves.sel(target="top"), halves.sel(target="bottom"))


def half_costs_by_clamp(study: xr.DataTree) -> xr.DataArray:
    """Return `half_costs` under each of `CLAIMED_CLAMPS`: (network, layer, condition, side)."""
    by_clamp = [half_costs(study, clamp) for clamp in CLAIMED_CLAMPS]
    return xr.concat(by_clamp, xr.Variable("condition", list(CLAIMED_CLAMPS)))


def response_sides(study: xr.DataTree) -> xr.DataArray:
    """Return the mean grating response of the top and the bottom half, in activation: (network, layer, side)."""
    response = half_responses(study)
    return side_by_side(response.sel(target="top"), response.sel(target="bottom"))
