"""One check of a setting, and the one line that refuses it."""

from __future__ import annotations

from study.vocabulary.errors import StudyError, quoted


def check(section: str, key: str, value: object, allowed: str, valid: bool) -> None:
    """Refuse a setting's value unless it is valid.

    Raises
    ------
    StudyError
        Naming section, key, value and what is allowed.
    """
    if not valid:
        raise StudyError(f"{section}.{key} = {quoted(value)} is not allowed: it must be {allowed}")
