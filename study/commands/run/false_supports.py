"""What the number of tests alone would support, if nothing that is claimed were so."""

from __future__ import annotations

from collections.abc import Sequence

from study.analysis.core.results import NO_VERDICT, QuestionResult


def false_support_sentences(questions: Sequence[QuestionResult]) -> list[str]:
    """Return how many claims would be supported falsely, were every null hypothesis true, and which are primary.

    A family's adjustment keeps the probability of any false support in it at its alpha, so that the alphas of the
    families that were tested add up to the most that is expected over all of them.
    """
    results = [result for question in questions for result in question.hypotheses]
    tested = [
        result.hypothesis
        for result in results
        if result.hypothesis.is_confirmatory and result.verdict not in NO_VERDICT
    ]
    alphas: dict[str, float] = {}
    for hypothesis in tested:
        alphas[hypothesis.family] = max(hypothesis.alpha, alphas.get(hypothesis.family, 0.0))
    primary = [result.hypothesis for result in results if result.hypothesis.is_primary]
    sentences = [
        f"If every null hypothesis were true, at most {sum(alphas.values()):.2g} of the {len(tested)} confirmatory"
        " hypotheses tested here would be expected to be supported: the sum of alpha over their"
        f" {len(alphas)} {'family' if len(alphas) == 1 else 'families'}."
    ]
    if primary:
        names = ", ".join(hypothesis.id for hypothesis in primary)
        level = max(hypothesis.alpha for hypothesis in primary)
        sentences.append(
            f"Primary: {names}, adjusted across, so that any of them is supported falsely with probability {level:g} at"
            " most."
        )
    return sentences
