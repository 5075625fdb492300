"""A network whose units can be held at other values, behind every hidden layer, and scored."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.logits import logits_model
from study.networks.graph.model_graph import Graph, Node
from study.networks.graph.parts import crossing, suffix_model
from study.networks.interventions.superposition import Behind, behind, contributions, total_contribution
from study.vocabulary.errors import refuse_unless

MASKS_AT_ONCE = 32
IMAGES_SUPERPOSED = 32  # at least as many images' contributions of every channel must fit, or there is no superposition

Mask = NDArray[np.bool_]
Scores = Callable[[Any, NDArray[np.float32], NDArray[np.int64]], Any]


@dataclass(frozen=True)
class Superposed:
    """The network behind a layer as sums of its units' contributions; see `study.networks.interventions.superposition`.

    `image_bytes` is what is computed behind the layer for one image and one set of units.
    """

    part: Behind
    scores: Scores
    image_bytes: int

    def prepared(self, activations: Any) -> Any:
        """Return what `scores` takes for the layer's activations, to be multiplied by (set, unit)."""
        return contributions(self.part, activations)

    def held(self, activations: Any, mask: Mask, clamps: Sequence[Any]) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Yield what `scores` takes with the masked units at each clamp, and the one set that keeps all."""
        nothing = np.zeros((1, *activations.shape[1:]), dtype=np.float32)
        others = total_contribution(self.part, ops.where(mask, nothing, activations))  # of the units that are not held
        for clamp in clamps:
            held = total_contribution(self.part, ops.where(mask, clamp, nothing))
            yield ops.reshape(others + held, (1, -1)), np.ones((1, 1), dtype=np.float32)


@dataclass(frozen=True)
class InPlace:
    """The network behind a layer as it is, with what passes beside the layer; see `study.networks.graph.parts.suffix_model`.

    `image_bytes` is what is computed behind the layer for one image and one set of units.
    """

    layer: HiddenLayer
    scores: Scores
    image_bytes: int

    def prepared(self, activations: Any) -> Any:
        """Return what `scores` takes for the layer's activations, to be multiplied by (set, unit)."""
        return list(activations) if isinstance(activations, (list, tuple)) else [activations]

    def held(self, activations: Any, mask: Mask, clamps: Sequence[Any]) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Yield what `scores` takes with the masked units at each clamp, and the one set that keeps all."""
        output, *beside = self.prepared(activations)
        everything = np.ones((1, self.layer.n_units), dtype=np.float32)
        for clamp in clamps:
            values = np.asarray(clamp[0] if isinstance(clamp, (list, tuple)) else clamp, dtype=output.dtype.name)
            yield [ops.where(self._spread(mask, output), self._spread(values, output), output), *beside], everything

    def _spread(self, values: NDArray[Any], output: Any) -> NDArray[Any]:
        """Return one value a unit as it broadcasts against the layer's output; others as they are."""
        is_by_unit = values.shape == (self.layer.n_units,) and self.layer.channel_axis == 1
        return values.reshape(-1, *[1] * (len(output.shape) - 2)) if is_by_unit else values


