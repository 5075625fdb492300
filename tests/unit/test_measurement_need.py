"""Best constants and re-estimated moments: against what is known in closed form, and against networks computed whole."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest

from study.experiment.measurements.need.arrays import Pictures, need_arrays
from study.experiment.moments import normalised_over
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, named_layers
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.interventions.constants import HeldNetwork, best_constants
from study.vocabulary.schema import STEPS, WAYS, variables_by_group
from tests.mixed_network import mixed_network
from tests.tiny_network import SHAPE, scramble, tiny_network, tiny_partition

PARTITION = tiny_partition(train=96)


@pytest.fixture(scope="module", autouse=True)
def _configured() -> None:
    """Set TensorFlow up before any test makes a tensor."""
    backend.configure_process()


def shown(images: np.ndarray) -> np.ndarray:
    """Return images as the network receives them."""
    return preprocessed(images, PARTITION.training_mean)


def scrambled(order: str = "conv_relu_bn") -> keras.Model:
    """Return a tiny network with weights of its own."""
    model = tiny_network(order=order)
    scramble(model, np.random.default_rng(3))
    return model


def masks_of(n_units: int) -> np.ndarray:
    """Return four sets of units: two halves, and two others."""
    return np.stack([np.random.default_rng(seed).permutation(n_units) < n_units // 2 for seed in range(4)])


@pytest.mark.parametrize(("mixed", "name"), [(False, "conv1"), (True, "wide")], ids=["superposed", "in place"])
@pytest.mark.parametrize("budget", [sys.maxsize, 1])
def test_losses_and_gradients_are_those_of_a_network_computed_whole(mixed: bool, name: str, budget: int) -> None:
    """By finite differences of the loss with units clamped, behind a chain and in a branch, at once or one by one."""
    model = mixed_network() if mixed else tiny_network()
    scramble(model, np.random.default_rng(3))
    (layer,) = named_layers(hidden_layers(model), (name,))
    clamped = ClampedNetwork.of(model, (layer,))
    held = HeldNetwork.of(clamped.model, layer, budget_bytes=budget)
    assert (held.part is None) == mixed
    masks, rng = masks_of(6)[:2], np.random.default_rng(0)
    images = rng.random((7, *model.input.shape[1:]), dtype=np.float32) - np.float32(0.5)
    constants, labels = rng.normal(size=masks.shape), np.arange(7) % 3
    (activations,) = clamped.outputs(images)
    losses, gradients = held.losses_and_gradients(held.prepared(activations, masks), masks, constants, labels)

    def loss(row: int, values: np.ndarray) -> float:
        return float(clamped.clamped_scores(0, activations, masks[row], [values.astype(np.float32)], labels)[0].mean())

    for row, mask in enumerate(masks):
        assert losses[row] == pytest.approx(loss(row, constants[row]), rel=1e-4)
        assert (gradients[row][~mask] == 0).all()
        for unit in np.flatnonzero(mask):
            step = 0.02 * (np.arange(6) == unit)
            slope = (loss(row, constants[row] + step) - loss(row, constants[row] - step)) / 0.04
            assert gradients[row, unit] == pytest.approx(slope, rel=0.1, abs=0.02)


def test_the_best_constant_of_a_linear_network_is_found() -> None:
    """One unit and two logits: held at the constant that gives the classes their shares, which no other loss is below."""
    images = keras.Input((4, 4, 1))
    maps = keras.layers.Conv2D(2, 1, activation="relu", name="conv1")(images)
    logits = keras.layers.Dense(2, name="logits")(keras.layers.Flatten(name="flatten")(maps))
    model = keras.Model(images, logits)
    kernel = np.zeros((4, 4, 2, 2))
    kernel[..., 0, 0] = 1 / 16  # the first logit is the mean of the first map
    model.set_weights([np.ones((1, 1, 1, 2)), np.zeros(2), kernel.reshape(-1, 2), np.zeros(2)])
    (layer,) = named_layers(hidden_layers(model), ("conv1",))
    held, masks = HeldNetwork.of(model, layer), np.array([[True, False]])
    labels = np.repeat([0, 1], [12, 4])
    activations = np.random.default_rng(0).random((16, 4, 4, 2)).astype(np.float32)
    batches = [(held.prepared(activations, masks), labels)]
    constants, losses = best_constants(held, batches, masks, np.full(2, 0.5), np.full(2, 0.3), steps=200)
    assert constants[0] == pytest.approx([np.log(3), 0], abs=0.02)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert dict(zip(STEPS, losses[0], strict=True)) == pytest.approx(
        {
            "output_zero": np.log(2),
            "mean": 0.75 * np.log1p(np.exp(-0.5)) + 0.25 * np.log1p(np.exp(0.5)),
            "three_quarters": entropy,
            "end": entropy,
        },
        abs=1e-3,
    )


def arrays_of(model: keras.Model, name: str) -> dict[str, np.ndarray]:
    """Return what is measured behind one layer of a network, four sets of whose units are ablated."""
    (layer,) = named_layers(hidden_layers(model), (name,))
    return need_arrays(
        ClampedNetwork.of(model, (layer,)),
        0,
        HeldNetwork.of(model, layer),
        masks_of(layer.n_units),
        Pictures(lambda some: shown(PARTITION.train_images[some]), PARTITION.train_labels, np.arange(96)),
        Pictures(PARTITION.shown, PARTITION.test_labels, np.arange(37)),
    )


def test_moments_are_those_that_the_ablated_network_has() -> None:
    """Against a network whose units are zero by their weights, given the moments of the same images; weights come back."""
    model = scrambled()
    before = model.get_weights()
    arrays = arrays_of(model, "conv1")
    for weight, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    normalization = model.get_layer("conv1_bn")
    gamma, beta, *moments = normalization.get_weights()
    behind = keras.Model(normalization.output, model.output)
    first = keras.Model(model.input, normalization.output)
    for row, mask in enumerate(masks_of(6)):
        normalization.set_weights([np.where(mask, 0, gamma), np.where(mask, 0, beta), *moments])
        with normalised_over(behind, [first(shown(PARTITION.train_images), training=False)]):
            logits = np.asarray(model(PARTITION.shown(np.arange(37)), training=False), np.float64)
        loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(37), PARTITION.test_labels]
        stored = np.concatenate([arrays["loss"][2], arrays["random_loss"][2].ravel()])[row]
        assert stored == pytest.approx(loss.mean(), rel=1e-3)


def test_the_search_lowers_the_loss_of_its_images_and_everything_stored_agrees() -> None:
    """Below output zero and the mean for every set; means of blocks are the losses; the first way is output zero."""
    model = scrambled("conv_bn_relu")
    arrays = arrays_of(model, "conv2")
    assert set(arrays) == set(variables_by_group()["need"])
    sought = np.concatenate([arrays["training_loss"], arrays["random_training_loss"].reshape(-1, len(STEPS))])
    assert (sought[:, -1] <= sought[:, :2].min(axis=1) + 1e-6).all()
    np.testing.assert_allclose(arrays["loss_by_block"].mean(-1), arrays["loss"])
    np.testing.assert_allclose(arrays["random_loss_by_block"].mean(-1), arrays["random_loss"].mean((1, 2)))
    (layer,) = named_layers(hidden_layers(model), ("conv2",))
    clamped = ClampedNetwork.of(model, (layer,))
    (activations,) = clamped.outputs(PARTITION.shown(np.arange(37)))
    scores = clamped.masked_scores(0, activations, masks_of(8)[:2], PARTITION.test_labels)
    np.testing.assert_allclose(arrays["loss"][WAYS.index("output_zero")], scores[0].mean(-1), rtol=1e-5)


def test_the_same_network_gives_the_same_bits() -> None:
    """Nothing of the search is drawn at random."""
    model = scrambled()
    first, second = arrays_of(model, "conv2"), arrays_of(model, "conv2")
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_without_a_normalisation_behind_there_are_no_moments() -> None:
    """NaN for that way alone."""
    images = keras.Input(SHAPE)
    maps = keras.layers.Conv2D(8, 3, activation="relu", name="conv1")(images)
    model = keras.Model(images, keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(maps)))
    arrays = arrays_of(model, "conv1")
    assert np.isnan(arrays["loss"][WAYS.index("moments")]).all()
    assert np.isfinite(arrays["loss"][:2]).all()
    assert np.isfinite(arrays["random_training_loss"]).all()
