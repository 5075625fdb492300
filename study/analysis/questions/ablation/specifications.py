"""Every way to say what ablating the more selective half costs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import NOT_MEASURED, layers_of, other_target_losses, other_tunings, quotient

RANDOM_HALVES, DIFFERENCE, LOG2_RATIO = "random_halves", "difference", "log2_ratio"
NULL_SUBSET, WHOLE_TEST_SET = "null_subset", "whole_test_set"
BY_GOSI = "by_gosi"
CONTROLS = {
    "by_gosi_alike_in_activity": "matched_activity",
    "by_gosi_alike_in_activity_sd": "matched_activity_sd",
    "by_gosi_alike_in_weight_norm": "matched_weight_norm",
    "by_gosi_alike_in_sparseness": "matched_sparseness",
}
ON_NULL_ONLY = (
    "random halves, halves made alike and halves by another read-out or set of gratings were ablated on the null's images"
    " alone"
)
UNITS = {("loss", DIFFERENCE): "nat", ("accuracy", DIFFERENCE): "share of images"}
FEWEST = 2  # units that respond; one has no halves

Sides = tuple[Floats, Floats]  # what ablating the top and the bottom units costs, (network, layer)


def _sampled(study: xr.DataTree) -> SampledStudy:
    ablation = study["ablation"].to_dataset()
    layers = tuple(ablation["layer"].values.tolist())

    def sample(levels: Levels) -> Sample | str:
        registered = levels["halves"] == BY_GOSI and factors.has_registered_tuning(levels)
        if levels["images"] == WHOLE_TEST_SET:
            if not registered or levels["scale"] == RANDOM_HALVES:
                return ON_NULL_ONLY
            sides = _on_all_images(ablation, levels)
        elif levels["clamp"] != "output_zero":
            return "on the null's images units were ablated by output zero alone"
        else:
            sides = _on_null_images(study, ablation, levels)
        if isinstance(sides, str):
            return sides
        if levels["scale"] == LOG2_RATIO and levels["outcome"] != "loss":
            return "a ratio of losses of accuracy is not what the paper speaks of, and is undefined too often"
        return _scaled(sides, ablation, levels)

    return SampledStudy(layers, sample)


def _has_halves(ablation: xr.Dataset) -> Floats:
    return np.where(ablation["half_size"].transpose("network", "layer").values > 0, 0.0, np.nan)


def _baseline(ablation: xr.Dataset, name: str) -> Floats:
    return np.asarray(ablation[name].values, dtype=np.float64)[:, None]


def _on_all_images(ablation: xr.Dataset, levels: Levels) -> Sides | str:
    if levels["clamp"] not in ablation["clamp"].values.tolist():
        return "that way of ablating was not used in this study"
    outcome = levels["outcome"]
    ablated = ablation[outcome].sel(clamp=levels["clamp"])
    return _costs(ablated, _baseline(ablation, f"baseline_{outcome}"), outcome, _has_halves(ablation))


def _on_null_images(study: xr.DataTree, ablation: xr.Dataset, levels: Levels) -> Sides | str:
    outcome, tuning = levels["outcome"], factors.tuning_of(levels)
    baseline = _baseline(ablation, f"null_baseline_{outcome}")
    if levels["halves"] != BY_GOSI:
        if tuning != factors.REGISTERED_TUNING:
            return "halves made alike are by the registered read-out and gratings"
        control = CONTROLS[levels["halves"]]
        size = ablation["control_size"].sel(control=control).transpose("network", "layer").values
        ablated = ablation[f"control_{outcome}"].sel(control=control)
        return _costs(ablated, baseline, outcome, np.where(size > 0, 0.0, np.nan))
    if tuning == factors.REGISTERED_TUNING:
        # Where there are no halves all random halves cost the same, and so there is no scale either.
        defined = np.zeros(1) if levels["scale"] == RANDOM_HALVES else _has_halves(ablation)
        return _costs(ablation[f"null_target_{outcome}"], baseline, outcome, defined)
    others, losses = other_tunings(study), other_target_losses(study)
    if others is None or losses is None or tuning not in others["specification"].values.tolist():
        return NOT_MEASURED
    if outcome != "loss":
        return "of halves by another read-out or set of gratings the loss alone is stored"
    other = others.sel(specification=tuning)
    order = ablation["layer"].values.tolist()
    loss = losses["target_loss"].sel(specification=tuning, layer=order)
    return _costs(loss, baseline, outcome, _halves_by(other, order))


def _halves_by(other: xr.Dataset, order: list[str]) -> Floats:
    """Return 0 where a layer has two units that respond by another tuning, NaN elsewhere: (network, layer)."""
    silent = other["silent"].sel(state="analysed").transpose("network", "unit").values
    layers = layers_of(other["layer"].values)
    counts = {name: (~silent[:, units]).sum(axis=1) for name, units in zip(layers.names, layers.members, strict=True)}
    return np.where(np.stack([counts[name] for name in order], axis=1) >= FEWEST, 0.0, np.nan)


def _costs(ablated: xr.DataArray, baseline: Floats, outcome: str, defined: Floats) -> Sides:
    """Return loss gained, or accuracy lost, with either half ablated."""
    sign = 1.0 if outcome == "loss" else -1.0
    top, bottom = (ablated.sel(target=target).transpose("network", "layer").values for target in ("top", "bottom"))
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


MULTIVERSE = Multiverse(
    measure="standardized_effect",
    factors={
        "scale": (RANDOM_HALVES, DIFFERENCE, LOG2_RATIO),
        "outcome": ("loss", "accuracy"),
        "images": (NULL_SUBSET, WHOLE_TEST_SET),
        "clamp": ("output_zero", "relu_zero", "mean", "resample"),
        "halves": (BY_GOSI, *CONTROLS),
        **factors.TUNING,
    },
    sampled=_sampled,
)
