"""The registration says what that of version 0.5 said, in another form: compared field by field, words renamed."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from study.registration import Registration
from study.registration.deviations import differences
from tests.example_study import registered

HERE = Path(__file__).parent
STORED: dict[str, Any] = json.loads((HERE / "registration_0_5.json").read_text(encoding="utf-8"))
WORDS: dict[str, str] = tomllib.loads((HERE / "renamed_words.toml").read_text(encoding="utf-8"))
NEW_FIELDS = {"network"}


def renamed(value: Any) -> Any:
    """Return a value of the old record with every renamed word replaced, in keys and texts at any depth."""
    if isinstance(value, str):
        return re.sub(r"[A-Za-z_]+", lambda word: WORDS.get(word[0], word[0]), value)
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {renamed(key): renamed(item) for key, item in value.items()}
    return value


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    """Return what is registered for cnn7, the only network of version 0.5, as it is stored with the data."""
    return registered().as_record()


@pytest.mark.parametrize("name", STORED["hypotheses"])
def test_a_hypothesis_is_the_same_field_by_field(now: dict[str, Any], name: str) -> None:
    """All 26 fields, with the layers of cnn7 where the new file says all; hypotheses registered later are not compared."""
    before, after = renamed(STORED["hypotheses"][name]), now["hypotheses"][name]
    assert after["id"] == name
    assert set(after) - set(before) == NEW_FIELDS
    assert {field: after[field] for field in before} == before


@pytest.mark.parametrize("profile", STORED["profile_settings"])
def test_sizes_of_a_profile_are_the_same(now: dict[str, Any], profile: str) -> None:
    """They stood in the registration and in the profile's file; now in the file alone."""
    assert renamed(STORED["profile_settings"][profile]).items() <= now["profile_settings"][profile].items()


def test_settings_are_the_same(now: dict[str, Any]) -> None:
    """Every registered setting has the value that it had."""
    kept = {key: now["settings"].get(key) for key in renamed(STORED["settings"])}
    assert kept == renamed(STORED["settings"])


@pytest.mark.parametrize("question", STORED["multiverse"])
def test_a_multiverse_is_the_same(now: dict[str, Any], question: str) -> None:
    """The same factors in the same order, with the same levels, the registered one first."""
    before, after = renamed(STORED["multiverse"][question]), now["multiverse"][renamed(question)]
    assert list(after.items()) == list(before.items())


def test_the_digest_changed(now: dict[str, Any]) -> None:
    """The form is part of what it covers; CHANGELOG.md says why it changed."""
    assert now["digest"] != STORED["digest"]


def test_a_study_begun_with_version_0_5_reports_renamed_words_alone() -> None:
    """No line about layers or networks, which that version wrote in another form; one for every text with a new word."""
    lines = differences(STORED, of_0_5(registered()))
    assert lines
    for line in lines:
        name, _, change = line.partition(": ")
        before, after = re.fullmatch(r"\w+ was (.*), is now (.*)", change).groups()  # type: ignore[union-attr]
        assert renamed(before) == after, name
    assert differences(renamed(STORED), of_0_5(registered())) == [
        "The form of preregistration.md changed: it names the network of each hypothesis, which the stored registration does"
        " not; every hypothesis, setting and choice of the multiverse is the same."
    ]


def of_0_5(registration: Registration) -> Registration:
    """Return a registration without what was registered after version 0.5."""
    kept = {name: registration.hypotheses[name] for name in STORED["hypotheses"]}
    return Registration(
        kept,
        {key: registration.settings[key] for key in STORED["settings"]},
        STORED["profile_settings"],
        registration.digest,
        registration.text_digest,
        {question: registration.multiverse[question] for question in STORED["multiverse"]},
    )
