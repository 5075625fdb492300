"""Looks: at which networks, under which registration and with which analysis results have been computed.

They stand in the journal, which is only added to, each in a line of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from study.store.folder import LOOK, StudyFolder, append_journal, journal_lines
from study.store.networks import manifest_digest
from study.vocabulary.digests import digest

IDENTITY: Final = ("networks_digest", "registration_digest", "analysis_version")  # what makes two looks the same one


def networks_digest(folder: StudyFolder, keys: Sequence[str]) -> str:
    """Return the digest of a set of networks: of their keys and their every byte, in whatever order.

    Raises
    ------
    DamagedNetworkError
        When one of them cannot be read.
    """
    return digest(sorted([key, manifest_digest(folder, key)] for key in keys))


def read_looks(folder: StudyFolder) -> list[dict[str, Any]]:
    """Return the looks that were taken, in their order."""
    return [entry[LOOK] for entry in journal_lines(folder) if isinstance(entry.get(LOOK), dict)]


def taken_look(folder: StudyFolder, look: Mapping[str, Any]) -> int:
    """Add a look to the journal unless the same was taken before, and return its number, from 1.

    Parameters
    ----------
    folder
        Locked.
    look
        `IDENTITY`, and what else is to be said of it. JSON values.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    looks = read_looks(folder)
    identity = [look[name] for name in IDENTITY]
    for number, earlier in enumerate(looks, 1):
        if [earlier.get(name) for name in IDENTITY] == identity:
            return number
    append_journal(folder, {LOOK: dict(look)})
    return len(looks) + 1
