"""What an external network loses when units are ablated: one layer after the other, each kept when it is done."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.ablation.arrays import Ablated, ablation_arrays
from study.experiment.measurements.activity.arrays import class_counts
from study.experiment.unit_sets import by_layer, layer_halves
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import variables_by_group

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject

Arrays = dict[str, NDArray[Any]]


def arrays_by_layer(
    subject: ExternalSubject, gosi: NDArray[np.float64], quantities: Mapping[str, NDArray[Any]]
) -> Arrays:
    """Return the `ablation` group's arrays of an external network.

    Parameters
    ----------
    subject
        The network, with photographs.
    gosi
        (unit,) of all layers in order; NaN for silent units.
    quantities
        What controls are made by, (unit,) each; see `ablation_arrays`.
    """
    labels, chosen = subject.photographs.test_labels, subject.null_images
    gosi_of = by_layer(gosi, subject.layers)
    quantities_of = {name: by_layer(values, subject.layers) for name, values in quantities.items()}
    parts = []
    with subject.watch("ablated, in hundredths of a layer", 100 * len(subject.layers)) as more:
        for layer in subject.layers:
            tell = _in_percent(more)
            here = {name: values[layer.name] for name, values in quantities_of.items()}
            ablate = functools.partial(_ablated, subject, layer, gosi_of[layer.name], here, chosen, tell)
            parts.append(subject.kept_with_photographs(f"ablation-{layer.name}", ablate))
            tell(1.0)
    variables = variables_by_group()["ablation"]
    joined = {name: _joined([part[name] for part in parts], variables[name].dims) for name in parts[0]}
    share = class_counts(labels, subject.classes) / len(labels)
    for score in ("loss", "accuracy"):
        joined[f"baseline_{score}"] = np.asarray(joined[f"baseline_class_{score}"] @ share)
    return joined


def _ablated(
    subject: ExternalSubject,
    layer: HiddenLayer,
    gosi: NDArray[np.float64],
    quantities: Mapping[str, NDArray[Any]],
    null_images: NDArray[np.int64],
    on_progress: Callable[[float], None],
) -> Arrays:
    """Return the `ablation` group's arrays of one layer; the baseline is filled in where all layers are joined."""

    def streams(purpose: str) -> np.random.Generator:
        return subject.streams(f"{purpose}/{layer.name}")

    return ablation_arrays(
        ClampedNetwork.of(subject.network.model, (layer,), budget_bytes=subject.settings.memory_bytes),
        subject.photographs,
        gosi,
        layer_halves(gosi, (layer,), rng=streams("ties")),
        quantities,
        Ablated((layer.name,), subject.ablation.clamps, subject.ablation.null_draws),
        baseline=(0.0, 0.0),
        null_images=null_images,
        streams=streams,
        classes=subject.classes,
        on_progress=on_progress,
    )


def _in_percent(more: Callable[[int], None]) -> Callable[[float], None]:
    """Return what to call with the share that is done; `more` is told how many more hundredths that are."""
    done = 0

    def tell(share: float) -> None:
        nonlocal done
        more(int(100 * share) - done)
        done = int(100 * share)

    return tell


def _joined(parts: list[NDArray[Any]], dims: tuple[str, ...]) -> NDArray[Any]:
    """Return the layers' arrays as one along `layer` or `unit`; what has neither is the same in all."""
    along = [axis for axis, dim in enumerate(dims) if dim in ("layer", "unit")]
    return np.concatenate(parts, axis=along[0]) if along else parts[0]
