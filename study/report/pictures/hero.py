"""One unit's polar tuning curve, ringed by the gratings that it was shown."""

from __future__ import annotations

import math

from study.analysis.core.tuned_units import TunedUnit, TunedUnits
from study.report.content import Stimuli
from study.report.pictures.grating_images import grating_uri
from study.report.pictures.picture import NARROW, Picture
from study.report.pictures.polar import around, place, polar_path, ring_path
from study.report.pictures.svg import drawing, number
from study.report.wording import number_text

_SIDE = 440  # pixels of the wide picture
_GRATING = 0.056  # half of a grating's side, over that of the picture
_RING, _CURVE = 0.43, 0.35  # radii of the gratings and of the largest response, over the side


def hero(units: TunedUnits, stimuli: Stimuli, anchor: str) -> Picture | None:
    """Return the picture of the unit that stands for the study, or None where no unit is selective.

    Parameters
    ----------
    units
        With the example.
    stimuli
        Whose gratings are drawn: those nearest to the unit's preferred spatial frequency.
    anchor
        The picture's id on the page, safe as an HTML id; ids in the picture begin with it.
    """
    unit = units.example
    if unit is None or not unit.curve or max(unit.curve) <= 0:
        return None
    description = (
        f"Tuning curve of unit {unit.channel} of {unit.layer}, around a circle of gratings: it responds most at"
        f" {number_text(unit.preferred_orientation)} degrees; gOSI {number_text(unit.gosi)}, of its shuffled responses"
        f" {number_text(unit.null_mean)}."
    )
    wide = _drawn(units, unit, stimuli, f"{anchor}-wide", "wide", _SIDE, description)
    narrow = _drawn(units, unit, stimuli, f"{anchor}-narrow", "narrow", NARROW, description)
    return Picture(anchor, description, wide, narrow)


def _drawn(
    units: TunedUnits, unit: TunedUnit, stimuli: Stimuli, name: str, width_class: str, side: float, description: str
) -> str:
    """Return the picture at one size; the gratings stand once in it and are shown twice."""
    half, radius = _GRATING * side, _CURVE * side
    preferred = unit.preferred_orientation % 180
    marks = [
        f'<defs><clipPath id="{name}-round"><circle r="{number(half)}"/></clipPath></defs>',
        f'<g transform="translate({number(side / 2)} {number(side / 2)})">',
        *_axes(units, radius),
    ]
    for position, angle in enumerate(around(units.orientations)):
        x, y = place(angle, _RING * side)
        index = position % len(units.orientations)
        inside = f'<use href="#{name}-{index}"/>'
        if position < len(units.orientations):
            uri = grating_uri(stimuli, angle, unit.preferred_frequency)
            box = f'x="{number(-half)}" y="{number(-half)}" width="{number(2 * half)}" height="{number(2 * half)}"'
            inside = f'<image id="{name}-{index}" {box} href="{uri}" clip-path="url(#{name}-round)"/>'
        edge = ""
        if math.isclose(angle % 180, preferred):
            edge = f'<circle r="{number(half + 3)}" fill="none" stroke="currentColor" stroke-width="3"/>'
        marks.append(f'<g class="grating" transform="translate({number(x)} {number(y)})">{inside}{edge}</g>')
    marks += [*curve_marks(unit, units.orientations, radius), "</g>"]
    return drawing(width_class, side, side, description, marks)


def _axes(units: TunedUnits, radius: float) -> list[str]:
    """Return the circle of the largest response and a spoke an orientation."""
    spokes = "".join(
        f"M0,0L{number(x)},{number(y)}" for x, y in (place(angle, radius) for angle in around(units.orientations))
    )
    ring = f'<circle r="{number(radius)}" fill="none" stroke="currentColor" opacity=".3"/>'
    return [ring, f'<path d="{spokes}" stroke="currentColor" opacity=".12"/>']


def curve_marks(unit: TunedUnit, orientations: tuple[float, ...], radius: float) -> list[str]:
    """Return the ring of the shuffles and the curve over it, around 0; the largest response lies at the radius."""
    largest = largest_of(unit)
    low, high = (value / largest for value in unit.band)
    marks = []
    if math.isfinite(low):
        marks.append(f'<path class="band" d="{ring_path(low, high, radius)}" fill-rule="evenodd" opacity=".13"/>')
    d = polar_path(orientations, [value / largest for value in unit.curve], radius)
    style = 'fill="currentColor" fill-opacity=".18" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round"'
    return [*marks, f'<path class="curve" d="{d}" {style}/>']


def largest_of(unit: TunedUnit) -> float:
    """Return what a unit's curve and band are drawn over: their largest value, 1 where there is none above 0."""
    values = [value for value in (*unit.curve, *unit.band) if math.isfinite(value)]
    return max([value for value in values if value > 0], default=1.0)
