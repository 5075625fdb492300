"""The one error a user can cause, and the one line that answers it."""

from __future__ import annotations


class StudyError(Exception):
    """Something the user can put right.

    The message is one line that names the offending value, what is allowed, where the value came from and what to do.
    The command line prints it without a traceback and exits with code 2.
    """


def one_line(error: BaseException | None, *, longest: int = 300) -> str:
    """Return what an error says in one line, the name of its type where it says nothing.

    Parameters
    ----------
    error
        Of any type; libraries' messages may run over many lines.
    longest
        Characters after which the rest is left out.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= longest else f"{text[:longest]}..."


def refuse_unless(condition: bool, message: str) -> None:
    """Raise `StudyError` with `message` unless `condition` holds."""
    if not condition:
        raise StudyError(message)
