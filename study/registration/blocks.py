"""Blocks of `preregistration.md` that may stand there once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study.vocabulary.errors import StudyError


def only_table(tables: Sequence[Mapping[str, Any]], where: str, *, remedy: str) -> Mapping[str, Any]:
    """Return the one table of the parsed blocks of a kind, empty where there is no block.

    Parameters
    ----------
    tables
        The parsed blocks.
    where
        Their place, for messages.
    remedy
        What to do about a second block, in the imperative.

    Raises
    ------
    StudyError
        When there is a second block.
    """
    if len(tables) > 1:
        raise StudyError(f"{where}: there are {len(tables)} such blocks; {remedy}")
    return tables[0] if tables else {}
