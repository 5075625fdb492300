"""How activations and predictions change when the image shifts."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, intervals, mean_tick, numbers, side_by_side, spread, told_apart
from study.report.charts.panels import PANEL_HEIGHT, panels, panels_of_rows
from study.report.charts.theme import GREY, INK, OLIVE, ROSE, TEAL, in_order

_INTACT_AND_HALVES = (GREY, TEAL, ROSE, OLIVE)
_GAP = 28  # pixels between panels of rows
_REACH = 0.3  # how far a point may be moved from its row's middle, in heights of the row


def shift_bars(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each layer's coefficient of variation, intact and with halves of a layer ablated, one panel an ablated layer.

    Parameters
    ----------
    table
        Columns `ablated`, `layer`, `condition` (the intact network first), `cv`, `ci_low`, `ci_high` (NaN where
        undefined), `networks`.

    Returns
    -------
    alt.TopLevelMixin
        Grouped bars from zero with intervals.

    Source: Fig. 6 of the paper.
    """
    bars = side_by_side(
        alt.Chart(),
        table,
        "condition",
        alt.Y("cv:Q", title="coefficient of variation under shifts", axis=alt.Axis(tickCount=5)),
        by_colour("condition", in_order(table, "condition"), _INTACT_AND_HALVES),
        tooltip=["layer:N", "condition:N", *numbers("cv", "ci_low", "ci_high", form=".3f"), "networks:Q"],
        stroke_width=1.2,
    )
    panel = alt.layer(*bars, data=table).properties(width=400, height=200)
    return panels(panel, table, "ablated", columns=2)


def shift_ratios(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw ratios of two coefficients of variation in the same network, a row a comparison, one panel an ablated layer.

    Parameters
    ----------
    table
        Columns `ablated`, `comparison`, `network`, `augmentation`, `kind` ("network" for one network's point, "mean" for
        the geometric mean over networks), `ratio`, `ci_low`, `ci_high` (finite on "mean" rows, otherwise NaN).

    Returns
    -------
    alt.TopLevelMixin
        A logarithmic axis with a rule at 1; points spread over the row's height so that none hides another.
    """
    comparisons = in_order(table, "comparison")
    single = table["kind"] == "network"
    sideways = spread(table, ("ablated", "comparison", "kind"), _REACH)
    placed = table.assign(spread=pd.Series(sideways, table.index).where(single, 0.0), one=1.0)
    base = alt.Chart().encode(
        alt.Y("comparison:N", sort=comparisons, title=None, axis=alt.Axis(labelLimit=260)),
        alt.YOffset("spread:Q", scale=alt.Scale(domain=[-0.5, 0.5])),
    )
    ratio = alt.X(
        "ratio:Q",
        title="ratio of coefficients of variation",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=6, format="~g"),
    )
    networks = (
        base.transform_filter("datum.kind == 'network' && isValid(datum.ratio)")
        .mark_point(filled=True, size=30, opacity=0.75)
        .encode(
            ratio,
            tooltip=["comparison:N", "network:N", "augmentation:N", *numbers("ratio", form=".3f")],
            **told_apart(table[single], "augmentation"),
        )
    )
    means = base.transform_filter("datum.kind == 'mean' && isValid(datum.ratio)").encode(
        tooltip=["comparison:N", *numbers("ratio", "ci_low", "ci_high", form=".3f")]
    )
    rules = intervals(means, table, alt.X, stroke_width=2, color=INK)
    same = alt.Chart().mark_rule(color=GREY, strokeDash=[4, 3]).encode(alt.X("min(one):Q"))
    panel = alt.layer(same, networks, *rules, mean_tick(means, ratio, size=24), data=placed)
    panel = panel.properties(width=330, height=46 * len(comparisons))
    return panels_of_rows(panel, placed, "ablated", columns=2, column_gap=_GAP)


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
        tooltip=["shift:N", "condition:N", *numbers("consistency", "ci_low", "ci_high", form=".1%"), "networks:Q"],
    )
    points = base.mark_point(filled=True, size=60, opacity=1, color=TEAL).encode(
        alt.X(
            "consistency:Q",
            title="predictions unchanged",
            scale=alt.Scale(zero=False, padding=10),
            axis=alt.Axis(format="%", tickCount=5),
        )
    )
    rules = intervals(base, table, alt.X, stroke_width=2, color=TEAL)
    panel = alt.layer(*rules, points, data=table).properties(width=190, height=max(PANEL_HEIGHT, 24 * len(conditions)))
    return panels_of_rows(panel, table, "shift", columns=3, column_gap=_GAP)
