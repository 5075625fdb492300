"""Which preprocessing a network is given: what its graph tells, what the user says, and what to do where they differ."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from study.networks.pretrained.expected_range import RANGES, ExpectedRange, PixelRange, expected_range
from study.networks.pretrained.preprocessing import known_preprocessings, preprocess, preprocessing_name
from study.vocabulary.errors import StudyError, refuse_unless

ANYWAY = ":anyway"  # behind a name: the user knows better than the graph

_FURTHEST_STANDARDISED = 4.0  # standard deviations


@dataclass(frozen=True)
class Choice:
    """A preprocessing that the user names, and whether it is to be used whatever the network's graph tells."""

    name: str
    anyway: bool

    @classmethod
    def of(cls, text: str) -> Choice:
        """Return the choice that `--preprocessing` makes.

        Raises
        ------
        StudyError
            When there is no such preprocessing.
        """
        return cls(preprocessing_name(text.removesuffix(ANYWAY)), text.endswith(ANYWAY))


def checked_preprocessing(model: keras.Model, choice: Choice, *, what: str) -> tuple[str, tuple[str, ...]]:
    """Return the preprocessing that the user chose for a network, and the remarks that belong to it.

    Raises
    ------
    StudyError
        When the network's first operations are made for another range of pixels than it would be given, and the choice is
        not to be used anyway.
    """
    expected = expected_range(model)
    if expected.possible == RANGES:
        return choice.name, ()
    if _agrees(choice.name, expected):
        return choice.name, (_fed(choice.name, expected, what),)
    made, said = f"--preprocessing {choice.name} makes {_made_words(choice.name)}", _said(expected, what)
    refuse_unless(
        choice.anyway,
        f"{made}, but {said}; pass --preprocessing {_remedy(expected)}, or {choice.name}{ANYWAY} if it was trained so",
    )
    return choice.name, (f"{said}; {made} all the same, as {choice.name}{ANYWAY} asks",)


def told_preprocessing(model: keras.Model, *, what: str) -> tuple[str, tuple[str, ...]]:
    """Return the preprocessing that a network's first operations tell, and the remark that says so.

    Raises
    ------
    StudyError
        When they leave more than one possible.
    """
    expected = expected_range(model)
    if expected.possible == RANGES:
        raise StudyError(
            f"{what}: nothing in its first operations says which pixels it was trained on; pass --preprocessing, one of"
            f" {known_preprocessings()}, as it was trained"
        )
    if expected.known is None:
        raise StudyError(
            f"{_said(expected, what)}, and which it was trained on cannot be told; pass --preprocessing {_remedy(expected)}"
        )
    name = expected.known.preprocessing
    return name, (_fed(name, expected, what),)


def _agrees(name: str, expected: ExpectedRange) -> bool:
    """Return whether a network may expect what a preprocessing makes.

    One that takes 0 to 1 as well as -1 to 1 may take standardised pixels, which lie about there, too.
    """
    made = _made_range(name)
    is_about_there = made is None and float(abs(_ends(name)).max()) < _FURTHEST_STANDARDISED
    return made in expected.possible or (is_about_there and expected.known is None)


def _fed(name: str, expected: ExpectedRange, what: str) -> str:
    return f"{_said(expected, what)}; it was given {'these' if expected.known else _made_words(name)}"


def _said(expected: ExpectedRange, what: str) -> str:
    return f"{what} expects pixels of {' or '.join(map(str, expected.possible))}, as its {expected.reason}"


def _remedy(expected: ExpectedRange) -> str:
    return " or ".join(pixels.preprocessing for pixels in expected.possible)


def _made_range(name: str) -> PixelRange | None:
    """Return the range that a preprocessing makes of 0 to 255, the same in every channel; None where it is no such."""
    ends = _ends(name)
    return next((pixels for pixels in RANGES if np.allclose(ends, [[pixels.low], [pixels.high]], atol=1e-3)), None)


def _made_words(name: str) -> str:
    ends = _ends(name)
    return str(_made_range(name) or f"{ends.min():.3g} to {ends.max():.3g}")


def _ends(name: str) -> np.ndarray:
    """Return what a preprocessing makes of black and white, (2, channel)."""
    return preprocess(np.repeat([0.0, 255.0], 3).reshape(2, 1, 1, 3), name)[:, 0, 0]
