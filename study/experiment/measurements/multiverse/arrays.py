"""Other specifications of the probe: read-outs and grating sets that the registered probe is not, measured once a network.

Read-outs: the spatial `mean` of a unit's map after the ReLU, its `max`, its value at the `centre`, and `output`, the
spatial mean of what the next layer receives, which is what is ablated. Where a normalisation lies between, that mean may
be negative; as gOSI is defined for responses >= 0, negative values are set to 0, and a unit whose output is negative for
every grating counts as silent. Grating sets are those of `study.tuning.gratings.grating_set`.

A specification is named `<read-out>/<grating set>`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study import tuning
from study.config import GRATING_SETS
from study.experiment.grating_responses import Responses, grating_readings
from study.experiment.measurements.ablation.arrays import mean_scores
from study.experiment.unit_sets import layer_halves
from study.images.preparation.split import Partition
from study.networks.graph.hidden_layers import HiddenLayer, sent_on
from study.networks.interventions.clamped import ClampedNetwork
from study.tuning.gratings import Gratings, grating_set

Forward = Callable[[NDArray[np.float32]], list[Any]]
Streams = Callable[[str], np.random.Generator]


def tuning_by_specification(
    forward: Forward,
    model: keras.Model,
    layers: tuple[HiddenLayer, ...],
    specifications: Sequence[str],
    *,
    state: str,
    training_mean: NDArray[np.float32],
    n_permutations: int,
    streams: Streams,
) -> dict[str, NDArray[Any]]:
    """Return the `multiverse` group's arrays of one state, named as in `study.vocabulary.schema`: (specification, unit).

    Every grating set is shown once, whatever the number of read-outs.

    Parameters
    ----------
    forward
        Images to the response maps of every hidden layer, with the weights of that state.
    model, layers
        The network, and its hidden layers.
    specifications
        Their names.
    state
        One of `study.vocabulary.schema.STATES`: which weights the network has.
    training_mean
        (height, width, channel), in [0, 1].
    n_permutations
        Of the shuffle control, per unit and specification.
    streams
        A name to its random stream: `"shuffle/<state>/<specification>"`.

    Raises
    ------
    ValueError
        When a response is NaN or negative: the network is broken.
    """
    readouts: dict[str, list[str]] = {}
    for specification in specifications:
        readout, _, name = specification.partition("/")
        readouts.setdefault(name, []).append(readout)
    arrays: dict[str, dict[str, NDArray[Any]]] = {}
    for name, names in readouts.items():
        gratings = _gratings(len(training_mean), name)
        for readout, responses in _readings(forward, model, layers, gratings, names, training_mean).items():
            rng = streams(f"shuffle/{state}/{readout}/{name}")
            arrays[f"{readout}/{name}"] = _tuned(responses, gratings, n_permutations=n_permutations, rng=rng)
    return {
        name: np.stack([arrays[specification][name] for specification in specifications])
        for name in arrays[specifications[0]]
    }


@functools.lru_cache(maxsize=len(GRATING_SETS))
def _gratings(size: int, name: str) -> Gratings:
    """Return a grating set, made once a process."""
    return grating_set(size, name)


def _readings(
    forward: Forward,
    model: keras.Model,
    layers: tuple[HiddenLayer, ...],
    gratings: Gratings,
    readouts: Sequence[str],
    training_mean: NDArray[np.float32],
) -> dict[str, Responses]:
    """Return the responses by read-out, (unit, orientation, spatial_frequency, phase) each, from one forward pass."""
    read = dict.fromkeys("mean" if readout == "output" else readout for readout in readouts)
    readings = grating_readings(forward, gratings, training_mean=training_mean, readouts=tuple(read))
    if "output" in readouts:
        readings["output"] = mean_outputs(model, layers, readings["mean"])
    return {readout: readings[readout] for readout in readouts}


def mean_outputs(model: keras.Model, layers: tuple[HiddenLayer, ...], means: Responses) -> Responses:
    """Return the spatial mean of what the next layer receives, negative values set to 0.

    Parameters
    ----------
    model, layers
        The network, and its hidden layers.
    means
        (unit, ...): spatial means of the responses; the normalisation is affine, so it takes means to means.
    """
    starts = np.cumsum([layer.n_units for layer in layers])[:-1]
    by_unit = [np.moveaxis(part, 0, -1) for part in np.split(means, starts)]
    outputs = [np.moveaxis(sent_on(model, layer, part), -1, 0) for layer, part in zip(layers, by_unit, strict=True)]
    return np.maximum(np.concatenate(outputs), 0).astype(np.float32)


def _tuned(
    responses: Responses, gratings: Gratings, *, n_permutations: int, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Return the arrays of one specification and state, (unit,)."""
    selectivity = tuning.gosi(tuning.tuning_curve(responses)[0])
    silent = np.isnan(selectivity)
    null = tuning.shuffled_gosi(responses, n_permutations=n_permutations, rng=rng)
    arc, count = tuning.spatial_frequency_range(responses, gratings.orientation, threshold="half_peak")
    return {
        "gosi": selectivity,
        "silent": silent,
        "gosi_null_mean": null.mean(axis=1),
        "gosi_null_selective": np.where(silent, np.nan, (null > tuning.SELECTIVE).mean(axis=1)),
        "spatial_frequency_range": arc,
        "spatial_frequency_count": count.astype(np.int32),
    }


def target_losses(
    network: ClampedNetwork,
    partition: Partition,
    gosi: NDArray[np.float64],
    specifications: Sequence[str],
    ablated_layers: Sequence[str],
    *,
    null_images: NDArray[np.int64],
    streams: Streams,
) -> NDArray[np.float64]:
    """Return the loss with the halves by each specification's gOSI clamped to output zero: (specification, layer, target).

    All halves of a layer are clamped in one pass over the images, on which the ablation null is measured as well.

    Parameters
    ----------
    network
        With the analysed weights.
    partition
        Test images and the training mean.
    gosi
        (specification, unit) of the analysed state; NaN for silent units, which are in neither half.
    specifications
        Their names.
    ablated_layers
        Names of the layers to ablate.
    null_images
        Indices of test images.
    streams
        A name to its random stream: `"ties/<specification>"`.
    """
    halves = [
        layer_halves(selectivity, network.layers, rng=streams(f"ties/{name}"))
        for selectivity, name in zip(gosi, specifications, strict=True)
    ]
    masks = {
        i: np.concatenate([np.stack(by_name[layer.name]) for by_name in halves])
        for i, layer in enumerate(network.layers)
        if layer.name in ablated_layers
    }
    losses = mean_scores(network, partition, masks, null_images)[0]
    return np.moveaxis(losses.reshape(len(masks), len(specifications), -1), 0, 1)
