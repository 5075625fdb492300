"""The language of decision rules: small enough to read at a glance, and nothing in it is run as code.

    pvalue_adjusted <= alpha and estimate >= smallest_effect

Each clause compares one of `QUANTITIES` with another or with a number; clauses are joined by `and`, and `or` stands between
conjunctions.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from study.vocabulary.errors import StudyError

QUANTITIES = (
    "estimate",
    "ci_low",
    "ci_high",
    "pvalue",
    "pvalue_adjusted",
    "alpha",
    "null_value",
    "smallest_effect",
)
EFFECT_IN_RULES = "{smallest_effect}"
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CLAUSE = re.compile(r"\s*(\S+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Rule:
    """Comparisons between named quantities and numbers, `and` before `or`; NaN satisfies none."""

    text: str
    alternatives: tuple[tuple[tuple[str, str, str], ...], ...]

    def holds(self, quantities: Mapping[str, float]) -> bool:
        """Return whether all clauses of any alternative hold; a NaN on either side makes its clause false."""
        return any(
            all(
                _COMPARISONS[symbol](_value(left, quantities), _value(right, quantities))
                for left, symbol, right in clauses
            )
            for clauses in self.alternatives
        )


def _value(term: str, quantities: Mapping[str, float]) -> float:
    return quantities[term] if term in QUANTITIES else float(term)


def parsed_rule(text: Any, where: str, *, smallest_effect: float) -> Rule:
    """Return the rule that a text writes.

    Parameters
    ----------
    text
        Clauses; `{smallest_effect}` in it stands for the number, so that one decision serves hypotheses of several margins.
    where
        The place, for the `StudyError` that refuses what is no rule.
    smallest_effect
        The hypothesis' own.
    """
    filled = str(text).replace(EFFECT_IN_RULES, repr(smallest_effect))
    return Rule(filled, tuple(_clauses(part, where) for part in filled.split(" or ")))


def _clauses(text: str, where: str) -> tuple[tuple[str, str, str], ...]:
    clauses = []
    for clause in text.split(" and "):
        match = _CLAUSE.fullmatch(clause)
        terms = match.group(1, 3) if match else ()
        if match is None or not all(term in QUANTITIES or _is_number(term) for term in terms):
            raise StudyError(
                f"{where}: {clause.strip()!r} is no comparison; write `left <= right` (or >=, <, >), each side a number or"
                f" one of {', '.join(QUANTITIES)}, and join comparisons with `and` or `or`"
            )
        clauses.append((match[1], match[2], match[3]))
    return tuple(clauses)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
