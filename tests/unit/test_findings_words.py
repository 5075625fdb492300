"""What a study found, in sentences and tables: the same words must read right whatever the outcome, and hold every number."""

from __future__ import annotations

import dataclasses

import pytest

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
    QuestionResult,
)
from study.analysis.known_answers.ours import OwnValue
from study.commands.findings.effects import brief_effect, sentences, short_effect
from study.commands.findings.tables import beyond_list, claims_list, scale_text, untested_list
from study.commands.known_answers import own_text
from tests.example_points import ALONE
from tests.example_results import NAN, hypothesis, layer_result, undefined_layer

DECIDED = (SUPPORTED, OPPOSITE, RULED_OUT, EFFECT_PRESENT)


def result(
    name: str, verdict: str, *layers: str, status: str = "primary", published: str = INCONCLUSIVE
) -> HypothesisResult:
    """Return a hypothesis with one verdict in all its layers, with a reason where it has none."""
    one = hypothesis(name, "existence", f"Claim of {name}.", layers=layers, status=status)
    made = tuple(layer_result(layer, 0.25 * (i + 1), 0.1, 0.01, verdict) for i, layer in enumerate(layers))
    return HypothesisResult(
        one,
        made,
        verdict,
        "too few networks.",
        published,
        published_test="By eye.",
        difference="A unit.",
        quantity=ALONE,
    )


def question(*hypotheses: HypothesisResult, name: str = "existence") -> QuestionResult:
    """Return a question with some hypotheses."""
    return QuestionResult(name, "Is it so?", "3.1", "The paper says that it is so.", hypotheses)


@pytest.mark.parametrize("verdict", DECIDED)
def test_what_is_decided_is_the_second_sentence(verdict: str) -> None:
    """With the claim, the verdict, what it means, effect, interval, unit and n; nothing is then said to be open."""
    first, second, third = sentences([question(result("a", verdict, "conv2"))], standing="In a study")
    assert first == f"In a study, the primary claim is {verdict}."
    assert "\N{LEFT DOUBLE QUOTATION MARK}Claim of a\N{RIGHT DOUBLE QUOTATION MARK} is " + verdict in second
    assert "conv2 0.250 [0.150, 0.350], share of gratings (n 24)" in second
    assert ("(" in second.split(verdict)[1].split(",")[0]) == (verdict != SUPPORTED)
    assert third == "None of them is left undecided."


def test_what_is_open_is_the_third_sentence() -> None:
    """An inconclusive claim keeps its effect and is no absence; one without a verdict has the reason and no number."""
    claims = question(result("a", INCONCLUSIVE, "conv2"), result("b", NOT_INFORMATIVE, "conv3"))
    first, second, third = sentences([claims], standing="In a study")
    assert first == "In a study, one of two primary claims is inconclusive, one not informative."
    assert second == "None of them is decided."
    assert third.startswith("Inconclusive, which is no evidence of absence: ") and "conv2 0.250 [0.150, 0.350]" in third
    assert "; without a verdict: " in third and "(too few networks)." in third and "conv3" not in third
    _, _, alone = sentences([question(result("b", NOT_TESTED, "conv3"))], standing="In a study")
    assert alone.startswith("Without a verdict: ")


def test_every_mixture_gives_three_sentences() -> None:
    """Whatever the verdicts of two claims; each of them is named once, in the second or in the third."""
    verdicts = (*DECIDED, INCONCLUSIVE, NOT_INFORMATIVE, NOT_TESTED)
    for one in verdicts:
        for other in verdicts:
            made = sentences([question(result("a", one, "conv2"), result("b", other, "fc1"))], standing="In a study")
            assert all(text.endswith(".") and ".." not in text and "  " not in text for text in made), (one, other)
            assert [sum(f"Claim of {name}" in text for text in made[1:]) for name in "ab"] == [1, 1]
    assert sentences([], standing="In a study")[0] == "In a study, no hypothesis is registered."


