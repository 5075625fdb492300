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
    MATURATION,
    MEMORIZATION,
    SCHEMA_VERSION,
    STATES,
    TUNED_STATES,
    described,
    groups_of,
    optional_groups_of,
    variables_by_group,
)
from tests.example_ablation import activity_arrays, class_arrays, control_arrays, curve_arrays
from tests.example_arrays import (
    BLOCKS,
    CLASSES,
    ablation_arrays,
    coordinates,
    maturation_arrays,
    other_arrays,
    shift_invariance_arrays,
    specification_arrays,
    training_arrays,
    tuning_and_responses,
    with_normalised,
)
from tests.example_rivals import dose_arrays, other_tuning_arrays, ranking_arrays

CNN7 = {"conv1": 32, "conv2": 32, "conv3": 64, "conv4": 64, "conv5": 128, "conv6": 128, "fc1": 512}
CLAMPS = ("output_zero", "relu_zero")
POPULATION_GROUPS = {
    group: variables_by_group()[group] for group in groups_of("generalization")
}  # what most networks have

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
    tuning, response = tuning_and_responses(rng, layers, (initial_gosi, analysed_gosi), gosi_null, zero_range, silent)
    ablation = ablation_arrays(rng, layers, clamps, draws, tuning["gosi"][-1], test_loss, log_ratio or {}, null_sd)
    child_rng, sizes_of_halves, halves = rng.spawn(1)[0], ablation["half_size"].tolist(), ablation["null_target_loss"]
    ablation |= control_arrays(child_rng, list(layers), sizes_of_halves, halves, control_log_ratio or {})
    ablation |= curve_arrays(child_rng, list(layers), sizes_of_halves, test_loss, halves, curve_tilt or {})
    ablation |= class_arrays(child_rng, CLASSES, test_loss, ablation["loss"], class_cost or {})
    training = training_arrays(rng, epochs, test_loss)
    if final_train_accuracy is None and arm == MEMORIZATION:
        final_train_accuracy = 0.99
    if final_train_accuracy is not None:
        training["final_train_accuracy"] = np.array(final_train_accuracy)
    arrays = {
        "training": training,
        "activity": activity_arrays(child_rng, tuning["gosi"][-1], CLASSES, unit_slope or {}),
        "tuning": with_normalised(tuning),
        "responses": {"response": response},
        "halves": {"ablated": ablation.pop("ablated")},
        "ablation": ablation,
        "shift_invariance": shift_invariance_arrays(rng, layers, fc1_log_ratio or {}),
    }
    arrays |= _rivals(np.random.default_rng(seed), layers, tuning["gosi"][-1], ablation, ranking_log_ratio or {})
    if arm == MATURATION:
        means = (initial_gosi, analysed_gosi)
        gosi = maturation_arrays(rng, layers, means, training["validation_loss"], gosi_follows or {}, silent)
        arrays["maturation"] = {"gosi": gosi}
    if specifications:
        arrays |= specification_arrays(rng.spawn(1)[0], tuning, halves, len(specifications))
    coords = coordinates(layers, clamps) | {"specification": list(specifications)}
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
        others = other_arrays(
            rng, group, group_arrays, {**sizes, "state": len(states), "epoch": len(group_coords["epoch"])}
        )
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
