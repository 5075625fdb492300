"""What is read from a .keras file that is whole: names that fit, inputs without channels, weights that are numbers."""

from __future__ import annotations

from pathlib import Path

import keras
import ml_dtypes
import numpy as np
import pytest
from keras import layers

from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, selected_layers
from study.networks.graph.left_out import left_out, left_out_sentences
from study.networks.graph.reading import unit_reader
from study.networks.pretrained.keras_file import refuse_damaged_weights
from study.networks.pretrained.loading import LoadedModel, load
from study.vocabulary.errors import StudyError

# Keras' own, when it saves a network.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def read(model: keras.Model, place: Path, *, input_size: int | None = None) -> LoadedModel:
    """Return a network, saved and loaded."""
    model.save(place / "net.keras")
    return load(str(place / "net.keras"), weights=None, preprocessing="unit", seed=0, input_size=input_size)


def hostile(names: tuple[str, str, str]) -> keras.Model:
    """Return a network in a network, with names of the two networks and of the convolution."""
    inner = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(4, 3, activation="relu", name=names[2])], name=names[1]
    )
    start = keras.Input((8, 8, 3), name="some pictures")
    flow = layers.GlobalAveragePooling2D(name="means")(inner(start))
    return keras.Model(start, layers.Dense(3, name="1 out")(flow), name=names[0])


@pytest.mark.parametrize(
    ("names", "name", "said"),
    [
        (("Netz Ü", "my net", "Fältung 1"), "F_ltung_1", "'Fältung 1' is called F_ltung_1"),
        (("_net", "<b>", "<img src=x>"), "img_src_x_", "'<img src=x>' is called img_src_x_"),
        (("net", "inner", "n" * 5000), "n" * 80, "nnn...nnn"),
        (("net", "inner", "a\nweights: mine"), "a_weights__mine", r"'a\nweights: mine' is called a_weights__mine"),
        (("net", "inner", "1 out_"), "1_out_", "'1 out_' is called 1_out_"),
    ],
)
@pytest.mark.parametrize("input_size", [None, 12])
def test_names_that_tensorflow_cannot_compute_under_are_changed(
    names: tuple[str, str, str], name: str, said: str, input_size: int | None, tmp_path: Path
) -> None:
    """The change is said, and the network is computed as Keras computes it."""
    model = hostile(names)
    network = read(model, tmp_path, input_size=input_size)
    hidden = hidden_layers(network.model)
    assert [layer.name for layer in hidden] == [name, "means"]
    assert any(said in remark for remark in network.remarks)
    assert all(remark.isprintable() for remark in network.remarks)
    units = unit_reader(network.model, hidden[:1], layout=network.layout, preprocessing="raw")
    size = network.layout.size
    pictures = np.random.default_rng(0).uniform(0, 1, (2, size, size, 3)).astype("f4")
    maps = np.asarray(model.layers[1].layers[0](pictures))
    np.testing.assert_allclose(units.photographs(pictures), maps.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)


def test_names_that_fit_stay_and_nothing_is_said(tmp_path: Path) -> None:
    """A name that another would become is not given twice."""
    start = keras.Input((8, 8, 3))
    flow = layers.Conv2D(3, 3, activation="relu", name="a b")(layers.Conv2D(4, 3, activation="relu", name="a_b")(start))
    network = read(keras.Model(start, layers.Dense(3)(layers.Flatten()(flow)), name="net"), tmp_path)
    assert [(layer.name, layer.n_units) for layer in hidden_layers(network.model)] == [("a_b", 4), ("a_b_2", 3)]
    assert not any("names of layers" in remark for remark in read(hostile_free(), tmp_path).remarks)


def hostile_free() -> keras.Model:
    """Return a network whose names fit."""
    return keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(3)], name="net"
    )


