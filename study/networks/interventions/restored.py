"""A network in which what the first dense layer receives is replaced by its mean over an image and its shifts.

That takes away how it varies under shifts and nothing else: of each image it keeps the mean. Put in place of what was
taken, the deviations of another image bring back variation that says nothing of this one. Labels only score.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers
from study.networks.graph.logits import logits_model
from study.networks.graph.model_graph import Graph
from study.networks.graph.parts import crossing, suffix_model
from study.networks.interventions.clamped import bytes_of

Losses = Callable[[Any, NDArray[np.float32], NDArray[np.int64]], Any]


@dataclass(frozen=True)
class RestoredNetwork:
    """A network with what lies between each layer and the first dense one compiled, and what lies behind that.

    Attributes
    ----------
    received
        The operation whose output is replaced: what the first dense hidden layer receives; what the logits' layer does
        where there is no such layer.
    reaching
        For each layer, whether what is replaced depends on it.
    outputs
        Images to the activations of every layer, with what passes beside it.
    losses
        Of each layer that reaches: see `losses_under`.
    image_bytes
        What is computed behind each layer for one image and one set of units.
    n_views, bytes_in_all, budget_bytes
        Number of views of each image, what the whole network computes for one, and what may be held at once.
    """

    layers: tuple[HiddenLayer, ...]
    received: str
    reaching: tuple[bool, ...]
    outputs: Callable[[NDArray[np.float32]], list[Any]]
    losses: tuple[Losses | None, ...]
    image_bytes: tuple[int, ...]
    n_views: int
    bytes_in_all: int
    budget_bytes: int

    @classmethod
    def of(
        cls,
        model: keras.Model,
        layers: tuple[HiddenLayer, ...],
        *,
        n_views: int,
        budget_bytes: int = sys.maxsize,
    ) -> RestoredNetwork:
        """Return the network of a classifier, read at its logits, some of whose layers may be ablated.

        Parameters
        ----------
        model, layers
            The network and some of its hidden layers.
        n_views
            How many views there are of each image: itself and its shifts.
        budget_bytes
            What the activations that are computed together may take.

        Raises
        ------
        StudyError
            When the model is no classifier.
        """
        model = logits_model(model)
        graph = Graph(model)
        received = received_tensor(model)
        tail = keras.Model(received, model.output, name="behind_received")
        reaching, losses = [], []
        for layer in layers:
            made = {id(tensor) for node in graph.behind(graph.tensor(layer.output)) for tensor in node.outputs}
            reaching.append(id(received) in made)
            part = suffix_model(model, layer, outputs=received) if reaching[-1] else None
            losses.append(part and backend.compiled(functools.partial(_losses, part, tail, layer, n_views)))
        outputs = keras.Model(model.input, [crossing(model, layer) for layer in layers], name="outputs")
        sizes = tuple(bytes_of(graph.behind(graph.tensor(layer.output))) for layer in layers)
        forward = backend.compiled_forward(outputs)
        name = graph.source(received).name
        in_all = bytes_of(graph.nodes)
        return cls(layers, name, tuple(reaching), forward, tuple(losses), sizes, n_views, in_all, budget_bytes)

    def images_at_once(self, most: int) -> int:
        """Return for how many images, all views of each, the layers' activations fit the budget: 2 to `most`."""
        return max(2, min(most, self.budget_bytes // (6 * self.n_views * self.bytes_in_all)))

    def losses_under(
        self, layer: int, activations: Any, masks: NDArray[np.bool_], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return cross-entropies in nats with sets of a layer's units held at output zero: (set, input, image).

        Parameters
        ----------
        layer
            Its index.
        activations
            What `outputs` gives of it for all views, the first view of every image first: (view times image, ...).
        masks
            (set, unit).
        labels
            (image,): they score, and enter into nothing else.

        Returns
        -------
        array
            The inputs are those of `study.vocabulary.schema.RECEIVED`; NaN where what is replaced does not depend on
            the layer. Of own and exchanged deviations it is the mean over views.
        """
        losses = self.losses[layer]
        if losses is None:
            return np.full((len(masks), 4, len(labels)), np.nan)
        views = activations[0] if isinstance(activations, (list, tuple)) else activations
        fit = self.budget_bytes // (3 * int(views.shape[0]) * max(1, self.image_bytes[layer]))
        at_once = min(max(1, fit), len(masks))
        chunks = [~masks[start : start + at_once] for start in range(0, len(masks), at_once)]
        return np.concatenate([np.asarray(losses(activations, _factors(kept), labels), np.float64) for kept in chunks])


def received_tensor(model: keras.Model) -> Any:
    """Return what the first dense hidden layer of a flat model receives, of those through whose input everything goes.

    Where there is none, what the layer of the logits receives.
    """
    graph = Graph(model)
    dense = [graph.node(layer.name) for layer in hidden_layers(model) if layer.kind == "dense"]
    for node in (*dense, graph.source(graph.output)):
        if not graph.beside(node.input_tensors[0]):
            return node.input_tensors[0]
    return graph.source(graph.output).input_tensors[0]


def _factors(kept: NDArray[np.bool_]) -> NDArray[np.float32]:
    return kept.astype(np.float32)


def _losses(
    part: keras.Model, tail: keras.Model, layer: HiddenLayer, n_views: int, activations: Any, kept: Any, labels: Any
) -> Any:
    """Return the losses of every set, input and image; see `RestoredNetwork.losses_under`."""
    intact, *beside = activations if isinstance(activations, (list, tuple)) else [activations]
    n_sets, rank = ops.shape(kept)[0], len(intact.shape)
    spread = [1] * rank
    spread[layer.channel_axis % rank] = layer.n_units
    ablated = ops.reshape(ops.cast(kept, intact.dtype), (-1, *spread)) * intact
    inputs = [ops.reshape(ablated, (-1, *intact.shape[1:]))]
    inputs += [ops.tile(tensor, (n_sets, *[1] * (len(tensor.shape) - 1))) for tensor in beside]
    received = part(inputs if beside else inputs[0], training=False)
    shape = tuple(received.shape[1:])
    own = ops.reshape(received, (n_sets, n_views, -1, *shape))
    mean = ops.mean(own, axis=1, keepdims=True)
    exchanged = mean + ops.roll(own - mean, 1, axis=2)  # the deviations of the image before
    inputs_of_tail = ops.concatenate([own, mean, exchanged], axis=1)
    logits = ops.cast(tail(ops.reshape(inputs_of_tail, (-1, *shape)), training=False), "float32")
    repeated = ops.tile(labels, (n_sets * (2 * n_views + 1),))
    losses = ops.reshape(backend.cross_entropies(repeated, logits), (n_sets, 2 * n_views + 1, -1))
    own_loss, exchanged_loss = losses[:, :n_views], losses[:, n_views + 1 :]
    by_input = [own_loss[:, 0], ops.mean(own_loss, axis=1), losses[:, n_views], ops.mean(exchanged_loss, axis=1)]
    return ops.stack(by_input, axis=1)
