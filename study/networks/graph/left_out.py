"""Layers of a network that are not read, each with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import keras

from study.networks.graph.hidden_layers import hidden_layers, output_layers
from study.networks.graph.kinds import SUM, is_activation, is_normalization, kind_of
from study.networks.graph.model_graph import Graph, Renamed, flat_model
from study.vocabulary.errors import shown

SHOWN = 6  # names of layers in one sentence
_OTHER_DIMENSIONS = {"1D": "one dimension", "3D": "three dimensions"}
_NO_UNITS = (keras.layers.Normalization, keras.layers.Embedding, keras.layers.RMSNormalization)


def left_out(model: keras.Model, read: Collection[str]) -> dict[str, str]:
    """Return why each layer with units, or with weights of its own, is not read.

    Parameters
    ----------
    model
        The network.
    read
        The names of the hidden layers that are.

    Returns
    -------
    dict of str to str
        A layer's name to the reason, which follows "not read, as"; the layer that gives the network's output is none.
    """
    reasons = {layer.name: _why_not_chosen(layer) for layer in hidden_layers(model) if layer.name not in read}
    graph = Graph(flat_model(model))
    last = output_layers(graph)
    for node in graph.nodes:
        reason = _why_unreadable(node.operation)
        if reason and node.name not in last:
            reasons[node.name] = reason
    return reasons


def left_out_sentences(reasons: Mapping[str, str], *, shown_names: int = SHOWN) -> tuple[str, ...]:
    """Return a sentence a reason, with the layers it holds for, the first ones by name."""
    names = defaultdict(list)
    for name, reason in reasons.items():
        names[reason].append(shown(name))
    return tuple(
        f"not read, as {reason}: {', '.join(some[:shown_names])}"
        + (f" and {len(some) - shown_names} more" if len(some) > shown_names else "")
        for reason, some in names.items()
    )


def _why_not_chosen(layer: Any) -> str:
    if layer.kind == SUM:
        return "it is a sum of layers, which is read where --layers asks for it"
    return "no activation follows" if layer.activation == "linear" else "--layers does not choose it"


def _why_unreadable(operation: Any) -> str:
    """Return why a layer with units or weights is no hidden layer of the study, '' where it is one or has none."""
    kind = type(operation).__name__
    if isinstance(operation, keras.layers.Wrapper) and not isinstance(operation, Renamed):
        inner = operation.layer
        return f"{kind} wraps it" if kind_of(inner) or inner.weights else ""
    for suffix, words in _OTHER_DIMENSIONS.items():
        if kind.endswith(suffix) and ("Conv" in kind or "Pooling" in kind):
            return f"{kind} works in {words}"
    knows = kind_of(operation) or is_normalization(operation) or is_activation(operation)
    has_weights = isinstance(operation, keras.layers.Layer) and bool(operation.weights)
    if knows or isinstance(operation, _NO_UNITS) or not has_weights:
        return ""
    return f"{kind} has no units that gratings are read from"
