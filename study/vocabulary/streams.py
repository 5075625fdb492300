"""Standard output and error that may be closed or full: what is said gets lost, what is done does not.

A reader may close a pipe (`| head -1`), a disk may fill up under a log, a terminal may hang up, a service may start
without any of the three streams. None of these may end hours of work, nor leave a complaint of the interpreter's.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import Any, TextIO

# Nobody is there to read: closed on purpose, or the terminal is gone.
_NOBODY_READS = {errno.EPIPE, errno.EIO, errno.EBADF, errno.ECONNRESET, errno.ESHUTDOWN, errno.ENXIO}


class LossyFile(io.FileIO):
    """A file that takes what cannot be written as written, and remembers why it could not."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write, or lose what is to be written; a pipe that does not block is waited for."""
        try:
            while (written := super().write(data)) is None:
                select.select([], [self.fileno()], [])
        except OSError as error:
            self.failure = self.failure or error
            return memoryview(data).nbytes
        return written


class Streams:
    """The streams of a block in which nothing is written to a stream that refuses."""

    def __init__(self) -> None:
        """Begin without any."""
        self._files: dict[str, LossyFile] = {}

    def lossy(self, name: str, stream: TextIO) -> TextIO:
        """Return a stream to the same place as another one, named 'stdout' or 'stderr', that never fails."""
        self._files[name] = LossyFile(stream.fileno(), "wb", closefd=False)
        return io.TextIOWrapper(
            io.BufferedWriter(self._files[name]),
            encoding=stream.encoding,
            errors="backslashreplace",  # a terminal of few characters gets escapes in place of an error
            line_buffering=True,
        )

    @property
    def refusal(self) -> str:
        """Why standard output was not written though somebody may want it, such as a full disk; otherwise ''."""
        failure = self._files["stdout"].failure if "stdout" in self._files else None
        if failure is None or failure.errno in _NOBODY_READS:
            return ""
        return failure.strerror or type(failure).__name__


@contextlib.contextmanager
def lossy_streams() -> Iterator[Streams]:
    """Let what is said on standard output and error inside the block be lost where it cannot be written.

    Streams that are not the process's own, such as a notebook's, are left as they are. Those that were closed when the
    process started lead nowhere from then on, so that no file of a study gets their number.
    """
    _open_missing()
    streams, before = Streams(), (sys.stdout, sys.stderr)
    own = {id(sys.__stdout__), id(sys.__stderr__)}
    if id(sys.stdout) in own:
        sys.stdout = streams.lossy("stdout", sys.stdout)
    if id(sys.stderr) in own:
        sys.stderr = streams.lossy("stderr", sys.stderr)
    try:
        yield streams
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        sys.stdout, sys.stderr = before


def _open_missing() -> None:
    """Open the null device in place of each standard stream that is closed, for this process and its children."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(
                os.open(os.devnull, os.O_RDWR), True
            )  # it gets the lowest free number, which is this one
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
