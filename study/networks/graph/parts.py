"""What crosses from before a hidden layer's output to behind it, and the model behind."""

from __future__ import annotations

from typing import Any

import keras

from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.model_graph import Graph, flat_model


def suffix_model(model: keras.Model, layer: HiddenLayer, *, outputs: Any = None) -> keras.Model:
    """Return the model from a layer's output to the model's own, or to `outputs`, symbolic tensors that depend on it.

    Where the layer cuts the graph it has that one input. Where it does not, as in a branch of a residual network, the
    tensors that pass beside the layer are inputs, too, after it. To change the first input is then to change the layer's
    output in its place in the whole network, without computing anything before it again.
    """
    model = flat_model(model)
    crossed = crossing(model, layer)
    return keras.Model(crossed, model.output if outputs is None else outputs, name="behind")


def crossing(model: keras.Model, layer: HiddenLayer) -> Any:
    """Return the symbolic output of a layer, and in a list with it those that pass beside it, if there are any."""
    graph = Graph(flat_model(model))
    output = graph.tensor(layer.output)
    beside = graph.beside(output)
    return [output, *beside] if beside else output
