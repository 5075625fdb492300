"""Moments of batch normalisation from training images: what they do while they are there, and that they go again."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.experiment import moments
from study.experiment.moments import normalised_by
from study.networks import backend
from tests.tiny_network import SHAPE, UNITS, scramble, tiny_network

IMAGES = np.random.default_rng(0).normal(size=(40, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Return a network whose every weight has a value of its own."""
    backend.configure_process()
    network = tiny_network()
    scramble(network, np.random.default_rng(1))
    return network


def normalised_outputs(model: keras.Model) -> dict[str, np.ndarray]:
    """Return what every normalisation makes of the images in inference, before its own scale and offset."""
    outputs = {}
    for name in UNITS:
        layer = model.get_layer(f"{name}_bn")
        inner = keras.Model(model.input, layer.output)
        outputs[name] = (np.asarray(inner(IMAGES, training=False)) - layer.beta.numpy()) / layer.gamma.numpy()
    return outputs


def test_every_layer_receives_what_is_normalised(model: keras.Model) -> None:
    """The images that gave the moments come out with mean 0 and variance 1, unit by unit, in every layer."""
    with normalised_by(model, IMAGES):
        for name, outputs in normalised_outputs(model).items():
            active = outputs.std(axis=tuple(range(outputs.ndim - 1))) > 0
            axes = tuple(range(outputs.ndim - 1))
            np.testing.assert_allclose(outputs.mean(axes), 0, atol=1e-4, err_msg=name)
            np.testing.assert_allclose(outputs.var(axes)[active], 1, atol=0.05, err_msg=name)


def test_moments_of_batches_are_averaged(model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four equal batches give the first layer the mean that all images together do."""
    means = []
    for at_once in (40, 10):
        monkeypatch.setattr(moments, "AT_ONCE", at_once)
        with normalised_by(model, IMAGES):
            means.append(model.get_layer("conv1_bn").moving_mean.numpy())
    np.testing.assert_allclose(means[0], means[1], rtol=1e-5)


def test_the_network_is_as_before_behind_the_block(model: keras.Model) -> None:
    """To the last bit, momentum included; inside it no weight that is learnt has moved."""
    before = model.get_weights()
    learnt = [variable.numpy() for variable in model.trainable_variables]
    with normalised_by(model, IMAGES):
        assert all(np.array_equal(one, two.numpy()) for one, two in zip(learnt, model.trainable_variables, strict=True))
        assert any(not np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
    assert model.get_layer("conv1_bn").momentum == 0.99


def test_the_network_is_as_before_where_the_block_fails(model: keras.Model) -> None:
    """What is measured inside may raise."""
    before = model.get_weights()

    def failing() -> None:
        with normalised_by(model, IMAGES):
            raise RuntimeError("measured")

    with pytest.raises(RuntimeError, match="measured"):
        failing()
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
