"""What silencing units costs in detail: by class, by how many are silenced, and by every reading of the experiment."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from study.report.charts.theme import (
    BLUE,
    COLUMN_GAP,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PANEL_HEIGHT,
    PANEL_WIDTH,
    PURPLE,
    if_any_interval,
    in_order,
    panels,
    shapes,
)

_ROW = 22  # pixels a row of a chart of rows
_ANSWERS = {
    "same conclusion": (GREEN, "circle"),
    "opposite conclusion": (ORANGE, "square"),
    "cannot tell": (PURPLE, "diamond"),
    "the more selective half costs more": (BLUE, "triangle-up"),
}
_OTHER_ANSWER = (GREY, "cross")


def ablation_classes(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw what silencing either half costs each class, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `class` (its name), `target` (the two halves), `accuracy_loss`, `ci_low`, `ci_high` (percentage
        points; NaN where undefined), `loss_increase` (nat).

    Returns
    -------
    alt.TopLevelMixin
        A row a class, in the order of the classes; a rule where nothing is lost.
    """
    targets, classes = in_order(table, "target"), in_order(table, "class")
    base = alt.Chart(height=_ROW * len(classes), width=330).encode(
        alt.Y("class:N", sort=classes, title=None, scale=alt.Scale(domain=classes)),
        alt.YOffset("target:N", sort=targets, scale=alt.Scale(domain=targets, padding=0.6)),
        color=alt.Color(
            "target:N", sort=targets, title="silenced", scale=alt.Scale(domain=targets, range=[BLUE, ORANGE])
        ),
        tooltip=[
            "layer:N",
            "class:N",
            "target:N",
            *(
                alt.Tooltip(f"{name}:Q", format=".3f")
                for name in ("accuracy_loss", "ci_low", "ci_high", "loss_increase")
            ),
        ],
    )
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(
        alt.X("accuracy_loss:Q", title="loss of accuracy (percentage points)"),
        shape=alt.Shape(
            "target:N", sort=targets, title="silenced", scale=alt.Scale(domain=targets, range=shapes(targets))
        ),
    )
    intervals = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(strokeWidth=1.6)
        .encode(alt.X("ci_low:Q"), alt.X2("ci_high:Q"))
    )
    layered = alt.layer(_zero_rule(), *if_any_interval(table, intervals), dots, data=table)
    return panels(layered, table, "layer", columns=2)


def fraction_curves(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the increase of loss against the fraction of a layer's units silenced, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `order` (which units first, in words), `fraction` (0 to 1), `loss_increase`, `ci_low`, `ci_high`
        (nat; NaN where undefined).

    Returns
    -------
    alt.TopLevelMixin
        A line with a band an order; every panel has its own scale. A layer without any value has no panel.
    """
    defined = table[table["loss_increase"].notna()]
    table = table if defined.empty else defined
    orders = in_order(table, "order")
    dashes = [[1, 0], [7, 3], [2, 2]]
    base = alt.Chart().encode(
        alt.X(
            "fraction:Q",
            title="units silenced",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
        ),
        color=alt.Color(
            "order:N",
            sort=orders,
            title=None,
            scale=alt.Scale(domain=orders, range=[BLUE, ORANGE, GREY][: len(orders)]),
            legend=alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3),
        ),
    )
    bands = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_area(opacity=0.22)
        .encode(alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
    )
    lines = base.mark_line(strokeWidth=2).encode(
        alt.Y("loss_increase:Q", title="increase of loss (nat)", axis=alt.Axis(tickCount=4)),
        strokeDash=alt.StrokeDash(
            "order:N", sort=orders, title=None, scale=alt.Scale(domain=orders, range=dashes[: len(orders)])
        ),
        tooltip=[
            "layer:N",
            "order:N",
            alt.Tooltip("fraction:Q", format=".0%"),
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("loss_increase", "ci_low", "ci_high")),
        ],
    )
    layered = alt.layer(*if_any_interval(table, bands), lines, data=table).properties(
        width=PANEL_WIDTH, height=PANEL_HEIGHT + 30
    )
    return panels(layered, table, "layer", free_scale="y")


def ablation_forest(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the effect and its interval for every reading of the experiment, a column a layer of the paper's claim.

    Parameters
    ----------
    table
        Columns `layer`, `reading`, `answer`, `in_sd`, `low_in_sd`, `high_in_sd` (effect and interval in standard
        deviations over networks; NaN where undefined), `in_the_claim` (whether the layer is drawn; all are where none is),
        and for the tooltip `effect`, `ci_low`, `ci_high`, `unit`, `pvalue_unadjusted`, `ratio`, `networks`.

    Returns
    -------
    alt.TopLevelMixin
        A row a reading in order of appearance, the answer by colour and shape; a rule at 0.
    """
    drawn = table[table["in_the_claim"].astype(bool)]
    drawn = table if drawn.empty else drawn
    readings, answers = in_order(drawn, "reading"), in_order(drawn, "answer")
    colours, marks = zip(*(_ANSWERS.get(answer, _OTHER_ANSWER) for answer in answers), strict=True)
    base = alt.Chart(width=300, height=_ROW * len(readings)).encode(
        alt.Y(
            "reading:N",
            sort=readings,
            title=None,
            scale=alt.Scale(domain=readings),
            axis=alt.Axis(labelLimit=330, grid=True, tickBand="extent"),
        ),
        color=alt.Color(
            "answer:N",
            sort=answers,
            title=None,
            scale=alt.Scale(domain=answers, range=list(colours)),
        ),
        tooltip=[
            "layer:N",
            "reading:N",
            "answer:N",
            "unit:N",
            "networks:Q",
            *(
                alt.Tooltip(f"{name}:Q", format=".3g")
                for name in ("effect", "ci_low", "ci_high", "pvalue_unadjusted", "ratio")
            ),
        ],
    )
    dots = (
        base.transform_filter("isValid(datum.in_sd)")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            alt.X("in_sd:Q", title="effect (standard deviations over networks)", axis=alt.Axis(tickCount=6)),
            shape=alt.Shape(
                "answer:N",
                sort=answers,
                title=None,
                scale=alt.Scale(domain=answers, range=list(marks)),
            ),
        )
    )
    intervals = (
        base.transform_filter("isValid(datum.low_in_sd) && isValid(datum.high_in_sd)")
        .mark_rule(strokeWidth=2)
        .encode(alt.X("low_in_sd:Q"), alt.X2("high_in_sd:Q"))
    )
    shown = drawn.assign(ci_low=drawn["low_in_sd"], ci_high=drawn["high_in_sd"])
    layered = alt.layer(_zero_rule(), *if_any_interval(shown, intervals), dots, data=drawn)
    columns = layered.facet(
        column=alt.Column("layer:N", sort=in_order(drawn, "layer"), title=None), spacing=COLUMN_GAP // 2
    )
    return cast("alt.TopLevelMixin", columns)


def _zero_rule() -> alt.Chart:
    """Return one upright rule at 0 for each panel."""
    rule = alt.Chart().transform_calculate(zero="0").mark_rule(color=INK, opacity=0.6, strokeDash=[5, 4])
    return cast("alt.Chart", rule.encode(alt.X("min(zero):Q")))
