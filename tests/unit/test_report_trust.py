"""Can a run be trusted? The light of an arm, its curves, and the line of the first screen."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from study.report.content import ArmTrust
from study.report.trust_words import least_pvalue, light, training_curves, trust_line

ARM = ArmTrust(
    arm="generalization",
    initialization_set=1,
    learnt=True,
    learning="Median validation accuracy 0.900; needed 0.200.",
    accuracy=np.array([[0.1, 0.5, 0.9], [0.1, 0.4, np.nan]]),
    chance=0.1,
    trained=2,
    planned=2,
)


@pytest.mark.parametrize(
    ("changes", "glyph", "word"),
    [
        ({}, "●", "learnt"),
        ({"learnt": None, "learning": ""}, "●", "trained"),
        ({"learnt": False}, "○", "did not learn"),
        ({"missing": ("Network a is missing.",), "planned": 3}, "◐", "networks are missing"),
        ({"power": (("x finds it in 5%.", False), ("y in 90%.", True))}, "◐", "learnt, few networks"),
        ({"power": (("y in 90%.", True),)}, "●", "learnt"),
    ],
)
def test_a_light_is_a_glyph_and_a_word(changes: dict[str, object], glyph: str, word: str) -> None:
    """What did not learn is dark, whatever else holds; what cannot answer is half lit."""
    shown = light(dataclasses.replace(ARM, **changes))  # type: ignore[arg-type]
    assert (shown.glyph, shown.word) == (glyph, word)
    rows = dict(shown.rows)
    assert rows["Networks"].startswith("2 networks")
    assert rows["Failures"] == ("Network a is missing." if "missing" in changes else "None.")


def test_what_rearing_changed_stands_beside_what_was_learnt() -> None:
    """Of the arm that was reared, and of no other."""
    assert "Rearing" not in dict(light(ARM).rows)
    reared = dataclasses.replace(
        ARM, arm="rearing", manipulation="Median gOSI. isotropic against parted in conv1: 0 against 1."
    )
    assert dict(light(reared).rows)["Rearing"].startswith("Median gOSI")


def test_exclusions_stand_beside_failures() -> None:
    """None is said; of many the first, and how many more."""
    assert dict(light(ARM).rows)["Exclusions"] == "None."
    many = tuple(f"test {number} without a value: 1 in conv1" for number in range(5))
    shown = dict(light(dataclasses.replace(ARM, excluded=many)).rows)["Exclusions"]
    assert shown == f"{'; '.join(many[:3])}; 2 more."


def test_every_network_is_a_curve_and_guessing_a_line() -> None:
    """One stroke a network, up to its last epoch; no curves without epochs."""
    drawn = training_curves(ARM)
    lines = re.search(r'class="networks" d="([^"]+)"', drawn)
    assert lines is not None
    assert [line.count(",") for line in lines[1].split("M")[1:]] == [3, 2]
    assert "guessing" in drawn
    assert training_curves(dataclasses.replace(ARM, accuracy=np.empty((0, 0)))) == ""


def test_the_least_pvalue_is_said_once_in_words() -> None:
    """The floor of sign flips, so that no table repeats it."""
    assert least_pvalue(8) == "the least p that 8 can give by sign flips: 0.0039"
    assert least_pvalue(40).endswith("below 0.0001")
    assert least_pvalue(0) == "no test is possible"


def test_the_line_of_the_first_screen_counts_networks_learning_and_power() -> None:
    """One arm a number; what did not learn is named."""
    weak = dataclasses.replace(ARM, power=(("x", False),))
    again = dataclasses.replace(ARM, initialization_set=2, learnt=False)
    assert (
        trust_line([weak]) == "Networks: 2 generalization; all arms learnt; power is enough for 0 of 1 primary tests."
    )
    assert "not learnt: generalization, second set" in trust_line([weak, again])
