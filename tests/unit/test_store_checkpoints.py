"""Checkpoints: what is loaded is what was saved last, for the same network and machine, or nothing."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from study.store import Checkpoint, StudyFolder, check_writable, sweep_checkpoints, sweep_staging
from study.store import checkpoints as checkpoints_module
from study.store import folder as folder_module
from study.vocabulary.errors import StudyError

ROOT = Path(__file__).parents[2]
ARRAYS = {
    "epoch": np.asarray(3),
    "curves": np.array([[0.1, np.nan], [-np.inf, 1e-300]]),
    "weights/0": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7,
    "weights/1": np.zeros((0, 5), np.float32),
    "optimizer/0": np.asarray(2**40, np.int64),
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """Return a saved checkpoint."""
    saved = Checkpoint(StudyFolder(tmp_path / "study"), "a" * 20)
    saved.save(ARRAYS)
    return saved


def assert_loads(checkpoint: Checkpoint, expected: dict[str, np.ndarray]) -> None:
    """Assert that the arrays loaded are these, type and shape included."""
    loaded = checkpoint.load()
    assert loaded is not None
    assert list(loaded) == list(expected)
    for name, array in expected.items():
        assert (loaded[name].dtype, loaded[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(loaded[name], array)


def assert_ignored(checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture, reason: str = "not whole") -> None:
    """Assert that nothing is loaded, and that one line in the log says so and names the file."""
    caplog.clear()
    assert checkpoint.load() is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(checkpoint.path) in record.getMessage()
    assert reason in record.getMessage()
    assert "\n" not in record.getMessage()


def test_what_was_saved_last_is_loaded(checkpoint: Checkpoint) -> None:
    """Bit for bit; the former is gone, and nothing is left in staging."""
    assert_loads(checkpoint, ARRAYS)
    later = ARRAYS | {"epoch": np.asarray(6)}
    checkpoint.save(later)
    assert_loads(checkpoint, later)
    assert checkpoint.path.parent == checkpoint.folder.checkpoints
    assert [path.name for path in checkpoint.folder.checkpoints.iterdir()] == [checkpoint.path.name]
    assert not list(checkpoint.folder.staging.iterdir())


def test_without_a_checkpoint_nothing_is_loaded_or_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Naming, loading and removing one that is not there makes no folder and no noise."""
    missing = Checkpoint(StudyFolder(tmp_path / "study"), "b" * 20)
    assert missing.load() is None
    missing.remove()
    assert not missing.folder.path.exists()
    assert caplog.records == []


def test_a_flipped_bit_anywhere_is_noticed(checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture) -> None:
    """In the header or in the arrays, wherever: the checkpoint is ignored."""
    whole = checkpoint.path.read_bytes()
    for position in {*range(0, len(whole), 37), whole.index(b"\n"), len(whole) - 1}:
        hurt = bytearray(whole)
        hurt[position] ^= 1 << position % 8
        checkpoint.path.write_bytes(hurt)
        assert_ignored(checkpoint, caplog)
    checkpoint.path.write_bytes(whole)
    assert_loads(checkpoint, ARRAYS)


@pytest.mark.parametrize("kept", [0, 1, 100, 1000, -1])
def test_a_torn_checkpoint_is_ignored(checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture, kept: int) -> None:
    """Cut off anywhere, down to an empty file; and so is one with something after its end."""
    whole = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(whole[:kept])
    assert_ignored(checkpoint, caplog)
    checkpoint.path.write_bytes(whole + b"\0")
    assert_ignored(checkpoint, caplog)


def test_another_networks_checkpoint_is_ignored(checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture) -> None:
    """A file under the wrong name is whole, and is not this network's."""
    other = Checkpoint(checkpoint.folder, "b" * 20)
    other.path.write_bytes(checkpoint.path.read_bytes())
    assert_ignored(other, caplog, "another network")


