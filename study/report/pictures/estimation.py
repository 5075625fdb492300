"""Every network a point, and the effect with its interval on an aligned axis: one form for every hypothesis.

Source: estimation plots, Gardner and Altman (1986), BMJ 292:746-750; Ho et al. (2019), Nature Methods 16:565-566.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from study.analysis.core.points import Quantity
from study.analysis.core.results import HypothesisResult
from study.report.hypothesis_words import margins
from study.report.pictures.axis import Axis, axis_over
from study.report.pictures.columns import LEFT, Column, Layout, columns_of, layout_of
from study.report.pictures.effects import column_foot, effect_column
from study.report.pictures.legend import legend_of
from study.report.pictures.measurements import scatter_axes, scatter_column, sides_axis, sides_column
from study.report.pictures.picture import Picture
from study.report.pictures.svg import LINE, SIZE, drawing, line, number, text, wrapped
from study.report.wording import interval_text, number_text

_CORRELATION: Final = (-1.0, 1.0)
_SOFT = ' opacity=".78"'
_UNNAMED = Quantity(label="estimate", unit="", higher="", lower="")
_GAP = 18


def estimation_plot(result: HypothesisResult, anchor: str, *, second: bool = False) -> Picture | None:
    """Return the estimation plot of a hypothesis, or None where no layer has a finite estimate.

    Above, where there are few layers, what each network's value compares, or both variables of a correlation; below, every
    network's value beside the effect with its interval, on one axis.

    Parameters
    ----------
    result
        With the points that its test rested on.
    anchor
        The picture's id on the page, safe as an HTML id.
    second
        Whether the second set of initialisations is drawn; None where there is none.
    """
    columns = columns_of(result, second=second)
    if not any(math.isfinite(column.result.estimate) for column in columns):
        return None
    description = _description(result, columns)
    wide, narrow = (_drawn(result, columns, description, narrow=narrow) for narrow in (False, True))
    return Picture(anchor, description, wide, narrow)


def _description(result: HypothesisResult, columns: Sequence[Column]) -> str:
    """Return in words what the picture shows."""
    quantity = result.quantity or _UNNAMED
    layers = "; ".join(
        f"{one.layer} {number_text(one.estimate)} {interval_text(one.ci_low, one.ci_high)}, {one.n} networks, {one.verdict}"
        for one in (column.result for column in columns)
    )
    return f"{quantity.axis}, estimate and interval by layer: {layers}."


def _drawn(result: HypothesisResult, columns: Sequence[Column], description: str, *, narrow: bool) -> str:
    """Return the picture in one width."""
    quantity, correlates = result.quantity or _UNNAMED, result.hypothesis.kind.correlates
    layout = layout_of(columns, quantity, narrow=narrow, correlates=correlates)
    marks, y = [], 0.0
    for row in layout.rows(columns):
        if layout.beside:
            drawn, y = _upper(row, columns, quantity, layout, y, correlates=correlates)
            marks += drawn
        drawn, y = _lower(row, columns, result, layout, y, titled=row[0] is columns[0])
        marks += drawn
    drawn, y = legend_of(result, columns, layout, y)
    return drawing("narrow" if narrow else "wide", layout.width, y, description, [*marks, *drawn])


def _title(words: str, y: float, layout: Layout, more: str) -> tuple[list[str], float]:
    """Return lines of a title and where they end."""
    lines = wrapped(words, layout.width - 4)
    return [text(0, y + LINE * (place + 1) - 5, said, more=more) for place, said in enumerate(lines)], y + LINE * len(
        lines
    )


def _upper(
    row: Sequence[Column],
    columns: Sequence[Column],
    quantity: Quantity,
    layout: Layout,
    y: float,
    *,
    correlates: bool,
) -> tuple[list[str], float]:
    """Return the panels of what is behind the effects, and where they end."""
    marks, y = _title(f"Each network: {quantity.of if correlates else quantity.sides_label}", y, layout, _SOFT)
    top, bottom = y + 8, y + 8 + layout.upper
    if correlates:
        of, against = scatter_axes(columns, bottom, top, layout.column)
        for place, column in enumerate(row):
            marks += scatter_column(column, of, against.moved(layout.left(place) + 10, layout.left(place + 1) - 10))
        marks.append(text(layout.left(0), bottom + 2 * LINE, quantity.against, more=_SOFT))
        y = bottom + 2 * LINE + _GAP
    else:
        of = sides_axis(columns, bottom, top)
        for place, column in enumerate(row):
            marks += sides_column(column, of, quantity.sides, layout.left(place), layout.column)
        y = bottom + LINE + _GAP
    return [*marks, *_numbers(of, layout.left(0))], y


def _lower(
    row: Sequence[Column],
    columns: Sequence[Column],
    result: HypothesisResult,
    layout: Layout,
    y: float,
    *,
    titled: bool,
) -> tuple[list[str], float]:
    """Return the panels of the effects with the names and verdicts of their layers, and where they end."""
    quantity, correlates = result.quantity or _UNNAMED, result.hypothesis.kind.correlates
    marks: list[str] = []
    if titled or layout.beside:
        marks, y = _title(quantity.axis[:1].upper() + quantity.axis[1:], y, layout, ' font-weight="600"')
    if titled and quantity.higher:
        directions = f"\N{UPWARDS ARROW} {quantity.higher}   \N{DOWNWARDS ARROW} {quantity.lower}"
        drawn, y = _title(directions, y, layout, _SOFT)
        marks += drawn
    top, bottom = y + 8, y + 8 + layout.lower
    axis = effect_axis(result, columns, bottom, top)
    right = layout.left(len(row))
    marks += [_band(result, axis, right), *_numbers(axis, layout.left(0))]
    null = axis.at(result.hypothesis.null_value)
    marks.append(line(LEFT, null, right, null, more=' class="null" stroke-width="1.5"'))
    for place, column in enumerate(row):
        marks += effect_column(column, axis, layout.left(place), layout.column, with_points=not correlates)
        marks += column_foot(column, layout.left(place) + layout.column / 2, bottom, layout.column)
    lines = 3 if any(column.condition for column in row) else 2
    return marks, bottom + LINE * lines + _GAP


def effect_axis(result: HypothesisResult, columns: Sequence[Column], start: float, end: float) -> Axis:
    """Return the axis of the effects, the same for all rows: it holds all that is drawn on it."""
    correlates = result.hypothesis.kind.correlates
    values = [result.hypothesis.null_value, *margins(result)]
    for column in columns:
        values += [column.result.estimate, column.result.ci_low, column.result.ci_high, column.published]
        values += [] if correlates else column.values
    is_correlation = result.quantity is not None and result.quantity.unit == "rank correlation"
    return axis_over(values, start=start, end=end, most_ticks=6, within=_CORRELATION if is_correlation else None)


def _band(result: HypothesisResult, axis: Axis, right: float) -> str:
    """Return the band of effects too small to matter: up to the smallest effect, or within both margins."""
    low, *other = margins(result)
    ends = sorted(axis.at(value) for value in (low, other[0] if other else result.hypothesis.null_value))
    place = f'x="{LEFT}" y="{number(ends[0])}" width="{number(right - LEFT)}" height="{number(ends[1] - ends[0])}"'
    return f'<rect class="too-small" {place} opacity=".1"/>'


def _numbers(axis: Axis, left: float) -> list[str]:
    """Return the numbers of a vertical axis and its line."""
    marks = [line(left, axis.start, left, axis.end, more=' opacity=".4"')]
    for value, said in axis.ticks:
        at = axis.at(value)
        marks.append(text(left - 8, at + SIZE * 0.35, said, anchor="end", more=_SOFT))
        marks.append(line(left - 4, at, left, at, more=' opacity=".4"'))
    return marks
