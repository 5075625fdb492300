"""Selectivity against test loss, over networks."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, close_axis, defined, intervals, numbers, side_by_side
from study.report.charts.panels import PANEL_HEIGHT, PANEL_WIDTH, panels, panels_of_rows, scatter_panels
from study.report.charts.theme import GREY, INK, ROSE, TEAL, in_order, palette

_ROLES = {"as published": (ROSE, "square"), "registered": (TEAL, "circle"), "beside": (GREY, "diamond")}


def correlation_scatter(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw every network's layer-mean gOSI against its test loss, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `network`, `augmentation`, `gosi` (mean over the layer's units), `test_loss` (nat).

    Returns
    -------
    alt.TopLevelMixin
        Augmentation is colour and shape; axes do not start at zero.

    Source: Fig. 4a of the paper.
    """
    return scatter_panels(
        table,
        _gosi_axis(),
        _loss_axis(),
        "augmentation",
        size=42,
        opacity=0.8,
        tooltip=["layer:N", "network:N", "augmentation:N", *numbers("gosi", "test_loss", form=".3f")],
        free_scale="x",
    )


def _gosi_axis() -> alt.X:
    axis: alt.X = close_axis(alt.X, "gosi", "mean gOSI")
    return axis


def _loss_axis() -> alt.Y:
    axis: alt.Y = close_axis(alt.Y, "test_loss", "test loss (nat)", ticks=5)
    return axis


def correlation_bars(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the rank correlation of layer-mean gOSI with test loss, per layer and per way of computing it.

    Parameters
    ----------
    table
        Columns `layer`, `kind`, `estimate` (rank correlation, -1 to 1), `ci_low`, `ci_high` (NaN where there is none).

    Returns
    -------
    alt.TopLevelMixin
        Bars from zero, with an interval where one is given.

    Source: Fig. 4b of the paper.
    """
    bars = side_by_side(
        alt.Chart(table),
        table,
        "kind",
        alt.Y("estimate:Q", title="rank correlation with test loss"),
        by_colour("kind", in_order(table, "kind")),
        tooltip=["layer:N", "kind:N", *numbers("estimate", "ci_low", "ci_high", form=".3f")],
    )
    zero = alt.Chart(table.iloc[:1]).mark_rule(color=INK, opacity=0.6).encode(y=alt.datum(0))
    return alt.layer(*bars, zero).properties(width=720, height=PANEL_HEIGHT * 2)


def group_slopes(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw least-squares lines of test loss over gOSI, pooled and within augmentation, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `line` (the pooled one first, then the one with the augmentations' common slope, then theirs),
        `slope`, `layer_flips` (whether the first two have slopes of opposite sign), `gosi`, `test_loss` (nat); two rows a
        line, its ends.

    Returns
    -------
    alt.TopLevelMixin
        The first two lines in ink, dashed and solid, the others coloured; layers whose sign flips say so in the heading.
    """
    lines = in_order(table, "line")
    groups = lines[2:]
    heading = table["layer"].where(~table["layer_flips"].astype(bool), table["layer"] + ": sign flips")
    dashes = [[6, 4], [1, 0], *([1, 0] for _ in groups)]
    drawn = (
        alt.Chart(table.assign(heading=heading))
        .transform_filter("isValid(datum.test_loss)")
        .mark_line(opacity=0.95)
        .encode(
            _gosi_axis(),
            _loss_axis(),
            color=by_colour("line", lines, [INK, INK, *palette(groups)]),
            strokeDash=alt.StrokeDash("line:N", sort=lines, title=None, scale=alt.Scale(domain=lines, range=dashes)),
            strokeWidth=alt.condition(alt.FieldOneOfPredicate("line", lines[:2]), alt.value(2.6), alt.value(1.6)),
            tooltip=["layer:N", "line:N", alt.Tooltip("slope:Q", format=".3f", title="slope (nat per unit of gOSI)")],
        )
        .properties(width=PANEL_WIDTH, height=PANEL_WIDTH - 30)
    )
    return panels(drawn, drawn.data, "heading", free_scale="x")


def correlation_ways(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the association of gOSI with test loss asked for in several ways: correlations above, slopes below.

    Parameters
    ----------
    table
        Columns `layer`, `way`, `role` ("as published", "registered" or "beside"), `scale` ("rank correlation", or the
        unit of a slope), `estimate`, `ci_low`, `ci_high` (NaN where undefined), `pvalue`, `networks`.

    Returns
    -------
    alt.TopLevelMixin
        One panel a layer, a row a way, with a rule at 0; below, the slopes, if any has a value, a row a layer, on an axis
        of their own.
    """
    correlations = table[table["scale"] == "rank correlation"]
    slopes = table[table["scale"] != "rank correlation"]
    panel = _forest(correlations, "way", "rank correlation", alt.Scale(domain=[-1, 1])).properties(
        width=132, height=20 * correlations["way"].nunique()
    )
    above = panels_of_rows(panel, table, "layer", columns=4, column_gap=22)
    if not slopes["estimate"].notna().any():  # an empty scale makes the browser complain
        return above
    name, unit = in_order(slopes, "way")[0], in_order(slopes, "scale")[0]
    below = _forest(slopes, "layer", f"{name}: {unit}", alt.Scale(zero=True, padding=10)).properties(
        width=440, height=24 * slopes["layer"].nunique()
    )
    return alt.vconcat(above, below, spacing=36)


def _forest(table: pd.DataFrame, row: str, title: str, scale: alt.Scale) -> Any:
    """Return points with intervals, a row for each value of the column `row`, and a rule at 0."""
    base = alt.Chart().encode(
        alt.Y(f"{row}:N", sort=in_order(table, row), title=None, axis=alt.Axis(labelLimit=240)),
        color=by_colour("role", list(_ROLES), [colour for colour, _ in _ROLES.values()]),
        tooltip=["layer:N", "way:N", *numbers("estimate", "ci_low", "ci_high", "pvalue", form=".3f"), "networks:Q"],
    )
    points = (
        defined(base, "estimate")
        .mark_point(filled=True, size=56, opacity=1)
        .encode(
            alt.X("estimate:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
            shape=by_shape("role", list(_ROLES), [form for _, form in _ROLES.values()]),
        )
    )
    zero = alt.Chart().mark_rule(color=INK, opacity=0.5).encode(x=alt.datum(0))
    return alt.layer(zero, *intervals(base, table, alt.X, stroke_width=1.8), points, data=table)
