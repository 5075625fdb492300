"""What a registry takes of a registration: the text as it is, a page for people, the blocks, answers, digest and date."""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from study import __version__, analysis
from study.commands.arguments import default_registration
from study.commands.command import DONE
from study.commands.register.answers import osf_answers
from study.commands.run.described import recorded_study
from study.commands.run.registered import FROZEN
from study.commands.study_folder import DATA
from study.config import Config, resolve
from study.registration import Registration, read_registration, text_digest
from study.registration.deposit import DEPOSIT_FILE, Deposit, read_deposit
from study.registration.parsing import MOST_BYTES
from study.report.page import publish
from study.report.registration_page import registration_page
from study.store import StudyFolder, left_behind
from study.vocabulary.errors import StudyError, refuse_unless, shown
from study.vocabulary.provenance import git_state
from study.vocabulary.reading import read_text

PAGE_FILE, BLOCKS_FILE, ANSWERS_FILE = "registration.html", "registration_blocks.json", "osf_preregistration.json"
_OTHER_FOLDER: Final = "name another folder"


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A registration, the file it was read from and its text, and the study it is for, where one is named.

    `begun` is whether networks of that study are there already.
    """

    registration: Registration
    path: Path
    text: str
    config: Config | None
    begun: bool


def export(arguments: argparse.Namespace) -> int:
    """Write the files that a registry takes, and return the exit code.

    Raises
    ------
    StudyError
        When the registration or the study cannot be read, or the folder holds another registration already.
    """
    frozen = _frozen(arguments)
    folder: Path = arguments.to
    deposit = _kept(folder, _deposit(frozen))
    for name, content in _files(frozen, deposit).items():
        publish(content, folder / name, remedy=_OTHER_FOLDER)
        print(f"{shown(folder / name)}")
    print(
        f"registration {deposit.digest} (its text {deposit.text_digest[:12]}), frozen {deposit.date}"
        f"{f', commit {deposit.commit[:12]}' if deposit.commit else ''}\n"
        "Deposit these files; then: python -m study register record"
        f" {shown(folder)} --url URL --date DATE --digest {deposit.digest[:12]}"
    )
    return DONE


def _frozen(arguments: argparse.Namespace) -> Frozen:
    """Return what a command line asks to export."""
    if arguments.name is not None:
        refuse_unless(
            arguments.profile is None, "--profile has no use beside NAME, whose record names it: leave one out"
        )
        return _of_study(arguments.name, arguments.preregistration)
    path = arguments.preregistration or default_registration()
    registration = read_registration(path)
    analysis.check_registration(registration, source=str(path))
    config = None if arguments.profile is None else resolve(arguments.profile)
    return Frozen(registration=registration, path=path, text=_text(path), config=config, begun=False)


def _of_study(name: str, file: Path | None) -> Frozen:
    """Return the registration in a study's record, with the file whose text it was."""
    study, _ = recorded_study(name)
    digest = study.registration.text_digest
    places = [file] if file is not None else [study.folder.path / FROZEN, default_registration()]
    for place in places:
        if place.is_file() and text_digest(place) == digest:
            begun = "networks" in left_behind(StudyFolder(study.folder.path))
            return Frozen(
                registration=study.registration, path=place, text=_text(place), config=study.config, begun=begun
            )
    raise StudyError(
        f"{shown(DATA / name)} was registered by a text of digest {digest[:12]}, which"
        f" {' and '.join(map(shown, places))} {'has' if len(places) == 1 else 'have'} not; name its file by --preregistration"
    )


def _text(path: Path) -> str:
    """Return a file's text, whose SHA-256 in UTF-8 is the registration's digest of the text."""
    return read_text(path, most_bytes=MOST_BYTES)


def _deposit(frozen: Frozen) -> Deposit:
    git = git_state(Path(__file__).parents[3]) or {"commit": "", "dirty": False}
    return Deposit(
        digest=frozen.registration.digest,
        text_digest=frozen.registration.text_digest,
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commit=git["commit"],
        commit_changed=bool(git["dirty"]),
        version=__version__,
        profile="" if frozen.config is None else frozen.config.profile,
    )


def _kept(folder: Path, deposit: Deposit) -> Deposit:
    """Return what stands in the folder of the same registration, whose date is the earlier one, or else the deposit.

    Raises
    ------
    StudyError
        When it is no folder, or holds another registration: it is not written over.
    """
    refuse_unless(folder.is_dir() or not os.path.lexists(folder), f"--to {shown(folder)} is no folder; {_OTHER_FOLDER}")
    there = read_deposit(folder)
    if there is None:
        return deposit
    if (there.digest, there.text_digest) != (deposit.digest, deposit.text_digest):
        raise StudyError(
            f"{shown(folder / DEPOSIT_FILE)} is of registration {there.digest[:12]} (text {there.text_digest[:12]}), not"
            f" {deposit.digest[:12]} (text {deposit.text_digest[:12]}); it is not written over: {_OTHER_FOLDER}"
        )
    return there


def _files(frozen: Frozen, deposit: Deposit) -> Mapping[str, str]:
    """Return the content of each file; that which says that all is there comes last."""
    blocks = frozen.registration.as_record()
    answers = osf_answers(frozen.registration, frozen.text, frozen.config, begun=frozen.begun, deposit=deposit)
    return {
        FROZEN: frozen.text,
        BLOCKS_FILE: _json(blocks),
        ANSWERS_FILE: _json(answers),
        PAGE_FILE: registration_page(frozen.text, deposit_rows(deposit)),
        DEPOSIT_FILE: deposit.as_json(),
    }


def deposit_rows(deposit: Deposit) -> tuple[tuple[str, str], ...]:
    """Return what is known of a registration: label and value."""
    changed = ", with changes that are in no commit" if deposit.commit_changed else ""
    rows = (
        ("Digest of the blocks", deposit.digest),
        ("SHA-256 of the text", deposit.text_digest),
        ("Frozen", f"{deposit.date}, by the clock of the computer that froze it"),
        ("Commit of the program", f"{deposit.commit}{changed}" if deposit.commit else "not known"),
        ("Version of the program", deposit.version),
        ("Profile", deposit.profile),
    )
    return tuple((label, value) for label, value in rows if value)


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
