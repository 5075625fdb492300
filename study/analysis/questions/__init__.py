"""The questions, one folder each, found by their place: a new one edits nothing here."""

from __future__ import annotations

from collections.abc import Mapping

from study.analysis.core.question import Question
from study.vocabulary.discovery import declared_in


def questions() -> Mapping[str, Question]:
    """Return every question by the name of its folder."""
    return declared_in(__name__, "QUESTION")
