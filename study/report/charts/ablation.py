"""What silencing units costs."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from study.report.charts.theme import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    ROW_GAP,
    SLANTED_LIMIT,
    if_any_interval,
    in_order,
    is_crowded,
    layer_axis,
    palette,
    panels,
    shapes,
    spread,
    vertical_intervals,
)

BARS_WIDTH, DOTS_WIDTH = 400, 820


def ablation_bars(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the increase of test loss when the top or the bottom half by gOSI is silenced, one panel a clamp.

    Parameters
    ----------
    table
        Columns `layer`, `clamp`, `target` (the two halves), `loss_increase`, `ci_low`, `ci_high` (nat; NaN where
        undefined), `asterisk` (whether the layer's ratio top to bottom is above 2).

    Returns
    -------
    alt.TopLevelMixin
        Paired bars with intervals; an asterisk above the layers that carry one.

    Source: Fig. 5 of the paper.
    """
    height = table[["loss_increase", "ci_high"]].max(axis=1)
    marked = table.assign(asterisk_at=height.groupby([table["clamp"], table["layer"]]).transform("max"))
    asterisks = (
        alt.Chart()
        .encode(alt.X("layer:N", sort=in_order(table, "layer"), title=None))
        .transform_filter("datum.asterisk && isValid(datum.asterisk_at)")
        .mark_text(text="*", fontSize=24, fontWeight="bold", baseline="bottom", dy=8, color=INK)
        .encode(alt.Y("max(asterisk_at):Q"))
    )
    bars = _paired_bars(table, "loss_increase", "increase of test loss (nat)")
    stars = [asterisks] if marked["asterisk"].any() else []
    panel = alt.layer(*bars, *stars, data=marked).properties(width=BARS_WIDTH, height=220)
    return panels(panel, table, "clamp", columns=2, row_gap=_row_gap(table, BARS_WIDTH))


