"""What the number of tests alone would support, if nothing that is claimed were so; and which claims stand for the study."""

from __future__ import annotations

from collections.abc import Sequence

from study.analysis.core.results import NO_VERDICT, HypothesisResult, QuestionResult


def false_supports_sentence(questions: Sequence[QuestionResult]) -> str:
    """Return how many claims would be supported falsely, were every null hypothesis true.

    A family's adjustment keeps the probability of any false support in it at its alpha, so that the alphas of the
    families that were tested add up to the most that is expected over all of them.
    """
    tested = [
        result.hypothesis
        for result in _results(questions)
        if result.hypothesis.is_confirmatory and result.verdict not in NO_VERDICT
    ]
    if not tested:
        return "No confirmatory hypothesis was tested, so that none can be supported falsely."
    alphas: dict[str, float] = {}
    for hypothesis in tested:
        alphas[hypothesis.family] = max(hypothesis.alpha, alphas.get(hypothesis.family, 0.0))
    return (
        f"If every null hypothesis were true, at most {sum(alphas.values()):.2g} of the {len(tested)} confirmatory"
        " hypotheses tested here would be expected to be supported: the sum of alpha over their"
        f" {len(alphas)} {'family' if len(alphas) == 1 else 'families'}."
    )


def primary_sentence(questions: Sequence[QuestionResult]) -> str:
    """Return which hypotheses are primary, with their verdicts; '' where none is."""
    primary = [result for result in _results(questions) if result.hypothesis.is_primary]
    if not primary:
        return ""
    named = "; ".join(f"{result.hypothesis.id}: {result.verdict}" for result in primary)
    level = max(result.hypothesis.alpha for result in primary)
    return (
        f"{named}. Their p-values are adjusted across, so that any of them is supported falsely with probability"
        f" {level:g} at most."
    )


def _results(questions: Sequence[QuestionResult]) -> list[HypothesisResult]:
    return [result for question in questions for result in question.hypotheses]
