"""What every chart shares: a palette that reads on white and on black, and the order of names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from study.report.verdict_marks import VERDICT_MARKS

if TYPE_CHECKING:
    import pandas as pd

# Mid-tones: each has a contrast of at least 3.6 on white and on the dark background, they differ in lightness or hue for
# every common colour blindness, and none is like the colour of a verdict, which means that verdict alone; charts add a
# shape or a position wherever colour carries meaning.
TEAL = "#128a9c"
ROSE = "#d1477e"
OLIVE = "#6f8f24"
LAVENDER = "#8476c9"
GREY = "#7c848c"
DUSK = "#a65969"  # of a sixth series, for the chart that has so many
CATEGORIES = (TEAL, ROSE, OLIVE, LAVENDER, GREY)
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
VERDICT_COLOURS = {verdict: mark.chart for verdict, mark in VERDICT_MARKS.items()}
VERDICT_SHAPES = {verdict: mark.shape for verdict, mark in VERDICT_MARKS.items()}

# The page's own text colour, so that one drawing serves the light page, the dark page and the printed one.
INK = "currentColor"
FONT = "system-ui, sans-serif"

CONFIG: dict[str, Any] = {
    "background": None,
    # A reader's face may be wider than that with which the still drawing was measured.
    "padding": {"left": 30, "right": 24, "top": 5, "bottom": 5},
    "font": FONT,
    "view": {"stroke": None},
    # A chart has one label and its table; a label on every point would help nobody and double its size.
    "mark": {"aria": False},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "tickColor": INK,
        "domainColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.13,
        "domainOpacity": 0.55,
        "tickOpacity": 0.55,
        "labelOpacity": 0.85,
        "labelFontSize": 14,
        "titleFontSize": 14,
        "titleFontWeight": "normal",
        "titlePadding": 6,
        "labelOverlap": True,
        "labelSeparation": 6,
    },
    "axisX": {"grid": False, "labelAngle": 0},
    "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 14, "labelFontWeight": 600, "labelPadding": 4},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "orient": "top",
        "labelFontSize": 14,
        "titleFontSize": 14,
        "titleFontWeight": "normal",
        "symbolStrokeWidth": 2,
        "symbolSize": 90,
        "labelLimit": 420,
        "columnPadding": 40,
    },
    "title": {"color": INK, "fontSize": 14, "fontWeight": 600},
    "text": {"color": INK},
    "rule": {"color": INK},
}


def in_order(table: pd.DataFrame, column: str) -> list[str]:
    """Return the distinct values of a column in order of appearance."""
    return [str(value) for value in table[column].drop_duplicates()]


def palette(names: Iterable[str]) -> list[str]:
    """Return one colour a name, repeating the palette when there are more names than colours."""
    return [CATEGORIES[index % len(CATEGORIES)] for index, _ in enumerate(names)]


def shapes(names: Iterable[str]) -> list[str]:
    """Return one point shape a name, repeating when there are more names than shapes."""
    return [SHAPES[index % len(SHAPES)] for index, _ in enumerate(names)]