@dataclass(frozen=True)
class ClampedNetwork:
    """A network with what lies behind each layer compiled: made once a process, reused for every set of weights.

    Scores are the cross-entropy in nats and whether the class is right, 1 or 0, in this order on their first axis. A layer
    goes by its index; its activations are its output for some images, (image, ..., unit), as `outputs` gives them: where
    the layer does not cut the network, in a list with the tensors that pass beside it.
    """

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    outputs: Callable[[NDArray[np.float32]], list[Any]]
    parts: tuple[Superposed | InPlace, ...]
    budget_bytes: int

    @classmethod
    def of(
        cls, model: keras.Model, layers: tuple[HiddenLayer, ...], *, budget_bytes: int = sys.maxsize
    ) -> ClampedNetwork:
        """Return the clamped network of a classifier, read at its logits.

        Parameters
        ----------
        model, layers
            The network and some of its hidden layers.
        budget_bytes
            What the activations of the images and sets that are computed together may take.

        Raises
        ------
        StudyError
            When the model is no classifier, or an image's activations have no definite size.
        """
        model = logits_model(model)
        _refuse_indefinite_size(model)
        outputs = keras.Model(model.input, [crossing(model, layer) for layer in layers], name="outputs")
        parts = tuple(_part(model, layer, budget_bytes) for layer in layers)
        return cls(model, layers, backend.compiled_forward(outputs), parts, budget_bytes)

    @property
    def n_classes(self) -> int:
        """Return the number of logits."""
        return int(self.model.output.shape[-1])

    @functools.cached_property
    def images_at_once(self) -> int:
        """Return for how many images the outputs of all layers, those of other images, and a pass fit the budget."""
        return max(1, self.budget_bytes // (3 * bytes_of(Graph(self.model).nodes)))

    def intact_scores(self, outputs: list[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores with no unit clamped, from every layer's activations: (score, image)."""
        last = len(self.layers) - 1
        nobody = np.zeros(self.layers[last].n_units, dtype=bool)
        return self.clamped_scores(last, outputs[last], nobody, [0], labels)[:, 0]

    def clamped_scores(
        self, layer: int, activations: Any, mask: Mask, clamps: Sequence[Any], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the scores with the masked units held at each of several clamps: (score, clamp, image).

        A clamp is anything that broadcasts against the activations: constants, (unit,), or other images' activations.
        """
        part = self.parts[layer]
        # One clamp at a time: results then do not depend on which others there are, to the last bit.
        by_clamp = [_scores(part, *held, labels) for held in part.held(activations, mask, clamps)]
        return np.concatenate(by_clamp, axis=1)

    def masked_scores(
        self, layer: int, activations: Any, masks: NDArray[np.bool_], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the scores for each of many masks, (mask, unit), held at output zero: (score, mask, image)."""
        part = self.parts[layer]
        fit = self.budget_bytes // (3 * len(labels) * max(1, part.image_bytes))
        prepared, at_once = part.prepared(activations), min(max(1, fit), MASKS_AT_ONCE)
        chunks = [~masks[start : start + at_once] for start in range(0, len(masks), at_once)]
        return np.concatenate([_scores(part, prepared, kept, labels) for kept in chunks], axis=1)


def bytes_of(nodes: list[Node]) -> int:
    """Return what is computed for one image, in bytes of single precision."""
    shapes = [tensor.shape[1:] for node in nodes for tensor in node.outputs]
    return sum(4 * int(np.prod([size or 1 for size in shape])) for shape in shapes)


def _refuse_indefinite_size(model: keras.Model) -> None:
    shape = tuple(model.inputs[0].shape[1:])
    refuse_unless(
        None not in shape,
        f"model {model.name}: its images have the shape {shape}, of no definite size; build it for one, such as (224, 224, 3)",
    )


def _part(model: keras.Model, layer: HiddenLayer, budget_bytes: int) -> Superposed | InPlace:
    """Return the network behind a layer: superposed where it can be and an eighth of the budget holds the contributions."""
    graph = Graph(model)
    image_bytes = bytes_of(graph.behind(graph.tensor(layer.output)))
    try:
        part = behind(model, layer)
    except ValueError:  # no chain, or nothing linear next
        part = None
    if part and IMAGES_SUPERPOSED * 4 * layer.n_units * int(np.prod(part.shape)) <= budget_bytes / 8:
        return Superposed(part, backend.compiled_superposition(part), image_bytes)
    return InPlace(layer, backend.compiled_suffix(suffix_model(model, layer), layer.channel_axis), image_bytes)


def _scores(part: Superposed | InPlace, prepared: Any, kept: Any, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(part.scores(prepared, kept.astype(np.float32), labels), dtype=np.float64)
