"""What is a selective unit? A gallery by layer and unit, drawn by a small script from compact data.

The first state stands in the page without the script; the script, `gallery.js`, moves the same marks by the same numbers.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

from study.analysis.core.tuned_units import LayerOfUnits, TunedUnit, TunedUnits
from study.report.content import Stimuli
from study.report.pictures.gallery_frame import CARTESIAN, INDEX, PREFERRED, RADIUS, frame
from study.report.pictures.grating_images import nearest, sheet
from study.report.pictures.hero import largest_of
from study.report.pictures.svg import escaped, plain_number
from study.report.wording import number_text, pvalue_text

GALLERY_SCRIPT: Final = (Path(__file__).parent / "gallery.js").read_text(encoding="utf-8")
GALLERY_STYLE: Final = """
.unit-gallery { font-family: var(--sans); font-size: .95rem; }
.unit-gallery .panels { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; align-items: flex-start; }
.unit-gallery .panels > div { display: flex; flex-direction: column; gap: .6rem; }
.unit-gallery .panels > div > div { display: flex; gap: 1rem; }
.unit-gallery svg { display: block; color: var(--ink); font-family: var(--sans); max-width: 100%; height: auto; }
.unit-gallery .controls { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; margin: 0 0 .8rem; }
.unit-gallery label { display: flex; align-items: center; gap: .6rem; min-height: 2.75rem; }
.unit-gallery input { width: 11rem; accent-color: var(--link); }
.unit-gallery output { min-width: 4.5em; font-weight: 600; }
.unit-gallery .said { margin: .6rem 0 0; min-height: 3.2em; }
.unit-gallery [hidden], .unit-gallery svg[hidden] { display: none; }
"""
_LEAST_SHOWN, _TINY = 0.001, "< 0.001"
_STEPS: Final = 1000  # into which the largest value of a unit's panels is divided


def unit_gallery(units: TunedUnits, stimuli: Stimuli, anchor: str) -> str:
    """Return the gallery as HTML: a static first state, its controls and its data; '' where no unit can be shown.

    Parameters
    ----------
    units
        A layer without any unit that responds is left out.
    stimuli
        Whose gratings stand for the preferred ones, the nearest where that one was not drawn.
    anchor
        The gallery's id on the page, safe as an HTML id; the ids in it begin with it.
    """
    layers = [layer for layer in units.layers if layer.units]
    if not layers:
        return ""
    start = _first(units, layers)
    picture, side = sheet(stimuli)
    data = {
        "orientations": list(units.orientations),
        "side": side,
        "radius": RADIUS,
        "cartesian": CARTESIAN,
        "index": INDEX,
        "preferred": PREFERRED,
        "layers": [_layer_data(layer, stimuli) for layer in layers],
    }
    layer, unit = start
    shown = data["layers"][layer]  # type: ignore[index]
    marks = frame(units.orientations, shown, shown["units"][unit], picture, stimuli, side)
    return (
        f'<div class="unit-gallery" id="{anchor}" data-layer="{layer}" data-unit="{unit}">'
        f"{_controls(anchor, layers, layer, unit)}{marks}"
        f'<script type="application/json">{_json(data)}</script></div>'
    )


def _first(units: TunedUnits, layers: list[LayerOfUnits]) -> tuple[int, int]:
    """Return the layer and the unit of the first state: the shown unit nearest in gOSI to the example, else the last one."""
    if units.example is None:
        return 0, len(layers[0].units) - 1
    example = units.example
    layer = next((place for place, one in enumerate(layers) if one.layer == example.layer), 0)
    members = layers[layer].units
    return layer, min(range(len(members)), key=lambda place: abs(members[place].gosi - example.gosi))


def _controls(anchor: str, layers: list[LayerOfUnits], layer: int, unit: int) -> str:
    """Return the two sliders, hidden until the script shows them."""
    ranges = (
        ("layer", "Layer", len(layers) - 1, layer, layers[layer].layer),
        ("unit", "Unit, by gOSI", len(layers[layer].units) - 1, unit, str(layers[layer].units[unit].channel)),
    )
    return (
        '<div class="controls" hidden>'
        + "".join(
            f'<label for="{anchor}-{name}">{words} <input type="range" id="{anchor}-{name}" name="{name}" min="0" max="{most}"'
            f' step="1" value="{value}"> <output for="{anchor}-{name}">{escaped(said)}</output></label>'
            for name, words, most, value, said in ranges
        )
        + "</div>"
    )


def _layer_data(layer: LayerOfUnits, stimuli: Stimuli) -> dict[str, Any]:
    """Return what the script knows of a layer."""
    return {
        "name": layer.layer,
        "said": f"{layer.selective} of {layer.n} units of {layer.layer} are selective"
        + (f", {layer.silent} silent" if layer.silent else ""),
        "preferred": list(layer.preferred),
        "units": [_unit_data(unit, stimuli) for unit in layer.units],
    }


def _unit_data(unit: TunedUnit, stimuli: Stimuli) -> dict[str, Any]:
    """Return what the script knows of a unit; positions in steps of its largest value, the words as they are shown."""
    largest = largest_of(unit)
    low, high = unit.band
    data: dict[str, Any] = {
        "channel": unit.channel,
        "curve": [round(_STEPS * value / largest) for value in unit.curve],
        "band": [round(_STEPS * value / largest) for value in (low, high)] if math.isfinite(low) else [],
        "largest": f"top {number_text(largest) if largest >= _LEAST_SHOWN else _TINY}",
        "gosi": _thousandths(unit.gosi),
        "null": [_thousandths(unit.null_mean), _thousandths(unit.null_sd)],
        "grating": [
            nearest(stimuli.orientations, unit.preferred_orientation),
            nearest(stimuli.frequencies, unit.preferred_frequency),
        ],
        "said": _sentence(unit),
    }
    if unit.kernel:
        data["kernel"] = ["".join(f"{r:02x}{g:02x}{b:02x}" for r, g, b in row) for row in unit.kernel]
    return data


def _thousandths(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def _sentence(unit: TunedUnit) -> str:
    """Return what is to be said of a unit."""
    said = f"Unit {unit.channel}: gOSI {plain_number(unit.gosi, 2)}"
    if math.isfinite(unit.null_mean):
        said += f", of its shuffled responses {plain_number(unit.null_mean, 2)} on average"
        pvalue = pvalue_text(unit.pvalue)
        equal = "" if pvalue.startswith("<") else "= "
        said += f" (p {equal}{pvalue})" if math.isfinite(unit.pvalue) else ""
    return (
        f"{said}. It responds most to {unit.preferred_orientation:g}\N{DEGREE SIGN} at"
        f" {unit.preferred_frequency:.3g} cycles a pixel."
    )


def _json(data: object) -> str:
    """Return data as it may stand in a script element: nothing in it can end the element."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
