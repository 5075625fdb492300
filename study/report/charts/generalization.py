"""Selectivity against test loss, over networks."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.theme import INK, PANEL_HEIGHT, PANEL_WIDTH, if_any_interval, in_order, palette, panels, shapes


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
    groups = in_order(table, "augmentation")
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=42, opacity=0.8)
        .encode(
            alt.X("gosi:Q", title="mean gOSI", scale=alt.Scale(zero=False, padding=8), axis=alt.Axis(tickCount=4)),
            alt.Y(
                "test_loss:Q",
                title="test loss (nat)",
                scale=alt.Scale(zero=False, padding=8),
                axis=alt.Axis(tickCount=5),
            ),
            color=alt.Color("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=palette(groups))),
            shape=alt.Shape("augmentation:N", sort=groups, scale=alt.Scale(domain=groups, range=shapes(groups))),
            tooltip=[
                "layer:N",
                "network:N",
                "augmentation:N",
                *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("gosi", "test_loss")),
            ],
        )
        .properties(width=PANEL_WIDTH, height=PANEL_WIDTH - 30)
    )
    return panels(points, table, "layer", free_scale="x")


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
    layers, kinds = in_order(table, "layer"), in_order(table, "kind")
    base = alt.Chart(table).encode(
        alt.X("layer:N", sort=layers, title=None, scale=alt.Scale(paddingInner=0.25)),
        alt.XOffset("kind:N", sort=kinds, scale=alt.Scale(paddingInner=0.08)),
        tooltip=[
            "layer:N",
            "kind:N",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("estimate", "ci_low", "ci_high")),
        ],
    )
    bars = base.mark_bar().encode(
        alt.Y("estimate:Q", title="rank correlation with test loss"),
        color=alt.Color("kind:N", sort=kinds, title=None, scale=alt.Scale(domain=kinds, range=palette(kinds))),
    )
    intervals = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(color=INK, strokeWidth=1.4)
        .encode(alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
    )
    zero = alt.Chart(table.iloc[:1]).mark_rule(color=INK, opacity=0.6).encode(y=alt.datum(0))
    return alt.layer(bars, *if_any_interval(table, intervals), zero).properties(width=720, height=PANEL_HEIGHT * 2)
