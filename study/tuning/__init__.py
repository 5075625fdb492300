"""Gratings, and what the responses to them say of a unit: pure functions on plain arrays, and on labelled ones by dimension."""

from study.tuning.orientations import folded
from study.tuning.recordings import trial_means, unit_measures
from study.tuning.selectivity import (
    RANGE_THRESHOLDS,
    SELECTIVE,
    gosi,
    osi,
    preferred_orientation,
    shortest_arc,
    spatial_frequency_range,
    tuning_curve,
)
from study.tuning.shuffles import ShuffleNull, shuffle_null, shuffled_gosi
from study.tuning.von_mises import von_mises_curve, von_mises_fit

__all__ = [
    "RANGE_THRESHOLDS",
    "SELECTIVE",
    "ShuffleNull",
    "folded",
    "gosi",
    "osi",
    "preferred_orientation",
    "shortest_arc",
    "shuffle_null",
    "shuffled_gosi",
    "spatial_frequency_range",
    "trial_means",
    "tuning_curve",
    "unit_measures",
    "von_mises_curve",
    "von_mises_fit",
]
