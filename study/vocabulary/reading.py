"""How every file from outside is read: regular, of a sane size, in a known encoding, parsed within limits.

A file that a user names, or that lies in a study's folder where anybody may have put it, can be anything: a pipe that
never ends, a device, gigabytes, text of another encoding, brackets nested beyond any reader's stack, keys that keep a
parser busy for hours. Each of these ends in one line; none hangs, and none ends in a traceback.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from study.vocabulary.errors import StudyError, one_line, shown

MOST_BYTES = 16_000_000  # of a text file that people or this program write
MOST_TOML_BYTES = 1_000_000  # of settings that people write
MOST_DEPTH = 64  # of tables and lists within each other
MOST_DOTS = 500  # on a line of TOML: the time that its parser takes for a dotted key grows with the square of them
MOST_BITS = 64  # of an integer in TOML; longer ones, which may be written in base 16, cannot even be shown
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def user_path(text: str) -> Path:
    """Return the path that a user wrote; `~` is their home, and stays what it is where there is no such user."""
    try:
        return Path(os.path.expanduser(text))
    except ValueError:  # NUL characters
        return Path(text)


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


def check_regular(path: Path, *, remedy: str = "") -> None:
    """Refuse what lies where a file is to be read or written and is none; where nothing lies, a file can be made.

    Raises
    ------
    StudyError
        When it is a directory, a pipe or a device, or a link to one of these or to nothing.
    """
    if not os.path.lexists(path):
        return
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise refusal(path, f"is a link that leads nowhere ({error.strerror})", remedy=remedy) from error
    if not stat.S_ISREG(mode):
        raise refusal(path, f"is {_kind(mode)}, must be a file", remedy=remedy)


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


def read_toml(path: Path, *, origin: str = "", remedy: str = "", most_bytes: int = MOST_TOML_BYTES) -> dict[str, Any]:
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
    if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
        raise _refusal(what, f"is not valid TOML (a line with more than {MOST_DOTS} dots)", remedy)
    tables: dict[str, Any] = _parsed(tomllib.loads, text, "TOML", what, remedy)
    for key, value in _leaves(tables):
        if isinstance(value, int) and value.bit_length() > MOST_BITS:
            raise _refusal(what, f"{shown(key)} is an integer of more than {MOST_BITS} bits", remedy)
    return tables


def refusal(path: Path, reason: str, *, origin: str = "", remedy: str = "") -> StudyError:
    """Return the error that names a file, what is wrong with it, where its path came from and what to do."""
    return _refusal(_named(path, origin), reason, remedy)


def _parsed(parse: Callable[[Any], Any], text: str | bytes, kind: str, what: str, remedy: str) -> Any:
    try:
        value = parse(text)
    except RecursionError as error:
        raise _refusal(what, f"is nested deeper than {MOST_DEPTH} tables and lists", remedy) from error
    except ValueError as error:  # bad syntax, and integers of thousands of digits
        raise _refusal(what, f"is not valid {kind} ({one_line(error, longest=160)})", remedy) from error
    if _depth(value) > MOST_DEPTH:
        raise _refusal(what, f"is nested deeper than {MOST_DEPTH} tables and lists", remedy)
    return value


def _depth(value: Any) -> int:
    """Return how deep tables and lists lie within each other, counted no further than is refused."""
    depth, level = -1, [value]
    while level and depth <= MOST_DEPTH:
        level = [inner for item in level for inner in _inside(item)]
        depth += 1
    return depth


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _leaves(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every value that is neither table nor list, with its dotted key."""
    rest = list(tables.items())
    while rest:
        key, value = rest.pop()
        if isinstance(value, dict):
            rest += [(f"{key}.{name}", inner) for name, inner in value.items()]
        elif isinstance(value, list):
            rest += [(key, inner) for inner in value]
        else:
            yield key, value


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
