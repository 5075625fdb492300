"""What mediation adds to the table of what would change the paper's conclusion."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import where_halved
from study.analysis.questions.ablation.conclusions import NAT, Specification, pair
from study.analysis.questions.mediation.estimands import RANDOM, RESTORED, carried, cost


def rows(study: xr.DataTree) -> tuple[Specification, ...]:
    """Return the loss by variation against random halves, and what halves cost once variation is taken away."""
    by_variation = pair(carried(study, "top"), carried(study, RANDOM))
    restored = pair(*(where_halved(study, cost(study, half, RESTORED)) for half in ("top", "bottom")))
    return (
        Specification("loss by variation under shifts, against random halves", NAT, by_variation),
        Specification("variation under shifts taken away", NAT, restored),
    )


ROWS = rows
