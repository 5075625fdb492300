"""A disk that fails under a whole run, and two runs of one study at once: one line, and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from study.run import main
from study.store import locked, read_journal
from study.store.faults import DROPPING, STEPS
from tests.pipeline.faulty_study import Faults, assert_same_study, kept
from tests.pipeline.tiny_study import (
    NAME,
    Finished,
    arguments,
    imported_at_start,
    planned,
    run,
    snapshot,
    start,
    tiny_folder,
)

_DEADLY = '''
"""Kills every worker before it does anything."""
import os, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.mark.slow
def test_disk_that_fails_under_a_run_is_one_line_each_time(place: Path, faults: Faults, tiny: Finished) -> None:
    """Refused in a worker, in the journal, while compacting and while writing results; each rerun goes further.

    A network damaged in between is set aside. The last run is complete, and every step of the store was reached.
    """
    folder = tiny_folder(place)
    published: dict[str, object] = {}
    for step, refusal, message in (
        ("manifest written", "ENOSPC", "No space left on device"),
        ("journal opened", "EDQUOT", "quota exceeded"),
        ("old study moved", "EIO", "Input/output error"),
        ("old results removed", "EROFS", "Read-only file system"),
    ):
        faults.plan((step, refusal))
        done = run(place, *arguments("--workers", "1", "--set", "execution.retries=0"), path=(faults.path,))
        assert done.code == 2
        assert re.fullmatch(rf"study: .*cannot be written \(.*{message}\); .+\n", done.err), done.err
        assert faults.left() == []
        assert not folder.lock.exists()
        published = kept(folder, published)
    hurt = planned()[1].key
    chunk = folder.networks / f"{hurt}.zarr" / "tuning/gosi/c/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    done = run(place, *arguments("--workers", "1"), path=(faults.path,))
    assert done.code == 0, done.err
    assert (folder.damaged / f"{hurt}.1").is_dir()
    kept(folder, {path: state for path, state in published.items() if not path.startswith(hurt)})
    assert_same_study(folder, tiny.folder)
    assert faults.reached() == set(STEPS) - {"entry swept", *DROPPING}  # nothing was killed, no result altered


@pytest.mark.slow
def test_worker_that_dies_at_its_start_is_one_line(place: Path, tmp_path: Path) -> None:
    """Killed before it has joined the others, as by a system out of memory: exit code 2, and nothing stays behind."""
    deadly = imported_at_start(tmp_path / "deadly", _DEADLY)
    done = run(place, *arguments("--workers", "2"), path=(deadly,))
    assert done.code == 2
    assert re.fullmatch(r"study: a worker process ended while it was being started \(.+\); rerun: .+\n", done.err), (
        done.err
    )
    assert sorted(path.name for path in done.folder.path.iterdir()) == ["staging", "study.json"]


@pytest.mark.slow
def test_two_runs_at_once_one_is_refused(place: Path, faults: Faults, tiny: Finished) -> None:
    """Started together: one completes the study, the other ends with exit code 2 and one line that names the first."""
    runs = [start(place, *arguments("--workers", "1"), path=(faults.path,)) for _ in range(2)]
    ended = [process.communicate(timeout=300) for process in runs]
    assert sorted(process.returncode for process in runs) == [0, 2]
    first, second = sorted(range(2), key=lambda index: runs[index].returncode)
    assert ended[first][1] == ""
    holder = rf"process {runs[first].pid} on \S+ since \d{{4}}-\S+Z"
    line = rf"study: data/{NAME} is being written by {holder}; wait until it ends, or use another --name\n"
    assert re.fullmatch(line, ended[second][1]), ended[second][1]
    assert_same_study(tiny_folder(place), tiny.folder)
    assert len(read_journal(tiny_folder(place))) == len(planned())


def test_dry_run_needs_no_lock(
    copied: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While a run holds the study, the plan can be looked at, and a run is refused before it touches anything."""
    monkeypatch.chdir(copied.place)
    with locked(copied.folder):
        before = snapshot(copied.place, times=True)
        assert main(arguments("--dry-run")) == 0
        assert "3 done" in capsys.readouterr().out
        assert snapshot(copied.place, times=True) == before
        assert main(arguments()) == 2
        assert "is being written by process" in capsys.readouterr().err
        assert snapshot(copied.place) == snapshot(copied.place) == {path: state[0] for path, state in before.items()}
    assert main(arguments("--dry-run")) == 0
