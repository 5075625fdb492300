"""What registers a study: a file that is named, its own frozen copy, or the record of what was frozen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from study import analysis
from study.commands.arguments import default_registration
from study.commands.study_folder import DATA
from study.registration import Registration, read_registration, recorded_registration, text_digest
from study.registration.deviations import is_as_stored

FROZEN: Final = "preregistration.md"  # in a study's folder: its registration, as it was before the first network


def frozen_registration(name: str) -> Path:
    """Return where the frozen registration of a study lies, or would."""
    return DATA / name / FROZEN


def registration_file(name: str, chosen: Path | None) -> Path:
    """Return what registers a study: the file that is named, its own frozen copy, or what registers by default.

    Parameters
    ----------
    name
        Of the study, in whose folder a frozen copy may lie.
    chosen
        By the command line; None where none is.
    """
    frozen = frozen_registration(name)
    return chosen or (frozen if frozen.is_file() else default_registration())


def registered_by(path: Path, record: Mapping[str, Any] | None, *, source: str) -> Registration:
    """Return what a file registers for a study that may have begun.

    A study goes on while the program is developed. Where the file's text is the one that the study's record was made
    with, what was registered is what the record holds: sizes of profiles stand in files of the program, which may have
    changed since.

    Parameters
    ----------
    path
        The file.
    record
        The study's, None where it has none yet.
    source
        Of the record, for messages.

    Raises
    ------
    StudyError
        As `read_registration`.
    """
    stored = record.get("registration") if record is not None else None
    if isinstance(stored, Mapping) and is_as_stored(stored) and stored.get("text_digest") == text_digest(path):
        return recorded_registration(stored, source=source)
    registration = read_registration(path)
    analysis.check_registration(registration, source=str(path))
    return registration
