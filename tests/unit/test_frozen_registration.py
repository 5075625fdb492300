"""A study goes on while the program is developed: what registers it is what was frozen before its first network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from study.commands.run.registered import FROZEN, registered_by, registration_file
from study.commands.run.report_content import _later_commits
from study.registration import read_registration
from study.registration.deviations import differences

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """Return the part of a study's record that says what was registered, as it comes back from its file."""
    return {"registration": json.loads(json.dumps(read_registration(PREREGISTRATION).as_record()))}


def test_a_later_change_of_profiles_leaves_what_was_frozen(
    record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes of profiles are registered and stand in the program: with the same text the record's count, as digest too."""
    monkeypatch.setattr("study.registration.parsing.registered_profiles", lambda: {"quick": {"training.epochs": 99}})
    assert read_registration(PREREGISTRATION).digest != record["registration"]["digest"]
    registration = registered_by(PREREGISTRATION, record, source="study.json")
    assert registration.digest == record["registration"]["digest"]
    assert differences(record["registration"], registration) == []
    assert registered_by(PREREGISTRATION, None, source="study.json").profile_settings == {
        "quick": {"training.epochs": 99}
    }


def test_another_text_registers_itself(record: dict[str, Any], tmp_path: Path) -> None:
    """What is registered otherwise since, in prose or in a block, is a difference that the report lists."""
    later = tmp_path / "later.md"
    text = PREREGISTRATION.read_text(encoding="utf-8")
    later.write_text(f"{text}\nOne line more.\n", encoding="utf-8")
    prose = registered_by(later, record, source="study.json")
    assert differences(record["registration"], prose) == [
        "The prose of preregistration.md changed; no machine-readable block did."
    ]
    later.write_text(text.replace("smallest_effect = 0.05", "smallest_effect = 0.06", 1), encoding="utf-8")
    block = registered_by(later, record, source="study.json")
    assert "smallest_effect was 0.05, is now 0.06" in "".join(differences(record["registration"], block))


def test_an_edited_record_registers_nothing(record: dict[str, Any]) -> None:
    """Its text's digest says that it is the file's, but its content is not what its own digest was taken of."""
    edited = {"registration": {**record["registration"], "settings": {"study.seed": 7}}}
    assert registered_by(PREREGISTRATION, edited, source="study.json").settings["study.seed"] == 0


def test_the_frozen_copy_comes_before_what_registers_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is named comes first, then the copy in the study's folder, then that of the working directory."""
    monkeypatch.chdir(tmp_path)
    frozen, named = tmp_path / "data" / "mine" / FROZEN, Path("named.md")
    Path("preregistration.md").write_text("# Here\n", encoding="utf-8")
    assert registration_file("mine", None) == Path("preregistration.md")
    frozen.parent.mkdir(parents=True)
    frozen.write_text("# Frozen\n", encoding="utf-8")
    assert registration_file("mine", None) == frozen.relative_to(tmp_path)
    assert registration_file("other", None) == Path("preregistration.md")
    assert registration_file("mine", named) == named


def test_networks_of_other_commits_are_counted() -> None:
    """The record names the commit that a study was begun with; where others trained networks, the report says so."""
    record = {"git": {"commit": "a" * 40, "dirty": False}}
    entries = [{"commit": "a" * 40}, {}, {"commit": ""}, {"commit": "b" * 40}, {"commit": "b" * 40}]
    assert _later_commits(record, entries[:3]) == {}
    assert _later_commits(record, entries) == {"networks by other commits": f"{'b' * 40}: 2"}
