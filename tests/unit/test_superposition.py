"""Many masks at once give what each gives alone, whatever the network behind the layer looks like."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.config import NetworkConfig
from study.networks import backend
from study.networks.cnn7 import cnn7
from study.networks.superposition import Behind, behind, contributions, superposed_logits
from study.networks.taps import HiddenLayer, hidden_layers, outputs_model, suffix_model
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


def test_losses_are_summed_over_images(network: keras.Model) -> None:
    """The compiled sum of cross-entropies of each mask, against the masked suffix; numbers of masks and images vary."""
    layers = hidden_layers(network)
    part, suffix = behind(network, layers[1]), backend.compiled_clamped_scores(suffix_model(network, layers[1]))
    added, losses = backend.compiled_superposition(part)
    rng = np.random.default_rng(3)
    for n_images, n_masks in ((6, 7), (4, 3), (1, 1)):
        images = rng.normal(0, 0.5, (n_images, *network.input.shape[1:])).astype("f4")
        labels, kept = rng.integers(0, 3, n_images), masks(layers[1].n_units)[-n_masks:]
        activations = outputs_model(network, layers)(images, training=False)[1]
        found = np.asarray(losses(added(activations), kept, labels))
        expected = [float(suffix(activations, row, np.zeros_like(row), labels)[0]) for row in kept]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


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
