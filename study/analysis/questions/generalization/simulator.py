"""Simulated association of layer-mean gOSI and test loss.

`Truth.theta` is Spearman's rho in the population, within augmentation. Its standard deviation over networks has no
meaning here and is not used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.population import (
    Design,
    Floats,
    Simulator,
    Truth,
    group_offsets,
    layers_noise,
    spread_between,
    spread_by,
    stratum_correlations,
)
from study.analysis.simulation.stored_groups import group, training_scores, unit_labels
from study.analysis.simulation.tuned_units import NETWORK_SD, gosi_around, mean_error

SIMPSON: Final = 1.5  # distance of the augmentations' means, in standard deviations between networks of the same one


def pearson_of(rho: Floats | float) -> Floats:
    """Return the correlation of the bivariate normal distribution with Spearman's `rho`."""
    return np.asarray(2 * np.sin(math.pi * np.asarray(rho) / 6))


def gosi_against_test_loss(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and test loss associated at `theta` within augmentation.

    Augmentations that lower the loss raise gOSI, so that pooled networks are associated negatively whatever `theta` is:
    Simpson's paradox. Units add noise, so the network's true mean is associated more closely than what is measured. Where
    strata are opposite, half of the augmentations are associated the other way.
    """
    error = mean_error(design, truth.layers)
    between = spread_between(NETWORK_SD, error)
    augmentation = design.places % len(design.groups[0])
    rho = stratum_correlations(design, truth.theta, augmentation)
    closeness = np.clip(pearson_of(rho) * np.hypot(between, error) / between, -1, 1)
    loss = rng.standard_normal((design.rows, 1))
    noise = spread_by(layers_noise(rng, design, len(truth.layers)), design, loss[:, 0])
    selectivity = closeness * loss + np.sqrt(1 - closeness**2) * noise
    offsets = SIMPSON * group_offsets(design)
    gosi, silent = gosi_around(rng, design, truth, 0.47 + between * selectivity + NETWORK_SD * offsets[:, None])
    labels = {"state": ["analysed"], **unit_labels(truth.layers, design.unit_counts(truth.layers))}
    groups = group("tuning", design, {"gosi": gosi, "silent": silent}, labels)
    groups |= training_scores(design, test_loss=np.exp(0.1 * (loss[:, 0] - offsets)))
    return xr.DataTree.from_dict(groups)


def given_training_loss(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and test loss associated at `theta` within augmentation, beside a training loss that tells nothing.

    A training loss that both follow would leave an association in ranks that are taken in few networks: see
    `study.stats.partial_spearman`.
    """
    networks = gosi_against_test_loss(rng, design, truth)
    groups = {f"/{name}": child.to_dataset() for name, child in networks.children.items()}
    outcome = networks["training"].to_dataset()["test_loss"].values
    return xr.DataTree.from_dict(
        groups
        | training_scores(design, test_loss=outcome, final_train_loss=np.exp(0.1 * rng.standard_normal(design.rows)))
    )


SIMULATORS: Mapping[str, Simulator] = {
    "gosi_against_test_loss": gosi_against_test_loss,
    "gosi_against_test_loss_absence": gosi_against_test_loss,
    "gosi_against_test_loss_given_training_loss": given_training_loss,
}
