"""The state of a network half trained, in one file that is replaced at once: it saves time, and is never data.

A checkpoint is bound to its network's key and to the packages and processor it was made with, within which bits are
promised: another machine that shares the folder starts anew rather than finish what neither would have given. Whatever
is not exactly what was written, where and as it is read, is ignored, and training begins at the beginning.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.store.folder import StudyFolder, remove, replace_file, writing
from study.vocabulary.errors import StudyError
from study.vocabulary.provenance import environment
from study.vocabulary.reading import read_bytes

CHECKPOINT_FORMAT = 1
MOST_BYTES = 8_000_000_000  # of what is taken for a checkpoint: it is read into memory as a whole
SUFFIX = ".checkpoint"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one network; naming it reads and creates nothing."""

    folder: StudyFolder
    key: str

    @property
    def path(self) -> Path:
        """Where it lies, or would."""
        return self.folder.checkpoints / f"{self.key}{SUFFIX}"

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Put arrays in place of those saved before; a reader, or a restart, finds the former or these, never a part.

        Raises
        ------
        StudyError
            When the disk refuses: it would refuse the network too.
        """
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        payload = buffer.getvalue()
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.folder, self.path, _header(self.key, payload) + payload)

    def load(self) -> dict[str, NDArray[Any]] | None:
        """Return the arrays saved last, or None, with a line in the log unless there is simply no checkpoint."""
        if not os.path.lexists(self.path):
            return None
        try:
            content = read_bytes(self.path, most_bytes=MOST_BYTES)
        except StudyError as error:
            self._tell_ignored(str(error))
            return None
        payload = content[content.find(b"\n") + 1 :]
        if content != _header(self.key, payload) + payload:
            self._tell_ignored("not whole, or made for another network, with other packages or on another processor")
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return dict(arrays)

    def _tell_ignored(self, reason: str) -> None:
        _log.warning("%s: checkpoint ignored (%s); the network is trained from the start", self.path, reason)

    def remove(self) -> None:
        """Remove it; that there is none is no error.

        Raises
        ------
        StudyError
            When the disk refuses.
        """
        with writing(self.path):
            remove(self.path)


def _header(key: str, payload: bytes) -> bytes:
    """Return the line that must stand before `payload`."""
    header = {
        "format": CHECKPOINT_FORMAT,
        "key": key,
        "environment": _environment(),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    return json.dumps(header, sort_keys=True).encode() + b"\n"


@functools.cache
def _environment() -> dict[str, Any]:
    """Return what bits are promised within; the number of cores is not, since a network is trained on one."""
    return {name: value for name, value in environment().items() if name != "cores"}


def sweep_checkpoints(folder: StudyFolder, *, keep: Collection[str]) -> int:
    """Remove the checkpoints of all networks but those still to do, and what is no file; return how many went.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    if not folder.checkpoints.is_dir():
        return 0
    kept = {path for key in keep if (path := Checkpoint(folder, key).path).is_file()}
    stale = [path for path in sorted(folder.checkpoints.iterdir()) if path not in kept]
    with writing(folder.checkpoints):
        for path in stale:
            remove(path)
    return len(stale)
