"""The form of a row: one bad input, how it is made, and what must come of it.

Every module of this folder that has `ROWS` gives its rows to `test_corpus.py`, which runs them all. To add one::

    ROWS = rows_of(
        "class names",  # the kind
        {"nothing but blanks": (class_folder("  "), ("train/", "is blank", "rename"))},
    )

`make` is called in an empty working directory, makes there what the row needs, and returns the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class BadInput:
    """One bad input: `says` must all be in what stands on standard error, or on standard output where `code` is 0.

    `lines` is how many stand there: one for each thing that is wrong.
    """

    kind: str
    what: str
    make: Make
    says: tuple[str, ...]
    command: str = "run"
    code: int = 2
    lines: int = 1


def rows_of(
    kind: str, table: Mapping[str, tuple[Make, Sequence[str]]], *, command: str = "run", code: int = 2, lines: int = 1
) -> tuple[BadInput, ...]:
    """Return the rows of a kind.

    Parameters
    ----------
    kind
        What the inputs have in common.
    table
        What an input is, to how it is made and what the line must say.
    command
        Of `python -m study`; empty for none.
    code
        Exit code.
    lines
        How many are said where something is refused.
    """
    return tuple(
        BadInput(kind=kind, what=what, make=make, says=tuple(says), command=command, code=code, lines=lines)
        for what, (make, says) in table.items()
    )


def typed(*arguments: str) -> Make:
    """Return how an input is made that is a command line alone."""
    return lambda place: arguments


def written(name: str, content: bytes | str, *arguments: str) -> Make:
    """Return how an input is made that is one file in the working directory, with the command line that names it."""

    def make(place: Path) -> Sequence[str]:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return arguments

    return make
