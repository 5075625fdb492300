"""What halves, clamps, controls and orders of ablation are called."""

from __future__ import annotations

CLAMP_WORDS = {
    "output_zero": "output set to zero",
    "relu_zero": "response set to zero",
    "mean": "output held at its mean",
    "resample": "output taken from another image",
}
CONTROL_WORDS = {
    "class_selectivity": "halves by class selectivity",
    "matched_activity": "halves alike in mean activity",
    "matched_activity_sd": "halves alike in variation of activity",
    "matched_weight_norm": "halves alike in weight norm",
    "matched_sparseness": "halves alike in sparseness",
}
HALF_WORDS = {"top": "more selective half", "bottom": "less selective half"}
ORDER_WORDS = {
    "descending": "most selective first",
    "ascending": "least selective first",
    "random": "in random order",
}
UNIT_QUANTITIES = {
    "mean_activity": "mean activity",
    "activity_sd": "variation of activity",
    "mean_output": "distance of the mean output from zero",
    "weight_norm": "weight norm",
    "class_selectivity": "class selectivity",
    "gosi_null_mean": "sparseness",
}
