"""The registered checks: what an arm's networks must have learnt, and what rearing must have changed, for any verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from study.registration.blocks import only_table
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.rearing import CONDITIONS, FREE

MEASURES: Final[Mapping[str, str]] = {
    "validation_accuracy_above_chance": "validation accuracy minus chance",
    "validation_loss_fall": "fall of validation loss, first epoch to lowest (nat)",
    "train_accuracy": "accuracy on the labels trained on",
}
STRATA: Final = ("augmentation", "label_corruption", "none")
CHANGED: Final[Mapping[str, str]] = {"gosi_beyond_shuffles": "gOSI beyond that of the units' own shuffles"}
LOWER, HIGHER = SIDES = ("lower", "higher")


@dataclass(frozen=True)
class LearningRule:
    """The median over an arm's networks, in every stratum, of `measure` must be at least `at_least`.

    `reared` names the condition of rearing whose networks are asked; '' for all networks of the arm.
    """

    measure: str
    at_least: float
    strata: str
    reared: str = ""

    @property
    def words(self) -> str:
        """Return what is measured, in words."""
        return MEASURES[self.measure]


@dataclass(frozen=True)
class ManipulationRule:
    """The median over seeds of `measure` in the layers reared, less that under the condition compared with, must be large.

    It must lie on `side` of 0, `at_least` away from it.
    """

    measure: str
    side: str
    at_least: float

    @property
    def words(self) -> str:
        """Return what is measured, in words."""
        return CHANGED[self.measure]


def parsed_learning(tables: Sequence[Mapping[str, Any]], where: str) -> dict[str, LearningRule]:
    """Return the learning rule of every arm that has one.

    Parameters
    ----------
    tables
        The parsed blocks; at most one is allowed.
    where
        The blocks' place, for messages.

    Raises
    ------
    StudyError
        On a second block, or a rule with a field missing, unknown or not allowed.
    """
    rules = only_table(tables, where, remedy="write the rules of all arms into one")
    return {arm: _rule(written, f"{where}, [{arm}]") for arm, written in rules.items()}


def _rule(written: Any, where: str) -> LearningRule:
    allowed = {"measure": tuple(MEASURES), "strata": STRATA, "reared": ("", *CONDITIONS)}
    rule = _checked({"reared": "", **written} if isinstance(written, dict) else written, allowed, where)
    return LearningRule(rule["measure"], float(rule["at_least"]), rule["strata"], rule["reared"])


def parsed_manipulation(tables: Sequence[Mapping[str, Any]], where: str) -> dict[str, ManipulationRule]:
    """Return the rule of every condition of rearing that has one; see `parsed_learning`.

    Raises
    ------
    StudyError
        On a second block, a condition that is none, or a rule with a field missing, unknown or not allowed.
    """
    rules = only_table(tables, where, remedy="write the rules of all conditions into one")
    conditions = [condition for condition in CONDITIONS if condition != FREE]
    for condition in rules:
        if condition not in conditions:
            raise StudyError(f"{where}: {quoted(condition)} must be one of {', '.join(conditions)}")
    allowed = {"measure": tuple(CHANGED), "side": SIDES}
    checked = {name: _checked(written, allowed, f"{where}, [{name}]") for name, written in rules.items()}
    return {
        name: ManipulationRule(one["measure"], one["side"], float(one["at_least"])) for name, one in checked.items()
    }


def _checked(written: Any, allowed: Mapping[str, tuple[str, ...]], where: str) -> dict[str, Any]:
    """Return a rule whose fields are a bound and texts of which each has its allowed set."""
    if not isinstance(written, dict) or set(written) != {*allowed, "at_least"}:
        names = [name for name in ("measure", "at_least", *allowed) if name != "reared"]
        raise StudyError(f"{where}: {quoted(written)} must be a table of {', '.join(dict.fromkeys(names))}")
    for field, values in allowed.items():
        if written[field] not in values:
            raise StudyError(
                f"{where}, field {quoted(field)}: {quoted(written[field])} must be one of {', '.join(filter(None, values))}"
            )
    at_least = written["at_least"]
    if isinstance(at_least, bool) or not isinstance(at_least, (int, float)) or not 0 < at_least < 100:
        raise StudyError(f"{where}, field 'at_least': {quoted(at_least)} must be a number above 0 and below 100")
    return written
