"""TensorFlow's kernels in place of Keras' operations give what Keras gives; compiled functions give what they say."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from study.networks import backend
from study.networks.backend import FusedAdam, FusedBatchNormalization, MatrixConv2D
from study.networks.graph.hidden_layers import (
    hidden_layers,
    responses_model,
)
from tests.tiny_network import scramble, tiny_network, tiny_partition


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


# Batch normalisation


def pair(shape: tuple[int, ...], **settings: float) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Return the fused layer and Keras' own, with the same random weights."""
    rng = np.random.default_rng(0)
    layers = (FusedBatchNormalization(**settings), keras.layers.BatchNormalization(**settings))
    weights = [rng.normal(size=shape[-1]).astype("f4") for _ in range(3)] + [
        rng.uniform(0.5, 2, shape[-1]).astype("f4")
    ]
    for layer in layers:
        layer.build(shape)
        layer.set_weights(weights)
    return layers


SHAPES = pytest.mark.parametrize("shape", [(16, 5, 4, 6), (32, 1, 1, 3), (24, 7)], ids=["maps", "points", "dense"])


@SHAPES
@pytest.mark.parametrize("training", [True, False, None])
def test_fused_normalisation_gives_keras_outputs(shape: tuple[int, ...], training: bool | None) -> None:
    """In training, at inference, and where nothing is said, which is inference."""
    fused, reference = pair(shape)
    images = np.random.default_rng(1).normal(2, 3, shape).astype("f4")
    outputs = np.asarray(fused(images, training=training))
    assert outputs.shape == shape
    np.testing.assert_allclose(outputs, np.asarray(reference(images, training=training)), atol=1e-5)


@SHAPES
@pytest.mark.parametrize("settings", [{}, {"momentum": 0.7, "epsilon": 1e-2}], ids=["default", "other"])
def test_fused_normalisation_keeps_keras_moments(shape: tuple[int, ...], settings: dict[str, float]) -> None:
    """After each of six training steps, and unmoved by inference in between."""
    fused, reference = pair(shape, **settings)
    rng = np.random.default_rng(2)
    for _ in range(6):
        images = rng.normal(rng.normal(), 2, shape).astype("f4")
        for layer in (fused, reference):
            layer(images, training=True)
            layer(images, training=False)
        np.testing.assert_allclose(fused.moving_mean, reference.moving_mean, atol=1e-5)
        np.testing.assert_allclose(fused.moving_variance, reference.moving_variance, rtol=1e-5, atol=1e-5)


@SHAPES
@pytest.mark.parametrize("training", [True, False])
def test_fused_normalisation_gives_keras_gradients(shape: tuple[int, ...], training: bool) -> None:
    """With respect to the inputs, the scale and the offset, of a loss that is not symmetric."""
    rng = np.random.default_rng(3)
    images = tf.constant(rng.normal(1, 2, shape).astype("f4"))
    direction = tf.constant(rng.normal(size=shape).astype("f4"))
    gradients = []
    for layer in pair(shape):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_mean(tf.nn.softplus(layer(images, training=training)) * direction)
        gradients.append(tape.gradient(loss, [images, layer.gamma.value, layer.beta.value]))
    for gradient, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


# Convolution as a matrix product


@pytest.mark.parametrize("settings", [{}, {"activation": "relu"}, {"use_bias": False}, {"strides": 2}], ids=str)
@pytest.mark.parametrize("size", [3, 5])
def test_convolution_as_a_matrix_product_is_keras_convolution(size: int, settings: dict[str, Any]) -> None:
    """Outputs and gradients, where the kernel covers the whole image and where it does not."""
    rng = np.random.default_rng(6)
    images = tf.constant(rng.normal(size=(4, size, size, 5)).astype("f4"))
    layers = [kind(7, 3, bias_initializer="ones", **settings) for kind in (MatrixConv2D, keras.layers.Conv2D)]
    results = []
    for layer in layers:
        layer.build(images.shape)
        layer.set_weights(layers[0].get_weights())
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images)
            loss = tf.reduce_sum(tf.square(outputs))
        results.append([outputs, *tape.gradient(loss, [images, *(weight.value for weight in layer.trainable_weights)])])
    for ours, expected in zip(*results, strict=True):
        assert ours.shape == expected.shape
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "settings", [{"padding": "same"}, {"dilation_rate": 2}, {"groups": 2}, {"data_format": "channels_first"}], ids=str
)
def test_other_convolutions_are_left_to_keras(settings: dict[str, Any]) -> None:
    """Padding, dilation and groups on an image of the kernel's size; channels first where only Keras' shape is asked."""
    shape = (4, 6, 5, 5) if "data_format" in settings else (4, 5, 5, 6) if "dilation_rate" in settings else (4, 3, 3, 6)
    layers = [kind(8, 3, **settings) for kind in (MatrixConv2D, keras.layers.Conv2D)]
    shapes = [layer.compute_output_shape(shape) for layer in layers]
    assert shapes[0] == shapes[1]
    if "data_format" in settings:
        return
    images = np.random.default_rng(7).normal(size=shape).astype("f4")
    for layer in layers:
        layer.build(shape)
        layer.set_weights(layers[0].get_weights())
    np.testing.assert_allclose(*(np.asarray(layer(images)) for layer in layers), atol=1e-5)


# Adam


@pytest.mark.parametrize(
    "settings", [{}, {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}], ids=str
)
def test_fused_adam_takes_keras_steps(settings: dict[str, float]) -> None:
    """Thirty steps on two weights with gradients of very different size: values, moments and the count of steps.

    The kernel takes 1 - beta in single precision, which changes a moment by some 1e-5 of it.
    """
    rng = np.random.default_rng(8)
    start = [rng.normal(size=shape).astype("f4") for shape in ((3, 4), (5,))]
    gradients = [[rng.normal(0, 10.0**k, v.shape).astype("f4") for k, v in enumerate(start)] for _ in range(30)]
    ended = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        optimizer, variables = kind(**settings), [keras.Variable(value) for value in start]
        optimizer.build(variables)
        for grads in gradients:
            optimizer.apply([tf.constant(grad) for grad in grads], variables)
        ended.append([np.asarray(variable) for variable in (*variables, *optimizer.variables)])
    for ours, expected in zip(*ended, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=3e-5, atol=1e-6)


# Compiled functions


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row in nats, in float64."""
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def test_scores_are_summed_cross_entropy_and_number_correct() -> None:
    """Against NumPy, at inference: the moving moments are used and stay as they are."""
    model, images = tiny_network(), tiny_partition(test=50)
    scramble(model, np.random.default_rng(10))
    before = model.get_weights()
    inputs = images.test_images.astype("f4") / 255
    logits = np.asarray(model(inputs, training=False))
    loss, correct = backend.compiled_scores(model)(inputs, images.test_labels)
    assert float(loss) == pytest.approx(cross_entropy(logits, images.test_labels).sum(), rel=1e-6)
    assert int(correct) == (logits.argmax(axis=1) == images.test_labels).sum()
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)


def test_a_single_output_is_still_a_list() -> None:
    """`compiled_forward` answers with a list for one output as for three."""
    model = tiny_network()
    layers = hidden_layers(model)
    images = np.zeros((2, 8, 8, 3), "f4")
    assert len(backend.compiled_forward(responses_model(model, layers))(images)) == 3
    assert len(backend.compiled_forward(model)(images)) == 1
