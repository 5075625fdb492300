"""The multiverses of what silencing units does: to the loss, and to the last layer under shifts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, Universe
from study.analysis.multiverse.units import (
    NOT_MEASURED,
    PROBE_FACTORS,
    REGISTERED_PROBE,
    layers_of,
    probe_of,
    quotient,
    variants_of,
)
from study.analysis.questions.shift_invariance import INTACT, LAST, silenced_layers

RANDOM_HALVES, DIFFERENCE, LOG2_RATIO = "random_halves", "difference", "log2_ratio"
NULL_SUBSET, WHOLE_TEST_SET = "null_subset", "whole_test_set"
BY_GOSI = "by_gosi"
CONTROLS = {
    "by_gosi_alike_in_activity": "matched_activity",
    "by_gosi_alike_in_activity_sd": "matched_activity_sd",
    "by_gosi_alike_in_weight_norm": "matched_weight_norm",
}
ON_NULL_ONLY = "random halves, halves made alike and halves by another probe were silenced on the null's images alone"
UNITS = {("loss", DIFFERENCE): "nat", ("accuracy", DIFFERENCE): "share of images"}
FEWEST = 2  # units that respond; one has no halves

Sides = tuple[Floats, Floats]  # what silencing the top and the bottom units costs, (network, layer)


def _ablation(study: xr.DataTree) -> Universe:
    ablation = study["ablation"].to_dataset()
    layers = tuple(ablation["layer"].values.tolist())

    def sample(levels: Levels) -> Sample | str:
        usual = levels["halves"] == BY_GOSI and probe_of(levels) == REGISTERED_PROBE
        if levels["images"] == WHOLE_TEST_SET:
            if not usual or levels["scale"] == RANDOM_HALVES:
                return ON_NULL_ONLY
            sides = _on_all_images(ablation, levels)
        elif levels["clamp"] != "output_zero":
            return "on the null's images units were silenced by output zero alone"
        else:
            sides = _on_null_images(study, ablation, levels)
        if isinstance(sides, str):
            return sides
        if levels["scale"] == LOG2_RATIO and levels["outcome"] != "loss":
            return "a ratio of losses of accuracy is not what the paper speaks of, and is undefined too often"
        return _scaled(sides, ablation, levels)

    return Universe(layers, sample)


def _has_halves(ablation: xr.Dataset) -> Floats:
    return np.where(ablation["half_size"].transpose("network", "layer").values > 0, 0.0, np.nan)


def _baseline(ablation: xr.Dataset, name: str) -> Floats:
    return np.asarray(ablation[name].values, dtype=np.float64)[:, None]


def _on_all_images(ablation: xr.Dataset, levels: Levels) -> Sides | str:
    if levels["clamp"] not in ablation["clamp"].values.tolist():
        return "that way of silencing was not used in this study"
    outcome = levels["outcome"]
    found = ablation[outcome].sel(clamp=levels["clamp"])
    return _costs(found, _baseline(ablation, f"baseline_{outcome}"), outcome, _has_halves(ablation))


def _on_null_images(study: xr.DataTree, ablation: xr.Dataset, levels: Levels) -> Sides | str:
    outcome, probe = levels["outcome"], probe_of(levels)
    baseline = _baseline(ablation, f"null_baseline_{outcome}")
    if levels["halves"] != BY_GOSI:
        if probe != REGISTERED_PROBE:
            return "halves made alike are by the registered read-out and gratings"
        control = CONTROLS[levels["halves"]]
        size = ablation["control_size"].sel(control=control).transpose("network", "layer").values
        found = ablation[f"control_{outcome}"].sel(control=control)
        return _costs(found, baseline, outcome, np.where(size > 0, 0.0, np.nan))
    if probe == REGISTERED_PROBE:
        # Where there are no halves all random halves cost the same, and so there is no scale either.
        defined = np.zeros(1) if levels["scale"] == RANDOM_HALVES else _has_halves(ablation)
        return _costs(ablation[f"null_target_{outcome}"], baseline, outcome, defined)
    variants = variants_of(study)
    if variants is None or probe not in variants["variant"].values.tolist():
        return NOT_MEASURED
    if outcome != "loss":
        return "of halves by another read-out or set of gratings the loss alone is stored"
    own = variants.sel(variant=probe)
    order = ablation["layer"].values.tolist()
    return _costs(own["target_loss"].sel(layer=order), baseline, outcome, _halves_by(own, order))


def _halves_by(variant: xr.Dataset, order: list[str]) -> Floats:
    """Return 0 where a layer has two units that respond by a variant, NaN elsewhere: (network, layer)."""
    silent = variant["silent"].sel(state="analysed").transpose("network", "unit").values
    layers = layers_of(variant["unit_layer"].values)
    counts = {name: (~silent[:, own]).sum(axis=1) for name, own in zip(layers.names, layers.members, strict=True)}
    return np.where(np.stack([counts[name] for name in order], axis=1) >= FEWEST, 0.0, np.nan)


def _costs(found: xr.DataArray, baseline: Floats, outcome: str, defined: Floats) -> Sides:
    """Return loss gained, or accuracy lost, with either half silenced."""
    sign = 1.0 if outcome == "loss" else -1.0
    top, bottom = (found.sel(target=target).transpose("network", "layer").values for target in ("top", "bottom"))
    return sign * (top - baseline) + defined, sign * (bottom - baseline) + defined


def _scaled(sides: Sides, ablation: xr.Dataset, levels: Levels) -> Sample:
    top, bottom = sides
    if levels["scale"] == LOG2_RATIO:
        ratio = quotient(np.where(top > 0, top, np.nan), bottom)
        return Sample(np.log2(ratio), "log2 of the ratio of increases")
    if levels["scale"] == DIFFERENCE:
        return Sample(top - bottom, UNITS[levels["outcome"], DIFFERENCE])
    null = ablation[f"null_{levels['outcome']}"].transpose("network", "layer", "draw", "half").values
    scale = np.sqrt(((null[..., 0] - null[..., 1]) ** 2).mean(axis=-1))
    return Sample(quotient(top - bottom, scale), "random halves")


def _shift_invariance(study: xr.DataTree) -> Universe:
    shifts, silenced = study["shift_invariance"].to_dataset(), silenced_layers(study)
    depth = shifts["layer"].values.tolist()
    behind = [np.arange(len(depth)) > depth.index(layer) for layer in silenced]
    fc1 = [np.array([layer == LAST for layer in depth]) for _ in silenced]
    log_cv, cv = _coefficients(shifts)
    kept = shifts["prediction_consistency"].transpose("network", "condition", "shift").values.mean(axis=-1)
    places = {str(name): place for place, name in enumerate(shifts["condition"].values)}
    halves = _responding(study, silenced) >= FEWEST

    def sample(levels: Levels) -> Sample | str:
        baseline, watched = levels["baseline"].removesuffix("_half"), levels["watched"]
        top = [places[f"{layer}_top"] for layer in silenced]
        reference = [places[INTACT if baseline == INTACT else f"{layer}_{baseline}"] for layer in silenced]
        if levels["quantity"] == "predictions_lost":
            if watched != "fc1":
                return "predictions are the network's, not a layer's"
            lost = kept[:, reference] - kept[:, top]
            return Sample(np.where(halves, lost, np.nan), "share of images")
        ratio = levels["quantity"] == "log_ratio_of_variation"
        values = log_cv if ratio else cv
        difference = values[:, top] - values[:, reference]  # (network, silenced layer, layer watched)
        columns = behind if watched == "layers_behind" else fc1
        means = [
            difference[:, place, own].mean(axis=-1) if own.any() else np.full(len(cv), np.nan)
            for place, own in enumerate(columns)
        ]
        found = np.stack(means, axis=1) if means else np.empty((len(cv), 0))
        return Sample(np.where(halves, found, np.nan), "log ratio" if ratio else "coefficient of variation")

    return Universe(tuple(silenced), sample)


def _coefficients(shifts: xr.Dataset) -> Sides:
    """Return the log of the coefficient of variation and itself, (network, condition, layer); NaN where not above 0."""
    cv = shifts["cv_mean"].transpose("network", "condition", "layer").values.astype(np.float64)
    cv = np.where(cv > 0, cv, np.nan)
    return np.log(cv), cv


def _responding(study: xr.DataTree, names: list[str]) -> Floats:
    """Return how many units of a layer respond to gratings, (network, layer)."""
    tuning = study["tuning"].to_dataset()
    silent = tuning["silent"].sel(state="analysed").transpose("network", "unit").values
    labels = np.array(tuning["unit_layer"].values.tolist())
    counts = [(~silent[:, labels == name]).sum(axis=1) for name in names]
    return np.stack(counts, axis=1).astype(np.float64) if counts else np.empty((len(silent), 0))


ABLATION = Multiverse(
    "ablation",
    "standardized_effect",
    {
        "scale": (RANDOM_HALVES, DIFFERENCE, LOG2_RATIO),
        "outcome": ("loss", "accuracy"),
        "images": (NULL_SUBSET, WHOLE_TEST_SET),
        "clamp": ("output_zero", "relu_zero", "mean", "resample"),
        "halves": (BY_GOSI, *CONTROLS),
        **PROBE_FACTORS,
    },
    _ablation,
)
SHIFT_INVARIANCE = Multiverse(
    "shift_invariance",
    "fc1_cv_against_random_half",
    {
        "baseline": ("random_half", "bottom_half", INTACT),
        "quantity": ("log_ratio_of_variation", "difference_of_variation", "predictions_lost"),
        "watched": (LAST, "layers_behind"),
    },
    _shift_invariance,
)
