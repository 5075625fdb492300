"""Is a unit driven by a few of the gratings, or by most?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import NOT_IN_PAPER, Estimand, PublishedAnalysis, Question, layer_means, unpublished
from study.analysis.core.results import Figure, HypothesisResult
from study.vocabulary.seeding import stream

HALF = 0.5


def mean_breadth(study: xr.DataTree) -> xr.DataArray:
    """Return the mean breadth of each layer's units, silent ones left out: (network, layer)."""
    return layer_means(study["breadth"].to_dataset()["breadth"])


def _table(study: xr.DataTree, root_seed: int) -> pd.DataFrame:
    """Return each layer's mean over networks with its interval."""
    means = mean_breadth(study).transpose("layer", "network")
    intervals = stats.mean_intervals(
        means.values.astype(np.float64),
        confidence_level=0.95,
        n_resamples=2000,
        method="BCa",
        rng=stream(root_seed, "figure", "breadth"),
    )
    return pd.DataFrame(
        {
            "layer": means["layer"].values.tolist(),
            "quantity": "breadth (share of gratings)",
            "series": "mean over networks",
            "value": means.mean("network").values,
            "ci_low": [interval.low for interval in intervals],
            "ci_high": [interval.high for interval in intervals],
            "reference": HALF,
        }
    )


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="breadth-layers",
            chart=Chart.NETWORK_DOTS,
            title="Breadth, layer by layer",
            shows="Mean over networks of the mean breadth of a layer's units, with its 95 % interval.",
            supports="Dots below the rule at one half.",
            contradicts="Dots at the rule or above it.",
            table=_table(study, root_seed),
        ),
    )


QUESTION = Question(
    title="Is a unit driven by a few of the gratings, or by most?",
    paper_section="3.1",
    claim="The paper does not say.",
    estimands={"mean_breadth": Estimand(values=mean_breadth)},
    published={
        "mean_breadth": PublishedAnalysis(
            layers=unpublished, test=NOT_IN_PAPER, difference="The paper does not ask this."
        )
    },
    figures=_figures,
    notes=lambda study, results, *, root_seed: (),
)
