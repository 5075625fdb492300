"""The strip of verdicts as one SVG file of its own, for pages that are not made here: questions by layers, and a word each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from study.report.pictures.strip import StripRow, strip_layers
from study.report.pictures.svg import SIZE, escaped, escaped_description, number, shortened, text, wrapped
from study.report.verdict_marks import VERDICT_MARKS, class_name

FONT: Final = "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_TITLE, _CELL, _GLYPH, _WORD, _ROW, _HEAD, _EDGE = 680, 26, 16, 126, 21, 54, 16
_LINE = 17  # from one line of a title to the next
_LONGEST = 1.18 * _TITLE  # of a title as `shortened` reckons it, which takes every letter for a wide one
_PAGE: Final = {
    "light": ("#ffffff", "#1f2328", "#59636e", "#d1d9e0"),
    "dark": ("#0d1117", "#f0f6fc", "#9198a1", "#3d444d"),
}


def verdict_picture(rows: Sequence[StripRow], *, study: str) -> str:
    """Return the strip of a study as an SVG file, readable on light and dark pages: it brings its own ground.

    Every row is a question: its title, a glyph in each layer of the claim that stands for it, and the verdict's word, in the
    verdict's colour. Title and description say all of it in words, for readers who do not see it.
    """
    layers = strip_layers(rows)
    width = 2 * _EDGE + _TITLE + _CELL * len(layers) + _EDGE + _WORD
    titles = [wrapped(row.title, _LONGEST) or [""] for row in rows]
    heights = [_ROW + _LINE * (len(lines) - 1) for lines in titles]
    tops = list(itertools.accumulate(heights, initial=_HEAD))
    height = tops[-1] + _EDGE / 2
    title = f"Verdicts of the study {study}, by question and layer"
    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{number(width)}" height="{number(height)}"'
        f' viewBox="0 0 {number(width)} {number(height)}" font-family="{FONT}" font-size="{SIZE}">',
        f"<title>{escaped(title)}</title><desc>{escaped_description(picture_words(rows))}</desc>",
        f"<style>{_style()}</style>",
        f'<rect class="page" width="{number(width)}" height="{number(height)}" rx="6"/>',
        *(_layer_name(layer, place) for place, layer in enumerate(layers)),
        *(
            mark
            for row, lines, top, tall in zip(rows, titles, tops, heights, strict=False)
            for mark in _row(row, lines, layers, top, tall, width)
        ),
        "</svg>\n",
    ]
    return "\n".join(marks)


def picture_words(rows: Sequence[StripRow], *, layers: bool = True) -> str:
    """Return what the picture shows, in words: a question, its verdict, and, where asked for, the layers by verdict."""
    return " ".join(f"{row.title.rstrip('.?')}: {row.verdict}{_cells_words(row) if layers else ''}." for row in rows)


def _cells_words(row: StripRow) -> str:
    verdicts = dict.fromkeys(verdict for _, verdict in row.cells)
    if len(verdicts) < 2:
        return ""
    parts = (
        f"{verdict} in {', '.join(layer for layer, other in row.cells if other == verdict)}" for verdict in verdicts
    )
    return f" ({'; '.join(parts)})"


def _style() -> str:
    light, dark = (_colours(theme) for theme in _PAGE)
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}"


def _colours(theme: str) -> str:
    page, ink, soft, line = _PAGE[theme]
    own = f".page{{fill:{page};stroke:{line}}}.cut{{stroke:{page}}}.ink{{fill:{ink}}}.soft{{fill:{soft}}}.line{{stroke:{line}}}"
    colours = {class_name(mark.verdict): getattr(mark, theme) for mark in VERDICT_MARKS.values()}
    return own + "".join(f".{name}{{color:{colour}}}" for name, colour in colours.items())


def _layer_name(layer: str, place: int) -> str:
    x = _EDGE + _TITLE + _CELL * place + _CELL / 2 + SIZE / 3
    name = escaped(shortened(layer, 1.24 * (_HEAD - 8)))
    return f'<text class="soft" transform="translate({number(x)} {number(_HEAD - 6)}) rotate(-90)">{name}</text>'


def _row(
    row: StripRow, lines: Sequence[str], layers: Sequence[str], top: float, tall: float, width: float
) -> list[str]:
    verdicts, baseline = dict(row.cells), top + tall / 2 + SIZE / 3
    first = top + _ROW / 2 + SIZE / 3
    cells = [
        _glyph(verdict, _EDGE + _TITLE + _CELL * place + (_CELL - _GLYPH) / 2, top + (tall - _GLYPH) / 2)
        for place, layer in enumerate(layers)
        if (verdict := verdicts.get(layer)) is not None
    ]
    word = ' class="word" fill="currentColor" font-weight="600"'
    return [
        f'<path class="line" d="M{_EDGE},{number(top)}H{number(width - _EDGE)}"/>',
        *(text(_EDGE, first + _LINE * place, line, more=' class="ink"') for place, line in enumerate(lines)),
        *cells,
        f'<g class="{class_name(row.verdict)}">{text(width - _EDGE - _WORD, baseline, row.verdict, more=word)}</g>',
    ]


def _glyph(verdict: str, x: float, y: float) -> str:
    """Return a verdict's glyph in its colour; what is cut out of it shows the ground."""
    mark = VERDICT_MARKS.get(verdict)
    if mark is None:
        return ""
    drawn = mark.glyph.replace('stroke="var(--page)"', 'class="cut"')
    place = f"translate({number(x)} {number(y)}) scale({_GLYPH / 16:.4g})"
    return f'<g class="{class_name(verdict)}" transform="{place}">{drawn}</g>'
