"""Training: the same seed gives the same bits, the best epoch's weights are kept, and Keras would do the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from study.config import NetworkConfig, TrainingConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.training import DivergedError, TrainedNetwork, evaluate, initialize, train_network
from study.images.preparation.augmentation import augmented
from study.images.preparation.split import Partition, preprocessed
from study.networks import backend
from study.networks.architectures.cnn7 import cnn7
from study.vocabulary.seeding import stream
from tests.tiny_network import N_CLASSES, scramble, tiny_network, tiny_partition
from tests.tiny_training import ScriptedModel, assert_same_bits, tiny_compiled, trained


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.fixture(scope="module")
def compiled() -> CompiledNetwork:
    """Return a compiled tiny network, used by several tests one after the other."""
    return tiny_compiled()


# Same seed, same bits


def test_the_same_seed_gives_the_same_bits(compiled: CompiledNetwork) -> None:
    """On a compiled network that trained another network in between, and on a fresh one: nothing is left of the other."""
    first = trained(compiled, augmentation="shift_flip")
    trained(compiled, network="b", learning_rate=0.1)
    assert_same_bits(trained(compiled, augmentation="shift_flip"), first)
    assert_same_bits(trained(tiny_compiled(), augmentation="shift_flip"), first)


@pytest.mark.parametrize("changes", [{"root_seed": 1}, {"network": "b"}])
def test_another_seed_or_network_gives_others(compiled: CompiledNetwork, changes: dict[str, Any]) -> None:
    """Initial weights, order and augmentation all hang on both names."""
    first, other = trained(compiled), trained(compiled, **changes)
    assert (first.train_loss != other.train_loss).all()
    assert (first.weights[0] != other.weights[0]).all()


def test_augmentation_changes_what_is_learnt_but_not_the_start(compiled: CompiledNetwork) -> None:
    """The same network without and with shifts: another loss from the first epoch on, the same initial weights."""
    plain, shifted = trained(compiled), trained(compiled, augmentation="shift")
    assert plain.train_loss[0] != shifted.train_loss[0]
    initialize(compiled.model, root_seed=0, network="a")
    start = compiled.model.get_weights()
    initialize(compiled.model, root_seed=0, network="a")
    for one, other in zip(compiled.model.get_weights(), start, strict=True):
        np.testing.assert_array_equal(one, other)


# One epoch, by another hand


def keras_own(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a copy of a layer, the study's normalisation replaced by Keras'."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return keras.layers.BatchNormalization(name=layer.name)
    if isinstance(layer, keras.layers.Conv2D):
        return keras.layers.Conv2D.from_config(layer.get_config())
    return layer.__class__.from_config(layer.get_config())


def plain_epoch(
    model: keras.Model, part: Partition, learning_rate: float
) -> tuple[list[float], float, list[np.ndarray]]:
    """Return batch losses, validation loss and weights after one epoch written with Keras' own layers, loss and Adam."""
    copy = keras.models.clone_model(model, clone_function=keras_own)
    copy.set_weights(model.get_weights())
    optimizer = keras.optimizers.Adam(learning_rate)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    order, flips = (stream(3, "n/0", purpose) for purpose in ("order", "augmentation"))

    @tf.function
    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, copy(images, training=True))
        variables = copy.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    losses, shuffled = [], order.permutation(len(part.train_labels))
    images = preprocessed(augmented(part.train_images[shuffled], augmentation="flip", rng=flips), part.training_mean)
    for batch in np.split(np.arange(len(images)), len(images) // 16):
        losses.append(float(step(images[batch], part.train_labels[shuffled[batch]])))
    logits = copy(preprocessed(part.validation_images, part.training_mean), training=False)
    return losses, float(loss_of(part.validation_labels, logits)), copy.get_weights()


def own_epoch(model: keras.Model, part: Partition, learning_rate: float) -> TrainedNetwork:
    """Return the same epoch as the study trains it, from the model's present weights."""
    scores = backend.compiled_training(model, backend.FusedAdam(learning_rate))
    return train_network(
        model,
        scores,
        backend.compiled_scores(model),
        part,
        TrainingConfig(epochs=1, batch_size=16),
        augmentation="flip",
        root_seed=3,
        network="n",
    )


@pytest.mark.parametrize("order", ["conv_relu_bn", "conv_bn_relu"])
def test_an_epoch_is_that_of_a_plain_keras_loop(order: str) -> None:
    """Ten steps of Adam on a tiny network: losses and every weight, moving moments included, to 1e-4.

    Left out are biases that a normalisation follows: their gradient is 0 but for rounding, which Adam makes a step of.
    """
    model, part = tiny_network(order=order), tiny_partition(train=160)
    initialize(model, root_seed=3, network="n")
    start = model.get_weights()
    losses, validation, weights = plain_epoch(model, part, 1e-3)
    outcome = own_epoch(model, part, 1e-3)
    assert outcome.train_loss[0] == pytest.approx(np.mean(losses), rel=1e-4)
    assert outcome.validation_loss[0] == pytest.approx(validation, rel=1e-4)
    for variable, weight, expected, before in zip(model.weights, outcome.weights, weights, start, strict=True):
        if order == "conv_bn_relu" and variable.path.endswith("bias") and not variable.path.startswith("logits"):
            continue
        np.testing.assert_allclose(weight, expected, atol=1e-4, err_msg=variable.path)
        if variable.path.endswith("kernel"):
            assert np.abs(expected - before).max() > 1e-3


def test_an_epoch_of_cnn7_is_that_of_a_plain_keras_loop() -> None:
    """The study's own network: losses to 1e-3, and weights that go the same way.

    Among its many ReLUs some stand at zero to the last digit and open or stay shut by rounding; Adam turns what that
    does to a small gradient into a whole step. So weights are compared by where they went on the whole.
    """
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 96)
    images = np.clip(rng.normal(120, 50, (96, 32, 32, 3)) + 8 * labels[:, None, None, None], 0, 255).astype(np.uint8)
    mean = (images.mean(axis=0) / 255).astype(np.float32)
    part = Partition(images, labels, images[:32], labels[:32], images[:32], labels[:32], mean)
    model = cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10)
    initialize(model, root_seed=3, network="n")
    start = model.get_weights()
    losses, validation, weights = plain_epoch(model, part, 1e-4)
    outcome = own_epoch(model, part, 1e-4)
    assert outcome.train_loss[0] == pytest.approx(np.mean(losses), rel=1e-3)
    assert outcome.validation_loss[0] == pytest.approx(validation, rel=1e-3)
    for weight, expected, before in zip(outcome.weights, weights, start, strict=True):
        assert np.corrcoef((weight - before).ravel(), (expected - before).ravel())[0, 1] > 0.98


