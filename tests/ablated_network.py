"""A tiny network whose units are ablated, once as measured and once by hand: made when it is first asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from study.config import AblationConfig
from study.experiment.measurements.ablation.arrays import ablation_arrays
from study.experiment.measurements.activity.arrays import activity_arrays
from study.experiment.unit_sets import SPARSENESS, half_of_units, layer_halves
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, responses_model
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.seeding import stream
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

CONFIG = AblationConfig(layers=("fc1", "conv2", "conv1"), null_draws=20, null_images=32)
NULL_IMAGES = np.arange(2, 34)
Ablated = Callable[..., np.ndarray]
STARTS = dict(zip(UNITS, np.cumsum([0, *UNITS.values()]), strict=False))


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


@functools.cache
def network() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    backend.configure_process()
    model = tiny_network()
    scramble(model, rng(7))
    return ClampedNetwork.of(model, hidden_layers(model))


@functools.cache
def gosi() -> np.ndarray:
    """Return the selectivity of the 24 units: conv1 with two silent, conv2 with ties, fc1 without either."""
    return np.r_[[0.2, np.nan, 0.6, 0.1, np.nan, 0.4], np.repeat([0.3, 0.7], 4), np.linspace(0.9, 0, 10)]


@functools.cache
def activity() -> dict[str, Any]:
    """Return what the units do on photographs, and how sparse their responses are: another in each, silent or not."""
    forward = backend.compiled_forward(responses_model(network().model, network().layers))
    sparseness = {SPARSENESS: rng(3).random(24)}
    return activity_arrays(forward, network().model, network().layers, tiny_partition()) | sparseness


def streams(seed: int) -> Callable[[str], np.random.Generator]:
    """Return random streams by name."""
    return lambda name: stream(seed, "tiny", name)


def arrays(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], config: AblationConfig = CONFIG, **changes: Any
) -> dict[str, Any]:
    """Return the ablation of the tiny network and its halves, with some arguments changed."""
    options = {"baseline": (1.5, 0.4), "null_images": NULL_IMAGES, "streams": streams(8)} | changes
    partition = options.pop("partition", tiny_partition())
    halves = layer_halves(gosi, network.layers, rng=rng(6))
    ablated = half_of_units(halves, config.layers)
    return ablation_arrays(network, partition, gosi, halves, activity, config, **options) | {"ablated": ablated}


@functools.cache
def measured() -> dict[str, Any]:
    """Return the ablation of the tiny network."""
    return arrays(network(), gosi(), activity())


def half(measured: dict[str, Any], name: str, target: int) -> np.ndarray:
    """Return the mask of a layer's top (0) or bottom (1) half, as it is recorded."""
    return measured["ablated"][STARTS[name] : STARTS[name] + UNITS[name]] == (1, -1)[target]


# The slow way: Keras in two pieces, NumPy between and behind them


def image_scores(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return cross-entropy and correctness of each image, in float64: (score, image)."""
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return np.stack([losses, logits.argmax(axis=1) == labels])


def by_hand(model: keras.Model, name: str, mask: np.ndarray, clamp: str, others: np.ndarray) -> np.ndarray:
    """Return the scores of all test images with units held unit by unit, from definitions: (score, image)."""
    partition = tiny_partition()
    cut, relu = (model.get_layer(f"{name}_{part}") for part in ("bn", "relu"))
    front, behind = keras.Model(model.input, cut.output), keras.Model(cut.output, model.output)
    train, test = (
        np.array(front(preprocessed(images, partition.training_mean), training=False))
        for images in (partition.train_images, partition.test_images)
    )
    silent = np.array(cut(np.zeros((1, *relu.output.shape[1:]), "f4"), training=False)).reshape(-1, UNITS[name])[0]
    held = test.copy()
    for unit in np.flatnonzero(mask):
        if clamp == "resample":
            for image in range(len(test)):
                held[image, ..., unit] = test[others[image], ..., unit]
        else:
            mean = train[..., unit].mean(dtype=float)
            held[..., unit] = {"output_zero": 0, "relu_zero": silent[unit], "mean": mean}[clamp]
    return image_scores(np.array(behind(held, training=False)), partition.test_labels)


@functools.cache
def ablated() -> Ablated:
    """Return a function of a layer, a mask and images: loss and accuracy where weights make the masked units send on 0."""
    model, partition = keras.models.clone_model(network().model), tiny_partition()

    def scores(name: str, mask: np.ndarray, images: np.ndarray = NULL_IMAGES) -> np.ndarray:
        model.set_weights(network().model.get_weights())
        part = model.get_layer(f"{name}_bn")
        gamma, beta, *moments = (np.array(weight) for weight in part.get_weights())
        gamma[mask] = beta[mask] = 0
        part.set_weights([gamma, beta, *moments])
        inputs = preprocessed(partition.test_images[images], partition.training_mean)
        return image_scores(np.array(model(inputs, training=False)), partition.test_labels[images]).mean(axis=1)

    return scores
