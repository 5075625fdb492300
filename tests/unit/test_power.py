"""Power before data: what each confirmatory test can find with the networks that are planned."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

from rich.console import Console

from study.analysis.simulation import (
    Case,
    Size,
    effect_case,
)
from study.commands.power import PowerLine, networks_planned, power_lines, print_power, to_simulate
from study.config import resolve
from study.registration import (
    read_registration,
)
from study.vocabulary.architecture import architectures
from tests.example_calibration import CHEAP, counts, hypothesis
from tests.example_study import only

ROOT = Path(__file__).parents[2]


def printed(lines: tuple[PowerLine, ...]) -> str:
    """Return what a dry run prints of them."""
    console = Console(file=io.StringIO(), width=250)
    print_power(lines, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_networks_are_counted_by_arm_and_set() -> None:
    """As the profile plans them."""
    small = resolve("cifar10-small")
    for name, networks in (
        ("existence-selective-units", 16),
        ("maturation-correlation", 8),
        ("memorization-trend", 18),
        ("replication-existence", 12),
    ):
        assert networks_planned(hypothesis(name), small) == networks


def test_networks_that_are_paired_by_seed_are_counted_as_seeds() -> None:
    """Of spans and conditions that are trained; of others there are none."""
    config = resolve("quick", assignments=["rearing.seeds=9", "rearing.conditions=free,isotropic,parted"])
    for name, seeds in (
        ("necessity-test-loss", 9),
        ("necessity-lost-freedom", 9),
        ("necessity-random-basis", 0),
        ("necessity-higher-layers-absence", 0),
        ("necessity-discouraged", 0),
    ):
        assert networks_planned(hypothesis(name), config) == seeds


def test_power_is_known_before_data() -> None:
    """Simulated where there are networks enough; named where there are not, or where nothing is trained."""
    names = ("shift_invariance-fc1", "generalization-lower-layers", "replication-vgg16-existence", CHEAP)
    registration, config = only(*names), resolve("quick")
    assert to_simulate(registration, config, studies=25) == 25
    watched: list[int] = []
    lines = power_lines(registration, config, workers=1, studies=25, watch=watched.append)
    assert sum(watched) == 25
    by_name = {line.hypothesis.id: line for line in lines}
    assert set(by_name) == set(names) - {CHEAP}, "exploratory hypotheses have no power to promise"
    simulated = by_name["shift_invariance-fc1"]
    assert simulated.networks == 8
    assert simulated.tally is not None
    assert simulated.tally.studies == 25
    assert by_name["generalization-lower-layers"].remark == (
        "cannot answer: the registered test needs at least 12 networks"
    )
    assert by_name["replication-vgg16-existence"].remark == "not tested: registered for vgg16"
    assert not by_name["generalization-lower-layers"].answers
    text = printed(lines)
    for name in by_name:
        assert name in text
    assert "0.05" in text


def test_power_is_that_of_the_architecture_trained() -> None:
    """Claims about all layers are simulated with its layers and units; those about another network's are named."""
    config = resolve("quick", assignments=["network.architecture=resnet8"])
    whole = read_registration(ROOT / "preregistration.md")
    names = ("untrained-weaker", "shift_invariance-fc1")
    chosen = dataclasses.replace(whole, hypotheses={name: whole.hypotheses[name] for name in names})
    assert to_simulate(chosen, config, studies=10) == 10
    every_layer, of_cnn7 = power_lines(chosen, config, workers=1, studies=10)
    assert every_layer.hypothesis.layers == architectures()["resnet8"].layers
    assert every_layer.tally is not None
    assert len(every_layer.tally.significant.layers) == len(every_layer.hypothesis.layers)
    assert (of_cnn7.tally, of_cnn7.remark) == (None, "not tested: registered for cnn7")


def test_a_study_that_trains_none_of_a_hypothesis_networks_says_so() -> None:
    """No maturation arm, no maturation test."""
    config = resolve("quick", assignments=["maturation.seeds=0"])
    (line,) = power_lines(only("maturation-correlation"), config, workers=1, studies=10)
    assert (line.networks, line.tally) == (0, None)
    assert line.remark == "not tested: this study trains no such networks (arm maturation, set 1)"


def test_a_test_that_would_miss_what_it_looks_for_is_named() -> None:
    """Below one half: the sentence at the end, and in the row how often it misses."""
    case: Case = effect_case(hypothesis(), Size(8))
    weak = PowerLine(hypothesis(), 8, counts(100, 30, enough=20, supported=10), "misses")
    strong = PowerLine(hypothesis("shift_invariance-fc1"), 8, counts(100, 90, enough=80), "")
    assert case.theta == hypothesis().smallest_effect
    assert (weak.answers, strong.answers) == (False, True)
    text = printed((weak, strong))
    assert "20% (13% to 29%)" in text
    assert f"would be missed more often than found by: {CHEAP}." in text
    assert "1 of 2 confirmatory tests find what they look for at least as often as not." in text
