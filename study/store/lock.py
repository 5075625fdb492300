"""One run at a time writes a study: a lock that ends with the process that holds it, however that ends.

The system's lock on `data/<name>/lock` is what counts; the file's content only says who holds it. A file that a killed
process left is no lock and is taken over. It is removed at the end of a run, so whoever gets the lock makes sure that
it is on the file that lies there, not on one that was removed between opening and locking it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from study.store.faults import reached
from study.store.folder import StudyFolder, writing
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.reading import check_regular, parse_json

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_SIGNING_SECONDS = 1.0  # within which a holder has written who it is
_ASKING_SECONDS = 0.1  # within which whoever asks who holds the lock has let it go


@contextlib.contextmanager
def locked(folder: StudyFolder) -> Iterator[str]:
    """Hold the lock of a study inside the block.

    Yields
    ------
    str
        '' while the lock is held; where this system or file system has no locks, one line that says so.

    Raises
    ------
    StudyError
        When another process holds it (which, where, and since when), or the disk refuses.
    """
    with writing(folder.lock):
        folder.path.mkdir(parents=True, exist_ok=True)
        check_regular(folder.lock, remedy="remove it, and rerun")
        descriptor, remark = _acquired(folder)
    try:
        with writing(folder.lock):
            reached("lock taken")
            _sign(descriptor)
            reached("lock signed")
        yield remark
    finally:
        with contextlib.suppress(OSError):
            folder.lock.unlink()
        os.close(descriptor)


def holder(folder: StudyFolder) -> str:
    """Return who writes a study now, '' where nobody does or nobody can tell.

    The lock is tried, shared, for as long as that takes: `locked` tries again for longer than that.
    """
    try:
        descriptor = os.open(folder.lock, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return ""


def _acquired(folder: StudyFolder) -> tuple[int, str]:
    """Return the lock file's descriptor, locked, and '' or why it could not be locked."""
    while True:
        descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            remark = _lock(folder, descriptor)
            if remark or _lies_at(folder.lock, descriptor):
                return descriptor, remark
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(folder: StudyFolder, descriptor: int) -> str:
    if fcntl is None:
        return _remark(folder, "this system")
    try:
        _flock(descriptor)
    except BlockingIOError:
        raise StudyError(
            f"{folder.path} is being written by {_holder(descriptor)}; wait until it ends, or use another --name"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return _remark(folder, "its file system")
    return ""


def _flock(descriptor: int) -> None:
    """Take the lock; it is tried again for a moment, since whoever asks who holds it has it for that long."""
    deadline = time.monotonic() + _ASKING_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _remark(folder: StudyFolder, what: str) -> str:
    return f"{folder.path}: {what} has no locks; do not run two studies of this name at once"


def _lies_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    content = json.dumps({"pid": os.getpid(), "host": platform.node(), "started": started}) + "\n"
    os.ftruncate(descriptor, 0)
    os.write(descriptor, content.encode())


def _holder(descriptor: int) -> str:
    """Return who says to hold the lock; a holder that has just got it is given a moment to say so."""
    deadline = time.monotonic() + _SIGNING_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(StudyError, TypeError, KeyError):
            told = parse_json(os.pread(descriptor, 4096, 0), what="the lock")
            return f"process {shown(told['pid'])} on {shown(told['host'])} since {shown(told['started'])}"
        time.sleep(0.02)
    return "another process"
