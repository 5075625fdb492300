"""Networks reared under several conditions: every seed's scores, and what rearing changed in each layer."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, defined, intervals, mean_tick, numbers, upright_intervals
from study.report.charts.panels import SLANTED_LIMIT, is_crowded, layer_axis, panels
from study.report.charts.theme import CATEGORIES, DUSK, GREY, TEAL, in_order, shapes

_WIDTH, _HEIGHT, _COLUMNS, _GAP = 380, 150, 2, 66


def reared_scores(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw every seed as a line through the conditions that its networks learnt under, one panel a score.

    Parameters
    ----------
    table
        Columns `quantity` (the panel, with its unit in words), `condition` (in order), `seed`, `kind` ("network" for one
        network's value, "mean" for the mean over seeds), `value` (NaN where a network is missing), `ci_low`, `ci_high`
        (finite on "mean" rows, otherwise NaN), `networks`.

    Returns
    -------
    alt.TopLevelMixin
        Thin lines, and means as bars with their intervals; every panel has its own scale.
    """
    means_alone = table["kind"] == "mean"
    ends = {end: table[end].where(~means_alone, table[end].fillna(table["value"])) for end in ("ci_low", "ci_high")}
    table = table.assign(**ends)
    conditions = in_order(table, "condition")
    base = alt.Chart().encode(alt.X("condition:N", sort=conditions, title=None, axis=layer_axis(conditions, _WIDTH)))
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=5))
    single = defined(base, "value").transform_filter("datum.kind == 'network'")
    lines = single.mark_line(color=TEAL, strokeWidth=1.2, opacity=0.45).encode(value, alt.Detail("seed:N"))
    points = single.mark_point(filled=True, size=22, color=TEAL, opacity=0.6).encode(
        value, tooltip=["seed:N", "condition:N", *numbers("value", form=".3f")]
    )
    means = defined(base, "value").transform_filter("datum.kind == 'mean'")
    means = means.encode(tooltip=["condition:N", *numbers("value", "ci_low", "ci_high", form=".3f"), "networks:Q"])
    marks = (lines, points, *upright_intervals(means, table, stroke_width=2), mean_tick(means, value, size=28))
    panel = alt.layer(*marks, data=table).properties(width=_WIDTH, height=_HEIGHT)
    gap = _GAP + (SLANTED_LIMIT // 2 if is_crowded(conditions, _WIDTH) else 0)
    return panels(panel, table, "quantity", columns=_COLUMNS, free_scale="y", row_gap=gap, column_gap=_GAP)


def reared_checks(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw what the networks of each condition are like, layer by layer, one panel a quantity.

    Parameters
    ----------
    table
        Columns `quantity` (the panel), `layer`, `condition` (colour, shape and place; at most six), `value`, `ci_low`,
        `ci_high` (NaN where undefined), `networks`.

    Returns
    -------
    alt.TopLevelMixin
        Dots beside each other with intervals; every panel has its own scale.
    """
    # Where all networks are alike there is no interval, and a panel of nothing else would have no scale for any.
    table = table.assign(**{end: table[end].fillna(table["value"]) for end in ("ci_low", "ci_high")})
    layers, conditions = in_order(table, "layer"), in_order(table, "condition")
    colours = (GREY, *CATEGORIES[:4], DUSK)  # the free networks in grey
    base = alt.Chart().encode(
        alt.X("layer:N", sort=layers, title=None, scale=alt.Scale(domain=layers, paddingInner=0.25)),
        alt.XOffset("condition:N", sort=conditions),
        color=by_colour("condition", conditions, colours),
        tooltip=["layer:N", "condition:N", *numbers("value", "ci_low", "ci_high", form=".3f"), "networks:Q"],
    )
    dots = (
        defined(base, "value")
        .mark_point(filled=True, size=42, opacity=1)
        .encode(
            alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)),
            shape=by_shape("condition", conditions, shapes(conditions)),
        )
    )
    panel = alt.layer(*intervals(base, table, alt.Y, stroke_width=1.6), dots, data=table)
    panel = panel.properties(width=_WIDTH, height=120)
    drawn = panels(panel, table, "quantity", columns=_COLUMNS, free_scale="y", column_gap=_GAP)
    return cast("alt.TopLevelMixin", drawn.resolve_scale(y="independent", xOffset="independent"))
