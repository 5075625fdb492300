"""What a report says in a sentence: at most forty words, with a number, its unit, its interval and its n."""

from __future__ import annotations

import dataclasses

import pytest

from study.analysis.core.points import Quantity
from study.analysis.core.results import (
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    SUPPORTED,
    VERDICTS,
    HypothesisResult,
    QuestionResult,
)
from study.report.answer import MOST_WORDS, answer, finding, shortened
from tests.example_results import HOSTILE, hypothesis, layer_result

QUANTITY = Quantity(
    label="cost of one half minus that of the other", unit="nat", higher="one half costs more", lower="less"
)


def decided(name: str, verdict: str, *, status: str = "primary", reason: str = "the reason") -> HypothesisResult:
    """Return a hypothesis of two layers with a verdict."""
    layers = (layer_result("conv2", 0.4, 0.1, 0.001, verdict), layer_result("conv3", 0.2, 0.1, 0.001, verdict))
    one = hypothesis(name, "ablation", f"Claim of {name}.", status=status)
    return HypothesisResult(one, layers, verdict, reason, verdict, quantity=QUANTITY)


def asked(*results: HypothesisResult) -> tuple[QuestionResult, ...]:
    """Return one question with these hypotheses."""
    return (QuestionResult("ablation", "Does it?", "3.4", "It does.", results),)


def test_what_is_supported_is_said_with_its_number() -> None:
    """How many of the claims, in which layer, how much of which unit, from where to where, from how many networks."""
    said = answer(asked(decided("a", SUPPORTED), decided("b", INCONCLUSIVE), decided("c", NOT_TESTED)))
    assert said.startswith(
        "One of three primary claims is supported, one inconclusive, one not tested. In conv3 one half costs"
    )
    assert "more: 0.200 nat (95\N{NO-BREAK SPACE}% interval" in said
    assert said.endswith("24 networks).")


def test_a_number_is_never_without_its_unit() -> None:
    """Where the words beside it are those of a direction, the unit follows the number though the quantity's label has it."""
    correlation = Quantity(
        label="rank correlation with test loss", unit="rank correlation", higher="falls", lower="rises"
    )
    supported = dataclasses.replace(decided("a", SUPPORTED), quantity=correlation)
    undecided = dataclasses.replace(decided("a", INCONCLUSIVE), quantity=correlation)
    assert "falls: 0.200 rank correlation (" in answer(asked(supported))
    assert finding(undecided).startswith("Rank correlation with test loss: 0.200 in conv3 (")


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("reason", ["too few networks", HOSTILE * 40])
def test_the_answer_never_has_more_than_forty_words(verdict: str, reason: str) -> None:
    """Whatever the verdict, and however long its reason."""
    for number in (1, 3):
        results = [decided(f"h{place}", verdict, reason=reason) for place in range(number)]
        assert 0 < len(answer(asked(*results)).split()) <= MOST_WORDS + 1


@pytest.mark.parametrize("verdict", [NOT_TESTED, NOT_INFORMATIVE])
def test_a_run_that_cannot_tell_says_why(verdict: str) -> None:
    """No number stands for a study without a verdict; the reason does."""
    said = answer(asked(decided("a", verdict, reason="the test needs at least 12 networks; there are 8")))
    assert said == "This run cannot tell: the test needs at least 12 networks; there are 8."
    assert finding(decided("a", verdict, reason="too few")) == "Too few."


def test_what_is_not_decided_is_not_said_to_be_either_side() -> None:
    """An inconclusive estimate is named by its axis, never by the side that it happens to lie on."""
    said = answer(asked(decided("a", INCONCLUSIVE)))
    assert said.startswith("This run cannot tell: the primary claim is inconclusive. Cost of one half minus")
    assert "costs more" not in said


def test_without_primary_hypotheses_those_of_the_questions_answer() -> None:
    """Exploratory ones do where nothing else is registered; nothing at all is said to be nothing."""
    assert answer(asked(decided("a", SUPPORTED, status="exploratory"))).startswith("The main claim is supported.")
    assert answer(()) == "No hypothesis is registered, so nothing is decided."


def test_a_finding_says_the_other_layers_too() -> None:
    """One by one while they are few."""
    said = finding(decided("a", SUPPORTED))
    assert "In the other layer: conv2 0.400 [" in said


def test_estimates_without_words_are_named_by_their_hypothesis() -> None:
    """A question that names no axis still has an answer with a number."""
    assert "b: 0.200 in conv3" in finding(dataclasses.replace(decided("b", INCONCLUSIVE), quantity=None)).lower()


def test_cut_text_says_so() -> None:
    """An ellipsis stands for what is left out."""
    assert shortened("one two three.", 2) == "one two \N{HORIZONTAL ELLIPSIS}"
