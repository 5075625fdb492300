"""From units to layers: what a layer's selectivity may be taken to be, under one read-out and set of gratings or another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Floats, Levels
from study.tuning import SELECTIVE

NOT_MEASURED = "that read-out or set of gratings was not measured in this study"
NOT_IN_STATE = "other read-outs and gratings are measured on untrained networks with identity normalisation only"
CHANCE = 0.05
THRESHOLDS = {factors.REGISTERED_SHARE: SELECTIVE, "share_above_0.25": 0.25, "share_above_0.5": 0.5}
SHARE, GOSI = "share of units", "gOSI"  # units of measurement
ONE_AT_A_TIME = "another read-out or set of gratings goes with the registered treatment of silent units only"


@dataclass(frozen=True)
class Layers:
    """The layers that units belong to, in the units' order; `members` are the positions of each one's units."""

    names: tuple[str, ...]
    members: tuple[NDArray[np.intp], ...]

    def mean(self, values: Floats) -> Floats:
        """Return the mean over each layer's units, (..., unit) to (..., layer); NaN units are left out."""
        return np.stack([defined_mean(values[..., members]) for members in self.members], axis=-1)

    def median(self, values: Floats) -> Floats:
        """Return the median over each layer's units, (..., unit) to (..., layer); NaN units are left out."""
        return np.stack([defined_median(values[..., members]) for members in self.members], axis=-1)


def layers_of(unit_layer: NDArray[np.str_]) -> Layers:
    """Return the layers of units from the layer of each, (unit,)."""
    layers = np.array(unit_layer.tolist())
    names = tuple(dict.fromkeys(layers.tolist()))
    return Layers(names, tuple(np.flatnonzero(layers == name) for name in names))


