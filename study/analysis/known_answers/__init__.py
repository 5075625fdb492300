"""Facts that others have published of such networks, and what this study's networks give beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import xarray as xr

from study.analysis.known_answers import ours
from study.analysis.known_answers.ours import OwnValue
from study.vocabulary.errors import StudyError
from study.vocabulary.reading import read_toml
from study.vocabulary.shapes import Shape, shape_problem

MOST_WORDS: Final = 25  # of a quotation
FACTS_PATH: Final = Path(__file__).parent / "published.toml"
OURS: Final[Mapping[str, Callable[[xr.DataTree], tuple[OwnValue, ...]]]] = {
    "accuracy_by_augmentation": ours.accuracy_by_augmentation,
    "accuracy_by_corruption": ours.accuracy_by_corruption,
    "selective_shares": ours.selective_shares,
    "cardinal_excesses": ours.cardinal_excesses,
    "random_half_losses": ours.random_half_losses,
    "first_layer_by_corruption": ours.first_layer_by_corruption,
}
_SHAPE: Final[Shape] = {
    "fact": [
        {
            "name": str,
            "quantity": str,
            "unit": str,
            "ours": str,
            "missing": str,
            "published": [
                {"number": str, "networks": str, "source": str, "address": str, "place": str, "quotation": str}
            ],
        }
    ]
}


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What one source says: `number` as it gives it, '' where it gives none, of which `networks`, where, and in its words."""

    number: str
    networks: str
    source: str
    address: str
    place: str
    quotation: str


@dataclass(frozen=True, kw_only=True)
class KnownAnswer:
    """One fact: the `quantity` measured here and its `unit`, what others published of it, and what could not be had of them."""

    name: str
    quantity: str
    unit: str
    ours: str
    missing: str
    published: tuple[Publication, ...]


@cache
def known_answers(path: Path = FACTS_PATH) -> tuple[KnownAnswer, ...]:
    """Return the facts, each with its sources, as the data file beside this module holds them.

    Raises
    ------
    StudyError
        When the file is not of this form, names no function of `OURS`, or quotes at more than `MOST_WORDS` words.
    """
    table: dict[str, Any] = read_toml(path)
    if problem := shape_problem(table, _SHAPE):
        raise StudyError(f"{path}: {problem}")
    facts = tuple(
        KnownAnswer(**{**fact, "published": tuple(Publication(**one) for one in fact["published"])})
        for fact in table["fact"]
    )
    for fact in facts:
        if fact.ours not in OURS:
            raise StudyError(f"{path}: {fact.name} names {fact.ours!r}; allowed are {', '.join(OURS)}")
        for one in fact.published:
            if len(one.quotation.split()) > MOST_WORDS:
                raise StudyError(f"{path}: a quotation of {fact.name} has more than {MOST_WORDS} words; shorten it")
    return facts


def own_values(fact: KnownAnswer, study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return what a study's networks give of a fact; none where it has no networks that were measured for it."""
    return OURS[fact.ours](study)