def ablation_accuracy(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the loss of test accuracy when the top or the bottom half by gOSI is silenced, one panel a clamp.

    Parameters
    ----------
    table
        Columns `layer`, `clamp`, `target` (the two halves), `accuracy_loss`, `ci_low`, `ci_high` (percentage points; NaN
        where undefined).

    Returns
    -------
    alt.TopLevelMixin
        Paired bars with intervals.
    """
    bars = _paired_bars(table, "accuracy_loss", "loss of accuracy (percentage points)")
    panel = alt.layer(*bars, data=table).properties(width=BARS_WIDTH, height=220)
    return panels(panel, table, "clamp", columns=2, row_gap=_row_gap(table, BARS_WIDTH))


def _row_gap(table: pd.DataFrame, width: int) -> int:
    """Return the room between rows of panels, more of it where layers' names are slanted."""
    return ROW_GAP + (SLANTED_LIMIT // 2 if is_crowded(in_order(table, "layer"), width) else 0)


def _paired_bars(table: pd.DataFrame, column: str, title: str) -> list[alt.Chart]:
    """Return bars of both halves, a pair a layer, and their intervals."""
    layers, targets = in_order(table, "layer"), in_order(table, "target")
    paired = alt.Chart().encode(
        alt.X(
            "layer:N", sort=layers, title=None, scale=alt.Scale(paddingInner=0.25), axis=layer_axis(layers, BARS_WIDTH)
        ),
        alt.XOffset("target:N", sort=targets, scale=alt.Scale(paddingInner=0.08)),
        tooltip=[
            "layer:N",
            "clamp:N",
            "target:N",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in (column, "ci_low", "ci_high")),
        ],
    )
    bars = paired.mark_bar().encode(
        alt.Y(f"{column}:Q", title=title),
        color=alt.Color(
            "target:N", sort=targets, title="silenced", scale=alt.Scale(domain=targets, range=[BLUE, ORANGE])
        ),
    )
    intervals = vertical_intervals(paired, table, stroke_width=1.4)
    return [bars, *intervals]


def network_dots(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw means over networks with their intervals, layer by layer, one panel a quantity.

    Parameters
    ----------
    table
        Columns `layer`, `quantity` (the panel, with its unit in words), `series` (colour, shape and place; at most six),
        `value`, `ci_low`, `ci_high` (NaN where undefined), `reference` (where the panel's rule stands, the same on all
        rows of a quantity; NaN for none).

    Returns
    -------
    alt.TopLevelMixin
        Dots beside each other; every panel has its own scale.
    """
    layers, series = in_order(table, "layer"), in_order(table, "series")
    colours, marks = ([*palette(series)[:5], INK][: len(series)], [*shapes(series)[:5], "triangle-down"][: len(series)])
    base = alt.Chart().encode(
        alt.X(
            "layer:N",
            sort=layers,
            title=None,
            scale=alt.Scale(domain=layers, paddingInner=0.3),
            axis=layer_axis(layers, DOTS_WIDTH),
        ),
        alt.XOffset("series:N", sort=series),
        color=alt.Color(
            "series:N",
            title=None,
            sort=series,
            scale=alt.Scale(domain=series, range=colours),
            legend=alt.Legend(columns=4 if len(series) == 4 else 3),
        ),
        tooltip=[
            "layer:N",
            "series:N",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "ci_low", "ci_high")),
        ],
    )
    dots = (
        base.transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5)),
            shape=alt.Shape("series:N", sort=series, scale=alt.Scale(domain=series, range=marks)),
        )
    )
    intervals = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(strokeWidth=2)
        .encode(alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
    )
    rules = (
        alt.Chart()
        # Hidden where a panel has none: a panel without a single rule would leave its scale without an extent.
        .transform_calculate(place="isValid(datum.reference) ? datum.reference : datum.value")
        .transform_filter("isValid(datum.place)")
        .mark_rule(color=INK, strokeDash=[5, 4])
        .encode(
            alt.Y("max(place):Q"),
            opacity=alt.Opacity(
                "valid(reference):Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0, 0.5], clamp=True)
            ),
        )
    )
    rule = [rules] if table["reference"].notna().any() else []
    panel = alt.layer(*rule, *if_any_interval(table, intervals), dots, data=table).properties(
        width=DOTS_WIDTH, height=200
    )
    gap = _row_gap(table, DOTS_WIDTH)
    drawn = panels(panel, table, "quantity", columns=1, row_gap=gap).resolve_scale(
        y="independent", xOffset="independent"
    )
    return cast("alt.TopLevelMixin", drawn)


def ablation_null(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each network's ablation effect in standard deviations of its own random-halves null.

    Parameters
    ----------
    table
        Columns `layer`, `network`, `augmentation`, `z`, `kind` ("network" for one network's point, "mean" for the mean
        over networks), `ci_low`, `ci_high` (finite on "mean" rows, otherwise NaN).

    Returns
    -------
    alt.TopLevelMixin
        Points spread sideways by rank so that none hides another; the mean as a bar with its interval.
    """
    layers = in_order(table, "layer")
    points = table[table["kind"] == "network"]
    points = points.assign(spread=spread(points))
    groups = in_order(points, "augmentation")
    x = alt.X("layer:N", sort=layers, title=None)
    networks = (
        alt.Chart(points)
        .mark_point(filled=True, size=34, opacity=0.75)
        .encode(
            x,
            alt.XOffset("spread:Q", scale=alt.Scale(domain=[-0.5, 0.5])),
            alt.Y("z:Q", title="effect (standard deviations of the null)"),
            color=alt.Color("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=palette(groups))),
            shape=alt.Shape("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=shapes(groups))),
            tooltip=["layer:N", "network:N", "augmentation:N", alt.Tooltip("z:Q", format=".2f")],
        )
    )
    centre = alt.XOffset("spread:Q", scale=alt.Scale(domain=[-0.5, 0.5]))
    means = alt.Chart(table[table["kind"] == "mean"].assign(spread=0.0)).encode(
        x, centre, tooltip=["layer:N", *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("z", "ci_low", "ci_high"))]
    )
    tick = means.mark_tick(color=INK, thickness=3, size=34, opacity=1).encode(alt.Y("z:Q"))
    intervals = vertical_intervals(means, table, stroke_width=2)
    zero = alt.Chart(points.iloc[:1]).mark_rule(color=GREY, strokeDash=[4, 3]).encode(y=alt.datum(0))
    return alt.layer(zero, networks, *intervals, tick).properties(width=760, height=280)
