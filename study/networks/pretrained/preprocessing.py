"""From pictures of 0 to 255 to what a network is fed, photographs and gratings alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.networks.graph.model_graph import flat_model
from study.networks.pretrained.applications import application_name, application_preprocessing, applications
from study.vocabulary.errors import StudyError, refuse_unless

Pictures = NDArray[np.float32]

# What is done to pixels of 0 to 255, besides what each application does.
SCALINGS: dict[str, Callable[[Any], Any]] = {
    "raw": lambda pixels: pixels,
    "unit": lambda pixels: pixels / np.float32(255),
    "symmetric": lambda pixels: pixels / np.float32(127.5) - np.float32(1),
}


@dataclass(frozen=True)
class InputLayout:
    """The pictures a network takes: square, `size` pixels wide, of one channel (grey) or three (red, green, blue)."""

    size: int
    channels: int
    channels_first: bool


def preprocessing_name(text: str) -> str:
    """Return the name of a preprocessing as `preprocess` takes it.

    Raises
    ------
    StudyError
        On any other name.
    """
    if text in SCALINGS:
        return text
    try:
        return application_name(text)
    except StudyError as error:
        raise StudyError(
            f"--preprocessing {text}: must be raw (0 to 255 as they are), unit (0 to 1), symmetric (-1 to 1), or the name"
            " of an application of Keras, such as vgg16, whose preprocessing it then is"
        ) from error


def preprocess(images: NDArray[np.uint8] | NDArray[np.floating], name: str) -> Pictures:
    """Return what a network is fed for pictures of 0 to 255.

    Parameters
    ----------
    images
        (image, row, column, channel), 0 to 255, red before green before blue; left as they are.
    name
        `"raw"`: as they are. `"unit"`: divided by 255. `"symmetric"`: to -1 to 1. The name of an application of Keras:
        its own `preprocess_input`; that of vgg16 turns RGB into BGR and takes off the ImageNet means.

    Returns
    -------
    float32, the shape of `images`.

    Raises
    ------
    StudyError
        On another name, or an application's preprocessing of pictures without three channels.
    """
    pixels = np.array(images, dtype=np.float32)  # a copy: Keras' functions write into what they get
    if name in SCALINGS:
        return np.asarray(SCALINGS[name](pixels))
    refuse_unless(
        pixels.shape[-1] == 3,
        f"--preprocessing {name} is for pictures of 3 channels, the network takes {pixels.shape[-1]}: must be"
        f" {', '.join(SCALINGS)}",
    )
    return np.ascontiguousarray(application_preprocessing(name)(pixels, data_format="channels_last"))


def as_input(pictures: NDArray[np.uint8] | NDArray[np.floating], layout: InputLayout, name: str) -> Pictures:
    """Return pictures, (image, row, column, channel) of 0 to 255, preprocessed and with their axes as a network has them."""
    fed = preprocess(pictures, name)
    return np.ascontiguousarray(np.moveaxis(fed, -1, 1)) if layout.channels_first else fed


def gratings_as_pictures(grey: NDArray[np.float32], channels: int) -> Pictures:
    """Return grey images in [0, 1], (image, row, column), as pictures of 0 to 255 with equal channels."""
    return np.repeat(grey[..., None] * np.float32(255), channels, axis=-1)


def input_layout(model: keras.Model) -> InputLayout:
    """Return what pictures a network takes.

    Raises
    ------
    StudyError
        When it is no graph from one input to one output, takes anything but a square picture of one or three channels, or
        has no gratings at its size.
    """
    shape = tuple(flat_model(model).inputs[0].shape[1:])
    allowed = "must be a square picture, (size, size, 3) or (size, size, 1)"
    refuse_unless(len(shape) == 3, f"{model.name} takes an input of shape {shape}: {allowed}")
    first = _channels_first(model, shape)
    channels, height, width = shape if first else (shape[2], shape[0], shape[1])
    refuse_unless(channels in (1, 3), f"{model.name} takes an input of shape {shape}: {allowed}")
    refuse_unless(
        height is not None and width is not None, f"{model.name} takes pictures of any size: pass --input-size N"
    )
    refuse_unless(
        height == width,
        f"{model.name} takes pictures of {height} x {width} px: {allowed}; --input-size N"
        " builds it for N x N where its layers allow it",
    )
    next_size = -(-height // 4) * 4
    refuse_unless(
        height % 4 == 0,
        f"{model.name} takes pictures of {height} px: gratings are defined for multiples of 4 pixels; pass --input-size"
        f" {next_size}, which builds it for that size where its layers allow it",
    )
    return InputLayout(height, channels, first)


def _channels_first(model: keras.Model, shape: tuple[int | None, ...]) -> bool:
    """Return whether the channels of the input come before its rows, which the first layer with an opinion decides."""
    opinions = (getattr(layer, "data_format", None) for layer in flat_model(model).layers)
    known = next((opinion for opinion in opinions if opinion in ("channels_first", "channels_last")), None)
    return known == "channels_first" if known else shape[-1] not in (1, 3) and shape[0] in (1, 3)


def known_preprocessings() -> str:
    """Return the allowed names in words."""
    return f"raw (0 to 255), unit (0 to 1), symmetric (-1 to 1), or one of {len(applications())} applications such as vgg16"
