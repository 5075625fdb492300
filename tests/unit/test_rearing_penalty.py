"""The penalty on orientation selectivity: its value, its gradient, its sham, and what training with it does."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from study import tuning
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.grating_responses import grating_responses
from study.experiment.penalised_training import ShownGratings, directions
from study.experiment.training import TrainedNetwork
from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, named_layers, responses_model
from study.networks.rearing.penalty import mean_gosi, penalty_of
from study.store import Checkpoint, StudyFolder
from study.tuning.gratings import ORIENTATIONS, Gratings, drawn_gratings, gratings, spatial_frequencies
from study.vocabulary.rearing import (
    DISCOURAGED,
    DISCOURAGED_SHAM,
    ENCOURAGED,
    ENCOURAGED_SHAM,
    PENALTIES,
    PENALTY_PHASES,
)
from tests.tiny_network import SHAPE, scramble, tiny_network, tiny_partition
from tests.tiny_training import assert_same_bits, tiny_compiled, trained

backend.configure_process()
TRUE, SHAM = directions(DISCOURAGED), directions(DISCOURAGED_SHAM)


def value_and_gradient(responses: np.ndarray, directed: np.ndarray = TRUE) -> tuple[float, np.ndarray]:
    """Return what is penalised of responses, (orientation, phase, unit), and its gradient."""
    tensor = tf.constant(responses, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = mean_gosi(tensor, directed)
    return float(value), np.asarray(tape.gradient(value, tensor))


def test_it_is_the_index_that_units_are_measured_by() -> None:
    """The mean over units of the gOSI of `study.tuning`, a silent unit counted as 0."""
    rng = np.random.default_rng(0)
    responses = rng.exponential(size=(12, 3, 9)) * rng.uniform(0.001, 100, 9)
    responses[:, :, 4] = 0
    curve = tuning.tuning_curve(np.transpose(responses, (2, 0, 1))[:, :, None])[0]
    selectivity = np.nan_to_num(tuning.gosi(curve))
    assert selectivity[4] == 0
    assert value_and_gradient(responses)[0] == pytest.approx(selectivity.mean(), rel=1e-5)


@pytest.mark.parametrize("directed", [TRUE, SHAM], ids=["true", "sham"])
def test_its_gradient_is_that_of_finite_differences(directed: np.ndarray) -> None:
    """In every response, by the formula in double precision."""
    rng = np.random.default_rng(1)
    responses = rng.uniform(0.2, 1.0, (12, 2, 3))

    def index(values: np.ndarray) -> float:
        curve = values.max(axis=1)
        return float((np.hypot(*(directed.T.astype(float) @ curve)) / curve.sum(axis=0)).mean())

    expected = np.empty_like(responses)
    for place in np.ndindex(responses.shape):
        step = np.zeros_like(responses)
        step[place] = 1e-6
        expected[place] = (index(responses + step) - index(responses - step)) / 2e-6
    np.testing.assert_allclose(value_and_gradient(responses, directed)[1], expected, rtol=1e-3, atol=1e-5)


def test_gradients_stay_finite_where_there_are_none() -> None:
    """Of a silent unit and of one that has no resultant at all they are 0; beside them others keep theirs."""
    responses = np.zeros((12, 2, 4))
    responses[:, 0, 1] = 0.7  # alike at every orientation
    responses[0, 0, 2] = responses[6, 0, 2] = 1.0  # at right angles
    responses[3, 1, 3] = 2.0
    value, gradient = value_and_gradient(responses)
    assert value == pytest.approx(1 / 4, abs=1e-6)
    assert np.isfinite(gradient).all()
    assert not gradient[:, :, 0].any()
    assert np.abs(gradient).max() < 1
    assert np.abs(gradient[:, :, 3]).max() > 0.05


def test_the_sham_knows_nothing_of_the_second_harmonic() -> None:
    """A unit tuned as a cosine of twice the angle keeps none of its gOSI; each orientation is taken for one other."""
    curve = 1 + 0.8 * np.cos(2 * np.deg2rad(ORIENTATIONS) - 0.6)
    responses = np.tile(curve[:, None, None], (1, 2, 1))
    assert value_and_gradient(responses, TRUE)[0] == pytest.approx(0.4, abs=1e-6)
    assert value_and_gradient(responses, SHAM)[0] == pytest.approx(0, abs=1e-6)
    taken_for = np.rad2deg(np.arctan2(SHAM[:, 1], SHAM[:, 0])) / 2 % 180
    np.testing.assert_allclose(np.sort(np.round(taken_for, 3)), ORIENTATIONS)
    np.testing.assert_allclose(taken_for[:4], [0, 75, 150, 45], atol=1e-3)
    np.testing.assert_array_equal(directions(ENCOURAGED_SHAM), SHAM)
    np.testing.assert_array_equal(directions(ENCOURAGED), TRUE)
    single = np.zeros((12, 1, 1))
    single[7] = 1
    assert value_and_gradient(single, SHAM)[0] == pytest.approx(1, abs=1e-6)


def shown(condition: str, strength: float = 1.0, mean: np.ndarray | None = None) -> ShownGratings:
    """Return what a network is shown under a condition."""
    mean = np.zeros(SHAPE, np.float32) if mean is None else mean
    return ShownGratings(condition=condition, strength=strength, contrast="min_max", training_mean=mean)


def test_gratings_are_drawn_anew_each_step_by_the_epochs_stream() -> None:
    """All orientations at one of the probe's frequencies, as photographs are fed; the same from the same stream alone."""
    mean = tiny_partition().training_mean
    grey, _, weights = shown(DISCOURAGED, 0.3, mean)(5, np.random.default_rng(2))
    again = shown(ENCOURAGED_SHAM, 0.3, mean)(5, np.random.default_rng(2))
    np.testing.assert_array_equal(grey, again[0])
    np.testing.assert_allclose(weights, np.full(5, 0.3))
    np.testing.assert_allclose(again[2], np.full(5, -0.3))
    assert grey.shape == (5, 12, PENALTY_PHASES, *SHAPE)
    assert grey.dtype == np.float32
    assert len(np.unique(grey.reshape(5, -1), axis=0)) == 5
    raw = grey + mean
    np.testing.assert_allclose(raw.min(axis=(3, 4)), 0, atol=1e-6)
    np.testing.assert_allclose(raw.max(axis=(3, 4)), 1, atol=1e-6)
    assert np.ptp(raw, axis=-1).max() < 1e-6


