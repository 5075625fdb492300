"""The folder that a command writes: nobody else's meanwhile, with the record of what made it, and compacted at the end."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from rich.console import Console

from study.commands.console import print_plain
from study.store import (
    StudyFolder,
    check_files,
    check_writable,
    compact,
    left_behind,
    locked,
    open_study,
    read_record,
    sweep_staging,
    write_record,
)
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.measurement import measurements
from study.vocabulary.provenance import environment, git_state
from study.vocabulary.reading import check_regular
from study.vocabulary.schema import SCHEMA_VERSION
from study.vocabulary.shapes import ANY, Shape, shape_problem

_SOFTWARE = {
    "environment": {"python": str, "cpu": str, "cores": int, "platform": str, "packages": {ANY: str}},
}
_GIT = {"commit": str, "dirty": bool}

DATA, REPORTS = Path("data"), Path("reports")
SOURCE = Path(__file__).parents[2]


def check_places(folder: StudyFolder) -> None:
    """Refuse, now rather than after hours of work, places where data or reports cannot be written.

    Raises
    ------
    StudyError
        With the path and the remedy.
    """
    check_writable(folder)
    check_writable(StudyFolder(REPORTS))
    check_regular(REPORTS / f"{folder.path.name}.html", remedy="move it away, or use another --name")


@contextlib.contextmanager
def held(folder: StudyFolder, check: Callable[[], None], console: Console) -> Iterator[None]:
    """Hold the folder's lock inside the block.

    Parameters
    ----------
    folder
        Of one study or of one external network.
    check
        Refuses what lies in it where this command must not go on with it; called when nobody else can write any more.
    console
        Told where the file system has no locks.

    Raises
    ------
    StudyError
        When somebody else writes the folder, the disk refuses, or `check` does.
    """
    with locked(folder) as remark:
        if remark:
            print_plain(console, remark)
        check()
        try:
            yield
        except KeyboardInterrupt:
            sweep_staging(folder)  # what workers that were ended with this process had begun
            raise


def readable_record(folder: StudyFolder) -> dict[str, Any] | None:
    """Return the folder's record, or None where there is none yet.

    Raises
    ------
    StudyError
        When it cannot be read, belongs to another version of the store, or is missing where networks or anything else
        is that is only written after it: whatever was registered for them, nobody could tell any more.
    """
    check_files(folder)
    record = read_record(folder)
    if record is None and (left := left_behind(folder)):
        raise StudyError(
            f"{folder.path} holds {', '.join(left)} but no {folder.record_path.name}, the record of what they were made and"
            " registered with; restore it, or use another --name"
        )
    if record is not None and record.get("schema_version") != SCHEMA_VERSION:
        raise StudyError(
            f"{folder.path} has schema version {shown(record.get('schema_version'))}, this program writes"
            f" {SCHEMA_VERSION}; use another --name"
        )
    if record is not None:
        check_shape(folder, record, _SOFTWARE)
        if record.get("git") is not None:
            check_shape(folder, record, {"git": _GIT})
    return record


def check_shape(folder: StudyFolder, record: Mapping[str, Any], shape: Shape) -> None:
    """Refuse a record that is not what a run writes.

    Raises
    ------
    StudyError
        With the key, what stands there and what must.
    """
    if problem := shape_problem(record, shape):
        raise StudyError(
            f"{shown(folder.record_path)} is no record of a study: {problem}; use another --name, or restore the file"
        )


def kept_record(folder: StudyFolder, content: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the folder's record; the first run writes it, before anything is measured.

    Parameters
    ----------
    folder
        Locked.
    content
        Returns what the record says beside the schema's version, the environment and the commit.

    Raises
    ------
    StudyError
        As `readable_record`: no record is written over networks that exist.
    """
    record = readable_record(folder)
    if record is None:
        record = {
            "schema_version": SCHEMA_VERSION,
            **content(),
            "environment": environment(),
            "git": git_state(SOURCE),
        }
        write_record(folder, record)
    return record


def software_attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every group of the compacted store says of the program that made it."""
    git = record["git"] or {"commit": "unknown", "dirty": False}
    return {
        "packages": record["environment"]["packages"],
        "git_commit": git["commit"],
        "git_dirty": bool(git["dirty"]),
    }


def compacted(folder: StudyFolder, keys: Sequence[str], attributes: Mapping[str, Any], console: Console) -> xr.DataTree:
    """Compact networks into the folder's store, and return it with all that an analysis reads in memory.

    Parameters
    ----------
    folder
        Locked.
    keys
        Of the networks, which are published.
    attributes
        Of every group of the store.
    console
        Told where the store that lay there was changed by somebody else.
    """
    print_plain(console, *compact(folder, list(keys), dict(attributes)))
    study = open_study(folder.compacted)
    for name, measurement in measurements().items():
        if measurement.analysed and name in study.children:
            study[name].load()
    return study


def present_commit() -> str:
    """Return the program's commit, and whether it was changed since, in words; empty where that cannot be told."""
    return commit_words(git_state(SOURCE))


def commit_words(git: Mapping[str, Any] | None) -> str:
    """Return what `git_state` gives in words; empty for None."""
    return "" if git is None else str(git["commit"]) + (" with uncommitted changes" if git["dirty"] else "")


def software_provenance(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the lines of a report on the program that made it: label to value."""
    environment = record["environment"]
    return {
        "commit": commit_words(record["git"]) or "unknown",
        "python": environment["python"],
        "machine": f"{environment['cpu']}, {environment['cores']} cores, {environment['platform']}",
        "packages": ", ".join(f"{name} {version}" for name, version in environment["packages"].items()),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """Where data, a report and the list of all reports lie; `problem` says why the list could not be written."""

    data: Path
    report: Path
    index: Path
    problem: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what a person is told."""
        return (f"data:   {self.data}", f"report: {self.report}", self.problem or f"all:    {self.index}")

    @property
    def plain(self) -> dict[str, str]:
        """Return what a program is told; a list that could not be written is not there."""
        places = {"data": self.data, "report": self.report} | ({} if self.problem else {"index": self.index})
        return {name: str(path.absolute()) for name, path in places.items()}
