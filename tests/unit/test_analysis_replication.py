"""The second set of initialisations: tested by itself, never mixed with the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from study.analysis.core.results import (
    AGREE,
    CANNOT_TELL,
    DISAGREE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
)
from study.analysis.questions.replication import QUESTION
from tests.example_networks import ExampleArrays, example_arrays
from tests.example_study import AUGMENTATIONS, LAYERS, analysed, concluded, registered, study_of

REPEATED = {
    "replication-existence": "existence-selective-units",
    "replication-spatial-frequency": "spatial_frequency-range-zero",
    "replication-ablation": "ablation-effect",
    "replication-generalization": "generalization-lower-layers",
}
VGG16 = (
    "replication-vgg16-existence",
    "replication-vgg16-high-layers-absence",
    "replication-vgg16-spatial-frequency",
    "replication-vgg16-ablation",
)
STRONG = dict.fromkeys(LAYERS, 0.9)
Vary = Callable[[float], Mapping[str, Any]]


def networks(initialization_set: int, vary: Vary = lambda draw: {}, **options: Any) -> list[ExampleArrays]:
    """Return 24 networks of a set; `vary` gives options of each from a number drawn uniformly from 0 to 1."""
    made = []
    for place in range(24):
        rng = np.random.default_rng([place, 5])
        settings = {"layers": LAYERS, "epochs": 2, **options, **vary(rng.random())}
        identity = {"augmentation": AUGMENTATIONS[place % 4], "seed": place // 4}
        made.append(example_arrays(rng, initialization_set=initialization_set, **identity, **settings))
    return made


def results(first: list[ExampleArrays], second: list[ExampleArrays], *names: str) -> dict[str, HypothesisResult]:
    """Return the results of some hypotheses in a study of two sets, by id."""
    return concluded(study_of([*first, *second]), *names)


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_repeated_is_registered_alike(name: str) -> None:
    """The same layers, test, rules and bounds as the hypothesis it repeats: only who is tested differs."""
    again, first = (registered().hypotheses[one] for one in (name, REPEATED[name]))
    differing = ("id", "question", "paper_section", "claim", "estimand", "measure", "family")
    assert [
        field.name
        for field in dataclasses.fields(first)
        if field.name != "status" and getattr(first, field.name) != getattr(again, field.name)
    ] == list(differing)
    assert again.is_confirmatory and first.is_confirmatory


def test_an_effect_of_ablation_in_the_second_set_alone_is_found_there_alone() -> None:
    """Planted in one set, it is supported in that one and opposite in the other, whichever it is."""
    planted, absent = {"log_ratio": {"conv2": 1.0, "conv3": 1.0}}, {"log_ratio": {"conv2": -0.3, "conv3": -0.3}}
    for first, second, verdicts in (
        (absent, planted, (OPPOSITE, SUPPORTED)),
        (planted, absent, (SUPPORTED, OPPOSITE)),
    ):
        outcomes = results(networks(1, **first), networks(2, **second), "ablation-effect", "replication-ablation")
        assert (outcomes["ablation-effect"].verdict, outcomes["replication-ablation"].verdict) == verdicts
        assert outcomes["ablation-effect"].second is not None
        assert outcomes["ablation-effect"].second.verdict == verdicts[1]
        assert outcomes["ablation-effect"].second.agreement == DISAGREE


def test_selective_units_in_the_second_set_alone_are_found_there_alone() -> None:
    """High gOSI in one set, none above chance in the other."""
    outcomes = results(
        networks(1, analysed_gosi=dict.fromkeys(LAYERS, 0.1)),
        networks(2, analysed_gosi=dict.fromkeys(LAYERS, 0.8)),
        "existence-selective-units",
        "replication-existence",
    )
    assert outcomes["existence-selective-units"].verdict == RULED_OUT
    assert outcomes["replication-existence"].verdict == SUPPORTED


@pytest.mark.parametrize(("share", "verdict"), [(0.9, SUPPORTED), (0.1, RULED_OUT)])
def test_one_orientation_at_all_frequencies_in_the_second_set(share: float, verdict: str) -> None:
    """The share of units with range 0 is planted there; the first set holds the opposite."""
    options = {"analysed_gosi": STRONG}
    outcomes = results(
        networks(1, zero_range=1 - share, **options),
        networks(2, zero_range=share, **options),
        "replication-spatial-frequency",
    )
    assert outcomes["replication-spatial-frequency"].verdict == verdict


def test_an_association_with_test_loss_in_the_second_set_alone_is_found_there_alone() -> None:
    """Selectivity falls as loss rises in one set, and does not depend on it in the other."""

    def falling(draw: float) -> Mapping[str, Any]:
        return {"test_loss": 1 + draw, "analysed_gosi": dict.fromkeys(LAYERS, 0.8 - 0.5 * draw)}

    def rising(draw: float) -> Mapping[str, Any]:
        return {"test_loss": 1 + draw, "analysed_gosi": dict.fromkeys(LAYERS, 0.3 + 0.5 * draw)}

    names = ("generalization-lower-layers", "replication-generalization")
    outcomes = results(networks(1, rising), networks(2, falling), *names)
    assert [outcomes[name].verdict for name in names] == [OPPOSITE, SUPPORTED]
    assert all(layer.estimate < -0.6 for layer in outcomes["replication-generalization"].layers)


@pytest.mark.parametrize("name", REPEATED)
def test_the_second_set_gives_what_the_same_networks_give_as_first(name: str) -> None:
    """Estimates do not depend on the number of the set, and the result beside the first set's is that registered."""
    options = {"log_ratio": {"conv2": 0.3}, "vary": lambda draw: {"test_loss": 1 + draw}}
    as_first = results(networks(1, **options), [], REPEATED[name])[REPEATED[name]]
    outcomes = results(networks(1, log_ratio={"conv2": -1.0}), networks(2, **options), name, REPEATED[name])
    beside = outcomes[REPEATED[name]].second
    assert beside is not None
    assert outcomes[name].second is None
    for one, again, other in zip(as_first.layers, outcomes[name].layers, beside.layers, strict=True):
        assert one.estimate == again.estimate == other.estimate
        assert one.n == again.n == other.n > 20
        assert other.pvalue == pytest.approx(again.pvalue, abs=0.03)


