"""The list of all reports: what each page says of itself, nothing hostile alive, and no page that stops the others."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from study.commands.all_reports import write_index
from study.report.page_digest import page_digest
from tests.example_report import example_report
from tests.example_results import HOSTILE

ROW = {
    "question": "existence",
    "title": "Are units selective?",
    "hypothesis": "existence-selective-units",
    "verdict": "supported",
    "cells": [["conv1", "supported"], ["conv2", "inconclusive"]],
    "place": "q1-existence",
}


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory, and return where its reports lie."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def put(reports: Path, stem: str, **changes: Any) -> None:
    """Write a page that says of itself what a report says, with some of it changed."""
    digest = {"name": stem, "generated": "2026-01-02 03:04 UTC", "answer": f"{stem}: yes.", "rows": [ROW], **changes}
    said = json.dumps(digest).replace("<", "\\u003c")
    page = f'<title>x</title><script type="application/json" id="digest">{said}</script>'
    (reports / f"{stem}.html").write_text(page, encoding="utf-8")


def listed(reports: Path) -> str:
    """Write the list and return its text."""
    assert write_index() == ""
    return (reports / "index.html").read_text(encoding="utf-8")


def test_every_page_is_listed_with_its_strip_the_newest_first(reports: Path) -> None:
    """Name, date, answer, a row a question with its word and glyphs; links lead to files beside the list alone."""
    put(reports, "old")
    put(reports, "new", generated="2026-02-02 03:04 UTC")
    (reports / "calibration.html").write_text("a page of its own")
    page = listed(reports)
    assert re.findall(r'<h2 id="page-\d"><a href="([^"]+)"', page) == ["new.html", "old.html"]
    assert page.count('href="new.html#q1-existence"') == 1
    assert '<div class="word supported">' in page
    assert 'title="conv2: inconclusive"' in page
    assert "old: yes." in page
    assert "Content-Security-Policy" in page
    assert "chart-library" not in page.partition("<main")[2].partition("<script>")[0]
    targets = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert all(not target.startswith(("http", "/", "//")) for target in targets)
    assert listed(reports) == page


def test_nothing_hostile_is_alive(reports: Path) -> None:
    """Markup in a page's own words is text in the list."""
    put(reports, "bad", answer=HOSTILE, name=HOSTILE, rows=[{**ROW, "title": HOSTILE, "place": HOSTILE}])
    page = listed(reports)
    assert HOSTILE not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<title>of 0.7</title>", "A page of another version"),
        (b"\xff\xfe\xff", "is not UTF-8"),
        (b'<script type="application/json" id="digest">{"name": 1}</script>', "is damaged"),
        (b'<script type="application/json" id="digest">{</script>', "not valid JSON"),
    ],
)
def test_a_page_that_cannot_be_read_is_a_line(reports: Path, content: bytes, said: str) -> None:
    """The others are listed all the same."""
    put(reports, "good")
    (reports / "bad.html").write_bytes(content)
    page = listed(reports)
    assert said in page
    assert "good: yes." in page


def test_what_is_no_file_is_a_line(reports: Path) -> None:
    """A pipe does not hang it, a directory does not end it; a study whose record is broken is a line too."""
    os.mkfifo(reports / "pipe.html")
    (reports / "folder.html").mkdir()
    broken = reports.parent / "data" / "broken"
    broken.mkdir(parents=True)
    (broken / "study.json").write_text("{")
    page = listed(reports)
    assert "is a pipe" in page
    assert "is a directory" in page
    assert "<li>broken: " in page


def test_a_list_that_cannot_be_written_is_a_line(reports: Path) -> None:
    """No study is lost for want of a list."""
    (reports / "index.html").mkdir()
    assert "cannot write" in write_index()


def test_a_page_says_of_itself_what_its_strip_shows() -> None:
    """A row a question that has a hypothesis, in plain JSON types."""
    report = example_report()
    digest = page_digest(report.name, report.generated, "So.", report.questions, {"existence": "q1"})
    assert json.loads(json.dumps(digest)) == digest
    assert len(digest["rows"]) == sum(bool(question.hypotheses) for question in report.questions)