def test_grey_pictures_without_a_channel_axis_are_read(tmp_path: Path) -> None:
    """A network of (8, 8) is fed (8, 8, 1), which is said; its units are those that Keras computes."""
    model = keras.Sequential(
        [keras.Input((8, 8)), layers.Flatten(), layers.Dense(5, activation="relu", name="hidden"), layers.Dense(3)],
        name="net",
    )
    network = read(model, tmp_path)
    assert (network.layout.size, network.layout.channels) == (8, 1)
    assert any("has no axis for channels" in remark for remark in network.remarks)
    hidden = hidden_layers(network.model)
    assert [layer.name for layer in hidden] == ["hidden"]
    grey = np.random.default_rng(0).uniform(0, 1, (2, 8, 8)).astype("f4")
    units = unit_reader(network.model, hidden, layout=network.layout, preprocessing="unit").gratings(grey)
    np.testing.assert_allclose(units, model.layers[1](grey.reshape(2, 64)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_weights_of_every_precision_are_looked_through(dtype: str) -> None:
    """Layer, weight and how many; numbers near the ends of a precision are finite."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype=dtype, name="one")], name="net")
    kind = getattr(ml_dtypes, dtype) if dtype == "bfloat16" else dtype
    kernel = np.full((4, 3), float(ml_dtypes.finfo(kind).max)).astype(kind)
    model.layers[0].set_weights([kernel, np.zeros(3, kind)])
    refuse_damaged_weights(model, origin="net.keras", remedy="give another")
    kernel[0, 0], kernel[1, 1] = np.nan, -np.inf
    model.layers[0].set_weights([kernel, np.zeros(3, kind)])
    with pytest.raises(StudyError, match=r"net\.keras: layer one: 2 of the 12 numbers of its kernel .*; give another"):
        refuse_damaged_weights(model, origin="net.keras", remedy="give another")


def zoo() -> keras.Model:
    """Return a network with a layer of every kind that is not read."""
    start = keras.Input((8, 8, 3), name="images")
    flow = layers.Conv2D(4, 3, activation="relu", name="read")(start)
    flow = layers.Conv2D(4, 1, name="linear")(flow)
    flow = layers.SpectralNormalization(layers.Conv2D(4, 1, activation="relu"), name="spectral")(flow)
    flow = layers.Add(name="sum")([flow, layers.Dropout(0.5, name="drop")(flow)])
    row = layers.Reshape((36, 4), name="row")(layers.PReLU(name="prelu")(flow))
    row = layers.TimeDistributed(layers.Dense(3, activation="relu"), name="each")(row)
    row = layers.MaxPooling1D(2, name="pool1")(layers.Conv1D(3, 2, name="conv1")(row))
    row = layers.Bidirectional(layers.SimpleRNN(2), name="both")(layers.LayerNormalization(name="norm")(row))
    solid = layers.Conv3D(2, 2, name="conv3")(layers.Reshape((6, 6, 4, 1), name="solid")(flow))
    flow = layers.Concatenate(name="join")([row, layers.Flatten(name="flat")(solid)])
    return keras.Model(start, layers.Dense(3, name="answer")(flow), name="zoo")


def test_layers_that_are_not_read_are_named_with_the_reason() -> None:
    """Linear, sums, wrapped, of one and three dimensions, of other kinds; what has no units is not spoken of."""
    model = zoo()
    hidden = hidden_layers(model)
    chosen = [layer.name for layer in selected_layers(hidden, ())]
    assert chosen == ["read"]
    reasons = left_out(model, chosen)
    assert reasons == {
        "linear": "no activation follows",
        "sum": "it is a sum of layers, which is read where --layers asks for it",
        "spectral": "SpectralNormalization wraps it",
        "each": "TimeDistributed wraps it",
        "conv1": "Conv1D works in one dimension",
        "pool1": "MaxPooling1D works in one dimension",
        "both": "Bidirectional has no units that gratings are read from",
        "conv3": "Conv3D works in three dimensions",
    }
    assert left_out(model, ["linear", "sum"])["read"] == "--layers does not choose it"


def test_reasons_are_sentences_that_name_the_first_layers() -> None:
    """Layers with one reason stand in one sentence, escaped; those that are not shown are counted."""
    reasons = {f"layer{i}": "no activation follows" for i in range(4)} | {"a\n": "Wrapper wraps it"}
    assert left_out_sentences(reasons, shown_names=3) == (
        "not read, as no activation follows: layer0, layer1, layer2 and 1 more",
        "not read, as Wrapper wraps it: a\\n",
    )


@pytest.mark.parametrize(
    ("pattern", "names"), [("twin", ["twin/1", "twin/2"]), ("twin/2", ["twin/2"]), ("twin/*", ["twin/1", "twin/2"])]
)
def test_uses_of_a_layer_are_chosen_together_or_alone(pattern: str, names: list[str]) -> None:
    """By the layer's own name all of them."""
    start, conv = keras.Input((8, 8, 3)), layers.Conv2D(3, 3, activation="relu", name="twin")
    model = keras.Model(start, layers.Dense(2, name="answer")(layers.Flatten()(conv(conv(start)))))
    assert [layer.name for layer in selected_layers(hidden_layers(model), [pattern])] == names
