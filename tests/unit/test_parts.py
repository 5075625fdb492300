"""Ablating units behind any layer is ablating them in their place in the whole network, whichever way it is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, clamp_values, hidden_layers
from study.networks.graph.parts import crossing, suffix_model
from study.networks.interventions.clamped import ClampedNetwork, InPlace, Superposed
from study.vocabulary.errors import StudyError
from tests.mixed_network import MIXED, mixed_network, oriented_network
from tests.tiny_network import scramble, tiny_network

N_IMAGES = 4


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def images(model: keras.Model, seed: int = 1) -> np.ndarray:
    """Return random images for a model."""
    return rng(seed).normal(0, 1, (N_IMAGES, *model.inputs[0].shape[1:])).astype("f4")


@pytest.fixture(scope="module")
def mixed() -> ClampedNetwork:
    """Return the network of every kind, scrambled, compiled once."""
    model = mixed_network()
    scramble(model, rng(2))
    return ClampedNetwork.of(model, hidden_layers(model))


# The independent way: the whole network rebuilt by Keras, with one layer's output changed where it stands


def changed_in_place(model: keras.Model, layer: HiddenLayer, change: Callable[[Any], Any]) -> keras.Model:
    """Return the network on the same weights, `change` applied to what the layer sends on."""

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation(*args, **kwargs)
        return change(outputs) if operation.name == layer.output else outputs

    return keras.models.clone_model(model, clone_function=lambda item: item, call_function=call)


def in_place(
    model: keras.Model, layer: HiddenLayer, mask: np.ndarray, clamp: Any, batch: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return the softmax of a whole pass with units held at a value each, or at their values for other images."""
    shape = (-1, 1, 1) if layer.channel_axis == 1 else (-1,)
    gate = mask.astype("f4").reshape(shape)

    def change(outputs: Any) -> Any:
        held = (
            keras.ops.roll(outputs, N_IMAGES, axis=0)
            if isinstance(clamp, str)
            else np.reshape(clamp, shape).astype("f4")
        )
        return outputs * (1 - gate) + held * gate

    whole = changed_in_place(model, layer, change)
    return np.asarray(whole(np.concatenate([batch, others]), training=False), dtype=float)[:N_IMAGES]


def scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return cross-entropy and correctness of each image: (score, image)."""
    return np.stack([-np.log(probabilities[np.arange(len(labels)), labels]), probabilities.argmax(axis=1) == labels])


# Before and behind


@pytest.mark.parametrize("index", range(len(MIXED)), ids=[layer.name for layer in MIXED])
def test_the_two_parts_are_the_network(mixed: ClampedNetwork, index: int) -> None:
    """The part behind the part before is the logits at every layer; one tensor crosses where the layer cuts, more elsewhere."""
    layer, batch = mixed.layers[index], images(mixed.model)
    before = keras.Model(mixed.model.input, crossing(mixed.model, layer))
    suffix = suffix_model(mixed.model, layer)
    assert (len(suffix.inputs) == 1) == layer.cuts == (layer.name not in ("wide", "back"))
    expected = np.asarray(mixed.model(batch, training=False))
    np.testing.assert_allclose(
        np.asarray(suffix(before(batch, training=False), training=False)), expected, rtol=1e-5, atol=1e-5
    )


def test_the_shortcut_passes_beside_its_branch(mixed: ClampedNetwork) -> None:
    """Behind a layer of the branch the network reads the branch and what enters the sum besides."""
    for layer in mixed.layers[1:3]:
        shapes = [tuple(item.shape[1:]) for item in suffix_model(mixed.model, layer).inputs]
        assert shapes == [(12, 12, layer.n_units), (12, 12, 4)]


# Ablating


@pytest.mark.parametrize("clamp", ["output_zero", "relu_zero", "values", "resample"])
@pytest.mark.parametrize("index", range(len(MIXED)), ids=[layer.name for layer in MIXED])
def test_scores_are_those_of_the_whole_network_changed_in_place(mixed: ClampedNetwork, index: int, clamp: str) -> None:
    """Cross-entropy in nats and correctness of the softmax that the model itself ends in, at layers that cut and others."""
    model, layer = mixed_network_of(mixed), mixed.layers[index]
    mask = rng(index).random(layer.n_units) < 0.5
    mask[0] = True
    batch, others, labels = images(model), images(model, 3), np.arange(N_IMAGES)
    activations, other_images = mixed.outputs(batch)[index], mixed.outputs(others)[index]
    if clamp == "resample":
        value, clamped_to = clamp, other_images
    else:
        value = clamped_to = (
            rng(4).normal(0, 1, layer.n_units).astype("f4") if clamp == "values" else clamp_values(model, layer, clamp)
        )
    actual = mixed.clamped_scores(index, activations, mask, [clamped_to], labels)[:, 0]
    expected = scores(in_place(model, layer, mask, value, batch, others), labels)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    intact = mixed.intact_scores(mixed.outputs(batch), labels)
    assert np.abs(actual[0] - intact[0]).max() > 1e-4


def mixed_network_of(network: ClampedNetwork) -> keras.Model:
    """Return the network that ends in its softmax, with the weights of the one that ends in logits."""
    model = mixed_network()
    model.set_weights(network.model.get_weights())
    return model


@pytest.mark.parametrize("index", range(len(MIXED)), ids=[layer.name for layer in MIXED])
def test_many_masks_are_summed_over_images(mixed: ClampedNetwork, index: int) -> None:
    """Each mask as by itself, an empty one as the intact network; compiled once."""
    layer, batch, labels = mixed.layers[index], images(mixed.model), np.arange(N_IMAGES)
    masks = rng(5).random((7, layer.n_units)) < 0.5
    masks[0] = False
    activations = mixed.outputs(batch)[index]
    actual = mixed.masked_scores(index, activations, masks, labels).sum(axis=-1)
    alone = [mixed.clamped_scores(index, activations, mask, [0], labels).sum(axis=-1)[:, 0] for mask in masks]
    np.testing.assert_allclose(actual, np.transpose(alone), rtol=1e-5)
    intact = scores(np.asarray(mixed_network_of(mixed)(batch, training=False), dtype=float), labels)
    np.testing.assert_allclose(actual[:, 0], intact.sum(axis=-1), rtol=1e-5)
    assert mixed.parts[index].scores.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]


def test_a_branch_is_ablated_as_by_hand() -> None:
    """A residual network written out: the shortcut reads what the branch does not, layer by layer in NumPy's hands."""
    model = mixed_network()
    scramble(model, rng(6))
    network = ClampedNetwork.of(model, hidden_layers(model)[1:2])
    batch, labels, mask = images(model), np.arange(N_IMAGES), np.array([1, 0, 1, 1, 0, 0], dtype=bool)

    def through(flow: Any, *names: str) -> np.ndarray:
        for name in names:
            flow = model.get_layer(name)(flow, **({"training": False} if name.endswith(("bn", "drop")) else {}))
        return np.array(flow)

    stem = through(batch, "stem")
    wide = through(stem, "wide", "wide_bn", "wide_relu")
    wide[..., mask] = 0
    summed = stem + through(wide, "back", "back_bn")
    rest = [layer.name for layer in model.layers[model.layers.index(model.get_layer("sum")) + 1 :]]
    expected = scores(through(np.maximum(summed, 0), *rest[1:]).astype(float), labels)
    actual = network.clamped_scores(0, network.outputs(batch)[0], mask, [0], labels)[:, 0]
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("order", ["first", "last"])
def test_channels_may_come_first(order: str) -> None:
    """Held at a value each, at other images' values, and at zero, in every layer of either network."""
    model = oriented_network(f"channels_{order}")
    scramble(model, rng(7))
    network = ClampedNetwork.of(model, hidden_layers(model))
    batch, others, labels = images(model), images(model, 8), np.arange(N_IMAGES) % 3
    outputs, other_images = network.outputs(batch), network.outputs(others)
    for index, layer in enumerate(network.layers):
        mask, values = rng(index).random(layer.n_units) < 0.5, rng(9).normal(0, 1, layer.n_units).astype("f4")
        actual = network.clamped_scores(index, outputs[index], mask, [values, other_images[index], 0], labels)
        for c, clamp in enumerate((values, "resample", np.zeros(layer.n_units))):
            logits = in_place(model, layer, mask, clamp, batch, others)
            odds = np.exp(logits)
            expected = scores(odds / odds.sum(axis=1, keepdims=True), labels)
            np.testing.assert_allclose(actual[:, c], expected, rtol=1e-4, atol=1e-5, err_msg=layer.name)
        summed = network.masked_scores(index, outputs[index], mask[None], labels).sum(axis=-1)
        np.testing.assert_allclose(summed[:, 0], actual[:, 2].sum(axis=-1), rtol=1e-5)