def test_drawn_frequencies_and_phases_are_those_of_the_probe() -> None:
    """Every frequency comes, none between them; a phase is 90 degrees behind the one before, the first is anywhere."""
    rng = np.random.default_rng(3)
    known = spatial_frequencies(32)
    rows, seen, firsts = np.arange(32) - 16, set(), []
    for _ in range(60):
        horizontal = drawn_gratings(32, contrast="fixed", n_phases=2, rng=rng)[0, :, :, 0] * 2.0 - 1
        fits = []
        for frequency in known:
            waves = np.stack([np.cos(2 * np.pi * frequency * rows), -np.sin(2 * np.pi * frequency * rows)], axis=1)
            weights, *_ = np.linalg.lstsq(waves, horizontal.T, rcond=None)
            fits.append((np.abs(waves @ weights - horizontal.T).max(), weights))
        best = int(np.argmin([error for error, _ in fits]))
        assert fits[best][0] < 1e-5
        phases = np.rad2deg(np.arctan2(fits[best][1][1], fits[best][1][0]))
        assert np.diff(phases)[0] % 360 == pytest.approx(90, abs=0.01)
        seen.add(best)
        firsts.append(phases[0])
    assert seen == set(range(9))
    assert np.histogram(firsts, 4, (-180, 180))[0].min() > 5


@pytest.mark.parametrize("order", ["conv_relu_bn", "conv_bn_relu"])
def test_units_are_read_as_the_probe_reads_them(order: str) -> None:
    """Behind the ReLU, over positions, by the moments of inference, the training mean taken off."""
    model, mean = tiny_network(order=order), tiny_partition().training_mean
    scramble(model, np.random.default_rng(4))
    layers = named_layers(hidden_layers(model), ("conv1", "conv2"))
    probe = gratings(SHAPE[0], contrast="min_max")
    one = Gratings(probe.orientation, probe.spatial_frequency[1:2], probe.phase[:2], probe.images[:, 1:2, :2])
    forward = backend.compiled_forward(responses_model(model, layers))
    for readout in ("mean", "max"):
        responses = grating_responses(forward, one, training_mean=mean, readout=readout)
        selectivity = np.nan_to_num(tuning.gosi(tuning.tuning_curve(responses)[0]))
        expected = (selectivity[:6].mean() + selectivity[6:].mean()) / 2
        penalty = penalty_of(model, layers, readout=readout)
        found = penalty(tf.constant(one.images[:, 0, :, :, :, None] - mean), TRUE, -2.0)
        assert float(found) == pytest.approx(-2 * expected, rel=1e-4)
    moments = [np.asarray(weight) for weight in model.non_trainable_weights]
    tf.function(penalty)(tf.constant(one.images[:, 0, :, :, :, None] - mean), TRUE, 1.0)
    for before, after in zip(moments, model.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, np.asarray(after))


