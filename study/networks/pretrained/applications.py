"""The networks of keras.applications, as Keras itself lists them."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import keras

from study.vocabulary.errors import StudyError, quoted

Constructor = Callable[..., keras.Model]


@functools.cache
def applications() -> dict[str, Constructor]:
    """Return the constructor of every network in keras.applications, by its name in lower case: vgg16, resnet50, ..."""
    functions = inspect.getmembers(keras.applications, inspect.isfunction)
    return {name.lower(): made for name, made in functions if "weights" in inspect.signature(made).parameters}


def application_name(text: str) -> str:
    """Return the name of an application as `applications` has it; letter case, hyphens and underscores do not matter.

    Raises
    ------
    StudyError
        When Keras has no such application; the message names those that are spelt alike.
    """
    name = re.sub(r"[-_ ]", "", text.lower())
    if name not in applications():
        near = difflib.get_close_matches(name, applications(), n=3)
        known = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(applications())}"
        raise StudyError(f"{quoted(text)} is no network of keras.applications and no .keras file: {known}")
    return name


def application_preprocessing(name: str) -> Callable[..., Any]:
    """Return the `preprocess_input` that Keras keeps beside an application; it may write into what it is given."""
    module = sys.modules[applications()[name].__module__]
    return module.preprocess_input  # type: ignore[no-any-return]
