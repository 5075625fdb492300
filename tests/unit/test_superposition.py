"""Many masks at once give what each gives alone, whatever the network behind the layer looks like."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.config import NetworkConfig
from study.networks import backend
from study.networks.clamped import ClampedNetwork
from study.networks.cnn7 import cnn7
from study.networks.superposition import Behind, behind, contributions, logits_behind, superposed
from study.networks.taps import HiddenLayer, hidden_layers, outputs_model
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
        together = np.asarray(logits_behind(part, superposed(part, contributions(part, activations), kept)))
        suffix = suffix_model(network, layer)
        alone = np.stack([np.asarray(suffix(activations * row, training=False)) for row in kept])
        assert together.shape == (7 * 6, alone.shape[-1])
        np.testing.assert_allclose(together.reshape(alone.shape), alone, rtol=0, atol=1e-5 * np.abs(alone).max())


def test_scores_are_those_of_the_plain_network(network: keras.Model) -> None:
    """Held at constants, by way of the offset, and at other images' outputs: to 1e-5 nats of the part behind the layer."""
    layers, rng = hidden_layers(network), np.random.default_rng(3)
    clamped = ClampedNetwork.of(network, layers)
    images, others = rng.normal(0, 0.5, (2, 6, *network.input.shape[1:])).astype("f4")
    labels, outputs, partners = np.arange(6) % 3, clamped.outputs(images), clamped.outputs(others)
    for i, layer in enumerate(layers):
        plain, mask = suffix_model(network, layer), rng.random(layer.n_units) < 0.5
        values = rng.normal(0, 0.5, layer.n_units).astype("f4")
        zeroed = clamped.clamped(i, outputs[i], mask, np.float32(0))
        for clamp, entering in (
            (np.zeros(1), zeroed),
            (values, clamped.clamped(i, outputs[i], mask, values)),
            (values, zeroed + clamped.offset(i, mask, values)),
            (np.asarray(partners[i]), clamped.clamped(i, outputs[i], mask, partners[i])),
        ):
            held = np.where(mask, clamp, np.asarray(outputs[i])).astype("f4")
            expected = scores(np.asarray(plain(held, training=False)), labels)
            found = clamped.scores(i, entering, labels)[:, 0]
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_an_empty_mask_has_exactly_no_effect(network: keras.Model) -> None:
    """Whatever the clamp holds elsewhere, and by way of an offset: the intact scores to the last bit."""
    layers = hidden_layers(network)
    clamped, labels = ClampedNetwork.of(network, layers), np.arange(6) % 3
    outputs = clamped.outputs(np.random.default_rng(4).normal(0, 0.5, (6, *network.input.shape[1:])).astype("f4"))
    for i, layer in enumerate(layers):
        nobody, values = np.zeros(layer.n_units, dtype=bool), np.full(layer.n_units, 3, "f4")
        intact = clamped.scores(i, clamped.parts[i].linear(suffix_input(clamped, i, outputs[i])), labels)
        zeroed = clamped.clamped(i, outputs[i], nobody, np.float32(0))
        for entering in (
            zeroed,
            zeroed + clamped.offset(i, nobody, values),
            clamped.clamped(i, outputs[i], nobody, values),
        ):
            np.testing.assert_array_equal(clamped.scores(i, entering, labels), intact)
    np.testing.assert_array_equal(clamped.intact_scores(outputs, labels), intact[:, 0])


def suffix_input(network: ClampedNetwork, layer: int, outputs: np.ndarray) -> np.ndarray:
    """Return a layer's output as the next layer takes it, flat before a dense one."""
    dense = isinstance(network.parts[layer].linear, keras.layers.Dense)
    return np.asarray(outputs).reshape(len(outputs), -1) if dense else np.asarray(outputs)


def test_scores_are_summed_over_images(network: keras.Model) -> None:
    """The sums of each mask, against the masked part behind the layer; numbers of masks and images vary, traced once."""
    layers, rng = hidden_layers(network), np.random.default_rng(5)
    clamped, plain = ClampedNetwork.of(network, layers), suffix_model(network, layers[1])
    for n_images, n_masks in ((6, 7), (4, 3), (1, 1)):
        images = rng.normal(0, 0.5, (n_images, *network.input.shape[1:])).astype("f4")
        labels, kept = rng.integers(0, 3, n_images), masks(layers[1].n_units)[-n_masks:]
        activations = clamped.outputs(images)[1]
        found = clamped.summed_scores(1, activations, kept == 0, labels)
        logits = [np.asarray(plain(activations * row, training=False)) for row in kept]
        expected = np.stack([scores(each, labels).sum(axis=1) for each in logits], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert clamped.compiled_scores[1].experimental_get_tracing_count() == 1  # type: ignore[attr-defined]
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
    part = Behind(first, tuple(model.layers[2:]))
    logits = logits_behind(part, superposed(part, contributions(part, images), np.ones((1, 2), "f4")))
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
