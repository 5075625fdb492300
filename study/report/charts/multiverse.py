"""The specification curve: what every specification of a question's multiverse says, and the levels it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from study.analysis.core.charts import SPECIFICATION_COLUMNS
from study.report.charts.marks import by_verdict, defined, intervals, numbers
from study.report.charts.theme import INK, in_order

_COLUMNS = 4  # layers beside each other
_WIDTH, _NARROW = 300, 150  # of a panel, with few and with many layers
_HEIGHT = 200
_ROW = 18  # pixels a level
_WIDE = 20.0  # an effect beyond this makes the axis logarithmic away from 0
_TICKS = (-300, -100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100, 300)
_CORRELATION = "rank correlation"


def specification_curve(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each layer's specifications sorted by effect, and below them the level of each factor.

    Parameters
    ----------
    table
        A row a layer and specification. Columns `layer`, `place` (from 1, by effect), `effect`, `ci_low`, `ci_high` (NaN
        where undefined), `says` (a verdict), `registered` (whether it is the registered specification), for the tooltip
        `estimate`, `unit`, `pvalue`, `networks`; every further column but `undefined` and `note` is a factor.

    Returns
    -------
    alt.TopLevelMixin
        Four layers in a row; colour and shape are the verdict, a dashed upright line and a ring mark the registered
        specification. A factor with one level only is not drawn.
    """
    factors = [name for name in table.columns if name not in SPECIFICATION_COLUMNS and table[name].nunique() > 1]
    layers = in_order(table, "layer")
    colours, marks = by_verdict(table, "says")
    width = _WIDTH if len(layers) <= 2 else _NARROW
    levels = [f"{factor}: {level}" for factor in factors for level in in_order(table, factor)]
    # The first panel of a row has the labels of the axis; what the others draw is built once.
    upper, lower = (
        [drawn(first) for first in (False, True)]
        for drawn in (_curves(table, factors, colours, marks), _levels(table, factors, levels, colours))
    )
    rows = []
    for first in range(0, len(layers), _COLUMNS):
        some = layers[first : first + _COLUMNS]
        in_row = table[table["layer"].isin(some)].drop(columns=["undefined", "note"])
        panels = [
            _panel(upper[layer == some[0]], in_row, layer, width, _HEIGHT).properties(
                title=alt.Title(layer, frame="group")
            )
            for layer in some
        ]
        if factors:
            height = _ROW * len(levels)
            panels += [_panel(lower[layer == some[0]], in_row, layer, width, height) for layer in some]
        spacing = alt.RowColnumber(row=8, column=14)
        rows.append(alt.concat(*panels, columns=len(some), bounds="flush", spacing=spacing))
    return alt.vconcat(*rows, spacing=48)  # also of a single row: by itself it would not make room for its labels


def _panel(marks: list[Any], table: pd.DataFrame, layer: str, width: int, height: int) -> Any:
    """Return one layer's panel of some marks."""
    of_layer = alt.FieldEqualPredicate(field="layer", equal=layer)
    return alt.layer(*marks, data=table).transform_filter(of_layer).properties(width=width, height=height)


def _base(table: pd.DataFrame) -> alt.Chart:
    last = int(table["place"].max())
    return alt.Chart().encode(
        alt.X("place:Q", title=None, axis=None, scale=alt.Scale(domain=[0, last + 1], nice=False, zero=False))
    )


def _marker(base: alt.Chart) -> Any:
    """Return the upright line at the registered specification."""
    return base.transform_filter("datum.registered").mark_rule(color=INK, strokeDash=[3, 2], opacity=0.8)


def _curves(table: pd.DataFrame, factors: list[str], colours: Any, marks: Any) -> Callable[[bool], list[Any]]:
    """Return what draws the marks of an upper panel; the first panel of a row has the labels of its axis."""
    base = _base(table)
    title = _CORRELATION if set(table["unit"]) == {_CORRELATION} else "effect (SD)"
    axis, scale = _value_axis(table)
    tooltip = [
        "layer:N",
        "says:N",
        *numbers("effect", "estimate", form=".3g"),
        "unit:N",
        *numbers("pvalue", form=".3g"),
        "networks:Q",
        *(f"{name}:N" for name in factors),
    ]

    def drawn(first: bool) -> list[Any]:
        labels = {"title": title, "axis": alt.Axis(**axis)} if first else {"title": None, "axis": _bare(**axis)}
        y = alt.Y("effect:Q", scale=scale, **labels)
        points = defined(base, "effect").mark_point(filled=True, size=22, opacity=1)
        points = points.encode(y, color=colours, shape=marks, tooltip=tooltip)
        ring = base.transform_filter("datum.registered && isValid(datum.effect)").mark_point(
            filled=False, size=150, color=INK, strokeWidth=1.6, opacity=1
        )
        rules = intervals(base.encode(color=colours), table, alt.Y, stroke_width=1, axis={"scale": scale, **labels})
        zero = alt.Chart().transform_calculate(zero="0").mark_rule(color=INK, opacity=0.6)
        zero = zero.encode(alt.Y("min(zero):Q", scale=scale, **labels))
        return [zero, _marker(base), *rules, points, ring.encode(y)]

    return drawn


def _bare(**options: Any) -> alt.Axis:
    """Return the axis of a panel whose neighbour to the left has the labels."""
    return alt.Axis(**(options | {"labels": False, "ticks": False, "domain": False}))


def _value_axis(table: pd.DataFrame) -> tuple[dict[str, Any], alt.Scale]:
    """Return the axis of effects, the same in every panel: logarithmic on both sides of 0 where some are very large."""
    values = table[["effect", "ci_low", "ci_high"]].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    low, high = (min(float(values.min()), 0.0), max(float(values.max()), 0.0)) if values.size else (-1.0, 1.0)
    if max(-low, high) > _WIDE:
        ticks = [tick for tick in _TICKS if 1.1 * low - 1 <= tick <= 1.1 * high + 1]
        scale = alt.Scale(type="symlog", constant=1, domain=[1.1 * low - 1, 1.1 * high + 1], nice=False)
        return {"values": ticks}, scale
    margin = 0.06 * (high - low) or 1.0
    return {"tickCount": 6}, alt.Scale(domain=[low - margin, high + margin], nice=False)


def _levels(table: pd.DataFrame, factors: list[str], rows: list[str], colours: Any) -> Callable[[bool], list[Any]]:
    """Return what draws the marks of a lower panel: a square at the level of each factor."""
    base: Any = _base(table)
    options: dict[str, Any] = {
        "grid": True,
        "labelLimit": 230,
        "labelFontSize": 14,
        "labelOverlap": False,
        "ticks": False,
        "domain": False,
    }

    def drawn(first: bool) -> list[Any]:
        axis = alt.Axis(**options) if first else _bare(**options)
        y = alt.Y("row:N", sort=rows, title=None, scale=alt.Scale(domain=rows), axis=axis)
        squares = base.transform_fold([*factors], as_=["factor", "level"])
        squares = squares.transform_calculate(row="datum.factor + ': ' + datum.level").mark_square(size=9, opacity=1)
        return [_marker(base), squares.encode(y, color=colours)]

    return drawn
