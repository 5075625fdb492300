"""The chart of rankings: three joined costs a network, one panel a layer and ranking; what is undefined leaves a gap."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.report.charts import charts
from study.report.drawing import figure_drawing

NOT_A_PLACE = re.compile(r'(?:\bd|transform|[xy][12]?|width|height)="[^"]*(?:NaN|Infinity)')


@pytest.fixture
def table() -> pd.DataFrame:
    """Return two networks and their mean under two rankings in two layers; one cost is undefined."""
    rows = [
        (layer, ranking, side, network, cost, "mean" if network == "mean" else "network", *ends)
        for layer in ("conv2", "conv3")
        for ranking in ("orientation (gOSI)", "gOSI from half of the gratings")
        for side, cost in (("top half", 0.9), ("random half", 0.6), ("bottom half", 0.4))
        for network, ends in (("a", (np.nan, np.nan)), ("b", (np.nan, np.nan)), ("mean", (cost - 0.1, cost + 0.1)))
    ]
    columns = ["layer", "ranking", "side", "network", "cost", "kind", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[0, "cost"] = np.nan
    return table


def svg(table: pd.DataFrame) -> str:
    """Return the static drawing."""
    words = dict.fromkeys(("title", "shows", "supports", "contradicts"), "")
    drawing = figure_drawing(Figure(id="rivals-sides", chart=Chart.RANKING_SIDES, table=table, **words), "a")
    assert drawing is not None
    return drawing.svg


def test_panels_stand_in_the_order_of_the_table_with_broken_headings(table: pd.DataFrame) -> None:
    """Layer by layer; a long name is broken into lines, so that it does not run into the next panel's."""
    specification = charts()[Chart.RANKING_SIDES](table).to_dict()
    assert specification["facet"]["sort"] == [
        "conv2|orientation|(gOSI)",
        "conv2|gOSI from half|of the gratings",
        "conv3|orientation|(gOSI)",
        "conv3|gOSI from half|of the gratings",
    ]
    assert "gOSI from half<" in svg(table)


def test_an_undefined_cost_leaves_a_gap(table: pd.DataFrame) -> None:
    """The network keeps its other two costs; nothing is drawn at a place that is none, nor without any value."""
    for drawn in (svg(table), svg(table.assign(cost=np.nan, ci_low=np.nan, ci_high=np.nan))):
        assert not NOT_A_PLACE.search(drawn)


def test_no_network_is_drawn_twice(table: pd.DataFrame) -> None:
    """Two networks and a mean in each of four panels: three lines."""
    drawn = svg(table)
    assert drawn.count('stroke-opacity="0.35"') + drawn.count('opacity="0.35"') >= 8
