"""A convolution of several networks at once is each network's own, in every form; images are moved as NumPy moves them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from study.config import AUGMENTATIONS, NetworkConfig
from study.images.preparation.augmentation import augmented, drawn_offsets
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.architectures.resnet8 import resnet8
from study.networks.stacked.convolution import FORMS, stacked_convolution
from study.networks.stacked.layers import stacked_model
from study.networks.stacked.stack import Stack, moved, scaled
from study.vocabulary.errors import StudyError
from tests.tiny_network import scramble

NETWORKS = 3


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (7, 3, 1, "valid"),
        (8, 3, 2, "valid"),
        (7, 3, 2, "same"),
        (8, 3, 2, "same"),
        (6, 1, 2, "same"),
        (3, 3, 1, "valid"),
    ],
)
def test_every_form_gives_each_networks_own_convolution(
    form: str, size: int, kernel: int, stride: int, padding: str
) -> None:
    """Outputs and gradients, with kernels that cover the input, too; a network that is no number stays by itself."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, size, size, NETWORKS, 2)).astype(np.float32)
    kernels = rng.normal(size=(kernel, kernel, 2, NETWORKS, 5)).astype(np.float32)
    images[..., 1, :] = np.nan

    def convolved(images: np.ndarray, kernels: np.ndarray, networks: int) -> list[np.ndarray]:
        together = (
            tf.constant(images.reshape(*images.shape[:3], -1)),
            tf.constant(kernels.reshape(*kernels.shape[:3], -1)),
        )
        with tf.GradientTape() as tape:
            tape.watch(together)
            outputs = stacked_convolution(
                *together,
                networks=networks,
                strides=(stride, stride),
                padding=padding,
                form=form if networks > 1 else "grouped",
            )
            loss = tf.reduce_sum(outputs * outputs)
        values = (outputs, *tape.gradient(loss, together))
        return [value.numpy().reshape(*value.shape[:3], networks, -1) for value in values]

    whole = convolved(images, kernels, NETWORKS)
    for network in (0, 2):
        own = convolved(images[..., network : network + 1, :], kernels[..., network : network + 1, :], 1)
        for together, alone in zip(whole, own, strict=True):
            np.testing.assert_allclose(together[..., network, :], alone[..., 0, :], rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_images_are_moved_on_the_device_as_by_numpy_bit_for_bit(augmentation: str) -> None:
    """Two networks of other images and offsets; scaling is that of the plain path to the last digit but one."""
    rng = np.random.default_rng(1)
    images, mean = rng.integers(0, 256, (9, 20, 12, 3)).astype(np.uint8), rng.random((20, 12, 3)).astype(np.float32)
    chosen = np.stack([rng.permutation(9), rng.permutation(9)], axis=-1)
    drawn = [drawn_offsets(9, (20, 12), augmentation=augmentation, rng=np.random.default_rng(seed)) for seed in (2, 3)]
    offsets = [np.stack(pair, axis=-1) for pair in zip(*drawn, strict=True)]
    shown = backend.compiled(lambda *given: moved(given[0], (20, 12), *given[1:]))(
        images.reshape(-1, 3), chosen, *offsets
    )
    for network, seed in enumerate((2, 3)):
        by_numpy = augmented(images[chosen[:, network]], augmentation=augmentation, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(shown[:, :, :, network].numpy(), by_numpy)
        inputs = backend.compiled(scaled)(shown[:, :, :, network], mean).numpy()
        np.testing.assert_allclose(inputs, preprocessed(by_numpy, mean), rtol=0, atol=1.2e-7)


def test_a_network_with_branches_is_stacked_too() -> None:
    """ResNet-8: what each of two networks gives for its own images is what it gives in the stack."""
    model, rng = (
        resnet8(NetworkConfig(architecture="resnet8"), image_shape=(8, 8, 3), n_classes=4),
        np.random.default_rng(0),
    )
    optimizer = backend.FusedAdam()
    optimizer.build(model.trainable_variables)
    stack = Stack.of(model, optimizer, 2)
    images = rng.normal(size=(5, 8, 8, 2, 3)).astype(np.float32)
    own = []
    for place in range(2):
        scramble(model, rng)
        stack.put(place, model.get_weights(), [variable.numpy() for variable in optimizer.variables])
        own.append(model(images[..., place, :]).numpy())
        for kept, given in zip(stack.weights()[place], model.get_weights(), strict=True):
            np.testing.assert_array_equal(kept, given)
    outputs = stack.model(images.reshape(5, 8, 8, 6)).numpy().reshape(5, 2, 4)
    for place in range(2):
        np.testing.assert_allclose(outputs[:, place], own[place], rtol=1e-4, atol=1e-4)


def test_a_layer_that_could_mix_networks_is_refused() -> None:
    """Its name, the setting, and which layers there may be."""
    inputs = keras.Input((4, 4, 3))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.LayerNormalization(name="mixing")(inputs)))
    with pytest.raises(
        StudyError, match=r"networks_per_program = 2 is not allowed with layer mixing \(LayerNormalization\)"
    ):
        stacked_model(keras.Model(inputs, outputs, name="other"), 2, form="grouped")
