"""Variation under shifts taken away from the first dense layer: by hand, by a naive network, and where the truth is planted."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.experiment.measurements.mediation.arrays import mediation_arrays
from study.experiment.measurements.shift_invariance.arrays import shifted
from study.experiment.unit_sets import null_halves
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, named_layers
from study.networks.interventions.restored import RestoredNetwork, received_tensor
from study.vocabulary.schema import RECEIVED, variables_by_group
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

SIZE = 10  # of planted images, which a shift moves by one pixel
UNSHIFTED, OWN, RESTORED, EXCHANGED = range(len(RECEIVED))
TOP = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)  # the top and the bottom half of four units
RANDOM = np.array([[[1, 0, 1, 0], [0, 1, 0, 1]]], dtype=bool)


@pytest.fixture(scope="module", autouse=True)
def _configured() -> None:
    """Set TensorFlow up before any test makes a tensor."""
    backend.configure_process()


def checks(n_images: int) -> np.ndarray:
    """Return chequered images of several contrasts: each shift by a pixel, but that in both directions, inverts one."""
    rows, columns = np.indices((SIZE, SIZE))
    contrast = np.linspace(0.3, 0.5, n_images)[:, None, None] * (-1) ** np.arange(n_images)[:, None, None]
    return (255 * (0.5 + contrast * (-1) ** (rows + columns)))[..., None].astype(np.uint8)


def planted(*, by_variation: bool) -> keras.Model:
    """Return a network that needs its first two units: to cancel what varies under shifts, or for what does not vary.

    Four units see the brightness of each pixel. Of one kind of network, the first dense layer reads the first two minus
    the last two against a chequer, and whatever is left there, of either sign, counts against the right class. Of the
    other kind it reads the mean brightness of the first two, which counts for the right class.
    """
    images = keras.Input((SIZE, SIZE, 1))
    maps = keras.layers.Conv2D(4, 1, activation="relu", name="conv1")(images)
    hidden = keras.layers.Dense(2, activation="relu", name="fc1")(keras.layers.Flatten(name="flatten")(maps))
    model = keras.Model(images, keras.layers.Dense(2, name="logits")(hidden))
    rows, columns = np.indices((SIZE, SIZE))
    inside = (np.minimum(rows, columns) > 0) & (np.maximum(rows, columns) < SIZE - 1)
    chequer = np.where(inside, (-1.0) ** (rows + columns), 0.0)
    if by_variation:
        reads = chequer[..., None] * np.array([1.0, 1.0, -1.0, -1.0])
        kernel, weights = np.stack([reads, -reads], axis=-1), np.array([[-1.0, 0.0], [-1.0, 0.0]])
        bias = np.array([5.0, 0.0])
    else:
        reads = inside[..., None] * np.array([1.0, 1.0, 0.0, 0.0])
        kernel, weights = np.stack([reads, 0 * reads], axis=-1), np.array([[0.1, 0.0], [0.0, 0.0]])
        bias = np.array([-3.0, 0.0])
    model.set_weights(
        [np.ones((1, 1, 1, 4)), np.zeros(4), kernel.reshape(-1, 2), np.zeros(2), weights, bias],
    )
    return model


def measured(model: keras.Model) -> dict[str, np.ndarray]:
    """Return what is measured on a planted network, whose images are all of the first class."""
    layers = named_layers(hidden_layers(model), ("conv1",))
    images = checks(12)
    return mediation_arrays(
        RestoredNetwork.of(model, layers, n_views=4),
        lambda chosen: shifted(images[chosen]).astype(np.float32) / 255,
        np.zeros(12, dtype=np.int64),
        np.arange(12),
        [TOP],
        [RANDOM],
        rng=np.random.default_rng(0),
    )


def cost_by_variation(arrays: dict[str, np.ndarray], without: int) -> float:
    """Return how much more the top half costs than random halves, by what replacing the received takes away."""
    top = arrays["loss"][0, 0, OWN] - arrays["loss"][0, 0, without]
    random = arrays["random_loss"][0, ..., OWN] - arrays["random_loss"][0, ..., without]
    return float(top - random.mean())


def test_a_loss_that_runs_through_variation_is_taken_away_and_comes_back() -> None:
    """The top half cancels what varies: restored it costs nothing, with another image's deviations as much as before."""
    arrays = measured(planted(by_variation=True))
    cost = arrays["loss"][0, 0, OWN] - arrays["intact_loss"][OWN]
    assert cost > 5
    assert cost_by_variation(arrays, RESTORED) == pytest.approx(cost, rel=0.01)
    np.testing.assert_allclose(arrays["loss"][0, 0, RESTORED], arrays["intact_loss"][RESTORED], atol=0.02)
    assert arrays["loss"][0, 0, EXCHANGED] == pytest.approx(arrays["loss"][0, 0, OWN], rel=0.05)
    assert cost_by_variation(arrays, EXCHANGED) == pytest.approx(0, abs=0.5)
    np.testing.assert_allclose(arrays["random_loss"][..., OWN], arrays["intact_loss"][OWN], atol=1e-6)


def test_a_loss_that_does_not_run_through_variation_stays() -> None:
    """The top half says something that no shift changes: it costs as much once nothing varies."""
    arrays = measured(planted(by_variation=False))
    assert arrays["loss"][0, 0, OWN] - arrays["intact_loss"][OWN] > 2
    assert cost_by_variation(arrays, RESTORED) == pytest.approx(0, abs=0.01)
    assert cost_by_variation(arrays, EXCHANGED) == pytest.approx(0, abs=0.01)


# Against networks that are computed whole


