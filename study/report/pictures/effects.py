"""One layer of an estimation plot: its networks as points, the effect with its interval, its name and its verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from study.report.pictures.axis import Axis
from study.report.pictures.columns import Column
from study.report.pictures.svg import LINE, dots, number, shortened, text, width_of
from study.report.verdict_marks import class_name

DOT: Final = 7.0  # width of a network's point, in pixels
_INTERVAL = 3.0
_POINTS, _EFFECT = 0.34, 0.72  # of the column's width
_CROWDED = 60  # points of a column above which they are drawn smaller


def effect_column(column: Column, axis: Axis, left: float, width: float, *, with_points: bool) -> list[str]:
    """Return the marks of one layer.

    Parameters
    ----------
    column
        The layer.
    axis
        Vertical.
    left, width
        Of the column, in pixels.
    with_points
        Whether the networks' values are in the unit of the effect; the other variable of a correlation is not.
    """
    center = left + width * (_EFFECT if with_points else 0.5)
    marks = []
    if with_points:
        size = DOT if len(column.values) <= _CROWDED else 4.0
        places = swarm([axis.at(value) for value in column.values], size, width * 0.5)
        at = left + width * _POINTS
        marks.append(dots(((at + x, y) for x, y in places), size=size, more=' class="networks" opacity=".45"'))
    return [*marks, *_effect(column, axis, center)]


def _effect(column: Column, axis: Axis, center: float) -> list[str]:
    """Return the effect, its interval where it has one, and the estimate of the analysis as published."""
    result, marks = column.result, []
    at = axis.at(result.estimate)
    if math.isfinite(result.ci_low) and math.isfinite(result.ci_high):
        low, high = axis.at(result.ci_low), axis.at(result.ci_high)
        d = f"M{number(center)},{number(low)}V{number(high)}"
        marks.append(f'<path class="interval" d="{d}" stroke="currentColor" stroke-width="{_INTERVAL:g}"/>')
    if math.isfinite(at):
        filled = "currentColor" if marks else "var(--page)"
        place = f'cx="{number(center)}" cy="{number(at)}" r="5.5"'
        marks.append(f'<circle class="effect" {place} fill="{filled}" stroke="currentColor" stroke-width="2"/>')
    verdict = f'<g class="{class_name(result.verdict)}">{"".join(marks)}</g>' if marks else ""
    if not math.isfinite(column.published):
        return [verdict]
    published = axis.at(column.published)
    d = f"M{number(center + 10)},{number(published)}l9,-5v10z"
    return [verdict, f'<path class="published" d="{d}" fill="none" stroke="currentColor" stroke-width="1.5"/>']


def column_foot(column: Column, center: float, bottom: float, width: float) -> list[str]:
    """Return the layer's name, the condition that its estimate is of, and its verdict, below a column."""
    said = [(column.result.layer, ' font-weight="600"')]
    if column.condition:
        said.append((column.condition.replace("_", " "), ' opacity=".78"'))
    said = [(shortened(words, width), more) for words, more in said]
    of_verdict = f' class="{class_name(column.result.verdict)}" fill="currentColor"'
    said += [(words, of_verdict) for words in verdict_lines(column.result.verdict, width)]
    return [
        text(center, bottom + LINE * (place + 1), words, anchor="middle", more=more)
        for place, (words, more) in enumerate(said)
    ]


def verdict_lines(verdict: str, width: float) -> list[str]:
    """Return a verdict as it stands below a column: in a line a word where it is too long for one; no word is cut."""
    return [verdict] if width_of(verdict) <= width else verdict.split()


def swarm(places: Sequence[float], size: float, width: float) -> list[tuple[float, float]]:
    """Return (offset, place) of points side by side where they would cover each other, as far as the width allows.

    Parameters
    ----------
    places
        In pixels, all finite.
    size
        Of a point.
    width
        That the offsets may take; where more points fall together they come to lie on each other.
    """
    bins: dict[int, list[float]] = {}
    for place in sorted(places):
        bins.setdefault(int(place // size), []).append(place)
    spread = []
    for members in bins.values():
        step = min(size, width / max(len(members), 1))
        spread += [((rank - (len(members) - 1) / 2) * step, place) for rank, place in enumerate(members)]
    return spread
