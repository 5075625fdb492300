"""What rankings of units are called."""

from __future__ import annotations

RANKING_WORDS = {
    "gosi": "orientation (gOSI)",
    "gosi_half_of_gratings": "gOSI from half of the gratings",
    "spatial_frequency": "spatial frequency",
    "phase_modulation": "phase modulation F1/F0",
    "class_selectivity": "class selectivity",
    "response_variance": "response variance",
    "sparseness": "sparseness",
}
