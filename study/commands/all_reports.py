"""`reports/index.html`: every report there is with its strip, and every study without one."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path
from typing import Final

from study.commands.study_folder import DATA, REPORTS, readable_record
from study.report.page import publish
from study.report.page_digest import DIGEST_SHAPE
from study.report.page_index import ListedPage, listed_page, render_index
from study.store import StudyFolder
from study.vocabulary.errors import StudyError, one_line, shown
from study.vocabulary.reading import parse_json, read_text
from study.vocabulary.shapes import shape_problem

INDEX: Final = "index.html"
_NOT_LISTED: Final = (INDEX, "calibration.html")
_MOST_BYTES: Final = 100_000_000
_DIGEST: Final = re.compile(r'<script type="application/json" id="digest">(.*?)</script>', re.DOTALL)


def write_index() -> str:
    """Write `reports/index.html` from what each report says of itself; return '' or, where it cannot be written, why.

    No study is lost for want of a list: nothing is raised.
    """
    pages = [_listed(path) for path in REPORTS.glob("*.html") if path.name not in _NOT_LISTED]
    pages.sort(key=lambda page: page.name)
    pages.sort(key=lambda page: page.generated, reverse=True)
    try:
        publish(render_index(pages, without=_without_report()), REPORTS / INDEX, remedy="move it away")
    except StudyError as error:
        return one_line(error)
    return ""


def _listed(path: Path) -> ListedPage:
    """Return a page as it is listed; one that cannot be read, or says nothing of itself, has that as its problem."""
    file = urllib.parse.quote(path.name, errors="surrogateescape")
    try:
        found = _DIGEST.search(read_text(path, most_bytes=_MOST_BYTES))
        if found is None:
            return ListedPage(file, shown(path.stem), problem="A page of another version of this program.")
        digest = parse_json(found[1], what=shown(path))
        if problem := shape_problem(digest, DIGEST_SHAPE):
            return ListedPage(file, shown(path.stem), problem=f"What it says of itself is damaged: {problem}.")
    except StudyError as error:
        return ListedPage(file, shown(path.stem), problem=one_line(error))
    return listed_page(file, digest)


def _without_report() -> list[str]:
    """Return a line for every study in `data/` that has no report, or whose record cannot be read."""
    lines = []
    for path in sorted(DATA.glob("*/study.json")):
        name = path.parent.name
        try:
            readable_record(StudyFolder(path.parent))
        except StudyError as error:
            lines.append(f"{shown(name)}: {one_line(error)}")
            continue
        if not (REPORTS / f"{name}.html").exists():
            lines.append(f"{shown(name)}: not analysed yet; `python -m study status {shown(name)}` says what is next.")
    return lines
