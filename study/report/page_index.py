"""The page that lists all reports, each with its answer and its strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from study.report.page import page_text
from study.report.pictures.strip import StripRow, verdict_strip


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


def listed_page(file: str, digest: Mapping[str, Any]) -> ListedPage:
    """Return a page as it is listed, from what it says of itself in the shape of `study.report.page_digest.DIGEST_SHAPE`."""
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
    shown = [(page, verdict_strip(page.rows, places=page.places or {}, page=page.file)) for page in pages]
    return page_text("index.html.j2", pages=shown, without=without)
