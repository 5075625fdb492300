"""What rivals add to the table of what would change the paper's conclusion."""

from __future__ import annotations

import xarray as xr

from study.analysis.questions.ablation.conclusions import NAT, RANDOM_HALVES, Specification, pair
from study.analysis.questions.rivals.estimands import GOSI, HELD_OUT, ranking_effect, ranking_increase
from study.analysis.questions.rivals.words import RANKING_WORDS


def rows(study: xr.DataTree) -> tuple[Specification, ...]:
    """Return the effect of halves by gOSI less that of halves by each rival, and that of gOSI from half of the gratings."""
    effects = ranking_effect(study)
    by_gosi, held_out = effects.sel(ranking=GOSI, drop=True), ranking_increase(study).sel(ranking=HELD_OUT, drop=True)
    rivals = [name for name in effects["ranking"].values.tolist() if name not in (GOSI, HELD_OUT)]
    return (
        *(
            Specification(
                f"halves by gOSI less halves by {RANKING_WORDS[rival]}",
                RANDOM_HALVES,
                pair(by_gosi, effects.sel(ranking=rival, drop=True)),
            )
            for rival in rivals
        ),
        Specification(f"halves by {RANKING_WORDS[HELD_OUT]}", NAT, held_out),
    )


ROWS = rows
