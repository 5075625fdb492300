"""Networks whose kernels are made of patterns: trained as others are, within their patterns, and read as others are."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from study.experiment.compiled_network import CompiledNetwork
from study.networks import backend
from study.networks.graph.hidden_layers import first_kernels, hidden_layers, weight_norms
from study.networks.interventions.superposition import behind
from study.networks.rearing.kernels import weights_as_built, with_patterned_kernels
from study.networks.rearing.patterns import basis
from study.store import Checkpoint, StudyFolder
from study.vocabulary.rearing import ISOTROPIC, KERNELS, PARTED
from tests.tiny_network import SHAPE, tiny_network
from tests.tiny_training import assert_same_bits, tiny_compiled, trained

LAYERS = ("conv1", "conv2")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.fixture(scope="module")
def compiled() -> CompiledNetwork:
    """Return a tiny network with both convolutions made of patterns, for one condition after the other."""
    return tiny_compiled(patterned=LAYERS)


def bases(condition: str) -> dict[str, np.ndarray]:
    """Return patterns of both convolutions."""
    return {layer: basis(condition, np.random.default_rng(number)) for number, layer in enumerate(LAYERS)}


def test_kernels_of_single_taps_are_trained_as_plain_ones(compiled: CompiledNetwork) -> None:
    """To rounding, which is to the last bit: so the free condition is what every other arm trains."""
    plain = tiny_compiled()
    expected, free = trained(plain, augmentation="shift_flip"), trained(compiled, augmentation="shift_flip")
    np.testing.assert_allclose(free.train_loss, expected.train_loss, rtol=1e-5)
    np.testing.assert_allclose(free.validation_loss, expected.validation_loss, rtol=1e-5)
    kept = dict(zip((weight.path for weight in plain.model.weights), plain.model.get_weights(), strict=True))
    as_built = weights_as_built(compiled.model)
    assert list(as_built) == list(kept)
    for path, values in as_built.items():
        np.testing.assert_allclose(values, kept[path], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("condition", KERNELS)
def test_trained_kernels_lie_in_their_patterns(compiled: CompiledNetwork, condition: str) -> None:
    """They have moved, and what lies outside the patterns is nothing; weights of rows of zeros stay 0."""
    patterns = bases(condition)
    trained(compiled, bases=patterns, epochs=1, selection="last")
    before = {layer: np.asarray(compiled.model.get_layer(layer).kernel) for layer in LAYERS}
    trained(compiled, bases=patterns, epochs=3, selection="last")
    for layer in LAYERS:
        kernel = np.asarray(compiled.model.get_layer(layer).kernel, dtype=np.float64)
        assert (kernel != before[layer]).any()
        flat, rows = kernel.reshape(9, -1), patterns[layer][:3]
        np.testing.assert_allclose(rows.T @ (rows @ flat), flat, atol=1e-6)
        assert not compiled.model.get_layer(layer).coefficients.numpy()[3:].any()
        if condition == ISOTROPIC:
            np.testing.assert_array_equal(kernel, np.rot90(kernel))
            np.testing.assert_array_equal(kernel, kernel.transpose(1, 0, 2, 3))


def test_a_resumed_training_has_the_bits_of_one_that_was_not_stopped(compiled: CompiledNetwork, tmp_path: Path) -> None:
    """Though another condition was trained in between: patterns are those of the network, not the last one's."""
    store, patterns = Checkpoint(StudyFolder(tmp_path), "a" * 20), bases(PARTED)
    whole = trained(compiled, bases=patterns)
    trained(compiled, bases=patterns, store=store, epochs=3)
    trained(compiled, bases=bases(ISOTROPIC), network="b")
    resumed = trained(compiled, bases=patterns, store=store)
    assert resumed.resumed_epoch == 3
    assert_same_bits(resumed, whole)


def test_what_reads_kernels_reads_the_sums_of_patterns(compiled: CompiledNetwork) -> None:
    """Norms, first kernels, and what is computed behind a layer, as of a plain network with the same kernels."""
    trained(compiled, bases=bases(PARTED), epochs=1)
    plain = tiny_network()
    plain.set_weights([*weights_as_built(compiled.model).values()])
    images = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(plain(images, training=False), compiled.model(images, training=False), atol=1e-5)
    layers, plain_layers = hidden_layers(compiled.model), hidden_layers(plain)
    np.testing.assert_allclose(weight_norms(compiled.model, layers), weight_norms(plain, plain_layers), rtol=1e-5)
    np.testing.assert_allclose(first_kernels(compiled.model, layers), first_kernels(plain, plain_layers), atol=1e-6)
    assert behind(compiled.model, layers[0]).linear.name == "conv2"


def test_a_layer_without_a_square_kernel_cannot_be_made_of_patterns() -> None:
    """An architecture that declares one is wrong."""
    images = keras.Input((8, 8, 3), name="images")
    model = keras.Model(images, keras.layers.Conv2D(2, 5, name="wide")(images), name="wide_network")
    with pytest.raises(ValueError, match="layer wide of wide_network is no 3 x 3 convolution"):
        with_patterned_kernels(model, ("wide",))
