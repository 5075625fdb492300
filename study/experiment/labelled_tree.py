"""From the arrays that are measured on a network to its labelled tree, as `study.vocabulary.schema` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from study.experiment.subjects import ExternalSubject, TrainedSubject
from study.networks.graph.hidden_layers import unit_labels
from study.vocabulary.measurement import Arrays, measurements
from study.vocabulary.schema import SCHEMA_VERSION, described


def coordinates_by_group(
    subject: TrainedSubject | ExternalSubject, names: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Return the labels of every dimension, by group: those that all networks have, and those of the measurement."""
    unit_layer, channel = unit_labels(subject.layers)
    everywhere: dict[str, Any] = {
        "state": list(subject.states),
        "unit": np.arange(len(channel)),
        "channel": ("unit", channel),
        "orientation": subject.gratings.orientation,
        "spatial_frequency": subject.gratings.spatial_frequency,
        "phase": subject.gratings.phase,
        "class": subject.classes,
    }
    of_units = {"layer": ("unit", unit_layer)}
    of_layers = {"layer": [layer.name for layer in subject.layers]}
    declared = measurements()
    return {
        name: everywhere
        | (of_units if declared[name].is_by_unit else of_layers)
        | dict(declared[name].coordinates(subject))
        for name in names
    }


def network_tree(
    subject: TrainedSubject | ExternalSubject, groups: Mapping[str, Arrays], attributes: Mapping[str, Any]
) -> xr.DataTree:
    """Return one network, labelled.

    Parameters
    ----------
    subject
        The network.
    groups
        Arrays named as in `study.vocabulary.schema`, by group.
    attributes
        What identifies the network.
    """
    coords = coordinates_by_group(subject, tuple(groups))
    tree = xr.DataTree.from_dict({f"/{name}": described(name, dict(groups[name]), coords[name]) for name in groups})
    tree.attrs = {"schema_version": SCHEMA_VERSION, **attributes}
    return tree