def naive(model: keras.Model, layer: str, mask: np.ndarray, views: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the losses, (input, image), image by image, of a network whose units' normalisation ends in zero."""
    normalization = model.get_layer(f"{layer}_bn")
    before = normalization.get_weights()
    gamma, beta, *moments = before
    normalization.set_weights([np.where(mask, 0, gamma), np.where(mask, 0, beta), *moments])
    flat = keras.Model(model.input, model.get_layer("flatten").output)
    received = np.stack([np.asarray(flat(view, training=False)) for view in views])
    normalization.set_weights(before)
    tail = keras.Model(model.get_layer("flatten").output, model.output)

    def loss(inputs: np.ndarray) -> np.ndarray:
        logits = np.asarray(tail(inputs, training=False), dtype=np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]

    mean = received.mean(axis=0)
    others = np.roll(received - mean, 1, axis=1)
    own = np.stack([loss(view) for view in received])
    exchanged = np.stack([loss(mean + deviations) for deviations in others])
    return np.stack([own[0], own.mean(axis=0), loss(mean), exchanged.mean(axis=0)])


def test_every_loss_is_that_of_a_network_computed_whole() -> None:
    """Both layers, random sets of units: by clamping weights, computing every view, and replacing what the layer receives."""
    model, partition = tiny_network(), tiny_partition()
    layers = named_layers(hidden_layers(model), ("conv1", "conv2"))
    network = RestoredNetwork.of(model, layers, n_views=4)
    scramble(model, np.random.default_rng(7))
    chosen = np.arange(9)
    views = np.stack([preprocessed(view, partition.training_mean) for view in shifted(partition.test_images[chosen])])
    labels = partition.test_labels[chosen]
    outputs = network.outputs(views.reshape(-1, *views.shape[2:]))
    for row, layer in enumerate(layers):
        masks = np.random.default_rng(row).random((3, layer.n_units)) < 0.5
        losses = network.losses_under(row, outputs[row], masks, labels)
        expected = np.stack([naive(model, layer.name, mask, views, labels) for mask in masks])
        np.testing.assert_allclose(losses, expected, rtol=2e-4, atol=2e-5)


def test_sets_that_do_not_fit_at_once_give_the_same() -> None:
    """A small budget computes set by set."""
    model, partition = tiny_network(), tiny_partition()
    layers = named_layers(hidden_layers(model), ("conv1",))
    views = np.stack([preprocessed(view, partition.training_mean) for view in shifted(partition.test_images[:6])])
    masks = np.random.default_rng(0).random((3, UNITS["conv1"])) < 0.5
    results = []
    for budget in (2**40, 1):
        network = RestoredNetwork.of(model, layers, n_views=4, budget_bytes=budget)
        outputs = network.outputs(views.reshape(-1, *views.shape[2:]))
        results.append(network.losses_under(0, outputs[0], masks, partition.test_labels[:6]))
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_blocks_and_halves_have_the_means_that_are_stored_and_the_last_layer_none() -> None:
    """Means over blocks are the losses; what the dense layer receives does not depend on that layer itself."""
    model, partition = tiny_network(), tiny_partition()
    layers = named_layers(hidden_layers(model), ("conv2", "fc1"))
    random = null_halves(
        {layer.name: np.ones(layer.n_units) for layer in layers}, ("conv2", "fc1"), 2, rng=np.random.default_rng(0)
    )
    arrays = mediation_arrays(
        RestoredNetwork.of(model, layers, n_views=4),
        lambda chosen: preprocessed(shifted(partition.test_images[chosen]), partition.training_mean),
        partition.test_labels,
        np.arange(37),
        [random[layer.name][0] for layer in layers],
        [random[layer.name] for layer in layers],
        rng=np.random.default_rng(0),
    )
    assert set(arrays) == set(variables_by_group()["mediation"])
    np.testing.assert_allclose(arrays["loss_by_block"].mean(-1), arrays["loss"])
    np.testing.assert_allclose(arrays["random_loss_by_block"].mean(-1), arrays["random_loss"].mean((1, 2)))
    np.testing.assert_allclose(arrays["random_loss"][0, 0, :, :2], arrays["loss"][0][:, :2], rtol=1e-5)
    assert np.isnan(arrays["loss"][1]).all()
    assert np.isfinite(arrays["loss"][0]).all()
    assert np.isfinite(arrays["intact_loss"]).all()


def test_one_image_has_no_other() -> None:
    """NaN where another's deviations would take the place of its own, and nowhere else."""
    model = planted(by_variation=True)
    network = RestoredNetwork.of(model, named_layers(hidden_layers(model), ("conv1",)), n_views=4)
    arrays = mediation_arrays(
        network,
        lambda chosen: shifted(checks(1)[chosen]).astype(np.float32) / 255,
        np.zeros(1, np.int64),
        np.arange(1),
        [TOP],
        [RANDOM],
        rng=np.random.default_rng(0),
    )
    assert np.isnan(arrays["loss"][..., EXCHANGED]).all()
    assert np.isfinite(arrays["loss"][..., :EXCHANGED]).all()


def test_without_a_hidden_dense_layer_the_logits_input_is_replaced() -> None:
    """Average pooling, then logits: what the logits' layer receives, by its name."""
    images = keras.Input((8, 8, 1))
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="conv1")(images)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    model = keras.Model(images, keras.layers.Dense(3, name="logits")(pooled))
    assert received_tensor(model) is model.get_layer("pool").output
    assert RestoredNetwork.of(model, named_layers(hidden_layers(model), ("conv1",)), n_views=4).received == "pool"
