"""Which range of pixels a network expects, worked out from its first operations and their numbers.

A range is possible where the first operations make of it what networks are trained on. What these make of pixels is judged
by the first of three rules that any range meets:

1. *Exact*: they make 0 to 1, -1 to 1 or 0 to 255, or one of these less a mean; or they change nothing.
2. *Standardised*: the value they make 0 of, and the distance they make 1 of, can be the mean and the standard deviation of
   images in that range. A standard deviation is at most sqrt((mean - low) (high - mean)); photographs have about half of
   that, and less than a tenth is no image's. Moments of 0 to 1 would often do for dull pictures of -1 to 1 as well: these
   need a third of the largest standard deviation where 0 to 1 is possible.
3. *Visible*: they make numbers of about 1, apart by more than a little, of all channels alike. Neither this nor a scale
   without offset tells 0 to 1 from -1 to 1.

Where none is met, nothing is told. Every operation is judged by what it and those before it make, as a later one may undo
an earlier; the last counts first, and an earlier one where the two can be true together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from study.networks.pretrained.first_operations import Operation, first_operations

Values = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class PixelRange:
    """A range of pixels, and the preprocessing that makes it of 0 to 255."""

    low: float
    high: float
    preprocessing: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.low:g} to {self.high:g}"


BYTES, UNIT, SYMMETRIC = PixelRange(0, 255, "raw"), PixelRange(0, 1, "unit"), PixelRange(-1, 1, "symmetric")
RANGES = (BYTES, UNIT, SYMMETRIC)

_TARGETS = (  # how far apart the ends are, and where the lower may lie
    (1.0, -0.85, 0.01),  # 0 to 1, as it is or less a mean
    (2.0, -1.4, -0.6),  # -1 to 1, as it is or less a mean
    (255.0, -215.0, -20.0),  # 0 to 255 less a mean, such as 103.939, 116.779 and 123.68
    (255.0, -0.1, 0.1),  # 0 to 255
)
_SPAN_TOLERANCE = 0.02  # 1/256 for 1/255, 128 for 127.5
_LEAST_CONTRAST, _LEAST_OF_SYMMETRIC, _MOST_CONTRAST = 0.1, 0.35, 1.02  # shares of the largest standard deviation
_LEAST_DEVIATION = 0.01  # of the range; moments of 0 to 1 that hardly began to run are none of very dark bytes
_LEAST_VISIBLE, _MOST_VISIBLE, _MOST_UNEQUAL = 0.2, 16.0, 3.0  # the shares of colours in grey differ by more
_AFFINE_TOLERANCE = 0.01  # of the span; bfloat16 has 1/256
_MOST_ELEMENTS = 0.7  # every one of three channels; of maps, a pixel that is always black may differ


@dataclass(frozen=True)
class ExpectedRange:
    """What a network's first operations tell of the pixels that it takes.

    Attributes
    ----------
    possible
        The ranges that it may take, all of `RANGES` where nothing is told.
    reason
        By which operations and numbers, in words that follow "expects these, as its"; "" where nothing is told.
    """

    possible: tuple[PixelRange, ...]
    reason: str

    @property
    def known(self) -> PixelRange | None:
        """The range, where there is no other."""
        return self.possible[0] if len(self.possible) == 1 else None


def expected_range(model: keras.Model) -> ExpectedRange:
    """Return which range of pixels a functional or Sequential model expects.

    Raises
    ------
    StudyError
        When the model is no graph from one input to one output.
    """
    shown = np.array([(pixels.low, (pixels.low + pixels.high) / 2, pixels.high) for pixels in RANGES])
    operations = [operation for operation in first_operations(model, shown.ravel()) if operation.numbers]
    with np.errstate(all="ignore"):  # half precision ends at 65,504
        judged = [_possible(operation) for operation in operations]
    possible: tuple[PixelRange, ...] = RANGES
    telling = 0
    for count, ranges in reversed(list(enumerate(judged, start=1))):
        both = tuple(pixels for pixels in possible if pixels in ranges)
        if both and ranges != RANGES:
            possible, telling = both, max(telling, count)
    return ExpectedRange(possible, _reason(operations[:telling], possible) if telling else "")


def _possible(operation: Operation) -> tuple[PixelRange, ...]:
    """Return the ranges that may be what an operation and those before it were made for."""
    made = operation.made.reshape(len(RANGES), 3, -1)
    made = made[:, :, np.any(made != made[:, :1], axis=(0, 1))]  # without borders and other constants
    if not made.size:
        return RANGES
    # Of two ranges, one within the other, the one may be told by chance where zero is not moved, or is not known well.
    for rule in (_is_exact, _is_standardised, _is_dull, _is_visible):
        met = tuple(pixels for pixels, values in zip(RANGES, made, strict=True) if rule(pixels, values))
        if met:
            is_blind = (
                rule is _is_visible
                or operation.is_running
                or _changes_little(made[RANGES.index(UNIT)])
                or not np.any(made[RANGES.index(SYMMETRIC), 1])
            )
            is_either = is_blind and (SYMMETRIC in met or (rule is _is_visible and UNIT in met))
            return tuple(pixels for pixels in RANGES if pixels in met or (is_either and pixels is not BYTES))
    return RANGES


def _is_exact(pixels: PixelRange, values: Values) -> bool:
    low, high = values.min(axis=0), values.max(axis=0)
    targets = [_is_close(high - low, span) & (low >= least) & (low <= most) for span, least, most in _TARGETS]
    unchanged = (abs(values[0] - pixels.low) < 0.01) & _is_close(values[2] - values[0], pixels.high - pixels.low)
    return any(_mostly(target, values) for target in (*targets, unchanged))


def _is_close(span: Values, wanted: float) -> Truths:
    close: Truths = abs(span / wanted - 1) < _SPAN_TOLERANCE
    return close


def _is_standardised(pixels: PixelRange, values: Values) -> bool:
    return _has_contrast(pixels, values, _LEAST_OF_SYMMETRIC if pixels is SYMMETRIC else _LEAST_CONTRAST)


def _is_dull(pixels: PixelRange, values: Values) -> bool:
    return pixels is SYMMETRIC and _has_contrast(pixels, values, _LEAST_CONTRAST)


def _has_contrast(pixels: PixelRange, values: Values, least: float) -> bool:
    """Return whether what is made 0 and 1 can be mean and standard deviation; a mean of just 0 is none that was measured."""
    span = values[2] - values[0]
    is_offset = values[0] * pixels.high != values[2] * pixels.low
    mean, deviation = -values[0] / span, 1 / abs(span)  # of images, in widths of the range
    contrast = deviation / np.sqrt(mean * (1 - mean))  # NaN where the mean is outside
    is_possible = (deviation >= _LEAST_DEVIATION) & (contrast >= least) & (contrast <= _MOST_CONTRAST)
    return _mostly(is_offset & is_possible, values)


def _changes_little(values: Values) -> bool:
    """Return whether pixels stay nearly what they are, as standardised ones do that are standardised again."""
    span = values[2] - values[0]
    return _mostly((span > 2 / 3) & (span < 3 / 2) & (abs(values[0]) < 0.5), values)


def _is_visible(pixels: PixelRange, values: Values) -> bool:
    span, furthest = np.ptp(values, axis=0), abs(values).max(axis=0)
    is_visible = (span >= _LEAST_VISIBLE) & (furthest <= _MOST_VISIBLE)
    return bool(span.max() <= _MOST_UNEQUAL * span.min()) and _mostly(is_visible, values)


def _mostly(condition: Truths, values: Values) -> bool:
    """Return whether a condition holds of nearly all elements, which must be affine in the pixels, too."""
    low, middle, high = values
    is_affine = abs(middle - (low + high) / 2) <= _AFFINE_TOLERANCE * abs(high - low)
    return float(np.mean(condition & is_affine)) >= _MOST_ELEMENTS


def _reason(operations: Sequence[Operation], possible: tuple[PixelRange, ...]) -> str:
    """Return which operations, up to the last that tells something, tell the range, and what they make of it."""
    names = [f"{operation.name} ({operation.numbers})" for operation in operations]
    most = names if len(names) <= 4 else [*names[:2], f"{len(names) - 3} more", names[-1]]
    listed = f"{', '.join(most[:-1])} and {most[-1]}" if len(most) > 1 else most[0]
    verb = "make" if len(most) > 1 else "makes"
    if len(possible) > 1:
        return f"{listed} {verb} sense of either"
    ends = operations[-1].made.reshape(len(RANGES), 3, -1)[RANGES.index(possible[0])]
    ends = ends[:, np.ptp(ends, axis=0) > 0]
    return f"{listed} {verb} {ends.min():.3g} to {ends.max():.3g} of these"
