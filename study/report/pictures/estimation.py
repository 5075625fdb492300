"""Every network a point, and the effect with its interval on an aligned axis: one form for every hypothesis.

Source: estimation plots, Gardner and Altman (1986), BMJ 292:746-750; Ho et al. (2019), Nature Methods 16:565-566.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from study.analysis.core.points import Quantity
from study.analysis.core.results import HypothesisResult, LayerResult
from study.report.hypothesis_words import margins
from study.report.pictures.axis import Axis, axis_over
from study.report.pictures.columns import Column, Layout, columns_of, layout_of
from study.report.pictures.effects import column_foot, effect_column
from study.report.pictures.legend import legend_of
from study.report.pictures.measurements import fit, scatter_axes, scatter_column, sides_axis, sides_column, sides_words
from study.report.pictures.picture import Picture
from study.report.pictures.svg import BOLD, LINE, SIZE, drawing, line, number, shortened, text, width_of, wrapped
from study.report.wording import interval_text, number_text

_CORRELATION: Final = (-1.0, 1.0)
_SOFT = ' opacity=".78"'
_UNNAMED = Quantity(label="estimate", unit="", higher="", lower="")
_BOLD = ' font-weight="600"'
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
        f"{one.layer} {_in_words(one)}, {one.n} networks, {one.verdict}"
        for one in (column.result for column in columns)
    )
    return f"{quantity.axis}, estimate and interval by layer: {layers}."


def _in_words(layer: LayerResult) -> str:
    if not math.isfinite(layer.estimate):
        return "no estimate"
    interval = (
        interval_text(layer.ci_low, layer.ci_high) if math.isfinite(layer.ci_low + layer.ci_high) else "no interval"
    )
    return f"{number_text(layer.estimate)} {interval}"


def _drawn(result: HypothesisResult, columns: Sequence[Column], description: str, *, narrow: bool) -> str:
    """Return the picture in one width."""
    quantity, correlates = result.quantity or _UNNAMED, result.hypothesis.kind.correlates
    layout = layout_of(columns, quantity, narrow=narrow, correlates=correlates)
    heading = _heading(quantity, layout)
    marks, y = [], 0.0
    for row in layout.rows(columns):
        start = y
        if layout.beside:
            drawn, y = _upper(row, columns, quantity, layout, y, below=len(heading) if layout.across else 0)
            marks += drawn
        shown = heading if layout.beside or row[0] is columns[0] else []
        drawn, ended = _lower(row, columns, result, layout, start if layout.across else y, heading=shown)
        marks, y = marks + drawn, max(y, ended) if layout.across else ended
    drawn, y = legend_of(result, columns, layout, y)
    return drawing("narrow" if narrow else "wide", layout.width, y, description, [*marks, *drawn])


def _heading(quantity: Quantity, layout: Layout) -> list[tuple[str, str]]:
    """Return (line, style) of what the effects are and what either side of the null value means."""
    words = quantity.axis[:1].upper() + quantity.axis[1:]
    lines = [(said, _BOLD) for said in wrapped(words, layout.panel / BOLD)]
    if not quantity.higher:
        return lines
    higher, lower = f"\N{UPWARDS ARROW} {quantity.higher}", f"\N{DOWNWARDS ARROW} {quantity.lower}"
    together = f"{higher}, {lower}"
    fits = width_of(together) <= layout.panel
    said = [together] if fits else [*wrapped(higher, layout.panel), *wrapped(lower, layout.panel)]
    return [*lines, *((one, _SOFT) for one in said)]


def _title(lines: Sequence[tuple[str, str]], x: float, y: float) -> tuple[list[str], float]:
    """Return lines of a title and where they end."""
    marks = [text(x, y + LINE * (place + 1) - 5, said, more=more) for place, (said, more) in enumerate(lines)]
    return marks, y + LINE * len(lines)


def _upper(
    row: Sequence[Column],
    columns: Sequence[Column],
    quantity: Quantity,
    layout: Layout,
    y: float,
    *,
    below: int,
) -> tuple[list[str], float]:
    """Return the panels of what is behind the effects, below so many lines at least, and where they end."""
    words = sides_words(quantity, layout.column) if quantity.sides else quantity.of
    lines = wrapped(f"Each network: {words}", layout.panel)
    marks, _ = _title([(said, _SOFT) for said in lines], 0, y)
    top = y + LINE * max(below, len(lines) + layout.across) + 8
    if layout.across:
        marks += [
            text(layout.left(place) + layout.column / 2, top - 5, name, anchor="middle", more=_BOLD)
            for place, name in enumerate(shortened(column.result.layer, layout.column) for column in row)
        ]
    bottom = top + layout.upper
    if quantity.sides:
        of = sides_axis(columns, bottom, top)
        for place, column in enumerate(row):
            marks += sides_column(column, of, quantity.sides, layout.left(place), layout.column)
        y = bottom + (LINE if fit(quantity.sides, layout.column) else 0)
    else:
        of, against = scatter_axes(columns, bottom, top, layout.column)
        for place, column in enumerate(row):
            marks += scatter_column(column, of, against.moved(layout.left(place) + 10, layout.left(place + 1) - 10))
        marks.append(text(layout.left(0), bottom + 2 * LINE, quantity.against, more=_SOFT))
        y = bottom + 2 * LINE
    return [*marks, *_numbers(of, layout.left(0))], y + _GAP


def _lower(
    row: Sequence[Column],
    columns: Sequence[Column],
    result: HypothesisResult,
    layout: Layout,
    y: float,
    *,
    heading: Sequence[tuple[str, str]],
) -> tuple[list[str], float]:
    """Return the panels of the effects with the names and verdicts of their layers, and where they end."""
    marks, y = _title(heading, layout.effects_at, y)
    top, bottom = y + 8, y + 8 + layout.lower
    axis = effect_axis(result, columns, bottom, top)
    left, right = layout.left(0, layout.effects_at), layout.left(len(row), layout.effects_at)
    marks += [_band(result, axis, left, right), *_numbers(axis, left)]
    null = axis.at(result.hypothesis.null_value)
    marks.append(line(left, null, right, null, more=' class="null" stroke-width="1.5"'))
    for place, column in enumerate(row):
        begin = layout.left(place, layout.effects_at)
        marks += effect_column(column, axis, begin, layout.column, with_points=not result.hypothesis.kind.correlates)
        marks += column_foot(column, begin + layout.column / 2, bottom + 4, layout.column)
    lines = max(len(column_foot(column, 0, 0, layout.column)) for column in row)
    return marks, bottom + 4 + LINE * lines + _GAP


def effect_axis(result: HypothesisResult, columns: Sequence[Column], start: float, end: float) -> Axis:
    """Return the axis of the effects, the same for all rows: it holds all that is drawn on it."""
    correlates = result.hypothesis.kind.correlates
    values = [result.hypothesis.null_value, *margins(result)]
    for column in columns:
        values += [column.result.estimate, column.result.ci_low, column.result.ci_high, column.published]
        values += [] if correlates else column.values
    is_correlation = result.quantity is not None and result.quantity.unit == "rank correlation"
    return axis_over(values, start=start, end=end, most_ticks=6, within=_CORRELATION if is_correlation else None)


def _band(result: HypothesisResult, axis: Axis, left: float, right: float) -> str:
    """Return the band of effects too small to matter: up to the smallest effect, or within both margins."""
    low, *other = margins(result)
    ends = sorted(axis.at(value) for value in (low, other[0] if other else result.hypothesis.null_value))
    place = (
        f'x="{number(left)}" y="{number(ends[0])}" width="{number(right - left)}" height="{number(ends[1] - ends[0])}"'
    )
    return f'<rect class="too-small" {place} opacity=".1"/>'


def _numbers(axis: Axis, left: float) -> list[str]:
    """Return the numbers of a vertical axis and its line."""
    marks = [line(left, axis.start, left, axis.end, more=' opacity=".4"')]
    for value, said in axis.ticks:
        at = axis.at(value)
        marks.append(text(left - 8, at + SIZE * 0.35, said, anchor="end", more=_SOFT))
        marks.append(line(left - 4, at, left, at, more=' opacity=".4"'))
    return marks
