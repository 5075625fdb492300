"""One unit's polar tuning curve, ringed by the gratings that it was shown."""

from __future__ import annotations

from study.analysis.core.tuned_units import TunedUnits
from study.report.content import Stimuli
from study.report.pictures.picture import Picture


def hero(units: TunedUnits, stimuli: Stimuli, anchor: str) -> Picture | None:
    """Return the picture of the unit that stands for the study, or None where no unit is selective."""
    return None
