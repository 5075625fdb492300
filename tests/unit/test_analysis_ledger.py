"""The ledger: a row for every claim of the paper, what differs in method, and what that did to the verdict."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from study.analysis.core.ledger import ledger, registered_test
from study.analysis.core.published import NOT_IN_PAPER
from study.analysis.core.results import (
    DIFFERENT_VERDICTS,
    DISAGREE,
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_COMPARED,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SAME_VERDICT,
    SUPPORTED,
    HypothesisResult,
    LedgerRow,
    PublishedLayer,
    QuestionResult,
    SecondSet,
)
from study.analysis.core.testing import untested
from study.analysis.questions import questions
from study.registration import Hypothesis
from tests.example_networks import example_arrays
from tests.example_results import NAN, hypothesis, layer_result, undefined_layer
from tests.example_study import LAYERS, analysed, registered, registered_questions, study_of

# What the paper claims, question by question, and the hypotheses that say it.
CLAIMS = {
    "existence": ("existence-selective-units", "existence-above-shuffle"),
    "spatial_frequency": ("spatial_frequency-range-zero",),
    "untrained": ("untrained-weaker", "untrained-few", "untrained-present"),
    "maturation": ("maturation-correlation", "maturation-higher-layers-absence"),
    "generalization": (
        "generalization-lower-layers",
        "generalization-conv1-absence",
        "generalization-higher-layers-absence",
    ),
    "memorization": ("memorization-trend", "memorization-higher-layers-absence"),
    "ablation": ("ablation-effect", "ablation-twofold", "ablation-silence", "ablation-other-layers-absence"),
    "shift_invariance": ("shift_invariance-fc1", "shift_invariance-depth"),
    "replication": (
        "replication-existence",
        "replication-spatial-frequency",
        "replication-ablation",
        "replication-generalization",
        "replication-vgg16-existence",
        "replication-vgg16-high-layers-absence",
        "replication-vgg16-spatial-frequency",
        "replication-vgg16-ablation",
    ),
}
REASONS = (
    "Unit of analysis",
    "Baseline",
    "Autocorrelation",
    "Pooling",
    "Absence",
    "Intervention",
    "Outcome",
    "Common",
    "Comparator",
    "Ranking",
    "Reliability",
    "Dose",
)
MEASURES = [(name, measure) for name in registered_questions() for measure in questions()[name].published]


def row_of(result: HypothesisResult) -> LedgerRow:
    """Return the ledger's row of one result."""
    (row,) = ledger((QuestionResult("existence", "", "", "", (result,)),))
    return row


