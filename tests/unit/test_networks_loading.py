"""External networks: which there are, what they are fed, where their weights come from, and what is refused."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, selected_layers
from study.networks.pretrained.applications import application_name, application_preprocessing, applications
from study.networks.pretrained.loading import LoadedModel, digest, load
from study.networks.pretrained.preprocessing import InputLayout, as_input, gratings_as_pictures, preprocess
from study.tuning.gratings import PHASES, grating_axes
from study.vocabulary.errors import StudyError

# Keras' own, when it saves a network.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does: other tests in it ask for that, and TensorFlow takes it only once."""
    backend.configure_process()


def small(name: str, **changes: Any) -> LoadedModel:
    """Return an application with random weights, 32 px wide, with 3 outputs."""
    options: dict[str, Any] = {"weights": "none", "preprocessing": None, "seed": 0, "classes": 3, "input_size": 32}
    return load(name, **options | changes)


def saved(directory: Path, layers: list[keras.layers.Layer], shape: tuple[int | None, ...] = (32, 32, 3)) -> str:
    """Save a sequence of layers and return the file."""
    keras.Sequential([keras.Input(shape), *layers], name="own").save(directory / "own.keras")
    return str(directory / "own.keras")


def from_file(path: str, **changes: Any) -> LoadedModel:
    """Return the network in a file."""
    options: dict[str, Any] = {"weights": None, "preprocessing": "unit", "seed": 0}
    return load(path, **options | changes)


def head() -> list[keras.layers.Layer]:
    """Return the layers of a small network that takes pictures of any size."""
    layers = keras.layers
    return [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3)]


def test_every_application_of_keras_is_known() -> None:
    """They are found, not listed here: among them those of the paper and of the manual, each with its preprocessing."""
    assert {"vgg16", "resnet50", "mobilenetv3small", "densenet121", "inceptionv3", "convnexttiny"} <= set(
        applications()
    )
    assert len(applications()) >= 35
    pixels = np.full((1, 2, 2, 3), 255.0, np.float32)
    for name in applications():
        assert application_preprocessing(name)(pixels.copy()).shape == pixels.shape, name


@pytest.mark.parametrize(
    ("text", "name"), [("VGG16", "vgg16"), ("ResNet50V2", "resnet50v2"), ("mobilenet_v3-small", "mobilenetv3small")]
)
def test_names_are_read_in_any_spelling(text: str, name: str) -> None:
    """Letter case, underscores and hyphens do not matter."""
    assert application_name(text) == name


def test_an_unknown_name_is_answered_by_those_like_it() -> None:
    """A slip gets its neighbours, anything else the whole list."""
    with pytest.raises(StudyError, match=r"'vgg61' is no network of keras\.applications .* did you mean .*vgg16"):
        small("vgg61")
    with pytest.raises(StudyError, match=r"there are convnextbase.*xception"):
        small("my-own-net")