def defined_mean(values: Floats) -> Floats:
    """Return the mean over the last axis of what is not NaN; NaN where all is."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0.0).sum(axis=-1)
    return quotient(total, count.astype(np.float64))


def quotient(part: Floats, whole: Floats) -> Floats:
    """Return part / whole where the whole is above 0, NaN elsewhere."""
    result: Floats = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def defined_median(values: Floats) -> Floats:
    """Return the median over the last axis of what is not NaN; NaN where all is."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = (~np.isnan(values)).sum(axis=-1)[..., None]
    low, high = (np.take_along_axis(ordered, np.maximum(place, 0), -1) for place in ((count - 1) // 2, count // 2))
    return np.where(count[..., 0] > 0, (low[..., 0] + high[..., 0]) / 2, np.nan)


@dataclass(frozen=True)
class UnitTuning:
    """How selective every unit is, under one read-out and set of gratings, in one state of the weights.

    (network, unit), NaN where the unit is silent; None where the study does not store it. `null_count` is (network,
    layer, bin): shuffled gOSI values in equal bins of [0, 1].
    """

    gosi: Floats
    null_mean: Floats
    null_selective: Floats
    arc: Floats
    frequencies: Floats
    orientation_null_mean: Floats | None = None
    pvalue: Floats | None = None
    orientation_pvalue: Floats | None = None
    null_count: Floats | None = None
    arc_midpoint: Floats | None = None
    frequencies_midpoint: Floats | None = None


def tuning_reader(study: xr.DataTree, state: str) -> Callable[[Levels], UnitTuning | str]:
    """Return what gives the tuning that a combination of levels asks for, or why there is none; each is read once."""

    @cache
    def read(name: str) -> UnitTuning | str:
        return read_tuning(study, name, state)

    return lambda levels: read(factors.tuning_of(levels))


def read_tuning(study: xr.DataTree, name: str, state: str) -> UnitTuning | str:
    """Return what a study stores under one read-out and set of gratings, or why it stores nothing."""
    tuning = study["tuning"].to_dataset()
    if name == factors.REGISTERED_TUNING:
        arrays = _arrays(
            tuning.sel(state=state),
            ("network", "unit"),
            {
                **_SHARED,
                "orientation_null_mean": "gosi_orientation_null_mean",
                "pvalue": "gosi_pvalue",
                "orientation_pvalue": "gosi_orientation_pvalue",
                "arc_midpoint": "spatial_frequency_range_midpoint",
                "frequencies_midpoint": "spatial_frequency_count_midpoint",
            },
        )
        counts = tuning["gosi_null_count"].sel(state=state).transpose("network", "unit", "gosi_bin").values
        members = layers_of(tuning["layer"].values).members
        return UnitTuning(**arrays, null_count=np.stack([counts[:, units].sum(1, float) for units in members], axis=1))
    others = other_tunings(study)
    if others is None or name not in others["specification"].values.tolist():
        return NOT_MEASURED
    if state not in others["state"].values.tolist():
        return NOT_IN_STATE
    return UnitTuning(**_arrays(others.sel(specification=name, state=state), ("network", "unit"), _SHARED))


_SHARED = {
    "gosi": "gosi",
    "null_mean": "gosi_null_mean",
    "null_selective": "gosi_null_selective",
    "arc": "spatial_frequency_range",
    "frequencies": "spatial_frequency_count",
}


def _arrays(dataset: xr.Dataset, dims: tuple[str, ...], names: dict[str, str]) -> dict[str, Floats]:
    return {field: dataset[name].transpose(*dims).values.astype(np.float64) for field, name in names.items()}


def analysed_layers(study: xr.DataTree) -> Layers:
    """Return the layers whose units' tuning a study holds."""
    return layers_of(study["tuning"].to_dataset()["layer"].values)


def unit_of(summary: str) -> str:
    """Return the unit that a layer's summary is in."""
    return GOSI if summary in (factors.MEAN, factors.MEDIAN) else SHARE


def other_tunings(study: xr.DataTree) -> xr.Dataset | None:
    """Return the other read-outs and sets of gratings, if every network of the study was measured by them."""
    return _of_every_network(study, "multiverse")


def other_target_losses(study: xr.DataTree) -> xr.Dataset | None:
    """Return the losses without the halves that those rank, if every network of the study was measured by them."""
    return _of_every_network(study, "multiverse_ablation")


def _of_every_network(study: xr.DataTree, group: str) -> xr.Dataset | None:
    if group not in study.children:
        return None
    others = study[group].to_dataset()
    places = {str(key): place for place, key in enumerate(others["network"].values.tolist())}
    rows = [places.get(str(key), -1) for key in study["tuning"].to_dataset()["network"].values.tolist()]
    return None if -1 in rows else others.isel(network=rows)


def layer_values(tuning: UnitTuning, layers: Layers, summary: str, control: str, silent_units: str) -> Floats | str:
    """Return each layer's selectivity less that of a control, (network, layer), or why it cannot be computed.

    Parameters
    ----------
    summary
        Mean or median over units of gOSI, the share of units above a threshold, or that with p at most .05.
    control
        What is taken away: the same of the unit's own shuffled responses, or of those with orientation labels shuffled
        within spatial frequency, or nothing. A median is that of the units' differences from their control.
    silent_units
        Left out, or counted with a gOSI of 0 before and after shuffling.
    """
    observed = _observed(tuning, summary, control)
    null = _null(tuning, layers, summary, control)
    if isinstance(observed, str) or isinstance(null, str):
        return observed if isinstance(observed, str) else str(null)
    silent = np.isnan(tuning.gosi)
    counted = silent_units == factors.UNTUNED
    if null.shape[-1] != silent.shape[-1]:  # by layer, of the units that are not silent
        share = layers.mean((~silent).astype(np.float64)) if counted else np.ones(null.shape)
        return layers.mean(np.where(silent & counted, 0.0, observed)) - np.where(share > 0, share * null, 0.0)
    excess = np.where(silent & counted, 0.0, observed - null)
    return layers.median(excess) if summary == factors.MEDIAN else layers.mean(excess)


def _observed(tuning: UnitTuning, summary: str, control: str) -> Floats | str:
    if summary in THRESHOLDS:
        return np.where(np.isnan(tuning.gosi), np.nan, tuning.gosi > THRESHOLDS[summary])
    if summary == factors.SIGNIFICANT:
        pvalue = tuning.orientation_pvalue if control == factors.ORIENTATION_SHUFFLE else tuning.pvalue
        if control == factors.NO_CONTROL:
            return "a p-value of a unit holds its control already"
        if pvalue is None:
            return "p-values of units are stored for the registered read-out and gratings only"
        return np.where(np.isnan(pvalue), np.nan, pvalue <= CHANCE)
    return tuning.gosi


def _null(tuning: UnitTuning, layers: Layers, summary: str, control: str) -> Floats | str:
    """Return what the control leaves: (network, unit), or (network, layer) where units were counted by layer."""
    if control == factors.NO_CONTROL:
        return np.zeros(tuning.gosi.shape)
    if summary == factors.SIGNIFICANT:
        return np.full(tuning.gosi.shape, CHANCE)
    if control == factors.ORIENTATION_SHUFFLE:
        if tuning.orientation_null_mean is None or summary in THRESHOLDS:
            return "of the orientation shuffle only the mean gOSI is stored, for the registered read-out and gratings"
        return tuning.orientation_null_mean
    if summary in (factors.MEAN, factors.MEDIAN):
        return tuning.null_mean
    if summary == factors.REGISTERED_SHARE:
        return tuning.null_selective
    return _shuffled_share(tuning, layers, THRESHOLDS[summary])


def _shuffled_share(tuning: UnitTuning, layers: Layers, threshold: float) -> Floats | str:
    """Return the share of a layer's shuffled gOSI values above a threshold, from their histogram: (network, layer)."""
    if tuning.null_count is None or (threshold * tuning.null_count.shape[-1]) % 1:
        return "shuffled gOSI is not stored by threshold for other read-outs and gratings"
    first = round(threshold * tuning.null_count.shape[-1])
    total = tuning.null_count.sum(axis=-1)
    return quotient(tuning.null_count[..., first:].sum(axis=-1), total)
