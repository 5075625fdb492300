"""A study's folder: where everything lies, its record and journal, staging, and what a failing disk is told as.

Everything that is written first lies in `staging/` under `<what>.<host>.<pid>` and is renamed into place, so what a
killed process leaves can be told from what a living one is writing. The host is a digest: processes of several machines
may share the folder, and a process id means something only on its own.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.store.faults import reached
from study.vocabulary.errors import StudyError
from study.vocabulary.reading import check_regular, parse_json, read_bytes, read_json
from study.vocabulary.shapes import NUMBER, shape_problem

# Publishing takes seconds: what another machine has not touched for a day, it is not writing.
FOREIGN_STALE_SECONDS = 86_400.0
LOOK = "look"  # an entry of the journal that has this key is no network's
REMADE = "remade"  # nor is one that has this
REPLACED = "replaced"  # staging name of the compacted study while its successor takes its place

_REMEDIES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "free some space there, or move the study to a larger disk, and rerun: what is done is kept",
    ),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM), "make it writable for this user, or run the study somewhere that is"
    ),
    errno.EIO: "check the disk, then rerun: what is done is kept",
    errno.ENOTDIR: "move the file that stands in the way, or use another --name",
    errno.EEXIST: "move the file that stands in the way, or use another --name",
}


# What a line of the journal may say, where it says it.
_ENTRY_DEFAULTS: dict[str, Any] = {
    "key": "",
    "arm": "",
    "failure": "",
    "commit": "",
    "seconds": 0,
    "images_per_second": 0,
    "peak_memory_bytes": 0,
}
_ENTRY = {name: NUMBER if isinstance(default, int) else str for name, default in _ENTRY_DEFAULTS.items()}
_MOST_JOURNAL_BYTES = 200_000_000


@dataclass(frozen=True)
class StudyFolder:
    """The folder of one study, usually `data/<name>`; nothing is created by naming it."""

    path: Path

    @property
    def record_path(self) -> Path:
        """The study's resolved configuration and digests."""
        return self.path / "study.json"

    @property
    def networks(self) -> Path:
        """One immutable Zarr folder per network."""
        return self.path / "networks"

    @property
    def staging(self) -> Path:
        """What is being written; nothing in it counts."""
        return self.path / "staging"

    @property
    def checkpoints(self) -> Path:
        """Networks half trained, one file each; no data, only time saved."""
        return self.path / "checkpoints"

    @property
    def damaged(self) -> Path:
        """Networks set aside."""
        return self.path / "damaged"

    @property
    def compacted(self) -> Path:
        """All networks in one labelled Zarr store, for people."""
        return self.path / "study.zarr"

    @property
    def published(self) -> Path:
        """What is published of the compacted store, as one file."""
        return self.path / "study.zarr.zip"

    @property
    def journal(self) -> Path:
        """Timings and failures, one JSON object a line; apart from the datasets, which must not depend on them."""
        return self.path / "journal.jsonl"

    @property
    def worker_log(self) -> Path:
        """What workers say on standard error."""
        return self.path / "workers.log"

    @property
    def lock(self) -> Path:
        """Who writes the study; there only while somebody does, or after they were killed."""
        return self.path / "lock"

    def staged(self, what: str) -> Path:
        """Return this process's place in staging for `what`."""
        return self.staging / f"{what}.{_host()}.{os.getpid()}"


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses inside the block into a one-line `StudyError` naming the path and the remedy.

    Raises
    ------
    StudyError
        In place of any `OSError` that carries an error number; other errors pass.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        where = error.filename if isinstance(error.filename, str) else path
        remedy = _REMEDIES.get(error.errno, "put that right and rerun: what is done is kept")
        raise StudyError(f"{where}: cannot be written ({os.strerror(error.errno)}); {remedy}") from error


def check_writable(folder: StudyFolder) -> None:
    """Create and remove a file wherever the study will write; nothing that is not there yet is made.

    Permission bits do not tell: the user may be root, the file system read-only, the quota spent.

    Raises
    ------
    StudyError
        When a file cannot be created, with the path and the remedy.
    """
    written = (folder.networks, folder.staging, folder.checkpoints, folder.damaged)
    places = [place for place in written if os.path.lexists(place)]
    ancestors = (folder.path.absolute(), *folder.path.absolute().parents)
    for place in (next(ancestor for ancestor in ancestors if os.path.lexists(ancestor)), *places):
        attempt = place / f".writable.{_host()}.{os.getpid()}"
        with writing(place):
            try:
                write_synced(attempt, b"\n")
            except OSError as error:
                error.filename = str(place)  # the folder says more than the name of the attempt
                raise
            finally:
                with contextlib.suppress(OSError):
                    attempt.unlink()


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file's content, or a directory's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(folder: StudyFolder, path: Path, content: bytes) -> None:
    """Replace a file's content at once: a reader, or a restart, sees the old or the new, never a part."""
    with writing(path):
        folder.staging.mkdir(parents=True, exist_ok=True)
        staged = folder.staged(path.name)
        try:
            write_synced(staged, content)
            reached("file staged")
            os.replace(staged, path)
            reached("file renamed")
            sync(path.parent)
            reached("file synced")
        finally:
            staged.unlink(missing_ok=True)


