"""Nothing that a report says turns a large p-value into absence: neither its templates nor what analyses write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from study import analysis, report
from study.analysis.core.ledger import ledger
from study.analysis.core.results import QuestionResult
from study.analysis.questions import questions
from study.report.glossary import GLOSSARY
from tests.example_study import analysed, example_study, registered_questions

TEMPLATES = sorted((Path(report.__file__).parent / "templates").glob("*.j2"))
MODULES = sorted(Path(analysis.__file__).parent.rglob("*.py"))
NOISE = (
    "existence-selective-units",
    "generalization-lower-layers",
    "generalization-conv1-absence",
    "shift_invariance-fc1",
)
# What somebody writes who takes a test that was not passed for a proof of nothing.
_ABSENCE = re.compile(
    r"\b(?:is|was|are|there is|found|had|has|have|shows?|showed) no "
    r"(?:\w+ ){0,2}(?:effects?|differences?|associations?|correlations?|trends?|contributions?|relations?)\b"
    r"|\b(?:not|no longer|never|non-?) ?(?:statistically )?significant\b"
    r"|\bdo(?:es)? not (?:contribute|differ|correlate)\b"
    r"|\bun(?:affected|related to)\b"
    r"|\bdifferences? (?:is|are|was|were) (?:gone|absent)\b",
    re.IGNORECASE,
)


def absence_claimed(text: str) -> list[str]:
    """Return the phrases of a text that say that there is nothing."""
    return _ABSENCE.findall(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no association in conv1.",
        "The test shows no significant difference between the halves.",
        "The effect is not significant.",
        "Higher layers do not contribute.",
        "gOSI was unaffected.",
        "Within augmentation the difference is gone.",
    ],
)
def test_such_phrases_are_found(text: str) -> None:
    """The search can fail: each of these is one."""
    assert absence_claimed(text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_claims_absence(path: Path) -> None:
    """What stands on every page."""
    assert absence_claimed(path.read_text(encoding="utf-8")) == []


def test_the_glossary_claims_no_absence() -> None:
    """It says what a large p is not."""
    assert absence_claimed(" ".join(meaning for _, meaning in GLOSSARY)) == []
    meanings = dict(GLOSSARY)
    assert "not that there is nothing" in meanings["p-value"]
    assert "Equivalence test" in meanings


def said(question: QuestionResult) -> Iterator[str]:
    """Yield everything an analysis writes, but for the claims, which are the paper's and are to be tested."""
    yield from question.notes
    for figure in (*question.figures, *question.second_figures):
        yield from (figure.title, figure.shows, figure.supports, figure.contradicts)
    for result in question.hypotheses:
        yield from (result.reason, result.published_test, result.difference)
        yield from (layer.note for layer in (*result.layers, *result.published_layers))
    for row in ledger((question,)):
        yield from (row.registered_test, row.untested)


def test_no_analysis_claims_absence_of_noise() -> None:
    """In a study of noise nothing is found, and nothing is said not to be there; only equivalence may say that."""
    questions = analysed(example_study(seeds=4), *NOISE)
    texts = [text for question in questions for text in said(question)]
    assert len(texts) > 40
    assert [text for text in texts if absence_claimed(text)] == []


@pytest.mark.parametrize("name", registered_questions())
def test_no_measure_claims_absence(name: str) -> None:
    """Neither what was published nor what differs is told as a finding."""
    for published in questions()[name].published.values():
        assert absence_claimed(f"{published.test} {published.difference}") == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_sentence_of_an_analysis_claims_absence(path: Path) -> None:
    """Nor does a sentence that the example above happens not to reach."""
    literals = re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text(encoding="utf-8"))
    assert absence_claimed(" ".join(literals)) == []
