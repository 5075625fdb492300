"""The ledger: each claim of the paper, judged by the analysis as published and by the registered one, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from study.analysis.core.published import NOT_IN_PAPER
from study.analysis.core.results import (
    NOT_INFORMATIVE,
    NOT_TESTED,
    HypothesisResult,
    LayerResult,
    LedgerRow,
    PublishedLayer,
    QuestionResult,
)
from study.registration import Hypothesis

_SIDES = {"less": "one-sided, below", "greater": "one-sided, above"}


def ledger(questions: Sequence[QuestionResult]) -> tuple[LedgerRow, ...]:
    """Return a row for every claim of the paper, in the order of the questions.

    A claim of the paper is what a confirmatory hypothesis says; exploratory ones, and those whose estimand is not in the
    paper, add to it and have no row.
    """
    return tuple(
        _row(result)
        for question in questions
        for result in question.hypotheses
        if result.hypothesis.is_confirmatory and result.published_test != NOT_IN_PAPER
    )


def registered_test(hypothesis: Hypothesis) -> str:
    """Return in words what a hypothesis is tested by."""
    within = "" if hypothesis.strata == "none" else f" within {hypothesis.strata.replace('_', ' ')}"
    low, high = (hypothesis.null_value + sign * hypothesis.smallest_effect for sign in (-1, 1))
    tested = hypothesis.kind.sentence.format(
        null_value=hypothesis.null_value,
        low=low,
        high=high,
        by="sign flips" if hypothesis.exchangeable else "the larger p of sign flips and a bootstrap-t",
        within=within,
        permuted=within.strip() or "freely",
    )
    side = "two one-sided tests" if hypothesis.kind.absence else _SIDES[hypothesis.alternative]
    return f"{tested}; {side}."


def _row(result: HypothesisResult) -> LedgerRow:
    hypothesis, second = result.hypothesis, result.second
    return LedgerRow(
        hypothesis=hypothesis.id,
        claim=hypothesis.claim,
        paper_section=hypothesis.paper_section,
        layers=hypothesis.layers,
        absence=hypothesis.kind.absence,
        published_test=result.published_test,
        published_pvalues=tuple((layer.layer, layer.pvalue) for layer in result.published_layers),
        published_verdict=result.published_verdict,
        registered_test=registered_test(hypothesis),
        registered_pvalues=tuple((layer.layer, layer.pvalue_adjusted) for layer in result.layers),
        registered_verdict=result.verdict,
        second_verdict="" if second is None else second.verdict,
        difference=result.difference,
        comparison=result.comparison,
        untested=_untested(result),
    )


def _untested(result: HypothesisResult) -> str:
    """Return why the registered or, failing that, the published analysis has no verdict."""
    if result.verdict == NOT_INFORMATIVE:
        return result.reason
    if result.verdict == NOT_TESTED:
        return _notes(result.layers) or result.reason or "no reason is recorded"
    if result.published_verdict == NOT_TESTED:
        return _notes(result.published_layers) or "no reason is recorded"
    return ""


def _notes(layers: Sequence[LayerResult | PublishedLayer]) -> str:
    """Return the notes of layers, those that differ in the layer's name alone put together."""
    kinds: dict[str, list[str]] = {}
    for layer in layers:
        if layer.note:
            kinds.setdefault(layer.note.replace(layer.layer, ""), []).append(layer.note)
    return "; ".join(
        notes[0] if len(set(notes)) == 1 else f"{notes[0]}; likewise {len(notes) - 1} more layers"
        for notes in kinds.values()
    )
