"""One check of a setting, and the one line that refuses it; what a path is."""

from __future__ import annotations

from study.vocabulary.errors import StudyError, quoted

_LONGEST_PATH = 4_096
A_PATH = f"a path of at most {_LONGEST_PATH} characters, none of them NUL"


def check(section: str, key: str, value: object, allowed: str, valid: bool) -> None:
    """Refuse a setting's value unless it is valid.

    Raises
    ------
    StudyError
        Naming section, key, value and what is allowed.
    """
    if not valid:
        raise StudyError(f"{section}.{key} = {quoted(value)} is not allowed: it must be {allowed}")


def is_path(text: str) -> bool:
    """Return whether a text can be a path."""
    return "\0" not in text and len(text) <= _LONGEST_PATH
