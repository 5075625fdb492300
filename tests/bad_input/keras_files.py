"""Files of networks that cannot be read: damaged, packed to burst, of another Keras, no classifier of pictures."""

from __future__ import annotations

import functools
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bad_input.corpus import Make, rows_of, typed

FILE = "net.keras"
DRY = ("--preprocessing", "unit", "--dry-run")
WHOLE = "give a whole copy of the file"


@functools.cache
def saved(make: Callable[[Any], Any]) -> bytes:
    """Return the .keras file of the network that `make` makes with Keras' layers."""
    import keras

    with tempfile.TemporaryDirectory() as place:
        path = Path(place, FILE)
        make(keras).save(path)
        return path.read_bytes()


def plain(keras: Any) -> Any:
    """Return a small classifier."""
    layers = keras.layers
    flow = [layers.Conv2D(4, 3, activation="relu", name="conv"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    return keras.Sequential([keras.Input((16, 16, 3)), *flow], name="net")


def written(content: Callable[[], bytes], *arguments: str) -> Make:
    """Return how a file of some bytes is made, with the command line that names it."""

    def make(place: Path) -> Sequence[str]:
        (place / FILE).write_bytes(content())
        return (FILE, *DRY, *arguments)

    return make


def network(make: Callable[[Any], Any], *arguments: str) -> Make:
    """Return how the file of a network is made."""
    return written(lambda: saved(make), *arguments)


def repacked(**parts: bytes | None) -> Make:
    """Return how the plain network's file is made with other parts, `config` and `metadata`, or without `weights`."""
    names = {"config": "config.json", "metadata": "metadata.json", "weights": "model.weights.h5"}

    def content() -> bytes:
        packed = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(saved(plain))) as before,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z,
        ):
            for part, name in names.items():
                if (text := parts.get(part, before.read(name))) is not None:
                    z.writestr(name, text)
        return packed.getvalue()

    return written(content)


def config(change: Callable[[dict[str, Any]], None], version: str) -> Make:
    """Return how the plain network's file is made with another architecture, saved by some version of Keras."""

    def make(place: Path) -> Sequence[str]:
        with zipfile.ZipFile(io.BytesIO(saved(plain))) as file:
            content = json.loads(file.read("config.json"))
        change(content)
        return repacked(config=json.dumps(content).encode(), metadata=json.dumps({"keras_version": version}).encode())(
            place
        )

    return make


def at_last_layer(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Return the change of the last layer's options."""
    return lambda content: content["config"]["layers"][-1]["config"].update(changes)


def other_class(content: dict[str, Any]) -> None:
    """Make the last layer one that no Keras has."""
    content["config"]["layers"][-1].update(module="keras.layers", class_name="Nova", registered_name=None)


def declaring(name: str, size: int) -> Make:
    """Return how an archive is made whose list of contents says that a part of it, a few bytes, unpacks to some size."""

    def content() -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for part in ("metadata.json", "config.json", "model.weights.h5"):
                file.writestr(part, "{}")
            file.getinfo(name).file_size = size
        return packed.getvalue()

    return written(content)


def encrypted() -> bytes:
    """Return an archive that says that its first part is encrypted."""
    content = bytearray(saved(plain))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + place] |= 1
    return bytes(content)


