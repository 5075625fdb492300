"""The network is the paper's, and reaching into it changes nothing that was not asked for."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest

from study.config import NetworkConfig
from study.networks import backend
from study.networks.architectures.cnn7 import cnn7
from study.networks.graph.hidden_layers import (
    HiddenLayer,
    clamp_values,
    hidden_layers,
    outputs_model,
    responses_model,
    sent_on,
    spatial_means,
    unit_labels,
    weight_norms,
)
from tests.tiny_network import UNITS, scramble, tiny_network

NAMES = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")
ORDERS = ("conv_relu_bn", "conv_bn_relu")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def network(**settings: Any) -> keras.Model:
    """Return cnn7 on 32-pixel images of ten classes."""
    return cnn7(NetworkConfig(**settings), image_shape=(32, 32, 3), n_classes=10)


@pytest.fixture(scope="module")
def published() -> keras.Model:
    """Return cnn7 as the study registers it."""
    return network()


# cnn7


@pytest.mark.parametrize(("padding", "sizes"), [("valid", [30, 14, 12, 5, 3, 1]), ("same", [32, 16, 16, 8, 8, 4])])
def test_map_sizes_are_those_of_the_padding(padding: str, sizes: list[int]) -> None:
    """Strides 1, 2, 1, 2, 1, 2 on 32 pixels, without and with zeros around."""
    model = network(padding=padding)
    for name, size in zip(NAMES, sizes, strict=False):
        assert model.get_layer(f"{name}_relu").output.shape[1:3] == (size, size)


def test_there_are_960_units(published: keras.Model) -> None:
    """32, 32, 64, 64, 128 and 128 feature maps and 512 dense units."""
    layers = hidden_layers(published)
    assert tuple(layer.name for layer in layers) == NAMES
    assert [layer.n_units for layer in layers] == [32, 32, 64, 64, 128, 128, 512]
    names, channels = unit_labels(layers)
    assert len(names) == len(channels) == 960
    assert names[0] == "conv1"
    assert names[-1] == "fc1"
    assert (channels[0], channels[31], channels[32], channels[-1]) == (0, 31, 0, 511)


def test_the_number_of_weights_is_what_the_description_gives(published: keras.Model) -> None:
    """Kernels and biases, four numbers a unit for the normalisation, counted by hand."""
    channels = [3, 32, 32, 64, 64, 128, 128]
    convolutions = sum(9 * a * b + b for a, b in itertools.pairwise(channels))
    assert published.count_params() == convolutions + (128 * 512 + 512) + 4 * 960 + (512 * 10 + 10) == 362_026


@pytest.mark.parametrize("order", ORDERS)
def test_parts_follow_each_other_in_the_order_asked_for(order: str) -> None:
    """Linear, ReLU, normalisation, or linear, normalisation, ReLU; then straight into the next layer."""
    model = network(order=order)
    middle, last = ("relu", "bn") if order == "conv_relu_bn" else ("bn", "relu")
    before = "images"
    for name in NAMES:
        chain = [name, f"{name}_{middle}", f"{name}_{last}"]
        if name == "fc1":
            chain.insert(0, "flatten")
        for part in chain:
            source = model.input if before == "images" else model.get_layer(before).output
            assert model.get_layer(part).input is source
            before = part
    assert model.get_layer("logits").input is model.get_layer(before).output
    assert model.output is model.get_layer("logits").output


def test_every_linear_part_is_linear_and_has_a_bias(published: keras.Model) -> None:
    """3 x 3 kernels, no activation of their own; the logits too."""
    for name in (*NAMES, "logits"):
        layer = published.get_layer(name)
        assert layer.use_bias
        assert layer.activation is keras.activations.linear
        if name.startswith("conv"):
            assert layer.kernel_size == (3, 3)
            assert layer.strides == ((2, 2) if int(name[-1]) % 2 == 0 else (1, 1))


@pytest.mark.parametrize("order", ORDERS)
def test_units_are_read_after_the_relu_and_clamped_where_the_next_layer_reads(order: str) -> None:
    """Where normalisation comes last the two differ; where it comes first they are one."""
    last = order == "conv_relu_bn"
    assert hidden_layers(network(order=order))[1] == HiddenLayer(
        name="conv2",
        n_units=32,
        response="conv2_relu",
        output="conv2_bn" if last else "conv2_relu",
        normalization="conv2_bn" if last else "",
    )


def test_other_images_and_classes_are_possible() -> None:
    """48 pixels, five classes."""
    model = cnn7(NetworkConfig(), image_shape=(48, 48, 3), n_classes=5)
    assert model.output.shape == (None, 5)
    assert model.get_layer("conv6_relu").output.shape[1:3] == (3, 3)


# Reading and clamping


@pytest.fixture(scope="module", params=ORDERS)
def read_network(request: pytest.FixtureRequest) -> tuple[keras.Model, np.ndarray]:
    """Return a scrambled tiny network of either order, and images for it."""
    model = tiny_network(order=request.param)
    scramble(model, np.random.default_rng(4))
    return model, np.random.default_rng(5).normal(0, 1, (12, 8, 8, 3)).astype("f4")


def test_responses_are_the_maps_after_the_relu(read_network: tuple[keras.Model, np.ndarray]) -> None:
    """One output a hidden layer, none negative, each the ReLU of what enters it."""
    model, images = read_network
    layers = hidden_layers(model)
    responses = responses_model(model, layers)(images)
    for layer, maps in zip(layers, responses, strict=True):
        linear = np.asarray(keras.Model(model.input, model.get_layer(layer.response).input)(images))
        assert maps.shape[-1] == layer.n_units == UNITS[layer.name]
        np.testing.assert_array_equal(np.asarray(maps), np.maximum(linear, 0))


def suffix_model(model: keras.Model, layer: HiddenLayer) -> keras.Model:
    """Return the model from a layer's output to the logits."""
    return keras.Model(model.get_layer(layer.output).output, model.output)


