"""What is behind an effect in one layer: the measurements that each network compares, or both variables of a correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from study.analysis.core.points import NetworkPoint
from study.report.pictures.axis import Axis, axis_over
from study.report.pictures.columns import MOST_LINES, Column
from study.report.pictures.effects import DOT
from study.report.pictures.svg import LINE, dots, line, polylines, shortened, text

_SOFT = ' opacity=".78"'
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
        said = shortened(name, width / len(sides))
        marks.append(text(x, axis.start + LINE - 2, said, anchor="middle", more=_SOFT))
    return marks


def scatter_axes(columns: Sequence[Column], start: float, end: float, width: float) -> tuple[Axis, Axis]:
    """Return the vertical axis of the one variable and the horizontal one of the other, the same for all layers."""
    points = [point for column in columns for point in column.points]
    of = axis_over((point.value for point in points), start=start, end=end, most_ticks=5)
    against = axis_over((point.against for point in points), start=0, end=width, most_ticks=4 if width > 130 else 3)
    return of, against


def scatter_column(column: Column, of: Axis, against: Axis) -> list[str]:
    """Return a layer's networks as dots over the other variable; the networks of a stratum with few are joined."""
    marks = [line(against.start, of.start, against.end, of.start, more=' opacity=".4"')]
    for value, said in against.ticks:
        marks.append(text(against.at(value), of.start + LINE - 2, said, anchor="middle", more=_SOFT))
    strata: dict[str, list[tuple[float, float]]] = {}
    for point in sorted(drawn_points(column.points), key=lambda one: (one.stratum, one.against)):
        if math.isfinite(point.value) and math.isfinite(point.against):
            place = (against.at(point.against), of.at(point.value))
            strata.setdefault(point.stratum, []).append(place)
    if len(strata) > 1 and all(_is_a_series(places) for places in strata.values()):
        marks.append(polylines(strata.values(), more=' class="joined" stroke-width="1.2" opacity=".35"'))
    every = [place for places in strata.values() for place in places]
    return [*marks, dots(every, size=DOT - 1, more=' class="networks" opacity=".5"')]


def _is_a_series(places: Sequence[tuple[float, float]]) -> bool:
    """Return whether a stratum has one network a value of the other variable, so that a line can join them."""
    return len({x for x, _ in places}) == len(places) <= 12
