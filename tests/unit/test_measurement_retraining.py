"""One more epoch of training with units held: what is held stays held, and what is free learns as any network does."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import keras
import numpy as np
import pytest

from study.config import resolve
from study.config.population import planned_networks
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.measurements.retraining.arrays import STREAM, one_more_epoch, retraining_arrays
from study.experiment.subjects import TrainedSubject
from study.experiment.training import train_network
from study.images.preparation.split import Partition
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, named_layers
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.interventions.held_in_training import TrainableHeld
from study.tuning.gratings import gratings
from study.vocabulary.schema import variables_by_group
from study.vocabulary.seeding import stream
from tests.tiny_network import N_CLASSES, SHAPE, scramble, tiny_network, tiny_partition

MASK = np.array([True, False, True, False, True, False])  # of conv1
RATE = 0.01


@pytest.fixture(scope="module", autouse=True)
def _configured() -> None:
    """Set TensorFlow up before any test makes a tensor."""
    backend.configure_process()


def subject_of(model: keras.Model, partition: Partition) -> TrainedSubject:
    """Return a network of the quick study's kind, with the weights that it has."""
    config = resolve("quick", assignments=[f"training.learning_rate={RATE}", "need.retrained_networks=1"])
    config = dataclasses.replace(
        config, shift_invariance=dataclasses.replace(config.shift_invariance, layers=("conv1",))
    )
    layers = named_layers(hidden_layers(model), ("conv1", "conv2", "fc1"))
    optimizer = backend.FusedAdam()
    optimizer.build(model.trainable_variables)
    compiled = CompiledNetwork(
        model=model,
        layers=layers,
        optimizer=optimizer,
        train=backend.compiled_training(model, optimizer),
        scores=backend.compiled_scores(model),
        responses=lambda images: [],
        clamped=ClampedNetwork.of(model, layers),
    )
    planned = next(
        network for network in planned_networks(config, fingerprint="f") if network.augmentation == "shift_flip"
    )
    return TrainedSubject(
        config=config,
        planned=planned,
        partition=partition,
        classes=np.arange(N_CLASSES),
        epochs=1,
        compiled=compiled,
        gratings=gratings(SHAPE[0], contrast="min_max"),
        streams=functools.partial(stream, 0, planned.identity),
        report=lambda *said: None,
    )


@functools.cache
def scrambled_subject() -> TrainedSubject:
    """Return a tiny network with weights of its own, which every test leaves as they are."""
    model = tiny_network()
    scramble(model, np.random.default_rng(3))
    return subject_of(model, tiny_partition(train=96))


def held_of(subject: TrainedSubject) -> TrainableHeld:
    """Return the network of a subject with units of its first layer to hold, compiled once."""
    compiled = subject.compiled
    held: TrainableHeld = compiled.once(
        ("retraining", subject.mediated, "float32"),
        lambda: TrainableHeld.of(compiled.model, subject.mediated, compiled.optimizer),
    )
    return held


