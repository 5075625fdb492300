"""Simulated variation under shifts, over the layers of a network and behind ablated halves.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for; effects of ablation have
heavy tails between networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, partial

import numpy as np
import xarray as xr

from study.analysis.simulation import population
from study.analysis.simulation.population import Design, Floats, Simulator, Truth
from study.analysis.simulation.stored_groups import group, unit_labels
from study.vocabulary.schema import SHIFTS, conditions


@cache
def _expected_falls(layers: int) -> tuple[Floats, Floats]:
    """Return slopes over depth, and the exact mean of Spearman's rho over so many layers that each gives.

    Rho is linear in the ranks of the layers, and a layer's expected rank is the sum of its chances to lie above another.
    """
    depth = np.arange(layers) - (layers - 1) / 2
    slopes = np.linspace(-6, 6, 481)
    levels = slopes[:, None] * depth
    ranks = population.normal_cdf((levels[:, :, None] - levels[:, None, :]) / math.sqrt(2)).sum(-1)
    return slopes, (ranks @ depth) / float(depth @ depth)


def variation_over_depth(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the intact network's coefficients of variation, layer by layer: Spearman's rho with depth is `theta`."""
    depth = len(design.layers)
    slopes, correlations = _expected_falls(depth)
    slope = np.interp(population.network_correlations(rng, design, truth, 0.35)[:, :1], correlations, slopes)
    log_cv = -1 + 0.1 * (slope * np.arange(depth) + rng.standard_normal((design.rows, depth)))
    coords = {"condition": ["intact"], "layer": list(design.layers)}
    return xr.DataTree.from_dict(group("shift_invariance", design, {"cv_mean": np.exp(log_cv)[:, None]}, coords))


def fc1_variation(rng: np.random.Generator, design: Design, truth: Truth, *, reference: str) -> xr.DataTree:
    """Simulate the last layer's coefficient of variation with halves ablated; any half raises it above the intact network's.

    `theta` is the mean log ratio of the more selective half to `reference`, "random" or "bottom".
    """
    log_ratio = population.heavy_tailed(rng, design, truth)
    names = conditions(truth.layers)
    log_cv = -1 + 0.1 * rng.standard_normal((design.rows, 1)) + np.zeros((design.rows, len(names)))
    for place, layer in enumerate(truth.layers):
        raised = log_cv[:, 0] + 0.15 + 0.03 * rng.standard_normal(design.rows)
        for half in ("random", "bottom"):
            apart = 0.0 if half == reference else 0.03 * rng.standard_normal(design.rows)
            log_cv[:, names.index(f"{layer}_{half}")] = raised + apart
        log_cv[:, names.index(f"{layer}_top")] = raised + log_ratio[:, place]
    coords = {"condition": list(names), "layer": [design.layers[-1]]}
    groups = group("shift_invariance", design, {"cv_mean": np.exp(log_cv)[..., None]}, coords)
    return xr.DataTree.from_dict(groups | _responding(rng, design, truth.layers))


def consistency(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the share of predictions that survive a shift, with the more selective or a random half ablated."""
    values = truth.theta + truth.sd * population.deviations(rng, design, len(truth.layers))
    difference = population.kept_within(values, truth.theta, 0.25 - abs(truth.theta))
    names = conditions(truth.layers)
    kept = np.full((design.rows, len(names), len(SHIFTS)), 0.65) + 0.02 * rng.standard_normal((design.rows, 1, 1))
    kept[:, 0] += 0.15
    kept += np.array([0.03, 0.02, -0.05])
    for place, layer in enumerate(truth.layers):
        kept[:, names.index(f"{layer}_top")] += difference[:, place, None]
    coords = {"condition": list(names), "shift": list(SHIFTS), "layer": list(design.layers)}
    # What layers there are stands beside the coefficients of variation, which are all alike here.
    same = np.ones((design.rows, len(names), len(design.layers)))
    arrays = {"prediction_consistency": np.clip(kept, 0, 1), "cv_mean": same}
    groups = group("shift_invariance", design, arrays, coords)
    return xr.DataTree.from_dict(groups | _responding(rng, design, truth.layers))


def _responding(rng: np.random.Generator, design: Design, layers: tuple[str, ...]) -> dict[str, xr.Dataset]:
    """Return which units of the ablated layers respond at all, without which there are no halves."""
    silent = population.silent_units(rng, design, layers)
    labels = {"state": ["analysed"], **unit_labels(layers, design.unit_counts(layers))}
    return group("tuning", design, {"silent": silent[:, None]}, labels)


SIMULATORS: Mapping[str, Simulator] = {
    "fc1_cv_against_random_half": partial(fc1_variation, reference="random"),
    "fc1_cv_against_bottom_half": partial(fc1_variation, reference="bottom"),
    "cv_against_depth": variation_over_depth,
    "consistency_against_random_half": consistency,
}
