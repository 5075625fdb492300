"""Hidden layers of any Keras model are found, whatever follows them, and what is no such model is refused by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from study.networks import backend
from study.networks.graph.hidden_layers import (
    HiddenLayer,
    first_kernels,
    hidden_layers,
    outputs_model,
    responses_model,
    selected_layers,
    sent_on,
    spatial_means,
    weight_norms,
)
from study.networks.graph.logits import logits_model
from study.networks.graph.model_graph import flat_model
from study.vocabulary.errors import StudyError
from tests.mixed_network import MIXED, mixed_network, oriented_network
from tests.tiny_network import scramble

NAMES = [layer.name for layer in MIXED]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def mixed() -> keras.Model:
    """Return the network of every kind, scrambled."""
    model = mixed_network()
    scramble(model, rng(1))
    return model


def images(model: keras.Model, n: int = 5) -> np.ndarray:
    """Return random images for a model."""
    return rng(2).normal(0, 1, (n, *model.inputs[0].shape[1:])).astype("f4")


# Finding them


def test_layers_of_every_kind_are_found(mixed: keras.Model) -> None:
    """Fused and separate activations, normalisation on either side, branches; all but the classes."""
    assert hidden_layers(mixed) == MIXED


def test_vgg16_has_the_papers_layers() -> None:
    """20 hidden layers by the paper's names, 13,888 units; pooling is behind a ReLU as well."""
    model = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=3)
    hidden = hidden_layers(model)
    blocks = [(1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512)]
    names = [f"block{b}_{part}" for b, n, _ in blocks for part in (*(f"conv{i + 1}" for i in range(n)), "pool")]
    assert [layer.name for layer in hidden] == [*names, "fc1", "fc2"]
    units = [64] * 3 + [128] * 3 + [256] * 4 + [512] * 8 + [4096] * 2
    assert [layer.n_units for layer in hidden] == units
    assert {(layer.activation, layer.cuts, layer.response == layer.name) for layer in hidden} == {("relu", True, True)}
    assert selected_layers(hidden, ()) == hidden


@pytest.mark.parametrize(
    ("name", "size", "kinds", "n_units", "n_active", "n_cutting"),
    [
        ("ResNet50", 32, {"convolution": 53, "pooling": 2, "sum": 16}, 28_672, 35, 3),
        ("MobileNetV3Small", 32, {"convolution": 42, "depthwise": 11, "pooling": 10, "sum": 6}, 12_840, 43, 18),
        ("DenseNet121", 32, {"convolution": 120, "pooling": 5}, 12_224, 61, 9),
        ("InceptionV3", 75, {"convolution": 94, "pooling": 14}, 27_712, 108, 8),
        ("EfficientNetB0", 32, {"convolution": 65, "depthwise": 16, "pooling": 17, "sum": 9}, 40_588, 82, 23),
        ("ConvNeXtTiny", 32, {"convolution": 4, "depthwise": 18, "dense": 36, "pooling": 1, "sum": 18}, 41_952, 18, 5),
    ],
)
def test_layers_of_external_networks_are_found(
    name: str, size: int, kinds: dict[str, int], n_units: int, n_active: int, n_cutting: int
) -> None:
    """Residual, depthwise, concatenating, with gates, with models inside: every layer, once; what is behind an activation."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=3)
    hidden = hidden_layers(model)
    assert Counter(layer.kind for layer in hidden) == kinds
    assert len({layer.name for layer in hidden}) == len(hidden)
    without_sums = [layer for layer in hidden if layer.kind != "sum"]
    assert sum(layer.n_units for layer in without_sums) == n_units
    assert len(selected_layers(hidden, ())) == n_active
    assert sum(layer.cuts for layer in without_sums) == n_cutting


# Models inside models


def nested_network() -> keras.Model:
    """Return a Sequential of a Sequential, a functional model with names used before, and one ReLU used three times."""
    relu = layers.ReLU(name="relu")
    first = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3, name="conv"), relu], name="first")
    inner = keras.Input((None, None, 4), name="maps")
    flow = relu(layers.BatchNormalization(name="bn")(layers.Conv2D(5, 2, name="conv")(inner)))
    second = keras.Model(inner, layers.MaxPooling2D(name="pool")(flow), name="second")
    start = keras.Input((12, 12, 3), name="images")
    flow = second(first(layers.Rescaling(1 / 2, name="scale")(start)), training=False)
    flow = relu(layers.Dense(6, name="fc")(layers.Flatten(name="flatten")(flow)))
    return keras.Model(start, layers.Dense(3, name="classes")(flow), name="nested")


def test_models_inside_are_looked_into() -> None:
    """Names stay apart, the ReLU of every use is told from the others, outputs are the model's to the last bit."""
    model = nested_network()
    batch = images(model)
    expected = np.asarray(model(batch, training=False))
    before = [[layer.name for layer in part.layers] for part in (model, *model.layers) if hasattr(part, "layers")]
    flat = flat_model(model)
    assert before == [
        [layer.name for layer in part.layers] for part in (model, *model.layers) if hasattr(part, "layers")
    ]
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    np.testing.assert_array_equal(np.asarray(flat(batch, training=False)), expected)
    hidden = hidden_layers(model)
    assert [(layer.name, layer.response, layer.n_units) for layer in hidden] == [
        ("conv", "relu/1", 4),
        ("second_conv", "relu/2", 5),
        ("pool", "pool", 5),
        ("fc", "relu/3", 6),
    ]
    assert all(layer.cuts and layer.activation == "relu" for layer in hidden)
    assert flat_model(flat) is flat
    for weight in model.weights:
        weight.assign(weight + 0.1)
    np.testing.assert_array_equal(np.asarray(flat(batch, training=False)), np.asarray(model(batch, training=False)))


