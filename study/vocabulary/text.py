"""Text from outside that becomes a label: checked where it enters, since pages, charts and consoles must hold it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from study.vocabulary.errors import StudyError, quoted

_UNPRINTABLE: Final = {
    "Cc": "a control character",
    "Cs": "a byte that is not UTF-8",  # as Python decodes such bytes of a path: lone surrogates
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_NOT_ON_PAGES: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked_name(text: str, *, what: str, remedy: str, longest: int = 200) -> str:
    """Return a text that becomes a label, as it is.

    Refused is what a page, a native chart library or a terminal cannot hold or would show as something else: control
    characters, line breaks, lone surrogates (a path that is not UTF-8), noncharacters, overrides of the direction of
    writing, nothing but blanks, and more than `longest` characters. Letters of every script, spaces, `<`, brackets and
    emoji are allowed: it is for who shows them to escape them.

    Parameters
    ----------
    text
        Of a file's name, a file's content or a command line.
    what
        What it is and where it stands, for the message: "folder of a class in train/".
    remedy
        What to do, in the imperative: "rename the folder".
    longest
        Characters.

    Raises
    ------
    StudyError
        With the text, escaped, the character that is refused and its place.
    """
    if problem := _problem(text, longest):
        raise StudyError(f"{what} {quoted(text)}: {problem}; {remedy}")
    return text


def showable(text: str) -> str:
    r"""Return a text with what no page or chart can hold written as escapes such as `\x07`; lines and tabs stay.

    The last resort for what came in before it was checked, or cannot be refused, such as a path.
    """
    return _NOT_ON_PAGES.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question whether the most similar of the known names was meant, '' where none is similar.

    Parameters
    ----------
    name
        What was written; only its first 100 characters are compared.
    known
        The names there are.
    """
    similar = difflib.get_close_matches(name[:100].casefold(), list(known), n=1)
    return f" (did you mean {similar[0]}?)" if similar else ""


def _problem(text: str, longest: int) -> str:
    """Return what is wrong with a text, empty where nothing is."""
    if not text.strip():
        return "is blank"
    if len(text) > longest:
        return f"has {len(text):,} characters, at most {longest:,} are allowed"
    if text.isprintable():  # nothing that is refused is
        return ""
    for place, character in enumerate(text, start=1):
        if why := _refused(character):
            return f"character {place} is {why} (U+{ord(character):04X})"
    return ""


def _refused(character: str) -> str:
    """Return why a character may stand in no label, empty where it may."""
    if character in _DIRECTIONS:
        return "an override of the direction of writing"
    code = ord(character)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or character == "\ufeff":
        return "no character"
    return _UNPRINTABLE.get(unicodedata.category(character), "")
