"""The one error a user can cause, and the one line that answers it."""

from __future__ import annotations


class StudyError(Exception):
    """Something the user can put right.

    The message is one line that names the offending value, what is allowed, where the value came from and what to do.
    The command line prints it without a traceback and exits with code 2.
    """


def refuse_unless(condition: bool, message: str) -> None:
    """Raise `StudyError` with `message` unless `condition` holds."""
    if not condition:
        raise StudyError(message)
