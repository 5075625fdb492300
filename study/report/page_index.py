"""What each page says of itself in a few lines of data, and the page that lists them all, with their strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from study.analysis.core.results import QuestionResult
from study.report.pictures.strip import StripRow, strip_rows, verdict_strip


@dataclass(frozen=True)
class ListedPage:
    """A page as it is listed: its file, the study's name, when it was made, its answer and a row a question.

    `places` are the anchors of the questions by name. `problem` says why nothing else is known of it, '' where all is.
    """

    file: str
    name: str
    generated: str = ""
    answer: str = ""
    rows: tuple[StripRow, ...] = ()
    places: Mapping[str, str] | None = None
    problem: str = ""


def page_digest(
    name: str, generated: str, answer: str, questions: Sequence[QuestionResult], places: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a page says of itself, as plain JSON types."""
    rows = [
        {
            "question": row.question,
            "title": row.title,
            "hypothesis": row.hypothesis,
            "verdict": row.verdict,
            "cells": [list(cell) for cell in row.cells],
            "place": places.get(row.question, ""),
        }
        for row in strip_rows(questions)
    ]
    return {"name": name, "generated": generated, "answer": answer, "rows": rows}


# The shape of what `page_digest` returns, as it is read again.
DIGEST_SHAPE: Mapping[str, Any] = {
    "name": str,
    "generated": str,
    "answer": str,
    "rows": [{"question": str, "title": str, "hypothesis": str, "verdict": str, "cells": [[str]], "place": str}],
}


def listed_page(file: str, digest: Mapping[str, Any]) -> ListedPage:
    """Return a page as it is listed, from what it says of itself in the shape of `DIGEST_SHAPE`."""
    rows = tuple(
        StripRow(
            row["question"],
            row["title"],
            row["hypothesis"],
            row["verdict"],
            tuple((cell[0], cell[1]) for cell in row["cells"] if len(cell) == 2),
        )
        for row in digest["rows"]
    )
    places = {row["question"]: row["place"] for row in digest["rows"] if row["place"]}
    return ListedPage(file, digest["name"], digest["generated"], digest["answer"], rows, places)


def render_index(pages: Sequence[ListedPage], *, without: Sequence[str]) -> str:
    """Return the page that lists pages as one HTML document; `without` has a line for every study without a report."""
    from study.report.page import page_text

    shown = [(page, verdict_strip(page.rows, places=page.places or {}, page=page.file)) for page in pages]
    return page_text("index.html.j2", pages=shown, without=without)
