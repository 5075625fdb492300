"""External networks: applications of Keras and .keras files, with all that says which they are."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from study.networks.graph.model_graph import Graph, flat_model
from study.networks.pretrained.application_weights import built, read_weights, weights_file, with_imagenet_weights
from study.networks.pretrained.applications import application_name, applications
from study.networks.pretrained.chosen_preprocessing import Choice, checked_preprocessing, told_preprocessing
from study.networks.pretrained.keras_file import network_in
from study.networks.pretrained.preprocessing import InputLayout, input_layout
from study.vocabulary.errors import StudyError, one_line, refuse_unless, shown
from study.vocabulary.reading import user_path

FREE_SIZE = 224  # for an application that Keras builds for any size; all of those have ImageNet weights of this one


@dataclass(frozen=True)
class LoadedModel:
    """An external network, ready to be shown pictures.

    Attributes
    ----------
    model
        With a fixed input size, not compiled.
    name
        The application's name in lower case, or the file's without its suffix.
    layout
        The pictures it takes.
    source, weights
        A sentence each: which network it is, and where its weights are from.
    preprocessing
        As `study.networks.pretrained.preprocessing.preprocess` takes it.
    weights_digest
        SHA-256 (hex) over the architecture as JSON and every weight: what the network *is*, wherever it lay.
    remarks
        Sentences a reader should know: a file from elsewhere, another input size than the network's own.
    """

    model: keras.Model
    name: str
    layout: InputLayout
    source: str
    preprocessing: str
    weights: str
    weights_digest: str
    remarks: tuple[str, ...]


def load(
    model: str,
    *,
    weights: str | None,
    preprocessing: str | None,
    seed: int,
    classes: int | None = None,
    input_size: int | None = None,
) -> LoadedModel:
    """Return a network.

    Names that Keras gives to layers count up from the start again (`keras.backend.clear_session`), so that a network is
    the same whatever this process built before.

    Parameters
    ----------
    model
        The name of an application of Keras, in any letter case, or a path that ends in .keras.
    weights
        For an application: `"imagenet"` (or None) for Keras' own download, from its cache or the network; `"none"` for
        random ones as its initializers draw them; or a file, .weights.h5, .h5 or .keras. For a .keras file: None.
    preprocessing
        As `Choice.of` takes it. None: the application's own; for a file whose first operations tell which pixels it
        expects, what makes these. Any other file needs one.
    seed
        Of random weights, 0 to 2^32 - 1; Python's global generator, which Keras' initializers draw their seeds from, is
        afterwards where it was.
    classes
        Number of outputs of an application; None for the 1000 of ImageNet. Those of ImageNet's weights are 1000.
    input_size
        Pixels; None for the network's own.

    Raises
    ------
    StudyError
        When there is no such network, file, weights or preprocessing, when it does not load, expects other pixels than
        the preprocessing makes, or takes other inputs than one square picture at a size that has gratings.
    """
    if input_size is not None:
        refuse_unless(
            input_size > 0 and input_size % 4 == 0,
            f"--input-size {input_size}: gratings are defined for"
            f" multiples of 4 pixels; such as {max(4, -(-input_size // 4) * 4)}",
        )
    refuse_unless(0 <= seed < 2**32, f"--seed {seed}: must be 0 to {2**32 - 1}")
    choice = None if preprocessing is None else Choice.of(preprocessing)
    keras.backend.clear_session()
    if model.lower().endswith(".keras"):
        return _file(user_path(model), weights, choice, input_size)
    refuse_unless(
        not os.path.exists(model),  # False, not an error, of what could be no path
        f"{shown(model)} is a file or directory but no .keras file: save the network with model.save('NAME.keras') in Keras 3",
    )
    with _initializers_seeded(seed):
        return _application(application_name(model), weights, choice, seed, classes, input_size)


@contextlib.contextmanager
def _initializers_seeded(seed: int) -> Iterator[None]:
    """Let the initializers of Keras draw from a seed inside the block."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _application(
    name: str, weights: str | None, choice: Choice | None, seed: int, classes: int | None, input_size: int | None
) -> LoadedModel:
    """Return an application of Keras; see `load`."""
    if weights is None or weights == "imagenet":
        refuse_unless(
            classes in (None, 1000),
            f"--weights imagenet: they have 1000 outputs, not {classes}; pass --weights"
            " none or a file of weights for that many",
        )
        made, said = with_imagenet_weights(name), "the ImageNet weights that Keras offers"
    else:
        path = None if weights == "none" else weights_file(weights)
        made = built(name, classes, input_size)
        said = f"random weights as its initializers draw them, seed {seed}"
        if path is not None:
            read_weights(made, path)
            said = f"weights read from {path.name}"
    preprocessing, told = (name, ()) if choice is None else checked_preprocessing(made, choice, what=name)
    built_size, remarks = made.input_shape[1], [*told]
    if built_size is None:
        input_size = input_size or FREE_SIZE
        remarks.append(f"Keras builds {name} for pictures of any size: it was given {input_size} px")
    elif input_size not in (None, built_size):
        remarks.append(
            f"the weights of {name} were trained on pictures of {built_size} px: it was given {input_size} px"
        )
    made = made if input_size in (None, built_size) else _resized(made, input_size)
    return _loaded(made, name, f"{name}, as keras.applications builds it", preprocessing, said, remarks)


