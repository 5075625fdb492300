"""Text that becomes a label: what is refused, and what people may call things."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.vocabulary.errors import StudyError, console_line, quoted, shown
from study.vocabulary.text import checked_name, meant, showable

REFUSED = {
    "empty": ("", "is blank"),
    "blanks": (" \u00a0 ", "is blank"),
    "null": ("a\0b", "character 2 is a control character (U+0000)"),
    "escape": ("\x1b[31mred", "(U+001B)"),
    "delete": ("a\x7f", "(U+007F)"),
    "of Latin-1": ("a\x85b", "(U+0085)"),
    "line break": ("a\nstudy: all is well", "(U+000A)"),
    "carriage return": ("a\rb", "(U+000D)"),
    "line separator": ("a\u2028b", "a line separator"),
    "paragraph separator": ("a\u2029b", "a paragraph separator"),
    "not UTF-8": ("caf\udce9", "character 4 is a byte that is not UTF-8 (U+DCE9)"),
    "high surrogate": ("\ud800", "(U+D800)"),
    "override": ("a\u202egnp.exe", "an override of the direction of writing"),
    "isolate": ("\u2066a", "an override of the direction of writing"),
    "byte order mark": ("\ufeffcat", "no character"),
    "noncharacter": ("a\ufdd0", "no character"),
    "last of a plane": ("a\U0010ffff", "no character"),
    "long": ("x" * 201, "has 201 characters, at most 200 are allowed"),
}
ALLOWED = (
    "cat",
    "Katze <b>",
    "chat & chien",
    "[red]",
    "猫",
    "кошка",
    "قطة",
    "👩‍🔬",
    "e\u0301",
    "a\u200db",
    "x" * 200,
    "ﬀ{{1}}",
)


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_text_that_nothing_can_show_is_refused(text: str, problem: str) -> None:
    """The message is one printable line: what it is, the text escaped, the character, the remedy."""
    with pytest.raises(StudyError) as refusal:
        checked_name(text, what="class folder", remedy="rename it")
    line = str(refusal.value)
    assert line.startswith("class folder ")
    assert line.endswith("; rename it")
    assert problem in line
    assert line.isprintable()
    assert line.encode()


@pytest.mark.parametrize("text", ALLOWED)
def test_names_of_people_are_kept(text: str) -> None:
    """Letters of every script, markup and emoji are returned as they are."""
    assert checked_name(text, what="class", remedy="rename it") == text


def test_what_a_page_cannot_hold_is_written_out() -> None:
    """Letters, lines and tabs stay; the rest becomes an escape, and every result can be encoded."""
    assert showable("a\x07\0\x85\udce9\ufffe\u202e") == r"a\x07\x00\x85\udce9\ufffe\u202e"
    assert showable("größe\n\t猫 <b>") == "größe\n\t猫 <b>"


def test_the_name_that_was_meant_is_the_most_similar_one() -> None:
    """A question where one is similar, nothing where none is, whatever its length."""
    assert meant("qiuck", ("quick", "paper")) == " (did you mean quick?)"
    assert meant("x" * 1_000_000, ("quick", "paper")) == meant("", ("quick",)) == ""


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(st.text(max_size=20) | st.text(alphabet="ab\0\x07\n\x85\u2028\u202e\ud800\ufeff\ufffe\U0010ffff", max_size=4))
def test_what_is_kept_can_be_shown_everywhere(text: str) -> None:
    """A label is encoded, holds no line break, and pages write it as it is; anything else is refused, and shown at least."""
    assert isinstance(showable(text).encode(), bytes)
    assert shown(text).isprintable() and quoted(text).isprintable() and console_line(text).isprintable()
    with contextlib.suppress(StudyError):
        kept = checked_name(text, what="class", remedy="rename it")
        assert kept.encode() and showable(kept) == kept and len(kept.splitlines()) == 1
