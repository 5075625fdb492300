"""Every unit read by the mean of its map, for pictures in batches that fit a budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from study.experiment.grating_responses import grating_responses, orientation_responses, rectified
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, responses_model, unit_labels
from study.networks.graph.reading import UnitReader, picture_bytes, pictures_at_once, unit_reader
from study.networks.pretrained.preprocessing import InputLayout
from study.tuning.gratings import ORIENTATIONS, gratings
from study.vocabulary.errors import StudyError

SIZE = 8


def streamed_responses(read: Callable[[np.ndarray], np.ndarray], **how: Any) -> np.ndarray:
    """Return every unit's response to every grating, orientation by orientation."""
    shown = [orientation_responses(read, SIZE, orientation=float(angle), **how) for angle in ORIENTATIONS]
    return np.stack(shown, axis=1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does: other tests in it ask for that, and TensorFlow takes it only once."""
    backend.configure_process()


def network(channels: int = 3, activation: str = "relu") -> keras.Model:
    """Return a network with a convolution, a pooling and a dense layer, weights at random."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    images = keras.Input((SIZE, SIZE, channels), name="images")
    maps = layers.Conv2D(5, 3, activation=activation, name="conv", bias_initializer="normal")(images)
    maps = layers.MaxPooling2D(2, name="pool")(maps)
    flat = layers.Dense(7, activation=activation, name="fc", bias_initializer="normal")(layers.Flatten()(maps))
    return keras.Model(images, layers.Dense(3, name="logits")(flat), name="three")


def reader(model: keras.Model, preprocessing: str = "unit") -> UnitReader:
    """Return the reader of all its hidden layers."""
    layout = InputLayout(SIZE, model.input_shape[-1], False)
    return unit_reader(model, hidden_layers(model), layout=layout, preprocessing=preprocessing)


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    """Return the network after ReLUs."""
    return network()


def test_units_are_the_means_of_their_maps(plain: keras.Model) -> None:
    """Against the maps themselves, averaged by NumPy: 5 of the convolution, 5 of the pooling, 7 dense."""
    pictures = np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE, 3)).astype(np.uint8)
    read = reader(plain).photographs(pictures)
    maps = responses_model(plain, hidden_layers(plain)).predict(pictures / np.float32(255), verbose=0)
    expected = np.concatenate([item.reshape(6, -1, item.shape[-1]).mean(axis=1) for item in maps], axis=1)
    assert (read.shape, read.dtype) == ((6, 17), np.float32)
    assert list(unit_labels(hidden_layers(plain))[0]) == ["conv"] * 5 + ["pool"] * 5 + ["fc"] * 7
    np.testing.assert_allclose(read, expected, rtol=1e-5, atol=1e-6)


def test_operations_of_a_network_may_have_any_name(plain: keras.Model) -> None:
    """Keras calls an operation `cast`, `mean` or `concatenate` wherever it stands; one of the names the reader gives, too."""
    keras.backend.clear_session()
    images = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    scaled = keras.ops.cast(images, "float32") / 255.0
    scaled = keras.ops.concatenate([scaled, keras.ops.mean(scaled, axis=-1, keepdims=True)], axis=-1)
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="units_0")(scaled)
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, activation="relu")(maps))
    model = keras.Model(images, keras.layers.Dense(2)(pooled))
    keras.backend.clear_session()  # names are given from the start again, as for a network that was loaded
    pictures = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    made = unit_reader(model, hidden_layers(model), layout=InputLayout(SIZE, 3, False), preprocessing="raw")
    assert made.photographs(pictures).shape == (3, sum(layer.n_units for layer in hidden_layers(model)))


