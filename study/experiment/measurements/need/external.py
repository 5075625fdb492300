"""The same of an external network: layer by layer, each kept when it is done.

There are no training images of it here. Constants and moments are from the half of each class's photographs that no set of
units is scored on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.need.arrays import Arrays, Pictures, need_arrays
from study.experiment.measurements.need.sizes import searched_images
from study.experiment.photographs import scoring_half
from study.experiment.unit_sets import by_layer, layer_halves, null_halves
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.interventions.constants import HeldNetwork

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject


def arrays_of_external(subject: ExternalSubject, gosi: NDArray[np.float64]) -> Arrays:
    """Return the `need` group's arrays of an external network; `gosi` is (unit,) of all layers, NaN for silent units."""
    gosi_of, parts = by_layer(gosi, subject.layers), []
    with subject.watch("layers held at their best constants", len(subject.layers)) as more:
        for layer in subject.layers:
            measure = functools.partial(_of_layer, subject, layer, gosi_of[layer.name])
            parts.append(subject.kept_with_photographs(f"need-{layer.name}", measure))
            more(1)
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _of_layer(subject: ExternalSubject, layer: HiddenLayer, gosi: NDArray[np.float64]) -> Arrays:
    """Return the arrays of one layer, without its dimension."""
    photographs, settings = subject.photographs, subject.settings
    scoring = scoring_half(photographs.test_labels)
    scored = np.sort(subject.streams("null images").permutation(np.flatnonzero(scoring))[: settings.null_images])
    others = subject.streams("need").permutation(np.flatnonzero(~scoring))
    seen = others[: searched_images(len(scored), len(others))]
    halves = layer_halves(gosi, (layer,), rng=subject.streams(f"ties/{layer.name}"))
    drawn = null_halves({layer.name: gosi}, (layer.name,), 1, rng=subject.streams(f"ablation/{layer.name}"))
    network = ClampedNetwork.of(subject.network.model, (layer,), budget_bytes=settings.memory_bytes)
    return need_arrays(
        network,
        0,
        HeldNetwork.of(network.model, layer, budget_bytes=settings.memory_bytes),
        np.concatenate([halves[layer.name], drawn[layer.name][0]]),
        Pictures(photographs.shown, photographs.test_labels, seen),
        Pictures(photographs.shown, photographs.test_labels, scored),
    )
