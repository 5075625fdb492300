"""What the quantities are called whose dose halves differ in."""

from __future__ import annotations

QUANTITY_WORDS = {
    "gosi": "orientation (gOSI)",
    "spatial_frequency_selectivity": "spatial frequency",
    "gosi_null_mean": "sparseness",
    "mean_activity": "mean activity",
    "activity_sd": "variation of activity",
    "weight_norm": "weight norm",
    "class_selectivity": "class selectivity",
}
