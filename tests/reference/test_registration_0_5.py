"""What the registration says that of version 0.5 did not: field by field, every difference is listed, with its reason."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from study.registration.deviations import differences
from tests.example_study import registered

HERE = Path(__file__).parent
STORED: dict[str, Any] = json.loads((HERE / "registration_0_5.json").read_text(encoding="utf-8"))
WORDS: dict[str, str] = tomllib.loads((HERE / "renamed_words.toml").read_text(encoding="utf-8"))
CHANGES: dict[str, Any] = tomllib.loads((HERE / "changes_since_0_5.toml").read_text(encoding="utf-8"))
NEW_FIELDS, GONE_FIELDS = set(CHANGES["new_fields"]), set(CHANGES["gone_fields"])
CHANGED: dict[str, dict[str, str]] = CHANGES["changed"]


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


def before_and_after(now: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of a hypothesis that both registrations have: of 0.5 with renamed words, and as they are now."""
    before, after = renamed(STORED["hypotheses"][name]), now["hypotheses"][name]
    kept = [field for field in before if field not in GONE_FIELDS]
    before["test"] = CHANGES["tests"][before["test"]]
    return {field: before[field] for field in kept}, {field: after[field] for field in kept}


@pytest.mark.parametrize("name", [name for name in STORED["hypotheses"] if name not in CHANGES["gone"]])
def test_a_hypothesis_differs_in_the_listed_fields_and_in_no_other(now: dict[str, Any], name: str) -> None:
    """With the layers of cnn7 where the new file says all; tests by their new names."""
    before, after = before_and_after(now, name)
    assert set(now["hypotheses"][name]) - set(STORED["hypotheses"][name]) == NEW_FIELDS
    assert {field for field in before if before[field] != after[field]} == set(CHANGED.get(name, {}))


def test_what_is_gone_and_what_is_new_is_listed(now: dict[str, Any]) -> None:
    """Hypotheses of version 0.5 that are registered no more, and those registered for version 0.7, each with its reason."""
    assert set(STORED["hypotheses"]) - set(now["hypotheses"]) == set(CHANGES["gone"])
    assert set(now["hypotheses"]) - set(STORED["hypotheses"]) >= set(CHANGES["new"])
    reasons = [
        *CHANGES["gone"].values(),
        *CHANGES["new"].values(),
        *(r for one in CHANGED.values() for r in one.values()),
    ]
    assert all(len(reason) > 20 for reason in reasons)


@pytest.mark.parametrize("profile", STORED["profile_settings"])
def test_sizes_of_a_profile_are_the_same(now: dict[str, Any], profile: str) -> None:
    """They stood in the registration and in the profile's file; now in the file alone. The listed profiles have others."""
    same = renamed(STORED["profile_settings"][profile]).items() <= now["profile_settings"][profile].items()
    assert same != (profile in CHANGES["profiles"])


def test_settings_are_the_same(now: dict[str, Any]) -> None:
    """Every registered setting has the value that it had, or is a size of each profile now, and listed."""
    before = renamed(STORED["settings"])
    assert {key: now["settings"].get(key) for key in before if key not in CHANGES["sizes"]} == {
        key: value for key, value in before.items() if key not in CHANGES["sizes"]
    }
    for key in CHANGES["sizes"]:
        assert key not in now["settings"] and all(key in sizes for sizes in now["profile_settings"].values()), key


@pytest.mark.parametrize("question", STORED["multiverse"])
def test_a_multiverse_is_the_same(now: dict[str, Any], question: str) -> None:
    """The same factors in the same order, with the same levels, the registered one first; listed factors aside."""
    listed = CHANGES["multiverse"].get(question, {})
    before, after = (
        {factor: levels for factor, levels in factors.items() if factor not in listed}
        for factors in (renamed(STORED["multiverse"][question]), now["multiverse"][renamed(question)])
    )
    assert list(after.items()) == list(before.items())


def test_the_digest_changed(now: dict[str, Any]) -> None:
    """The form is part of what it covers; CHANGELOG.md says why it changed."""
    assert now["digest"] != STORED["digest"]


def test_a_study_begun_with_version_0_5_reports_every_difference(now: dict[str, Any]) -> None:
    """A line for each field that changed, is new or is gone, of every hypothesis; and for settings and multiverse."""
    lines = differences(STORED, registered())
    for name in STORED["hypotheses"]:
        if name in CHANGES["gone"]:
            assert f"{name}: registered when the first network started, removed since" in lines
            continue
        for field in CHANGED.get(name, {}):
            assert any(line.startswith(f"{name}: {field} was ") for line in lines), (name, field)
    assert any(line.startswith("registered learning checks: were {}") for line in lines)
