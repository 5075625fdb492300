"""How far studies are, from what lies in their folders; nothing is written and nobody disturbed."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from study.commands.command import DONE
from study.commands.console import Manner, print_plain
from study.commands.run.access import repeating_command
from study.commands.run.completeness import completeness
from study.commands.run.described import DescribedStudy, described_names, published_names, recorded_study
from study.commands.run.looks import look_sentences
from study.commands.study_folder import DATA
from study.config.population import PlannedNetwork
from study.execution.estimate import estimate
from study.execution.own_workers import worker_count
from study.store import StudyFolder, holder, network_state, read_journal, read_looks
from study.vocabulary.device import WORDS
from study.vocabulary.errors import StudyError, one_line, shown

_MEGABYTE = 1e6


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a study is: its networks by state, who writes it, looks at its data, disk in MB and minutes left."""

    states: dict[str, str]
    failed: tuple[PlannedNetwork, ...]
    writer: str
    looks: int
    megabytes: float
    minutes: float

    def count(self, state: str) -> int:
        """Return how many networks are in a state."""
        return list(self.states.values()).count(state)

    @property
    def line(self) -> str:
        """Return it in one line."""
        parts = [f"{self.count('done')} of {len(self.states)} networks done"]
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += [f"{self.count('damaged')} damaged"] if self.count("damaged") else []
        left = f"about {max(self.minutes, 1):.0f} min left" if self.count("done") < len(self.states) else ""
        parts += [f"running: {self.writer}" if self.writer else "not running", *([left] if left else [])]
        return ", ".join([*parts, f"{self.looks} {'look' if self.looks == 1 else 'looks'}", f"{self.megabytes:.0f} MB"])


def status(arguments: argparse.Namespace) -> int:
    """Print how far studies are, and return the exit code.

    Raises
    ------
    StudyError
        When the study that is named is not there, or cannot be read.
    """
    manner = Manner.of(arguments)
    console = manner.console
    if arguments.name in published_names():
        published = [_said_published(arguments.name, console)]
        manner.give(lambda: {"studies": published})
        return DONE
    if arguments.name is not None:
        study, record = recorded_study(arguments.name)
        far = progress(study, record)
        _print_study(study, far, console)
        manner.give(lambda: {"studies": [_plain(study, far)]})
        return DONE
    studies = [_said(name, console) for name in described_names()]
    studies += [_said_published(name, console) for name in published_names()]
    if not studies:
        print_plain(console, "no study here: `python -m study run` makes one, in data/ of the working directory")
    manner.give(lambda: {"studies": studies})
    return DONE


def _said(name: str, console: Console) -> Mapping[str, Any]:
    """Say in a line how far a study is, or why it cannot be read, and return it as plain JSON types."""
    try:
        study, record = recorded_study(name)
        far = progress(study, record)
    except StudyError as error:
        print_plain(console, f"{shown(name)}: {one_line(error)}")
        return {"study": name, "problem": one_line(error)}
    print_plain(console, f"{shown(name)}: {far.line}")
    return _plain(study, far)


def _said_published(name: str, console: Console) -> Mapping[str, Any]:
    """Say in a line that a study is there as it was published, and return it as plain JSON types."""
    path = StudyFolder(DATA / name).published
    megabytes = path.stat().st_size / _MEGABYTE
    print_plain(console, f"{shown(name)}: published, {megabytes:.0f} MB; next: python -m study verify {shown(name)}")
    return {"study": name, "published": str(path.absolute()), "megabytes": megabytes}


def progress(study: DescribedStudy, record: dict[str, Any]) -> Progress:
    """Return how far a study is."""
    states = {network.key: network_state(study.folder, network.key) for network in study.networks}
    to_do = [network for network in study.networks if states[network.key] != "done"]
    journal = read_journal(study.folder)
    done = [key for key, state in states.items() if state == "done"]
    minutes = 0.0
    if to_do:
        workers = worker_count(study.config, len(to_do))
        minutes = estimate(study.config, record["images"], to_do, workers=workers, journal=journal).minutes
    return Progress(
        states=dict(states),
        failed=completeness(study.networks, done, journal, registered=study.registered).failed,
        writer=holder(study.folder),
        looks=len(read_looks(study.folder)),
        megabytes=_bytes_below(study.folder.path) / _MEGABYTE,
        minutes=minutes,
    )


def _print_study(study: DescribedStudy, far: Progress, console: Console) -> None:
    print_plain(console, f"{shown(study.folder.path)}: {far.line}")
    print_plain(console, f"  device: {WORDS[study.config.execution.computes_on.kind]}")
    for (arm, number), networks in _by_arm(study.networks).items():
        counts = collections.Counter(far.states[network.key] for network in networks)
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        print_plain(console, f"  arm {arm}, initialisation set {number}: {len(networks)} networks: {said}")
    reasons = {entry["key"]: entry["failure"] for entry in read_journal(study.folder) if entry.get("failure")}
    print_plain(console, *(f"  failed: {network.label}: {reasons[network.key]}" for network in far.failed))
    done = [key for key, state in far.states.items() if state == "done"]
    print_plain(console, *(f"  {line}" for line in look_sentences(study.folder, done, shown=0)))
    name = shown(study.folder.path.name)
    finished = far.count("done") == len(far.states)
    following = f"python -m study report {name}" if finished else repeating_command(study.config, here=True)
    print_plain(console, f"next: {following}")


def _plain(study: DescribedStudy, far: Progress) -> Mapping[str, Any]:
    """Return how far a study is as plain JSON types."""
    reasons = {entry["key"]: entry["failure"] for entry in read_journal(study.folder) if entry.get("failure")}
    return {
        "study": study.folder.path.name,
        "planned": len(far.states),
        "done": far.count("done"),
        "damaged": far.count("damaged"),
        "failed": [{"network": network.label, "reason": str(reasons[network.key])} for network in far.failed],
        "running": far.writer or None,
        "device": study.config.execution.computes_on.kind,
        "looks": far.looks,
        "megabytes": far.megabytes,
        "minutes_left": far.minutes,
        "arms": [
            {
                "arm": arm,
                "initialization_set": number,
                **collections.Counter(far.states[network.key] for network in networks),
            }
            for (arm, number), networks in _by_arm(study.networks).items()
        ],
    }


def _by_arm(networks: Sequence[PlannedNetwork]) -> dict[tuple[str, int], list[PlannedNetwork]]:
    groups: dict[tuple[str, int], list[PlannedNetwork]] = {}
    for network in networks:
        groups.setdefault((network.arm, network.initialization_set), []).append(network)
    return groups


def _bytes_below(path: Path) -> int:
    """Return the size of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total