def test_one_layer_alone_is_read(plain: keras.Model) -> None:
    """A single layer, with maps or dense, gives the columns that it has among all."""
    pictures = np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.uint8)
    every = reader(plain).photographs(pictures)
    for layer, columns in zip(hidden_layers(plain), (slice(0, 5), slice(5, 10), slice(10, 17)), strict=True):
        alone = unit_reader(plain, (layer,), layout=InputLayout(SIZE, 3, False), preprocessing="unit")
        np.testing.assert_allclose(alone.photographs(pictures), every[:, columns], rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_streamed_gratings_are_those_shown_at_once(channels: int) -> None:
    """In batches of 5 of 12, the responses are those of the study's own probe, which holds all 144 gratings."""
    model = network(channels)
    shown = gratings(SIZE, contrast="min_max")
    streamed = streamed_responses(reader(model).gratings, contrast="min_max", at_once=5)
    maps = responses_model(model, hidden_layers(model))
    expected = grating_responses(
        lambda images: maps(np.repeat(images, channels, axis=-1) if images.shape[-1] == 1 else images),
        shown,
        training_mean=np.zeros((SIZE, SIZE, channels), np.float32),
        readout="mean",
    )
    assert (streamed.shape, streamed.dtype) == ((17, 12, 3, 4), np.float32)
    assert streamed.flags.c_contiguous
    np.testing.assert_allclose(streamed, expected, rtol=1e-4, atol=1e-6)


def test_an_orientation_is_the_same_whatever_came_before(plain: keras.Model) -> None:
    """To the last bit, and again: what was read before an interruption fits what is read after it."""
    read = reader(plain).gratings
    streamed = streamed_responses(read, contrast="min_max", at_once=5)
    alone = orientation_responses(reader(plain).gratings, SIZE, orientation=45.0, contrast="min_max", at_once=5)
    np.testing.assert_array_equal(alone, streamed[:, 3])


def test_batches_fit_and_progress_adds_up() -> None:
    """No batch is larger than asked for, each is reported, and every picture is seen once."""
    seen: list[int] = []
    progress: list[int] = []

    def read(grey: np.ndarray) -> np.ndarray:
        assert grey.shape[1:] == (SIZE, SIZE)
        start = sum(seen)
        seen.append(len(grey))
        return np.arange(start, start + len(grey), dtype=np.float32)[:, None]

    responses = streamed_responses(read, contrast="fixed", at_once=7, on_progress=progress.append)
    np.testing.assert_array_equal(responses[0].ravel(), np.arange(144))
    assert progress == seen
    assert max(seen) <= 7


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_broken_network_is_not_read(broken: float) -> None:
    """NaN and infinity raise at the first batch that holds one, with its orientation."""

    def read(grey: np.ndarray) -> np.ndarray:
        return np.full((len(grey), 2), broken, np.float32)

    with pytest.raises(ValueError, match="grating of 0 degrees is NaN or infinite"):
        streamed_responses(read, contrast="min_max", at_once=7)


def test_negative_means_are_cut_off_and_counted() -> None:
    """One of two units is below 0 for a quarter of its gratings; the other is left as it is."""
    responses = np.ones((2, 12, 3, 4), np.float32)
    responses[0, :, :, 1] = -0.5
    cut, share = rectified(responses)
    np.testing.assert_array_equal(share, [0.25, 0.0])
    np.testing.assert_array_equal(cut[0, :, :, 1], 0)
    np.testing.assert_array_equal(cut[0, :, :, 0], 1)
    np.testing.assert_array_equal(cut[1], responses[1])
    assert cut.dtype == np.float32
    assert responses.min() == -0.5


def test_a_network_with_negative_activations_is_read_with_its_sign() -> None:
    """Means of tanh fall below 0; streaming keeps them, and only what tuning is computed from is cut off."""
    streamed = streamed_responses(reader(network(activation="tanh")).gratings, contrast="min_max", at_once=12)
    assert streamed.min() < 0
    cut, share = rectified(streamed)
    assert cut.min() == 0
    np.testing.assert_array_equal(share > 0, (streamed < 0).any(axis=(1, 2, 3)))


def test_what_a_picture_takes_is_the_sum_of_all_that_is_made_of_it(plain: keras.Model) -> None:
    """By hand: 8 x 8 x 3, 6 x 6 x 5, 3 x 3 x 5 twice (pooled, flat), 7 and 3 numbers of 4 bytes."""
    assert picture_bytes(plain) == 4 * (192 + 180 + 45 + 45 + 7 + 3)


@pytest.mark.parametrize(("budget", "expected"), [(472 * 4, 1), (472 * 4 * 3 - 1, 2), (472 * 4 * 10, 10), (10**9, 32)])
def test_batches_follow_the_budget(plain: keras.Model, budget: int, expected: int) -> None:
    """As many as fit, but no more than are of use."""
    assert pictures_at_once(plain, budget) == expected


def test_a_budget_below_one_picture_is_refused() -> None:
    """The line says what would do."""
    layers: list[Any] = [keras.Input((512, 512, 3)), keras.layers.Conv2D(200, 1), keras.layers.GlobalMaxPooling2D()]
    large = keras.Sequential([*layers, keras.layers.Dense(3)], name="large")
    with pytest.raises(
        StudyError, match=r"--memory 0\.2GB: a picture of large takes up to 0\.21 GB; pass --memory 0\.3GB"
    ):
        pictures_at_once(large, 200_000_000)


def test_channels_first_is_averaged_over_positions() -> None:
    """Channels on the second axis are units, rows and columns are not; where the processor can compute it at all."""
    layers = keras.layers
    images = keras.Input((3, SIZE, SIZE))
    maps = layers.DepthwiseConv2D(
        1, activation="relu", data_format="channels_first", name="depth", depthwise_initializer="ones"
    )(images)
    pooled = layers.GlobalAveragePooling2D(data_format="channels_first", name="mean")(maps)
    model = keras.Model(images, layers.Dense(2)(pooled))
    layer = next(item for item in hidden_layers(model) if item.name == "depth")
    made = unit_reader(model, (layer,), layout=InputLayout(SIZE, 3, True), preprocessing="raw")
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    np.testing.assert_allclose(made.photographs(pictures), pictures.mean(axis=(1, 2)), rtol=1e-5)


def test_the_centre_is_the_middle_position_of_each_map(plain: keras.Model) -> None:
    """Behind the means come the values at (height // 2, width // 2), unit by unit; a dense unit has one position."""
    grey = np.random.default_rng(4).random((5, SIZE, SIZE)).astype(np.float32)
    read = reader(plain).gratings_with_centre(grey)
    maps = responses_model(plain, hidden_layers(plain)).predict(np.repeat(grey[..., None], 3, axis=-1), verbose=0)
    expected = [
        item[:, item.shape[1] // 2, item.shape[2] // 2] if item.ndim == 4 else item.reshape(5, -1) for item in maps
    ]
    np.testing.assert_allclose(read[:, :17], reader(plain).gratings(grey), rtol=1e-6)
    np.testing.assert_allclose(read[:, 17:], np.concatenate(expected, axis=1), rtol=1e-4, atol=1e-5)
