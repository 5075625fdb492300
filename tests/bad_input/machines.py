"""Schedulers that are none: ports where something else answers or hangs, and scheduler files of another shape."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.bad_input.corpus import Make, rows_of, typed, written

# Few images, which are drawn before anybody is asked.
FEW = [f"--set={name}" for name in ("images.train_images=40", "images.validation_images=20", "images.test_images=40")]
FEW += [f"--set={name}" for name in ("ablation.null_images=32", "shift_invariance.test_images=0")]
FEW += [
    f"--set={name}" for name in ("memorization.seeds=0", "replication.seeds=0", "maturation.seeds=0", "rearing.seeds=0")
]
NAMED = (*FEW, "--scheduler=scheduler.json")
NO_SCHEDULER = ("--scheduler tcp://127.0.0.1:", "is no dask scheduler", "8786 unless set otherwise", "dashboard")
NO_FILE = ("--scheduler", "scheduler.json", "give tcp://HOST:PORT")


def answering(*, first: bytes = b"", then: bytes = b"") -> Make:
    """Return how a port is made where somebody says something at once, or once he was spoken to, and hangs up."""

    def make(place: Path) -> Sequence[str]:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_answer, args=(listener, first, then), daemon=True).start()
        return *FEW, f"--scheduler=tcp://127.0.0.1:{listener.getsockname()[1]}"

    return make


def _answer(listener: socket.socket, first: bytes, then: bytes) -> None:
    with listener:
        caller, _ = listener.accept()
    with caller, contextlib.suppress(OSError):
        caller.sendall(first)
        caller.recv(64)
        caller.sendall(then)
        caller.shutdown(socket.SHUT_WR)
        while caller.recv(4096):
            pass


def fifo(place: Path) -> Sequence[str]:
    """Make a pipe that nobody writes into in place of a scheduler file."""
    os.mkfifo(place / "scheduler.json")
    return NAMED


def large(place: Path) -> Sequence[str]:
    """Make a file of 20 MB, which takes no room."""
    with (place / "scheduler.json").open("wb") as file:
        file.truncate(20_000_000)
    return NAMED


def folder(place: Path) -> Sequence[str]:
    """Make a folder in place of a scheduler file."""
    (place / "scheduler.json").mkdir()
    return NAMED


def told(content: object) -> Make:
    """Return how a scheduler file is made that holds something else."""
    return written("scheduler.json", json.dumps(content), *NAMED)


_PORTS = {
    "a web server": (answering(then=b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), NO_SCHEDULER),
    "an SSH server": (answering(first=b"SSH-2.0-OpenSSH_9.2p1\r\n"), NO_SCHEDULER),
    "a mail server": (answering(first=b"220 mail.example ESMTP\r\n"), NO_SCHEDULER),
    "a Redis server": (answering(then=b"-ERR unknown command\r\n"), NO_SCHEDULER),
    "a server of TLS": (answering(then=b"\x15\x03\x03\x00\x02\x02\x16"[:7] + b"\x00" * 9), NO_SCHEDULER),
    "nothing but zeros": (answering(first=b"\0" * 4096), NO_SCHEDULER),
    "a message of 2**64 - 1 bytes": (answering(first=b"\xff" * 64), NO_SCHEDULER),
    "a message of too many parts": (answering(first=struct.pack("<Q", 64) + b"\xff" * 64), NO_SCHEDULER),
    "parts that are no MessagePack": (
        answering(first=struct.pack("<QQQ", 8 + 8 + 4, 1, 4) + b"\xc1\xc1\xc1\xc1"),
        NO_SCHEDULER,
    ),
}
_FILES = {
    "a list": (told([1]), (*NO_FILE, "is no scheduler file")),
    "a text": (told("tcp://127.0.0.1:8786"), (*NO_FILE, "is no scheduler file")),
    "without address": (told({"id": "Scheduler-1"}), (*NO_FILE, "is no scheduler file")),
    "an address that is a number": (told({"address": 8786}), (*NO_FILE, "is no scheduler file")),
    "an address without a port": (told({"address": "tcp://127.0.0.1"}), (*NO_FILE, "is no scheduler file")),
    "an address of another protocol": (told({"address": "http://127.0.0.1:8787"}), (*NO_FILE, "is no scheduler file")),
    "torn": (written("scheduler.json", '{"address": ', *NAMED), (*NO_FILE, "not valid JSON")),
    "nested without end": (
        written("scheduler.json", '{"address":' * 100_000, *NAMED),
        (*NO_FILE, "nested deeper"),
    ),
    "of binary bytes": (
        written("scheduler.json", b"\x80\x81\x82", *NAMED),
        (*NO_FILE, "not UTF-8"),
    ),
    "a pipe": (fifo, (*NO_FILE, "a pipe")),
    "a device": (typed(*FEW, "--scheduler=/dev/zero"), ("--scheduler /dev/zero", "a device")),
    "a folder": (folder, (*NO_FILE, "a directory")),
    "of 20 MB": (large, (*NO_FILE, "more than 16 MB")),
    "missing": (typed(*NAMED), (*NO_FILE, "does not exist")),
}
_SETTINGS = {
    "a negative time to wait": (typed("--set", "execution.scheduler_timeout=-1"), ("= -1", "0 (none) to 1000000")),
    "a time to wait in words": (typed("--set", "execution.scheduler_timeout=ever"), ("'ever'", "a whole number")),
}

ROWS = (
    *rows_of("scheduler's port", _PORTS),
    *rows_of("scheduler file", _FILES),
    *rows_of("scheduler's silence", _SETTINGS),
)
