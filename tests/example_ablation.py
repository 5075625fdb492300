"""The parts of an example network that are about silencing: controls, curves, classes, and how active units are.

They agree with the losses of the halves that they are given; their noise comes from a generator of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from study.vocabulary.schema import CONTROLS, FRACTIONS, ORDERS, TARGETS

UNIT_QUANTITIES = ("mean_activity", "activity_sd", "mean_output", "weight_norm", "class_selectivity")
NOISE = 0.02


def accuracy_of(loss: np.ndarray) -> np.ndarray:
    """Return the accuracy that goes with a loss in nat: 1 at 0, a tenth at chance."""
    return np.exp(-loss / 2.3)


def class_arrays(
    rng: np.random.Generator,
    classes: int,
    baseline: float,
    loss: np.ndarray,
    class_cost: Mapping[str, Sequence[float]],
) -> dict[str, np.ndarray]:
    """Return the classes' losses and accuracies; their means are those of all images.

    `loss` is (clamp, layer, target); `class_cost` gives, by target, what each class is charged relative to the others,
    by default about the same.
    """
    spread = 0.1 * rng.normal(size=classes)
    spread -= spread.mean()
    cost = np.array([class_cost.get(target, 1 + 0.1 * rng.normal(size=classes)) for target in TARGETS], dtype=float)
    share = cost / cost.mean(axis=1, keepdims=True)
    accuracy, intact = accuracy_of(loss), accuracy_of(np.array(baseline))
    return {
        "baseline_class_loss": baseline + spread,
        "baseline_class_accuracy": intact - 0.1 * spread,
        "class_loss": baseline + spread + (loss - baseline)[..., None] * share,
        "class_accuracy": intact - 0.1 * spread + (accuracy - intact)[..., None] * share,
    }


def control_arrays(
    rng: np.random.Generator,
    layers: Sequence[str],
    half_size: Sequence[int],
    halves: np.ndarray,
    control_log_ratio: Mapping[str, Mapping[str, float]],
) -> dict[str, np.ndarray]:
    """Return the losses of the controls' halves, whose geometric mean is that of the halves by gOSI.

    `halves` is (layer, target). `control_log_ratio` gives, by control and layer, log(loss(top) / loss(bottom)); by default
    class selectivity tells nothing, and matching takes nothing away.
    """
    typical, log_ratio = np.sqrt(halves.prod(axis=-1)), np.log(halves[:, 0] / halves[:, 1])
    default = {control: log_ratio if control.startswith("matched") else np.zeros(len(layers)) for control in CONTROLS}
    ratio = np.array(
        [
            [control_log_ratio.get(control, {}).get(layer, default[control][place]) for control in CONTROLS]
            for place, layer in enumerate(layers)
        ]
    ) + rng.normal(0, NOISE, (len(layers), len(CONTROLS)))
    loss = np.stack([typical[:, None] * np.exp(ratio / 2), typical[:, None] * np.exp(-ratio / 2)], axis=-1)
    size = np.repeat(np.array(half_size)[:, None], len(CONTROLS), axis=1)
    return {"control_loss": loss, "control_accuracy": accuracy_of(loss), "control_size": size}


def curve_arrays(
    rng: np.random.Generator,
    layers: Sequence[str],
    half_size: Sequence[int],
    baseline: float,
    halves: np.ndarray,
    curve_tilt: Mapping[str, float],
) -> dict[str, np.ndarray]:
    """Return the losses of silencing more and more of a layer: from intact by way of the halves to twice their cost.

    `halves` is (layer, target). At half of the units, silencing in descending order costs what the top half does, in
    ascending order what the bottom half does, in random order their mean. `curve_tilt` adds, by layer, so many nat to the
    descending curve, and takes as many from the ascending one, at fractions below a half.
    """
    at_half = np.stack([halves[:, 1], halves[:, 0], halves.mean(axis=1)], axis=1)  # ascending, descending, random
    everything = baseline + 2 * np.maximum(at_half.max(axis=1) - baseline, 0.1)
    fractions = np.array(FRACTIONS)
    loss = np.array(
        [
            [np.interp(fractions, [0, 0.5, 1], [baseline, middle, end]) for middle in row]
            for row, end in zip(at_half, everything, strict=True)
        ]
    )
    below = np.where(fractions < 0.499, 1.0, 0.0) * np.array([curve_tilt.get(layer, 0.0) for layer in layers])[:, None]
    loss[:, ORDERS.index("descending")] += below
    loss[:, ORDERS.index("ascending")] -= below
    loss += NOISE * fractions * (1 - fractions) * rng.normal(size=loss.shape)
    size = np.rint(np.multiply.outer(2 * np.array(half_size), fractions)).astype(np.int64)
    return {"curve_loss": loss, "curve_accuracy": accuracy_of(loss), "curve_size": size}


def activity_arrays(
    rng: np.random.Generator, gosi: np.ndarray, classes: int, unit_slope: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Return how active the units are; `gosi` is (unit,), NaN where silent.

    `unit_slope` gives, by quantity, how much its logarithm rises from a gOSI of 0 to one of 1; by default not at all.
    """
    known = np.nan_to_num(gosi, nan=float(np.nanmean(gosi)) if np.isfinite(gosi).any() else 0.0)
    arrays = {
        name: rng.gamma(4.0, 0.1, gosi.size) * np.exp(unit_slope.get(name, 0.0) * known) for name in UNIT_QUANTITIES
    }
    arrays["mean_output"] *= rng.choice((-1.0, 1.0), gosi.size)
    arrays["class_selectivity"] = np.where(np.isfinite(gosi), np.minimum(arrays["class_selectivity"], 1.0), np.nan)
    arrays["preferred_class"] = np.where(np.isfinite(gosi), rng.integers(0, classes, gosi.size), -1)
    return arrays
