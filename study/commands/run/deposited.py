"""Since when, and by whom beside this computer, a study's registration is vouched for."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from study.registration.deposit import DEPOSIT_FILE, Deposit, day_of, moment, read_deposit
from study.vocabulary.errors import StudyError

ALONE: Final = "That it was written before the first network was trained is said by this computer alone"
_FINISHED, _SECONDS = "finished", "seconds"


def registered_sentence(folder: Path, digest: str, journal: Sequence[Mapping[str, Any]]) -> str:
    """Return who says that what is registered was written before the first network.

    Parameters
    ----------
    folder
        The study's, in which `registration.json` may lie.
    digest
        Of the registration in the study's record.
    journal
        Its entries on networks, which say when each was finished.
    """
    try:
        deposit = read_deposit(folder)
    except StudyError as error:
        return f"{ALONE}, for what was noted of a deposit cannot be read ({error})."
    if deposit is None:
        return f"{ALONE}: it is deposited nowhere that is noted here."
    if deposit.digest != digest:
        return f"{ALONE}: {DEPOSIT_FILE} beside the study is of another registration ({deposit.digest[:12]})."
    if not deposit.is_deposited:
        return (
            f"{ALONE}, which froze it at {deposit.date}{_commit(deposit)}; it is deposited nowhere that is noted here."
        )
    return f"Registered at {deposit.url} on {deposit.registered}{_against(deposit, first_begun(journal))}"


def deposit_warning(folder: Path, digest: str) -> list[str]:
    """Return a line where what lies in a study's folder is of another registration than the one it is run under.

    Raises
    ------
    StudyError
        When `registration.json` is there and cannot be read.
    """
    deposit = read_deposit(folder)
    if deposit is None or deposit.digest == digest:
        return []
    return [
        f"{folder / DEPOSIT_FILE} is of registration {deposit.digest[:12]}, not of this one ({digest[:12]}): it vouches for"
        " nothing here, and the report will say so"
    ]


def first_begun(journal: Sequence[Mapping[str, Any]]) -> datetime.datetime | None:
    """Return when the first network was begun, by this computer's clock; None where no entry says."""
    times = []
    for entry in journal:
        try:
            finished = moment(str(entry.get(_FINISHED, "")), what=_FINISHED)
        except StudyError:
            continue
        times.append(finished - datetime.timedelta(seconds=float(entry.get(_SECONDS, 0))))
    return min(times, default=None)


def _against(deposit: Deposit, begun: datetime.datetime | None) -> str:
    """Return how the date of a deposit stands to the first network."""
    if begun is None:
        return "; when the first network was begun, nothing here says."
    when = f"{begun.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}, by this computer's clock"
    told = moment(deposit.registered, what="registered")
    if told < begun:
        return f", before the first network, which was begun at {when}."
    if day_of(deposit.registered) == begun.astimezone(datetime.UTC).date():
        return f", the day on which the first network was begun ({when}): the day alone does not say which came first."
    return f", which is not before the first network (begun at {when}): it vouches for nothing that was known by then."


def _commit(deposit: Deposit) -> str:
    changed = " and changes that are in no commit" if deposit.commit_changed else ""
    return f" with commit {deposit.commit[:12]}{changed}" if deposit.commit else ""
