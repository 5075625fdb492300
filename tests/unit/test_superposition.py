"""Many masks at once give what each gives alone, whatever the network behind the layer looks like."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.config import NetworkConfig
from study.networks import backend
from study.networks.architectures.cnn7 import cnn7
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, outputs_model
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.interventions.superposition import (
    Behind,
    behind,
    contributions,
    superposed_logits,
    total_contribution,
)
from tests.tiny_network import scramble, tiny_network

NETWORKS = {
    "tiny": lambda: tiny_network(),
    "tiny, normalised before the ReLU": lambda: tiny_network(order="conv_bn_relu"),
    "cnn7": lambda: cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10),
    "cnn7, padded": lambda: cnn7(NetworkConfig(padding="same"), image_shape=(32, 32, 3), n_classes=10),
    "cnn7, padded, normalised before the ReLU": lambda: cnn7(
        NetworkConfig(padding="same", order="conv_bn_relu"), image_shape=(32, 32, 3), n_classes=10
    ),
}


@pytest.fixture(scope="module", params=NETWORKS.values(), ids=NETWORKS.keys())
def network(request: pytest.FixtureRequest) -> keras.Model:
    """Return a scrambled network."""
    backend.configure_process()
    model = request.param()
    scramble(model, np.random.default_rng(0))
    return model


def masks(n_units: int) -> np.ndarray:
    """Return which channels are kept: all, none, and five random sets."""
    drawn = np.random.default_rng(1).random((5, n_units)) < 0.5
    return np.concatenate([np.ones((1, n_units)), np.zeros((1, n_units)), drawn]).astype("f4")


def suffix_model(model: keras.Model, layer: HiddenLayer) -> keras.Model:
    """Return the plain network from a layer's output to the logits."""
    return keras.Model(model.get_layer(layer.output).output, model.output)


def scores(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return cross-entropy and correctness of each image, in float64: (score, image)."""
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return np.stack([losses, logits.argmax(axis=1) == labels])


def test_logits_are_those_of_each_mask_alone(network: keras.Model) -> None:
    """Every layer of every network, to 1e-5 of the largest logit."""
    layers = hidden_layers(network)
    images = np.random.default_rng(2).normal(0, 0.5, (6, *network.input.shape[1:])).astype("f4")
    for layer, activations in zip(layers, outputs_model(network, layers)(images, training=False), strict=True):
        part, kept = behind(network, layer), masks(layer.n_units)
        together = np.asarray(superposed_logits(part, contributions(part, activations), kept))
        suffix = suffix_model(network, layer)
        alone = np.stack([np.asarray(suffix(activations * row, training=False)) for row in kept])
        assert together.shape == (7 * 6, alone.shape[-1])
        np.testing.assert_allclose(together.reshape(alone.shape), alone, rtol=0, atol=1e-5 * np.abs(alone).max())


def test_the_total_is_the_sum_of_all_channels(network: keras.Model) -> None:
    """What the next layer computes before its ReLU, less its bias."""
    layers = hidden_layers(network)
    images = np.random.default_rng(6).normal(0, 0.5, (6, *network.input.shape[1:])).astype("f4")
    for layer, activations in zip(layers, outputs_model(network, layers)(images, training=False), strict=True):
        part = behind(network, layer)
        total = np.asarray(total_contribution(part, activations))
        assert len(total) == 6
        summed = np.asarray(contributions(part, activations)).sum(axis=0)
        np.testing.assert_allclose(total.ravel(), summed, rtol=0, atol=1e-5 * np.abs(total).max())
        inputs = (
            np.asarray(activations) if len(part.linear.input.shape) == 4 else np.asarray(activations).reshape(6, -1)
        )
        expected = np.asarray(part.linear(inputs) - part.linear.bias).reshape(6, -1)
        np.testing.assert_allclose(total, expected, rtol=0, atol=1e-5 * np.abs(total).max())


def test_scores_are_those_of_the_plain_network(network: keras.Model) -> None:
    """Held at zero, at constants and at other images' activations: to 1e-5 of the part behind the layer, uncut."""
    layers, rng = hidden_layers(network), np.random.default_rng(3)
    clamped = ClampedNetwork.of(network, layers)
    images, others = rng.normal(0, 0.5, (2, 6, *network.input.shape[1:])).astype("f4")
    labels, outputs, other_outputs = np.arange(6) % 3, clamped.outputs(images), clamped.outputs(others)
    for i, layer in enumerate(layers):
        plain, mask = suffix_model(network, layer), rng.random(layer.n_units) < 0.5
        clamps = [np.float32(0), rng.normal(0, 0.5, layer.n_units).astype("f4"), np.asarray(other_outputs[i])]
        actual = clamped.clamped_scores(i, outputs[i], mask, clamps, labels)
        for c, clamp in enumerate(clamps):
            held = np.where(mask, clamp, np.asarray(outputs[i])).astype("f4")
            expected = scores(np.asarray(plain(held, training=False)), labels)
            np.testing.assert_allclose(actual[:, c], expected, rtol=1e-5, atol=1e-5)


def test_an_empty_mask_has_exactly_no_effect(network: keras.Model) -> None:
    """Whatever the clamps hold elsewhere: the same scores to the last bit, those of the intact network."""
    layers, rng = hidden_layers(network), np.random.default_rng(4)
    clamped, labels = ClampedNetwork.of(network, layers), np.arange(6) % 3
    images = rng.normal(0, 0.5, (6, *network.input.shape[1:])).astype("f4")
    outputs = clamped.outputs(images)
    intact = clamped.intact_scores(outputs, labels)
    np.testing.assert_allclose(
        intact, scores(np.asarray(network(images, training=False)), labels), rtol=1e-5, atol=1e-5
    )
    for i, layer in enumerate(layers):
        nobody, values = np.zeros(layer.n_units, dtype=bool), np.full(layer.n_units, 3, "f4")
        actual = clamped.clamped_scores(i, outputs[i], nobody, [0, values, np.asarray(outputs[i])[::-1]], labels)
        np.testing.assert_array_equal(actual, np.repeat(actual[:, :1], 3, axis=1))
        np.testing.assert_allclose(actual[:, 0], intact, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(actual[:, 0], intact)


def test_scores_are_summed_over_images(network: keras.Model) -> None:
    """The sums of each mask, against the masked part behind the layer; numbers of masks and images vary, traced once."""
    layers, rng = hidden_layers(network), np.random.default_rng(5)
    clamped, plain = ClampedNetwork.of(network, layers), suffix_model(network, layers[1])
    for n_images, n_masks in ((6, 7), (4, 3), (1, 1)):
        images = rng.normal(0, 0.5, (n_images, *network.input.shape[1:])).astype("f4")
        labels, kept = rng.integers(0, 3, n_images), masks(layers[1].n_units)[-n_masks:]
        activations = clamped.outputs(images)[1]
        actual = clamped.masked_scores(1, activations, kept == 0, labels).sum(axis=-1)
        logits = [np.asarray(plain(activations * row, training=False)) for row in kept]
        expected = np.stack([scores(of_image, labels).sum(axis=1) for of_image in logits], axis=1)
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    assert clamped.parts[1].scores.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]
    assert clamped.outputs.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]


