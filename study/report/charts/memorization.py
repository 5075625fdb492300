"""Selectivity and accuracy against the share of corrupted labels."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, intervals, numbers
from study.report.charts.panels import PANEL_HEIGHT, PANEL_WIDTH, panels
from study.report.charts.theme import INK, ROSE, TEAL, in_order

_RATE = "labels corrupted"


def corruption_gosi(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw layer-mean gOSI against the label corruption rate, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `label_corruption` (0 to 1), `network`, `gosi`, `fits` (whether the network fits its labels, in
        words; the same word on all "mean" rows), `kind` ("network" for one network's point, "mean" for a rate's mean over
        networks), `ci_low`, `ci_high` (of means; NaN where there is none).

    Returns
    -------
    alt.TopLevelMixin
        Points by colour and shape of `fits`, a line through the means with intervals; each panel has its own range.

    Source: Fig. 4c of the paper, which has one network at each rate.
    """
    return _against_corruption(table, "mean gOSI")


def corruption_excess(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw layer-mean gOSI above that of shuffled responses against the label corruption rate, one panel a layer.

    Parameters
    ----------
    table
        Columns as those of `corruption_gosi`; `gosi` is what is left after subtraction.

    Returns
    -------
    alt.TopLevelMixin
        As `corruption_gosi`.
    """
    return _against_corruption(table, "gOSI minus shuffled")


def _against_corruption(table: pd.DataFrame, title: str) -> alt.TopLevelMixin:
    kinds = in_order(table.sort_values("fits", key=lambda column: column != _fitting(table), kind="stable"), "fits")
    base = alt.Chart().encode(_rate_axis(), tooltip=_tooltip("gosi"))
    y = alt.Y("gosi:Q", title=title, scale=alt.Scale(zero=False, padding=6), axis=alt.Axis(tickCount=4))
    points = (
        base.transform_filter("datum.kind == 'network'")
        .mark_point(filled=True, size=38, opacity=0.75)
        .encode(
            y,
            color=by_colour("fits", kinds, [TEAL, ROSE]),
            shape=by_shape("fits", kinds, ["circle", "cross"]),
        )
    )
    means = base.transform_filter("datum.kind == 'mean'")
    line = means.transform_filter("isValid(datum.gosi)").mark_line(color=INK, strokeWidth=2).encode(y)
    rules = intervals(means, table, alt.Y, stroke_width=1.6, axis={"title": title}, color=INK)
    layers = alt.layer(points, *rules, *([line] if _any_mean(table) else []), data=table)
    layers = layers.properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
    return panels(layers, table, "layer", free_scale="y")


def _fitting(table: pd.DataFrame) -> str:
    """Return the word for networks that fit their labels: that on the rows of means."""
    means = table.loc[table["kind"] == "mean", "fits"]
    return str(means.iloc[0]) if len(means) else ""


def _any_mean(table: pd.DataFrame) -> bool:
    return bool(table.loc[table["kind"] == "mean", "gosi"].notna().any())


def _rate_axis() -> alt.X:
    return alt.X(
        "label_corruption:Q",
        title=_RATE,
        scale=alt.Scale(domain=[0, 1], padding=8),
        axis=alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
    )


def _tooltip(column: str) -> list[alt.Tooltip]:
    rate = alt.Tooltip("label_corruption:Q", format=".0%", title=_RATE)
    return [alt.Tooltip("network:N"), rate, *numbers(column, form=".3f")]


def corruption_accuracy(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw training and test accuracy against the label corruption rate.

    Parameters
    ----------
    table
        Columns `scores` (which accuracy, in words), `label_corruption` (0 to 1), `network`, `accuracy` (0 to 1), `kind`
        ("network" or "mean"), and `bound`, the training accuracy from which a network fits its labels, the same on every
        row.

    Returns
    -------
    alt.TopLevelMixin
        Points for networks, lines through their means, a dashed rule at the bound.
    """
    kinds = in_order(table, "scores")
    base = alt.Chart(table).encode(
        _rate_axis(),
        alt.Y("accuracy:Q", title="accuracy", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
        color=by_colour("scores", kinds, [ROSE, TEAL]),
        tooltip=_tooltip("accuracy"),
    )
    points = (
        base.transform_filter("datum.kind == 'network'")
        .mark_point(filled=True, size=38, opacity=0.7)
        .encode(shape=by_shape("scores", kinds, ["circle", "triangle-up"]))
    )
    line = base.transform_filter("datum.kind == 'mean'").mark_line(strokeWidth=2)
    bound = alt.Chart(table.iloc[:1]).mark_rule(color=INK, strokeDash=[5, 4], opacity=0.7).encode(alt.Y("bound:Q"))
    return alt.layer(bound, line, points).properties(width=560, height=PANEL_HEIGHT * 1.8)
