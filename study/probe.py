"""Showing gratings to a network and reading every unit (sections 2.1 and 2.2 of the paper)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import tuning
from study.config import ProbeConfig
from study.stimuli import Gratings

N_BINS = 40
BATCH = 108

BIN_STARTS = np.arange(N_BINS) / N_BINS


def grating_responses(
    forward: Callable[[NDArray[np.float32]], list[Any]],
    gratings: Gratings,
    *,
    training_mean: NDArray[np.float32],
    readout: str,
) -> NDArray[np.float32]:
    """Return every unit's response to every grating: (unit, orientation, spatial_frequency, phase).

    Parameters
    ----------
    forward
        Images to the response maps of every hidden layer, each (image, ..., channel).
    gratings
        Grey images in [0, 1]; shown in all three channels, preprocessed as the photographs: minus the training mean.
    training_mean
        (height, width, channel), in [0, 1].
    readout
        `"mean"` or `"max"` over positions.

    Raises
    ------
    ValueError
        When a response is NaN or negative: the network is broken, or its responses are not read after a ReLU.
    """
    flat = gratings.images.reshape(-1, *gratings.images.shape[-2:])
    blocks = [
        _read(forward(flat[start : start + BATCH, :, :, None] - training_mean), readout)
        for start in range(0, len(flat), BATCH)
    ]
    responses = np.concatenate(blocks)
    if np.isnan(responses).any() or responses.min() < 0:
        raise ValueError("a unit's response to a grating is NaN or negative; responses are read after the ReLU")
    return np.ascontiguousarray(responses.T).reshape(-1, *gratings.images.shape[:3])


def _read(maps: list[Any], readout: str) -> NDArray[np.float32]:
    """Return (image, unit): each layer's maps reduced over positions, layers side by side."""
    reduce: Any = {"mean": np.mean, "max": np.max}[readout]
    arrays = [np.asarray(layer) for layer in maps]
    return np.concatenate([reduce(a.reshape(len(a), -1, a.shape[-1]), axis=1) for a in arrays], axis=1)


def tuning_arrays(
    responses: NDArray[np.float32],
    gratings: Gratings,
    unit_layers: NDArray[np.object_],
    config: ProbeConfig,
    *,
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """Return the `tuning` group's arrays of one state, named as in `study.schema`, without the `state` dimension.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase).
    gratings
        What the units were shown.
    unit_layers
        (unit,): the layer of each unit.
    config
        Number of permutations.
    rng
        Source of the shuffle control.
    """
    curve, frequency = tuning.tuning_curve(responses)
    selectivity = tuning.gosi(curve)
    silent = np.isnan(selectivity)
    null = tuning.shuffle_null(responses, n_permutations=config.permutations, n_bins=N_BINS, rng=rng)
    arc, count = tuning.spatial_frequency_range(responses, gratings.orientation)
    layers = list(dict.fromkeys(unit_layers))
    arrays = {
        "gosi": selectivity,
        "osi": tuning.osi(curve),
        "preferred_orientation": np.where(silent, np.nan, gratings.orientation[curve.argmax(axis=-1)]),
        "preferred_spatial_frequency": np.where(silent, np.nan, gratings.spatial_frequency[frequency]),
        "spatial_frequency_range": arc,
        "spatial_frequency_count": count.astype(np.int32),
        "silent": silent,
        "mean_response": responses.mean(axis=(1, 2, 3), dtype=np.float64),
        "tuning_curve": curve.astype(np.float32),
        "gosi_null_mean": null.mean,
        "gosi_null_sd": null.sd,
        "gosi_null_selective": null.selective,
        "gosi_pvalue": null.pvalue,
        "gosi_orientation_null_mean": null.orientation_mean,
        "gosi_orientation_pvalue": null.orientation_pvalue,
        "gosi_null_count": np.stack([null.counts[unit_layers == layer].sum(axis=0) for layer in layers]),
    }
    return arrays


def coordinates(gratings: Gratings) -> dict[str, xr.Variable]:
    """Return the stimulus coordinates of the stored datasets."""
    return {
        "orientation": xr.Variable("orientation", gratings.orientation),
        "spatial_frequency": xr.Variable("spatial_frequency", gratings.spatial_frequency),
        "phase": xr.Variable("phase", gratings.phase),
        "gosi_bin": xr.Variable("gosi_bin", BIN_STARTS),
    }