def test_responses_of_a_nested_network_are_its_own() -> None:
    """The flat model's taps against the inner models called one by one."""
    model = nested_network()
    scramble(model.get_layer("first"), rng(3))
    batch = images(model)
    maps = np.asarray(model.get_layer("first")(batch / 2))
    flow = model.get_layer("second").get_layer("bn")(model.get_layer("second").layers[1](maps), training=False)
    hidden = responses_model(model, hidden_layers(model))(batch)
    np.testing.assert_allclose(hidden[0], maps, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hidden[1], np.maximum(np.asarray(flow), 0), rtol=1e-5, atol=1e-6)


def test_operations_without_a_layer_are_activations_too() -> None:
    """keras.ops.relu and keras.activations.gelu on symbolic tensors."""
    start = keras.Input((6, 6, 3))
    flow = keras.ops.relu(layers.Conv2D(4, 3, name="one")(start))
    flow = keras.activations.gelu(layers.Conv2D(5, 3, name="two")(flow))
    model = keras.Model(start, layers.Dense(3)(layers.Flatten()(flow)))
    hidden = hidden_layers(model)
    assert [(layer.name, layer.activation, layer.response != layer.name) for layer in hidden] == [
        ("one", "relu", True),
        ("two", "gelu", True),
    ]
    maps = np.asarray(responses_model(model, hidden)(images(model))[0])
    np.testing.assert_allclose(maps, np.maximum(np.asarray(model.get_layer("one")(images(model))), 0), atol=1e-6)


def test_a_model_without_classes_keeps_its_last_layers() -> None:
    """Features are hidden layers, where no classifier reads them; a class map that is averaged is not."""
    start = keras.Input((6, 6, 3))
    features = layers.Conv2D(4, 3, activation="relu", name="last")(start)
    headless = keras.Model(start, layers.GlobalAveragePooling2D(name="mean")(features))
    assert [layer.name for layer in hidden_layers(headless)] == ["last", "mean"]
    class_maps = layers.GlobalAveragePooling2D(name="mean")(layers.Conv2D(3, 1, name="class_maps")(features))
    classifier = keras.Model(start, layers.Softmax(name="softmax")(class_maps))
    assert [layer.name for layer in hidden_layers(classifier)] == ["last"]


# Choosing among them


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("conv",), ["stem", "wide", "back", "apart", "groups", "holes"]),
        (("pool", "depthwise"), ["pool", "depth", "mean"]),
        (("fc", "stem", "fc"), ["stem", "fc"]),
        (("*e*",), ["stem", "wide", "depth", "holes", "mean"]),
        (("*",), [name for name in NAMES if name != "sum"]),
        (("s*", "sum"), ["stem", "sum"]),
        (("dense", "w?de"), ["wide", "fc"]),
        ((), ["stem", "wide", "pool", "depth", "apart", "groups", "fc"]),
    ],
    ids=str,
)
def test_layers_are_chosen_by_kind_name_or_pattern(patterns: tuple[str, ...], names: list[str]) -> None:
    """In the model's order, each once; without a pattern all that are not linear; sums by their own kind or name alone."""
    assert [layer.name for layer in selected_layers(MIXED, patterns)] == names