def test_a_layer_without_bias_is_understood() -> None:
    """Neither here nor behind."""
    rng = np.random.default_rng(4)
    first, second = keras.layers.Conv2D(4, 2, use_bias=False), keras.layers.Dense(3, use_bias=False)
    inputs = keras.Input((3, 3, 2))
    hidden = keras.layers.BatchNormalization()(keras.layers.Flatten()(first(inputs)))
    model = keras.Model(inputs, second(hidden))
    scramble(model, rng)
    images = rng.normal(size=(5, 3, 3, 2)).astype("f4")
    part = Behind(first, tuple(model.layers[2:]), (2, 2, 4))
    logits = superposed_logits(part, contributions(part, images), np.ones((1, 2), "f4"))
    np.testing.assert_allclose(logits, model(images, training=False), rtol=1e-4, atol=1e-5)


def test_networks_that_are_no_chain_are_refused() -> None:
    """A connection that skips, and a layer that is not linear, are named."""
    inputs = keras.Input((8, 8, 3))
    relu = keras.layers.ReLU(name="conv1_relu")(keras.layers.Conv2D(4, 3, name="conv1")(inputs))
    more = keras.layers.ReLU(name="conv2_relu")(keras.layers.Conv2D(4, 3, padding="same", name="conv2")(relu))
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Add(name="sum")([relu, more]))
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(pooled))
    scramble(model, np.random.default_rng(5))
    first, second = (HiddenLayer(name, 4, f"{name}_relu", f"{name}_relu", "") for name in ("conv1", "conv2"))
    with pytest.raises(ValueError, match="no chain behind conv1"):
        behind(model, first)
    with pytest.raises(ValueError, match="no chain behind conv2"):
        behind(model, second)
    plain = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D(name="pool")(relu)))
    with pytest.raises(ValueError, match="behind conv1 comes pool"):
        behind(plain, first)