COLOUR = (10.0, 20.0, 30.0)  # red, green, blue


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raw", (10.0, 20.0, 30.0)),
        ("unit", (10 / 255, 20 / 255, 30 / 255)),
        ("symmetric", (10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1)),
        ("vgg16", (30 - 103.939, 20 - 116.779, 10 - 123.68)),
        ("resnet50", (30 - 103.939, 20 - 116.779, 10 - 123.68)),
        ("mobilenetv2", (10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1)),
        ("densenet121", ((10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225)),
        ("mobilenetv3small", (10.0, 20.0, 30.0)),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_preprocessing_is_what_the_network_was_trained_with(
    name: str, expected: tuple[float, ...], dtype: type
) -> None:
    """Numbers by hand: VGG16 takes blue before green before red, minus ImageNet's means; the input is left alone."""
    pictures = np.broadcast_to(np.array(COLOUR, dtype), (2, 4, 4, 3)).copy()
    fed = preprocess(pictures, name)
    assert fed.dtype == np.float32
    np.testing.assert_allclose(fed, np.broadcast_to(expected, (2, 4, 4, 3)), rtol=1e-5)
    np.testing.assert_array_equal(pictures, np.broadcast_to(np.array(COLOUR, dtype), (2, 4, 4, 3)))


def test_gratings_are_fed_to_vgg16_as_published() -> None:
    """White is 255 in every channel, black 0, both minus the means of blue, green and red, in this order."""
    fed = as_input(gratings_as_pictures(np.array([[[0.0, 1.0]]], np.float32), 3), InputLayout(2, 3, False), "vgg16")
    np.testing.assert_allclose(fed[0, 0, 0], [-103.939, -116.779, -123.68], rtol=1e-6)
    np.testing.assert_allclose(fed[0, 0, 1], [151.061, 138.221, 131.32], rtol=1e-5)
    first = as_input(np.zeros((1, 5, 7, 3), np.float32), InputLayout(5, 3, True), "raw")
    assert first.shape == (1, 3, 5, 7)


def test_vgg16_has_the_layers_and_units_of_the_paper() -> None:
    """Thirteen convolutions, five poolings, FC1 and FC2, and 57 x 12 x 4 gratings at its own size."""
    layers = selected_layers(hidden_layers(small("vgg16").model), ())
    convolutions = {1: 2, 2: 2, 3: 3, 4: 3, 5: 3}
    names = [
        f"block{b}_{kind}" for b, n in convolutions.items() for kind in (*(f"conv{i + 1}" for i in range(n)), "pool")
    ]
    assert [layer.name for layer in layers] == [*names, "fc1", "fc2"]
    assert [layer.n_units for layer in layers] == [64] * 3 + [128] * 3 + [256] * 4 + [512] * 8 + [4096] * 2
    axes = grating_axes(224)
    assert (len(axes.orientation), len(axes.spatial_frequency), len(PHASES)) == (12, 57, 4)
    np.testing.assert_allclose(axes.spatial_frequency, np.arange(1, 58) / 232, rtol=1e-15)


def test_random_weights_follow_from_the_seed() -> None:
    """The same seed gives the same network to the last bit, whatever was built before; global generators stay as they were."""
    first = small("mobilenet")
    keras.layers.Conv2D(1, 1)  # takes a name that Keras counts
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    again, other = small("mobilenet"), small("mobilenet", seed=1)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    assert first.weights_digest == again.weights_digest != other.weights_digest
    for one, two in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.name, first.preprocessing, first.layout) == ("mobilenet", "mobilenet", InputLayout(32, 3, False))
    assert "random weights" in first.weights
    assert "seed 0" in first.weights


def test_the_digest_follows_weights_and_architecture() -> None:
    """One changed weight, or the same weights behind another activation, is another network."""
    digests = set()
    for activation, bias in (("relu", 0.0), ("relu", 1e-7), ("elu", 0.0)):
        images = keras.Input((8, 8, 3), name="images")
        layer = keras.layers.Conv2D(2, 3, activation=activation, kernel_initializer="ones", name="conv")
        model = keras.Model(images, layer(images), name="one")
        layer.bias.assign(np.full(2, bias, np.float32))
        digests.add(digest(model))
    assert len(digests) == 3


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".keras"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_weights_are_read_from_a_file(tmp_path: Path, suffix: str) -> None:
    """In the three formats that Keras writes, .h5 among them, the format of its own downloads."""
    other = small("mobilenet", seed=5)
    path = tmp_path / f"mine{suffix}"
    other.model.save_weights(path) if suffix == ".weights.h5" else other.model.save(path)
    read = small("mobilenet", weights=str(path))
    assert read.weights_digest == other.weights_digest
    assert read.weights == f"weights read from mine{suffix}"


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """Of another network, no such file, another suffix, a file of anything else."""
    small("mobilenet", classes=4).model.save_weights(tmp_path / "four.weights.h5")
    (tmp_path / "text.h5").write_text("no weights")
    for changes, expected in (
        ("four.weights.h5", r"four\.weights\.h5: these are no weights of mobilenet.* and 3 outputs"),
        ("text.h5", r"text\.h5: these are no weights"),
        ("absent.h5", r"absent\.h5: there is no such file"),
        ("weights.pt", r"must be imagenet, none, or a file that ends in \.weights\.h5, \.h5, \.keras"),
    ):
        with pytest.raises(StudyError, match=expected) as line:
            small("mobilenet", weights=str(tmp_path / changes))
        assert "\n" not in str(line.value)
    with pytest.raises(StudyError, match="they have 1000 outputs, not 3"):
        small("mobilenet", weights="imagenet")


