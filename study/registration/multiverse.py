"""The registered multiverse: every choice that an analysis could have made otherwise, question by question.

The block of `preregistration.md` that opens with ```` ```toml multiverse ```` has a table for each question::

    [existence]
    control = ["own_shuffle", "orientation_shuffle", "none"]

A key is a factor of the analysis, the first of its levels the registered one. Which questions, factors and levels there
are is known to the analysis, which checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study.registration.blocks import only_table
from study.vocabulary.errors import StudyError, quoted

Factors = dict[str, dict[str, tuple[str, ...]]]  # question, factor, levels


def parsed_factors(tables: Sequence[Mapping[str, Any]], where: str) -> Factors:
    """Return the levels of every factor by question.

    Parameters
    ----------
    tables
        The parsed blocks; at most one is allowed.
    where
        The blocks' place, for messages.

    Raises
    ------
    StudyError
        On a second block, or levels that are no list of different names.
    """
    factors_of: Factors = {}
    for question, factors in only_table(tables, where, remedy="write all questions into one").items():
        if not isinstance(factors, dict) or not factors:
            raise StudyError(
                f"{where}: {question} = {quoted(factors)} must be a table of factors, [{question}] above them"
            )
        factors_of[question] = {
            factor: _levels(levels, factor, f"{where}, [{question}]") for factor, levels in factors.items()
        }
    return factors_of


def _levels(levels: Any, factor: str, where: str) -> tuple[str, ...]:
    if not isinstance(levels, list) or not levels or not all(isinstance(level, str) for level in levels):
        raise StudyError(
            f"{where}, factor {quoted(factor)}: {quoted(levels)} must be a list of names, the registered choice first"
        )
    if len(set(levels)) < len(levels):
        raise StudyError(f"{where}, factor {quoted(factor)}: {quoted(levels)} names a level twice")
    return tuple(levels)


def plain_factors(multiverse: Factors) -> dict[str, dict[str, list[str]]]:
    """Return the factors as plain JSON types."""
    return {
        question: {factor: list(levels) for factor, levels in factors.items()}
        for question, factors in multiverse.items()
    }
