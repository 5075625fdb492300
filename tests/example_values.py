"""Values of networks by layer, written down instead of measured, and what a registered test says of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.stats
import xarray as xr

from study.analysis.core import testing
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    LayerResult,
)
from study.registration import Hypothesis
from tests.example_study import AUGMENTATIONS, registered

NORMAL = scipy.stats.norm.ppf((np.arange(24) + 0.5) / 24)  # 24 values, mean 0, symmetric, standard deviation near 1


def hypothesis(name: str = "existence-selective-units", **changes: Any) -> Hypothesis:
    """Return a registered hypothesis, with some fields changed."""
    return dataclasses.replace(registered().hypotheses[name], **changes)


def labelled(values: np.ndarray, layers: tuple[str, ...] = (), groups: tuple[str, ...] = AUGMENTATIONS) -> xr.DataArray:
    """Return values (layer, network), or (network,), of networks spread over the groups in turn."""
    count = values.shape[-1]
    coords: dict[str, Any] = {
        "network": [f"n{i}" for i in range(count)],
        "augmentation": ("network", np.array([groups[i % len(groups)] for i in range(count)], np.dtypes.StringDType())),
        "seed": ("network", [i % len(groups) for i in range(count)]),
    }
    if layers:
        coords["layer"] = list(layers)
    return xr.DataArray(values, dims=("layer", "network") if layers else ("network",), coords=coords)


def measured(
    one: Hypothesis, values: np.ndarray, against: np.ndarray | None = None, **options: Any
) -> tuple[LayerResult, ...]:
    """Return the test of given values (layer, network) of a hypothesis' layers."""
    layers = options.pop("layers", one.layers)
    array = labelled(np.asarray(values, float), layers, **options)
    other = None if against is None else labelled(np.asarray(against, float), **options)
    evidence = Evidence(array, None if other is None else other.values, pairs=paired(array) if one.kind.pairs else None)
    return testing.tested_layers(one, evidence, root_seed=0)


def paired(values: xr.DataArray) -> xr.DataArray:
    """Return similarities whose diagonal are the values, and which are scattered about 0 elsewhere."""
    n = values.sizes["network"]
    others = np.random.default_rng(n).normal(0, 0.1, size=(values.sizes["layer"], n, n))
    others[:, np.arange(n), np.arange(n)] = values.values
    return xr.DataArray(others, dims=("layer", "network", "partner"), coords={"layer": values["layer"]})


def concluded(one: Hypothesis, values: np.ndarray, against: np.ndarray | None = None) -> tuple[str, list[str]]:
    """Return the verdict of a hypothesis and those of its layers."""
    layers = measured(one, values, against)
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, layers, ())}).values()
    return result.verdict, [layer.verdict for layer in result.layers]


def arrangement(rho: float, size: int) -> np.ndarray:
    """Return an order of 0 .. size - 1 whose rank correlation with it is close to `rho`."""
    tried = np.random.default_rng(size).permuted(np.tile(np.arange(size), (5000, 1)), axis=1)
    centred = np.arange(size) - (size - 1) / 2
    return tried[np.abs(tried @ centred / (centred @ centred) - rho).argmin()]


def correlated(rho: float, size: int, n_layers: int, *, strata: str) -> tuple[np.ndarray, np.ndarray]:
    """Return values (layer, network) and what they correlate with at `rho`, within each of four strata if there are any.

    Strata then differ so much, the other way, that whoever pools them is misled.
    """
    order = arrangement(rho, size) if abs(rho) < 1 else np.arange(size)[:: int(rho)]
    column = order.repeat(4) + 0.0
    shift = np.tile([0.0, 100.0, 200.0, 300.0] if strata != "none" else [0.0] * 4, size)
    return np.tile(column + shift, (n_layers, 1)), np.arange(size).repeat(4) - shift
