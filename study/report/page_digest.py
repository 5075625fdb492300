"""What each page says of itself in a few lines of data, from which the list of all reports is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study.analysis.core.results import QuestionResult
from study.report.pictures.strip import strip_rows


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
