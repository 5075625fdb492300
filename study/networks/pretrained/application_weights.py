"""Applications of Keras with weights: random ones, Keras' own, or those in a file."""

from __future__ import annotations

import os
import traceback
import warnings
from pathlib import Path
from typing import Any

import keras

from study.networks.pretrained.applications import applications
from study.networks.pretrained.keras_file import refuse_damaged_weights
from study.vocabulary.errors import StudyError, one_line, refuse_unless, shown
from study.vocabulary.reading import user_path

WEIGHTS_SUFFIXES = (".weights.h5", ".h5", ".keras")


def built(name: str, classes: int | None, input_size: int | None) -> keras.Model:
    """Return an application with random weights."""
    options: dict[str, Any] = {} if input_size is None else {"input_shape": (input_size, input_size, 3)}
    options |= {} if classes is None else {"classes": classes}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes and channels, which are checked here
            return applications()[name](weights=None, **options)
    except ValueError as error:
        raise StudyError(f"{name} cannot be built with {options} ({one_line(error)}); change --input-size") from error


def with_imagenet_weights(name: str) -> keras.Model:
    """Return an application with Keras' own ImageNet weights, from its cache or the network."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return applications()[name](weights="imagenet")
    except Exception as error:  # get_file raises a bare Exception
        address, place = _wanted(error)
        reason = one_line(error).removeprefix(f"URL fetch failure on {address}: ")
        raise StudyError(
            f"--weights imagenet: the weights of {name} could not be downloaded ({reason}); put {address} at {place}, or"
            " pass --weights FILE with that file, or --weights none for random weights"
        ) from error


def _wanted(error: BaseException) -> tuple[str, str]:
    """Return the address of the file that Keras tried to download, and where its cache would keep it.

    Keras says neither name nor place of the file in its error; they are read from the frame that failed.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "get_file" and "download_target" in frame.f_locals:
            return str(frame.f_locals["origin"]), str(frame.f_locals["download_target"])
    return "the file of Keras' weights", "its place in ~/.keras/models"


def weights_file(text: str) -> Path:
    """Return the file of weights of that path, "~" for the user's folder; StudyError where it is none."""
    path = user_path(text)
    allowed = f"imagenet, none, or a file that ends in {', '.join(WEIGHTS_SUFFIXES)}"
    refuse_unless(path.name.endswith(WEIGHTS_SUFFIXES), f"--weights {shown(text)}: must be {allowed}")
    refuse_unless(os.path.isfile(path), f"--weights {shown(text)}: there is no such file; must be {allowed}")
    return path


def read_weights(model: keras.Model, path: Path) -> None:
    """Give a network the weights in a file; StudyError where they are those of another."""
    try:
        model.load_weights(path)
    except Exception as error:  # of h5py, zipfile and Keras
        raise StudyError(
            f"--weights {path}: these are no weights of {model.name} with input {model.input_shape[1:]} and"
            f" {model.output_shape[-1]} outputs ({one_line(error)}); give a file saved from the same network"
        ) from error
    refuse_damaged_weights(
        model, origin=f"--weights {shown(path)}", remedy="give a file from before training went wrong"
    )
