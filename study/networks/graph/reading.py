"""Reading every unit of a network for pictures of any size, without its maps ever leaving the compiled function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, responses_model
from study.networks.graph.model_graph import Graph, flat_model
from study.networks.pretrained.preprocessing import InputLayout, as_input, gratings_as_pictures
from study.vocabulary.errors import refuse_unless

MOST_AT_ONCE = 32  # larger batches are no faster


@dataclass(frozen=True)
class UnitReader:
    """A network's units, read by the spatial mean of their maps, and at the centre of these.

    Every core that TensorFlow finds is used. On one machine responses come out the same again, to the last bit, from the
    same number of pictures at once; another number, or another machine, can change their last digits.
    """

    forward: Callable[[NDArray[np.float32]], list[Any]]
    layout: InputLayout
    preprocessing: str

    def gratings(self, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return every unit's response, (image, unit), to grey images in [0, 1], (image, row, column)."""
        return self.photographs(gratings_as_pictures(grey, self.layout.channels))

    def gratings_with_centre(self, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the same, and behind it what every unit responds at the centre of its map: (image, twice the units).

        The centre is position (height // 2, width // 2), as that of the gratings themselves.
        """
        pictures = as_input(gratings_as_pictures(grey, self.layout.channels), self.layout, self.preprocessing)
        return np.concatenate([np.asarray(read, dtype=np.float32) for read in self.forward(pictures)], axis=1)

    def photographs(self, pictures: NDArray[np.uint8] | NDArray[np.floating]) -> NDArray[np.float32]:
        """Return every unit's response, (image, unit), to pictures of 0 to 255, (image, row, column, channel)."""
        responses, _ = self.forward(as_input(pictures, self.layout, self.preprocessing))
        return np.asarray(responses, dtype=np.float32)


def unit_reader(
    model: keras.Model, layers: tuple[HiddenLayer, ...], *, layout: InputLayout, preprocessing: str
) -> UnitReader:
    """Return the reader of the units of some layers, in the order of `study.networks.graph.hidden_layers.unit_labels`."""
    maps = responses_model(model, layers)
    outputs = [maps.outputs] if isinstance(maps.outputs, keras.KerasTensor) else maps.outputs
    taken = {operation.name for operation in maps.operations}
    name = next(free for free in map("units_{}".format, range(len(taken) + 1)) if free not in taken)
    read = keras.Model(maps.inputs[0], _Units([layer.channel_axis for layer in layers], name)(outputs), name="units")
    return UnitReader(backend.compiled_forward(read), layout, preprocessing)


class _Units(keras.layers.Layer):
    """The spatial means of maps side by side, (image, unit), and the values at their centres, in single precision.

    One layer of a name of its own: operations are named by Keras, `cast` or `mean`, as those of the network may be.
    """

    def __init__(self, channel_axes: list[int], name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self.channel_axes = channel_axes

    def call(self, maps: list[Any]) -> list[Any]:
        """Return means and centres of the maps, one entry a layer."""
        axes = list(zip(maps, self.channel_axes, strict=True))
        return [ops.concatenate([read(*of) for of in axes], axis=-1) for read in (_spatial_mean, _centre)]


def _spatial_mean(maps: Any, channel_axis: int) -> Any:
    """Return (image, channel) in single precision, from the maps or responses of a layer."""
    positions = _positions(maps, channel_axis)
    single = ops.cast(maps, "float32")
    return ops.mean(single, axis=positions) if positions else single


def _centre(maps: Any, channel_axis: int) -> Any:
    """Return (image, channel) in single precision at the middle position, from the maps or responses of a layer."""
    for axis in reversed(_positions(maps, channel_axis)):
        maps = ops.take(maps, ops.shape(maps)[axis] // 2, axis=axis)
    return ops.cast(maps, "float32")


def _positions(maps: Any, channel_axis: int) -> tuple[int, ...]:
    """Return the axes that are positions of a map."""
    rank = len(maps.shape)
    return tuple(axis for axis in range(1, rank) if axis != channel_axis % rank)


def picture_bytes(model: keras.Model) -> int:
    """Return what one picture takes in a network: itself, and what every layer makes of it, all kept at once.

    TensorFlow lets go of what is no longer needed, so this is more than it takes.
    """
    tensors = [tensor for node in Graph(flat_model(model)).nodes for tensor in node.outputs]
    return sum(math.prod(tensor.shape[1:]) * np.dtype(tensor.dtype).itemsize for tensor in tensors)


def pictures_at_once(model: keras.Model, budget_bytes: int) -> int:
    """Return how many pictures may be in a network at once, so that they take no more than a budget: 1 to 32.

    The network's weights and the responses that are kept come on top of the budget.

    Raises
    ------
    StudyError
        When a single picture takes more.
    """
    needed = picture_bytes(model)
    refuse_unless(
        needed <= budget_bytes,
        f"--memory {budget_bytes / 1e9:g}GB: a picture of {model.name} takes up to {needed / 1e9:.2g} GB; pass --memory"
        f" {-(-needed // 10**8) / 10:g}GB or more",
    )
    return min(MOST_AT_ONCE, budget_bytes // needed)
