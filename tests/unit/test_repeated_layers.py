"""A layer that a network calls several times is read and ablated at each of its uses, apart from the others."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import pytest
from keras import layers

from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, outputs_model, responses_model, weight_norms
from study.networks.graph.model_graph import flat_model
from study.networks.interventions.clamped import ClampedNetwork
from tests.tiny_network import scramble


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def repeated_network() -> keras.Model:
    """Return a network that calls one block twice, a convolution and its normalisation, and a layer named like a use."""
    start = keras.Input((6, 6, 4), name="images")
    conv = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")
    norm, pool = layers.BatchNormalization(name="norm"), layers.MaxPooling2D(2, name="pool")
    flow = pool(norm(conv(pool(norm(conv(start))))))
    flow = layers.Dense(5, activation="relu", name="conv_2")(layers.Flatten(name="flatten")(flow))
    model = keras.Model(start, layers.Dense(3, name="logits")(flow), name="repeated")
    scramble(model, np.random.default_rng(5))
    return model


def by_hand(model: keras.Model, batch: np.ndarray, held: Sequence[int]) -> tuple[list[np.ndarray], np.ndarray]:
    """Return both responses of the convolution, and the logits where channel 0 of what a use of it sends on is 0."""
    layer, flow, responses = model.get_layer, batch, []
    for use in (1, 2):
        flow = layer("conv")(flow)
        responses.append(np.asarray(flow))
        flow = np.array(layer("norm")(flow, training=False))
        if use in held:
            flow[..., 0] = 0
        flow = layer("pool")(flow)
    return responses, np.asarray(layer("logits")(layer("conv_2")(layer("flatten")(flow))))


def pictures(model: keras.Model) -> np.ndarray:
    """Return random images for a model."""
    return np.random.default_rng(1).normal(0, 1, (4, *model.inputs[0].shape[1:])).astype("f4")


def test_each_use_has_a_name_and_its_own_responses() -> None:
    """`conv/1` and `conv/2` have the same weights and different maps; a layer of the name `conv_2` keeps it."""
    model = repeated_network()
    batch, hidden = pictures(model), hidden_layers(model)
    assert [layer.name for layer in hidden] == ["conv/1", "pool/1", "conv/2", "pool/2", "conv_2"]
    assert [layer.output for layer in hidden] == ["norm/1", "pool/1", "norm/2", "pool/2", "conv_2"]
    maps = responses_model(model, hidden)(batch, training=False)
    (first, second), logits = by_hand(model, batch, ())
    np.testing.assert_allclose(maps[0], first, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(maps[2], second, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(flat_model(model)(batch, training=False), model(batch, training=False))
    np.testing.assert_allclose(logits, model(batch, training=False), rtol=1e-5, atol=1e-6)
    norms = weight_norms(model, hidden)
    np.testing.assert_array_equal(norms[:4], norms[8:12])
    assert len(outputs_model(model, hidden).outputs) == 5


@pytest.mark.parametrize(("index", "use"), [(0, 1), (2, 2)])
def test_a_use_is_ablated_alone(index: int, use: int) -> None:
    """A unit held at one use is not held at the other, though the weights are the same."""
    model = repeated_network()
    network = ClampedNetwork.of(model, hidden_layers(model))
    batch, labels = pictures(model), np.array([0, 1, 2, 0])
    mask = np.array([True, False, False, False])
    scores = network.clamped_scores(index, network.outputs(batch)[index], mask, [0], labels)[0, 0]
    losses = network.masked_scores(index, network.outputs(batch)[index], mask[None], labels)[0, 0]
    logits = by_hand(model, batch, (use,))[1].astype(float)
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(4), labels]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - network.intact_scores(network.outputs(batch), labels)[0]).max() > 1e-3


def test_a_branch_beside_a_repeated_layer_is_ablated() -> None:
    """What passes beside the branch comes from the first use, what is behind it from the second."""
    start = keras.Input((6, 6, 4), name="images")
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    first = shared(start)
    branch = layers.Conv2D(4, 1, activation="relu", name="branch")
    last = layers.Dense(3, name="logits")
    flow = shared(layers.Add(name="sum")([first, branch(first)]))
    model = keras.Model(start, last(layers.Flatten(name="flatten")(flow)))
    network = ClampedNetwork.of(model, hidden_layers(model)[1:2])
    assert [layer.name for layer in network.layers] == ["branch"]
    batch, labels, mask = pictures(model), np.zeros(4, np.int64), np.array([True, True, False, False])
    maps = np.array(branch(shared(batch)))
    maps[..., :2] = 0
    logits = np.asarray(last(np.reshape(shared(shared(batch) + maps), (4, -1))), float)
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[:, 0]
    actual = network.clamped_scores(0, network.outputs(batch)[0], mask, [0], labels)[0, 0]
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_a_model_that_is_called_twice_has_its_layers_twice() -> None:
    """Where its name was taken, the layer inside goes by the model's and its own, and by the use."""
    inner = keras.Input((None, None, 4), name="maps")
    conv = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")
    block = keras.Model(inner, conv(inner), name="block")
    start = keras.Input((6, 6, 3), name="images")
    flow = block(block(layers.Conv2D(4, 3, activation="relu", name="conv")(start)))
    model = keras.Model(start, layers.Dense(2, name="logits")(layers.Flatten()(flow)))
    assert [layer.name for layer in hidden_layers(model)] == ["conv", "block_conv/1", "block_conv/2"]
    flat, batch = flat_model(model), pictures(model)
    np.testing.assert_array_equal(flat(batch), model(batch))
    assert flat_model(flat) is flat
