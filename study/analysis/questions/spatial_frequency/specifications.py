"""Every way to say how often a unit prefers one orientation at all spatial frequencies."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import CHANCE, SHARE, THRESHOLDS, UnitTuning, analysed_layers, tuning_reader
from study.tuning import RANGE_THRESHOLDS

EXACT = "0_degrees"
MIDPOINT = RANGE_THRESHOLDS[1]
ARC_STEP = 15.0  # degrees between the orientations that are shown


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers, tuning = analysed_layers(study), tuning_reader(study, "analysed")

    def sample(levels: Levels) -> Sample | str:
        units = tuning(levels)
        if isinstance(units, str):
            return units
        counted = _counted_as_selective(units, levels["units"])
        if isinstance(counted, str):
            return counted
        if not factors.has_registered_tuning(levels) and levels["tolerance"] != EXACT:
            return "another read-out or set of gratings goes with the registered tolerance only"
        arc, frequencies = units.arc, units.frequencies
        if levels["threshold"] == MIDPOINT:
            if units.arc_midpoint is None or units.frequencies_midpoint is None:
                return "ranges at the midpoint are stored for the registered read-out and gratings only"
            arc, frequencies = units.arc_midpoint, units.frequencies_midpoint
        fewest = 2 if levels["frequencies"] == "at_least_two" else 1
        widest = ARC_STEP if levels["tolerance"] == "15_degrees" else 0.0
        counted = counted & (frequencies >= fewest) & ~np.isnan(arc)
        return Sample(layers.mean(np.where(counted, arc <= widest, np.nan)), SHARE)

    return SampledStudy(layers.names, sample)


def _counted_as_selective(units: UnitTuning, level: str) -> np.ndarray | str:
    """Return which units are counted, (network, unit); silent ones never are."""
    if level in THRESHOLDS:
        return np.asarray(units.gosi > THRESHOLDS[level])
    if level == "all_that_respond":
        return ~np.isnan(units.gosi)
    if units.pvalue is None:
        return "p-values of units are stored for the registered read-out and gratings only"
    return np.asarray(units.pvalue <= CHANCE)


MULTIVERSE = Multiverse(
    measure="zero_range_share",
    factors={
        "units": (*THRESHOLDS, factors.SIGNIFICANT, "all_that_respond"),
        "frequencies": ("at_least_one", "at_least_two"),
        "threshold": RANGE_THRESHOLDS,
        "tolerance": (EXACT, "15_degrees"),
        **factors.TUNING,
    },
    sampled=_sampled,
)
