"""What need adds to the table of what would change the paper's conclusion."""

from __future__ import annotations

import xarray as xr

from study.analysis.questions.ablation.conclusions import NAT, Specification, pair
from study.analysis.questions.need.estimands import CLAIMED_WAYS, RANDOM, loss_of
from study.analysis.questions.need.figures import WAY_WORDS

BESIDE = {"bottom": "", RANDOM: ", against random halves"}


def rows(study: xr.DataTree) -> tuple[Specification, ...]:
    """Return what halves cost at the best constants and with moments re-estimated, against the other half and random ones."""
    intact = study["ablation"].to_dataset()["null_baseline_loss"]
    costs = {half: loss_of(study, half) - intact for half in ("top", *BESIDE)}
    return tuple(
        Specification(
            f"{WAY_WORDS[way]}{beside}",
            NAT,
            pair(*(costs[half].sel(way=way, drop=True) for half in ("top", reference))),
        )
        for way in CLAIMED_WAYS
        for reference, beside in BESIDE.items()
    )


ROWS = rows
