"""A classifier up to its logits: the loss is their cross-entropy, whether or not the model ends in a softmax."""

from __future__ import annotations

from typing import Any

import keras

from study.networks.graph.kinds import activation_of, is_activation, is_identity
from study.networks.graph.model_graph import Graph, flat_model
from study.vocabulary.errors import StudyError, refuse_unless


@keras.saving.register_keras_serializable(package="study")
class Unactivated(keras.layers.Wrapper):
    """A layer without the activation it ends with; the weights are the layer's own."""

    def call(self, inputs: Any) -> Any:
        """Return what the layer computes before its activation."""
        activation, self.layer.activation = self.layer.activation, keras.activations.linear
        try:
            return self.layer(inputs)
        finally:
            self.layer.activation = activation


def logits_model(model: keras.Model) -> keras.Model:
    """Return the flat model up to its logits: its last softmax taken off, itself where it has none.

    Raises
    ------
    StudyError
        When the output is not one vector an image, or ends in another activation, such as a sigmoid.
    """
    model = flat_model(model)
    shape = tuple(model.outputs[0].shape)
    refuse_unless(
        len(shape) == 2 and (shape[1] or 0) > 1,
        f"model {model.name}: its output has the shape {shape}; for a loss it must be (image, class), two classes or more:"
        " give a classifier with its top",
    )
    graph = Graph(model)
    node = graph.source(graph.output)
    while is_identity(node.operation):
        node = graph.source(node.input_tensors[0])
    last, activation = node.operation, activation_of(node.operation)
    if activation in ("linear", "log_softmax"):  # the softmax of a log-softmax is that softmax
        return model
    if activation != "softmax":
        raise StudyError(
            f"model {model.name}: it ends in {activation} ({last.name}); the loss is the cross-entropy of classes that exclude"
            " one another, so it must end in a softmax or in logits"
        )
    before = node.input_tensors[0]
    logits = before if is_activation(last) else Unactivated(last, name=f"{last.name}_logits")(before)
    return keras.Model(model.inputs[0], logits, name=model.name)
