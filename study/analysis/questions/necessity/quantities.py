"""The axes of the question's pictures: which conditions a value compares, and what either side means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from study.analysis.core.points import Quantity
from study.vocabulary.rearing import (
    DISCOURAGED,
    DISCOURAGED_SHAM,
    ENCOURAGED,
    ENCOURAGED_SHAM,
    FREE,
    ISOTROPIC,
    PARTED,
    RANDOM_BASIS,
)

Compared = tuple[str, str]
NAMES: Final[Mapping[str, tuple[str, str]]] = {  # of a score: in words, and its unit
    "test_loss": ("test loss", "nat"),
    "training_loss": ("training loss", "nat"),
    "generalisation_gap": ("generalisation gap", "nat"),
    "test_accuracy": ("test accuracy", "share of images"),
    "shifted_loss": ("loss of shifted test images", "nat"),
    "cost_of_shifts": ("loss that shifts of test images add", "nat"),
}
COMPARISONS: Final[Mapping[str, tuple[str, Compared]]] = {  # of a measure: the score and the conditions
    "test_loss_against_parted": ("test_loss", (ISOTROPIC, PARTED)),
    "generalisation_gap_against_parted": ("generalisation_gap", (ISOTROPIC, PARTED)),
    "training_loss_against_parted": ("training_loss", (ISOTROPIC, PARTED)),
    "test_accuracy_against_parted": ("test_accuracy", (ISOTROPIC, PARTED)),
    "shifted_loss_against_parted": ("shifted_loss", (ISOTROPIC, PARTED)),
    "cost_of_shifts_against_parted": ("cost_of_shifts", (ISOTROPIC, PARTED)),
    "test_loss_against_random_basis": ("test_loss", (ISOTROPIC, RANDOM_BASIS)),
    "test_loss_of_lost_freedom": ("test_loss", (PARTED, FREE)),
    "test_loss_discouraged": ("test_loss", (DISCOURAGED, DISCOURAGED_SHAM)),
    "test_loss_encouraged": ("test_loss", (ENCOURAGED, ENCOURAGED_SHAM)),
}
_WHO: Final[Mapping[str, str]] = {
    ISOTROPIC: "networks reared without orientation selectivity",
    PARTED: "networks that lost freedom",
    DISCOURAGED: "networks whose selectivity was discouraged",
    ENCOURAGED: "networks whose selectivity was encouraged",
}
_IN_WORDS: Final[Mapping[str, str]] = {
    FREE: "free",
    ISOTROPIC: "isotropic",
    PARTED: "parted",
    RANDOM_BASIS: "random basis",
    DISCOURAGED: "discouraged",
    DISCOURAGED_SHAM: "its sham",
    ENCOURAGED: "encouraged",
    ENCOURAGED_SHAM: "its sham",
}


def sides_of(compared: Compared) -> tuple[str, ...]:
    """Return the conditions that a picture joins by a line a seed: the free one first, then the other, then that compared."""
    first, other = compared
    return (FREE, *(name for name in (other, first) if name != FREE))


def quantity_of(score: str, compared: Compared) -> Quantity:
    """Return the words of the difference of a score between two conditions."""
    name, unit = NAMES[score]
    higher, lower = ("are right more often", "are right less often")
    if score != "test_accuracy":
        higher, lower = f"have a higher {name}", f"have a lower {name}"
    conditions = " minus ".join(_IN_WORDS[condition] for condition in compared)
    return Quantity(
        label=f"{name}, {conditions}, networks of the same seed",
        unit=unit,
        higher=f"{_WHO[compared[0]]} {higher}",
        lower=f"{_WHO[compared[0]]} {lower}",
        sides=tuple(_IN_WORDS[condition] for condition in sides_of(compared)),
        sides_label=f"{name} ({unit}); a line joins the networks of a seed",
    )
