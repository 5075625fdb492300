"""Networks that were never trained: schema-valid trees of the real shapes, with effects of a size a test can choose.

gOSI, preferred orientation and frequency agree with the tuning curves and the responses; the halves agree with gOSI.
The rest is plausible noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from study.vocabulary.measurement import measurements
from study.vocabulary.rearing import FREE, NO_LAYERS
from study.vocabulary.schema import (
    AROUND_EPOCH,
    CONTROLS,
    FRACTIONS,
    HALVES,
    MATURATION,
    MEMORIZATION,
    ORDERS,
    RANKINGS,
    RECEIVED,
    SCHEMA_VERSION,
    SETS_ABLATED,
    SHIFTS,
    STATES,
    STEPS,
    TARGETS,
    TUNED_STATES,
    WAYS,
    conditions,
    described,
    groups_of,
    optional_groups_of,
    variables_by_group,
)
from tests.example_ablation import activity_arrays, class_arrays, control_arrays, curve_arrays
from tests.example_rivals import dose_arrays, other_tuning_arrays, ranking_arrays

CNN7 = {"conv1": 32, "conv2": 32, "conv3": 64, "conv4": 64, "conv5": 128, "conv6": 128, "fc1": 512}
CLAMPS = ("output_zero", "relu_zero")
CLASSES = 10
BLOCKS = 20  # of test images, and of those that random halves are ablated on
POPULATION_GROUPS = {
    group: variables_by_group()[group] for group in groups_of("generalization")
}  # what most networks have
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

INITIAL_GOSI = {"conv1": 0.15, "conv2": 0.24, "conv3": 0.23, "conv4": 0.33, "conv5": 0.29, "conv6": 0.33, "fc1": 0.31}
ANALYSED_GOSI = {"conv1": 0.26, "conv2": 0.50, "conv3": 0.65, "conv4": 0.68, "conv5": 0.70, "conv6": 0.51, "fc1": 0.45}


def example_network(rng: np.random.Generator, **options: Any) -> xr.DataTree:
    """Return one network; the options are those of `example_arrays`."""
    network = example_arrays(rng, **options)
    groups = {f"/{group}": network.described(group) for group in network.arrays}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=network.attributes), **groups})


@dataclass(frozen=True)
class ExampleArrays:
    """What a network says it is; by group its arrays by name, and what labels them."""

    attributes: dict[str, Any]
    arrays: dict[str, dict[str, np.ndarray]]
    coords: dict[str, dict[str, Any]]

    def described(self, group: str) -> xr.Dataset:
        """Return a group as the schema describes it."""
        return described(group, self.arrays[group], self.coords[group])


def example_arrays(
    rng: np.random.Generator,
    *,
    arm: str = "generalization",
    augmentation: str = "none",
    label_corruption: float = 0.0,
    seed: int = 0,
    initialization_set: int = 1,
    rearing: str = FREE,
    reared_layers: str = NO_LAYERS,
    layers: Mapping[str, int] = CNN7,
    epochs: int = 4,
    draws: int = 20,
    clamps: tuple[str, ...] = CLAMPS,
    initial_gosi: Mapping[str, float] = INITIAL_GOSI,
    analysed_gosi: Mapping[str, float] = ANALYSED_GOSI,
    gosi_null: float = 0.2,
    zero_range: float = 0.7,
    silent: float = 0.02,
    test_loss: float = 1.0,
    log_ratio: Mapping[str, float] | None = None,
    null_sd: float = 0.2,
    fc1_log_ratio: Mapping[str, float] | None = None,
    gosi_follows: Mapping[str, float] | None = None,
    final_train_accuracy: float | None = None,
    control_log_ratio: Mapping[str, Mapping[str, float]] | None = None,
    curve_tilt: Mapping[str, float] | None = None,
    class_cost: Mapping[str, Sequence[float]] | None = None,
    unit_slope: Mapping[str, float] | None = None,
    ranking_log_ratio: Mapping[str, float] | None = None,
    specifications: Sequence[str] = (),
    key: str | None = None,
) -> ExampleArrays:
    """Return the arrays of one network.

    Parameters
    ----------
    rng
        Where all noise comes from: the same state gives the same network.
    layers
        Units per layer.
    initial_gosi, analysed_gosi
        Mean gOSI of a layer's units in either state; 0.4 where left out.
    gosi_null
        Mean of the units' shuffled gOSI.
    zero_range
        Share of units whose preferred orientation is the same at every spatial frequency.
    silent
        Share of units that respond to no grating; their gOSI is NaN.
    test_loss
        Test cross-entropy of the intact network, in nat.
    log_ratio
        Per layer, log(loss with the top half clamped / loss with the bottom half clamped); 0 where left out.
    null_sd
        Standard deviation of the difference of two random halves' losses, in nat.
    fc1_log_ratio
        Per ablated layer, log(the last layer's coefficient of variation with the top half ablated / with a random half
        ablated); 0 where left out. Any half raises it.
    gosi_follows
        Of the maturation arm, per layer: 1 where gOSI rises as validation loss falls, -1 where it falls with it, 0 where
        it has nothing to do with it; 1 where left out.
    final_train_accuracy
        Training accuracy of the analysed weights; by default 0.99 in the memorization arm, else what `test_loss` gives.
    control_log_ratio, curve_tilt, class_cost, unit_slope
        What the controls, the curves, the classes and the units' activity show; see `tests.example_ablation`.
    ranking_log_ratio
        What halves by rivals of gOSI show; see `tests.example_rivals`.
    specifications
        Other specifications of the probe, such as `"max/fixed"`: gOSI near the registered one, halves' losses as well. Of
        the generalization arm; without any the network has no such group.
    key
        By default a digest of what identifies the network.
    """
    identity = {
        "arm": arm,
        "augmentation": augmentation,
        "label_corruption": label_corruption,
        "seed": seed,
        "initialization_set": initialization_set,
        "rearing": rearing,
        "reared_layers": reared_layers,
    }
    key = key or hashlib.sha256(repr(sorted(identity.items())).encode()).hexdigest()[:20]
    tuning, response = _tuning(rng, layers, (initial_gosi, analysed_gosi), gosi_null, zero_range, silent)
    ablation = _ablation(rng, layers, clamps, draws, tuning["gosi"][-1], test_loss, log_ratio or {}, null_sd)
    child_rng, sizes_of_halves, halves = rng.spawn(1)[0], ablation["half_size"].tolist(), ablation["null_target_loss"]
    ablation |= control_arrays(child_rng, list(layers), sizes_of_halves, halves, control_log_ratio or {})
    ablation |= curve_arrays(child_rng, list(layers), sizes_of_halves, test_loss, halves, curve_tilt or {})
    ablation |= class_arrays(child_rng, CLASSES, test_loss, ablation["loss"], class_cost or {})
    training = _training(rng, epochs, test_loss)
    if final_train_accuracy is None and arm == MEMORIZATION:
        final_train_accuracy = 0.99
    if final_train_accuracy is not None:
        training["final_train_accuracy"] = np.array(final_train_accuracy)
    arrays = {
        "training": training,
        "activity": activity_arrays(child_rng, tuning["gosi"][-1], CLASSES, unit_slope or {}),
        "tuning": _with_normalised(tuning),
        "responses": {"response": response},
        "halves": {"ablated": ablation.pop("ablated")},
        "ablation": ablation,
        "shift_invariance": _shift_invariance(rng, layers, fc1_log_ratio or {}),
    }
    arrays |= _rivals(np.random.default_rng(seed), layers, tuning["gosi"][-1], ablation, ranking_log_ratio or {})
    if arm == MATURATION:
        means = (initial_gosi, analysed_gosi)
        gosi = _maturation(rng, layers, means, training["validation_loss"], gosi_follows or {}, silent)
        arrays["maturation"] = {"gosi": gosi}
    if specifications:
        arrays |= _specifications(rng.spawn(1)[0], tuning, halves, len(specifications))
    coords = _coords(layers, clamps) | {"specification": list(specifications)}
    sizes = {
        "test_block": BLOCKS,
        "null_block": BLOCKS,
        "draw": draws,
        "unit": sum(layers.values()),
        "first_layer_unit": next(iter(layers.values())),
        **{"weight_number": 40, "tensor": 2, "tensor_axis": 4},
        **dict.fromkeys(("kernel_row", "kernel_column", "kernel_channel"), 3),
        **{name: len(value) for name, value in coords.items()},
    }
    all_arrays, all_coords = {}, {}
    for group in (*groups_of(arm), *(optional_groups_of(arm) if specifications else ())):
        states = TUNED_STATES if group == "tuning" else STATES
        of_units = {"layer": ("unit", [layer for layer, units in layers.items() for _ in range(units)])}
        group_coords = {
            **coords,
            **(of_units if measurements()[group].is_by_unit else {}),
            "state": list(states),
            "epoch": np.arange(0 if group == "maturation" else 1, epochs + 1),
        }
        group_arrays = arrays.get(group, {})
        others = _others(rng, group, group_arrays, {**sizes, "state": len(states), "epoch": len(group_coords["epoch"])})
        all_arrays[group], all_coords[group] = group_arrays | others, group_coords
    return ExampleArrays({"schema_version": SCHEMA_VERSION, "key": key, **identity}, all_arrays, all_coords)


def _rivals(
    rng: np.random.Generator,
    layers: Mapping[str, int],
    gosi: np.ndarray,
    ablation: Mapping[str, np.ndarray],
    log_ratio: Mapping[str, float],
) -> dict[str, dict[str, np.ndarray]]:
    """Return, by group, what is measured of rivals of gOSI."""
    return {
        "other_tuning": other_tuning_arrays(rng, gosi),
        "rivals": ranking_arrays(rng, ablation["half_size"], ablation["null_target_loss"], log_ratio),
        "dose": dose_arrays(rng, layers, gosi, ablation["null_loss"]),
    }


def _coords(layers: Mapping[str, int], clamps: tuple[str, ...]) -> dict[str, Any]:
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


def _others(
    rng: np.random.Generator, group: str, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Return noise for what the schema holds and this module does not model."""
    types = {"f": float, "i": np.int64, "b": bool}
    return {
        name: rng.integers(0, 2, [sizes[dim] for dim in variable.dims]).astype(types[variable.kind])
        for name, variable in variables_by_group()[group].items()
        if name not in arrays
    }


def _training(rng: np.random.Generator, epochs: int, test_loss: float) -> dict[str, np.ndarray]:
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


def _maturation(
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


def _tuning(
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


def _with_normalised(tuning: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the tuning in all three states: before training, images take a tenth of every gOSI and leave the rest."""
    states = {name: values[[0, 0, 1]] for name, values in tuning.items()}
    states["gosi"][1] *= 0.9
    return states


def _specifications(
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


def _ablation(
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


def _shift_invariance(
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
