"""The ablation null: ours against evaluating the whole network once per mask, and against the part behind the layer.

The same images and masks, all hidden layers, one thread. The contenders take turns layer by layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from study.config import NetworkConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.measurements.ablation import arrays as ablate
from study.experiment.training import initialize
from study.experiment.unit_sets import random_halves
from study.images.preparation.split import Partition
from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer

N_IMAGES, N_DRAWS = 256, 100


def main() -> None:
    """Time every layer and print seconds, ratios and the largest difference of a mean loss."""
    made = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10)
    initialize(made.model, root_seed=0, network="benchmark")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (N_IMAGES, 32, 32, 3)).astype(np.uint8), rng.integers(0, 10, N_IMAGES)
    mean = np.full((32, 32, 3), 0.5, np.float32)
    partition = Partition(images, labels, images, labels, images, labels, mean)
    inputs = (images.astype(np.float32) / 255 - np.float32(0.5)).astype(np.float32)
    totals = np.zeros(3)
    print(f"{N_IMAGES} images, {2 * N_DRAWS} masks a layer; seconds on one thread")
    print("layer   whole network  behind the layer    ours   ratios            largest difference")
    for i, layer in enumerate(made.layers):
        halves = [half for _ in range(N_DRAWS) for half in random_halves(np.ones(layer.n_units, bool), rng=rng)]
        masks = np.stack(halves)
        activations = made.clamped.outputs(inputs)[i]
        whole, suffix = _whole_network(made.model, layer), _behind_the_layer(made.model, layer)

        def by_whole(masks: np.ndarray, whole: Any = whole) -> np.ndarray:
            return np.array([float(whole(inputs, (~mask).astype(np.float32), labels)) for mask in masks])

        def by_suffix(masks: np.ndarray, suffix: Any = suffix, activations: Any = activations) -> np.ndarray:
            return np.array([float(suffix(activations, (~mask).astype(np.float32), labels)) for mask in masks])

        def by_ours(masks: np.ndarray, i: int = i) -> np.ndarray:
            scores = ablate.mean_scores(made.clamped, partition, {i: masks}, np.arange(N_IMAGES))
            return scores[0, 0] * N_IMAGES

        seconds, losses = zip(*(_timed(run, masks) for run in (by_whole, by_suffix, by_ours)), strict=True)
        totals += seconds
        difference = np.abs(losses[2] - losses[0]).max() / N_IMAGES
        print(
            f"{layer.name:6} {seconds[0]:14.2f} {seconds[1]:17.2f} {seconds[2]:7.2f}   {seconds[0] / seconds[2]:5.1f}"
            f" {seconds[1] / seconds[2]:5.1f}     {difference:.1e}"
        )
    print(
        f"all    {totals[0]:14.2f} {totals[1]:17.2f} {totals[2]:7.2f}   {totals[0] / totals[2]:5.1f}"
        f" {totals[1] / totals[2]:5.1f}"
    )


def _whole_network(model: keras.Model, layer: HiddenLayer) -> Any:
    """Return loss(images, kept, labels): the whole network with a layer's output multiplied by a mask."""
    kept = keras.Input((layer.n_units,), batch_size=1)
    before = keras.Model(model.input, model.get_layer(layer.output).output)
    after = keras.Model(model.get_layer(layer.output).output, model.output)
    hidden = before(model.input)
    spread = keras.layers.Reshape((*[1] * (len(hidden.shape) - 2), layer.n_units))(kept)
    masked = keras.Model([model.input, kept], after(keras.layers.Multiply()([hidden, spread])))

    @tf.function(autograph=False)
    def loss(images: Any, kept: Any, labels: Any) -> Any:
        return tf.reduce_sum(backend.cross_entropies(labels, masked([images, kept[None]], training=False)))

    return loss


def _behind_the_layer(model: keras.Model, layer: HiddenLayer) -> Any:
    """Return loss(activations, kept, labels): the part behind a layer, its input multiplied by a mask."""
    after = keras.Model(model.get_layer(layer.output).output, model.output)

    @tf.function(autograph=False)
    def loss(activations: Any, kept: Any, labels: Any) -> Any:
        return tf.reduce_sum(backend.cross_entropies(labels, after(activations * kept, training=False)))

    return loss


def _timed(run: Callable[[np.ndarray], np.ndarray], masks: np.ndarray) -> tuple[float, np.ndarray]:
    run(masks[:40])  # compiles
    started = time.perf_counter()
    losses = run(masks)
    return time.perf_counter() - started, losses


if __name__ == "__main__":
    main()