@pytest.mark.parametrize(
    ("hidden", "patterns", "line"),
    [
        (
            MIXED,
            ("stem", "block*"),
            r"layers = 'block\*': fits none of the model's 11 hidden layers.*pooling.*such as back",
        ),
        (MIXED[2:3], (), r"none of the model's 1 hidden layers is followed by an activation"),
        ((), ("conv",), r"layers = 'conv': fits none of the model's 0 hidden layers.*the model has none"),
    ],
)
def test_a_pattern_that_fits_nothing_is_refused(
    hidden: tuple[HiddenLayer, ...], patterns: tuple[str, ...], line: str
) -> None:
    """The pattern, what it may be, and the nearest names; in one line."""
    with pytest.raises(StudyError, match=line) as refused:
        selected_layers(hidden, patterns)
    assert "\n" not in str(refused.value)


# What is refused


class Subclassed(keras.Model):
    """A model whose graph is hidden in Python."""

    def __init__(self) -> None:
        super().__init__(name="hidden")
        self.dense = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        """Return two numbers an image."""
        return self.dense(inputs)


def two_sided(inputs: int, outputs: int) -> keras.Model:
    """Return a model of one or two inputs and outputs."""
    tensors = [keras.Input((4,), name=name) for name in ("picture", "age")[:inputs]]
    joined = layers.Concatenate()(tensors) if inputs > 1 else tensors[0]
    return keras.Model(
        tensors, [layers.Dense(2, name=name)(joined) for name in ("kind", "size")[:outputs]], name="sided"
    )


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: two_sided(2, 1), "model sided: 2 inputs, picture, age; .*give the part"),
        (lambda: two_sided(1, 2), "model sided: 2 outputs, kind, size; .*give the part"),
        (Subclassed, "model hidden: Subclassed is no functional or Sequential model"),
        (
            lambda: keras.Sequential([layers.Dense(2)], name="unbuilt"),
            r"model unbuilt: .*begin a Sequential with keras\.Input",
        ),
    ],
)
def test_what_is_no_graph_of_one_input_and_output_is_refused(make: Callable[[], keras.Model], line: str) -> None:
    """The model, what is wrong with it, and what to do; in one line."""
    with pytest.raises(StudyError, match=line) as refused:
        hidden_layers(make())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (lambda: [layers.Dense(3, activation="sigmoid", name="p")], r"it ends in sigmoid \(p\).*softmax or in logits"),
        (lambda: [layers.Dense(1)], r"its output has the shape \(None, 1\).*two classes or more"),
        (lambda: [layers.Reshape((2, 24))], r"its output has the shape \(None, 2, 24\)"),
    ],
)
def test_what_is_no_classifier_has_no_logits(last: Callable[[], list[keras.layers.Layer]], line: str) -> None:
    """A loss needs classes that exclude one another."""
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), *last()])
    with pytest.raises(StudyError, match=line):
        logits_model(model)


@pytest.mark.parametrize(
    "last",
    [
        lambda: [layers.Dense(3, activation="softmax")],
        lambda: [layers.Dense(3), layers.Activation("softmax")],
        lambda: [
            layers.Reshape((1, 1, 48)),
            layers.Conv2D(3, 1),
            layers.Reshape((3,)),
            layers.Softmax(),
            layers.Dropout(0.5),
        ],
    ],
    ids=["fused", "separate", "convolution"],
)
def test_logits_are_what_the_softmax_is_of(last: Callable[[], list[keras.layers.Layer]]) -> None:
    """The softmax of the logits is the model; the weights are the same ones; without a softmax nothing is taken off."""
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), *last()])
    scramble(model, rng(4))
    cut, batch = logits_model(model), images(model)
    logits = np.asarray(cut(batch, training=False), dtype=float)
    assert logits.min() < 0
    odds = np.exp(logits)
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), model(batch, training=False), rtol=1e-5)
    assert logits_model(cut) is cut
    assert {id(weight) for weight in cut.weights} == {id(weight) for weight in model.weights}


