"""What several charts draw alike: encodings that tell groups apart, intervals, bars side by side, points and their means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from study.report.charts.theme import GREY, INK, TEAL, VERDICT_COLOURS, VERDICT_SHAPES, in_order, palette, shapes

if TYPE_CHECKING:
    import pandas as pd

_HALF = 0.32  # how far a point may be moved sideways, in widths of a layer's column
_COLUMN = alt.Scale(domain=[-0.5, 0.5])  # a layer's column, from edge to edge


def numbers(*columns: str, form: str) -> list[alt.Tooltip]:
    """Return the entries of a tooltip for columns of numbers, all in the same form, such as ".3f"."""
    return [alt.Tooltip(f"{column}:Q", format=form) for column in columns]


def by_colour(
    column: str, names: Sequence[str], colours: Sequence[str] | None = None, *, title: str | None = None, **options: Any
) -> alt.Color:
    """Return the encoding of a column's names by colour: those of the palette, or others in the order of the names."""
    scale = alt.Scale(domain=list(names), range=list(colours or palette(names))[: len(names)])
    return alt.Color(f"{column}:N", sort=list(names), title=title, scale=scale, **options)


def by_shape(
    column: str, names: Sequence[str], forms: Sequence[str] | None = None, *, title: str | None = None
) -> alt.Shape:
    """Return the encoding of a column's names by the shape of points, to go with `by_colour`."""
    scale = alt.Scale(domain=list(names), range=list(forms or shapes(names))[: len(names)])
    return alt.Shape(f"{column}:N", sort=list(names), title=title, scale=scale)


def by_verdict(table: pd.DataFrame, column: str) -> tuple[alt.Color, alt.Shape]:
    """Return the encodings of the verdicts that occur in a column, by the colour and the shape that each has everywhere."""
    names = [verdict for verdict in VERDICT_COLOURS if verdict in set(table[column])]
    return (
        by_colour(column, names, [VERDICT_COLOURS[name] for name in names]),
        by_shape(column, names, [VERDICT_SHAPES[name] for name in names]),
    )


