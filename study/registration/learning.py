"""The registered learning checks: what the networks of an arm must have learnt before anything is concluded from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from study.registration.blocks import only_table
from study.vocabulary.errors import StudyError, quoted

MEASURES: Final[Mapping[str, str]] = {
    "validation_accuracy_above_chance": "validation accuracy minus chance",
    "validation_loss_fall": "fall of validation loss, first epoch to lowest (nat)",
    "train_accuracy": "accuracy on the labels trained on",
}
STRATA: Final = ("augmentation", "label_corruption", "none")


@dataclass(frozen=True)
class LearningRule:
    """The median over an arm's networks, in every stratum, of `measure` must be at least `at_least`."""

    measure: str
    at_least: float
    strata: str

    @property
    def words(self) -> str:
        """Return what is measured, in words."""
        return MEASURES[self.measure]


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
    fields = ("measure", "at_least", "strata")
    if not isinstance(written, dict) or set(written) != set(fields):
        raise StudyError(f"{where}: {quoted(written)} must be a table of {', '.join(fields)}")
    for field, allowed in (("measure", tuple(MEASURES)), ("strata", STRATA)):
        if written[field] not in allowed:
            raise StudyError(
                f"{where}, field {quoted(field)}: {quoted(written[field])} must be one of {', '.join(allowed)}"
            )
    at_least = written["at_least"]
    if isinstance(at_least, bool) or not isinstance(at_least, (int, float)) or not 0 < at_least < 100:
        raise StudyError(f"{where}, field 'at_least': {quoted(at_least)} must be a number above 0 and below 100")
    return LearningRule(written["measure"], float(at_least), written["strata"])
