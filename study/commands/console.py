"""Where commands print: a terminal as wide as it is, anything else in lines that nobody wraps."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from study.commands.started import as_started
from study.vocabulary.errors import console_line, refuse_unless
from study.vocabulary.signals import during


def standard_console(*, width: int = 120) -> Console:
    """Return the console on standard output, on which text is text: brackets are no markup, `:cat:` is no picture.

    Parameters
    ----------
    width
        In characters, of tables that go to a file or a pipe.
    """
    plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
    return Console(**plain) if sys.stdout.isatty() else Console(width=width, soft_wrap=True, **plain)


@dataclass(frozen=True)
class Manner:
    """How a command speaks: `json` keeps standard output for one JSON document, `quiet` says nothing on the way.

    `width` is that of tables which go to a file or a pipe, in characters.
    """

    json: bool = False
    quiet: bool = False
    width: int = 120

    @classmethod
    def of(cls, arguments: argparse.Namespace, *, width: int = 120) -> Manner:
        """Return the manner that a command line asks for.

        Raises
        ------
        StudyError
            When a document is wanted of a dry run, which has none.
        """
        refuse_unless(
            not (arguments.json and getattr(arguments, "dry_run", False)),
            "--json has no document to print beside --dry-run: leave one out",
        )
        return cls(json=arguments.json, quiet=arguments.quiet, width=width)

    @property
    def console(self) -> Console:
        """Where what happens is said: standard output, standard error beside JSON, nowhere."""
        plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
        if self.quiet:
            return Console(quiet=True, force_terminal=False, **plain)
        if not self.json:
            return standard_console(width=self.width)
        if sys.stderr.isatty():
            return Console(stderr=True, **plain)
        return Console(stderr=True, soft_wrap=True, width=self.width, **plain)

    def give(self, document: Callable[[], Mapping[str, Any]]) -> None:
        """Print the one document on standard output, where it is asked for."""
        if self.json:
            print(json.dumps(document(), indent=2, allow_nan=False))


SPOKEN = Manner()


@contextlib.contextmanager
def status(console: Console, text: str) -> Iterator[None]:
    """Say on a terminal what is going on, and where an interruption came; elsewhere nothing is said."""
    with during(lambda: f"while {text}"), console.status(text) if console.is_terminal else contextlib.nullcontext():
        yield


def print_plain(console: Console, *lines: str) -> None:
    """Print each line as one line, whatever names stand in it: nothing in them breaks it, colours it or moves the cursor."""
    for line in lines:
        console.print(console_line(as_started(line)), markup=False, emoji=False, highlight=False)
