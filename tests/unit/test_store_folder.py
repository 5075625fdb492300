"""A study's folder: record, journal, and what a disk that refuses is told as."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from study.store import (
    StudyFolder,
    append_journal,
    check_writable,
    read_journal,
    read_record,
    write_record,
)
from study.store import folder as folder_module
from study.vocabulary.errors import StudyError


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def test_where_everything_lies(tmp_path: Path) -> None:
    """The names users see; naming a folder makes nothing."""
    folder = StudyFolder(tmp_path / "quick")
    names = [
        folder.record_path,
        folder.networks,
        folder.staging,
        folder.damaged,
        folder.compacted,
        folder.journal,
        folder.lock,
    ]
    assert [path.relative_to(folder.path).as_posix() for path in names] == [
        "study.json",
        "networks",
        "staging",
        "damaged",
        "study.zarr",
        "journal.jsonl",
        "lock",
    ]
    assert not folder.path.exists()


def test_the_record_is_read_as_written(tmp_path: Path) -> None:
    """None before the first; then the last one written; nothing is left in staging."""
    folder = StudyFolder(tmp_path / "study")
    assert read_record(folder) is None
    for record in ({"seed": 1, "nested": {"names": ["é"]}}, {"seed": 2}):
        write_record(folder, record)
        assert read_record(folder) == record
    assert not list(folder.staging.iterdir())


def test_a_record_that_cannot_be_written_leaves_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, and a value that is not JSON: the record stays as it was."""
    folder = StudyFolder(tmp_path)
    write_record(folder, {"seed": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_record(folder, {"seed": float("nan")})

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(folder_module, "write_synced", full)
    with pytest.raises(StudyError, match=r"No space left on device.*free some space"):
        write_record(folder, {"seed": 2})
    assert read_record(folder) == {"seed": 1}
    assert not list(folder.staging.iterdir())


@pytest.mark.parametrize("content", [b"", b'{"seed": ', b"\xff", b"[1]", b"null"])
def test_an_unreadable_record_is_named(tmp_path: Path, content: bytes) -> None:
    """One line with the path and the remedy."""
    folder = StudyFolder(tmp_path)
    folder.record_path.write_bytes(content)
    with pytest.raises(StudyError, match=r"study\.json: .*--name") as refusal:
        read_record(folder)
    assert "\n" not in str(refusal.value)


def test_the_journal_keeps_its_order_and_forgets_what_is_torn(tmp_path: Path) -> None:
    """A line torn by a kill is left out, and does not swallow the one after it."""
    folder = StudyFolder(tmp_path / "study")
    assert read_journal(folder) == []
    entries = [{"key": "a", "seconds": 1.5}, {"key": "b", "failure": "killed\nwith a line break"}]
    for entry in entries:
        append_journal(folder, entry)
    assert read_journal(folder) == entries
    with folder.journal.open("ab") as file:
        file.write(b'{"key": "torn", "sec')
    assert read_journal(folder) == entries
    append_journal(folder, {"key": "c"})
    assert read_journal(folder) == [*entries, {"key": "c"}]


def test_a_writable_folder_is_left_as_it_was(tmp_path: Path) -> None:
    """The check makes no folder and leaves no file."""
    check_writable(StudyFolder(tmp_path / "data" / "new"))
    assert not list(tmp_path.iterdir())
    folder = StudyFolder(tmp_path)
    folder.networks.mkdir()
    check_writable(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["networks"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EIO])
def test_a_folder_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Read-only, forbidden, full, failing: path, the system's reason, and the remedy, in one line."""

    def refuse(path: Path, content: bytes) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(folder_module, "write_synced", refuse)
    with pytest.raises(StudyError, match=str(tmp_path)) as refusal:
        check_writable(StudyFolder(tmp_path / "study"))
    assert str(refusal.value).startswith(f"{tmp_path}: cannot be written ({os.strerror(number)})")
    assert "; " in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    """Really without permission, where the user is not root."""
    tmp_path.chmod(0o500)
    with pytest.raises(StudyError, match="Permission denied"):
        check_writable(StudyFolder(tmp_path / "study"))
    tmp_path.chmod(0o700)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    """A file where the study's folder, or one above it, should be."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "study"):
        with pytest.raises(StudyError, match=r"file.*Not a directory.*stands in the way"):
            check_writable(StudyFolder(path))
