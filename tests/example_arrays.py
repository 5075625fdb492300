"""The arrays of networks that were never trained, group by group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from study.vocabulary.schema import (
    AROUND_EPOCH,
    CONTROLS,
    FRACTIONS,
    HALVES,
    ORDERS,
    RANKINGS,
    RECEIVED,
    SETS_ABLATED,
    SHIFTS,
    STEPS,
    TARGETS,
    WAYS,
    conditions,
    variables_by_group,
)

CLASSES = 10
BLOCKS = 20  # of test images, and of those that random halves are ablated on
POSITIONS = {
    "conv1": 900,
    "conv2": 196,
    "conv3": 144,
    "conv4": 25,
    "conv5": 9,
}  # components of a unit; 1 where left out
ORIENTATIONS = np.arange(12) * 15.0
FREQUENCIES = np.arange(1, 10) / 40
PHASES = np.arange(4) * 90.0
BINS = (np.arange(40) + 0.5) / 40


def coordinates(layers: Mapping[str, int], clamps: tuple[str, ...]) -> dict[str, Any]:
    return {
        "layer": list(layers),
        "channel": ("unit", np.concatenate([np.arange(units) for units in layers.values()])),
        "orientation": ORIENTATIONS,
        "spatial_frequency": FREQUENCIES,
        "phase": PHASES,
        "gosi_bin": BINS,
        "clamp": list(clamps),
        "target": list(TARGETS),
        "half": list(HALVES),
        "class": np.arange(CLASSES),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "ranking": list(RANKINGS),
        "fraction": np.array(FRACTIONS),
        "condition": list(conditions(_ablated(layers))),
        "shift": list(SHIFTS),
        "received": list(RECEIVED),
        "way": list(WAYS),
        "step": list(STEPS),
        "held": list(SETS_ABLATED),
        "trained": list(AROUND_EPOCH),
    }


def _ablated(layers: Mapping[str, int]) -> list[str]:
    """Return the layers behind whose ablated halves shift invariance is measured."""
    return [layer for layer in ("conv2", "conv3") if layer in layers]


def other_arrays(
    rng: np.random.Generator, group: str, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Return noise for what the schema holds and this module does not model."""
    types = {"f": float, "i": np.int64, "b": bool}
    return {
        name: rng.integers(0, 2, [sizes[dim] for dim in variable.dims]).astype(types[variable.kind])
        for name, variable in variables_by_group()[group].items()
        if name not in arrays
    }


def training_arrays(rng: np.random.Generator, epochs: int, test_loss: float) -> dict[str, np.ndarray]:
    falling = test_loss + 1.2 * np.exp(-np.arange(epochs) / 2) + rng.normal(0, 0.02, epochs)
    accuracy = np.exp(-falling / 2.3)
    return {
        "train_loss": falling - 0.1,
        "train_accuracy": accuracy + 0.02,
        "validation_loss": falling,
        "validation_accuracy": accuracy,
        "analysed_epoch": np.array(int(np.argmax(accuracy)) + 1),
        "final_train_loss": np.array(0.8 * test_loss),
        "final_train_accuracy": np.array(np.exp(-0.8 * test_loss / 2.3)),
        "test_loss": np.array(test_loss),
        "test_accuracy": np.array(np.exp(-test_loss / 2.3)),
    }


def maturation_arrays(
    rng: np.random.Generator,
    layers: Mapping[str, int],
    means: tuple[Mapping[str, float], Mapping[str, float]],
    loss: np.ndarray,
    follows: Mapping[str, float],
    silent_share: float,
) -> np.ndarray:
    """Return gOSI (epoch, unit), epoch 0 first: on its way from either mean to the other as far as the loss has fallen."""
    fallen = np.concatenate([[0.0], (loss.max() - loss) / (np.ptp(loss) or 1.0)])
    units, shape = list(layers.values()), (len(fallen), sum(layers.values()))
    agreement = np.array([follows.get(layer, 1.0) for layer in layers])
    way = 0.5 + agreement * (fallen[:, None] - 0.5) + rng.normal(0, 0.01, (len(fallen), len(layers)))
    initial, analysed = (np.array([state.get(layer, 0.4) for layer in layers]) for state in means)
    mean = np.repeat(initial + (analysed - initial) * way, units, axis=1)
    gosi = np.clip(mean + rng.normal(0, 0.05, shape[1]) + rng.normal(0, 0.002, shape), 0.01, 0.99)
    return np.where(rng.random(shape) < silent_share, np.nan, gosi)