# Which way is taken


def ways(network: ClampedNetwork) -> Sequence[type]:
    """Return how the network behind each layer is computed."""
    return [type(part) for part in network.parts]


def test_a_budget_decides_how_much_is_computed_together() -> None:
    """Without one all layers of a chain are superposed; with little of it none is, an image at a time, at equal scores."""
    model = tiny_network()
    scramble(model, rng(10))
    layers = hidden_layers(model)
    free, poor = ClampedNetwork.of(model, layers), ClampedNetwork.of(model, layers, budget_bytes=1000)
    assert ways(free) == [Superposed] * 3
    assert ways(poor) == [InPlace] * 3
    assert free.images_at_once > 10**9
    assert poor.images_at_once == 1
    batch, labels = images(model), np.arange(N_IMAGES) % 3
    for index, layer in enumerate(layers):
        masks = rng(index).random((5, layer.n_units)) < 0.5
        actual = [item.masked_scores(index, item.outputs(batch)[index], masks, labels) for item in (free, poor)]
        np.testing.assert_allclose(*(scores.sum(axis=-1) for scores in actual), rtol=1e-5)


def test_layers_are_superposed_where_one_linear_layer_reads_them(mixed: ClampedNetwork) -> None:
    """Not in or before a branch, behind pooling, or where a grouped or separable convolution reads them."""
    superposed = [layer.name for layer, way in zip(mixed.layers, ways(mixed), strict=True) if way is Superposed]
    assert superposed == ["groups", "mean"]


def test_images_of_no_definite_size_are_refused() -> None:
    """What an image takes cannot be known; the line says what to build."""
    start = keras.Input((None, None, 3), name="images")
    maps = keras.layers.Conv2D(4, 3, activation="relu")(start)
    model = keras.Model(start, keras.layers.Dense(3)(keras.layers.GlobalMaxPooling2D()(maps)), name="free")
    with pytest.raises(StudyError, match=r"model free: its images have the shape \(None, None, 3\).*\(224, 224, 3\)"):
        ClampedNetwork.of(model, hidden_layers(model))


# External networks


def test_a_mobile_network_is_ablated_in_place_as_by_its_suffix() -> None:
    """MobileNetV2: a depthwise layer inside a residual branch and the last layer that cuts, against whole passes."""
    model = keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(32, 32, 3), classes=3)
    scramble(model, rng(11))
    actual = {layer.name: layer for layer in hidden_layers(model)}
    layers = actual["block_14_depthwise"], actual["Conv_1"]
    assert [(layer.kind, layer.cuts, layer.n_units) for layer in layers] == [
        ("depthwise", False, 336),
        ("convolution", True, 1280),
    ]
    network = ClampedNetwork.of(model, layers)
    batch, labels = images(model), np.arange(N_IMAGES) % 3
    outputs = network.outputs(batch)
    for index, layer in enumerate(layers):
        mask = rng(index).random(layer.n_units) < 0.5
        scored = network.clamped_scores(index, outputs[index], mask, [0], labels)[:, 0]
        expected = scores(in_place(model, layer, mask, np.zeros(layer.n_units), batch, batch), labels)
        np.testing.assert_allclose(scored, expected, rtol=1e-4, atol=1e-5)
        assert np.abs(scored[0] - network.intact_scores(outputs, labels)[0]).max() > 1e-4