def flipped() -> bytes:
    """Return the plain network's file with one bit of its weights turned."""
    content = bytearray(saved(plain))
    content[len(content) // 2] ^= 1
    return bytes(content)


def odd_place(make: Callable[[Path], object], name: str = FILE) -> Make:
    """Return how something that is no file is made in a file's place."""

    def made(place: Path) -> Sequence[str]:
        make(place / name)
        return (name, *DRY)

    return made


def broken(value: float) -> Callable[[Any], Any]:
    """Return the plain network with one weight that is no finite number."""

    def make(keras: Any) -> Any:
        model = plain(keras)
        kernel, *others = model.get_layer("conv").get_weights()
        kernel[0, 0, 0, 0] = value
        model.get_layer("conv").set_weights([kernel, *others])
        return model

    return make


def of(shape: tuple[int | None, ...], **last: Any) -> Callable[[Any], Any]:
    """Return a network of some input with one hidden dense layer, and the options of its last."""

    def make(keras: Any) -> Any:
        layers = keras.layers
        flow = [layers.Flatten(), layers.Dense(4, activation="relu"), layers.Dense(**{"units": 3, **last})]
        return keras.Sequential([keras.Input(shape), *flow], name="net")

    return make


def of_any_size(keras: Any) -> Any:
    """Return a network of grey pictures of any size, without an axis for channels."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((None, None)), layers.Reshape((-1, 1)), layers.GlobalAveragePooling1D(), layers.Dense(3)]
    )


def of_any_size_in_colour(keras: Any) -> Any:
    """Return a network of pictures of any size."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def several(n_inputs: int, n_outputs: int) -> Callable[[Any], Any]:
    """Return a network of several inputs or outputs."""

    def make(keras: Any) -> Any:
        images = [keras.Input((16, 16, 3), name=f"eye{i}") for i in range(n_inputs)]
        flow = keras.layers.Flatten()(keras.layers.Add()(images) if n_inputs > 1 else images[0])
        return keras.Model(images, [keras.layers.Dense(3, name=f"head{i}")(flow) for i in range(n_outputs)], name="net")

    return make


def with_lambda(keras: Any) -> Any:
    """Return a network with code of its own."""
    return keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Lambda(lambda pixels: pixels / 255), keras.layers.Dense(3)]
    )