# Units of other layers


def test_weight_norms_are_those_of_what_an_impulse_gives() -> None:
    """Kinds of layers shown one input at a time: convolutions of any kind, a transposed one, pooling without weights."""
    hidden = {}
    for layer in (
        layers.Conv2D(6, 2, groups=2, name="grouped"),
        layers.DepthwiseConv2D(2, depth_multiplier=3, name="depth"),
        layers.SeparableConv2D(5, 2, depth_multiplier=2, name="separable"),
        layers.Conv2DTranspose(5, 2, name="transposed"),
        layers.MaxPooling2D(2, name="pool"),
    ):
        model = keras.Sequential([keras.Input((2, 2, 4)), layer, layers.ReLU(), layers.Flatten(), layers.Dense(2)])
        scramble(model, rng(5))
        impulses = np.eye(16, dtype="f4").reshape(16, 2, 2, 4)
        response = np.asarray(layer(impulses), dtype=float) - np.asarray(layer(0 * impulses), dtype=float)
        if layer.name == "transposed":
            response = response[:4]  # of the first position alone: it reaches every weight once
        expected = np.sqrt((response**2).reshape(-1, response.shape[-1]).sum(axis=0))
        hidden[layer.name] = weight_norms(model, hidden_layers(model))
        if layer.name != "pool":
            np.testing.assert_allclose(hidden[layer.name], expected, rtol=1e-4)
    assert np.isnan(hidden["pool"]).all()


def test_kernels_are_those_of_a_plain_convolution_that_comes_first() -> None:
    """A unit's weights, (row, column, channel); one NaN a unit where the first layer is another."""
    for layer, plain in (
        (layers.Conv2D(6, 3, name="first"), True),
        (layers.Conv2D(6, 2, groups=2, name="grouped"), False),
        (layers.DepthwiseConv2D(2, depth_multiplier=3, name="depth"), False),
    ):
        model = keras.Sequential([keras.Input((4, 4, 2)), layer, layers.ReLU(), layers.Flatten(), layers.Dense(2)])
        scramble(model, rng(5))
        kernels = first_kernels(model, hidden_layers(model))
        assert len(kernels) == 6
        if plain:
            np.testing.assert_array_equal(kernels[4], np.asarray(layer.kernel)[..., 4])
        else:
            assert kernels.shape == (6, 1, 1, 1) and np.isnan(kernels).all()


def test_a_normalisation_without_scale_is_understood(mixed: keras.Model) -> None:
    """What the next layer receives on average, in every layer of the mixed network."""
    batch, hidden = images(mixed, 9), hidden_layers(mixed)
    maps = zip(hidden, responses_model(mixed, hidden)(batch), outputs_model(mixed, hidden)(batch), strict=True)
    for layer, response, output in maps:
        means = spatial_means([response]).mean(axis=0)
        expected = spatial_means([output]).mean(axis=0)
        np.testing.assert_allclose(sent_on(mixed, layer, means), expected, rtol=1e-4, atol=1e-5, err_msg=layer.name)


def test_channels_may_come_first() -> None:
    """The same network in both orders: the same units, responses, and means."""
    first, last = (oriented_network(f"channels_{order}") for order in ("first", "last"))
    scramble(last, rng(6))
    first.set_weights(last.get_weights())
    batch = images(last)
    hidden, expected = hidden_layers(first), hidden_layers(last)
    assert [(layer.name, layer.channel_axis) for layer in hidden] == [
        *((name, 1) for name in ("one", "pool", "two", "three", "sum")),
        ("mean", -1),
    ]
    assert [(layer.name, layer.n_units, layer.output) for layer in hidden] == [
        (layer.name, layer.n_units, layer.output) for layer in expected
    ]
    maps = responses_model(first, hidden)(batch.transpose(0, 3, 1, 2))
    wanted = responses_model(last, expected)(batch)
    for values, other in zip(maps[:5], wanted[:5], strict=True):
        np.testing.assert_allclose(np.moveaxis(np.asarray(values), 1, -1), other, atol=1e-5)
    means = spatial_means(maps, [layer.channel_axis for layer in hidden])
    np.testing.assert_allclose(means, spatial_means(wanted), atol=1e-5)
