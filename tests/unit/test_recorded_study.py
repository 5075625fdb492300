"""A study described by its record alone: the config and the registration come back as they were stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from study.config import PROFILES, as_record, recorded_config, resolve
from study.registration import read_registration, recorded_registration
from study.vocabulary.errors import StudyError

RECORD = read_registration(Path(__file__).parents[2] / "preregistration.md").as_record()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_config_comes_back(profile: str) -> None:
    """Whatever a profile sets, through JSON and back."""
    config = resolve(profile, assignments=["study.name=other", "ablation.null_draws=30"])
    assert recorded_config(json.loads(json.dumps(as_record(config))), source="study.json") == config


def test_a_setting_that_the_record_does_not_know_has_its_default() -> None:
    """It came into the program after the record was made."""
    record = as_record(resolve("quick"))
    del record["training"]["epochs"]
    default = as_record(recorded_config({"study": record["study"]}, source="study.json"))["training"]["epochs"]
    assert as_record(recorded_config(record, source="study.json"))["training"]["epochs"] == default


def test_a_registration_comes_back() -> None:
    """Every block, the digest as it was."""
    stored = json.loads(json.dumps(RECORD))
    registration = recorded_registration(stored, source="study.json")
    assert registration.as_record() == RECORD
    assert registration.digest == RECORD["digest"]


def test_another_form_of_registration_is_refused() -> None:
    """A field that this program would fill in by itself was never registered."""
    name = next(iter(RECORD["hypotheses"]))
    stored = json.loads(json.dumps(RECORD))
    stored["learning"] = {}
    assert recorded_registration(stored, source="study.json").learning == {}
    del stored["hypotheses"][name]["alpha"]
    with pytest.raises(StudyError, match=r"study\.json, hypothesis"):
        recorded_registration(stored, source="study.json")
    with pytest.raises(StudyError, match="holds no registration"):
        recorded_registration({"hypotheses": []}, source="study.json")