def result(verdict: str = SUPPORTED, published: str = SUPPORTED, **changes: object) -> HypothesisResult:
    """Return a result in two layers, with p-values of either analysis."""
    made = HypothesisResult(
        hypothesis("h", "existence", "It is so.", layers=("conv2", "conv3")),
        (layer_result("conv2", 0.5, 0.1, 0.001, verdict), undefined_layer("conv3", "conv3 is undefined")),
        verdict,
        "a reason",
        published,
        (PublishedLayer("conv2", 0.4, 0.02, published), PublishedLayer("conv3", 0.4, NAN, published, "by eye")),
        published_test="By eye.",
        difference="Unit of analysis: networks.",
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def published_test(hypothesis: Hypothesis) -> str:
    """Return what the analysis as published of a hypothesis' estimand is, in words."""
    return questions()[hypothesis.question].published[hypothesis.measure].test


def explained(hypothesis: Hypothesis) -> HypothesisResult:
    """Return the result of a hypothesis that was not tested, with the published analysis in words."""
    return dataclasses.replace(untested(hypothesis, "no data"), published_test=published_test(hypothesis))


def test_every_claim_of_the_paper_has_its_row() -> None:
    """Each confirmatory or primary hypothesis of the paper, in the order of questions, and none of those beyond it."""
    whole = registered().hypotheses.values()
    by_question = {name: tuple(one for one in whole if one.question == name) for name in registered_questions()}
    confirmatory = {
        name: tuple(one.id for one in hypotheses if one.is_confirmatory and published_test(one) != NOT_IN_PAPER)
        for name, hypotheses in by_question.items()
    }
    assert {name: confirmatory[name] for name in CLAIMS} == CLAIMS
    results = tuple(
        QuestionResult(name, "", "", "", tuple(explained(one) for one in hypotheses))
        for name, hypotheses in by_question.items()
    )
    rows = ledger(results)
    assert [row.hypothesis for row in rows] == [name for names in confirmatory.values() for name in names]
    for row in rows:
        assert row.claim == registered().hypotheses[row.hypothesis].claim
        assert row.absence == ("absence" in row.hypothesis)
        assert row.comparison == NOT_COMPARED
        assert row.untested == "no data"


@pytest.mark.parametrize(
    ("verdict", "published", "comparison"),
    [
        (SUPPORTED, SUPPORTED, SAME_VERDICT),
        (INCONCLUSIVE, SUPPORTED, DIFFERENT_VERDICTS),
        (OPPOSITE, SUPPORTED, DIFFERENT_VERDICTS),
        (RULED_OUT, OPPOSITE, SAME_VERDICT),  # both speak against the claim
        (EFFECT_PRESENT, EFFECT_PRESENT, SAME_VERDICT),
        (RULED_OUT, INCONCLUSIVE, DIFFERENT_VERDICTS),
        (RULED_OUT, NOT_SUPPORTED, SAME_VERDICT),  # an eye cannot tell these two apart
        (INCONCLUSIVE, NOT_SUPPORTED, SAME_VERDICT),
        (SUPPORTED, NOT_SUPPORTED, DIFFERENT_VERDICTS),
        (NOT_INFORMATIVE, NOT_INFORMATIVE, NOT_COMPARED),
        (NOT_TESTED, SUPPORTED, NOT_COMPARED),
        (SUPPORTED, NOT_TESTED, NOT_COMPARED),
        (NOT_TESTED, NOT_TESTED, NOT_COMPARED),
    ],
)
def test_verdicts_are_compared_where_there_are_two(verdict: str, published: str, comparison: str) -> None:
    """The same, different, or nothing to compare because one analysis has none."""
    assert row_of(result(verdict, published)).comparison == comparison


def test_a_row_holds_both_analyses_layer_by_layer() -> None:
    """Published p as it is, registered p adjusted, NaN where there is none."""
    row = row_of(result())
    assert row.layers == ("conv2", "conv3")
    assert row.published_pvalues[0] == ("conv2", 0.02)
    assert row.registered_pvalues[0] == ("conv2", pytest.approx(0.007))
    for pvalues in (row.published_pvalues, row.registered_pvalues):
        assert pvalues[1][0] == "conv3"
        assert math.isnan(pvalues[1][1])
    assert (row.published_test, row.difference) == ("By eye.", "Unit of analysis: networks.")
    assert (row.untested, row.second_verdict) == ("", "")


def test_the_second_set_has_its_verdict() -> None:
    """That of the registered test; the comparison is of the first set."""
    again = SecondSet((), OPPOSITE, "", DISAGREE)
    row = row_of(result(second=again))
    assert (row.second_verdict, row.comparison) == (OPPOSITE, SAME_VERDICT)


def test_an_analysis_without_a_verdict_says_why() -> None:
    """The notes of its layers, each kind once, else the reason of the whole; never nothing."""
    assert row_of(result(NOT_TESTED)).untested == "conv3 is undefined"
    every = tuple(undefined_layer(layer, f"{layer} is undefined") for layer in ("conv1", "conv2", "conv3"))
    assert row_of(result(NOT_TESTED, layers=every)).untested == "conv1 is undefined; likewise 2 more layers"
    assert row_of(result(NOT_TESTED, layers=())).untested == "a reason"
    assert row_of(result(NOT_TESTED, layers=(), reason="")).untested == "no reason is recorded"
    assert row_of(result(NOT_INFORMATIVE, NOT_INFORMATIVE)).untested == "a reason"
    assert row_of(result(SUPPORTED, NOT_TESTED)).untested == "by eye"
    assert row_of(result(SUPPORTED, NOT_TESTED, published_layers=())).untested == "no reason is recorded"


def test_vgg16_is_not_tested_and_says_why() -> None:
    """Its network is not held: every row of it has a reason on either side, through the whole analysis."""
    networks = [
        example_arrays(np.random.default_rng(seed), layers=LAYERS, epochs=2, seed=seed, initialization_set=2)
        for seed in range(2)
    ]
    names = [name for name in registered().hypotheses if "vgg16" in name]
    rows = ledger(analysed(study_of(networks), *names))
    assert [row.hypothesis for row in rows] == names
    for row in rows:
        assert (row.registered_verdict, row.published_verdict) == (NOT_TESTED, NOT_TESTED)
        assert "registered for vgg16" in row.untested
        assert row.difference.startswith("Unit of analysis: one network")
        assert row.published_test.startswith("No test")


@pytest.mark.parametrize(("name", "measure"), MEASURES)
def test_every_measure_says_what_was_published_and_what_differs(name: str, measure: str) -> None:
    """One line each, of a length that a table holds; the reason comes first, by a name that is known."""
    published = questions()[name].published[measure]
    for text in (published.test, published.difference):
        assert text.endswith(".")
        assert "\n" not in text
        assert 10 < len(text) < 220
    assert published.difference.startswith(REASONS)
    assert ": " in published.difference
    if measure.endswith("absence") and published.test != "Not in the paper.":
        assert "absence read" in published.test or "no asterisk" in published.test


ABSENT = {"alternative": "two-sided", "opposite_beyond": "nothing", "ruled_out_at": "nothing", "smallest_effect": 0.3}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"null_value": 0.5, "alternative": "less"},
            "Mean over networks against 0.5, by the larger p of sign flips and a bootstrap-t; one-sided, below.",
        ),
        ({"exchangeable": "by design"}, "Mean over networks against 0, by sign flips; one-sided, above."),
        (
            {"test": "rank_correlation", "strata": "augmentation"},
            "Rank correlation over networks, ranks taken and permuted within augmentation, studentised; one-sided, above.",
        ),
        (
            {"test": "rank_correlation"},
            "Rank correlation over networks, ranks taken and permuted freely, studentised; one-sided, above.",
        ),
        (
            {"test": "mean_equivalence", **ABSENT},
            "Equivalence: the mean over networks lies within -0.3 and 0.3, by the larger p of sign flips and a bootstrap-t;"
            " two one-sided tests.",
        ),
        (
            {"test": "correlation_equivalence", "strata": "augmentation", **ABSENT},
            "Equivalence: the rank correlation over networks within augmentation lies within -0.3 and 0.3, on Fisher's z;"
            " two one-sided tests.",
        ),
    ],
)
def test_a_registered_test_is_said_in_words(fields: dict[str, object], words: str) -> None:
    """Each kind of test, with its bounds and its side."""
    assert registered_test(hypothesis("h", "existence", "It is so.", **fields)) == words
