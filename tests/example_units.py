"""Units as a gallery shows them, made up, and the gratings that they would have been shown."""

from __future__ import annotations

import numpy as np

from study.analysis.core.tuned_units import LayerOfUnits, TunedUnit, TunedUnits
from study.report.content import Stimuli

ORIENTATIONS = tuple(float(angle) for angle in range(0, 180, 15))
FREQUENCIES = (0.025, 0.1)


def unit_of(layer: str, channel: int, gosi: float, **changes: object) -> TunedUnit:
    """Return a unit that prefers 45 degrees."""
    curve = tuple(1.0 + 3.0 * gosi * np.exp(-(((angle - 45) / 20) ** 2)) for angle in ORIENTATIONS)
    plain: dict[str, object] = {
        "layer": layer,
        "channel": channel,
        "gosi": gosi,
        "null_mean": 0.12,
        "null_sd": 0.05,
        "pvalue": 0.0009,
        "preferred_orientation": 45.0,
        "preferred_frequency": 0.1,
        "curve": curve,
        "band": (0.5, 2.0),
    }
    return TunedUnit(**(plain | changes))  # type: ignore[arg-type]


def units_of_layers(*layers: str, most: int = 5, kernel: bool = False) -> TunedUnits:
    """Return so many units of each layer, of rising gOSI; the first layer's with a kernel where asked."""
    made = []
    for place, layer in enumerate(layers):
        pixels = (((255, 0, 127), (0, 10, 20)), ((1, 2, 3), (4, 5, 6))) if kernel and place == 0 else ()
        units = tuple(unit_of(layer, channel, (channel + 1) / (most + 1), kernel=pixels) for channel in range(most))
        made.append(LayerOfUnits(layer, units, 32, 2, 9, (3, *([0] * 10), 6)))
    return TunedUnits(
        "flip \N{MIDDLE DOT} seed 0", ORIENTATIONS, tuple(made), made[-1].units[most // 2], "the median unit"
    )


def gratings_of(side: int = 8) -> Stimuli:
    """Return pictures of noise, one an orientation and frequency."""
    images = np.random.default_rng(0).integers(0, 256, (len(ORIENTATIONS), len(FREQUENCIES), side, side))
    return Stimuli(images.astype(np.uint8), ORIENTATIONS, FREQUENCIES)
