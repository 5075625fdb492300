"""What dose adds to the table of what would change the paper's conclusion."""

from __future__ import annotations

import xarray as xr

from study.analysis.questions.ablation.conclusions import Specification, pair
from study.analysis.questions.dose.estimands import FREQUENCY, GOSI, all_slopes

SLOPE = "standard deviations of random halves"


def rows(study: xr.DataTree) -> tuple[Specification, ...]:
    """Return the slope of a half's cost on its gOSI, and that less the slope on selectivity for spatial frequency."""
    slopes = all_slopes(study)
    gosi, frequency = (slopes.sel(quantity=name, drop=True) for name in (GOSI, FREQUENCY))
    return (
        Specification("slope on gOSI, other properties given", SLOPE, pair(gosi, xr.zeros_like(gosi))),
        Specification("slope on gOSI less that on spatial frequency", SLOPE, pair(gosi, frequency)),
    )


ROWS = rows
