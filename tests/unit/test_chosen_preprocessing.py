"""What a network is fed: as its file tells, as the user says, and refused where the two contradict one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import pytest

from study.networks import backend
from study.networks.pretrained.loading import LoadedModel, load
from study.vocabulary.errors import StudyError

# Keras' own, when it saves a network.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does: other tests in it ask for that, and TensorFlow takes it only once."""
    backend.configure_process()


def small(name: str, preprocessing: str | None = None) -> LoadedModel:
    """Return an application with random weights, 32 px wide, with 3 outputs."""
    return load(name, weights="none", preprocessing=preprocessing, seed=0, classes=3, input_size=32)


def saved(directory: Path, layers: list[keras.layers.Layer]) -> str:
    """Save a sequence of layers and return the file."""
    keras.Sequential([keras.Input((32, 32, 3)), *layers], name="own").save(directory / "own.keras")
    return str(directory / "own.keras")


def from_file(path: str, *, preprocessing: str | None, weights: str | None = None) -> LoadedModel:
    """Return the network in a file."""
    return load(path, weights=weights, preprocessing=preprocessing, seed=0)


def head() -> list[keras.layers.Layer]:
    """Return the layers of a small network."""
    layers = keras.layers
    return [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3)]


@pytest.mark.parametrize(
    ("first", "preprocessing", "words"),
    [
        (lambda: [keras.layers.Rescaling(1 / 255)], "raw", "0 to 255"),
        (lambda: [keras.layers.Rescaling(2.0, -1)], "unit", "0 to 1"),
        (lambda: [keras.layers.Rescaling(0.5, 0.5)], "symmetric", "-1 to 1"),
        (lambda: [keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 255)], "raw", "0 to 255"),
    ],
)
def test_a_file_that_tells_which_pixels_it_expects_is_given_these(
    tmp_path: Path, first: Callable[[], list[keras.layers.Layer]], preprocessing: str, words: str
) -> None:
    """Without a word, or with one that agrees; a remark says what and why."""
    path = saved(tmp_path, [*first(), *head()])
    loaded = from_file(path, preprocessing=None)
    assert loaded.preprocessing == preprocessing
    told = [remark for remark in loaded.remarks if f"own.keras expects pixels of {words}, as its " in remark]
    assert len(told) == 1
    assert from_file(path, preprocessing=preprocessing).preprocessing == preprocessing
    assert from_file(path, preprocessing=preprocessing).remarks == loaded.remarks


def test_preprocessing_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    """Pixels scaled twice, or not at all, give another network than the one that was trained; who insists is heard."""
    scaling = [keras.layers.Rescaling(1 / 127.5, -1, name="scale")]
    path = saved(tmp_path, [*scaling, *head()])
    for name, made in (("mobilenetv2", "-1 to 1"), ("unit", "0 to 1"), ("vgg16", "-124 to 151")):
        with pytest.raises(StudyError) as line:
            from_file(path, preprocessing=name)
        assert str(line.value) == (
            f"--preprocessing {name} makes {made}, but own.keras expects pixels of 0 to 255, as its scale (scale 0.007843,"
            f" offset -1) makes -1 to 1 of these; pass --preprocessing raw, or {name}:anyway if it was trained so"
        )
    assert from_file(path, preprocessing="efficientnetb0").preprocessing == "efficientnetb0"  # changes nothing
    insisted = from_file(path, preprocessing="unit:anyway")
    assert insisted.preprocessing == "unit"
    assert insisted.remarks[-1].endswith("--preprocessing unit makes 0 to 1 all the same, as unit:anyway asks")
    path = saved(tmp_path, [keras.layers.Rescaling(2.0, -1), *head()])
    with pytest.raises(StudyError, match=r"--preprocessing raw makes 0 to 255, but .* pass --preprocessing unit, or"):
        from_file(path, preprocessing="raw")


def test_an_application_that_scales_pixels_itself_is_not_given_scaled_ones() -> None:
    """EfficientNet and others hold their own preprocessing; Keras' `preprocess_input` leaves pixels to them."""
    with pytest.raises(StudyError, match=r"unit makes 0 to 1, but mobilenetv3small expects pixels of 0 to 255, as its"):
        small("mobilenetv3small", preprocessing="unit")
    assert small("mobilenetv3small").preprocessing == "mobilenetv3small"
    assert small("mobilenetv3small").remarks == ()
    assert small("mobilenetv3small", preprocessing="raw").remarks[0].endswith("of these; it was given these")
    assert small("mobilenet", preprocessing="unit").preprocessing == "unit"  # nothing in it tells


def test_any_other_file_needs_to_be_told(tmp_path: Path) -> None:
    """Nothing in it says what pixels it takes, or not enough; and the name must be one that there is."""
    path = saved(tmp_path, head())
    with pytest.raises(
        StudyError, match=r"own\.keras: nothing in its first operations says .* one of raw \(0 to 255\)"
    ):
        from_file(path, preprocessing=None)
    with pytest.raises(StudyError, match=r"--preprocessing loud: must be raw .* such as vgg16"):
        from_file(path, preprocessing="loud")
    with pytest.raises(StudyError, match=r"--weights none: own\.keras holds its own"):
        from_file(path, preprocessing="unit", weights="none")
    path = saved(tmp_path, [keras.layers.Rescaling(2.0), *head()])
    with pytest.raises(
        StudyError, match=r"0 to 1 or -1 to 1, as its .* cannot be told; pass --preprocessing unit or sym"
    ):
        from_file(path, preprocessing=None)
    assert [from_file(path, preprocessing=name).preprocessing for name in ("unit", "symmetric")] == [
        "unit",
        "symmetric",
    ]
    standardised = from_file(path, preprocessing="densenet121")
    assert standardised.remarks[-1].endswith("makes sense of either; it was given -2.12 to 2.64")
    for name in ("raw", "vgg16"):
        with pytest.raises(StudyError, match=rf"--preprocessing {name} makes .*, but"):
            from_file(path, preprocessing=name)