def recurrent(keras: Any) -> Any:
    """Return a network without a hidden layer that is read."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Reshape((16, 48)),
            layers.Bidirectional(layers.LSTM(2), name="both"),
            layers.Dense(3),
        ]
    )


def photographed(make: Callable[[Any], Any], *arguments: str) -> Make:
    """Return how the file of a network is made that is to be shown photographs, which are not looked for before."""
    return network(make, "--images", "nowhere", *arguments)


_FILES = {
    "nothing in it": (written(bytes), ("net.keras: is empty", WHOLE)),
    "text": (written(lambda: b"hello"), ("is no zip archive", "model.save")),
    "HDF5": (written(lambda: b"\x89HDF\r\n\x1a\n" + bytes(64)), ("is an HDF5 file under another name", "model.save")),
    "half of it": (written(lambda: saved(plain)[: len(saved(plain)) // 2]), ("is cut off or damaged", WHOLE)),
    "without its end": (written(lambda: saved(plain)[:-10]), ("is cut off or damaged", WHOLE)),
    "a bit turned": (written(flipped), ("its part model.weights.h5 is damaged", WHOLE)),
    "a bomb": (declaring("model.weights.h5", 1_210_000_000), ("unpacks from", "to 1.21 GB", "which no network does")),
    "encrypted": (written(encrypted), ("is packed as Keras packs no file", "encrypted")),
    "a suffix in capitals": (
        odd_place(lambda path: path.write_bytes(b""), "NET.KERAS"),
        ("NET.KERAS", "rename the file"),
    ),
    "a huge architecture": (declaring("config.json", 134_000_000), ("config.json has 134 MB, at most 67",)),
    "no architecture": (repacked(config=None), ("zip archive without config.json",)),
    "no metadata": (repacked(metadata=None), ("zip archive without metadata.json",)),
    "no weights": (repacked(weights=None), ("Expected a model.weights.h5", "installed is")),
    "weights that are none": (repacked(weights=b"hello"), ("cannot be loaded", "installed is")),
    "architecture nested without end": (
        repacked(config=b"[" * 100_000),
        ("config.json in net.keras: is nested deeper",),
    ),
    "architecture of digits": (repacked(config=b"1" * 10_000), ("config.json in net.keras: is not valid JSON",)),
    "architecture of another shape": (repacked(config=b"[1]"), ("its config.json describes no network",)),
    "metadata nested without end": (
        repacked(metadata=b"[" * 100_000),
        ("metadata.json in net.keras: is nested deeper",),
    ),
    "a layer alone": (
        repacked(config=b'{"module": "keras.layers", "class_name": "Flatten", "config": {}, "registered_name": null}'),
        ("holds a Flatten, no network",),
    ),
    "a directory": (odd_place(Path.mkdir), ("net.keras is a directory", "vgg16")),
    "a pipe": (odd_place(os.mkfifo), ("net.keras is no regular file", "vgg16")),
    "a link to nothing": (odd_place(lambda path: path.symlink_to("none")), ("net.keras does not exist",)),
    "a link to itself": (odd_place(lambda path: path.symlink_to(path)), ("net.keras",)),
    "a name without end": (odd_place(lambda path: None, "n" * 5000 + ".keras"), ("nnn...nnn", "File name too long")),
    "a name that breaks lines": (odd_place(lambda path: None, "a\nb.keras"), ("a\\nb.keras does not exist",)),
}
_CONTENTS = {
    "an option from the future": (
        config(at_last_layer(shiny_new_option=None), "99.1.0"),
        (
            "safe mode: Unrecognized keyword arguments passed to Dense: {'shiny_new_option': None} (saved by Keras 99.1.0",
            "install Keras 99.1.0 or newer",
        ),
    ),
    "a layer from the future": (
        config(other_class, "99.1.0"),
        ("safe mode: Could not", "Nova", "install Keras 99.1.0 or newer"),
    ),
    "an option that this version does not know": (
        config(at_last_layer(shiny_new_option=None), "3.12.0"),
        ("Unrecognized keyword", "saved by Keras 3.12.0, installed is", "save the network anew"),
    ),
    "a version of many digits": (
        config(at_last_layer(shiny=1), "9" * 10_000),
        ("Unrecognized keyword", "saved by Keras 999"),
    ),
    "units below zero": (config(at_last_layer(units=-1), "3.15.0"), ("safe mode: ", "units=-1")),
    "code of its own": (network(with_lambda), ("Lambda", "a file may bring no code of its own")),
    "a weight that is NaN": (
        network(broken(float("nan"))),
        ("net.keras: layer conv: 1 of the 108 numbers of its kernel are NaN or infinite",),
    ),
    "a weight that is infinite": (network(broken(float("inf"))), ("layer conv: 1 of the 108 numbers of its kernel",)),
}
_NETWORKS = {
    "grey of any size": (network(of_any_size), ("takes an input of shape (None, None)", "(size, size)")),
    "any size": (network(of_any_size_in_colour), ("takes pictures of any size: pass --input-size N",)),
    "a vector": (network(of((128,))), ("takes an input of shape (128,)", "must be a square picture")),
    "a volume": (network(of((8, 8, 8, 3))), ("takes an input of shape (8, 8, 8, 3)", "must be a square picture")),
    "grey that is not square": (network(of((28, 30))), ("takes an input of shape (28, 30)", "(size, size)")),
    "not square": (network(of((16, 24, 3))), ("16 x 24 px", "--input-size")),
    "four channels": (network(of((16, 16, 4))), ("(16, 16, 4)", "must be a square picture")),
    "two inputs": (network(several(2, 1)), ("2 inputs, eye0, eye1", "keras.Model(input, output)")),
    "two outputs": (network(several(1, 2)), ("2 outputs, head0, head1", "keras.Model(input, output)")),
    "nothing that is read": (
        network(recurrent),
        ("no hidden layer that can be read: not read, as Bidirectional", "both"),
    ),
    "one output": (photographed(of((16, 16, 3), units=1)), ("net has 1 output, which is no classifier",)),
    "one output and class names": (
        photographed(of((16, 16, 3), units=1, activation="sigmoid"), "--class-names", "names.txt"),
        ("net has 1 output, which is no classifier",),
    ),
    "yes or no for each class": (
        photographed(of((16, 16, 3), activation="sigmoid"), "--ablate"),
        ("it ends in sigmoid", "must end in a softmax or in logits"),
    ),
}
_NAMES = {
    "without end": (typed("n" * 5000), ("nnn...nnn", "is no network of keras.applications")),
    "nothing": (typed(""), ("'' is no network of keras.applications",)),
    "that breaks lines": (typed("a\nb"), ("'a\\nb' is no network of keras.applications",)),
    "of a directory": (typed("."), (". is a file or directory but no .keras file",)),
    "of weights without end": (typed("vgg16", "--weights", "n" * 5000 + ".h5"), ("--weights nnn", "no such file")),
    "of weights of a user that is none": (typed("vgg16", "--weights", "~nobodyhere/n.h5"), ("~nobodyhere/n.h5",)),
    "of weights with another suffix": (
        typed("vgg16", "--weights", "n.txt"),
        ("--weights n.txt", ".weights.h5, .h5, .keras"),
    ),
}

ROWS = (
    *rows_of("name of a network", _NAMES, command="probe_model"),
    *rows_of("Keras file", _FILES, command="probe_model"),
    *rows_of("content of a Keras file", _CONTENTS, command="probe_model"),
    *rows_of("network in a Keras file", _NETWORKS, command="probe_model"),
)