@functools.cache
def compiled_pair() -> tuple[CompiledNetwork, CompiledNetwork, tuple[HiddenLayer, ...]]:
    """Return the tiny network, compiled without and with a penalty on two layers, and these."""
    compiled = tiny_compiled()
    layers = named_layers(compiled.layers, ("conv1", "conv2"))
    penalty = penalty_of(compiled.model, layers, readout="mean")
    train = backend.compiled_training(compiled.model, compiled.optimizer, penalty=penalty)
    return compiled, dataclasses.replace(compiled, train=train), layers


@functools.cache
def learnt_selectivity(condition: str | None, strength: float = 3.0) -> tuple[float, TrainedNetwork]:
    """Return the mean gOSI of conv1 and conv2 of the tiny network after a little training, and its curves."""
    plain, penalised, layers = compiled_pair()
    partition = tiny_partition(train=320)
    outcome = trained(
        penalised if condition else plain,
        partition=partition,
        beside=shown(condition, strength, partition.training_mean) if condition else None,
        epochs=8,
        selection="last",
        learning_rate=3e-3,
    )
    forward = backend.compiled_forward(responses_model(plain.model, layers))
    probe = gratings(SHAPE[0], contrast="min_max")
    responses = grating_responses(forward, probe, training_mean=partition.training_mean, readout="mean")
    return float(np.nanmean(tuning.gosi(tuning.tuning_curve(responses)[0]))), outcome


def test_training_heeds_the_penalty_and_the_sham_does_less() -> None:
    """GOSI falls where it is discouraged, rises where it is encouraged, and moves less under the shams; all learn."""
    free, plain = learnt_selectivity(None)
    found = {condition: learnt_selectivity(condition) for condition in PENALTIES}
    gosi = {condition: value for condition, (value, _) in found.items()}
    assert gosi[DISCOURAGED] < free - 0.05
    assert gosi[ENCOURAGED] > free + 0.05
    assert free - gosi[DISCOURAGED] > 2 * (free - gosi[DISCOURAGED_SHAM])
    assert gosi[ENCOURAGED] - free > 2 * (gosi[ENCOURAGED_SHAM] - free)
    for _, outcome in found.values():
        assert outcome.train_loss[-1] < outcome.train_loss[0]
        assert outcome.train_loss[0] < 5 * plain.train_loss[0]  # cross-entropy, without what is added to it


def test_a_weight_of_nothing_is_training_without_a_penalty() -> None:
    """Nearly: gradients are added to zeros."""
    (_, plain), (_, idle) = learnt_selectivity(None), learnt_selectivity(ENCOURAGED, 0.0)
    np.testing.assert_allclose(plain.train_loss, idle.train_loss, rtol=1e-3)


def test_a_penalised_network_leaves_nothing_behind_for_the_next() -> None:
    """They share variables and an optimiser: a network without a penalty has the same bits before and after one with."""
    plain, penalised, _ = compiled_pair()
    before = trained(plain, epochs=2)
    trained(penalised, beside=shown(ENCOURAGED, 2.0, tiny_partition().training_mean), epochs=1)
    assert_same_bits(before, trained(plain, epochs=2))


class KilledError(Exception):
    """Ends a training in the midst of it."""


def test_training_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path: Path) -> None:
    """Of an epoch's gratings nothing is needed from the epochs before."""
    _, penalised, _ = compiled_pair()
    beside, store = shown(DISCOURAGED, 1.0, tiny_partition().training_mean), Checkpoint(StudyFolder(tmp_path), "a" * 20)
    whole = trained(penalised, beside=beside)

    def kill(epoch: int, loss: float, accuracy: float) -> None:
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        trained(penalised, beside=beside, store=store, on_epoch=kill)
    resumed = trained(penalised, beside=beside, store=store)
    assert resumed.resumed_epoch == 2
    assert_same_bits(whole, resumed)
