"""Registrations to export that are none, and deposits that cannot be noted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bad_input.corpus import Make, rows_of, typed, written

_DIGEST = "ab" * 32
_FROZEN = {"digest": _DIGEST, "text_digest": "cd" * 32, "date": "2026-11-27T02:00:00Z"}
_GIVEN = {"--url": "https://osf.io/abcde", "--date": "2026-11-27", "--digest": _DIGEST}


def noted(frozen: object = _FROZEN, **changed: str) -> Make:
    """Return how a folder with a frozen registration is made, and a deposit of it noted with some arguments changed."""

    def make(place: Path) -> Sequence[str]:
        (place / "mine").mkdir()
        (place / "mine" / "registration.json").write_text(json.dumps(frozen), encoding="utf-8")
        given = _GIVEN | {f"--{name}": value for name, value in changed.items()}
        return ("register", "record", "mine", *(word for pair in given.items() for word in pair))

    return make


ROWS = rows_of(
    "deposit",
    {
        "nothing asked": (typed("register"), ("required: export|record",)),
        "no folder to write into": (typed("register", "export"), ("--to",)),
        "registration that is not there": (
            typed("register", "export", "--preregistration", "none.md", "--to", "d"),
            ("none.md does not exist",),
        ),
        "study that is not there": (typed("register", "export", "nope", "--to", "d"), ("there is no study",)),
        "profile that is not there": (
            typed("register", "export", "--profile", "nope", "--to", "d"),
            ("--profile 'nope'",),
        ),
        "profile of a study that has one": (
            typed("register", "export", "nope", "--profile", "quick", "--to", "d"),
            ("--profile has no use beside NAME",),
        ),
        "file for a folder": (
            written("d", "text", "register", "export", "--to", "d"),
            ("--to d is no folder", "name another folder"),
        ),
        "folder that is not there": (
            typed("register", "record", "nope", *(word for pair in _GIVEN.items() for word in pair)),
            ("'nope' is neither a study in data nor a folder", "register export"),
        ),
        "other digest": (noted(digest="0" * 64), ("--digest '000000000000", _DIGEST[:12])),
        "digest of a few digits": (noted(digest=_DIGEST[:6]), ("--digest 'ababab'", "at least 12")),
        "no date": (noted(date="soon"), ("--date 'soon' is no date", "2026-11-27")),
        "time of nobody's clock": (
            noted(date="2026-11-27 02:00"),
            ("--date '2026-11-27 02:00' has no offset from UTC", "add Z"),
        ),
        "date that lies ahead": (noted(date="2999-01-01"), ("--date '2999-01-01' lies in the future",)),
        "no address": (noted(url="on my desk"), ("--url 'on my desk' is no address", "DOI")),
        "address that forges a line": (noted(url="https://a.b/\nstudy: c"), (r"https://a.b/\nstudy: c",)),
        "record without a digest": (noted({}), ("digest is missing", "register export")),
        "record of another type": (noted([1]), ("must be an object",)),
        "record with a number for a date": (noted(_FROZEN | {"date": 1}), ("date", "must be text")),
    },
    command="",
)
