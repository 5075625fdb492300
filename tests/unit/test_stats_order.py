"""A variable's result has the same bits wherever it stands, whatever stands beside it, on every processor.

Matrix products promise no such thing: which kernel runs depends on the processor, and how it adds on the place in the
table. OpenBLAS takes the kernels of the processor that `OPENBLAS_CORETYPE` names.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from study import stats
from study.analysis.core.evidence import Evidence
from study.analysis.core.testing import tested_layers
from study.stats.sums import weighted_sums
from tests.example_study import registered

OTHER_KERNELS = ("SkylakeX", "Nehalem")
N_LAYERS = 7
SIZES = (5, 23, 24, 61)
STRATA = {"one": 1, "four": 4}
PERMUTED: dict[str, Any] = {"n_resamples": 499, "alternative": "two-sided"}
INTERVAL: dict[str, Any] = {"n_resamples": 499, "confidence_level": 0.9}

Call = Callable[[Any, Any, Any], tuple[Any, ...]]


def rng() -> np.random.Generator:
    """Return a generator in the same state each time."""
    return np.random.default_rng(7)


def tables(size: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return layers (7, n), of which two are equal and two have ties, what they correlate with, and strata."""
    layers = 0.3 + 0.1 * np.random.default_rng(size).normal(size=(N_LAYERS, size))
    layers[5], layers[2:4] = layers[1], layers[2:4].round(1)
    against = np.random.default_rng(size + 1).normal(size=size)
    return layers, against, {name: np.arange(size) % count for name, count in STRATA.items()}


CALLS: dict[str, Call] = {
    "stratified_spearmans": lambda x, y, strata: stats.stratified_spearmans(x, y, strata),
    "within": lambda x, y, strata: stats.stratified_permutation_tests(x, y, strata=strata, rng=rng(), **PERMUTED),
    "correlation_intervals": lambda x, y, strata: stats.correlation_intervals(
        x, y, strata=strata, method="BCa", rng=rng(), **INTERVAL
    ),
    "fisher_intervals": lambda x, y, strata: stats.fisher_intervals(x, y, strata=strata, confidence_level=0.9),
    "correlation_bound_tests": lambda x, y, strata: stats.correlation_bound_tests(
        x, y, strata=strata, bound=0.3, alternative="less"
    ),
    "mean_tests": lambda x, y, strata: stats.mean_tests(x, null_value=0.28, exchangeable=False, rng=rng(), **PERMUTED),
    "pairing_permutation_tests": lambda x, y, strata: stats.pairing_permutation_tests(
        np.abs(x[:, :, None] - y), rng=rng(), **PERMUTED
    ),
    "crossed_tests": lambda x, y, strata: stats.crossed_tests(
        x[:, :, None] + y, null_value=0.28, rng=rng(), **PERMUTED
    ),
    "crossed_intervals": lambda x, y, strata: stats.crossed_intervals(
        x[:, :, None] * y, method="BCa", rng=rng(), **INTERVAL
    ),
    "sign_flip_tests": lambda x, y, strata: stats.sign_flip_tests(x, null_value=0.28, rng=rng(), **PERMUTED),
    "mean_intervals": lambda x, y, strata: stats.mean_intervals(x, method="BCa", rng=rng(), **INTERVAL),
    "weighted_sums": lambda x, y, strata: tuple(weighted_sums(x, rng().normal(size=(y.size, 333))).tolist()),
}


@functools.cache
def outcomes(name: str, size: int, strata: str) -> list[str]:
    """Return the outcome of each layer, all given together, to the last digit."""
    layers, against, groups = tables(size)
    return [repr(outcome) for outcome in CALLS[name](layers, against, groups[strata])]


def assert_unmoved(name: str, size: int, strata: str, order: list[int]) -> None:
    """Assert that some of the layers, in some order and either memory layout, have the outcomes they have among all."""
    layers, against, groups = tables(size)
    for arranged in (layers[order], np.asfortranarray(layers[order])):
        moved = CALLS[name](arranged, against, groups[strata])
        assert [repr(outcome) for outcome in moved] == [outcomes(name, size, strata)[i] for i in order], (name, size)


@pytest.mark.parametrize("name", CALLS)
@settings(deadline=None, max_examples=25, derandomize=True, database=None)
@given(st.sampled_from(SIZES), st.sampled_from(sorted(STRATA)), st.lists(st.integers(0, N_LAYERS - 1), min_size=1))
def test_a_variable_has_the_same_bits_wherever_it_stands(name: str, size: int, strata: str, order: list[int]) -> None:
    """Any of the layers, in any order, any number of times."""
    assert_unmoved(name, size, strata, order)


TESTED = {
    "existence-selective-units": False,
    "generalization-lower-layers": True,
    "ablation-other-layers-absence": False,
}
LAYERS = tuple(f"layer{i}" for i in range(N_LAYERS))


def layers_tested(name: str, present: tuple[str, ...]) -> dict[str, str]:
    """Return the tests, as a hypothesis registers them, of the layers present, which stand in this order in the values."""
    hypothesis = dataclasses.replace(registered().hypotheses[name], layers=LAYERS)
    layers, against, _ = tables(24)
    layers[2, 3] = np.nan
    groups = np.array(["none", "shift", "flip", "shift_flip"] * 6, np.dtypes.StringDType())
    coords = {"layer": list(LAYERS), "augmentation": ("network", groups)}
    values = xr.DataArray(layers, dims=("layer", "network"), coords=coords).sel(layer=list(present))
    tested = tested_layers(hypothesis, Evidence(values, against if TESTED[name] else None), root_seed=0)
    return {result.layer: repr(result) for result in tested if result.layer in present}


@pytest.mark.parametrize("name", TESTED)
def test_a_tested_layer_does_not_depend_on_its_place(name: str) -> None:
    """Reversed, alone, and beside a layer with a network less: the same estimate, interval and p-value, to the bit."""
    together = layers_tested(name, LAYERS)
    assert layers_tested(name, LAYERS[::-1]) == together
    for layer in LAYERS:
        assert layers_tested(name, (layer,)) == {layer: together[layer]}


def everything() -> str:
    """Return every outcome of every function, after a few layers were moved, to the last digit."""
    for name in CALLS:
        for size in SIZES:
            for order in ([6, 5, 4, 3, 2, 1, 0], [1, 5], [5], [0, 1, 1, 1, 5, 2]):
                assert_unmoved(name, size, "four", order)
    tests = [layers_tested(name, LAYERS) for name in TESTED]
    return repr([tests, [outcomes(name, size, "four") for name in CALLS for size in SIZES]])


@pytest.mark.parametrize("kernel", ["Haswell", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHER_KERNELS)])
def test_results_are_the_same_on_every_processor(kernel: str) -> None:
    """With the matrix products of three generations of processors: no bit moves with the place, nor with the processor."""
    environment = {**os.environ, "OPENBLAS_CORETYPE": kernel}
    command = [sys.executable, "-m", "tests.unit.test_stats_order"]
    root = Path(__file__).parents[2]
    child = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == everything()


if __name__ == "__main__":
    print(everything())
