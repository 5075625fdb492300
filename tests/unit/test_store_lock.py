"""One run at a time: the lock of a study tells who holds it and ends with the process that does."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import time
from pathlib import Path

import pytest

from study.store import StudyFolder, locked, sweep_staging
from study.store import lock as lock_module
from study.vocabulary.errors import StudyError
from tests import children
from tests.children import CONTEXT, in_child


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """A study that is not there yet."""
    return StudyFolder(tmp_path / "data" / "study")


def test_while_held_it_says_who_and_afterwards_nothing_is_left(folder: StudyFolder) -> None:
    """Process, host and time lie in the file; at the end, also of a run that fails, the file is gone."""
    with locked(folder) as remark:
        assert remark == ""
        told = json.loads(folder.lock.read_text())
        assert (told["pid"], told["host"]) == (os.getpid(), platform.node())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["started"])
        assert sweep_staging(folder) == 0
        assert folder.lock.exists()
    assert list(folder.path.iterdir()) == []
    with pytest.raises(KeyError), locked(folder):
        raise KeyError
    assert list(folder.path.iterdir()) == []


def test_a_second_is_refused_by_name_and_the_first_goes_on(folder: StudyFolder) -> None:
    """One line: the process that holds it, its host, since when, and what to do; in this process and in another."""
    with locked(folder):
        holder = rf"process {os.getpid()} on {re.escape(platform.node())} since \d{{4}}-\S+Z"
        expected = (
            rf"{re.escape(str(folder.path))} is being written by {holder}; wait until it ends, or use another --name"
        )
        with pytest.raises(StudyError) as refusal, locked(folder):
            pytest.fail("both hold it")
        assert re.fullmatch(expected, str(refusal.value))
        assert re.fullmatch(expected, in_child(children.hold, folder).said)
        assert folder.lock.exists()
    assert in_child(children.hold, folder).said == ""


def test_a_killed_holder_holds_no_longer(folder: StudyFolder, tmp_path: Path) -> None:
    """Its file stays and is taken over; what was written there, shorter or longer, does not remain."""
    process = CONTEXT.Process(target=children.hold, args=(folder, tmp_path / "held"))
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "held").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(StudyError, match=f"process {process.pid} "), locked(folder):
        pytest.fail("both hold it")
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert folder.lock.exists()
    folder.lock.write_bytes(folder.lock.read_bytes() * 9)
    with locked(folder) as remark:
        assert remark == ""
        assert json.loads(folder.lock.read_text())["pid"] == os.getpid()


def _take_in_turn(folder: StudyFolder, shared: Path, start: float) -> None:
    """Take the lock forty times, and count alone in a file that two writers would garble."""
    while time.time() < start:
        time.sleep(0.001)
    taken = 0
    while taken < 40:
        try:
            with locked(folder):
                count = int(shared.read_text())
                time.sleep(0.001)
                shared.write_text(str(count + 1))
                taken += 1
        except StudyError:
            time.sleep(0.001)


def test_never_two_at_once(folder: StudyFolder, tmp_path: Path) -> None:
    """Three processes take and remove it all the time: no two are ever in the block together."""
    shared = tmp_path / "count"
    shared.write_text("0")
    start = time.time() + 1
    processes = [CONTEXT.Process(target=_take_in_turn, args=(folder, shared, start)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert int(shared.read_text()) == 120


def test_a_holder_that_has_not_signed_is_waited_for(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between taking and signing there is nothing to read: after a moment it is said without a name."""
    monkeypatch.setattr(lock_module, "_SIGNING_SECONDS", 0.1)
    with locked(folder):
        for content in ("", "[]", "{}", '{"pid": 1'):
            folder.lock.write_text(content)
            with pytest.raises(StudyError, match=r"is being written by another process; wait"), locked(folder):
                pytest.fail("both hold it")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_said(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The run goes on, after one line; nothing is left."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock_module.fcntl, "flock", refuse)
    with locked(folder) as remark:
        assert remark == f"{folder.path}: its file system has no locks; do not run two studies of this name at once"
    assert list(folder.path.iterdir()) == []


def test_a_system_without_locks_is_said(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python has no `fcntl`, the run goes on after one line."""
    monkeypatch.setattr(lock_module, "fcntl", None)
    with locked(folder) as remark:
        assert "this system has no locks" in remark
        assert "\n" not in remark
    assert list(folder.path.iterdir()) == []


def test_a_disk_that_refuses_the_lock_is_one_line(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing lock is not a missing one: nothing goes on without."""

    def fail(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(lock_module.fcntl, "flock", fail)
    with (
        pytest.raises(StudyError, match=r"lock: cannot be written \(Input/output error\); check the disk"),
        locked(folder),
    ):
        pytest.fail("it is not held")
