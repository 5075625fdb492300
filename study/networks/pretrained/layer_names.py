"""Names of layers that people and JAX can live with and TensorFlow cannot."""

from __future__ import annotations

import re
from typing import Any

import keras

from study.vocabulary.errors import shown

LONGEST = 80  # characters of a layer's name
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")  # TensorFlow computes under these; Keras itself forbids the slash


def readable_names(model: keras.Model) -> list[str]:
    """Give the layers of a model, and of the models inside it, names that TensorFlow can compute under, in their place.

    Other characters than letters of ASCII, digits, `_`, `.` and `-` become `_`, what is longer than 80 characters is
    cut, and a name that then stands twice gets a number. Nothing changes where all names fit.

    Returns
    -------
    list of str
        Sentences that say which names were changed: one, or none.
    """
    layers = list(model._flatten_layers(include_self=True, recursive=True))
    taken = {layer.name for layer in layers if _fits(layer.name)}
    changed = []
    for layer in layers:
        if _fits(layer.name):
            continue
        before, layer.name = layer.name, _free(layer.name, taken)
        taken.add(layer.name)
        changed.append(f"'{shown(before, longest=40)}' is called {layer.name}")
    if not changed:
        return []
    more = f", and {len(changed) - 5} more" if len(changed) > 5 else ""
    return [f"names of layers that TensorFlow cannot compute under were changed: {'; '.join(changed[:5])}{more}"]


def _fits(name: Any) -> bool:
    return 0 < len(name) <= LONGEST and not _UNFIT.search(name) and name[0] not in "_-"


def _free(name: str, taken: set[str]) -> str:
    """Return a name like one that does not fit, which no other layer has."""
    stem = _UNFIT.sub("_", name[:LONGEST]).lstrip("_-") or "layer"
    numbered = (stem if number == 1 else f"{stem}_{number}" for number in range(1, len(taken) + 2))
    return next(free for free in numbered if free not in taken)