IMAGENET = """
import keras, sys
from study.vocabulary.errors import StudyError
from study.networks.pretrained.loading import load

home = sys.argv[1]
asked = dict(preprocessing=None, seed=0)
other = load("mobilenet", weights="none", **asked | {"seed": 7})
other.model.save(f"{home}/models/mobilenet_1_0_224_tf.h5")
found = load("mobilenet", weights=None, **asked)
print(found.weights_digest == other.weights_digest, found.layout.size)
small = load("mobilenet", weights="imagenet", input_size=64, **asked)
same = all((a == b).all() for a, b in zip(small.model.get_weights(), other.model.get_weights(), strict=True))
print(same, small.layout.size, small.model.input_shape, small.remarks)
try:
    load("vgg16", weights=None, **asked)
except StudyError as error:
    print(error)
"""


@pytest.mark.slow
def test_imagenet_weights_come_from_the_cache_or_a_line_says_where_they_belong(tmp_path: Path) -> None:
    """What lies in Keras' cache is used, at other sizes too; what is not there and cannot be had is named."""
    (tmp_path / "models").mkdir()
    nowhere = dict.fromkeys(("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", IMAGENET, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **nowhere, "KERAS_HOME": str(tmp_path), "no_proxy": "", "NO_PROXY": ""},
    )
    lines = [line for line in done.stdout.splitlines() if "Downloading" not in line]
    assert lines[0] == "True 224"
    assert lines[1].startswith(
        "True 64 (None, 64, 64, 3) ('the weights of mobilenet were trained on pictures of 224 px"
    )
    assert lines[2].startswith("--weights imagenet: the weights of vgg16 could not be downloaded (")
    name = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    assert f"keras-applications/vgg16/{name} at {tmp_path / 'models' / name}, or pass --weights FILE" in lines[2]
    assert len(lines) == 3


def test_a_file_is_loaded_with_a_warning(tmp_path: Path) -> None:
    """The network is the one that was saved, and a reader is told that it is from elsewhere."""
    path = saved(tmp_path, head())
    loaded = from_file(path)
    assert (loaded.name, loaded.preprocessing, loaded.layout) == ("own", "unit", InputLayout(32, 3, False))
    assert "own.keras is a file from elsewhere" in loaded.remarks[0]
    pictures = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    original = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.model(pictures), original(pictures))


def test_files_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    """Code in the file, a layer that nobody knows here, damage, no such file, another format."""

    class Own(keras.layers.Layer):
        pass

    for layer in (keras.layers.Lambda(lambda x: x * 2), Own()):
        with pytest.raises(StudyError, match=r"own\.keras cannot be loaded in Keras' safe mode") as line:
            from_file(saved(tmp_path, [layer, *head()]))
        assert "\n" not in str(line.value)
        assert len(str(line.value)) < 700
    path = Path(saved(tmp_path, head()))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(StudyError, match="is cut off or damaged"):
        from_file(str(path))
    with pytest.raises(StudyError, match=r"absent\.keras does not exist"):
        from_file(str(tmp_path / "absent.keras"))
    (tmp_path / "old.h5").touch()
    with pytest.raises(StudyError, match=r"old\.h5 is a file or directory but no \.keras file"):
        from_file(str(tmp_path / "old.h5"))


