"""Is a unit driven by a few of the gratings, or by most?"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import layer_means
from study.analysis.core.means import mean_over_networks
from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, Question
from study.analysis.core.results import Figure, HypothesisResult
from study.vocabulary.seeding import stream

HALF = 0.5


def mean_breadth(networks: xr.DataTree) -> xr.DataArray:
    """Return the mean breadth of each layer's units, silent ones left out: (network, layer)."""
    return layer_means(networks["breadth"].to_dataset()["breadth"])


def _table(networks: xr.DataTree, root_seed: int) -> pd.DataFrame:
    """Return each layer's mean over networks with its interval."""
    means = mean_breadth(networks)
    rows = []
    for layer in means["layer"].values.tolist():
        rng = stream(root_seed, "figure", f"breadth/{layer}")
        rows.append({"layer": layer, **mean_over_networks(means.sel(layer=layer).values, rng=rng).columns})
    return pd.DataFrame(rows).assign(
        quantity="breadth (share of gratings)", series="mean over networks", reference=HALF
    )


def _figures(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="breadth-layers",
            chart=Chart.NETWORK_DOTS,
            title="Breadth, layer by layer",
            shows="Mean over networks of the mean breadth of a layer's units, with its 95 % interval.",
            supports="Dots below the rule at one half.",
            contradicts="Dots at the rule or above it.",
            table=_table(networks, root_seed),
        ),
    )


QUESTION = Question(
    title="Is a unit driven by a few of the gratings, or by most?",
    paper_section="3.1",
    claim="The paper does not say.",
    estimands={
        "mean_breadth": Estimand(
            values=mean_breadth,
            quantity=Quantity(
                label="mean breadth of a layer's units",
                unit="share of gratings",
                higher="driven by most gratings",
                lower="driven by a minority",
            ),
        )
    },
    published={"mean_breadth": not_in_paper("The paper does not ask this.")},
    figures=_figures,
    notes=lambda networks, results, *, root_seed: (),
)
