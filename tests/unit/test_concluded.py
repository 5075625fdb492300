"""What is said at the end of a study: effects with intervals and n, where everything lies, and the same as JSON."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from study.analysis.core.results import INCONCLUSIVE, NOT_TESTED, SUPPORTED
from study.commands.console import Manner
from study.commands.run.concluded import Concluded, say_conclusion
from study.commands.run.standing import Standing
from study.commands.study_folder import Places
from tests.example_report import example_report


def concluded(*failures: str) -> Concluded:
    """Return the example report's conclusion."""
    return Concluded(
        name="quick",
        questions=example_report().questions,
        standing=Standing(),
        failures=failures,
        demonstration=True,
        places=Places(
            data=Path("data/quick/study.zarr"), report=Path("reports/quick.html"), index=Path("reports/index.html")
        ),
    )


def said(one: Concluded, manner: Manner = Manner()) -> str:  # noqa: B008
    """Return what is printed on the way to the console."""
    text = io.StringIO()
    say_conclusion(one, Console(file=text, width=200, quiet=manner.quiet), manner)
    return text.getvalue()


def test_effects_stand_with_interval_n_and_layer() -> None:
    """Every hypothesis that is primary, or confirmatory and decided, has a line with numbers; others are counted."""
    one = concluded()
    lines = said(one).splitlines()
    for result in one.results:
        listed = any(line.strip(" *").startswith(f"{result.hypothesis.id} ") and "[" in line for line in lines)
        decided = result.verdict == SUPPORTED and result.hypothesis.is_confirmatory
        if decided or result.hypothesis.is_primary:
            assert listed, result.hypothesis.id
        elif result.verdict == INCONCLUSIVE:
            assert not listed, result.hypothesis.id
    assert any("in the report alone: " in line for line in lines)


def test_paths_and_the_next_command_come_last() -> None:
    """What to open, and how to check it."""
    assert said(concluded()).splitlines()[-5:] == [
        "data:   data/quick/study.zarr",
        "report: reports/quick.html",
        "all:    reports/index.html",
        "next:   python -m study verify quick",
        "next:   open reports/quick.html",
    ]


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Every hypothesis with every layer; what is undefined is null; paths are whole."""
    one = concluded("none, seed 0 failed")
    say_conclusion(one, Manner(json=True).console, Manner(json=True))
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [entry["hypothesis"] for entry in document["hypotheses"]] == [one.hypothesis.id for one in one.results]
    layers = [layer for entry in document["hypotheses"] for layer in entry["layers"]]
    assert {"estimate", "interval", "networks", "verdict"} <= layers[0].keys()
    assert document["paths"].keys() == {"data", "report", "index"}
    assert Path(document["paths"]["report"]).is_absolute()
    assert document["failures"] == ["none, seed 0 failed"]
    assert "report: reports/quick.html" in err


def test_quiet_says_failures_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, as refusals do; with JSON the document besides."""
    say_conclusion(concluded("none, seed 0 failed"), Manner(quiet=True).console, Manner(quiet=True))
    assert capsys.readouterr() == ("", "study: none, seed 0 failed\n")
    both = Manner(json=True, quiet=True)
    say_conclusion(concluded(), both.console, both)
    out, err = capsys.readouterr()
    assert json.loads(out)["study"] == "quick"
    assert err == ""


def test_a_primary_hypothesis_without_a_verdict_says_why() -> None:
    """In a line below the table, which stays narrow enough for its numbers."""
    one = concluded()
    question = one.questions[0]
    result = question.hypotheses[0]
    primary = dataclasses.replace(result.hypothesis, status="primary")
    untested = dataclasses.replace(result, hypothesis=primary, verdict=NOT_TESTED, reason="too few networks", layers=())
    questions = (dataclasses.replace(question, hypotheses=(untested,)),)
    lines = said(dataclasses.replace(one, questions=questions)).splitlines()
    assert f"{result.hypothesis.id}: too few networks" in lines
    assert any(line.split()[:2] == ["*", result.hypothesis.id] for line in lines)
