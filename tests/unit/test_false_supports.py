"""How many claims the number of tests alone would support is the sum of alpha over what was tested."""

from __future__ import annotations

from typing import Any

from study.analysis.core.results import HypothesisResult, QuestionResult
from study.commands.run.false_supports import false_supports_sentence, primary_sentence
from tests.example_registration import made_up_hypothesis


def result(identifier: str, verdict: str = "inconclusive", **fields: Any) -> HypothesisResult:
    """Return the result of a made-up hypothesis, which is its own family."""
    hypothesis = made_up_hypothesis(identifier, **{"family": identifier, **fields})
    return HypothesisResult(hypothesis, (), verdict, "", "inconclusive")


def asked(*results: HypothesisResult) -> list[QuestionResult]:
    """Return questions of one hypothesis each."""
    return [QuestionResult(one.hypothesis.id, "", "", "", (one,)) for one in results]


def test_alphas_of_tested_confirmatory_families_add_up() -> None:
    """A family counts once; what was not tested, is not informative or exploratory, does not count; primary ones do."""
    sentence = false_supports_sentence(
        asked(
            result("a", "supported", status="primary"),
            result("b", alpha=0.1),
            result("c", family="b", alpha=0.1),
            result("d", status="exploratory"),
            result("e", "not tested"),
            result("f", "not informative"),
        )
    )
    assert "at most 0.15 of the 3 confirmatory hypotheses" in sentence
    assert sentence.endswith("over their 2 families.")


def test_primary_hypotheses_are_named_with_their_verdicts() -> None:
    """They stand for the study, and are adjusted across; where there is none, nothing is said."""
    sentence = primary_sentence(asked(result("a", "supported", status="primary"), result("c")))
    assert sentence.startswith("a: supported. Their p-values are adjusted across")
    assert "probability 0.05 at most" in sentence
    assert primary_sentence(asked(result("c"))) == ""


def test_a_study_that_tested_nothing_expects_nothing() -> None:
    """No family, no false support."""
    assert false_supports_sentence(asked(result("a", "not tested"))).startswith("No confirmatory hypothesis was tested")
