"""What the marks of an estimation plot are, in one line or two below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import HypothesisResult
from study.report.hypothesis_words import margins_text
from study.report.pictures.columns import MOST_LINES, Column, Layout
from study.report.pictures.measurements import strata_of
from study.report.pictures.shapes import shaped
from study.report.pictures.svg import LINE, line, number, text, width_of
from study.report.wording import setting_text

_SYMBOL = 26  # pixels that a mark takes before its words


def legend_of(result: HypothesisResult, columns: Sequence[Column], layout: Layout, y: float) -> tuple[list[str], float]:
    """Return the legend below `y` and where it ends: only what the picture has."""
    marks, x, y = [], 0.0, y + 6
    for kind, words in _entries(result, columns, layout):
        wide = _SYMBOL + width_of(words) + 14
        if x and x + wide > layout.width:
            x, y = 0.0, y + LINE
        marks += [_mark(kind, x + 10, y), text(x + _SYMBOL, y + 5, words, more=' opacity=".78"')]
        x += wide
    return marks, y + LINE


def _entries(result: HypothesisResult, columns: Sequence[Column], layout: Layout) -> list[tuple[str, str]]:
    """Return (mark, words) of everything that is drawn."""
    hypothesis = result.hypothesis
    entries = []
    strata = strata_of(columns) if hypothesis.kind.correlates and layout.beside else []
    if strata and hypothesis.strata != "seed":
        entries += [(str(place), f"network, {name}" if place == 0 else name) for place, name in enumerate(strata)]
    elif any(column.points for column in columns) and (layout.beside or not hypothesis.kind.correlates):
        entries.append(("0", "a network"))
    if any(math.isfinite(column.result.ci_low) for column in columns):
        entries.append(("effect", f"effect with its {100 * hypothesis.confidence_level:g} % interval"))
    elif any(math.isfinite(column.result.estimate) for column in columns):
        entries.append(("estimate", "estimate, without interval"))
    entries.append(("null", f"null value {setting_text(hypothesis.null_value)}"))
    small = "within the margins" if hypothesis.kind.absence else "too small to matter: up to"
    entries.append(("band", f"{small} {margins_text(result)}"))
    if any(math.isfinite(column.published) for column in columns):
        entries.append(("published", "analysed as published"))
    most = max((len(column.points) for column in columns), default=0)
    if most > MOST_LINES and layout.beside:
        entries.append(("", f"above, {MOST_LINES} of {most} networks"))
    return entries


def _mark(kind: str, x: float, y: float) -> str:
    if kind.isdigit():
        return shaped(int(kind), [(x, y)], name="key")
    if kind in ("effect", "estimate"):
        fill = "currentColor" if kind == "effect" else "var(--page)"
        dot = f'<circle cx="{number(x)}" cy="{number(y)}" r="5" fill="{fill}" stroke="currentColor" stroke-width="2"/>'
        return (line(x, y - 10, x, y + 10, more=' stroke-width="3"') if kind == "effect" else "") + dot
    if kind == "null":
        return line(x - 9, y, x + 9, y, more=' stroke-width="1.5"')
    if kind == "band":
        return f'<rect x="{number(x - 9)}" y="{number(y - 7)}" width="18" height="14" opacity=".15"/>'
    if kind == "published":
        return f'<path d="M{number(x - 5)},{number(y)}l9,-5v10z" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    return ""