def test_the_network_behind_a_layer_gives_the_networks_logits(read_network: tuple[keras.Model, np.ndarray]) -> None:
    """suffix(outputs) is the network, at every layer."""
    model, images = read_network
    layers = hidden_layers(model)
    expected = np.asarray(model(images, training=False))
    for layer, outputs in zip(layers, outputs_model(model, layers)(images), strict=True):
        np.testing.assert_allclose(np.asarray(suffix_model(model, layer)(outputs)), expected, rtol=1e-5, atol=1e-5)


def test_the_same_holds_in_cnn7(published: keras.Model) -> None:
    """At all seven layers of the study's own network."""
    scramble(published, np.random.default_rng(6))
    images = np.random.default_rng(7).normal(0, 0.3, (3, 32, 32, 3)).astype("f4")
    layers = hidden_layers(published)
    expected = np.asarray(published(images, training=False))
    for layer, outputs in zip(layers, outputs_model(published, layers)(images), strict=True):
        np.testing.assert_allclose(np.asarray(suffix_model(published, layer)(outputs)), expected, rtol=1e-4, atol=1e-4)


def ablated(model: keras.Model, layer: HiddenLayer, mask: np.ndarray, clamp: str) -> list[np.ndarray]:
    """Return weights with which the network itself has the masked units ablated.

    For `output_zero` the last part that gives the layer's output is made to give 0; for `relu_zero` the response is.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    linear = copy.get_layer(layer.name)
    kernel, bias = (np.array(weight) for weight in linear.get_weights())
    normalization = copy.get_layer(f"{layer.name}_bn")
    gamma, beta, mean, variance = (np.array(weight) for weight in normalization.get_weights())
    if clamp == "output_zero" or not layer.normalization:
        gamma[mask] = beta[mask] = 0
    else:
        kernel[..., mask], bias[mask] = 0, -1
    linear.set_weights([kernel, bias])
    normalization.set_weights([gamma, beta, mean, variance])
    return copy.get_weights()


@pytest.mark.parametrize("clamp", ["output_zero", "relu_zero"])
@pytest.mark.parametrize("index", range(3))
def test_clamping_equals_ablating_inside_the_network(
    read_network: tuple[keras.Model, np.ndarray], index: int, clamp: str
) -> None:
    """Masking what a layer sends on gives the logits of a network whose own weights ablate the same units."""
    model, images = read_network
    layer = hidden_layers(model)[index]
    mask = np.random.default_rng(index).random(layer.n_units) < 0.5
    outputs = np.asarray(outputs_model(model, hidden_layers(model))(images)[index])
    values = clamp_values(model, layer, clamp)
    clamped = outputs * ~mask + np.where(mask, values, np.float32(0))
    actual = np.asarray(suffix_model(model, layer)(clamped))
    modified = keras.models.clone_model(model)
    modified.set_weights(ablated(model, layer, mask, clamp))
    np.testing.assert_allclose(actual, np.asarray(modified(images, training=False)), rtol=1e-4, atol=1e-5)
    assert np.abs(actual - np.asarray(model(images, training=False))).max() > 1e-2


def test_a_silent_unit_sends_on_the_normalisation_of_zero() -> None:
    """`relu_zero` is what the network's own normalisation makes of a response of 0, to 1e-6; `output_zero` is 0."""
    model = tiny_network()
    scramble(model, np.random.default_rng(8))
    for layer in hidden_layers(model):
        shape = model.get_layer(layer.response).output.shape[1:]
        actual = np.asarray(model.get_layer(layer.normalization)(np.zeros((2, *shape), "f4"), training=False))
        values = clamp_values(model, layer, "relu_zero")
        assert values.shape == (layer.n_units,)
        assert values.dtype == np.float32
        np.testing.assert_allclose(np.broadcast_to(values, actual.shape), actual, atol=1e-6)
        assert np.abs(values).min() > 1e-3
        np.testing.assert_array_equal(clamp_values(model, layer, "output_zero"), np.zeros(layer.n_units))


