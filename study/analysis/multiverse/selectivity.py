"""The multiverses of how selective units are: in trained networks, over spatial frequency, and before training."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, Universe
from study.analysis.multiverse.units import (
    ACTIVE_IN_BOTH,
    CHANCE,
    LEFT_OUT,
    MEAN,
    MEDIAN,
    NO_CONTROL,
    ORIENTATION_SHUFFLE,
    OWN_SHUFFLE,
    PROBE_FACTORS,
    REGISTERED_PROBE,
    REGISTERED_SHARE,
    SIGNIFICANT,
    THRESHOLDS,
    UNTUNED,
    Layers,
    Probe,
    layer_values,
    layers_of,
    probe_of,
    read_probe,
)
from study.vocabulary.schema import STATES

SHARE, GOSI = "share of units", "gOSI"
ONE_AT_A_TIME = "another read-out or set of gratings goes with the registered treatment of silent units only"
EXACT = "0_degrees"
ARC_STEP = 15.0  # degrees between the orientations that are shown


def unit_of(summary: str) -> str:
    """Return the unit that a layer's summary is in."""
    return GOSI if summary in (MEAN, MEDIAN) else SHARE


def _layers(study: xr.DataTree) -> Layers:
    return layers_of(study["tuning"].to_dataset()["unit_layer"].values)


def _existence(study: xr.DataTree) -> Universe:
    layers = _layers(study)

    @cache
    def probed(probe: str) -> Probe | str:
        return read_probe(study, probe, "analysed")

    def sample(levels: Levels) -> Sample | str:
        probe = probed(probe_of(levels))
        if isinstance(probe, str):
            return probe
        if probe_of(levels) != REGISTERED_PROBE and levels["silent_units"] != LEFT_OUT:
            return ONE_AT_A_TIME
        values = layer_values(probe, layers, levels["summary"], levels["control"], levels["silent_units"])
        return values if isinstance(values, str) else Sample(values, unit_of(levels["summary"]))

    return Universe(layers.names, sample)


def _spatial_frequency(study: xr.DataTree) -> Universe:
    layers = _layers(study)

    @cache
    def probed(probe: str) -> Probe | str:
        return read_probe(study, probe, "analysed")

    def sample(levels: Levels) -> Sample | str:
        probe = probed(probe_of(levels))
        if isinstance(probe, str):
            return probe
        counted = _counted_as_selective(probe, levels["units"])
        if isinstance(counted, str):
            return counted
        if probe_of(levels) != REGISTERED_PROBE and levels["tolerance"] != EXACT:
            return "another read-out or set of gratings goes with the registered tolerance only"
        fewest = 2 if levels["frequencies"] == "at_least_two" else 1
        widest = ARC_STEP if levels["tolerance"] == "15_degrees" else 0.0
        counted = counted & (probe.frequencies >= fewest) & ~np.isnan(probe.arc)
        return Sample(layers.mean(np.where(counted, probe.arc <= widest, np.nan)), SHARE)

    return Universe(layers.names, sample)


def _counted_as_selective(probe: Probe, units: str) -> np.ndarray | str:
    """Return which units are counted, (network, unit); silent ones never are."""
    if units in THRESHOLDS:
        return np.asarray(probe.gosi > THRESHOLDS[units])
    if units == "all_that_respond":
        return ~np.isnan(probe.gosi)
    if probe.pvalue is None:
        return "p-values of units are stored for the registered read-out and gratings only"
    return np.asarray(probe.pvalue <= CHANCE)


def _untrained(study: xr.DataTree) -> Universe:
    layers = _layers(study)

    @cache
    def probed(probe: str) -> tuple[Probe | str, ...]:
        return tuple(read_probe(study, probe, state) for state in STATES)

    def sample(levels: Levels) -> Sample | str:
        found = [probe for probe in probed(probe_of(levels)) if isinstance(probe, Probe)]
        if len(found) < len(STATES):
            return next(str(reason) for reason in probed(probe_of(levels)) if isinstance(reason, str))
        if probe_of(levels) != REGISTERED_PROBE and levels["silent_units"] != LEFT_OUT:
            return ONE_AT_A_TIME
        if levels["silent_units"] == ACTIVE_IN_BOTH:
            found = _active_in_both(*found)
        values: list[Floats] = []
        for probe in found:
            own = layer_values(probe, layers, levels["summary"], levels["control"], levels["silent_units"])
            if isinstance(own, str):
                return own
            values.append(own)
        return Sample(values[1] - values[0], unit_of(levels["summary"]))

    return Universe(layers.names, sample)


def _active_in_both(before: Probe, after: Probe) -> list[Probe]:
    """Return both probes of the units alone that respond in either; what is stored by layer cannot be told apart."""
    silent = np.isnan(before.gosi) | np.isnan(after.gosi)

    def kept(values: Floats | None) -> Floats | None:
        return None if values is None else np.where(silent, np.nan, values)

    return [
        Probe(
            gosi=np.where(silent, np.nan, probe.gosi),
            null_mean=np.where(silent, np.nan, probe.null_mean),
            null_selective=np.where(silent, np.nan, probe.null_selective),
            arc=probe.arc,
            frequencies=probe.frequencies,
            orientation_null_mean=kept(probe.orientation_null_mean),
            pvalue=kept(probe.pvalue),
            orientation_pvalue=kept(probe.orientation_pvalue),
        )
        for probe in (before, after)
    ]


EXISTENCE = Multiverse(
    "existence",
    "selective_excess",
    {
        "summary": (REGISTERED_SHARE, "share_above_0.25", "share_above_0.5", SIGNIFICANT, MEAN, MEDIAN),
        "control": (OWN_SHUFFLE, ORIENTATION_SHUFFLE, NO_CONTROL),
        "silent_units": (LEFT_OUT, UNTUNED),
        **PROBE_FACTORS,
    },
    _existence,
)
SPATIAL_FREQUENCY = Multiverse(
    "spatial_frequency",
    "zero_range_share",
    {
        "units": (*THRESHOLDS, SIGNIFICANT, "all_that_respond"),
        "frequencies": ("at_least_one", "at_least_two"),
        "tolerance": (EXACT, "15_degrees"),
        **PROBE_FACTORS,
    },
    _spatial_frequency,
)
UNTRAINED = Multiverse(
    "untrained",
    "gosi_gain",
    {
        "summary": (MEAN, MEDIAN, REGISTERED_SHARE, "share_above_0.5"),
        "control": (NO_CONTROL, OWN_SHUFFLE, ORIENTATION_SHUFFLE),
        "silent_units": (LEFT_OUT, UNTUNED, ACTIVE_IN_BOTH),
        **PROBE_FACTORS,
    },
    _untrained,
)
