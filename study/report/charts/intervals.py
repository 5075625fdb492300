"""Registered estimates with their intervals, of one or of both sets of initialisations."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, by_verdict, defined, intervals, numbers
from study.report.charts.theme import INK, in_order


def layer_intervals(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw one registered test's estimates and intervals, a row a layer.

    Parameters
    ----------
    table
        Columns `layer`, `set` of initialisations, `estimate`, `ci_low`, `ci_high` (NaN where undefined), `verdict`, and,
        the same on every row, `null_value`, `smallest_effect` (of a claim of absence: its lower margin) and `other_margin`
        (NaN but for a claim of absence); perhaps `axis`, the words of the axis, the same on every row.

    Returns
    -------
    alt.TopLevelMixin
        Of a single set, colour and shape are the verdict; of two, they are the set, one above the other in each layer.
        A solid rule stands at the null value, dashed ones at the smallest effect of interest or at both margins. Layers
        without a finite estimate keep their empty row.
    """
    layers, sets = in_order(table, "layer"), in_order(table, "set")
    several = len(sets) > 1
    axis = str(table["axis"].iloc[0]) if "axis" in table else "estimate"
    colour, shape = (by_colour("set", sets), by_shape("set", sets)) if several else by_verdict(table, "verdict")
    base = alt.Chart(table).encode(
        alt.Y("layer:N", sort=layers, title=None, scale=alt.Scale(domain=layers)),
        color=colour,
        tooltip=[
            *(["layer:N", "set:N"] if several else ["layer:N"]),
            "verdict:N",
            *numbers("estimate", "ci_low", "ci_high", form=".3g"),
        ],
    )
    if several:
        base = base.encode(alt.YOffset("set:N", sort=sets, scale=alt.Scale(domain=sets, paddingOuter=0.6)))
    points = (
        defined(base, "estimate")
        .mark_point(filled=True, size=110, opacity=1, strokeWidth=2)
        .encode(
            alt.X("estimate:Q", title=axis, scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=7)),
            shape=shape,
        )
    )
    rules = [
        alt.Chart(table.iloc[:1]).mark_rule(color=INK, opacity=0.6, strokeDash=dash).encode(alt.X(f"{column}:Q"))
        for column, dash in (("null_value", [1, 0]), ("smallest_effect", [5, 4]), ("other_margin", [5, 4]))
        if table[column].notna().any()
    ]
    return alt.layer(*rules, *intervals(base, table, alt.X, stroke_width=2), points).properties(
        width=640, height=max(60, (16 + 14 * len(sets)) * len(layers))
    )
