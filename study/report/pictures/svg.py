"""Marks of an SVG as text, everything from outside escaped; positions to a tenth of a pixel."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Final

from study.vocabulary.errors import shown

SIZE: Final = 15  # of all text, in pixels
LINE: Final = 20  # from one line of text to the next
_CHARACTER: Final = 0.58  # mean width of a character over the size, in a wide face; in bold a tenth more
BOLD: Final = 1.12
_MINUS = "\N{MINUS SIGN}"
_LONGEST = 300  # characters of a text from outside


def number(value: float) -> str:
    """Return a position as SVG has it."""
    said = f"{value:.1f}".removesuffix(".0")
    return "0" if said == "-0" else said


def escaped(content: str) -> str:
    """Return a text as it may stand in an element or an attribute."""
    return html.escape(shown(content, longest=_LONGEST))


def width_of(content: str, *, size: float = SIZE) -> float:
    """Return about how wide a text is, in pixels."""
    return len(content) * _CHARACTER * size


def shortened(content: str, width: float) -> str:
    """Return a text that is about as wide as `width` at most, cut at its end."""
    most = max(3, int(width / (_CHARACTER * SIZE)))
    return content if len(content) <= most else content[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def wrapped(content: str, width: float) -> list[str]:
    """Return a text in lines that are about as wide as `width` at most; a longer word is cut."""
    lines: list[str] = []
    for word in content.split():
        if lines and width_of(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(shortened(word, width))
    return lines


def text(x: float, y: float, content: str, *, anchor: str = "start", more: str = "") -> str:
    """Return a line of text, its baseline at y."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{number(x)}" y="{number(y)}"{at}{more}>{escaped(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, more: str = "") -> str:
    """Return a straight line in the colour of the text."""
    return f'<path d="M{number(x1)},{number(y1)}L{number(x2)},{number(y2)}" stroke="currentColor"{more}/>'


def dots(places: Iterable[tuple[float, float]], *, size: float, more: str = "") -> str:
    """Return round dots as one path: a stroke without length each, from one to the next; '' where there is none."""
    d, at = "", (0.0, 0.0)
    for x, y in places:
        here = (round(x, 1), round(y, 1))
        d += f"m{number(here[0] - at[0])},{number(here[1] - at[1])}h0"
        at = here
    if not d:
        return ""
    return f'<path d="{d}" stroke="currentColor" stroke-width="{number(size)}" stroke-linecap="round"{more}/>'


def polylines(lines: Iterable[Sequence[tuple[float, float]]], *, more: str = "") -> str:
    """Return polylines as one path, broken where a place is not finite; '' where there is none."""
    d = "".join(_polyline(points) for points in lines)
    return f'<path d="{d}" fill="none" stroke="currentColor"{more}/>' if d else ""


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    d, pen = "", "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        d += f"{pen}{number(x)},{number(y)}"
        pen = "L"
    return d


def drawing(name: str, width: float, height: float, description: str, marks: Iterable[str]) -> str:
    """Return an SVG of a class, with a description for readers who do not see it."""
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    label = escaped_description(description)
    head = f'<svg class="{name}" role="img" aria-label="{label}" {size} font-size="{SIZE}" fill="currentColor">'
    return head + "".join(marks) + "</svg>"


def escaped_description(description: str) -> str:
    """Return a description as it may stand in an attribute, cut to what can be listened to."""
    return html.escape(shown(description, longest=1500))


def plain_number(value: float, decimals: int) -> str:
    """Return a number with so many decimals, with a minus sign; what rounds to 0 is 0."""
    said = f"{value:.{decimals}f}"
    return said.removeprefix("-") if float(said) == 0 else said.replace("-", _MINUS)
