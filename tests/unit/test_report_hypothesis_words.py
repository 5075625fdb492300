"""What decided a hypothesis, in words: the side that counts, and how each finding was registered."""

from __future__ import annotations

import dataclasses

import pytest

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
)
from study.report import hypothesis_words
from tests.example_results import NAN, hypothesis, layer_result

LAYER = dataclasses.replace(
    layer_result("conv1", 0.1, 0.1, 0.5, INCONCLUSIVE),
    pvalue_adjusted=0.4,
    pvalue_opposite_adjusted=0.03,
    pvalue_ruled_out_adjusted=0.02,
)
ABSENT = hypothesis(
    "h",
    "existence",
    "c",
    test="mean_equivalence",
    alternative="two-sided",
    null_value=1.0,
    smallest_effect=0.25,
    opposite_beyond="nothing",
    ruled_out_at="nothing",
)


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (SUPPORTED, "0.40"),
        (INCONCLUSIVE, "0.40"),
        (NOT_TESTED, "0.40"),
        (OPPOSITE, "0.030"),
        (RULED_OUT, "0.020"),
        (EFFECT_PRESENT, "0.020"),
        (NOT_INFORMATIVE, "\N{EN DASH}"),
    ],
)
def test_the_side_that_decided_gives_the_pvalue(verdict: str, text: str) -> None:
    """That of support where no other side decided; none is read of networks that did not learn."""
    assert hypothesis_words.deciding_pvalue(dataclasses.replace(LAYER, verdict=verdict)) == text


def result_of(**changes: object) -> HypothesisResult:
    """Return a result in one layer."""
    made = HypothesisResult(hypothesis("h", "existence", "c"), (LAYER,), SUPPORTED, "", SUPPORTED, pvalue=0.0412)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_sides_without_a_test_have_no_column() -> None:
    """A claim of absence has no opposite, and its other side is an effect that is present."""
    assert [words for words, *_ in hypothesis_words.side_columns(result_of())] == ["supported", "opposite", "ruled out"]
    without = dataclasses.replace(LAYER, pvalue_opposite=NAN, pvalue_opposite_adjusted=NAN)
    columns = hypothesis_words.side_columns(result_of(hypothesis=ABSENT, layers=(without,)))
    assert [words for words, *_ in columns] == ["supported", "effect present"]
    assert hypothesis_words.side_rows((without,), columns) == [("conv1", ["0.50", "0.40", "1.00", "0.020"])]


def test_a_claim_as_a_whole_has_a_pvalue_where_it_has_a_verdict() -> None:
    """With how it was combined; nothing where nothing was tested or the networks did not learn."""
    assert hypothesis_words.whole_sentence(result_of()).startswith(
        "As a whole, p of support 0.041: a partial conjunction"
    )
    for verdict in (NOT_TESTED, NOT_INFORMATIVE):
        assert hypothesis_words.whole_sentence(result_of(verdict=verdict)) == ""
    assert hypothesis_words.whole_sentence(result_of(pvalue=NAN)) == ""


def test_what_decides_is_said_side_by_side() -> None:
    """Bounds as registered, in the direction of the claim; a side that is not registered is said not to be."""
    less = hypothesis(
        "h",
        "existence",
        "c",
        alternative="less",
        null_value=0.0,
        smallest_effect=-0.3,
        estimate_reaches="smallest_effect",
        ruled_out_at="nothing",
    )
    minus = "\N{MINUS SIGN}"
    assert hypothesis_words.decision_rows(result_of(hypothesis=less)) == [
        (
            "Supported when",
            f"Holm-adjusted p at most 0.05, one-sided, for an effect below 0, and an estimate of at most {minus}0.3",
        ),
        ("Opposite when", "Holm-adjusted p at most 0.05, one-sided, for an effect above 0"),
        ("Ruled out when", "not tested, by the registration"),
    ]
    assert hypothesis_words.decision_rows(result_of(hypothesis=ABSENT)) == [
        ("Supported when", "Holm-adjusted p at most 0.05 for an effect above 0.75 and below 1.25, both one-sided"),
        ("Effect present when", "Holm-adjusted p at most 0.05 for an effect below 0.75 or above 1.25"),
    ]
    assert hypothesis_words.margins_text(result_of(hypothesis=ABSENT)) == "0.75 and 1.25"
