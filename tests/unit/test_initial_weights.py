"""Initial weights: Glorot-uniform kernels, a stream each; what has no initial value is refused."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest

from study.config import NetworkConfig
from study.experiment.training import initialize
from study.networks import backend
from study.networks.architectures.cnn7 import cnn7
from study.networks.rearing.kernels import with_patterned_kernels
from study.networks.rearing.patterns import basis
from study.vocabulary.errors import StudyError
from study.vocabulary.rearing import ISOTROPIC
from tests.tiny_network import scramble


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def initial(model: keras.Model, root_seed: int = 0, network: str = "n") -> dict[str, np.ndarray]:
    """Return every initial weight by layer and name."""
    initialize(model, root_seed=root_seed, network=network)
    return {f"{layer.name}/{weight.name}": weight.numpy() for layer in model.layers for weight in layer.weights}


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Return the study's network."""
    return cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10)


def test_initial_weights_depend_on_root_and_network_alone(network: keras.Model) -> None:
    """Not on what the model held before; another root or network gives other kernels, and the same constants."""
    first = initial(network)
    scramble(network, np.random.default_rng(0))
    for name, values in initial(network).items():
        np.testing.assert_array_equal(values, first[name])
    for other in (initial(network, root_seed=1), initial(network, network="m")):
        for name, values in other.items():
            assert (values == first[name]).all() != name.endswith("kernel")


def test_a_depthwise_kernel_starts_with_the_spread_of_its_fans() -> None:
    """Nine positions of one channel in, nine times two out: uniform up to sqrt(6 / 27); not zero, and not Keras' spread."""
    images = keras.Input((8, 8, 50), name="images")
    depthwise = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")
    kernel = initial(keras.Model(images, depthwise(images)))["depthwise/kernel"]
    limit = np.sqrt(6 / 27)
    assert 0.97 * limit < np.abs(kernel).max() <= limit
    assert np.std(kernel) == pytest.approx(limit / np.sqrt(3), rel=0.05)


@pytest.mark.parametrize(
    ("layer", "variable"),
    [
        (keras.layers.SeparableConv2D(4, 3, name="new"), "depthwise_kernel, pointwise_kernel"),
        (keras.layers.PReLU(name="new"), "alpha"),
        (keras.Sequential([keras.layers.Conv2D(3, 1), keras.layers.Conv2D(3, 1)], name="new"), "kernel, bias"),
    ],
)
def test_a_variable_without_an_initial_value_is_refused(layer: keras.layers.Layer, variable: str) -> None:
    """By its name and its layer's: to start at zero would be to learn nothing, silently."""
    images = keras.Input((8, 8, 3), name="images")
    with pytest.raises(
        StudyError, match=rf"^layer new \(\w+\): no initial value is known for its variable {variable};"
    ):
        initialize(keras.Model(images, layer(images)), root_seed=0, network="n")


def test_kernels_of_patterns_begin_as_part_of_the_plain_ones(network: keras.Model) -> None:
    """Of single taps with the very bits; of patterns with their projection, as much larger as keeps the variance."""
    plain, shaped = initial(network), with_patterned_kernels(network, ("conv1", "conv2"))
    isotropic = basis(ISOTROPIC, np.random.default_rng(0))
    initialize(shaped, root_seed=0, network="n", bases={"conv2": isotropic})
    np.testing.assert_array_equal(np.asarray(shaped.get_layer("conv1").kernel), plain["conv1/kernel"])
    flat = plain["conv2/kernel"].reshape(9, -1)
    expected = np.sqrt(3) * isotropic.T @ isotropic @ flat
    kernel = np.asarray(shaped.get_layer("conv2").kernel)
    np.testing.assert_allclose(kernel.reshape(9, -1), expected, atol=1e-6)
    np.testing.assert_array_equal(kernel, np.rot90(kernel))
    for name, values in initial(shaped).items():
        if name in plain:
            np.testing.assert_array_equal(values, plain[name])


@pytest.mark.parametrize("changes", [{"padding": "same"}, {"order": "conv_bn_relu"}, {}])
def test_a_change_elsewhere_leaves_a_kernel_alone(network: keras.Model, changes: dict[str, Any]) -> None:
    """Padding, order and the number of classes do not reach the convolutions' kernels."""
    other = cnn7(NetworkConfig(**changes), image_shape=(32, 32, 3), n_classes=10 if changes else 7)
    first, second = initial(network), initial(other)
    for index in range(1, 7):
        np.testing.assert_array_equal(first[f"conv{index}/kernel"], second[f"conv{index}/kernel"])


def test_kernels_are_glorot_uniform_and_the_rest_is_neutral(network: keras.Model) -> None:
    """Within and up to the edge of +- sqrt(6 / (fan in + fan out)), flat between; layers are not copies of each other."""
    weights = initial(network)
    for name, values in weights.items():
        kind = name.split("/")[1]
        if kind == "kernel":
            positions = int(np.prod(values.shape[:-2]))
            limit = np.sqrt(6 / (positions * sum(values.shape[-2:])))
            assert 0.98 * limit < np.abs(values).max() <= limit * (1 + 1e-6)
            assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.06)
            assert abs(values.mean()) < 5 * limit / np.sqrt(3 * values.size)
        else:
            assert (values == {"gamma": 1, "moving_variance": 1}.get(kind, 0)).all()
    heads = [values.ravel()[:800] for name, values in weights.items() if name.endswith("kernel")]
    assert max(abs(np.corrcoef(a, b)[0, 1]) for a, b in itertools.combinations(heads, 2)) < 0.2
