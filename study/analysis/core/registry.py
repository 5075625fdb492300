"""The questions by their folders: a new one edits nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.analysis.core.question import Question
from study.vocabulary.discovery import declared_in, declared_where_present

QUESTIONS = "study.analysis.questions"  # the package whose folders they are


def questions() -> Mapping[str, Question]:
    """Return every question by the name of its folder."""
    return declared_in(QUESTIONS, "QUESTION")


def declared_by_some(module: str, attribute: str) -> Mapping[str, Any]:
    """Return what a module of one name declares in the folders of those questions that have it, by question."""
    return declared_where_present(QUESTIONS, module, attribute)
