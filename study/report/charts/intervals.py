"""Registered estimates with their intervals, of one or of both sets of initialisations."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from study.report.charts.theme import (
    INK,
    VERDICT_COLOURS,
    VERDICT_SHAPES,
    if_any_interval,
    in_order,
    palette,
    shapes,
)


def layer_intervals(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw one registered test's estimates and intervals, a row a layer.

    Parameters
    ----------
    table
        Columns `layer`, `set` of initialisations, `estimate`, `ci_low`, `ci_high` (NaN where undefined), `verdict`, and
        `null_value` and `smallest_effect`, the same on every row.

    Returns
    -------
    alt.TopLevelMixin
        Of a single set, colour and shape are the verdict; of two, they are the set, one above the other in each layer.
        A solid rule stands at the null value, a dashed one at the smallest effect of interest. Layers without a finite
        estimate keep their empty row.
    """
    layers, sets = in_order(table, "layer"), in_order(table, "set")
    base = alt.Chart(table).encode(
        alt.Y("layer:N", sort=layers, title=None, scale=alt.Scale(domain=layers)),
        tooltip=[
            "layer:N",
            *(["set:N"] if len(sets) > 1 else []),
            "verdict:N",
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("estimate", "ci_low", "ci_high")),
        ],
    )
    if len(sets) > 1:
        base = base.encode(alt.YOffset("set:N", sort=sets, scale=alt.Scale(domain=sets, paddingOuter=0.6)))
    colour, shape = _told_apart(table, sets)
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
        width=640, height=max(60, (16 + 14 * len(sets)) * len(layers))
    )


def _told_apart(table: pd.DataFrame, sets: list[str]) -> tuple[Any, Any]:
    """Return the encodings of colour and shape: by verdict, or by set where there are two."""
    if len(sets) > 1:
        column, names, colours, forms = "set:N", sets, palette(sets), shapes(sets)
    else:
        names = [verdict for verdict in VERDICT_COLOURS if verdict in set(table["verdict"])]
        column, colours, forms = "verdict:N", [VERDICT_COLOURS[v] for v in names], [VERDICT_SHAPES[v] for v in names]
    return (
        alt.Color(column, title=None, scale=alt.Scale(domain=names, range=colours)),
        alt.Shape(column, title=None, scale=alt.Scale(domain=names, range=forms)),
    )
