"""Panels: one for each value of a column, aligned by their frames, with names of layers that do not run into each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import altair as alt

from study.report.charts.marks import told_apart
from study.report.charts.theme import in_order

if TYPE_CHECKING:
    import pandas as pd

PANEL_WIDTH = 210
PANEL_HEIGHT = 130
PANEL_COLUMNS = 4
COLUMN_GAP = 66  # room for the right panel's axis
ROW_GAP = 86  # room for the upper panel's axis and the lower one's heading

SLANTED_LIMIT = 170  # pixels of a slanted name; the end of a longer one is left out
_LETTER, _LINE = 8.3, 17  # width of a letter and height of a line of an axis' labels, in pixels


def panels(
    panel: Any,
    table: pd.DataFrame,
    column: str,
    *,
    columns: int = PANEL_COLUMNS,
    free_scale: str | None = None,
    row_gap: int = ROW_GAP,
    column_gap: int = COLUMN_GAP,
) -> alt.FacetChart:
    """Return one panel for each distinct value of `column`, in order of appearance, each with its own axes drawn.

    Panels are aligned by their frames, so that the width of axis labels does not move them. `free_scale` ("x" or "y")
    lets each panel have its own range; the gaps are in pixels. `panel` is a chart; Altair's annotations do not say which
    kind a layered one is.
    """
    faceted = _faceted(panel, table, column, columns=columns, row_gap=row_gap, column_gap=column_gap)
    faceted = faceted.resolve_axis(x="independent", y="independent")
    if free_scale is not None:
        faceted = faceted.resolve_scale(**{free_scale: "independent"})
    return cast("alt.FacetChart", faceted)


def panels_of_rows(panel: Any, table: pd.DataFrame, column: str, *, columns: int, column_gap: int) -> alt.FacetChart:
    """Return one panel for each distinct value of `column`; the rows of panels are named once, at the left."""
    faceted = _faceted(panel, table, column, columns=columns, row_gap=ROW_GAP, column_gap=column_gap)
    return cast("alt.FacetChart", faceted.resolve_axis(x="independent"))


def _faceted(panel: Any, table: pd.DataFrame, column: str, *, columns: int, row_gap: int, column_gap: int) -> Any:
    return panel.facet(
        facet=alt.Facet(f"{column}:N", sort=in_order(table, column), title=None),
        columns=columns,
        bounds="flush",
        spacing=alt.RowColnumber(row=row_gap, column=column_gap),
    )


def scatter_panels(
    table: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    group: str,
    *,
    size: int,
    opacity: float,
    tooltip: list[Any],
    free_scale: str,
) -> alt.FacetChart:
    """Return points in one panel a layer; the column `group` is colour and shape, one axis is each panel's own."""
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=size, opacity=opacity)
        .encode(x, y, tooltip=tooltip, **told_apart(table, group))
        .properties(width=PANEL_WIDTH, height=PANEL_WIDTH - 30)
    )
    return panels(points, table, "layer", free_scale=free_scale)


def width_of_names(names: list[str]) -> int:
    """Return about how wide the longest of some names is as the label of an axis, in pixels."""
    return int(max(map(len, names), default=0) * _LETTER)


def is_crowded(layers: list[str], width: int) -> bool:
    """Return whether layers' names have no room side by side under an axis of so many pixels."""
    return width_of_names(layers) > width / max(len(layers), 1)


def layer_axis(layers: list[str], width: int) -> alt.Axis:
    """Return the axis under a row of layers, their names slanted where they are crowded, left out where they still are."""
    if not is_crowded(layers, width):
        return alt.Axis()
    return alt.Axis(labelAngle=-45, labelOverlap=width / len(layers) < _LINE, labelLimit=SLANTED_LIMIT)


def row_gap(table: pd.DataFrame, width: int) -> int:
    """Return the room between rows of panels, more of it where layers' names are slanted."""
    return ROW_GAP + (SLANTED_LIMIT // 2 if is_crowded(in_order(table, "layer"), width) else 0)