@pytest.mark.parametrize(("part", "same"), [("packages", False), ("cpu", False), ("cores", True)])
def test_a_checkpoint_of_another_environment_is_ignored(
    checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, part: str, same: bool
) -> None:
    """Other packages or another processor would finish what neither would have given; cores do not matter."""
    here = checkpoints_module.environment()
    monkeypatch.setattr(checkpoints_module, "environment", lambda: here | {part: "other"})
    checkpoints_module._environment.cache_clear()
    try:
        if same:
            assert_loads(checkpoint, ARRAYS)
        else:
            assert_ignored(checkpoint, caplog, "other packages or on another processor")
    finally:
        checkpoints_module._environment.cache_clear()


@pytest.mark.parametrize(
    ("put", "what"),
    [(Path.mkdir, "is a directory"), (os.mkfifo, "is a pipe"), (lambda path: path.symlink_to(path), "links")],
)
def test_what_cannot_be_read_is_ignored(
    checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture, put: Callable[[Path], object], what: str
) -> None:
    """A folder, a pipe or a link to itself in its place: the reason is given, nothing hangs, a run removes it first."""
    checkpoint.remove()
    put(checkpoint.path)
    assert_ignored(checkpoint, caplog, what)
    assert sweep_checkpoints(checkpoint.folder, keep={checkpoint.key}) == 1
    assert not os.path.lexists(checkpoint.path)


def test_a_disk_that_refuses_leaves_the_former(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the midst of writing: one line with the remedy, and the checkpoint before is whole."""

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:50])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(folder_module, "write_synced", full)
    with pytest.raises(StudyError, match=r"No space left on device.*free some space"):
        checkpoint.save(ARRAYS | {"epoch": np.asarray(4)})
    assert_loads(checkpoint, ARRAYS)
    assert not list(checkpoint.folder.staging.iterdir())


def test_checkpoints_are_probed_before_training(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of checkpoints that refuses is named before anything starts."""

    def refusing(path: Path, content: bytes) -> None:
        if path.parent == checkpoint.folder.checkpoints:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(folder_module, "write_synced", refusing)
    with pytest.raises(StudyError, match=r"checkpoints: cannot be written \(Permission denied\)"):
        check_writable(checkpoint.folder)


# Run with the study's folder and a number: saves 40 checkpoints of the same network, each of one value throughout.
_SAVER = """
import sys
from collections.abc import Callable
from pathlib import Path
import numpy as np
from study.store import Checkpoint, StudyFolder
checkpoint = Checkpoint(StudyFolder(Path(sys.argv[1])), "a" * 20)
for number in range(40):
    checkpoint.save({"values": np.full(20_000, int(sys.argv[2]) + number)})
    print(number, flush=True)
"""


def test_processes_with_the_same_network_do_not_hurt_each_other(checkpoint: Checkpoint) -> None:
    """Two save at the same time, one of them is killed while it writes: whoever loads finds the whole of one's."""
    command = [sys.executable, "-c", _SAVER, str(checkpoint.folder.path)]
    savers = [
        subprocess.Popen([*command, start], cwd=ROOT, stdout=subprocess.PIPE, text=True) for start in ("1000", "2000")
    ]
    loaded = []
    with savers[0] as victim, savers[1] as survivor:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "0\n"
        loaded += [checkpoint.load() for _ in range(10)]
        victim.kill()
        assert survivor.stdout is not None
        loaded += [checkpoint.load() for _ in survivor.stdout]
    assert savers[1].returncode == 0
    for arrays in loaded:
        assert arrays is not None
        values = arrays["values"]
        assert values.shape == (20_000,)
        assert (values == values[0]).all()
        assert 1000 <= values[0] < 2040
    sweep_staging(checkpoint.folder)
    assert not list(checkpoint.folder.staging.iterdir())


def test_sweeping_keeps_what_is_still_to_do(checkpoint: Checkpoint) -> None:
    """The checkpoints of other networks go, whatever they are; without any there is nothing to sweep."""
    stale = Checkpoint(checkpoint.folder, "b" * 20)
    stale.save(ARRAYS)
    (checkpoint.folder.checkpoints / "stray").mkdir()
    assert sweep_checkpoints(checkpoint.folder, keep={checkpoint.key, "c" * 20}) == 2
    assert list(checkpoint.folder.checkpoints.iterdir()) == [checkpoint.path]
    assert_loads(checkpoint, ARRAYS)
    assert sweep_checkpoints(StudyFolder(checkpoint.folder.path / "none"), keep=set()) == 0
