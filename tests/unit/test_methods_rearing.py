"""What is said of networks reared under penalties beforehand and afterwards: their share of the time, the methods text."""

from __future__ import annotations

import pytest

from study.commands.methods import methods
from study.config import resolve
from study.experiment.speeds import PENALISED_STEP, TRAINING_SPEED
from study.vocabulary.measurement import Workload, measurements
from tests.example_rearing import reared_study

IMAGES = {"description": "Shapes.", "train": 200, "validation": 60, "test": 100}


def text(*assignments: str) -> str:
    """Return the paragraphs of a study with these settings."""
    config = resolve("quick", assignments=("rearing.seeds=2", *assignments))
    return "\n".join(paragraph for _, paragraph in methods(config, reared_study(seeds=2), {"images": IMAGES}))


def test_penalties_are_described_where_there_are_some() -> None:
    """With their strength, their sham, and which question they answer; the checks of rearing in either case."""
    penalised = text("rearing.conditions=free,discouraged,discouraged_sham", "rearing.strength=0.25")
    for words in ("weigh 0.25 nat", "5 k mod 12", "a silent one counts as 0", "without selective units"):
        assert words in penalised
        assert words not in text("rearing.conditions=free,isotropic")
    assert "effective rank" in penalised
    assert "neither" in penalised


def test_a_penalised_step_takes_longer() -> None:
    """By what was measured, as many of the arm's networks as have it."""

    def seconds(conditions: str) -> float:
        config = resolve("quick", assignments=("rearing.seeds=1", f"rearing.conditions={conditions}"))
        work = Workload(config=config, arm="rearing", epochs=3, train=1000, validation=100, test=100)
        return measurements()["training"].cost(work).seconds

    plain = seconds("free,isotropic")
    assert seconds("free,discouraged") - plain == pytest.approx((PENALISED_STEP - 1) / 2 * 3000 / TRAINING_SPEED)
    assert 1 < PENALISED_STEP < 2
