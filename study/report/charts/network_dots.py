"""Means over networks with their intervals, layer by layer: as dots, and as curves over a fraction of the units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, defined, intervals, numbers
from study.report.charts.panels import PANEL_HEIGHT, PANEL_WIDTH, layer_axis, panels, row_gap, width_of_names
from study.report.charts.theme import CATEGORIES, DUSK, GREY, INK, ROSE, TEAL, in_order, palette, shapes

DOTS_WIDTH = 820
# Colours and shapes of the series after those of the palette: the last of seven is random halves.
_BEYOND = ((DUSK, INK), ("triangle-left", "triangle-down"))
_SYMBOL = 70  # pixels that a series takes in the legend beside its name
_DASHES = ([1, 0], [7, 3], [2, 2])


def network_dots(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw means over networks with their intervals, layer by layer, one panel a quantity.

    Parameters
    ----------
    table
        Columns `layer`, `quantity` (the panel, with its unit in words), `series` (colour, shape and place; at most seven),
        `value`, `ci_low`, `ci_high` (NaN where undefined), `reference` (where the panel's rule stands, the same on all
        rows of a quantity; NaN for none).

    Returns
    -------
    alt.TopLevelMixin
        Dots beside each other; every panel has its own scale.
    """
    layers, series = in_order(table, "layer"), in_order(table, "series")
    base = alt.Chart().encode(
        alt.X(
            "layer:N",
            sort=layers,
            title=None,
            scale=alt.Scale(domain=layers, paddingInner=0.3),
            axis=layer_axis(layers, DOTS_WIDTH),
        ),
        alt.XOffset("series:N", sort=series),
        color=by_colour(
            "series",
            series,
            _with_last(palette(series), _BEYOND[0]),
            legend=alt.Legend(columns=max(1, DOTS_WIDTH // (width_of_names(series) + _SYMBOL))),
        ),
        tooltip=["layer:N", "series:N", *numbers("value", "ci_low", "ci_high", form=".3f")],
    )
    dots = (
        defined(base, "value")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5)),
            shape=by_shape("series", series, _with_last(shapes(series), _BEYOND[1])),
        )
    )
    rules = [_reference_rule()] if table["reference"].notna().any() else []
    panel = alt.layer(*rules, *intervals(base, table, alt.Y, stroke_width=2), dots, data=table)
    panel = panel.properties(width=DOTS_WIDTH, height=200)
    drawn = panels(panel, table, "quantity", columns=1, row_gap=row_gap(table, DOTS_WIDTH))
    return cast("alt.TopLevelMixin", drawn.resolve_scale(y="independent", xOffset="independent"))


def _with_last(of_palette: Sequence[str], beyond: tuple[str, str]) -> list[str]:
    """Return a colour or a shape a series: those of the palette, then the last of those beyond it, or both."""
    further = len(of_palette) - len(CATEGORIES)
    return [*of_palette[: len(CATEGORIES)], *(beyond[-further:] if further > 0 else ())]


def _reference_rule() -> Any:
    """Return one dashed rule at each panel's reference.

    It is hidden where a panel has none: a panel without a single rule would leave its scale without an extent.
    """
    shown = alt.Scale(domain=[0, 1], range=[0, 0.5], clamp=True)
    return (
        alt.Chart()
        .transform_calculate(place="isValid(datum.reference) ? datum.reference : datum.value")
        .transform_filter("isValid(datum.place)")
        .mark_rule(color=INK, strokeDash=[5, 4])
        .encode(alt.Y("max(place):Q"), opacity=alt.Opacity("valid(reference):Q", legend=None, scale=shown))
    )


def fraction_curves(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the increase of loss against the fraction of a layer's units that are ablated, one panel a layer.

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
    with_values = table[table["loss_increase"].notna()]
    table = table if with_values.empty else with_values
    orders = in_order(table, "order")
    dashes = alt.Scale(domain=orders, range=list(_DASHES[: len(orders)]))
    stroke = alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3)
    base = alt.Chart().encode(
        alt.X(
            "fraction:Q",
            title="units ablated",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
        ),
        color=by_colour("order", orders, [TEAL, ROSE, GREY], legend=stroke),
    )
    has_bands = table[["ci_low", "ci_high"]].notna().all(axis=1).any()
    bands = defined(base, "ci_low", "ci_high").mark_area(opacity=0.22)
    bands = bands.encode(alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
    lines = base.mark_line(strokeWidth=2).encode(
        alt.Y("loss_increase:Q", title="increase of loss (nat)", axis=alt.Axis(tickCount=4)),
        strokeDash=alt.StrokeDash("order:N", sort=orders, title=None, scale=dashes),
        tooltip=[
            "layer:N",
            "order:N",
            *numbers("fraction", form=".0%"),
            *numbers("loss_increase", "ci_low", "ci_high", form=".3f"),
        ],
    )
    layered = alt.layer(*([bands] if has_bands else []), lines, data=table)
    layered = layered.properties(width=PANEL_WIDTH, height=PANEL_HEIGHT + 30)
    return panels(layered, table, "layer", free_scale="y")
