"""Where commands print: a terminal as wide as it is, anything else in lines that nobody wraps."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console

from study.vocabulary.signals import during


def standard_console(*, width: int = 120) -> Console:
    """Return the console on standard output.

    Parameters
    ----------
    width
        In characters, of tables that go to a file or a pipe.
    """
    return Console() if sys.stdout.isatty() else Console(width=width, soft_wrap=True)


@contextlib.contextmanager
def status(console: Console, text: str) -> Iterator[None]:
    """Say on a terminal what is going on, and where an interruption came; elsewhere nothing is said."""
    with during(lambda: f"while {text}"), console.status(text) if console.is_terminal else contextlib.nullcontext():
        yield


def print_plain(console: Console, *lines: str) -> None:
    """Print lines as they are: square brackets are no markup, numbers have no colour."""
    for line in lines:
        console.print(line, markup=False, highlight=False)
