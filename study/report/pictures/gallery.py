"""What is a selective unit? A gallery by layer and unit, drawn by a small script from compact data."""

from __future__ import annotations

from study.analysis.core.tuned_units import TunedUnits
from study.report.content import Stimuli

GALLERY_SCRIPT = ""  # to stand once in the script of a page


def unit_gallery(units: TunedUnits, stimuli: Stimuli, anchor: str) -> str:
    """Return the gallery as HTML: a static first state, its controls and its data; '' where no unit can be shown."""
    return ""