def test_lower_precision_is_near_and_leaves_weights_and_inference_alone() -> None:
    """Trained in bfloat16: losses within 2 %, not the same; every variable, and the model afterwards, in float32."""
    part = tiny_partition(train=160)
    losses = {}
    for precision in ("float32", "bfloat16"):
        model = tiny_network()
        initialize(model, root_seed=3, network="n")
        optimizer = backend.FusedAdam(1e-3)
        train = backend.compiled_training(model, optimizer, precision=precision)
        losses[precision] = train_network(
            model,
            train,
            backend.compiled_scores(model),
            part,
            TrainingConfig(epochs=2, batch_size=16),
            augmentation="flip",
            root_seed=3,
            network="n",
        ).train_loss
        assert {variable.dtype for variable in (*model.variables, *optimizer.variables[2:])} == {"float32"}
        assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
        assert model(preprocessed(part.test_images, part.training_mean), training=False).dtype == tf.float32
    np.testing.assert_allclose(losses["bfloat16"], losses["float32"], rtol=0.02)
    assert (losses["bfloat16"] != losses["float32"]).all()


# Which epoch is analysed


def scripted(
    validation: list[tuple[float, float]], *, train_loss: float = 1.0, **options: Any
) -> tuple[TrainedNetwork, ScriptedModel]:
    """Train with given (validation loss, accuracy) per epoch; an epoch has 5 steps."""
    model, script = ScriptedModel(), iter(validation)

    def train(images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        model.steps += len(labels)
        return train_loss * labels.size, labels.size // 2

    def scores(images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        loss, accuracy = next(script)
        return loss * len(images), round(accuracy * len(images))

    told = {name: options.pop(name) for name in ("on_epoch", "on_images") if name in options}
    config = TrainingConfig(epochs=len(validation), batch_size=16, **options)
    outcome = train_network(
        model,
        train,
        scores,
        tiny_partition(train=80, validation=20),
        config,
        augmentation="none",
        root_seed=0,
        network="a",
        **told,
    )  # type: ignore[arg-type]
    return outcome, model


@pytest.mark.parametrize(("selection", "expected"), [("validation_accuracy", 2), ("validation_loss", 3), ("last", 5)])
def test_the_selected_epochs_weights_are_kept(selection: str, expected: int) -> None:
    """Best accuracy (the first of two), lowest loss, or the last; the model is left with those weights."""
    curve = [(1.0, 0.4), (0.9, 0.7), (0.6, 0.6), (0.8, 0.7), (0.7, 0.5)]
    outcome, model = scripted(curve, selection=selection)
    assert outcome.analysed_epoch == expected
    assert outcome.weights[0][0] == 5 * expected
    assert model.steps == 5 * expected
    np.testing.assert_allclose(np.stack([outcome.validation_loss, outcome.validation_accuracy], axis=1), curve)


@pytest.mark.parametrize("selection", ["validation_accuracy", "validation_loss"])
def test_the_first_of_tied_epochs_is_analysed(selection: str) -> None:
    """Equal scores throughout: the first epoch."""
    assert scripted([(1.0, 0.5)] * 4, selection=selection)[0].analysed_epoch == 1


def test_an_accuracy_of_zero_still_selects_an_epoch() -> None:
    """The worst possible network is analysed after its first epoch, not before it."""
    outcome, model = scripted([(9.0, 0.0), (9.0, 0.0)])
    assert (outcome.analysed_epoch, model.steps) == (1, 5)


def test_the_kept_weights_are_a_copy(compiled: CompiledNetwork) -> None:
    """Training on after the best epoch does not move what was kept: three epochs, the first scripted to be best."""
    accuracies = iter([0.9, 0.5, 0.5])

    def scores(images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        return 1.0 * len(labels), next(accuracies) * len(labels)

    outcome = trained(compiled, scores=scores)
    one_epoch = trained(compiled, epochs=1)
    assert outcome.analysed_epoch == 1
    for kept, expected in zip(outcome.weights, one_epoch.weights, strict=True):
        np.testing.assert_array_equal(kept, expected)
    for kept, expected in zip(outcome.weights, compiled.model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, expected)


def test_each_epoch_is_reported() -> None:
    """Number from 1, validation loss and accuracy."""
    told: list[tuple[int, float, float]] = []
    scripted([(1.0, 0.25), (0.5, 0.75)], on_epoch=lambda *values: told.append(values))
    assert told == [(1, 1.0, 0.25), (2, 0.5, 0.75)]


def test_images_are_reported_within_each_epoch() -> None:
    """Number of the epoch, the share of its images shown so far, and the mean loss and accuracy of these."""
    told: list[tuple[int, float, float, float]] = []
    scripted([(1.0, 0.25), (0.5, 0.75)], on_images=lambda *values: told.append(values))
    assert told == [(1, 1.0, 1.0, 0.5), (2, 1.0, 1.0, 0.5)]


# Evaluation


def test_evaluation_averages_over_all_images() -> None:
    """1,203 images, more than two batches, against the network called at once."""
    compiled, part = tiny_compiled(), tiny_partition(test=1203)
    scramble(compiled.model, np.random.default_rng(2))
    loss, accuracy = evaluate(compiled.scores, part.test_images, part.test_labels, part.training_mean)
    logits = np.asarray(compiled.model(preprocessed(part.test_images, part.training_mean), training=False), dtype=float)
    likelihood = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(1203), part.test_labels]
    assert loss == pytest.approx(likelihood.mean(), rel=1e-6)
    assert accuracy == (logits.argmax(axis=1) == part.test_labels).mean()


def test_a_network_learns(compiled: CompiledNetwork) -> None:
    """Thirty epochs on three easy classes: validation accuracy well above chance, loss well below its start."""
    outcome = trained(compiled, epochs=30, learning_rate=0.01, partition=tiny_partition(train=200, validation=90))
    assert outcome.validation_accuracy.max() > 0.9 > 2 / N_CLASSES
    assert outcome.train_loss[-1] < 0.5 * outcome.train_loss[0]


# Divergence


@pytest.mark.parametrize(("curve", "epoch"), [([(np.nan, 0.1)], 1), ([(1.0, 0.4), (np.inf, 0.1), (1.0, 0.5)], 2)])
def test_a_validation_loss_that_is_no_number_stops_training(curve: list[tuple[float, float]], epoch: int) -> None:
    """The message says in which epoch."""
    with pytest.raises(DivergedError, match=f"epoch {epoch}"):
        scripted(curve)


def test_a_training_loss_that_is_no_number_stops_training() -> None:
    """Even where validation looks well."""
    with pytest.raises(DivergedError, match="epoch 1"):
        scripted([(1.0, 0.5)], train_loss=float("nan"))


def test_a_network_whose_weights_are_no_numbers_has_diverged(compiled: CompiledNetwork) -> None:
    """A ReLU turns NaN into 0, so that the loss of such a network is a number: its weights must be looked at.

    The network trained next on the same compiled network is as if nothing had happened.
    """
    expected, part = trained(compiled), tiny_partition()
    broken = dataclasses.replace(part, training_mean=part.training_mean * np.float32("nan"))
    try:
        with pytest.raises(DivergedError, match="epoch 1"):
            trained(compiled, partition=broken, epochs=1)
    finally:
        assert_same_bits(trained(compiled), expected)


# What is observed on the way


def test_the_network_is_observed_before_training_and_after_every_epoch(compiled: CompiledNetwork) -> None:
    """First the initial weights, last those of the last epoch; looking on changes nothing."""
    seen = trained(compiled, observe=lambda: {"kernel": np.array(compiled.model.get_weights()[0])}, selection="last")
    assert len(seen.observations) == 4
    initialize(compiled.model, root_seed=0, network="a")
    np.testing.assert_array_equal(seen.observations[0]["kernel"], compiled.model.get_weights()[0])
    np.testing.assert_array_equal(seen.observations[-1]["kernel"], seen.weights[0])
    assert len({one["kernel"].tobytes() for one in seen.observations}) == 4
    plain = trained(compiled, selection="last")
    assert plain.observations == ()
    for one, other in zip(seen.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(one, other)