def test_the_two_clamps_are_one_where_no_normalisation_follows() -> None:
    """After convolution, normalisation, ReLU, silence is 0 either way."""
    model = tiny_network(order="conv_bn_relu")
    scramble(model, np.random.default_rng(9))
    for layer in hidden_layers(model):
        np.testing.assert_array_equal(clamp_values(model, layer, "relu_zero"), np.zeros(layer.n_units))


def test_an_unknown_clamp_is_refused() -> None:
    """The message names it and those there are."""
    model = tiny_network()
    with pytest.raises(ValueError, match=r"'mean'.*'output_zero' or 'relu_zero'"):
        clamp_values(model, hidden_layers(model)[0], "mean")


# Means and norms


@pytest.mark.parametrize("order", ORDERS)
def test_mean_responses_become_mean_outputs(order: str) -> None:
    """What the next layer receives on average follows from the mean response, in either order of the parts."""
    model = tiny_network(order=order)
    scramble(model, np.random.default_rng(11))
    layers = hidden_layers(model)
    images = np.random.default_rng(12).normal(0, 1, (9, 8, 8, 3)).astype("f4")
    responses = spatial_means(backend.compiled_forward(responses_model(model, layers))(images))
    outputs = outputs_model(model, layers)(images)
    starts = np.cumsum([0, *UNITS.values()])
    for layer, start, sent in zip(layers, starts, outputs, strict=False):
        values = responses[:, start : start + layer.n_units].mean(axis=0)
        expected = np.asarray(sent).reshape(-1, layer.n_units).mean(axis=0, dtype=float)
        np.testing.assert_allclose(sent_on(model, layer, values), expected, atol=1e-6)


def test_spatial_means_stand_side_by_side() -> None:
    """Maps over positions, dense units as they are, in float64."""
    maps = np.arange(24, dtype="f4").reshape(2, 2, 2, 3)
    actual = spatial_means([maps, np.array([[5.0], [6.0]], "f4")])
    assert actual.dtype == np.float64
    np.testing.assert_array_equal(actual, [[4.5, 5.5, 6.5, 5], [16.5, 17.5, 18.5, 6]])


def test_weight_norms_are_those_of_the_incoming_kernels() -> None:
    """Unit by unit, all inputs and positions, no bias."""
    model = tiny_network()
    scramble(model, np.random.default_rng(13))
    actual = weight_norms(model, hidden_layers(model))
    expected = [
        np.sqrt((np.asarray(model.get_layer(name).kernel)[..., unit].astype(float) ** 2).sum())
        for name, units in UNITS.items()
        for unit in range(units)
    ]
    np.testing.assert_allclose(actual, expected, rtol=1e-12)