def check_files(folder: StudyFolder) -> None:
    """Refuse a folder in which something else lies where the study reads and writes files.

    Raises
    ------
    StudyError
        When record, journal, lock or the workers' log is a directory, a pipe, a device, or a link to one or to nothing, or
        the journal is larger than any that a study writes.
    """
    for path in (folder.record_path, folder.journal, folder.lock, folder.worker_log):
        check_regular(path, remedy="move it away, or use another --name")
    _parsed_lines(folder)


def write_record(folder: StudyFolder, record: Mapping[str, Any]) -> None:
    """Store the study's record (resolved configuration, digests) atomically.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    replace_file(folder, folder.record_path, (json.dumps(record, indent=2, allow_nan=False) + "\n").encode())


def read_record(folder: StudyFolder) -> dict[str, Any] | None:
    """Return the study's record, or None where no study has been started.

    Raises
    ------
    StudyError
        When the file is there and is not a JSON object.
    """
    path, remedy = folder.record_path, "restore it, or use another --name"
    if not os.path.lexists(path):
        return None
    record = read_json(path, remedy=remedy)
    if problem := shape_problem(record, dict):
        raise StudyError(f"{path}: {problem}; {remedy}")
    return dict(record)


def left_behind(folder: StudyFolder) -> list[str]:
    """Return the names of what a study writes after its record and the folder holds; empty folders do not count."""
    places = (folder.networks, folder.checkpoints, folder.damaged, folder.compacted, folder.journal)
    present = [place for place in places if os.path.lexists(place)]
    return [place.name for place in present if not place.is_dir() or any(place.iterdir())]


def append_journal(folder: StudyFolder, entry: Mapping[str, Any]) -> None:
    """Add one line to the journal: timings, memory, failures.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    line = (json.dumps(entry) + "\n").encode()
    with writing(folder.journal):
        folder.path.mkdir(parents=True, exist_ok=True)
        with folder.journal.open("ab+") as file:
            reached("journal opened")
            if file.tell():  # a torn line must not swallow the next one
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            file.flush()
            reached("journal written")
            os.fsync(file.fileno())
        reached("journal synced")


def read_journal(folder: StudyFolder) -> list[dict[str, Any]]:
    """Return the journal's entries on networks in the order they were written; a line torn by a kill is left out."""
    return [entry for entry in journal_lines(folder) if not {LOOK, REMADE} & entry.keys()]


def unreadable_lines(folder: StudyFolder) -> int:
    """Return how many lines of the journal are left out, since they are not what this program writes."""
    return sum(entry is None for entry in _parsed_lines(folder))


def journal_lines(folder: StudyFolder) -> list[dict[str, Any]]:
    """Return all that stands in the journal: on networks, looks (`study.store.looks`), and `study.store.remade`."""
    return [entry for entry in _parsed_lines(folder) if entry is not None]


def _parsed_lines(folder: StudyFolder) -> list[dict[str, Any] | None]:
    """Return the object that each line of the journal holds, None for a line that holds something else."""
    if not os.path.lexists(folder.journal):
        return []
    content = read_bytes(folder.journal, remedy="move it away, or use another --name", most_bytes=_MOST_JOURNAL_BYTES)
    return [_parsed_line(line) for line in content.splitlines() if line.strip()]


def _parsed_line(line: bytes) -> dict[str, Any] | None:
    try:
        entry = parse_json(line, what="a line of the journal")
        json.dumps(entry, ensure_ascii=False).encode()  # no page can hold lone surrogates
    except (StudyError, ValueError):
        return None
    if not isinstance(entry, dict) or not {"key", LOOK, REMADE} & entry.keys():
        return None
    return None if shape_problem({**_ENTRY_DEFAULTS, **entry}, _ENTRY) else dict(entry)


def sweep_staging(folder: StudyFolder) -> int:
    """Remove what processes that are no longer alive left in staging, and return how many entries went.

    A compacted study that was moved away when its process died before the successor took its place is put back first.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    if not folder.staging.is_dir():
        return 0
    swept = 0
    with writing(folder.staging):
        for entry in sorted(folder.staging.iterdir()):
            if not _is_stale(entry):
                continue
            if entry.name.startswith(f"{REPLACED}.") and not os.path.lexists(folder.compacted):
                os.replace(entry, folder.compacted)
            else:
                remove(entry)
            swept += 1
            reached("entry swept")
    return swept


def _is_stale(entry: Path) -> bool:
    owner = entry.name.split(".")[-2:]
    if len(owner) == 2 and owner[0] == _host() and owner[1].isdecimal() and os.name == "posix":
        return not _is_alive(int(owner[1]))
    with contextlib.suppress(FileNotFoundError):
        return time.time() - entry.lstat().st_mtime > FOREIGN_STALE_SECONDS
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has a number that long
        return False
    except PermissionError:
        return True
    return True


def remove(path: Path) -> None:
    """Remove a file or a whole directory; one that is not there is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
