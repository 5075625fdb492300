"""From the arrays that are measured on a network to its labelled tree, as `study.vocabulary.schema` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.config import Config
from study.config.population import PlannedNetwork, asked_variants, training_of
from study.experiment.measurements.tuning import coordinates
from study.experiment.training import TrainedNetwork
from study.networks.graph.hidden_layers import HiddenLayer, unit_labels
from study.tuning.gratings import Gratings
from study.vocabulary.schema import (
    ARM_GROUPS,
    CONTROLS,
    FRACTIONS,
    GROUPS,
    HALVES,
    OPTIONAL_GROUPS,
    ORDERS,
    SCHEMA_VERSION,
    SHIFTS,
    STATES,
    TARGETS,
    conditions,
    described,
)


def coordinates_by_group(
    config: Config, arm: str, layers: tuple[HiddenLayer, ...], shown: Gratings, n_classes: int
) -> dict[str, dict[str, Any]]:
    """Return the labels of every dimension, for each group of the schema.

    Parameters
    ----------
    config
        The study.
    arm
        The network's arm, which decides the number of epochs.
    layers
        The hidden layers.
    shown
        The gratings of the registered probe.
    n_classes
        Number of labels.
    """
    unit_layer, channel = unit_labels(layers)
    everywhere: dict[str, Any] = {
        "state": list(STATES),
        "unit": np.arange(len(channel)),
        "unit_layer": ("unit", unit_layer),
        "channel": ("unit", channel),
        "layer": [layer.name for layer in layers],
        **coordinates(shown),
        "clamp": list(config.ablation.clamps),
        "target": list(TARGETS),
        "half": list(HALVES),
        "draw": np.arange(config.ablation.null_draws),
        "class": np.arange(n_classes),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": np.array(FRACTIONS),
        "shift": list(SHIFTS),
        "condition": list(conditions([layer.name for layer in layers if layer.name in config.shift_invariance.layers])),
    }
    ablated = [layer.name for layer in layers if layer.name in config.ablation.layers]
    epochs = training_of(config, arm).epochs
    meaning = {"long_name": "how units are read / which gratings they are shown", "units": "1"}
    own: dict[str, dict[str, Any]] = {
        "training": {"epoch": np.arange(1, epochs + 1)},
        "maturation": {"epoch": np.arange(epochs + 1)},
        "ablation": {"layer": ablated},
        "variants": {"layer": ablated, "variant": xr.Variable("variant", list(asked_variants(config, arm)), meaning)},
    }
    return {group: {**everywhere, **own.get(group, {})} for group in GROUPS}


def training_arrays(trained: TrainedNetwork, final: Mapping[str, tuple[float, float]]) -> dict[str, NDArray[Any]]:
    """Return the `training` group's arrays; `final` holds loss and accuracy of the analysed weights, `train` and `test`."""
    return {
        "train_loss": trained.train_loss,
        "train_accuracy": trained.train_accuracy,
        "validation_loss": trained.validation_loss,
        "validation_accuracy": trained.validation_accuracy,
        "analysed_epoch": np.array(trained.analysed_epoch),
        "final_train_loss": np.array(final["train"][0]),
        "final_train_accuracy": np.array(final["train"][1]),
        "test_loss": np.array(final["test"][0]),
        "test_accuracy": np.array(final["test"][1]),
    }


def network_tree(
    planned: PlannedNetwork,
    groups: Mapping[str, Mapping[str, NDArray[Any]]],
    coords: Mapping[str, Mapping[str, Any]],
) -> xr.DataTree:
    """Return one network, labelled.

    Parameters
    ----------
    planned
        Which network.
    groups
        All groups of its arm, and optional ones: arrays named as in `study.vocabulary.schema`.
    coords
        From `coordinates_by_group`.
    """
    names = (*ARM_GROUPS[planned.arm], *(name for name in OPTIONAL_GROUPS.get(planned.arm, ()) if name in groups))
    tree = xr.DataTree.from_dict(
        {f"/{name}": described(name, dict(groups[name]), dict(coords[name])) for name in names}
    )
    tree.attrs = {
        "schema_version": SCHEMA_VERSION,
        "key": planned.key,
        "arm": planned.arm,
        "augmentation": planned.augmentation,
        "label_corruption": planned.label_corruption,
        "seed": planned.seed,
        "initialization_set": planned.initialization_set,
    }
    return tree
