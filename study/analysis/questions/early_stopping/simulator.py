"""Simulated early stopping: validation loss after every epoch, and gOSI that peaks at a known one.

`Truth.theta` is the mean over networks of the loss at the epoch that gOSI chooses minus that at the last, or at the one
that is best for the other networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.population import Design, Floats, Simulator, Truth, deviations
from study.analysis.simulation.stored_groups import group, unit_labels
from study.vocabulary.schema import MATURATION

UNITS: Final = 4  # of a layer; their mean is what counts
LAST_LOSS: Final = 1.5  # nat
RISE: Final = 0.2  # of gOSI at its peak, many times the noise


def early_stopping(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate curves of loss and gOSI; a layer's gOSI peaks at an epoch of its own while there are enough of them.

    Where there are fewer epochs than layers, layers share epochs and with them their loss, as real layers may.
    """
    epochs, layers = max(design.size.epochs, 2), len(truth.layers)
    places = np.arange(layers) % (epochs - 1)
    loss = LAST_LOSS + rng.uniform(0.3, 0.6, (design.rows, epochs))
    distinct = min(layers, epochs - 1)
    loss[:, :distinct] = LAST_LOSS + truth.theta + truth.sd * deviations(rng, design, distinct)
    loss[:, -1] = LAST_LOSS
    return _stored(rng, design, truth, loss, np.broadcast_to(places, (design.rows, layers)))


def beside_a_fixed_epoch(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate losses with one epoch that is the best for all networks alike, and gOSI that peaks at another in each.

    At the epochs where gOSI peaks, which differ from network to network, loss differs from that at the common epoch by
    `theta` on average; at all others it is much higher, so that no single epoch is better for most networks. Layers share
    epochs where these are few.
    """
    epochs, layers = max(design.size.epochs, 3), len(truth.layers)
    distinct = min(layers, max((epochs - 1) // 3, 1))
    loss = LAST_LOSS + rng.uniform(1.0, 1.5, (design.rows, epochs))
    first = rng.integers(0, epochs - 1, (design.rows, 1))
    places = (first + np.arange(distinct)) % (epochs - 1)  # never the last epoch, which is the common one
    peaks = LAST_LOSS + truth.theta + truth.sd * deviations(rng, design, distinct)
    np.put_along_axis(loss, places, peaks, axis=1)
    loss[:, -1] = LAST_LOSS
    return _stored(rng, design, truth, loss, places[:, np.arange(layers) % distinct])


def _stored(rng: np.random.Generator, design: Design, truth: Truth, loss: Floats, peaks: Floats) -> xr.DataTree:
    """Return what is stored of losses (rows, epochs), and of gOSI that is highest at an epoch's place (rows, layers)."""
    epochs, layers = loss.shape[1], len(truth.layers)
    gosi = rng.uniform(0.28, 0.32, (design.rows, epochs + 1, layers, UNITS))
    gosi[np.arange(design.rows)[:, None], 1 + peaks, np.arange(layers)] += RISE
    silent = rng.random(gosi.shape) < 0.01
    silent[..., 0] = False  # so that no layer is silent as a whole
    units = np.where(silent, np.nan, gosi).reshape(design.rows, epochs + 1, -1)
    labels = {"epoch": np.arange(epochs + 1), **unit_labels(truth.layers, (UNITS,) * layers)}
    groups = group(MATURATION, design, {"gosi": units}, labels)
    groups |= group("training", design, {"validation_loss": loss}, {"epoch": np.arange(1, epochs + 1)})
    return xr.DataTree.from_dict(groups)


SIMULATORS: Mapping[str, Simulator] = {
    "regret_beside_last_epoch": early_stopping,
    "regret_beside_fixed_epoch": beside_a_fixed_epoch,
}
