"""Registered ceilings of error rates: what is read, where they apply, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.registration import AS_ASSUMED, DEPARTURES, SKEWED_EFFECTS, read_registration
from study.registration.ceilings import parsed_ceilings
from study.vocabulary.errors import StudyError
from tests.example_study import registered

ROOT = Path(__file__).parents[2]
SKEWED = {"tests": ["mean"], "ceiling": 0.1, "networks": 16, "reason": "few networks"}


def test_a_ceiling_is_alpha_unless_a_number_is_registered() -> None:
    """From the number of networks on that is registered with it; a hypothesis may have another."""
    exception = {"ceiling": "none", "reason": "it says no more"}
    (assumed, skewed) = parsed_ceilings(
        [{"skewed_effects": SKEWED | {"exceptions": {"ablation-effect": exception}}}], "here"
    )
    assert (assumed.name, skewed.name) == (AS_ASSUMED, SKEWED_EFFECTS)
    one, other = registered().hypotheses["existence-selective-units"], registered().hypotheses["ablation-effect"]
    assert assumed.of(one).value(0.05) == 0.05
    assert (skewed.of(one).value(0.05), skewed.of(one).networks) == (0.1, 16)
    assert skewed.of(other).value(0.05) == 1
    assert skewed.applies_to(one)
    assert not skewed.applies_to(registered().hypotheses["generalization-lower-layers"])


def test_without_a_block_there_is_alpha_and_no_departure() -> None:
    """As for a registration written before there were ceilings."""
    (only,) = parsed_ceilings([], "here")
    assert only.applies_to(registered().hypotheses["ablation-effect"])


def test_every_simulated_test_has_a_worst_case_and_every_number_a_reason() -> None:
    """In the project's own registration, whose digest covers the ceilings."""
    registration = read_registration(ROOT / "preregistration.md")
    for hypothesis in registration.hypotheses.values():
        departures = [one.name for one in registration.ceilings if one.applies_to(hypothesis)]
        assert departures[0] == AS_ASSUMED
        assert len(departures) > 1, hypothesis.id
    assert set(registration.as_record()["calibration"]) <= set(DEPARTURES)
    named = {name for one in registration.ceilings for name in one.exceptions}
    assert named <= set(registration.hypotheses)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"moonshine": {}}, "'moonshine' is no table of a departure; they are as_assumed"),
        ({"skewed_effects": SKEWED | {"ceiling": 1.5}}, "field 'ceiling': 1.5 must be a number between 0 and 1"),
        ({"skewed_effects": SKEWED | {"ceiling": "high"}}, "field 'ceiling': 'high' must be"),
        ({"skewed_effects": SKEWED | {"reason": " "}}, "field 'reason': ' ' must say why the ceiling is not alpha"),
        ({"skewed_effects": SKEWED | {"networks": 1}}, "field 'networks': 1 must be a whole number from 2 to 100000"),
        ({"skewed_effects": SKEWED | {"tests": ["t"]}}, "field 'tests': 't' is no test; they are mean"),
        ({"skewed_effects": SKEWED | {"measures": "gosi"}}, "field 'measures': 'gosi' must be a list of names"),
        ({"skewed_effects": SKEWED | {"limit": 2}}, "field 'limit' is unknown"),
        ({"skewed_effects": SKEWED | {"exceptions": {"x": {"tests": []}}}}, "exception 'x': field 'tests' is unknown"),
        ({"skewed_effects": SKEWED | {"exceptions": 3}}, "field 'exceptions': 3 must be tables"),
    ],
    ids=["departure", "range", "word", "reason", "networks", "test", "measures", "field", "exception", "exceptions"],
)
def test_what_is_not_allowed_is_refused_by_name(table: dict[str, object], told: str) -> None:
    """The block, the field, the value and what is allowed."""
    with pytest.raises(StudyError, match=r"^here[,:] ") as refused:
        parsed_ceilings([table], "here")
    assert told in str(refused.value)


def test_a_second_block_is_refused() -> None:
    """Ceilings stand once."""
    with pytest.raises(StudyError, match="there are 2 such blocks"):
        parsed_ceilings([{}, {}], "here")
