"""The strip of verdicts: a row a question, a glyph a layer, a word that stands for it."""

from __future__ import annotations

from study.analysis.core.results import (
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    HypothesisResult,
    QuestionResult,
)
from study.report.pictures import strip_rows, verdict_strip
from tests.example_results import HOSTILE, hypothesis, layer_result, undefined_layer


def result_of(name: str, verdict: str, *layers: str, status: str = "confirmatory") -> HypothesisResult:
    """Return a hypothesis with one verdict in all its layers."""
    one = hypothesis(name, "existence", "A claim.", layers=layers, status=status)
    return HypothesisResult(
        one, tuple(layer_result(layer, 0.2, 0.1, 0.01, verdict) for layer in layers), verdict, "", verdict
    )


def question(name: str, *hypotheses: HypothesisResult, title: str = "Is it so?") -> QuestionResult:
    """Return a question with some hypotheses."""
    return QuestionResult(name, title, "3.1", "It is so.", hypotheses)


def test_the_primary_hypothesis_stands_for_its_question() -> None:
    """Whatever its verdict; else the first confirmatory one that was tested; a question without any has no row."""
    first, primary = result_of("a", SUPPORTED, "conv1"), result_of("b", NOT_TESTED, "conv1", status="primary")
    exploratory, untested = (
        result_of("c", SUPPORTED, "conv1", status="exploratory"),
        result_of("d", NOT_TESTED, "conv1"),
    )
    rows = strip_rows(
        [question("one", first, primary), question("two", untested, exploratory, first), question("three")]
    )
    assert [(row.question, row.hypothesis, row.verdict) for row in rows] == [
        ("one", "b", NOT_TESTED),
        ("two", "a", SUPPORTED),
    ]


def test_a_row_has_a_glyph_in_each_of_its_layers_and_one_word() -> None:
    """Layers that a claim is not about have an empty place; a row is linked to its question."""
    rows = strip_rows(
        [
            question("one", result_of("a", SUPPORTED, "conv1", "conv2", "fc1")),
            question("two", result_of("b", INCONCLUSIVE, "conv2")),
        ]
    )
    strip = verdict_strip(rows, places={"one": "q1"})
    assert strip.count('role="img"') == 4 and strip.count("<i></i>") == 2
    assert strip.count("#mark-supported") == 3 + 1 and strip.count("#mark-inconclusive") == 1 + 1
    assert strip.count("<a ") == 1 and 'href="#q1"' in strip
    assert 'aria-label="fc1: supported"' in strip


def test_many_layers_have_words_alone() -> None:
    """No row of fifty glyphs fits a page."""
    rows = strip_rows([question("one", result_of("a", SUPPORTED, *(f"conv{place}" for place in range(50))))])
    strip = verdict_strip(rows, places={})
    assert 'role="img"' not in strip and "supported" in strip


def test_text_from_outside_is_escaped() -> None:
    """Titles, layers and verdicts; a layer without a test has the glyph of its verdict."""
    undefined = HypothesisResult(
        hypothesis("a", "existence", "A claim.", layers=(HOSTILE,)), (undefined_layer(HOSTILE, ""),), HOSTILE, "", ""
    )
    strip = verdict_strip(strip_rows([question(HOSTILE, undefined, title=HOSTILE)]), places={HOSTILE: HOSTILE})
    assert "<script" not in strip and "<img" not in strip
    assert verdict_strip((), places={}).endswith("</ol>")
