"""What an estimation plot draws of each layer, and where: columns side by side, in rows that fit the width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from study.analysis.core.points import NetworkPoint, Quantity
from study.analysis.core.results import HypothesisResult, LayerResult
from study.report.pictures.picture import NARROW, WIDE

LEFT: Final = 62  # pixels before the first column, for the numbers of the axis
MOST_BESIDE: Final = 8  # layers whose measurements stand above their effects on the wide picture
MOST_BESIDE_NARROW: Final = 3
WIDEST_COLUMN: Final = 230
MOST_ACROSS: Final = 3  # layers whose measurements stand to the left of their effects on the wide picture
BETWEEN: Final = 40  # pixels between both, then
MOST_LINES: Final = 60  # networks of a layer drawn as lines; a page with a line a network would grow with the study


@dataclass(frozen=True)
class Column:
    """One layer: its result, the networks that its estimate is of, and the estimate of the analysis as published or NaN."""

    result: LayerResult
    points: tuple[NetworkPoint, ...]
    published: float

    @property
    def values(self) -> list[float]:
        """Return the values of the networks that have one."""
        return [point.value for point in self.points if math.isfinite(point.value)]

    @property
    def condition(self) -> str:
        """Return the condition that the estimate is of, '' where there is one alone."""
        return self.points[0].condition if self.points else ""


@dataclass(frozen=True)
class Layout:
    """Where the columns stand.

    `width` is that of the picture, `per_row` the number of columns in a row, `column` their width; `beside` says whether
    the measurements behind the effects are drawn, `across` whether to the left of these and not above, `upper` and `lower`
    are the heights of both panels.
    """

    width: float
    per_row: int
    column: float
    beside: bool
    across: bool
    upper: float
    lower: float

    @property
    def is_narrow(self) -> bool:
        """Return whether it is that for a telephone."""
        return self.width == NARROW

    @property
    def panel(self) -> float:
        """Return the width that a panel and its title have."""
        return (self.width - BETWEEN) / 2 if self.across else self.width

    @property
    def effects_at(self) -> float:
        """Return where the panel of the effects begins."""
        return self.panel + BETWEEN if self.across else 0.0

    def left(self, place: int, start: float = 0.0) -> float:
        """Return where the column at a place of its row begins, in a panel that begins at `start`."""
        return start + LEFT + place * self.column

    def rows(self, columns: Sequence[Column]) -> list[Sequence[Column]]:
        """Return the columns row by row."""
        return [columns[start : start + self.per_row] for start in range(0, len(columns), self.per_row)]


def columns_of(result: HypothesisResult, *, second: bool) -> tuple[Column, ...]:
    """Return a column a layer of the first or the second set; none where there is no such set."""
    if second and result.second is None:
        return ()
    layers, points = result.layers, result.points
    if second and result.second is not None:
        layers, points = result.second.layers, result.second.points
    alike = result.quantity is not None and result.quantity.published_alike and not second
    published = {layer.layer: layer.estimate for layer in result.published_layers} if alike else {}
    return tuple(Column(layer, _of_estimate(layer, points), published.get(layer.layer, math.nan)) for layer in layers)


def _of_estimate(layer: LayerResult, points: Sequence[NetworkPoint]) -> tuple[NetworkPoint, ...]:
    """Return the layer's points under the condition whose mean is the estimate: the weakest one of several."""
    by_condition: dict[str, list[NetworkPoint]] = {}
    for point in points:
        if point.layer == layer.layer:
            by_condition.setdefault(point.condition, []).append(point)
    if len(by_condition) < 2:
        return tuple(next(iter(by_condition.values()), ()))
    distances = {name: abs(_mean(some) - layer.estimate) for name, some in by_condition.items()}
    nearest = min(distances, key=lambda name: math.inf if math.isnan(distances[name]) else distances[name])
    return tuple(by_condition[nearest])


def _mean(points: Sequence[NetworkPoint]) -> float:
    finite = [point.value for point in points if math.isfinite(point.value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def layout_of(columns: Sequence[Column], quantity: Quantity, *, narrow: bool, correlates: bool) -> Layout:
    """Return where the columns of a hypothesis stand on the wide or the narrow picture."""
    n = len(columns)
    points = [point for column in columns for point in column.points]
    measured = bool(points) if correlates else bool(quantity.sides) and any(point.sides for point in points)
    beside = measured and n <= (MOST_BESIDE_NARROW if narrow else MOST_BESIDE)
    width = NARROW if narrow else WIDE
    most = 3 if narrow else MOST_BESIDE
    rows = math.ceil(n / most)
    per_row = math.ceil(n / rows)
    across = beside and not narrow and n <= MOST_ACROSS
    panel = (width - BETWEEN) / 2 if across else width
    column = min((panel - LEFT) / per_row, WIDEST_COLUMN)
    lower = 150 if narrow else 190
    upper = lower if across else (110 if narrow else 150) if beside else 0
    return Layout(width, per_row, column, beside, across, upper, lower)
