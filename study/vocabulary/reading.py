"""How every file from outside is read: regular, of a sane size, in a known encoding, parsed within limits.

A file that a user names, or that lies in a study's folder where anybody may have put it, can be anything: a pipe that
never ends, a device, gigabytes, text of another encoding, brackets nested beyond any reader's stack. Each of these ends
in one line; none hangs, and none ends in a traceback.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from study.vocabulary.errors import StudyError, one_line, shown

MOST_BYTES = 16_000_000  # of a text file that people or this program write
MOST_DEPTH = 64  # of brackets within brackets
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_QUOTED_OR_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[\[\]{}]')


def read_bytes(path: Path, *, origin: str = "", remedy: str = "", most_bytes: int = MOST_BYTES) -> bytes:
    """Return what a regular file holds.

    Parameters
    ----------
    path
        Links are followed to a regular file.
    origin
        Where the path came from, such as `--profile`; it begins the message. '' where the path says enough.
    remedy
        What to do, the end of the message.
    most_bytes
        Size above which the file is refused before it is read.

    Raises
    ------
    StudyError
        When there is no such file, it is no regular file, too large, or cannot be read. A missing file has
        `FileNotFoundError` as its cause.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise refusal(path, _reason(error), origin=origin, remedy=remedy) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise refusal(path, f"is {_kind(mode)}, must be a file", origin=origin, remedy=remedy)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise refusal(path, _reason(error), origin=origin, remedy=remedy) from error
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        largest = f"holds more than {most_bytes / 1e6:g} MB, the most that is read"
        raise refusal(path, largest, origin=origin, remedy=remedy)
    return content


def read_text(path: Path, *, origin: str = "", remedy: str = "", most_bytes: int = MOST_BYTES) -> str:
    r"""Return the text of a file: UTF-8, with or without a byte-order mark, or UTF-16 with one; lines end in `\n`.

    Raises
    ------
    StudyError
        As `read_bytes`, and when the text is of another encoding or holds NUL characters.
    """
    content = read_bytes(path, origin=origin, remedy=remedy, most_bytes=most_bytes)
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 text (byte {error.start + len(mark)})"
        raise refusal(path, reason, origin=origin, remedy=remedy or "save it as UTF-8") from error
    if "\0" in text:
        raise refusal(
            path, "holds NUL characters, so it is no text", origin=origin, remedy=remedy or "save it as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: Path, *, origin: str = "", remedy: str = "", most_bytes: int = MOST_BYTES) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    StudyError
        As `read_text`, and when it is no JSON within the limits of this module.
    """
    text = read_text(path, origin=origin, remedy=remedy, most_bytes=most_bytes)
    return parse_json(text, what=_named(path, origin), remedy=remedy)


def read_toml(path: Path, *, origin: str = "", remedy: str = "", most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    StudyError
        As `read_text`, and when it is no TOML within the limits of this module.
    """
    text = read_text(path, origin=origin, remedy=remedy, most_bytes=most_bytes)
    return parse_toml(text, what=_named(path, origin), remedy=remedy)


def parse_json(text: str | bytes, *, what: str, remedy: str = "") -> Any:
    """Return the value of a JSON text; `what` names it in messages.

    Raises
    ------
    StudyError
        When it is no JSON, is nested deeper than `MOST_DEPTH`, or holds a number too long to read.
    """
    return _parsed(json.loads, text, "JSON", what, remedy)


def parse_toml(text: str, *, what: str, remedy: str = "") -> dict[str, Any]:
    """Return the tables of a TOML text; `what` names it in messages.

    Raises
    ------
    StudyError
        When it is no TOML, is nested deeper than `MOST_DEPTH`, or holds a number too long to read.
    """
    tables: dict[str, Any] = _parsed(tomllib.loads, text, "TOML", what, remedy)
    return tables


def refusal(path: Path, reason: str, *, origin: str = "", remedy: str = "") -> StudyError:
    """Return the error that names a file, what is wrong with it, where its path came from and what to do."""
    return _refusal(_named(path, origin), reason, remedy)


def _parsed(parse: Callable[[Any], Any], text: str | bytes, kind: str, what: str, remedy: str) -> Any:
    if _depth(text) > MOST_DEPTH:
        raise _refusal(what, f"is nested deeper than {MOST_DEPTH} brackets", remedy)
    try:
        value = parse(text)
    except (ValueError, RecursionError) as error:  # bad syntax, and integers of thousands of digits
        raise _refusal(what, f"is not valid {kind} ({one_line(error, longest=160)})", remedy) from error
    if _value_depth(value) > MOST_DEPTH:  # of dotted keys
        raise _refusal(what, f"is nested deeper than {MOST_DEPTH} tables", remedy)
    return value


def _depth(text: str | bytes) -> int:
    """Return the deepest nesting of brackets outside quotes, or more than that where quotes do not match."""
    deepest = depth = 0
    for match in _QUOTED_OR_BRACKET.finditer(text if isinstance(text, str) else text.decode("utf-8", "replace")):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _value_depth(value: Any) -> int:
    """Return how deep tables and lists lie within each other, counted no further than is refused."""
    depth, level = -1, [value]
    while level and depth <= MOST_DEPTH:
        containers = [item for item in level if isinstance(item, (dict, list))]
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
        depth += 1
    return depth


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, OSError) and error.errno == errno.ENXIO:  # a socket, or a pipe nobody reads
        return "is no regular file"
    return f"cannot be read ({(isinstance(error, OSError) and error.strerror) or one_line(error)})"


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "something else")


def _named(path: Path, origin: str) -> str:
    return f"{origin} {shown(path)}" if origin else shown(path)


def _refusal(what: str, reason: str, remedy: str) -> StudyError:
    return StudyError(f"{what}: {reason}" + (f"; {remedy}" if remedy else ""))
