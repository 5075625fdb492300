"""How a verdict looks and what it means: one colour, one glyph and one line each, the same in tables, charts and legends.

The shapes of the glyphs alone tell the verdicts apart, in grey and to every reader. The colours also differ in lightness or
hue for the common colour blindnesses, on the light and on the dark page, as the tests of this module hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
)

_RING = "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0ZM0.45,0A0.45,0.45,0,1,0,-0.45,0A0.45,0.45,0,1,0,0.45,0Z"  # the hole runs backwards


@dataclass(frozen=True, kw_only=True)
class VerdictMark:
    """One verdict as a reader sees it.

    `meaning` is its line in the legend. `light` and `dark` are the colours of its word on the light and the dark page,
    `chart` that of its points, which serves both; `shape` is the points' shape, a name or a path of Vega. `glyph` is what
    stands before the word: SVG in a square of 16 by 16, in the word's colour, with `--page` for what is cut out of it.
    """

    verdict: str
    meaning: str
    light: str
    dark: str
    chart: str
    shape: str
    glyph: str


def _drawn(path: str, width: float) -> str:
    """Return a line in the page's colour, cut out of a glyph."""
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{path}" fill="none" stroke="var(--page)" stroke-width="{width}" {ends}/>'


VERDICT_MARKS: Mapping[str, VerdictMark] = {
    mark.verdict: mark
    for mark in (
        VerdictMark(
            verdict=SUPPORTED,
            meaning="the effect lies beyond the null value on the claimed side, or a claimed absence within its margin:"
            " Holm-adjusted one-sided p at most alpha, and an estimate as large as registered",
            light="#137a50",
            dark="#35dc9b",
            chart="#217e57",
            shape="circle",
            glyph=f'<circle cx="8" cy="8" r="7" fill="currentColor"/>{_drawn("M4.6 8.3l2.3 2.4 4.5-5", 1.9)}',
        ),
        VerdictMark(
            verdict=OPPOSITE,
            meaning="the effect lies beyond the null value on the other side: Holm-adjusted one-sided p at most alpha",
            light="#b25306",
            dark="#eb6d54",
            chart="#aa5a23",
            shape="triangle-down",
            glyph='<path d="M.6 2h14.8L8 15z" fill="currentColor"/>',
        ),
        VerdictMark(
            verdict=RULED_OUT,
            meaning="an effect as large as the smallest that matters is excluded: Holm-adjusted one-sided p at most alpha",
            light="#0f56d9",
            dark="#5496f7",
            chart="#116fe3",
            shape="square",
            glyph='<rect x="1" y="1" width="14" height="14" rx="2" fill="currentColor"/>' + _drawn("M4.5 8h7", 2.2),
        ),
        VerdictMark(
            verdict=EFFECT_PRESENT,
            meaning="of a claim of absence: the effect lies beyond the margin, Holm-adjusted one-sided p at most alpha",
            light="#4b380a",
            dark="#ecb43b",
            chart="#b5850a",
            shape="triangle-up",
            glyph='<path d="M.6 14h14.8L8 1z" fill="currentColor"/>' + _drawn("M8 9.5v1.2", 2.6),
        ),
        VerdictMark(
            verdict=INCONCLUSIVE,
            meaning="none of these is shown: the data do not decide, which is no evidence of absence",
            light="#7d1f95",
            dark="#d2a4e7",
            chart="#aa3aad",
            shape="diamond",
            glyph='<path d="M8 .8L15.2 8 8 15.2.8 8z" fill="none" stroke="currentColor" stroke-width="1.5"/>'
            '<path d="M8 .8L15.2 8 8 15.2z" fill="currentColor"/>',
        ),
        VerdictMark(
            verdict=NOT_INFORMATIVE,
            meaning="the networks did not learn what they must for the test to mean something: no verdict, whatever its p",
            light="#23282d",
            dark="#dcdfe5",
            chart="#5e6c7e",
            shape=_RING,
            glyph='<circle cx="8" cy="8" r="6.3" fill="none" stroke="currentColor" stroke-width="2"/>'
            '<path d="M3.6 12.4l8.8-8.8" stroke="currentColor" stroke-width="2"/>',
        ),
        VerdictMark(
            verdict=NOT_TESTED,
            meaning="the test could not be run, for the reason given",
            light="#5a6477",
            dark="#8e9397",
            chart="#8b8e90",
            shape="cross",
            glyph='<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.4 1.8"/>'
            '<path d="M5 8h6" stroke="currentColor" stroke-width="1.6"/>',
        ),
        VerdictMark(
            verdict=NOT_SUPPORTED,
            meaning="of the analysis as published, where the paper reads a figure by eye: what it reads is not there",
            light="#4d555e",
            dark="#a9b1b9",
            chart="#767f88",
            shape="triangle-right",
            glyph='<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
            '<path d="M5 5l6 6M11 5l-6 6" stroke="currentColor" stroke-width="1.6"/>',
        ),
    )
}


def verdict_style() -> str:
    """Return the style of the verdicts' words: their colours on the light, the dark and the printed page."""
    light, dark = (
        "".join(f" --{class_name(mark.verdict)}: {colour(mark)};" for mark in VERDICT_MARKS.values())
        for colour in (lambda mark: mark.light, lambda mark: mark.dark)
    )
    rules = [
        f":root {{{light} }}",
        f"@media (prefers-color-scheme: dark) {{ :root {{{dark} }} }}",
        f"@media print {{ :root {{{light} }} }}",
        *(f".{class_name(verdict)} {{ color: var(--{class_name(verdict)}); }}" for verdict in VERDICT_MARKS),
    ]
    return "\n".join(["", *rules, ""])


def class_name(verdict: str) -> str:
    """Return the name that a verdict has in the style and among the glyphs: small letters and dashes."""
    return re.sub(r"[^a-z]+", "-", verdict.lower())
