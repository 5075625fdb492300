"""Registered estimates with their intervals."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.theme import INK, VERDICT_COLOURS, VERDICT_SHAPES, if_any_interval, in_order


def layer_intervals(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw one registered test's estimates and intervals, a row a layer.

    Parameters
    ----------
    table
        Columns `layer`, `estimate`, `ci_low`, `ci_high` (NaN where undefined), `verdict`, and `null_value` and
        `smallest_effect`, the same on every row.

    Returns
    -------
    alt.TopLevelMixin
        Verdict is colour and shape; a solid rule stands at the null value, a dashed one at the smallest effect of
        interest. Layers without a finite estimate keep their empty row.
    """
    layers = in_order(table, "layer")
    verdicts = [verdict for verdict in VERDICT_COLOURS if verdict in set(table["verdict"])]
    base = alt.Chart(table).encode(
        alt.Y("layer:N", sort=layers, title=None, scale=alt.Scale(domain=layers)),
        tooltip=[
            "layer:N",
            "verdict:N",
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("estimate", "ci_low", "ci_high")),
        ],
    )
    colour = alt.Color(
        "verdict:N", title=None, scale=alt.Scale(domain=verdicts, range=[VERDICT_COLOURS[v] for v in verdicts])
    )
    shape = alt.Shape(
        "verdict:N", title=None, scale=alt.Scale(domain=verdicts, range=[VERDICT_SHAPES[v] for v in verdicts])
    )
    points = (
        base.transform_filter("isValid(datum.estimate)")
        .mark_point(filled=True, size=110, opacity=1, strokeWidth=2)
        .encode(
            alt.X("estimate:Q", title="estimate", scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=7)),
            color=colour,
            shape=shape,
        )
    )
    intervals = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(strokeWidth=2)
        .encode(alt.X("ci_low:Q"), alt.X2("ci_high:Q"), color=colour)
    )
    rules = [
        alt.Chart(table.iloc[:1]).mark_rule(color=INK, opacity=0.6, strokeDash=dash).encode(alt.X(f"{column}:Q"))
        for column, dash in (("null_value", [1, 0]), ("smallest_effect", [5, 4]))
        if table[column].notna().any()
    ]
    return alt.layer(*rules, *if_any_interval(table, intervals), points).properties(
        width=640, height=max(60, 30 * len(layers))
    )