def close_axis(channel: type[alt.X | alt.Y], column: str, title: str, *, ticks: int = 4, padding: int = 8) -> Any:
    """Return an axis that spans the values of a column and does not start at zero; `padding` is in pixels."""
    scale = alt.Scale(zero=False, padding=padding)
    return channel(f"{column}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=ticks))


def defined(base: alt.Chart, *columns: str) -> Any:
    """Return a chart of the rows in which every one of these columns has a value."""
    return base.transform_filter(" && ".join(f"isValid(datum.{column})" for column in columns))


def intervals(
    base: Any,
    table: pd.DataFrame,
    channel: type[alt.X | alt.Y],
    *,
    stroke_width: float,
    ends: tuple[str, str] = ("ci_low", "ci_high"),
    axis: dict[str, Any] | None = None,
    **mark: Any,
) -> list[Any]:
    """Return rules along an axis from the lower to the upper end of each interval, at the places of `base`.

    Parameters
    ----------
    base, table
        What is drawn; rows without an interval are left out.
    channel
        `alt.X` for level rules, `alt.Y` for upright ones.
    stroke_width
        In pixels.
    ends
        Columns of the lower and the upper end.
    axis, mark
        Further options of the axis and of the rules.

    Returns
    -------
    list
        One layer, or none where no row has an interval: an empty scale makes the browser complain.
    """
    if not table[list(ends)].notna().all(axis=1).any():
        return []
    low, high = ends
    rules = defined(base, low, high).mark_rule(strokeWidth=stroke_width, **mark)
    end = alt.X2 if channel is alt.X else alt.Y2
    return [rules.encode(channel(f"{low}:Q", **(axis or {})), end(f"{high}:Q"))]


def upright_intervals(base: Any, table: pd.DataFrame, *, stroke_width: float) -> list[Any]:
    """Return upright rules in ink from `ci_low` to `ci_high`, or nothing where no row has an interval."""
    return intervals(base, table, alt.Y, stroke_width=stroke_width, color=INK)


def zero_rule() -> Any:
    """Return one dashed upright rule at 0 for each panel."""
    rule = alt.Chart().transform_calculate(zero="0").mark_rule(color=INK, opacity=0.6, strokeDash=[5, 4])
    return rule.encode(alt.X("min(zero):Q"))


def side_by_side(
    chart: alt.Chart,
    table: pd.DataFrame,
    group: str,
    value: alt.Y,
    colour: alt.Color,
    *,
    tooltip: Sequence[Any],
    stroke_width: float = 1.4,
    axis: Any = alt.Undefined,
) -> list[Any]:
    """Return bars side by side within each layer, one for each name of the column `group`, and their intervals if any."""
    layers, groups = in_order(table, "layer"), in_order(table, group)
    base = chart.encode(
        alt.X("layer:N", sort=layers, title=None, scale=alt.Scale(paddingInner=0.25), axis=axis),
        alt.XOffset(f"{group}:N", sort=groups, scale=alt.Scale(paddingInner=0.08)),
        tooltip=list(tooltip),
    )
    bars = base.mark_bar().encode(value, color=colour)
    with_ends = {"ci_low", "ci_high"} <= set(table.columns)
    return [bars, *(upright_intervals(base, table, stroke_width=stroke_width) if with_ends else [])]


def spread(points: pd.DataFrame, columns: Sequence[str] = ("layer",), reach: float = _HALF) -> np.ndarray:
    """Return each point's place across its column or row, even and the same on every run; up to `reach` from the middle.

    Points of one column or row have the same values of `columns`.
    """
    together = points.groupby(list(columns), sort=False)
    rank, count = together.cumcount().to_numpy(), together[columns[0]].transform("size").to_numpy()
    return np.asarray(reach * (2 * (rank + 0.5) / count - 1))


def mean_tick(base: Any, value: alt.X | alt.Y, *, size: int = 34) -> Any:
    """Return thick bars at means, of so many pixels."""
    return base.mark_tick(color=INK, thickness=3, size=size, opacity=1).encode(value)


def networks_and_means(
    table: pd.DataFrame,
    value: alt.Y,
    column: str,
    *,
    form: str,
    width: int,
    height: int,
    group: str = "",
    opacity: float = 0.7,
) -> alt.TopLevelMixin:
    """Draw each network's value and the mean over networks with its interval, layer by layer, with a rule at 0.

    Parameters
    ----------
    table
        Columns `layer`, `network`, the value's, `kind` ("network" for one network's point, "mean" for the mean over
        networks), `ci_low`, `ci_high` (finite on "mean" rows, otherwise NaN).
    value, column, form
        Axis of the value, its column, and the form of its number in tooltips.
    width, height
        Of the chart, in pixels.
    group
        Column that colour and shape of the points stand for; '' for none.
    opacity
        Of the points.

    Returns
    -------
    alt.TopLevelMixin
        Points spread sideways by rank so that none hides another; the mean as a bar with its interval.
    """
    layers = in_order(table, "layer")
    points = table[table["kind"] == "network"]
    points = points.assign(spread=spread(points))
    place = (alt.X("layer:N", sort=layers, title=None), alt.XOffset("spread:Q", scale=_COLUMN))
    networks = alt.Chart(points).mark_point(filled=True, size=34, opacity=opacity)
    networks = networks.encode(
        *place,
        value,
        tooltip=["layer:N", "network:N", *([f"{group}:N"] if group else []), *numbers(column, form=form)],
        **told_apart(points, group),
    )
    means = alt.Chart(table[table["kind"] == "mean"].assign(spread=0.0)).encode(
        *place, tooltip=["layer:N", *numbers(column, "ci_low", "ci_high", form=form)]
    )
    zero = alt.Chart(points.iloc[:1]).mark_rule(color=GREY, strokeDash=[4, 3]).encode(y=alt.datum(0))
    marks = (zero, networks, *upright_intervals(means, table, stroke_width=2), mean_tick(means, value))
    return alt.layer(*marks).properties(width=width, height=height)


def told_apart(table: pd.DataFrame, group: str) -> dict[str, Any]:
    """Return the encodings of a column's names by colour and shape, titled as the column; one colour without a column."""
    if not group:
        return {"color": alt.value(TEAL)}
    names = in_order(table, group)
    return {"color": by_colour(group, names, title=group), "shape": by_shape(group, names, title=group)}
