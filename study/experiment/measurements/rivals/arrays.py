"""Halves of a layer by quantities other than gOSI, and what the network loses without them, all sets in one pass."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.ablation.arrays import TestImages, mean_scores
from study.experiment.unit_sets import SPARSENESS, by_layer, selectivity_halves
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.measurement import Arrays
from study.vocabulary.schema import RANKINGS, TARGETS

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject


def rival_quantities(groups: Mapping[str, Arrays]) -> dict[str, NDArray[np.float64]]:
    """Return what each of `study.vocabulary.schema.RANKINGS` ranks units by, (unit,) of all layers, NaN where undefined.

    `groups` are the arrays of `other_tuning`, `activity` and `tuning`. The standard deviation ranks as the variance does.
    """
    other = groups["other_tuning"]
    quantities = {
        "spatial_frequency": other["spatial_frequency_selectivity"],
        "phase_modulation": other["phase_modulation"],
        "response_variance": groups["activity"]["activity_sd"],
        "sparseness": groups["tuning"][SPARSENESS][-1],
        "gosi_half_of_gratings": other["gosi_first_half"],
    }
    return {name: quantities[name] for name in RANKINGS}


def ranking_halves(
    gosi: NDArray[np.float64], quantities: Mapping[str, NDArray[np.float64]], *, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return the top and the bottom half of a layer by each quantity: (ranking, target, unit).

    Parameters
    ----------
    gosi
        (unit,); NaN marks a silent unit, which is in no half.
    quantities
        (unit,) by name; a unit in which one is NaN is in neither half by it.
    rng
        Breaks ties, quantity by quantity.
    """
    ranked = [np.where(np.isnan(gosi), np.nan, values) for values in quantities.values()]
    return np.stack([np.stack(selectivity_halves(values, rng=rng)) for values in ranked])


def ranking_arrays(
    network: ClampedNetwork,
    partition: TestImages,
    gosi: NDArray[np.float64],
    quantities: Mapping[str, NDArray[np.float64]],
    ablated: Sequence[str],
    *,
    null_images: NDArray[np.int64],
    streams: Callable[[str], np.random.Generator],
) -> dict[str, NDArray[Any]]:
    """Return the `rivals` group's arrays of one network.

    Parameters
    ----------
    network, partition
        With the analysed weights; the test images.
    gosi
        (unit,) of all layers in order, NaN for silent units.
    quantities
        From `rival_quantities`.
    ablated
        Names of the layers to ablate.
    null_images
        Indices of the images that losses are measured on, those of the ablation's random halves.
    streams
        A purpose to its random stream: `"rivals"`, which breaks ties layer by layer.
    """
    rng = streams("rivals")
    gosi_of = by_layer(gosi, network.layers)
    quantities_of = {name: by_layer(values, network.layers) for name, values in quantities.items()}
    halves = {
        i: ranking_halves(
            gosi_of[layer.name], {name: values[layer.name] for name, values in quantities_of.items()}, rng=rng
        )
        for i, layer in enumerate(network.layers)
        if layer.name in ablated
    }
    masks = {i: of_layer.reshape(-1, of_layer.shape[-1]) for i, of_layer in halves.items()}
    losses = mean_scores(network, partition, masks, null_images)[0]
    return {
        "ranking_loss": losses.reshape(len(masks), len(quantities), len(TARGETS)),
        "ranking_size": np.stack([of_layer[:, 0].sum(axis=-1, dtype=np.int32) for of_layer in halves.values()]),
    }


def rankings_by_layer(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> dict[str, NDArray[Any]]:
    """Return the `rivals` group's arrays of an external network, made and kept one layer after the other."""
    gosi = by_layer(groups["tuning"]["gosi"][-1], subject.layers)
    quantities = {name: by_layer(values, subject.layers) for name, values in rival_quantities(groups).items()}
    parts = []
    with subject.watch("layers ablated by rivals", len(subject.layers)) as more:
        for layer in subject.layers:
            here = {name: values[layer.name] for name, values in quantities.items()}
            ablate = functools.partial(_of_layer, subject, layer, gosi[layer.name], here)
            parts.append(subject.kept_with_photographs(f"rivals-{layer.name}", ablate))
            more(1)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_layer(
    subject: ExternalSubject,
    layer: HiddenLayer,
    gosi: NDArray[np.float64],
    quantities: Mapping[str, NDArray[np.float64]],
) -> dict[str, NDArray[Any]]:
    return ranking_arrays(
        ClampedNetwork.of(subject.network.model, (layer,), budget_bytes=subject.settings.memory_bytes),
        subject.photographs,
        gosi,
        quantities,
        (layer.name,),
        null_images=subject.null_images,
        streams=lambda purpose: subject.streams(f"{purpose}/{layer.name}"),
    )