def test_with_nothing_held_it_is_plain_training_of_an_epoch_more() -> None:
    """To the last bit, by a network that has nothing in it to hold units with; and its weights are put back."""
    subject = scrambled_subject()
    compiled, before = subject.compiled, subject.compiled.model.get_weights()
    free = one_more_epoch(subject, held_of(subject), {})
    for weight, same in zip(before, compiled.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    compiled.reset(RATE)
    score = subject.scores(subject.partition.test_images, subject.partition.test_labels)
    trained = train_network(
        compiled.model,
        compiled.train,
        compiled.scores,
        subject.partition,
        dataclasses.replace(subject.config.training, epochs=1, selection="last"),
        augmentation="shift_flip",
        root_seed=subject.config.seed,
        network=f"{subject.planned.training_identity}/{STREAM}",
    )
    after = subject.scores(subject.partition.test_images, subject.partition.test_labels)
    np.testing.assert_array_equal(free["loss"], [score[0], after[0]])
    np.testing.assert_array_equal(free["accuracy"], [score[1], after[1]])
    assert free["training_loss"] == trained.train_loss[0]
    assert free["loss"][0] != free["loss"][1]


def test_what_is_held_stays_held_and_is_the_ablations_clamp() -> None:
    """Held units give 0 to the next layer throughout the epoch and do not learn; others do; the first loss is ablation's."""
    subject = scrambled_subject()
    held, model, partition = held_of(subject), subject.compiled.model, subject.partition
    seen: list[Any] = []
    kernels: list[Any] = []
    sent = keras.Model(held.model.input, held.kept["conv1"].output)
    train = held.train

    def watched(*args: Any) -> Any:
        result = train(*args)
        seen.append(np.asarray(sent(partition.shown(np.arange(9)), training=False)))
        kernels.append(model.get_layer("conv1").get_weights()[0])
        return result

    first_kernel = model.get_layer("conv1").get_weights()[0]
    row = one_more_epoch(subject, dataclasses.replace(held, train=watched), {"conv1": MASK})
    assert seen
    assert (seen[-1][..., MASK] == 0).all()
    assert (seen[-1][..., ~MASK].std(axis=(0, 1, 2)) > 0).all()
    np.testing.assert_array_equal(kernels[-1][..., MASK], first_kernel[..., MASK])
    assert (kernels[-1][..., ~MASK] != first_kernel[..., ~MASK]).any()
    clamped = subject.compiled.clamped
    outputs = clamped.outputs(partition.shown(np.arange(37)))
    ablated = clamped.masked_scores(0, outputs[0], MASK[None], partition.test_labels)[0].mean()
    assert row["loss"][0] == pytest.approx(ablated, rel=1e-5)
    free = one_more_epoch(subject, held, {})
    intact = subject.scores(partition.test_images, partition.test_labels)[0]
    assert free["loss"][0] == intact, "units of an earlier training are still held"


def coloured_network() -> keras.Model:
    """Return a network of which only the first three units of each layer are read, once it has weights."""
    images = keras.Input(SHAPE, name="images")
    flow = keras.layers.ReLU(name="conv1_relu")(keras.layers.Conv2D(6, 1, name="conv1")(images))
    flow = keras.layers.ReLU(name="conv2_relu")(keras.layers.Conv2D(6, 1, strides=4, name="conv2")(flow))
    flow = keras.layers.GlobalAveragePooling2D(name="mean")(flow)
    flow = keras.layers.ReLU(name="fc1_relu")(keras.layers.Dense(6, name="fc1")(flow))
    return keras.Model(images, keras.layers.Dense(N_CLASSES, name="logits")(flow), name="coloured")


def coloured_weights(*, copies: bool) -> list[np.ndarray]:
    """Return weights by which the first three units each see a channel, and nothing else is read.

    The other three see the same channels with `copies`, and else nothing, for their rectifiers never open.
    """
    channels = np.tile(np.eye(3), 2)  # (channel, unit)
    bias = np.where(np.arange(6) < 3, 0.5, 0.5 if copies else -9.0)
    pass_on, ready = np.diag(np.arange(6) < 3).astype(float), np.full(6, 0.1)
    read = 40.0 * np.concatenate([np.eye(3), np.zeros((3, 3))])
    return [channels[None, None], bias, pass_on[None, None], ready, np.eye(6), ready, read, np.zeros(3)]


def test_what_others_carry_too_is_recovered_and_what_is_lost_is_not() -> None:
    """Planted networks cost as much without their first half either way; after an epoch less where others carry the same."""
    subject = subject_of(coloured_network(), tiny_partition(train=3200, test=300))
    half, chance = {"conv1": np.arange(6) < 3}, np.log(3)
    losses = {}
    for copies in (True, False):
        subject.compiled.model.set_weights(coloured_weights(copies=copies))
        losses[copies] = [one_more_epoch(subject, held_of(subject), masks)["loss"] for masks in (half, {})]
    (redundant, free), (lost, free_too) = losses[True], losses[False]
    assert min(redundant[0], lost[0]) > 0.95 * chance
    assert redundant[1] < 0.3 * chance
    assert lost[1] > 0.95 * chance
    assert max(free.max(), free_too.max()) < 0.3 * chance


def test_every_set_is_trained_on_the_same_images_and_stored_by_its_name() -> None:
    """Sets of need: top, bottom, the first random half; losses before are those with the sets ablated."""
    subject = scrambled_subject()
    gosi = np.concatenate([np.linspace(0.9, 0.1, 6), np.full(18, np.nan)])
    arrays = retraining_arrays(subject, gosi)
    assert set(arrays) == set(variables_by_group()["retraining"])
    assert {name: array.shape for name, array in arrays.items() if "free" not in name} == {
        "loss": (1, 3, 2),
        "accuracy": (1, 3, 2),
        "training_loss": (1, 3),
    }
    clamped, partition = subject.compiled.clamped, subject.partition
    outputs = clamped.outputs(partition.shown(np.arange(37)))
    halves = np.array([np.arange(6) < 3, np.arange(6) >= 3])
    ablated = clamped.masked_scores(0, outputs[0], halves, partition.test_labels)[0].mean(axis=-1)
    np.testing.assert_allclose(arrays["loss"][0, :2, 0], ablated, rtol=1e-5)
    assert np.isfinite(np.concatenate([array.ravel() for array in arrays.values()])).all()


def test_training_that_diverges_leaves_no_loss_and_the_network_as_it_was() -> None:
    """NaN after the epoch; the loss before it, and every weight, are there."""
    subject = scrambled_subject()
    model = subject.compiled.model
    before = model.get_weights()
    held = held_of(subject)

    def breaking(*args: Any) -> Any:
        model.get_layer("logits").set_weights([np.full((10, N_CLASSES), np.nan), np.zeros(N_CLASSES)])
        return held.train(*args)

    row = one_more_epoch(subject, dataclasses.replace(held, train=breaking), {})
    assert np.isnan([row["loss"][1], row["accuracy"][1], row["training_loss"]]).all()
    assert np.isfinite([row["loss"][0], row["accuracy"][0]]).all()
    for weight, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
