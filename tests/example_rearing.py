"""A study of the rearing arm by hand: its networks paired by seed, with planted scores and selectivity."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from study.vocabulary.measurement import measurements

LAYERS = {"conv1": 4, "conv2": 4, "conv3": 4, "conv4": 3, "conv5": 3, "conv6": 3, "fc1": 5}
SPAN = "conv1-conv3"
ANGLES = np.arange(0, 180, 15.0)
STRING = np.dtypes.StringDType()
THREE = (("free", "none"), ("isotropic", SPAN), ("parted", SPAN))
# Test loss, and gOSI beyond shuffles, under each condition.
LOSS: Mapping[str, float] = {"free": 1.2, "isotropic": 1.45, "parted": 1.3, "random_basis": 1.28}
SELECTIVITY: Mapping[str, float] = {"free": 0.4, "isotropic": -0.05, "parted": 0.15, "random_basis": 0.2}


def reared_study(
    *,
    seeds: int = 12,
    kinds: Sequence[tuple[str, str]] = THREE,
    losses: Mapping[str, float] = LOSS,
    selectivity: Mapping[str, float] = SELECTIVITY,
    accuracy: Mapping[str, float] | None = None,
    lost: Sequence[tuple[str, int]] = (),
    noise: float = 0.02,
) -> xr.DataTree:
    """Return networks of the rearing arm: every kind, a condition and its span, times every seed.

    Parameters
    ----------
    losses, selectivity, accuracy
        Planted test loss, gOSI beyond shuffles in every layer, and validation accuracy, by condition.
    lost
        Networks, a condition and a seed, that failed: they have no row, and stand in the store's attribute.
    noise
        Standard deviation over networks of what is planted.
    """
    rng = np.random.default_rng(0)
    every = [(name, span, seed) for seed in range(seeds) for name, span in kinds]
    rows = [row for row in every if (row[0], row[2]) not in lost]
    failed = [_labels(*row) for row in every if (row[0], row[2]) in lost]
    noises = rng.normal(0, noise, (4, len(every)))[:, : len(rows)]
    loss = np.array([losses.get(name, 1.2) for name, _, _ in rows]) + noises[0]
    learnt = np.array([(accuracy or {}).get(name, 0.5) for name, _, _ in rows])
    labels = [_labels(*row) for row in rows]
    coords: dict[str, Any] = {"network": np.array([f"n{place}" for place in range(len(rows))], dtype=STRING)}
    for name in ("arm", "augmentation", "label_corruption", "seed", "initialization_set", "rearing", "reared_layers"):
        values = np.array([one[name] for one in labels])
        coords[name] = ("network", values.astype(STRING) if values.dtype.kind == "U" else values)
    training = xr.Dataset(
        {
            "test_loss": ("network", loss),
            "final_train_loss": ("network", loss - 0.3),
            "test_accuracy": ("network", 1 - loss / 3),
            "validation_accuracy": (("network", "epoch"), learnt[:, None] * np.ones(2)),
            "validation_loss": (("network", "epoch"), np.ones((len(rows), 2))),
            "analysed_epoch": ("network", np.full(len(rows), 2)),
        },
        {**coords, "epoch": [1, 2]},
        {"failed_networks": json.dumps(failed), "class_names": json.dumps(list("abcdefghij"))},
    )
    groups = {"/training": training, "/tuning": _tuning(rng, rows, selectivity, coords)}
    groups["/rearing_checks"] = _checks(rng, len(rows), loss, coords)
    dims = ("network", "first_layer_unit", "kernel_row", "kernel_column", "kernel_channel")
    kernels = rng.normal(size=(len(rows), LAYERS["conv1"], 3, 3, 3))
    groups["/kernels"] = xr.Dataset({"kernel": (dims, kernels)}, coords)
    slices = rng.normal(size=(len(rows), sum(LAYERS.values()), 3, 3))
    slices[:, -LAYERS["fc1"] :] = np.nan
    of_units = {"layer": ("unit", np.repeat(list(LAYERS), list(LAYERS.values())))}
    groups["/slices"] = xr.Dataset({"strongest_slice": (("network", "unit", *dims[2:4]), slices)}, coords | of_units)
    return xr.DataTree.from_dict(groups)


def _labels(rearing: str, span: str, seed: int) -> dict[str, Any]:
    return {
        "arm": "rearing",
        "augmentation": "shift_flip",
        "label_corruption": 0.0,
        "seed": seed,
        "initialization_set": 1,
        "rearing": rearing,
        "reared_layers": span,
    }


def _tuning(
    rng: np.random.Generator,
    rows: Sequence[tuple[str, str, int]],
    selectivity: Mapping[str, float],
    coords: Mapping[str, Any],
) -> xr.Dataset:
    layers = np.repeat(list(LAYERS), list(LAYERS.values()))
    shape = (len(rows), 1, len(layers))
    null = rng.uniform(0.05, 0.1, shape)
    gosi = null + np.array([selectivity.get(name, 0.3) for name, _, _ in rows])[:, None, None]
    silent = np.zeros(shape, dtype=bool)
    silent[:, :, 0] = True  # the first unit of the first layer
    preferred = rng.integers(0, len(ANGLES), shape)
    gain = np.cos(np.deg2rad(2 * (ANGLES - ANGLES[preferred][..., None])))
    curve = 1 + np.clip(gosi, 0, 0.4)[..., None] * 2 * gain
    dims = ("network", "state", "unit")
    undefined = np.where(silent, np.nan, 1.0)
    return xr.Dataset(
        {
            "gosi": (dims, gosi * undefined),
            "gosi_null_mean": (dims, null * undefined),
            "gosi_null_sd": (dims, null / 2 * undefined),
            "gosi_pvalue": (dims, np.full(shape, 0.01) * undefined),
            "silent": (dims, silent),
            "preferred_orientation": (dims, ANGLES[preferred] * undefined),
            "preferred_spatial_frequency": (dims, np.full(shape, 0.1) * undefined),
            "tuning_curve": ((*dims, "orientation"), curve),
        },
        {
            **coords,
            "state": np.array(["analysed"], dtype=STRING),
            "orientation": ANGLES,
            "layer": ("unit", layers.astype(STRING)),
            "channel": ("unit", np.concatenate([np.arange(n) for n in LAYERS.values()])),
        },
    )


def _checks(rng: np.random.Generator, n: int, loss: np.ndarray, coords: Mapping[str, Any]) -> xr.Dataset:
    declared = measurements()["rearing_checks"].variables
    layers = np.array(list(LAYERS), dtype=STRING)
    by_layer = {
        name: (("network", "layer"), rng.uniform(0.2, 0.8, (n, len(layers))))
        for name, variable in declared.items()
        if variable.dims == ("layer",)
    }
    scalars = {"shifted_loss": ("network", loss + 0.2), "shifted_accuracy": ("network", 1 - loss / 2)}
    return xr.Dataset({**by_layer, **scalars}, {**coords, "layer": layers})
