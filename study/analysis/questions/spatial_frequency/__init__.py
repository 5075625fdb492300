"""Does the preferred orientation stay the same over spatial frequencies (section A.2; Fig. A2)?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.question import NOT_IN_PAPER, Estimand, PublishedAnalysis, Question, layer_means, unpublished
from study.analysis.core.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.existence import tuning_of
from study.tuning import SELECTIVE

GROUPS = {"all selective units": 1, "at least two frequencies": 2}


def _ranges(study: xr.DataTree, fewest_frequencies: int) -> xr.DataArray:
    """Return the range of preferred orientations, (network, unit); NaN but for selective units with enough frequencies."""
    tuning = tuning_of(study, "analysed")
    counted = (tuning["gosi"] > SELECTIVE) & (tuning["spatial_frequency_count"] >= fewest_frequencies)
    return tuning["spatial_frequency_range"].where(counted)


def zero_range_share(study: xr.DataTree, fewest_frequencies: int) -> xr.DataArray:
    """Return the share of selective units whose range is 0: (network, layer); NaN where a layer has no such unit.

    Parameters
    ----------
    study
        The measured networks.
    fewest_frequencies
        Only units with at least so many spatial frequencies above half peak; with one alone the range is 0 by
        construction.
    """
    ranges = _ranges(study, fewest_frequencies)
    return layer_means((ranges == 0).where(ranges.notnull()))


def _published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    ranges = _ranges(study, 1)
    rows = []
    for layer in layers:
        values = ranges.isel(unit=np.flatnonzero(ranges["unit_layer"].values == layer)).values
        values = values[~np.isnan(values)]
        share = float((values == 0).mean()) if values.size else float("nan")
        rows.append(published_layer(layer, share, share > 0.5, "units pooled, histogram by eye: here, more than half"))
    return tuple(rows)


def range_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the share of selective units at each range of preferred orientations: a row per layer, group and range."""
    rows = []
    for group, fewest in GROUPS.items():
        ranges = _ranges(study, fewest)
        for layer in dict.fromkeys(ranges["unit_layer"].values.tolist()):
            values = ranges.isel(unit=np.flatnonzero(ranges["unit_layer"].values == layer)).values
            values = values[~np.isnan(values)]
            bins = np.arange(0, 180, 15)
            counts = np.array([(values == start).sum() for start in bins])
            rows.append(
                pd.DataFrame({"layer": layer, "range": bins, "share": counts / max(len(values), 1), "group": group})
            )
    return pd.concat(rows, ignore_index=True)


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
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


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    tuning = tuning_of(study, "analysed")
    selective = (tuning["gosi"] > SELECTIVE).values
    single = (tuning["spatial_frequency_count"].values == 1) & selective
    if not selective.any():
        return ("No unit of any network is orientation-selective, so no range is defined.",)
    share = single.sum() / selective.sum()
    return (f"{share:.1%} of the selective units have a single frequency above half peak: range 0 by construction.",)


QUESTION = Question(
    title="Does a unit prefer the same orientation at every spatial frequency?",
    paper_section="A.2",
    claim="For most selective units the range of preferred orientations over spatial frequencies is 0.",
    estimands={
        "zero_range_share": Estimand(values=lambda study: zero_range_share(study, 1)),
        "zero_range_share_two_frequencies": Estimand(values=lambda study: zero_range_share(study, 2)),
    },
    published={
        "zero_range_share": PublishedAnalysis(
            layers=_published,
            test="No test; histogram of one network's units, by eye. Here: more than half of all units.",
            difference="Unit of analysis: units of one network are not independent; here each network gives one"
            " share, and"
            " the mean share over networks is tested against one half.",
        ),
        "zero_range_share_two_frequencies": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference="Baseline: a unit with a single frequency above half peak has range 0 by construction, and is"
            " left"
            " out.",
        ),
    },
    figures=_figures,
    notes=_notes,
)
