"""Simulated values as the groups of the compacted store: dimensions, units and labels as the schema has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import Design
from study.vocabulary.schema import UNIT_COORDINATES, variables_by_group, with_meanings

_STRING: Final = np.dtypes.StringDType()


def network_labels(design: Design) -> dict[str, Any]:
    """Return the coordinates of `network`, as the compacted store has them; groups take turns."""
    augmentations, rates = design.groups
    conditions, spans = (np.array(names, dtype=_STRING) for names in zip(*design.reared, strict=True))
    cycle = max(len(augmentations), len(rates), len(conditions))
    return {
        "network": _names(design.rows),
        "arm": ("network", np.full(design.rows, design.arm).astype(_STRING)),
        "augmentation": ("network", np.array(augmentations, dtype=_STRING)[design.places % len(augmentations)]),
        "label_corruption": ("network", np.array(rates)[design.places % len(rates)]),
        "seed": ("network", design.places // cycle),
        "initialization_set": ("network", np.full(design.rows, design.initialization_set)),
        "rearing": ("network", conditions[design.places % len(conditions)]),
        "reared_layers": ("network", spans[design.places % len(spans)]),
    }


@cache
def _names(rows: int) -> NDArray[Any]:
    return np.array([f"simulated-{row}" for row in range(rows)], dtype=_STRING)


def unit_labels(layers: Sequence[str], counts: Sequence[int] | NDArray[np.intp]) -> dict[str, Any]:
    """Return the coordinates of `unit`, for layers of so many units: the layer it belongs to and its index there."""
    names = np.repeat(np.array(layers, dtype=_STRING), counts)
    return dict(
        zip(UNIT_COORDINATES, (("unit", names), ("unit", np.concatenate([np.arange(n) for n in counts]))), strict=True)
    )


def group(
    name: str, design: Design, arrays: Mapping[str, NDArray[Any]], coords: Mapping[str, Any]
) -> dict[str, xr.Dataset]:
    """Return one group of the store by its path, holding some of its variables with their dimensions and units.

    Parameters
    ----------
    name
        One of `study.vocabulary.schema.variables_by_group`.
    design
        Who the networks are.
    arrays
        Variables, `network` first and then as in the schema.
    coords
        Labels of the other dimensions; those that no variable has are left out.

    Raises
    ------
    KeyError
        When the schema has no such variable: a programming error.
    """
    schema = variables_by_group()[name]
    variables = {
        key: (("network", *schema[key].dims), values, {"units": schema[key].units, "long_name": schema[key].long_name})
        for key, values in arrays.items()
    }
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    labels = {key: value for key, value in coords.items() if (value[0] if isinstance(value, tuple) else key) in used}
    dataset = xr.Dataset(variables, {**network_labels(design), **labels})
    return {f"/{name}": with_meanings(dataset)}


def training_scores(design: Design, **scores: NDArray[Any]) -> dict[str, xr.Dataset]:
    """Return the group of training with some scores of the analysed weights, (rows,), and a single epoch."""
    losses = np.ones((design.rows, 1))
    return group("training", design, {**scores, "validation_loss": losses}, {"epoch": np.array([1])})