def tuning_and_responses(
    rng: np.random.Generator,
    layers: Mapping[str, int],
    means: tuple[Mapping[str, float], Mapping[str, float]],
    null: float,
    zero_range: float,
    silent_share: float,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the tuning of every unit, and the responses it follows from."""
    by_layer = np.array([[state.get(layer, 0.4) for layer in layers] for state in means])
    mean = np.clip(np.repeat(by_layer, list(layers.values()), axis=1), 0.02, 0.98)
    gosi = rng.beta(12 * mean, 12 * (1 - mean))
    silent = rng.random(mean.shape) < silent_share
    preferred, frequency = rng.integers(0, 12, mean.shape), rng.integers(0, 9, mean.shape)
    # A flat curve with a spike: the flat part has no resultant, so the spike's share of the sum is the gOSI.
    curve = (1 - gosi[..., None]) / 12 + gosi[..., None] * (np.arange(12) == preferred[..., None])
    curve = curve * rng.gamma(4.0, 0.5, mean.shape)[..., None] * ~silent[..., None]
    over_frequency = 0.4 ** np.abs(np.arange(9) - frequency[..., None])
    over_phase = 0.5 ** ((np.arange(4) - rng.integers(0, 4, (*mean.shape, 1))) % 4)
    response = curve[..., :, None, None] * over_frequency[..., None, :, None] * over_phase[..., None, None, :]
    spread = np.where(rng.random(mean.shape) < zero_range, 0.0, 15.0 * rng.integers(1, 6, mean.shape))
    orthogonal = np.take_along_axis(curve, (preferred[..., None] + 6) % 12, -1)[..., 0]
    null_mean = np.clip(null + rng.normal(0, 0.03, mean.shape), 0.01, 0.9)

    def where_tuned(values: np.ndarray) -> np.ndarray:
        return np.where(silent, np.nan, values)

    with np.errstate(invalid="ignore"):
        osi = (curve.max(-1) - orthogonal) / (curve.max(-1) + orthogonal)
    tuning = {
        "gosi": where_tuned(gosi),
        "osi": where_tuned(osi),
        "preferred_orientation": where_tuned(ORIENTATIONS[preferred]),
        "preferred_spatial_frequency": where_tuned(FREQUENCIES[frequency]),
        "spatial_frequency_range": np.where(gosi > 0.33, where_tuned(spread), np.nan),
        "spatial_frequency_count": np.where(silent, 0, 1),
        "spatial_frequency_range_midpoint": np.where(gosi > 0.33, where_tuned(spread), np.nan),
        "spatial_frequency_count_midpoint": np.where(silent, 0, 1),
        "silent": silent,
        "mean_response": response.mean((-3, -2, -1)),
        "tuning_curve": curve.astype(np.float32),
        "gosi_null_mean": where_tuned(null_mean),
        "gosi_null_sd": where_tuned(np.full(mean.shape, 0.07)),
        "gosi_null_selective": where_tuned(np.clip(null_mean - 0.15, 0, 1)),
        "gosi_pvalue": where_tuned(np.where(gosi > null_mean + 0.14, 1 / 1001, rng.random(mean.shape))),
        "gosi_orientation_null_mean": where_tuned(null_mean),
        "gosi_orientation_pvalue": where_tuned(np.where(gosi > null_mean + 0.14, 1 / 1001, rng.random(mean.shape))),
        "gosi_null_count": rng.poisson(100 * np.exp(-(((BINS - null) / 0.1) ** 2)), (*mean.shape, 40)),
    }
    return tuning, response.astype(np.float32)


def with_normalised(tuning: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the tuning in all three states: before training, images take a tenth of every gOSI and leave the rest."""
    states = {name: values[[0, 0, 1]] for name, values in tuning.items()}
    states["gosi"][1] *= 0.9
    return states


def specification_arrays(
    rng: np.random.Generator, tuning: Mapping[str, np.ndarray], halves: np.ndarray, n_specifications: int
) -> dict[str, dict[str, np.ndarray]]:
    """Return, by group, what other specifications find: the registered probe's tuning and its halves' losses, and noise."""
    shape = (len(tuning["gosi"]), n_specifications, tuning["gosi"].shape[1])
    near = {
        name: np.broadcast_to(tuning[name][:, None], shape).copy()
        for name in variables_by_group()["multiverse"]
        if name in tuning
    }
    near["gosi"] = np.clip(near["gosi"] + rng.normal(0, 0.05, shape), 0.01, 0.99)
    loss = halves * np.exp(rng.normal(0, 0.05, (n_specifications, *halves.shape)))
    return {"multiverse": near, "multiverse_ablation": {"target_loss": loss}}


def ablation_arrays(
    rng: np.random.Generator,
    layers: Mapping[str, int],
    clamps: tuple[str, ...],
    draws: int,
    gosi: np.ndarray,
    test_loss: float,
    log_ratio: Mapping[str, float],
    null_sd: float,
) -> dict[str, np.ndarray]:
    """Return losses under ablation, whose halves are those of `gosi` (unit,); NaN is in neither."""
    ablated, sizes, silent, start = np.zeros(gosi.size, np.int64), [], [], 0
    for units in layers.values():
        layer_gosi = gosi[start : start + units]
        ranked = start + np.argsort(-layer_gosi, kind="stable")[: np.isfinite(layer_gosi).sum()]
        half = ranked.size // 2
        ablated[ranked[:half]], ablated[ranked[ranked.size - half :]] = 1, -1
        sizes.append(half)
        silent.append(int(np.isnan(layer_gosi).sum()))
        start += units
    ratio = np.array([log_ratio.get(layer, 0.0) for layer in layers])
    typical = test_loss + 0.5 + rng.gamma(4.0, 0.1, (len(clamps), len(layers)))
    noise = rng.normal(0, 0.02, (len(clamps), len(layers)))
    loss = np.stack([typical * np.exp((ratio + noise) / 2), typical * np.exp(-(ratio + noise) / 2)], axis=-1)
    null_loss = test_loss + 0.5 + rng.normal(0, null_sd / np.sqrt(2), (len(layers), draws, 2))
    return {
        "baseline_loss_by_block": by_block(rng.spawn(1)[0], np.array(test_loss)),
        "loss_by_block": by_block(rng.spawn(1)[0], loss),
        "null_target_loss_by_block": by_block(rng.spawn(1)[0], loss[0]),
        "baseline_loss": np.array(test_loss),
        "baseline_accuracy": np.array(np.exp(-test_loss / 2.3)),
        "loss": loss,
        "accuracy": np.exp(-loss / 2.3),
        "ablated": ablated,
        "half_size": np.array(sizes),
        "silent_units": np.array(silent),
        "null_baseline_loss": np.array(test_loss),
        "null_target_loss": loss[0],
        "null_target_accuracy": np.exp(-loss[0] / 2.3),
        "null_loss": null_loss,
        "null_accuracy": np.exp(-null_loss / 2.3),
        "null_effect": null_loss[..., 0] - null_loss[..., 1],
    }


def by_block(rng: np.random.Generator, loss: np.ndarray) -> np.ndarray:
    """Return losses by block of images, (..., block), whose means they are; the same blocks are hard in all of them."""
    hard, noise = 0.05 * rng.normal(size=BLOCKS), 0.01 * rng.normal(size=(*loss.shape, BLOCKS))
    return loss[..., None] + (hard - hard.mean()) + noise - noise.mean(axis=-1, keepdims=True)


def shift_invariance_arrays(
    rng: np.random.Generator, layers: Mapping[str, int], fc1_log_ratio: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Return coefficients of variation that fall with depth; half ablated, they rise in the layers behind."""
    names, ablated = list(layers), _ablated(layers)
    n_conditions = len(conditions(ablated))
    log_cv = np.tile(-0.2 * np.arange(len(names)) + rng.normal(0, 0.03, len(names)), (n_conditions, 1))
    components = np.array([units * POSITIONS.get(layer, 1) for layer, units in layers.items()])
    inactive = np.tile(rng.binomial(components, 0.02), (n_conditions, 1))
    for place, layer in enumerate(ablated):
        rows, behind = slice(1 + 3 * place, 4 + 3 * place), names.index(layer) + 1
        log_cv[rows, behind:] += 0.1 + rng.normal(0, 0.03, (3, len(names) - behind))
        log_cv[rows.start, -1] += fc1_log_ratio.get(layer, 0.0)
        inactive[rows, behind:] = rng.binomial(components[behind:], 0.04, (3, len(names) - behind))
    consistency = np.array([0.85, 0.84, 0.78]) - 0.1 * (np.arange(n_conditions) > 0)[:, None]
    return {
        "cv_mean": np.exp(log_cv),
        "cv_standard_error": np.exp(log_cv) / np.sqrt(components),
        "n_components": components - inactive,
        "n_inactive": inactive,
        "prediction_consistency": np.clip(consistency + rng.normal(0, 0.02, (n_conditions, len(SHIFTS))), 0, 1),
    }
