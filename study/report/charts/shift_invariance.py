"""How activations and predictions change when the image shifts."""

from __future__ import annotations

from typing import Any, cast

import altair as alt
import pandas as pd

from study.report.charts.theme import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PANEL_HEIGHT,
    ROW_GAP,
    if_any_interval,
    in_order,
    palette,
    panels,
    shapes,
    vertical_intervals,
)

_INTACT_AND_HALVES = (GREY, BLUE, ORANGE, GREEN)
_REACH = 0.3  # how far a point may be moved from its row's middle, in heights of the row


def shift_bars(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each layer's coefficient of variation, intact and with halves of a layer silenced, one panel a layer silenced.

    Parameters
    ----------
    table
        Columns `silenced`, `layer`, `condition` (the intact network first), `cv`, `ci_low`, `ci_high` (NaN where
        undefined), `networks`.

    Returns
    -------
    alt.TopLevelMixin
        Grouped bars from zero with intervals.

    Source: Fig. 6 of the paper.
    """
    layers, conditions = in_order(table, "layer"), in_order(table, "condition")
    base = alt.Chart().encode(
        alt.X("layer:N", sort=layers, title=None, scale=alt.Scale(paddingInner=0.25)),
        alt.XOffset("condition:N", sort=conditions, scale=alt.Scale(paddingInner=0.08)),
        tooltip=[
            "layer:N",
            "condition:N",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("cv", "ci_low", "ci_high")),
            "networks:Q",
        ],
    )
    bars = base.mark_bar().encode(
        alt.Y("cv:Q", title="coefficient of variation under shifts", axis=alt.Axis(tickCount=5)),
        color=alt.Color(
            "condition:N",
            sort=conditions,
            title=None,
            scale=alt.Scale(domain=conditions, range=list(_INTACT_AND_HALVES[: len(conditions)])),
        ),
    )
    intervals = vertical_intervals(base, table, stroke_width=1.2)
    panel = alt.layer(bars, *intervals, data=table).properties(width=400, height=200)
    return panels(panel, table, "silenced", columns=2)


def shift_ratios(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw ratios of two coefficients of variation in the same network, a row a comparison, one panel a layer silenced.

    Parameters
    ----------
    table
        Columns `silenced`, `comparison`, `network`, `augmentation`, `kind` ("network" for one network's point, "mean" for
        the geometric mean over networks), `ratio`, `ci_low`, `ci_high` (finite on "mean" rows, otherwise NaN).

    Returns
    -------
    alt.TopLevelMixin
        A logarithmic axis with a rule at 1; points spread over the row's height so that none hides another.
    """
    comparisons = in_order(table, "comparison")
    single = table["kind"] == "network"
    rank = table.groupby(["silenced", "comparison", "kind"], sort=False).cumcount()
    count = table.groupby(["silenced", "comparison", "kind"], sort=False)["comparison"].transform("size")
    placed = table.assign(spread=(_REACH * (2 * (rank + 0.5) / count - 1)).where(single, 0.0), one=1.0)
    groups = in_order(table[single], "augmentation")
    base = alt.Chart().encode(
        alt.Y("comparison:N", sort=comparisons, title=None, axis=alt.Axis(labelLimit=260)),
        alt.YOffset("spread:Q", scale=alt.Scale(domain=[-0.5, 0.5])),
    )
    ratio = alt.X(
        "ratio:Q",
        title="ratio of fc1's coefficients of variation",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=6, format="~g"),
    )
    networks = (
        base.transform_filter("datum.kind == 'network' && isValid(datum.ratio)")
        .mark_point(filled=True, size=30, opacity=0.75)
        .encode(
            ratio,
            color=alt.Color("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=palette(groups))),
            shape=alt.Shape("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=shapes(groups))),
            tooltip=["comparison:N", "network:N", "augmentation:N", alt.Tooltip("ratio:Q", format=".3f")],
        )
    )
    means = base.transform_filter("datum.kind == 'mean' && isValid(datum.ratio)").encode(
        tooltip=["comparison:N", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("ratio", "ci_low", "ci_high"))]
    )
    tick = means.mark_tick(color=INK, thickness=3, size=24, opacity=1).encode(ratio)
    intervals = (
        means.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(color=INK, strokeWidth=2)
        .encode(alt.X("ci_low:Q"), alt.X2("ci_high:Q"))
    )
    same = alt.Chart().mark_rule(color=GREY, strokeDash=[4, 3]).encode(alt.X("min(one):Q"))
    panel = alt.layer(same, networks, *if_any_interval(table, intervals), tick, data=placed).properties(
        width=330, height=46 * len(comparisons)
    )
    return _panels_of_rows(panel, placed, "silenced", columns=2)


def shift_consistency(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the share of images that keep their predicted class, a row a condition, one panel a shift.

    Parameters
    ----------
    table
        Columns `shift`, `condition`, `consistency` (0 to 1), `ci_low`, `ci_high` (NaN where undefined), `networks`.

    Returns
    -------
    alt.TopLevelMixin
        Points with intervals; the axis does not start at zero.
    """
    conditions = in_order(table, "condition")
    base = alt.Chart().encode(
        alt.Y("condition:N", sort=conditions, title=None, axis=alt.Axis(labelLimit=220)),
        tooltip=[
            "shift:N",
            "condition:N",
            *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("consistency", "ci_low", "ci_high")),
            "networks:Q",
        ],
    )
    points = base.mark_point(filled=True, size=60, opacity=1, color=BLUE).encode(
        alt.X(
            "consistency:Q",
            title="predictions unchanged",
            scale=alt.Scale(zero=False, padding=10),
            axis=alt.Axis(format="%", tickCount=5),
        )
    )
    intervals = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(color=BLUE, strokeWidth=2)
        .encode(alt.X("ci_low:Q"), alt.X2("ci_high:Q"))
    )
    panel = alt.layer(*if_any_interval(table, intervals), points, data=table).properties(
        width=190, height=max(PANEL_HEIGHT, 24 * len(conditions))
    )
    return _panels_of_rows(panel, table, "shift", columns=3)


def _panels_of_rows(panel: Any, table: pd.DataFrame, column: str, *, columns: int) -> alt.FacetChart:
    """Return one panel for each distinct value of `column`; rows are named once, at the left."""
    faceted = panel.facet(
        facet=alt.Facet(f"{column}:N", sort=in_order(table, column), title=None),
        columns=columns,
        bounds="flush",
        spacing=alt.RowColnumber(row=ROW_GAP, column=28),
    )
    return cast("alt.FacetChart", faceted.resolve_axis(x="independent"))
