"""Shapes of points that tell strata apart without colour, which is the verdicts' alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from study.report.pictures.svg import dots, number

MOST_SHAPES: Final = 4
_OUTLINES = ("", "m-4,3.5h8l-4,-7z", "m-3.5,-3.5l7,7m0,-7l-7,7", "m-3.5,-3.5h7v7h-7z")


def shaped(place: int, points: Iterable[tuple[float, float]], *, name: str = "networks") -> str:
    """Return points in the shape at a place of `MOST_SHAPES`, as one path: a dot, a triangle, a cross, an open square."""
    if not _OUTLINES[place]:
        return dots(points, size=6.5, more=f' class="{name}" opacity=".6"')
    d = "".join(f"M{number(x)},{number(y)}{_OUTLINES[place]}" for x, y in points)
    fill = "currentColor" if place == 1 else "none"
    return (
        f'<path class="{name}" d="{d}" fill="{fill}" stroke="currentColor" stroke-width="1.4" opacity=".6"/>'
        if d
        else ""
    )
