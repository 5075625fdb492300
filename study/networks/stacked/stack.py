"""Several networks trained as one model: the steps, the scores, and each network's weights put in and taken out.

Images stay where the model is, as bytes; they are picked, moved, mirrored and scaled there, by numbers that are drawn
outside. The update of a weight depends on its own gradient alone, and the gradient on its network's images alone, so
every network learns as it would by itself, but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from study.networks.backend import FusedAdam, compiled, computing_in, cross_entropies
from study.networks.stacked.convolution import GROUPED
from study.networks.stacked.layers import of_one, stacked_model

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def moved(pixels: Any, size: tuple[int, int], chosen: Any, down: Any, right: Any, mirrored: Any) -> Any:
    """Return some images, each moved and mirrored as `study.images.preparation.augmentation.augmented` would, bit for bit.

    Parameters
    ----------
    pixels
        uint8, (image times row times column, channel): all images there are.
    size
        Their height and width.
    chosen, down, right
        int64, (image, network): which image, and by how many pixels it moves.
    mirrored
        bool, (image, network).

    Returns
    -------
    uint8, (image, row, column, network, channel).
    """
    height, width = (tf.constant(extent, tf.int64) for extent in size)
    rows = tf.clip_by_value(tf.range(height) - down[..., None], 0, height - 1)
    columns = tf.clip_by_value(tf.range(width) - right[..., None], 0, width - 1)
    columns = tf.where(mirrored[..., None], columns[..., ::-1], columns)
    lines = tf.transpose(chosen[..., None] * height + rows, (0, 2, 1))  # (image, row, network)
    places = lines[:, :, None] * width + tf.transpose(columns, (0, 2, 1))[:, None]
    return tf.gather(pixels, places)


def scaled(images: Any, training_mean: Any) -> Any:
    """Return bytes as a network is fed them, float32; as `study.images.preparation.split.preprocessed`, to rounding."""
    return tf.cast(images, tf.float32) / 255.0 - training_mean


@dataclass(frozen=True)
class Stack:
    """Several networks as one model: their weights change, what is compiled stays.

    Attributes
    ----------
    networks
        How many.
    model, optimizer
        The stacked model and its optimiser, which takes the same step for every network.
    alike, moments
        Shapes of one network's own weights and of its optimiser's variables, in order.
    train
        train(pixels, training mean, chosen, down, right, mirrored, labels) -> (sums of cross-entropies, numbers correct),
        both (network,), and `model` updated once a batch: what is shown is (batch, image, network).
    scores
        scores(images, training mean, labels) -> the same, at inference, of images that all networks are shown: uint8, (image,
        row, column, channel); labels are (image, network).
    """

    networks: int
    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    alike: tuple[tuple[int, ...], ...]
    moments: tuple[tuple[int, ...], ...]
    train: Callable[..., tuple[Any, Any]]
    scores: Callable[..., tuple[Any, Any]]

    @classmethod
    def of(
        cls,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        networks: int,
        *,
        precision: str = "float32",
        form: str = GROUPED,
    ) -> Stack:
        """Return so many networks like `model`, trained as by `optimizer`; all weights are zero.

        Raises
        ------
        StudyError
            As `study.networks.stacked.layers.stacked_model`.
        """
        stacked, stacked_optimizer = stacked_model(model, networks, form=form), FusedAdam()
        stacked_optimizer.build(stacked.trainable_variables)
        return cls(
            networks=networks,
            model=stacked,
            optimizer=stacked_optimizer,
            alike=tuple(tuple(weight.shape) for weight in model.weights),
            moments=tuple(tuple(variable.shape) for variable in optimizer.variables),
            train=_training(stacked, stacked_optimizer, networks, model.input.shape[1:], PRECISIONS[precision]),
            scores=_scores(stacked, networks, model.input.shape[1:]),
        )

    def reset(self, learning_rate: float) -> None:
        """Forget all networks: weights, moments and step count to zero."""
        for variable in (*self.model.weights, *self.optimizer.variables):
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
        self.optimizer.learning_rate = learning_rate

    def put(self, place: int, weights: Sequence[NDArray[Any]] = (), moments: Sequence[NDArray[Any]] = ()) -> None:
        """Give the network in a place its weights and its optimiser's variables; zero where there are none.

        The step count and the learning rate are common to all networks; they are set where `moments` has them.
        """
        _put(self.model.weights, self.alike, place, weights)
        _put(self.optimizer.variables, self.moments, place, moments)

    def weights(self) -> list[list[NDArray[np.float32]]]:
        """Return the weights of every network, by its place, in the order of one network's own."""
        return _taken([weight.numpy() for weight in self.model.weights], self.alike, self.networks)

    def optimizers(self) -> list[list[NDArray[Any]]]:
        """Return the optimiser's variables of every network, by its place, in the order of one network's own."""
        return _taken([variable.numpy() for variable in self.optimizer.variables], self.moments, self.networks)


