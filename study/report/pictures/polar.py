"""A tuning curve around a circle: an orientation and its opposite direction are the same grating, so that it is drawn twice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.report.pictures.svg import number


def place(angle: float, radius: float) -> tuple[float, float]:
    """Return where an angle (degree, clockwise from the right, as gratings have it) lies at a radius around 0, y downwards.

    The bars of the grating of that orientation then point to the middle.
    """
    return radius * math.cos(math.radians(angle)), radius * math.sin(math.radians(angle))


def around(orientations: Sequence[float]) -> list[float]:
    """Return the orientations (degree) and, half a turn on, the same again."""
    return [*orientations, *(angle + 180 for angle in orientations)]


def polar_path(orientations: Sequence[float], shares: Sequence[float], radius: float) -> str:
    """Return the closed path of a curve; `shares` of the radius, one an orientation."""
    places = [
        place(angle, share * radius) for angle, share in zip(around(orientations), [*shares, *shares], strict=True)
    ]
    return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in places) + "Z"


def ring_path(low: float, high: float, radius: float) -> str:
    """Return the ring between two shares of the radius, as a path to be filled by the even-odd rule."""
    return "".join(_circle(share * radius) for share in (high, low) if share > 0)


def _circle(radius: float) -> str:
    r = number(radius)
    return f"M{r},0A{r},{r},0,1,1,-{r},0A{r},{r},0,1,1,{r},0Z"
