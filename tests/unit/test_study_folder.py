"""What commands share around a folder: its lock, its record, and what both stores and reports say of the program."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from study.commands.run.execution import outcome_text
from study.commands.study_folder import (
    held,
    kept_record,
    readable_record,
    software_attributes,
    software_provenance,
)
from study.store import StudyFolder, read_record, write_record
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import SCHEMA_VERSION

ENVIRONMENT = {"python": "3.11", "cpu": "x", "cores": 2, "platform": "p", "packages": {"numpy": "2", "xarray": "3"}}


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Return a folder that nothing has been written to."""
    return StudyFolder(tmp_path / "study")


def test_the_first_run_writes_the_record_and_later_ones_keep_it(folder: StudyFolder) -> None:
    """With the schema's version first, and environment and commit behind what the command says."""
    folder.path.mkdir()
    record = kept_record(folder, lambda: {"settings": 1})
    assert list(record) == ["schema_version", "settings", "environment", "git"]
    assert record["schema_version"] == SCHEMA_VERSION
    assert read_record(folder) == record
    assert kept_record(folder, lambda: pytest.fail("asked for again")) == record


def test_a_record_of_another_schema_is_refused(folder: StudyFolder) -> None:
    """With both versions and what to do; no record is none."""
    assert readable_record(folder) is None
    folder.path.mkdir()
    write_record(folder, {"schema_version": SCHEMA_VERSION - 1})
    with pytest.raises(StudyError, match=f"version {SCHEMA_VERSION - 1}, this program writes {SCHEMA_VERSION}; use"):
        readable_record(folder)


@pytest.mark.parametrize("left", ["networks", "checkpoints", "damaged", "study.zarr", "journal.jsonl"])
def test_no_record_is_written_over_what_needs_one(folder: StudyFolder, left: str) -> None:
    """Networks whose record is gone are registered nowhere: the folder is refused, and stays as it is."""
    folder.path.mkdir()
    place = folder.path / left
    if left.endswith(".jsonl"):
        place.touch()
    else:
        place.mkdir()
        assert readable_record(folder) is None  # an empty folder holds nothing
        (place / "0123.zarr").touch()
    with pytest.raises(StudyError, match=rf"holds {left} but no study\.json.*restore it, or use another --name"):
        kept_record(folder, lambda: pytest.fail("a record was made"))
    with pytest.raises(StudyError, match="no study"):
        readable_record(folder)
    assert not folder.record_path.exists()


def test_a_folder_is_checked_when_nobody_else_can_write_it(folder: StudyFolder) -> None:
    """The lock is there while the check runs, and gone when the check has refused."""
    locked = []

    def check() -> None:
        locked.append(folder.lock.exists())
        raise StudyError("holds something else")

    with pytest.raises(StudyError, match="something else"), held(folder, check, Console(file=io.StringIO())):
        pytest.fail("went on")
    assert locked == [True]
    assert not folder.lock.exists()


@pytest.mark.parametrize(
    ("git", "commit", "dirty", "line"),
    [
        (None, "unknown", False, "unknown"),
        ({"commit": "c0ffee", "dirty": False}, "c0ffee", False, "c0ffee"),
        ({"commit": "c0ffee", "dirty": True}, "c0ffee", True, "c0ffee with uncommitted changes"),
    ],
)
def test_store_and_report_name_the_program_alike(
    git: dict[str, Any] | None, commit: str, dirty: bool, line: str
) -> None:
    """Commit, packages and machine come from the record."""
    record = {"environment": ENVIRONMENT, "git": git}
    assert software_attributes(record) == {
        "packages": ENVIRONMENT["packages"],
        "git_commit": commit,
        "git_dirty": dirty,
    }
    assert software_provenance(record) == {
        "commit": line,
        "python": "3.11",
        "machine": "x, 2 cores, p",
        "packages": "numpy 2, xarray 3",
    }


@pytest.mark.parametrize(
    ("failure", "resumed_epoch", "text"),
    [
        ("", 0, "12 s, 345 training images a second"),
        ("", 3, "12 s, 345 training images a second, resumed after epoch 3"),
        ("its loss is not finite", 0, "FAILED: its loss is not finite"),
    ],
)
def test_what_became_of_a_network_is_told_in_a_line(failure: str, resumed_epoch: int, text: str) -> None:
    """Seconds and speed, where training was taken up again, or the reason why there is none."""
    entry = {} if failure else {"seconds": 12.2, "images_per_second": 345.1, "resumed_epoch": resumed_epoch}
    outcome: Any = SimpleNamespace(failure=failure, entry=entry)
    assert outcome_text(outcome) == text


def test_what_an_earlier_try_published_is_told_in_a_line() -> None:
    """Of a network that was published before its worker died, its seconds died with the worker."""
    outcome: Any = SimpleNamespace(failure="", entry={"arm": "generalization"})
    assert outcome_text(outcome) == "done by an earlier try"
