"""Every way to say what ablating the more selective half does to variation under shifts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.questions.shift_invariance.estimands import INTACT, ablated_layers, last_layer

LAST_LAYER = "fc1"  # as the registration calls the last layer, which is fc1 in the network that it was written for
FEWEST = 2  # units that respond; one has no halves


def _sampled(study: xr.DataTree) -> SampledStudy:
    shifts, ablated = study["shift_invariance"].to_dataset(), ablated_layers(study)
    depth = shifts["layer"].values.tolist()
    behind = [np.arange(len(depth)) > depth.index(layer) for layer in ablated]
    last = [np.array([layer == last_layer(study) for layer in depth]) for _ in ablated]
    log_cv, cv = _coefficients(shifts)
    kept = shifts["prediction_consistency"].transpose("network", "condition", "shift").values.mean(axis=-1)
    places = {str(name): place for place, name in enumerate(shifts["condition"].values)}
    halves = _responding(study, ablated) >= FEWEST

    def sample(levels: Levels) -> Sample | str:
        baseline, watched = levels["baseline"].removesuffix("_half"), levels["watched"]
        top = [places[f"{layer}_top"] for layer in ablated]
        reference = [places[INTACT if baseline == INTACT else f"{layer}_{baseline}"] for layer in ablated]
        if levels["quantity"] == "predictions_lost":
            if watched != LAST_LAYER:
                return "predictions are the network's, not a layer's"
            lost = kept[:, reference] - kept[:, top]
            return Sample(np.where(halves, lost, np.nan), "share of images")
        ratio = levels["quantity"] == "log_ratio_of_variation"
        values = log_cv if ratio else cv
        difference = values[:, top] - values[:, reference]  # (network, ablated layer, layer watched)
        columns = behind if watched == "layers_behind" else last
        means = [
            difference[:, place, layers].mean(axis=-1) if layers.any() else np.full(len(cv), np.nan)
            for place, layers in enumerate(columns)
        ]
        mean = np.stack(means, axis=1) if means else np.empty((len(cv), 0))
        return Sample(np.where(halves, mean, np.nan), "log ratio" if ratio else "coefficient of variation")

    return SampledStudy(tuple(ablated), sample)


def _coefficients(shifts: xr.Dataset) -> tuple[Floats, Floats]:
    """Return the log of the coefficient of variation and itself, (network, condition, layer); NaN where not above 0."""
    cv = shifts["cv_mean"].transpose("network", "condition", "layer").values.astype(np.float64)
    cv = np.where(cv > 0, cv, np.nan)
    return np.log(cv), cv


def _responding(study: xr.DataTree, names: list[str]) -> Floats:
    """Return how many units of a layer respond to gratings, (network, layer)."""
    tuning = study["tuning"].to_dataset()
    silent = tuning["silent"].sel(state="analysed").transpose("network", "unit").values
    unit_layers = np.array(tuning["layer"].values.tolist())
    counts = [(~silent[:, unit_layers == name]).sum(axis=1) for name in names]
    return np.stack(counts, axis=1).astype(np.float64) if counts else np.empty((len(silent), 0))


MULTIVERSE = Multiverse(
    measure="fc1_cv_against_random_half",
    factors={
        "baseline": ("random_half", "bottom_half", INTACT),
        "quantity": ("log_ratio_of_variation", "difference_of_variation", "predictions_lost"),
        "watched": (LAST_LAYER, "layers_behind"),
    },
    sampled=_sampled,
)