@pytest.mark.parametrize(
    ("shape", "changes", "expected"),
    [
        ((30, 30, 3), {}, r"of 30 px: gratings are defined for multiples of 4 pixels; pass --input-size 32"),
        ((32, 24, 3), {}, r"of 32 x 24 px: must be a square picture"),
        ((32, 32, 5), {}, r"an input of shape \(32, 32, 5\): must be a square picture"),
        ((None, None, 3), {}, r"pictures of any size: pass --input-size N"),
        ((32, 32, 1), {"preprocessing": "vgg16"}, r"--preprocessing vgg16 is for pictures of 3 channels, own takes 1"),
        (
            (32, 32, 3),
            {"input_size": 30},
            r"--input-size 30: gratings are defined for multiples of 4 pixels; such as 32",
        ),
        ((32, 32, 3), {"input_size": -4}, r"--input-size -4: .* such as 4"),
        ((32, 32, 3), {"seed": -1}, r"--seed -1: must be 0 to 4294967295"),
    ],
)
def test_inputs_without_gratings_are_named(
    tmp_path: Path, shape: tuple[int | None, ...], changes: dict[str, Any], expected: str
) -> None:
    """Each line says what the network takes, what there are gratings for, and what to do."""
    with pytest.raises(StudyError, match=expected):
        from_file(saved(tmp_path, head(), shape), **changes)


@pytest.mark.parametrize("shape", [(30, 30, 3), (None, None, 3), (30, 30, 1)])
def test_a_network_is_built_for_another_size_with_the_same_weights(
    tmp_path: Path, shape: tuple[int | None, ...]
) -> None:
    """Where no weight depends on the size, it computes what the same layers do with pictures of that size."""
    path = saved(tmp_path, head(), shape)
    loaded = from_file(path, input_size=40)
    assert loaded.layout == InputLayout(40, shape[-1] or 0, False)
    assert any("it was given 40 px" in remark for remark in loaded.remarks)
    for one, two in zip(loaded.model.get_weights(), keras.saving.load_model(path).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_moments_go_along_to_another_size(tmp_path: Path) -> None:
    """A layer that was adapted to images computes with copies of its weights: another size must not forget them."""
    normalization = keras.layers.Normalization()
    normalization.adapt(np.random.default_rng(0).random((8, 16, 16, 3)))
    path = saved(tmp_path, [keras.Sequential([keras.Input((None, None, 3)), normalization]), *head()], (None, None, 3))
    pictures = np.random.default_rng(1).random((2, 32, 32, 3)).astype(np.float32)
    resized = from_file(path, preprocessing=None, input_size=32)
    assert resized.preprocessing == "unit"
    np.testing.assert_allclose(resized.model(pictures), keras.saving.load_model(path)(pictures), rtol=1e-5)


def test_a_network_whose_weights_fix_its_size_says_so(tmp_path: Path) -> None:
    """A dense layer behind all positions has a weight for each."""
    path = saved(tmp_path, [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3)])
    with pytest.raises(StudyError, match=r"--input-size 40: the weights of own do not fit pictures of that size"):
        from_file(path, input_size=40)


def test_several_inputs_are_refused_by_name(tmp_path: Path) -> None:
    """So that the user sees which they are."""
    inputs = [keras.Input((32, 32, 3), name=name) for name in ("left", "right")]
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Add()(inputs)))
    keras.Model(inputs, outputs).save(tmp_path / "two.keras")
    with pytest.raises(StudyError, match="left, right"):
        from_file(str(tmp_path / "two.keras"))


def test_channels_first_is_seen_in_the_layers(tmp_path: Path) -> None:
    """The first layer with an opinion decides, as a picture 3 px high would look the same."""
    layers = [
        keras.layers.Conv2D(4, 3, data_format="channels_first"),
        keras.layers.GlobalAveragePooling2D(data_format="channels_first"),
        keras.layers.Dense(3),
    ]
    assert from_file(saved(tmp_path, layers, (3, 32, 32))).layout == InputLayout(32, 3, True)


def test_an_application_of_no_fixed_size_gets_that_of_its_weights() -> None:
    """Keras builds MobileNetV3 for any size; its ImageNet weights are of 224 px."""
    loaded = small("mobilenetv3small", input_size=None)
    assert loaded.layout.size == 224
    assert loaded.remarks == ("Keras builds mobilenetv3small for pictures of any size: it was given 224 px",)


def test_an_application_that_cannot_be_so_small_says_so() -> None:
    """Keras knows each one's smallest size."""
    with pytest.raises(StudyError, match=r"vgg16 cannot be built .*at least 32x32"):
        small("vgg16", input_size=20)
