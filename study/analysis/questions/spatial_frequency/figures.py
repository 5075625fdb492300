"""The figures on spatial frequency, and how to read them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import layer_names, tuning_of
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.questions.spatial_frequency.estimands import GROUPS, defined_ranges, preferred_ranges
from study.tuning import SELECTIVE


def range_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the share of selective units at each range of preferred orientations: a row per layer, group and range."""
    rows = []
    for group, fewest in GROUPS.items():
        ranges = preferred_ranges(study, fewest)
        for layer in layer_names(ranges):
            values = defined_ranges(ranges, layer)
            bins = np.arange(0, 180, 15)
            counts = np.array([(values == start).sum() for start in bins])
            rows.append(
                pd.DataFrame({"layer": layer, "range": bins, "share": counts / max(len(values), 1), "group": group})
            )
    return pd.concat(rows, ignore_index=True)


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure A2."""
    return (
        Figure(
            id="spatial_frequency-range",
            chart=Chart.RANGE_HISTOGRAM,
            paper_figure="Fig. A2",
            title="Range of preferred orientations over spatial frequencies",
            shows="Share of selective units (gOSI above 0.33) at each range: the shortest arc that holds the preferred"
            " orientations of all spatial frequencies whose peak exceeds half of the overall peak. A unit with a single"
            " such frequency has range 0 by construction, so units with at least two are shown beside.",
            supports="Most units at 0 degrees, also among those with at least two frequencies.",
            contradicts="Ranges spread widely once units with a single frequency are set aside.",
            table=range_table(study),
            second_paper_figure="Fig. A3a",
        ),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say how many units have a range of 0 by construction."""
    tuning = tuning_of(study, "analysed")
    selective = (tuning["gosi"] > SELECTIVE).values
    single = (tuning["spatial_frequency_count"].values == 1) & selective
    if not selective.any():
        return ("No unit of any network is orientation-selective, so no range is defined.",)
    share = single.sum() / selective.sum()
    return (f"{share:.1%} of the selective units have a single frequency above half peak: range 0 by construction.",)