def _put(variables: Sequence[Any], shapes: Sequence[tuple[int, ...]], place: int, values: Sequence[Any]) -> None:
    for index, (variable, shape) in enumerate(zip(variables, shapes, strict=True)):
        if shape or len(values):
            together = np.array(variable.numpy())
            of_one(together, shape, place)[...] = values[index] if len(values) else 0
            variable.assign(together)


def _taken(
    together: Sequence[NDArray[Any]], shapes: Sequence[tuple[int, ...]], networks: int
) -> list[list[NDArray[Any]]]:
    return [
        [np.array(of_one(values, shape, place)) for values, shape in zip(together, shapes, strict=True)]
        for place in range(networks)
    ]


def _training(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, networks: int, shape: tuple[int, int, int], policy: str
) -> Callable[..., tuple[Any, Any]]:
    size, channels = shape[:2], shape[2]

    def step(pixels: Any, mean: Any, chosen: Any, down: Any, right: Any, mirrored: Any, labels: Any) -> tuple[Any, Any]:
        images = scaled(moved(pixels, size, chosen, down, right, mirrored), mean[:, :, None])
        inputs = tf.reshape(images, (-1, *size, networks * channels))
        with tf.GradientTape() as tape, computing_in(model, policy):
            losses, correct = _scored(tf.cast(model(inputs, training=True), tf.float32), labels, networks)
            loss = tf.reduce_sum(tf.reduce_mean(losses, axis=0))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return tf.reduce_sum(tf.cast(losses, tf.float64), axis=0), correct

    def train(pixels: Any, mean: Any, *shown: Any) -> tuple[Any, Any]:
        def body(batch: Any, loss: Any, correct: Any) -> tuple[Any, Any, Any]:
            more_loss, more_correct = step(pixels, mean, *(entries[batch] for entries in shown))
            return batch + 1, loss + more_loss, correct + more_correct

        start = (tf.constant(0), tf.zeros(networks, tf.float64), tf.zeros(networks, tf.int64))
        count = tf.shape(shown[0])[0]
        _, loss, correct = tf.while_loop(lambda batch, *_: batch < count, body, start, parallel_iterations=1)
        return loss, correct

    numbers = tf.TensorSpec((None, None, networks), tf.int64)
    flags = tf.TensorSpec(numbers.shape, tf.bool)
    held = (tf.TensorSpec((None, channels), tf.uint8), tf.TensorSpec(shape, tf.float32))
    return compiled(train, (*held, numbers, numbers, numbers, flags, numbers))


def _scores(model: keras.Model, networks: int, shape: tuple[int, int, int]) -> Callable[..., tuple[Any, Any]]:
    def scores(images: Any, mean: Any, labels: Any) -> tuple[Any, Any]:
        inputs = tf.tile(scaled(images, mean), (1, 1, 1, networks))
        losses, correct = _scored(model(inputs, training=False), labels, networks)
        return tf.reduce_sum(tf.cast(losses, tf.float64), axis=0), correct

    images, mean = tf.TensorSpec((None, *shape), tf.uint8), tf.TensorSpec(shape, tf.float32)
    return compiled(scores, (images, mean, tf.TensorSpec((None, networks), tf.int64)))


def _scored(logits: Any, labels: Any, networks: int) -> tuple[Any, Any]:
    """Return cross-entropies, (image, network), and how many images each network has right, of (image, network times class)."""
    apart = tf.reshape(logits, (-1, networks, logits.shape[-1] // networks))
    losses = cross_entropies(labels, apart)
    correct = tf.argmax(apart, axis=-1, output_type=labels.dtype) == labels
    return losses, tf.reduce_sum(tf.cast(correct, tf.int64), axis=0)
