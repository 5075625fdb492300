"""Gratings, and what the responses to them say of a unit: pure functions on arrays."""

from study.tuning.selectivity import (
    RANGE_THRESHOLDS,
    SELECTIVE,
    gosi,
    osi,
    shortest_arc,
    spatial_frequency_range,
    tuning_curve,
)
from study.tuning.shuffles import ShuffleNull, shuffle_null, shuffled_gosi

__all__ = [
    "RANGE_THRESHOLDS",
    "SELECTIVE",
    "ShuffleNull",
    "gosi",
    "osi",
    "shortest_arc",
    "shuffle_null",
    "shuffled_gosi",
    "spatial_frequency_range",
    "tuning_curve",
]
