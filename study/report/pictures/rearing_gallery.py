"""Units of networks reared under several conditions, side by side: kernels, tuning curves and preferred gratings."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from study.analysis.core.tuned_units import RearedUnits, TunedUnit
from study.report.content import Stimuli
from study.report.pictures.grating_images import nearest, sheet
from study.report.pictures.hero import largest_of
from study.report.pictures.svg import BOLD, drawing, escaped, number, text, width_of
from study.report.wording import number_text
from study.vocabulary.rearing import MEANINGS

REARING_GALLERY_STYLE: Final = """
.rearing-gallery { font-family: var(--sans); font-size: .95rem; }
.rearing-gallery > div { display: flex; flex-wrap: wrap; gap: .8rem 1.6rem; }
.rearing-gallery svg { display: block; color: var(--ink); font-family: var(--sans); max-width: 100%; height: auto; }
.rearing-gallery svg.gratings { position: absolute; }
.rearing-gallery image.kernels { image-rendering: pixelated; }
"""
_UNIT, _PICTURE, _CURVE, _GAP = 46, 36, 40, 6  # pixels: of a unit's column, of a grating or kernel, of a curve, between


def rearing_gallery(units: RearedUnits, stimuli: Stimuli, anchor: str) -> str:
    """Return the gallery as HTML, a row a layer and a drawing a condition; '' where no unit responds.

    Parameters
    ----------
    units
        Of the networks of one seed.
    stimuli
        Whose gratings stand for the preferred ones, the nearest where that one was not drawn.
    anchor
        The gallery's id on the page, safe as an HTML id; the id in it begins with it.
    """
    layers = [layer for layer, _ in units.conditions[0].layers] if units.conditions else []
    drawn = [
        (layer, [(one.condition, members) for one in units.conditions if (members := dict(one.layers)[layer])])
        for layer in layers
    ]
    if not any(conditions for _, conditions in drawn):
        return ""
    picture, side = sheet(stimuli)
    width, height = side * len(stimuli.orientations), side * len(stimuli.frequencies)
    shared = (
        '<svg class="gratings" width="0" height="0" aria-hidden="true"><defs>'
        f'<image id="{anchor}-gratings" width="{width}" height="{height}" href="{picture}"/></defs></svg>'
    )
    rows = "".join(
        f"<h3>{escaped(layer)}</h3><div>"
        + "".join(_condition(name, layer, members, stimuli, f"{anchor}-gratings", side) for name, members in conditions)
        + "</div>"
        for layer, conditions in drawn
    )
    return f'<div class="rearing-gallery" id="{anchor}">{shared}{rows}</div>'


def _condition(name: str, layer: str, members: Sequence[TunedUnit], stimuli: Stimuli, gratings: str, side: int) -> str:
    """Return the units of a layer under one condition, a column a unit."""
    has_kernels = all(unit.kernel for unit in members)
    curves_at = 24 + (_PICTURE + _GAP if has_kernels else 0)
    gratings_at = curves_at + _CURVE + _GAP
    title = name.replace("_", " ")
    marks = [text(0, 15, title, more=' font-weight="600"')]
    if has_kernels:
        marks.append(_kernels(members))
    for place, unit in enumerate(members):
        left = place * _UNIT
        marks.append(_curve(unit, left, curves_at))
        column = nearest(stimuli.orientations, unit.preferred_orientation)
        row = nearest(stimuli.frequencies, unit.preferred_frequency)
        marks.append(
            f'<svg x="{left}" y="{gratings_at}" width="{_PICTURE}" height="{_PICTURE}"'
            f' viewBox="{column * side} {row * side} {side} {side}"><use href="#{gratings}"/></svg>'
        )
        marks.append(text(left, gratings_at + _PICTURE + 17, f"{unit.gosi:.2f}", more=' opacity=".78"'))
    shown = "kernels, tuning curves and preferred gratings" if has_kernels else "tuning curves and preferred gratings"
    gosi = ", ".join(number_text(unit.gosi) for unit in members)
    said = f"{layer}, {title} ({MEANINGS[name]}): {shown} of {len(members)} units, gOSI {gosi}."
    width = max(len(members) * _UNIT, width_of(title) * BOLD)
    return drawing("reared", width, gratings_at + _PICTURE + 24, said, marks)


def _curve(unit: TunedUnit, left: float, top: float) -> str:
    """Return a unit's response over orientation, from 0 to its largest."""
    largest, step = largest_of(unit), _PICTURE / max(len(unit.curve) - 1, 1)
    d = "M" + "L".join(
        f"{number(left + step * place)},{number(top + _CURVE * (1 - max(value, 0) / largest))}"
        for place, value in enumerate(unit.curve)
    )
    base = f"M{number(left)},{number(top + _CURVE)}h{_PICTURE}"
    return (
        f'<path d="{base}" stroke="currentColor" opacity=".35"/>'
        f'<path d="{d}" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/>'
    )


def _kernels(members: Sequence[TunedUnit]) -> str:
    """Return the kernels of some units as one picture, a pixel a weight, each above its unit's curve."""
    size = len(members[0].kernel)
    pixels = np.full((size, len(members), size, 4), 0, dtype=np.uint8)
    for place, unit in enumerate(members):
        pixels[:, place, :, :3] = np.array(unit.kernel, dtype=np.uint8)
        pixels[:, place, :, 3] = 255
    buffer = io.BytesIO()
    # Columns of units are wider than kernels: the picture has so many empty pixels between them.
    scale = size / _PICTURE
    gap = round((_UNIT - _PICTURE) * scale)
    padded = np.concatenate([pixels, np.zeros((size, len(members), gap, 4), dtype=np.uint8)], axis=2)
    flat = padded.reshape(size, -1, 4)
    Image.fromarray(flat, "RGBA").save(buffer, format="PNG", optimize=True)
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    width = len(members) * _UNIT
    return f'<image class="kernels" x="0" y="24" width="{width}" height="{_PICTURE}" preserveAspectRatio="none" href="{uri}"/>'
