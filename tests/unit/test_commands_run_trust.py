"""Whether a run can be trusted: the power of its primary tests is simulated once, and kept for the same study alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from study.analysis.core.results import AGREE, SUPPORTED, HypothesisResult, QuestionResult, SecondSet
from study.commands.power import PowerLine
from study.commands.run import trust
from study.commands.run.completeness import registered_counts
from study.commands.run.described import DescribedStudy
from study.config import resolve
from study.config.population import planned_networks
from study.store import StudyFolder
from tests.example_results import layer_result
from tests.example_study import registered


@pytest.fixture
def plan(tmp_path: Path) -> DescribedStudy:
    """Return the quick study in an empty folder."""
    config = resolve("quick")
    return DescribedStudy(
        config=config,
        registration=registered(),
        fingerprint="f",
        networks=planned_networks(config, fingerprint="f"),
        registered=registered_counts(config, registered()),
        folder=StudyFolder(tmp_path),
    )


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have nothing simulated, and return how often it was asked for."""
    asked: list[int] = []

    def lines(registration: object, config: object, *, only: list[str], **how: object) -> tuple[PowerLine, ...]:
        asked.append(len(only))
        hypotheses = registered().hypotheses
        return tuple(PowerLine(hypotheses[name], 8, None, "cannot answer") for name in only)

    monkeypatch.setattr(trust, "power_lines", lines)
    return asked


def test_power_is_simulated_once(plan: DescribedStudy, simulated: list[int]) -> None:
    """The second report of the same study reads what the first one wrote."""
    first = trust.primary_power(plan, keep=True)
    assert trust.primary_power(plan, keep=True) == first
    assert simulated == [len(first)] == [4]
    assert all(not finds for _, finds in first.values())


def test_who_only_reads_keeps_nothing(plan: DescribedStudy, simulated: list[int]) -> None:
    """What is simulated for a study that is verified leaves no file behind."""
    assert len(trust.primary_power(plan, keep=False)) == 4
    assert list(plan.folder.path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", '{"made_for": 1}', "{", '{"made_for": [], "power": {"x": 3}}'])
def test_what_was_kept_for_another_study_or_is_damaged_is_replaced(
    plan: DescribedStudy, simulated: list[int], content: str
) -> None:
    """No report rests on a file that this program did not write for it."""
    (plan.folder.path / trust.POWER_FILE).write_text(content, encoding="utf-8")
    assert len(trust.primary_power(plan, keep=True)) == 4
    assert simulated == [4]


def test_what_tests_leave_out_is_told_by_arm_and_layer(plan: DescribedStudy) -> None:
    """Networks without a value count as excluded, those that are not there as failures; the second set has its own."""
    name = "existence-above-shuffle"
    layers = tuple(
        dataclasses.replace(layer_result(layer, 0.1, 0.05, 0.01, SUPPORTED), n_missing=missing)
        for layer, missing in (("conv1", 3), ("conv2", 1))
    )
    second = SecondSet(layers=layers[1:], verdict=SUPPORTED, reason="", agreement=AGREE)
    result = HypothesisResult(
        hypothesis=plan.registration.hypotheses[name],
        layers=layers,
        verdict=SUPPORTED,
        reason="",
        published_verdict=SUPPORTED,
        second=second,
    )
    question = QuestionResult(question="existence", title="", paper_section="", claim="", hypotheses=(result,))
    here = ("generalization", 1)
    assert trust._excluded([question], here, 0, plan) == (f"{name} without a value: 3 in conv1, 1 in conv2",)
    assert trust._excluded([question], here, 1, plan) == (f"{name} without a value: 2 in conv1",)
    assert trust._excluded([question], ("generalization", 2), 0, plan) == (f"{name} without a value: 1 in conv2",)
    assert trust._excluded([question], ("maturation", 1), 0, plan) == ()
