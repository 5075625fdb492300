"""Questions by layers: a glyph a cell and a word a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from study.analysis.core.results import QuestionResult


@dataclass(frozen=True)
class StripRow:
    """One question of the strip: its title, the claim that stands for it, the verdict, and that of each layer.

    `question` is the question's name, `hypothesis` the id of the hypothesis that stands for it (its first primary one, else
    its first confirmatory one), `verdict` its word, `cells` (layer, verdict) in the network's order.
    """

    question: str
    title: str
    hypothesis: str
    verdict: str
    cells: tuple[tuple[str, str], ...]


def strip_rows(questions: Sequence[QuestionResult]) -> tuple[StripRow, ...]:
    """Return a row a question that has a hypothesis."""
    return ()


def verdict_strip(rows: Sequence[StripRow], *, places: dict[str, str]) -> str:
    """Return the strip as an HTML list: a row a question, linked to its place on the page.

    Parameters
    ----------
    rows
        As `strip_rows` gives them.
    places
        The anchor of each question by its name; a question without one is not linked.
    """
    return ""