def _file(path: Path, weights: str | None, choice: Choice | None, input_size: int | None) -> LoadedModel:
    """Return the network in a .keras file; see `load`."""
    refuse_unless(weights is None, f"--weights {weights}: {path.name} holds its own weights; leave --weights out")
    made, changes = network_in(path)
    remarks = [
        f"{path.name} is a file from elsewhere: it was loaded in Keras' safe mode, which runs no code that a file"
        " brings, but load only files whose origin you trust",
        *changes,
    ]
    preprocessing, told = (
        told_preprocessing(made, what=shown(path.name))
        if choice is None
        else checked_preprocessing(made, choice, what=shown(path.name))
    )
    remarks += told
    built_size = made.inputs[0].shape[2]  # whichever axis channels are on
    if input_size not in (None, built_size):
        remarks.append(f"{path.name} is of pictures of {built_size or 'any'} px: it was given {input_size} px")
        made = _resized(made, input_size)
    said = f"the weights in {path.name}"
    return _loaded(made, path.stem, f"{made.name}, from the file {path.name}", preprocessing, said, remarks)


def _loaded(
    model: keras.Model, name: str, source: str, preprocessing: str, weights: str, remarks: list[str]
) -> LoadedModel:
    layout = input_layout(model)
    refuse_unless(
        layout.channels == 3 or preprocessing not in applications(),
        f"--preprocessing {preprocessing} is for pictures of 3 channels, {name} takes 1: must be raw, unit or symmetric",
    )
    return LoadedModel(model, name, layout, source, preprocessing, weights, digest(model), tuple(remarks))


def digest(model: keras.Model) -> str:
    """Return the SHA-256 (hex) over a network's architecture, as JSON, and its weights, in order."""
    made = hashlib.sha256(model.to_json().encode())
    for weight in model.weights:
        values = np.ascontiguousarray(weight)
        made.update(f"{weight.name} {values.shape} {values.dtype}".encode())
        made.update(values.view(np.uint8).data if values.ndim else values.tobytes())
    return made.hexdigest()


def _resized(model: keras.Model, size: int) -> keras.Model:
    """Return a network of the same layers and weights for pictures of another size."""
    shape = tuple(model.inputs[0].shape[1:])
    wanted = (size, size, shape[2]) if shape[2] in (1, 3) else (shape[0], size, size)
    try:
        resized = keras.models.clone_model(model, input_tensors=keras.Input(wanted, name=model.inputs[0].name))
        resized.set_weights(model.get_weights())
        for node in Graph(flat_model(resized)).nodes:
            if isinstance(node.operation, keras.layers.Normalization):
                node.operation.finalize_state()  # it computes with copies of its weights
    except ValueError as error:
        raise StudyError(
            f"--input-size {size}: the weights of {model.name} do not fit pictures of that size ({one_line(error)}); it"
            f" takes {shape} only"
        ) from error
    return resized
