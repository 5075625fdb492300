"""What files from outside may do to their readers: nothing but one line."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from study.vocabulary.errors import StudyError, console_line, one_line, quoted, shown
from study.vocabulary.reading import (
    MOST_DEPTH,
    parse_json,
    parse_toml,
    read_bytes,
    read_json,
    read_text,
    read_toml,
    user_path,
)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_text_is_read_with_its_mark(tmp_path: Path, mark: str, encoding: str) -> None:
    """UTF-8 needs no mark; UTF-16 is read by its own, and is no text without one."""
    path = tmp_path / "names.txt"
    path.write_bytes((mark + "grün\r\nblau\n").encode(encoding))
    if mark or encoding == "utf-8":
        assert read_text(path) == "grün\nblau\n"
    else:
        with pytest.raises(StudyError, match="UTF-8"):
            read_text(path)


def test_toml_with_a_mark_is_toml(tmp_path: Path) -> None:
    """Editors on Windows write the mark."""
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf[training]\nepochs = 3\n")
    assert read_toml(path) == {"training": {"epochs": 3}}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: os.mkfifo(path), "is a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
        (lambda path: path.write_bytes(b"\xff\xfe\xfd"), "not UTF-8"),
        (lambda path: path.write_bytes(b"a\0b"), "NUL"),
        (lambda path: path.write_bytes(b"a" * 101), "more than 0.0001 MB"),
    ],
)
def test_what_is_no_text_file_is_said(tmp_path: Path, make: object, said: str) -> None:
    """Nothing hangs, and the message ends with the remedy."""
    path = tmp_path / "there"
    make(path)  # type: ignore[operator]
    with pytest.raises(StudyError, match=said) as refused:
        read_text(path, origin="--class-names", remedy="give a text file", most_bytes=100)
    assert str(refused.value).startswith("--class-names ")
    assert str(refused.value).endswith("; give a text file")


def test_a_missing_file_has_its_cause() -> None:
    """Where a missing file is no fault, callers can tell it from others."""
    with pytest.raises(StudyError) as refused:
        read_bytes(Path("is-not-there"))
    assert isinstance(refused.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, "9" * 10_000, "{", "", "nul"])
def test_json_beyond_the_limits_is_one_line(text: str) -> None:
    """Deep nesting overflows the parser's stack, long integers Python's limit of digits."""
    with pytest.raises(StudyError, match=r"the journal: is n(ot valid JSON|ested deeper)"):
        parse_json(text, what="the journal")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 100 + "]" * 100,
        "a = " + "9" * 10_000,
        ".".join("abcdefghij" * 10) + " = 1",
        "a = ",
        "= 1",
    ],
)
def test_toml_beyond_the_limits_is_one_line(text: str) -> None:
    """The same of TOML, whose dotted keys nest without a bracket."""
    with pytest.raises(StudyError, match=r"profile x: is n(ot valid TOML|ested deeper)") as refused:
        parse_toml(text, what="profile x", remedy="mend it")
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "text", ['\\"' * 400_000, "'" * 400_001, ".".join("a" * 400_000) + " = 1", "[" + "a." * 400_000]
)
def test_toml_that_keeps_its_parser_busy_is_one_line(text: str) -> None:
    """Quotes that do not match and dotted keys of a hundred thousand parts are refused in moments, not in hours."""
    started = time.monotonic()
    with pytest.raises(StudyError, match=r"profile x: is not valid TOML"):
        parse_toml(text, what="profile x")
    assert time.monotonic() - started < 5


def test_an_integer_that_cannot_be_written_is_named_by_its_key() -> None:
    """Python refuses to write integers of thousands of digits, which base 16 lets in."""
    number = "0x" + "f" * 10_000
    with pytest.raises(StudyError, match=r"profile x: a\.b is an integer of more than 64 bits"):
        parse_toml(f"[a]\nb = [1, [{number}]]", what="profile x")
    assert shown(int(number, 16)) == quoted(int(number, 16)) == "a number of thousands of digits"


def test_what_is_within_the_limits_is_read(tmp_path: Path) -> None:
    """Brackets in quotes do not count, and the deepest allowed nesting is read."""
    assert parse_json('"' + "[" * 1_000 + '"', what="x") == "[" * 1_000
    nested = parse_json("[" * MOST_DEPTH + "]" * MOST_DEPTH, what="x")
    assert nested == [nested[0]]
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, 2.5, null]}', encoding="utf-8")
    assert read_json(path) == {"a": [1, 2.5, None]}


def test_names_cannot_forge_lines() -> None:
    """Line breaks, escapes of the terminal, directions and lone surrogates are written out; letters stay."""
    assert shown("a\nb\x1b[31m\u202e\udcff") == r"a\nb\x1b[31m\u202e\udcff"
    assert shown("Straße 日本 é") == "Straße 日本 é"
    assert console_line("one\r\ntwo\u2028three") == r"one\r\ntwo\u2028three"
    assert len(shown("x" * 10_000_000, longest=100)) == 100
    assert shown("ab" * 10, longest=10) == "abab...bab"
    assert len(shown("\x1b" * 1_000)) == 100
    assert len(console_line("x" * 10_000)) == len(console_line("\x1b" * 10_000)) == 2_000
    assert one_line(ValueError("a\n  b\x07")) == r"a b\x07"
    assert shown(Path("a") / os.fsdecode(b"b\xff")).encode("utf-8").decode() == r"a/b\udcff"
    assert sys.getdefaultencoding() == "utf-8"


def test_the_home_of_nobody_is_no_home() -> None:
    """A path of a user that does not exist stays as it is, to be refused as a path; so does one with NUL characters."""
    assert user_path("~/a") == Path.home() / "a"
    assert user_path("~nobody-of-this-name/a") == Path("~nobody-of-this-name/a")
    assert user_path("~\0/a") == Path("~\0/a")
