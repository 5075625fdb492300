"""What every chart shares: a palette that reads on white and on black, the order of layers, and rows of panels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import altair as alt
import numpy as np

from study.analysis.core.results import CONTRADICTED, INCONCLUSIVE, NOT_TESTED, SUPPORTED

if TYPE_CHECKING:
    import pandas as pd

# Mid-tones: each has a contrast of at least 3.6 on white and on the dark background, and they differ in lightness or
# hue for every common colour blindness; charts add a shape or a position wherever colour carries meaning.
BLUE = "#3b7fc4"
ORANGE = "#d2651a"
GREEN = "#23936f"
PURPLE = "#a765bd"
GREY = "#7c848c"
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, GREY)
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
VERDICT_COLOURS = {SUPPORTED: GREEN, CONTRADICTED: ORANGE, INCONCLUSIVE: PURPLE, NOT_TESTED: GREY}
VERDICT_SHAPES = {SUPPORTED: "circle", CONTRADICTED: "square", INCONCLUSIVE: "diamond", NOT_TESTED: "cross"}

PANEL_WIDTH = 190
PANEL_HEIGHT = 130
PANEL_COLUMNS = 4
COLUMN_GAP = 56  # room for the right panel's axis
ROW_GAP = 72  # room for the upper panel's axis and the lower one's heading

# The page's own text colour, so that one drawing serves the light page, the dark page and the printed one.
INK = "currentColor"
FONT = "system-ui, sans-serif"

SLANTED_LIMIT = 140  # pixels of a slanted name; the end of a longer one is left out
_LETTER, _LINE = 6.5, 13  # width of a letter and height of a line of an axis' labels, in pixels

_HALF = 0.32  # how far a point may be moved sideways, in widths of a layer's column

CONFIG: dict[str, Any] = {
    "background": None,
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
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 6,
        "labelOverlap": True,
        "labelSeparation": 6,
    },
    "axisX": {"grid": False, "labelAngle": 0},
    "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "labelFontWeight": 600, "labelPadding": 4},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "orient": "top",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "symbolStrokeWidth": 2,
        "symbolSize": 90,
        "labelLimit": 320,
        "columnPadding": 18,
    },
    "title": {"color": INK, "fontSize": 12, "fontWeight": 600},
    "text": {"color": INK},
    "rule": {"color": INK},
}


def in_order(table: pd.DataFrame, column: str) -> list[str]:
    """Return the distinct values of a column in order of appearance."""
    return [str(value) for value in table[column].drop_duplicates()]


def is_crowded(layers: list[str], width: int) -> bool:
    """Return whether layers' names have no room side by side under an axis of so many pixels."""
    return max(map(len, layers), default=0) * _LETTER > width / max(len(layers), 1)


def layer_axis(layers: list[str], width: int) -> alt.Axis:
    """Return the axis under a row of layers, their names slanted where they are crowded, left out where they still are."""
    if not is_crowded(layers, width):
        return alt.Axis()
    return alt.Axis(labelAngle=-45, labelOverlap=width / len(layers) < _LINE, labelLimit=SLANTED_LIMIT)


def palette(names: Iterable[str]) -> list[str]:
    """Return one colour a name, repeating the palette when there are more names than colours."""
    return [CATEGORIES[index % len(CATEGORIES)] for index, _ in enumerate(names)]


def shapes(names: Iterable[str]) -> list[str]:
    """Return one point shape a name, repeating when there are more names than shapes."""
    return [SHAPES[index % len(SHAPES)] for index, _ in enumerate(names)]


def panels(
    panel: Any,
    table: pd.DataFrame,
    column: str,
    *,
    columns: int = PANEL_COLUMNS,
    free_scale: str | None = None,
    row_gap: int = ROW_GAP,
) -> alt.FacetChart:
    """Return one panel for each distinct value of `column`, in order of appearance, each with its own axes drawn.

    Panels are aligned by their frames, so that the width of axis labels does not move them. `free_scale` ("x" or "y")
    lets each panel have its own range; `row_gap` is in pixels. `panel` is a chart; Altair's annotations do not say which
    kind a layered one is.
    """
    faceted = panel.facet(
        facet=alt.Facet(f"{column}:N", sort=in_order(table, column), title=None),
        columns=columns,
        bounds="flush",
        spacing=alt.RowColnumber(row=row_gap, column=COLUMN_GAP),
    ).resolve_axis(x="independent", y="independent")
    if free_scale is not None:
        faceted = faceted.resolve_scale(**{free_scale: "independent"})
    return cast("alt.FacetChart", faceted)


def if_any_interval(table: pd.DataFrame, layer: alt.Chart) -> list[alt.Chart]:
    """Return the layer of intervals, or nothing where no row has one: an empty scale makes the browser complain."""
    return [layer] if table[["ci_low", "ci_high"]].notna().all(axis=1).any() else []


def vertical_intervals(base: alt.Chart, table: pd.DataFrame, *, stroke_width: float) -> list[alt.Chart]:
    """Return upright rules from `ci_low` to `ci_high` at the places of `base`, or nothing where no row has an interval."""
    rules = (
        base.transform_filter("isValid(datum.ci_low) && isValid(datum.ci_high)")
        .mark_rule(color=INK, strokeWidth=stroke_width)
        .encode(alt.Y("ci_low:Q"), alt.Y2("ci_high:Q"))
    )
    return if_any_interval(table, rules)


def spread(points: pd.DataFrame) -> np.ndarray:
    """Return each point's sideways place in its layer's column, even and the same on every run."""
    by_layer = points.groupby("layer", sort=False)
    rank, count = by_layer.cumcount().to_numpy(), by_layer["layer"].transform("size").to_numpy()
    return np.asarray(_HALF * (2 * (rank + 0.5) / count - 1))