def test_vgg16_is_not_measured_and_says_so() -> None:
    """Every layer of it has a row without a value and with a reason, here and as published."""
    outcomes = results(networks(1), networks(2), *VGG16)
    assert len(outcomes[VGG16[0]].layers) == 20
    for one in outcomes.values():
        assert one.verdict == one.published_verdict == NOT_TESTED
        for layer, published in zip(one.layers, one.published_layers, strict=True):
            assert layer.note == "registered for vgg16"
            assert np.isnan([layer.estimate, layer.pvalue, published.estimate]).all()
            assert "not measured here" in published.note


def test_nothing_is_replicated_without_a_second_set() -> None:
    """No hypothesis of the question is tested, none of another has a second result, and the reason names the set."""
    (question, *_) = analysed(study_of(networks(1)), *REPEATED)
    assert {one.verdict for one in question.hypotheses} == {NOT_TESTED}
    assert all("second set" in one.reason for one in question.hypotheses)
    assert question.figures == question.second_figures == question.notes == ()
    assert concluded(study_of(networks(1)), "ablation-effect")["ablation-effect"].second is None


def test_too_small_a_second_set_is_not_tested_and_nobody_can_tell() -> None:
    """Four networks are fewer than registered; the first set's verdict stays what it is."""
    outcomes = results(
        networks(1, analysed_gosi=STRONG), networks(2, analysed_gosi=STRONG)[:4], "existence-selective-units"
    )
    one = outcomes["existence-selective-units"]
    assert one.verdict == SUPPORTED
    assert one.second is not None
    assert (one.second.verdict, one.second.agreement) == (NOT_TESTED, CANNOT_TELL)
    assert "at least 8 networks" in one.second.reason


def test_sets_of_the_same_kind_agree_and_every_figure_is_drawn_again() -> None:
    """Effects planted in both sets are found in both, and each question shows its figures twice."""
    both = (networks(number, analysed_gosi=STRONG, log_ratio={"conv2": 1.0, "conv3": 1.0}) for number in (1, 2))
    for question in analysed(study_of([*next(both), *next(both)]), "existence-selective-units", "ablation-effect"):
        (one,) = question.hypotheses
        assert one.second is not None
        assert one.second.agreement == AGREE
        assert [figure.id for figure in question.second_figures] == [figure.id for figure in question.figures]


def test_notes_say_who_the_second_set_is() -> None:
    """Networks by augmentation, and that VGG16 is not among them."""
    first, second = QUESTION.notes(study_of(networks(2)), (), root_seed=0)
    assert "24 networks" in first
    assert "6 none, 6 shift, 6 flip, 6 shift_flip" in first
    assert "VGG16 is not among these networks" in second