def test_many_layers_are_one_and_the_range_of_the_others() -> None:
    """The one nearest to the null value stands for all; a layer without an estimate is none of them."""
    made = result("a", SUPPORTED, "conv1", "conv2", "conv3", "conv4")
    more = dataclasses.replace(made, layers=(*made.layers, undefined_layer("fc1", "constant")))
    assert "conv1 0.250 [0.150, 0.350], 3 others 0.500 (conv2) to 1.00 (conv4)" in brief_effect(more)
    assert short_effect(more) == "of 4 layers conv1 0.250 [0.150, 0.350], share of gratings (n 1 to 24)"
    nothing = dataclasses.replace(made, layers=(undefined_layer("fc1", "constant"),))
    assert brief_effect(nothing) == short_effect(nothing) == "no estimate"
    without = dataclasses.replace(made, quantity=None)
    assert "share of gratings" not in brief_effect(without) + short_effect(without)


def test_a_claim_has_both_verdicts_and_why_they_differ() -> None:
    """The difference of the analyses only where the verdicts differ; a claim without a verdict stands elsewhere, with why."""
    same = result("a", SUPPORTED, "conv2", published=SUPPORTED)
    other = result("b", SUPPORTED, "conv2", published=NOT_SUPPORTED)
    asked = [question(same, other, result("c", NOT_TESTED, "fc1", published=SUPPORTED))]
    lines = claims_list(asked).splitlines()
    assert lines[0] == "**3.1, Fig. 1, 2.** *The paper says that it is so.*"
    found = "Mean breadth, in share of gratings: conv2 0.250 [0.150, 0.350] (n 24)."
    assert lines[2] == f"- **supported** (as published: supported). Claim of a. {found}"
    assert lines[3] == f"- **supported** (as published: not supported; A unit). Claim of b. {found}"
    assert len(lines) == 4
    (untested,) = untested_list(asked).splitlines()
    assert untested.startswith("- not tested, ") and untested.endswith("Claim of c [3.1] (as published: supported).")
    assert claims_list([question(result("c", NOT_TESTED, "fc1"))]) == "No claim of the paper has a verdict here."
    assert untested_list([question(same)]) == "Each of them has one."


def test_another_level_than_the_usual_is_said() -> None:
    """A claim of absence has intervals of 90 %; where there is no estimate, that is said."""
    made = result("a", SUPPORTED, "conv2")
    absence = dataclasses.replace(made, hypothesis=dataclasses.replace(made.hypothesis, confidence_level=0.9))
    assert brief_effect(absence).endswith("conv2 0.250 [0.150, 0.350] (90 %; n 24)")
    assert brief_effect(dataclasses.replace(made, layers=(undefined_layer("fc1", "constant"),))) == "no estimate"


def test_what_the_paper_has_no_analysis_of_stands_apart() -> None:
    """In a list of its own; where nothing of the kind is registered, that is said."""
    ours = dataclasses.replace(result("a", INCONCLUSIVE, "conv2"), published_test="Not in the paper.")
    assert "- *Is it so?* **inconclusive** (primary). Claim of a. Mean breadth" in beyond_list([question(ours)])
    assert "Claim of a" not in claims_list([question(ours)])
    assert beyond_list([question(result("a", SUPPORTED, "conv2"))]) == "Nothing beyond the paper was registered."


def test_ours_has_intervals_where_there_are_any_and_n_once() -> None:
    """Values of one state stand together; what was not measured is said."""
    values = [OwnValue("conv1", 0.5, 0.4, 0.6, 8), OwnValue("fc1", 0.25, NAN, NAN, 8)]
    assert own_text(values) == "conv1 0.500 [0.400, 0.600], fc1 0.250 (8 networks each)"
    before = OwnValue("conv1", 0.125, 0.1, 0.2, 7, state="before")
    assert own_text([*values, before]).endswith("; before: conv1 0.125 [0.100, 0.200] (7 networks)")
    assert own_text(()) == "not measured in this study"


def test_the_size_of_the_paper_is_its_profile() -> None:
    """400 networks, 200 epochs and 40,000 images are 3.2 billion image-steps."""
    assert "400 networks x 200 epochs x 40,000 images = 3.2 billion image-steps" in scale_text()
