"""What ablating units costs: by half and clamp, against random halves, by class, and by every specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import pandas as pd

from study.report.charts.marks import (
    by_colour,
    by_shape,
    defined,
    intervals,
    networks_and_means,
    numbers,
    side_by_side,
    zero_rule,
)
from study.report.charts.panels import COLUMN_GAP, layer_axis, panels, row_gap, width_of_names
from study.report.charts.theme import GREY, INK, LAVENDER, OLIVE, ROSE, TEAL, in_order

BARS_WIDTH = 400
TWOFOLD = "> 2\N{MULTIPLICATION SIGN}"  # no asterisk: to these readers it says p < .05
_ROW = 22  # pixels a row of a chart of rows
_HALVES = (TEAL, ROSE)
_ANSWERS = {
    "same conclusion": (OLIVE, "circle"),
    "opposite conclusion": (ROSE, "square"),
    "cannot tell": (LAVENDER, "diamond"),
    "the more selective half costs more": (TEAL, "triangle-up"),
}
_OTHER_ANSWER = (GREY, "cross")


def ablation_bars(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the increase of test loss when the top or the bottom half by gOSI is ablated, one panel a clamp.

    Parameters
    ----------
    table
        Columns `layer`, `clamp`, `target` (the two halves), `loss_increase`, `ci_low`, `ci_high` (nat; NaN where
        undefined), `twofold` (whether the layer's ratio top to bottom is above 2).

    Returns
    -------
    alt.TopLevelMixin
        Paired bars with intervals; "> 2×" above the layers where one half costs more than twice as much.

    Source: Fig. 5 of the paper.
    """
    height = table[["loss_increase", "ci_high"]].max(axis=1)
    marked = table.assign(twofold_at=height.groupby([table["clamp"], table["layer"]]).transform("max"))
    twofold = (
        alt.Chart()
        .encode(alt.X("layer:N", sort=in_order(table, "layer"), title=None))
        .transform_filter("datum.twofold && isValid(datum.twofold_at)")
        .mark_text(text=TWOFOLD, fontSize=14, fontWeight="bold", baseline="bottom", dy=-2, color=INK)
        .encode(alt.Y("max(twofold_at):Q"))
    )
    marks = [twofold] if marked["twofold"].any() else []
    return _halves_by_clamp(marked, "loss_increase", "increase of test loss (nat)", marks)


def ablation_accuracy(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the loss of test accuracy when the top or the bottom half by gOSI is ablated, one panel a clamp.

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
    return _halves_by_clamp(table, "accuracy_loss", "loss of accuracy (percentage points)")


def _halves_by_clamp(table: pd.DataFrame, column: str, title: str, marks: Sequence[Any] = ()) -> alt.FacetChart:
    """Return bars of both halves, a pair a layer, with their intervals and further marks, in one panel a clamp."""
    bars = side_by_side(
        alt.Chart(),
        table,
        "target",
        alt.Y(f"{column}:Q", title=title),
        by_colour("target", in_order(table, "target"), _HALVES, title="ablated"),
        tooltip=["layer:N", "clamp:N", "target:N", *numbers(column, "ci_low", "ci_high", form=".3f")],
        axis=layer_axis(in_order(table, "layer"), BARS_WIDTH),
    )
    panel = alt.layer(*bars, *marks, data=table).properties(width=BARS_WIDTH, height=220)
    return panels(panel, table, "clamp", columns=2, row_gap=row_gap(table, BARS_WIDTH))


def ablation_null(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each network's ablation effect in standard deviations of that network's random-halves null.

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
    value = alt.Y("z:Q", title="effect (standard deviations of the null)")
    return networks_and_means(table, value, "z", form=".2f", width=760, height=280, group="augmentation", opacity=0.75)


def ablation_classes(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw what ablating either half costs each class, one panel a layer.

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
        color=by_colour("target", targets, _HALVES, title="ablated"),
        tooltip=[
            "layer:N",
            "class:N",
            "target:N",
            *numbers("accuracy_loss", "ci_low", "ci_high", "loss_increase", form=".3f"),
        ],
    )
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(
        alt.X("accuracy_loss:Q", title="loss of accuracy (percentage points)"),
        shape=by_shape("target", targets, title="ablated"),
    )
    layered = alt.layer(zero_rule(), *intervals(base, table, alt.X, stroke_width=1.6), dots, data=table)
    return panels(layered, table, "layer", columns=2, column_gap=max(COLUMN_GAP, width_of_names(classes) + 24))


def ablation_forest(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the effect and its interval for every specification of the experiment, a column a layer of the paper's claim.

    Parameters
    ----------
    table
        Columns `layer`, `specification`, `answer`, `in_sd`, `low_in_sd`, `high_in_sd` (effect and interval in standard
        deviations over networks; NaN where undefined), `in_the_claim` (whether the layer is drawn; all are where none is),
        and for the tooltip `effect`, `ci_low`, `ci_high`, `unit`, `pvalue_unadjusted`, `ratio`, `networks`.

    Returns
    -------
    alt.TopLevelMixin
        A row a specification in order of appearance, the answer by colour and shape; a rule at 0.
    """
    drawn = table[table["in_the_claim"].astype(bool)]
    drawn = table if drawn.empty else drawn
    rows, answers = in_order(drawn, "specification"), in_order(drawn, "answer")
    colours, forms = zip(*(_ANSWERS.get(answer, _OTHER_ANSWER) for answer in answers), strict=True)
    base = alt.Chart(width=300, height=_ROW * len(rows)).encode(
        alt.Y(
            "specification:N",
            sort=rows,
            title=None,
            scale=alt.Scale(domain=rows),
            axis=alt.Axis(labelLimit=330, grid=True, tickBand="extent"),
        ),
        color=by_colour("answer", answers, colours),
        tooltip=[
            *("layer:N", "specification:N", "answer:N", "unit:N", "networks:Q"),
            *numbers("effect", "ci_low", "ci_high", "pvalue_unadjusted", "ratio", form=".3g"),
        ],
    )
    dots = (
        defined(base, "in_sd")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            alt.X("in_sd:Q", title="effect (standard deviations over networks)", axis=alt.Axis(tickCount=6)),
            shape=by_shape("answer", answers, forms),
        )
    )
    rules = intervals(base, drawn, alt.X, stroke_width=2, ends=("low_in_sd", "high_in_sd"))
    columns = alt.layer(zero_rule(), *rules, dots, data=drawn).facet(
        column=alt.Column("layer:N", sort=in_order(drawn, "layer"), title=None), spacing=COLUMN_GAP // 2
    )
    return cast("alt.TopLevelMixin", columns)
