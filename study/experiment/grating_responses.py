"""Showing gratings to a network and reading every unit (sections 2.1 and 2.2 of the paper)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.tuning.gratings import PHASES, Gratings, grating_batches

BATCH = 108

Responses = NDArray[np.float32]


def grating_responses(
    forward: Callable[[NDArray[np.float32]], list[Any]],
    gratings: Gratings,
    *,
    training_mean: NDArray[np.float32],
    readout: str,
) -> Responses:
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
        As for `grating_readings`.

    Raises
    ------
    ValueError
        When a response is NaN or negative: the network is broken, or its responses are not read after a ReLU.
    """
    return grating_readings(forward, gratings, training_mean=training_mean, readouts=(readout,))[readout]


def grating_readings(
    forward: Callable[[NDArray[np.float32]], list[Any]],
    gratings: Gratings,
    *,
    training_mean: NDArray[np.float32],
    readouts: Sequence[str],
) -> dict[str, Responses]:
    """Return what `grating_responses` returns for each of several read-outs, from one forward pass over the gratings.

    Parameters
    ----------
    forward, gratings, training_mean
        As for `grating_responses`.
    readouts
        How maps are read: `"mean"` or `"max"` over positions, or at the `"centre"`, which is position
        (height // 2, width // 2) of the map, as the gratings' own centre is of the image. A dense unit has one position.

    Raises
    ------
    ValueError
        When a response is NaN or negative, as for `grating_responses`.
    """
    flat = gratings.images.reshape(-1, *gratings.images.shape[-2:])
    blocks: dict[str, list[Responses]] = {readout: [] for readout in readouts}
    for start in range(0, len(flat), BATCH):
        maps = [np.asarray(layer) for layer in forward(flat[start : start + BATCH, :, :, None] - training_mean)]
        for readout, read in blocks.items():
            read.append(np.concatenate([_read(layer, readout) for layer in maps], axis=1))
    return {readout: _by_unit(np.concatenate(read), gratings) for readout, read in blocks.items()}


def _read(maps: NDArray[np.float32], readout: str) -> Responses:
    """Return (image, channel): a layer's maps, (image, ..., channel), read at one position or over all of them."""
    if readout == "centre":
        middle = tuple(size // 2 for size in maps.shape[1:-1])
        return maps[(slice(None), *middle)]
    reduce: Any = {"mean": np.mean, "max": np.max}[readout]
    read: Responses = reduce(maps.reshape(len(maps), -1, maps.shape[-1]), axis=1)
    return read


def _by_unit(responses: Responses, gratings: Gratings) -> Responses:
    """Return (unit, orientation, spatial_frequency, phase) from (image, unit)."""
    if np.isnan(responses).any() or responses.min() < 0:
        raise ValueError("a unit's response to a grating is NaN or negative; responses are read after the ReLU")
    return np.ascontiguousarray(responses.T).reshape(-1, *gratings.images.shape[:3])


def orientation_responses(
    read: Callable[[NDArray[np.float32]], Responses],
    size: int,
    *,
    orientation: float,
    contrast: str,
    at_once: int,
    on_progress: Callable[[int], None] | None = None,
) -> Responses:
    """Return every unit's response to the gratings of one orientation: (unit, spatial_frequency, phase).

    The gratings are made batch by batch, so neither all of them nor the maps of a network ever exist together. A batch
    holds gratings of one orientation only: responses to one depend on no other, to the last bit.

    Parameters
    ----------
    read
        Grey images in [0, 1], (image, row, column), to the responses (image, unit); of any sign.
    size
        Height and width of the gratings, in pixels.
    orientation
        In degrees.
    contrast, at_once
        As for `study.tuning.gratings.grating_batches`.
    on_progress
        Called after each batch with the number of gratings in it.

    Raises
    ------
    ValueError
        When a response is NaN or infinite; on a size, contrast or `at_once` that cannot be.
    """
    blocks = []
    for batch in grating_batches(size, orientation=orientation, contrast=contrast, at_once=at_once):
        blocks.append(np.asarray(read(batch), dtype=np.float32))
        if not np.isfinite(blocks[-1]).all():
            raise ValueError(f"a unit's response to a grating of {orientation:g} degrees is NaN or infinite")
        if on_progress is not None:
            on_progress(len(batch))
    responses = np.concatenate(blocks)
    return np.ascontiguousarray(responses.T).reshape(responses.shape[1], -1, len(PHASES))


def rectified(responses: Responses) -> tuple[Responses, NDArray[np.float64]]:
    """Return responses with the negative ones set to 0, and the share of each unit's gratings that gave such: (unit,).

    Firing rates cannot be negative and gOSI is not defined where they are. After a ReLU nothing changes; activations such
    as swish, or none, let the mean of a map fall below 0, and this half-wave rectification of the spatial mean is then a
    choice, which the share makes visible.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), finite.
    """
    share = (responses < 0).mean(axis=(1, 2, 3))
    return np.maximum(responses, np.float32(0)), share
