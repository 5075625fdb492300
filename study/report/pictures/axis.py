"""A linear axis: values to pixels, and where its ticks stand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from study.report.pictures.svg import plain_number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` at the pixels from `start` to `end`, and the step from one tick to the next."""

    low: float
    high: float
    start: float
    end: float
    step: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; one beyond the axis stands at its end, NaN stays NaN."""
        if math.isnan(value):
            return math.nan
        kept = min(max(value, self.low), self.high)
        return self.start + (kept - self.low) / (self.high - self.low) * (self.end - self.start)

    def moved(self, start: float, end: float) -> Axis:
        """Return the same axis at other pixels."""
        return Axis(self.low, self.high, start, end, self.step)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Return (value, text) of every tick."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if round(self.step * 10**decimals, 6) % 1:
            decimals += 1
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [(place * self.step, plain_number(place * self.step, decimals)) for place in range(first, last + 1)]


def axis_over(
    values: Iterable[float], *, start: float, end: float, most_ticks: int, within: tuple[float, float] | None = None
) -> Axis:
    """Return an axis that holds all finite values with a little room, but nothing beyond `within`.

    Values that are all alike to the last digits get room around them.
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    spread = high - low
    if spread <= 1e-9 * max(abs(low), abs(high), 1e-3):
        spread = max(abs(low), abs(high)) or 1.0
    low, high = low - 0.06 * spread, high + 0.06 * spread
    if within is not None:
        low, high = max(low, within[0]), min(high, within[1])
        low, high = (low, high) if low < high else within
    return Axis(low, high, start, end, _step(high - low, most_ticks))


def _step(spread: float, most: int) -> float:
    """Return the smallest round step that gives at most so many ticks."""
    rough = spread / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))
