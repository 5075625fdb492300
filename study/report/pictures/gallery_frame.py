"""The marks of the unit gallery in its first state; `gallery.js` moves them by the same geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from study.report.content import Stimuli
from study.report.pictures.polar import around, place, polar_path, ring_path
from study.report.pictures.svg import SIZE, drawing, escaped, line, number, text

RADIUS: Final = 100  # of the polar panel, in pixels
CARTESIAN: Final = {"left": 24, "top": 30, "width": 296, "height": 190}  # of the panel of the curve
INDEX: Final = {"left": 12, "width": 320, "at": 52}  # of the axis of gOSI, from 0 to 1
PREFERRED: Final = {"left": 34, "top": 26, "width": 290, "height": 90}  # of the histogram
_STEPS: Final = 1000
_SOFT = ' opacity=".78"'


def frame(
    orientations: Sequence[float],
    layer: Mapping[str, Any],
    unit: Mapping[str, Any],
    picture: str,
    stimuli: Stimuli,
    side: int,
) -> str:
    """Return the panels of one unit of one layer."""
    beside = (
        f"<div>{_grating(unit, picture, stimuli, side)}{_kernel(unit)}</div>",
        _index(unit),
        _histogram(orientations, layer),
    )
    panels = f"{_polar(orientations, unit)}{_curve(orientations, unit)}<div>{''.join(beside)}</div>"
    return f'<div class="panels">{panels}</div><p class="said" aria-live="polite">{words(layer, unit)}</p>'


def words(layer: Mapping[str, Any], unit: Mapping[str, Any]) -> str:
    """Return what is said of the unit and of its layer."""
    return f"{escaped(unit['said'])} {escaped(layer['said'])}."


def _polar(orientations: Sequence[float], unit: Mapping[str, Any]) -> str:
    shares = [value / _STEPS for value in unit["curve"]]
    band = [value / _STEPS for value in unit["band"]]
    size = 2 * RADIUS + 60
    spokes = "".join(f"M0,0L{number(x)},{number(y)}" for x, y in (place(a, RADIUS) for a in around(orientations)))
    degrees = [
        text(*_beside(angle), f"{angle:g}\N{DEGREE SIGN}", anchor="middle", more=_SOFT) for angle in (0, 45, 90, 135)
    ]
    marks = [
        f'<g transform="translate({size // 2} {size // 2})">',
        f'<circle r="{RADIUS}" fill="none" stroke="currentColor" opacity=".3"/>',
        f'<path d="{spokes}" stroke="currentColor" opacity=".12"/>',
        f'<path class="polar-band" d="{ring_path(band[0], band[1], RADIUS) if band else ""}" fill-rule="evenodd" opacity=".13"/>',
        f'<path class="polar-curve" d="{polar_path(orientations, shares, RADIUS)}" fill="currentColor" fill-opacity=".18"'
        ' stroke="currentColor" stroke-width="2.5" stroke-linejoin="round"/>',
        *degrees,
        "</g>",
    ]
    return drawing("polar", size, size, "Tuning curve of the unit around a circle of orientations.", marks)


def _beside(angle: float) -> tuple[float, float]:
    x, y = place(angle, RADIUS + 17)
    return x, y + SIZE * 0.35


def _curve(orientations: Sequence[float], unit: Mapping[str, Any]) -> str:
    left, top, width, height = (CARTESIAN[name] for name in ("left", "top", "width", "height"))
    step = width / max(len(orientations) - 1, 1)
    d = "M" + "L".join(
        f"{number(left + step * position)},{number(top + height * (1 - value / _STEPS))}"
        for position, value in enumerate(unit["curve"])
    )
    low, high = unit["band"] or (0, 0)
    box = f'x="{left}" width="{width}" y="{number(top + height * (1 - high / _STEPS))}"'
    marks = [
        text(0, 16, "response (activation)", more=_SOFT),
        f'<rect class="curve-band" {box} height="{number(height * (high - low) / _STEPS)}" opacity=".13"/>',
        f'<path class="curve-line" d="{d}" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round"/>',
        line(left, top + height, left + width, top + height, more=' opacity=".5"'),
        line(left, top, left, top + height, more=' opacity=".5"'),
        f'<text class="curve-largest" x="{left + width}" y="16" text-anchor="end" opacity=".78">{escaped(unit["largest"])}</text>',
        text(left - 6, top + height, "0", anchor="end", more=_SOFT),
    ]
    for position, angle in enumerate(orientations):
        if abs(angle % 45) < 1e-9:
            x = left + step * position
            marks.append(text(x, top + height + 20, f"{angle:g}\N{DEGREE SIGN}", anchor="middle", more=_SOFT))
    marks.append(text(left + width, top + height + 40, "grey: 90 % of its shuffles", anchor="end", more=_SOFT))
    said = "Tuning curve of the unit over orientation, with the band of its shuffled responses."
    return drawing("curve", left + width + 24, top + height + 48, said, marks)


def _grating(unit: Mapping[str, Any], picture: str, stimuli: Stimuli, side: int) -> str:
    column, row = unit["grating"]
    width, height = side * len(stimuli.orientations), side * len(stimuli.frequencies)
    inner = (
        f'<svg class="grating-view" x="0" y="24" width="96" height="96" viewBox="{column * side} {row * side} {side} {side}">'
        f'<image width="{width}" height="{height}" href="{picture}"/></svg>'
    )
    return drawing(
        "preferred", 130, 126, "The preferred grating.", [text(0, 14, "preferred grating", more=_SOFT), inner]
    )


def _kernel(unit: Mapping[str, Any]) -> str:
    """Return the kernel as pixels; the panel is hidden where there is none."""
    rows = unit.get("kernel", [])
    inner = f'<g class="kernel-pixels">{kernel_pixels(rows)}</g>'
    svg = drawing("kernel", 110, 126, "The kernel of the unit.", [text(0, 14, "its kernel", more=_SOFT), inner])
    return svg if rows else svg.replace("<svg ", "<svg hidden ", 1)


def kernel_pixels(rows: Sequence[str]) -> str:
    """Return a square a weight, in 96 pixels."""
    if not rows:
        return ""
    size = 96 / len(rows)
    return "".join(
        f'<rect x="{number(size * column)}" y="{number(24 + size * row)}" width="{number(size)}" height="{number(size)}"'
        f' fill="#{colours[6 * column : 6 * column + 6]}"/>'
        for row, colours in enumerate(rows)
        for column in range(len(colours) // 6)
    )


def _index(unit: Mapping[str, Any]) -> str:
    left, width, at = INDEX["left"], INDEX["width"], INDEX["at"]
    mean, sd = unit["null"]
    known = mean is not None and sd is not None
    low = left + width * max(0.0, mean - 2 * sd) if known else left
    high = left + width * min(1.0, mean + 2 * sd) if known else left
    threshold = left + width * 0.33
    marks = [
        text(0, 16, "gOSI, and of its shuffles (mean, 2 SD)", more=_SOFT),
        line(left, at, left + width, at, more=' opacity=".5"'),
        line(threshold, at - 8, threshold, at + 8, more=' stroke-dasharray="3 3"'),
        text(threshold, at + 26, "0.33", anchor="middle", more=_SOFT),
        text(left, at + 26, "0", anchor="middle", more=_SOFT),
        text(left + width, at + 26, "1", anchor="middle", more=_SOFT),
        f'<rect class="index-null" x="{number(low)}" y="{at - 8}" width="{number(high - low)}" height="16" opacity=".2"/>',
        f'<circle class="index-value" cx="{number(left + width * (unit["gosi"] or 0))}" cy="{at}" r="7"/>',
    ]
    return drawing("index", left + width + 14, at + 34, "gOSI of the unit beside that of its shuffles.", marks)


def _histogram(orientations: Sequence[float], layer: Mapping[str, Any]) -> str:
    left, top, width, height = (PREFERRED[name] for name in ("left", "top", "width", "height"))
    counts = layer["preferred"]
    largest, step = max([*counts, 1]), width / max(len(counts), 1)
    d = "".join(
        f"M{number(left + step * (position + 0.1))},{top + height}v{number(-height * count / largest)}h{number(step * 0.8)}"
        f"V{top + height}Z"
        for position, count in enumerate(counts)
    )
    marks = [
        text(0, 16, "preferred orientations of selective units", more=_SOFT),
        f'<path class="preferred-bars" d="{d}" opacity=".55"/>',
        line(left, top + height, left + width, top + height, more=' opacity=".5"'),
        f'<text class="preferred-largest" x="{left - 6}" y="{top + 12}" text-anchor="end" opacity=".78">{largest}</text>',
    ]
    for position, angle in enumerate(orientations):
        if abs(angle % 45) < 1e-9:
            x = left + step * (position + 0.5)
            marks.append(text(x, top + height + 20, f"{angle:g}\N{DEGREE SIGN}", anchor="middle", more=_SOFT))
    return drawing("preferences", left + width + 30, top + height + 26, "Preferred orientations of the layer.", marks)
