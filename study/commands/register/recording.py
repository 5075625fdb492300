"""Where and when a registration was deposited, noted beside its digest."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from pathlib import Path

from study.commands.command import DONE
from study.commands.study_folder import DATA
from study.registration.deposit import DEPOSIT_FILE, LEAST_DIGITS, Deposit, checked_url, day_of, moment, read_deposit
from study.report.page import publish
from study.store import StudyFolder, read_record
from study.vocabulary.errors import StudyError, quoted, refuse_unless, shown

_CLOCKS_DIFFER = datetime.timedelta(days=1)  # of a date without time, and of clocks


def record(arguments: argparse.Namespace) -> int:
    """Note where a registration was deposited, and return the exit code.

    Raises
    ------
    StudyError
        When there is no registration in the place, its digest is another, or address or date are none.
    """
    folder = place_of(arguments.place)
    deposit = frozen_in(folder)
    digest = arguments.digest.strip().lower()
    refuse_unless(
        deposit.is_named_by(digest),
        f"--digest {quoted(digest)} is not the registration in {shown(folder)}: its blocks have the digest"
        f" {deposit.digest}, its text {deposit.text_digest}; give at least {LEAST_DIGITS} digits of either, or name the"
        " folder of the registration that was deposited",
    )
    when = moment(arguments.date, what="--date")
    refuse_unless(
        day_of(arguments.date) is not None or datetime.datetime.fromisoformat(arguments.date).tzinfo is not None,
        f"--date {quoted(arguments.date)} has no offset from UTC, which may be hours; add Z, or one such as +01:00",
    )
    refuse_unless(
        when <= datetime.datetime.now(datetime.UTC) + _CLOCKS_DIFFER,
        f"--date {quoted(arguments.date)} lies in the future; give the date that the registry shows",
    )
    noted = dataclasses.replace(deposit, url=checked_url(arguments.url, what="--url"), registered=arguments.date)
    publish(noted.as_json(), folder / DEPOSIT_FILE, remedy="name another folder")
    print(
        f"{shown(folder / DEPOSIT_FILE)}: registration {noted.digest[:12]}, deposited at {noted.url} on {noted.registered}"
    )
    return DONE


def place_of(text: str) -> Path:
    """Return the folder of a study's name, or of a path, in which a registration lies.

    Raises
    ------
    StudyError
        When neither is a folder.
    """
    for folder in (DATA / text, Path(text)):
        if text and folder.is_dir():
            return folder
    raise StudyError(
        f"{quoted(text)} is neither a study in {DATA} nor a folder; `python -m study register export --to DIR` makes one"
    )


def frozen_in(folder: Path) -> Deposit:
    """Return what is known of the registration in a folder: as exported, or as a study's record holds it.

    Raises
    ------
    StudyError
        When neither is there, or the record holds another registration than the one that was exported there.
    """
    deposit, recorded = read_deposit(folder), _recorded(folder)
    if deposit is not None and recorded is not None and recorded.digest != deposit.digest:
        raise StudyError(
            f"{shown(folder / DEPOSIT_FILE)} is of registration {deposit.digest[:12]}, the study's record of"
            f" {recorded.digest[:12]}; export the study's own, `python -m study register export {shown(folder.name)}"
            f" --to {shown(folder)}`"
        )
    found = deposit or recorded
    if found is None:
        raise StudyError(
            f"{shown(folder)} holds no {DEPOSIT_FILE} and no record of a study; `python -m study register export --to"
            f" {shown(folder)}` writes one"
        )
    return found


def _recorded(folder: Path) -> Deposit | None:
    content = (read_record(StudyFolder(folder)) or {}).get("registration")
    if not isinstance(content, dict):
        return None
    return Deposit(digest=str(content.get("digest")), text_digest=str(content.get("text_digest")))
