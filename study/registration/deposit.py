"""What vouches for a registration beside this computer: when it was frozen, and where it was deposited before the data.

It stands in `registration.json` beside the frozen text: `python -m study register` writes it, reports read it.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from study.vocabulary.errors import StudyError, quoted, shown
from study.vocabulary.reading import read_json
from study.vocabulary.shapes import shape_problem
from study.vocabulary.text import checked_name

DEPOSIT_FILE: Final = "registration.json"
LEAST_DIGITS: Final = 12  # of a digest that names a registration
MOST_BYTES: Final = 100_000
_SHAPE: Final = {name: str for name in ("digest", "text_digest", "date", "commit", "version", "profile", "url")}
_PARTS: Final = {**_SHAPE, "registered": str, "commit_changed": bool}
_REMEDY: Final = "write it anew with `python -m study register export`"
_URL: Final = re.compile(r"(?:https?://[^\s/]+\.[^\s/]+(?:/\S*)?|doi:10\.\d{4,9}/\S+|10\.\d{4,9}/\S+)")


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """A registration as it was frozen, and where it was deposited.

    `digest` is that of the machine-readable part, `text_digest` of the whole file. `date` is when it was frozen, by this
    computer's clock, `commit` the commit of the program that froze it and `commit_changed` whether files differed from
    it; `profile` names the study that it was frozen for. `url` and `registered` say where it was deposited and when, as
    whoever deposited it told. Each of these is '' where it is not known.
    """

    digest: str
    text_digest: str
    date: str = ""
    commit: str = ""
    commit_changed: bool = False
    version: str = ""
    profile: str = ""
    url: str = ""
    registered: str = ""

    @property
    def is_deposited(self) -> bool:
        """Return whether somebody said where it was deposited."""
        return bool(self.url)

    def is_named_by(self, digest: str) -> bool:
        """Return whether a digest, or the beginning of one, is that of the blocks or of the whole text."""
        return len(digest) >= LEAST_DIGITS and any(one.startswith(digest) for one in (self.digest, self.text_digest))

    def as_json(self) -> str:
        """Return the content of `registration.json`."""
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n"


def read_deposit(folder: Path) -> Deposit | None:
    """Return what stands in `registration.json` of a folder, or None where there is no such file.

    Raises
    ------
    StudyError
        When it cannot be read, or is not what `python -m study register` writes.
    """
    path = folder / DEPOSIT_FILE
    try:
        content = read_json(path, remedy=_REMEDY, most_bytes=MOST_BYTES)
    except StudyError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    return _checked(content, path)


def _checked(content: Any, path: Path) -> Deposit:
    if problem := shape_problem(content, {"digest": str, "text_digest": str}):
        raise StudyError(f"{shown(path)}: {problem}; {_REMEDY}")
    known = {name: value for name, value in content.items() if name in _PARTS}
    if problem := shape_problem(known, {name: _PARTS[name] for name in known}):
        raise StudyError(f"{shown(path)}: {problem}; {_REMEDY}")
    for name, value in known.items():
        if isinstance(value, str) and value:
            checked_name(value, what=f"{shown(path)}: {name}", remedy=_REMEDY, longest=500)
    if known.get("url"):
        checked_url(known["url"], what=f"{shown(path)}: url")
        if not known.get("registered"):
            raise StudyError(f"{shown(path)}: url without registered, the date at which it was deposited; {_REMEDY}")
    for name in ("date", "registered"):
        if known.get(name):
            moment(known[name], what=f"{shown(path)}: {name}")
    return Deposit(**known)


def checked_url(text: str, *, what: str) -> str:
    """Return an address at which a deposited registration can be read: of the web, or a DOI.

    Raises
    ------
    StudyError
        When it is neither.
    """
    if not _URL.fullmatch(text) or len(text) > 500:
        raise StudyError(
            f"{what} {quoted(text)} is no address; give https://... or a DOI such as 10.17605/OSF.IO/ABCDE"
        )
    return checked_name(text, what=what, remedy="write it as the registry shows it", longest=500)


def moment(text: str, *, what: str) -> datetime.datetime:
    """Return the time that a date names: with an offset from UTC or in UTC; a day alone, however written, is its last moment.

    Whoever knows the day alone cannot say that it was earlier on that day, so the last moment is what is safe to compare.

    Raises
    ------
    StudyError
        When it is no date of ISO 8601.
    """
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise StudyError(f"{what} {quoted(text)} is no date; write 2026-11-27 or 2026-11-27T02:00:00Z") from error
    if day_of(text) is not None:
        time = time.replace(hour=23, minute=59, second=59)
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def day_of(text: str) -> datetime.date | None:
    """Return the day that a date of ISO 8601 names alone, without a time: None where it names a time."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
