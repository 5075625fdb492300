"""What is behind an effect in one layer: the measurements that each network compares, or both variables of a correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from study.analysis.core.points import NetworkPoint, Quantity
from study.report.pictures.axis import Axis, axis_over
from study.report.pictures.columns import MOST_LINES, Column
from study.report.pictures.shapes import MOST_SHAPES, shaped
from study.report.pictures.svg import LINE, dots, line, polylines, text, width_of

_SOFT = ' opacity=".78"'
_FEW_TICKS = 90  # pixels of an axis below which only its first and last tick have a number
_FEW = 30  # networks whose ends are dots, too


def drawn_points(points: Sequence[NetworkPoint]) -> list[NetworkPoint]:
    """Return at most `MOST_LINES` of the points, at even steps."""
    if len(points) <= MOST_LINES:
        return list(points)
    return [points[place] for place in np.linspace(0, len(points) - 1, MOST_LINES).round().astype(int)]


def sides_axis(columns: Sequence[Column], start: float, end: float) -> Axis:
    """Return the axis of what the networks compare, the same for all layers."""
    values = [value for column in columns for point in column.points for value in point.sides]
    return axis_over(values, start=start, end=end, most_ticks=5)


def sides_column(column: Column, axis: Axis, sides: Sequence[str], left: float, width: float) -> list[str]:
    """Return a line a network over the sides that it compares, their means, and the names of the sides below."""
    xs = [left + width * (place + 0.5) / len(sides) for place in range(len(sides))]
    networks = [point for point in drawn_points(column.points) if len(point.sides) == len(sides)]
    lines = [[(x, axis.at(value)) for x, value in zip(xs, point.sides, strict=True)] for point in networks]
    marks = [polylines(lines, more=' class="joined" stroke-width="1.2" opacity=".4"')]
    if len(networks) <= _FEW:
        ends = [place for one in lines for place in one if math.isfinite(place[1])]
        marks.append(dots(ends, size=5, more=' class="sides" opacity=".5"'))
    for x, name, place in zip(xs, sides, range(len(sides)), strict=True):
        finite = [value for point in networks if math.isfinite(value := point.sides[place])]
        if finite:
            at = axis.at(math.fsum(finite) / len(finite))
            marks.append(line(x - 9, at, x + 9, at, more=' class="mean" stroke-width="3"'))
        if fit(sides, width):
            marks.append(text(x, axis.start + LINE - 2, name, anchor="middle", more=_SOFT))
    return marks


def fit(sides: Sequence[str], width: float) -> bool:
    """Return whether the names of the sides fit below a column of a width."""
    return all(width_of(name) + 8 <= width / len(sides) for name in sides)


def sides_words(quantity: Quantity, width: float) -> str:
    """Return the words of what is compared, with the names of the sides where they do not fit below the columns."""
    if fit(quantity.sides, width):
        return quantity.sides_label
    return f"{quantity.sides_label}; from left to right {', '.join(quantity.sides)}"


def scatter_axes(columns: Sequence[Column], start: float, end: float, width: float) -> tuple[Axis, Axis]:
    """Return the vertical axis of the one variable and the horizontal one of the other, the same for all layers."""
    points = [point for column in columns for point in column.points]
    of = axis_over((point.value for point in points), start=start, end=end, most_ticks=5)
    against = axis_over((point.against for point in points), start=0, end=width, most_ticks=4 if width > 130 else 3)
    return of, against


def scatter_column(column: Column, of: Axis, against: Axis) -> list[str]:
    """Return a layer's networks as dots over the other variable; the networks of a stratum with few are joined."""
    marks = [line(against.start, of.start, against.end, of.start, more=' opacity=".4"')]
    ticks = against.ticks
    if against.end - against.start < _FEW_TICKS:
        ticks = [ticks[0], ticks[-1]] if len(ticks) > 1 else ticks
    for value, said in ticks:
        marks.append(text(against.at(value), of.start + LINE - 2, said, anchor="middle", more=_SOFT))
    strata: dict[str, list[tuple[float, float]]] = {}
    for point in sorted(drawn_points(column.points), key=lambda one: (one.stratum, one.against)):
        if math.isfinite(point.value) and math.isfinite(point.against):
            place = (against.at(point.against), of.at(point.value))
            strata.setdefault(point.stratum, []).append(place)
    if _are_series(list(strata.values())):
        marks.append(polylines(strata.values(), more=' class="joined" stroke-width="1.2" opacity=".35"'))
        strata = {"": [place for places in strata.values() for place in places]}
    every = strata_of([column])
    return [*marks, *(shaped(every.index(name) if name in every else 0, places) for name, places in strata.items())]


def strata_of(columns: Sequence[Column]) -> list[str]:
    """Return the strata that have a shape of their own; none where there are more than shapes."""
    names = sorted({point.stratum for column in columns for point in column.points})
    return names if 1 < len(names) <= MOST_SHAPES else []


def _are_series(strata: Sequence[Sequence[tuple[float, float]]]) -> bool:
    """Return whether every stratum has one network at each of a few values of the other variable, so that lines can join them."""
    values = {x for places in strata for x, _ in places}
    return (
        len(strata) > 1
        and max(map(len, strata)) == len(values)
        and all(len({x for x, _ in places}) == len(places) for places in strata)
    )
