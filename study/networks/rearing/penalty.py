"""Orientation selectivity that can be learnt by: the gOSI of layers as a function of gratings that has a gradient.

Written with `keras.ops`; in the step of training it stands beside the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from study.networks.graph.hidden_layers import HiddenLayer, responses_model

SMALLEST_SQUARE = 1e-30  # of a resultant's length that has a direction in single precision

Penalty = Callable[[Any, Any, Any], Any]


def penalty_of(model: keras.Model, layers: tuple[HiddenLayer, ...], *, readout: str) -> Penalty:
    """Return penalty(gratings, directions, weight) -> weight times the mean over layers of the mean gOSI of their units.

    Units are read as the probe reads them: behind the ReLU, over positions, with the inference moments of batch
    normalisation. The mean is over all units, a silent one counts as 0.

    Parameters
    ----------
    model, layers
        The network, and those of its hidden layers that are penalised.
    readout
        `"mean"` or `"max"` over positions.

    Returns
    -------
    callable
        Of `gratings`, (orientation, phase, row, column, channel), preprocessed; `directions`, (orientation, 2), see
        `mean_gosi`; `weight`, a number.
    """
    responses = responses_model(model, layers)
    reduce = {"mean": ops.mean, "max": ops.max}[readout]

    def penalty(gratings: Any, directions: Any, weight: Any) -> Any:
        maps = responses(ops.reshape(gratings, (-1, *gratings.shape[2:])), training=False)
        selectivities = []
        for layer, of_layer in zip(layers, maps if isinstance(maps, list) else [maps], strict=True):
            rank = len(of_layer.shape)
            axes = tuple(axis for axis in range(1, rank) if axis != layer.channel_axis % rank)
            read = reduce(ops.cast(of_layer, "float32"), axis=axes)
            selectivities.append(mean_gosi(ops.reshape(read, (directions.shape[0], -1, layer.n_units)), directions))
        return weight * ops.mean(ops.stack(selectivities))

    return penalty


def mean_gosi(responses: Any, directions: Any) -> Any:
    """Return the mean over units of gOSI, |sum_k r_k exp(2 i theta_k)| / sum_k r_k, with r the maximum over phases.

    Parameters
    ----------
    responses
        (orientation, phase, unit), >= 0, at one spatial frequency.
    directions
        (orientation, 2): cosine and sine of 2 theta.

    Returns
    -------
    tensor
        A number. A silent unit counts as 0. Its gradient is 0, and so is that of a unit whose gOSI is 0, which has none.
    """
    curve = ops.max(responses, axis=1)
    total = ops.sum(curve, axis=0)
    resultant = ops.matmul(ops.transpose(directions), curve / ops.where(total > 0, total, 1.0))
    square = ops.sum(resultant * resultant, axis=0)
    directed = square > SMALLEST_SQUARE
    # The root is taken of 1 where it has no gradient, and then left out.
    return ops.mean(ops.where(directed, ops.sqrt(ops.where(directed, square, 1.0)), 0.0))
