"""How many claims the number of tests alone would support is the sum of alpha over what was tested."""

from __future__ import annotations

from typing import Any

from study.analysis.core.results import HypothesisResult, QuestionResult
from study.commands.run.false_supports import false_support_sentences
from tests.example_registration import made_up_hypothesis


def result(identifier: str, verdict: str = "inconclusive", **fields: Any) -> HypothesisResult:
    """Return the result of a made-up hypothesis, which is its own family."""
    hypothesis = made_up_hypothesis(identifier, **{"family": identifier, **fields})
    return HypothesisResult(hypothesis, (), verdict, "", "inconclusive")


def said(*results: HypothesisResult) -> list[str]:
    """Return what is said of some results, each in a question of its own."""
    return false_support_sentences([QuestionResult(one.hypothesis.id, "", "", "", (one,)) for one in results])


def test_alphas_of_tested_confirmatory_families_add_up() -> None:
    """A family counts once; what was not tested, is not informative or exploratory, does not count."""
    (sentence,) = said(
        result("a", "supported"),
        result("b", alpha=0.1),
        result("c", family="b", alpha=0.1),
        result("d", status="exploratory"),
        result("e", "not tested"),
        result("f", "not informative"),
    )
    assert "at most 0.15 of the 3 confirmatory hypotheses" in sentence
    assert sentence.endswith("over their 2 families.")


def test_primary_hypotheses_are_named() -> None:
    """They count among the confirmatory, and are adjusted across."""
    first, second = said(result("a", status="primary"), result("b", status="primary"), result("c"))
    assert "at most 0.15 of the 3" in first
    assert second.startswith("Primary: a, b, adjusted across")
    assert "0.05" in second


def test_a_study_that_tested_nothing_expects_nothing() -> None:
    """No family, no false support."""
    (sentence,) = said(result("a", "not tested"))
    assert "at most 0 of the 0" in sentence
