"""Preprocessing that contradicts what a network's first operations expect, or that is not said where nothing tells."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bad_input.corpus import Make, rows_of, typed


@functools.cache
def saved_network(first: Callable[[Any], Any], channels: int) -> bytes:
    """Return a small network, in bytes, that begins with some operations."""
    import tempfile

    import keras

    images = keras.Input((8, 8, channels))
    maps = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(first(images))
    outputs = keras.layers.Dense(2, name="out")(keras.layers.GlobalAveragePooling2D()(maps))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.keras"
        keras.Model(images, outputs).save(path)
        return path.read_bytes()


def network(first: Callable[[Any], Any], *arguments: str, channels: int = 3) -> Make:
    """Return how the command line of a network that begins with some operations is made."""

    def make(place: Path) -> Sequence[str]:
        (place / "net.keras").write_bytes(saved_network(first, channels))
        return ["net.keras", *arguments]

    return make


def _divided(x: Any) -> Any:
    return x / 127.5 - 1.0


def _from_unit(x: Any) -> Any:
    import keras

    return keras.layers.Rescaling(2.0, -1, name="scale")(x)


def _from_symmetric(x: Any) -> Any:
    return (x + 1.0) * 127.5


def _normalized(x: Any) -> Any:
    import keras

    return keras.layers.Normalization(mean=0.47, variance=0.06, name="norm")(x)


def _less_means(x: Any) -> Any:
    import keras

    return keras.applications.vgg16.preprocess_input(x)


def _doubled(x: Any) -> Any:
    return x * 2.0


def _nothing(x: Any) -> Any:
    return x


_BYTES = ("net.keras expects pixels of 0 to 255", "(127.5)", "(1) make -1 to 1 of these", "pass --preprocessing raw")
_ROWS = {
    "that scales twice": (
        network(_divided, "--preprocessing", "mobilenetv2"),
        ("--preprocessing mobilenetv2 makes -1 to 1", *_BYTES, "mobilenetv2:anyway"),
    ),
    "to 0 to 1 of a network that divides": (
        network(_divided, "--preprocessing", "unit"),
        ("--preprocessing unit makes 0 to 1", *_BYTES),
    ),
    "of Caffe's kind of a network that divides": (
        network(_divided, "--preprocessing", "resnet50"),
        ("--preprocessing resnet50 makes -124 to 151", *_BYTES),
    ),
    "of a network that takes off the means itself": (
        network(_less_means, "--preprocessing", "vgg16"),
        ("expects pixels of 0 to 255", "(-103.9, -116.8, -123.7) makes -124 to 151", "raw"),
    ),
    "that leaves 0 to 255 to a network of 0 to 1": (
        network(_from_unit, "--preprocessing", "raw"),
        ("makes 0 to 255", "expects pixels of 0 to 1, as its scale (scale 2, offset -1)", "--preprocessing unit"),
    ),
    "that scales to -1 to 1 before a layer that does": (
        network(_from_unit, "--preprocessing", "symmetric"),
        ("makes -1 to 1", "expects pixels of 0 to 1", "--preprocessing unit"),
    ),
    "that leaves 0 to 255 to a layer adapted to 0 to 1": (
        network(_normalized, "--preprocessing", "raw"),
        ("expects pixels of 0 to 1", "norm (mean 0.47, variance 0.06)", "--preprocessing unit"),
    ),
    "to 0 to 1 of a network of -1 to 1": (
        network(_from_symmetric, "--preprocessing", "unit"),
        ("expects pixels of -1 to 1", "(127.5) make 0 to 255 of these", "--preprocessing symmetric"),
    ),
    "that nothing tells": (
        network(_nothing),
        ("nothing in its first operations", "raw (0 to 255)", "as it was trained"),
    ),
    "that is told to one of two": (network(_doubled), ("0 to 1 or -1 to 1", "cannot be told", "unit or symmetric")),
    "that is neither of two": (
        network(_doubled, "--preprocessing", "raw"),
        ("expects pixels of 0 to 1 or -1 to 1", "makes sense of either", "unit or symmetric"),
    ),
    "of colours for a grey network": (
        network(_nothing, "--preprocessing", "vgg16", channels=1),
        ("--preprocessing vgg16", "3 channels", "raw, unit or symmetric"),
    ),
    "that there is not": (network(_nothing, "--preprocessing", "loud"), ("--preprocessing loud", "raw (0 to 255")),
    "that there is not, insisted on": (
        network(_nothing, "--preprocessing", "loud:anyway"),
        ("--preprocessing loud", "raw (0 to 255"),
    ),
    "of an application that scales itself": (
        typed("mobilenetv3small", "--weights", "none", "--input-size", "32", "--preprocessing", "unit"),
        ("mobilenetv3small expects pixels of 0 to 255", "offset -1)", "raw"),
    ),
}

ROWS = rows_of("preprocessing", _ROWS, command="probe_model")
