"""What halves by different rankings cost: three costs of every network, joined."""

from __future__ import annotations

import textwrap
from typing import cast

import altair as alt
import pandas as pd

from study.report.charts.marks import numbers, upright_intervals
from study.report.charts.theme import GREY, INK, TEAL, in_order

_WIDTH, _HEIGHT = 96, 150
_COLUMNS = 7
_GAP, _ROW_GAP = 22, 160  # between panels, which share their scale; names of sides and a heading of three lines
_BREAK, _LETTERS = "|", 16  # between the lines of a heading, and the letters of a line


def ranking_sides(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the cost of the top, a random and the bottom half, joined network by network, one panel a layer and ranking.

    Parameters
    ----------
    table
        Columns `layer`, `ranking`, `side` (the three in the order they are drawn in), `network`, `cost` (nat; NaN where
        undefined), `kind` ("network", or "mean" for the mean over networks), `ci_low`, `ci_high` (finite on "mean" rows).

    Returns
    -------
    alt.TopLevelMixin
        Thin lines for networks, ink for their mean; all panels share one scale.
    """
    headings = {name: _BREAK.join(textwrap.wrap(name, _LETTERS)) for name in in_order(table, "ranking")}
    panel_names = table["layer"] + _BREAK + table["ranking"].map(headings)
    table = table.assign(panel=panel_names, order=table.groupby("side", sort=False).ngroup())
    sides = in_order(table, "side")
    place = alt.X("side:N", sort=sides, title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False))
    cost = alt.Y("cost:Q", title="increase of loss (nat)", axis=alt.Axis(tickCount=4))
    base = alt.Chart().transform_filter("isValid(datum.cost)").encode(place, cost)
    networks = base.transform_filter("datum.kind == 'network'")
    lines = networks.mark_line(color=TEAL, opacity=0.35, strokeWidth=1).encode(
        detail="network:N", order="order:Q", tooltip=["network:N", "side:N", *numbers("cost", form=".3f")]
    )
    means = base.transform_filter("datum.kind == 'mean'")
    joined = means.mark_line(color=INK, strokeWidth=2).encode(order="order:Q")
    dots = means.mark_point(color=INK, filled=True, size=40, opacity=1).encode(
        tooltip=["panel:N", "side:N", *numbers("cost", "ci_low", "ci_high", form=".3f")]
    )
    zero = alt.Chart().transform_calculate(zero="0").mark_rule(color=GREY, strokeDash=[4, 3])
    zero = zero.encode(alt.Y("min(zero):Q"))
    ends = upright_intervals(alt.Chart().encode(place), table, stroke_width=2)
    panel = alt.layer(zero, lines, joined, *ends, dots, data=table).properties(width=_WIDTH, height=_HEIGHT)
    lines_of = alt.Header(labelExpr=f"split(datum.label, '{_BREAK}')")
    drawn = panel.facet(
        facet=alt.Facet("panel:N", sort=in_order(table, "panel"), title=None, header=lines_of),
        columns=_COLUMNS,
        bounds="flush",
        spacing=alt.RowColnumber(row=_ROW_GAP, column=_GAP),
    )
    return cast("alt.TopLevelMixin", drawn.resolve_axis(x="independent"))
