"""What the command lines of several commands share."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn

from study.commands.started import as_started
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.text import meant

_MOST_DIGITS = 20  # of a whole number; its range is narrower wherever it is used


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, as the rest of the program does."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with a command line, with the flag that may have been meant.

        Raises
        ------
        StudyError
            Always.
        """
        flag = re.search(r"unrecognized arguments: (--[^\s=]+)", message)
        hint = meant(flag[1], self._option_string_actions) if flag else ""
        raise StudyError(f"{message}{hint}; {self.prog} --help says what there is")


REGISTRATION = "preregistration.md"


def command_parser(name: str, *, description: str, epilog: str) -> argparse.ArgumentParser:
    """Return the parser of a command without arguments yet; the epilog is printed line by line as it is written.

    Commands in it are called as this process was started. It raises `StudyError` where a command line cannot be parsed.
    """
    return _Parser(
        prog=as_started(f"python -m study {name}"),
        description=description,
        epilog=as_started(epilog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def whole_number(text: str) -> int:
    """Return the number that an argument writes, for `type` of an argument.

    Raises
    ------
    argparse.ArgumentTypeError
        When it is none, or has more digits than any number that is allowed anywhere.
    """
    if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no whole number")
    if len(text) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{quoted(text)} has more than {_MOST_DIGITS} digits")
    return int(text)


def add_seed(parser: argparse.ArgumentParser, *, default: int | None = 0) -> None:
    """Add `--seed`; None leaves it to a profile."""
    parser.add_argument(
        "--seed", type=whole_number, default=default, metavar="N", help="root of all random numbers (default: 0)"
    )


def add_device(parser: argparse.ArgumentParser, *, default: str | None = "auto") -> None:
    """Add `--device`; None leaves it to a profile."""
    parser.add_argument(
        "--device",
        default=default,
        metavar="auto|cpu|gpu",
        help="what networks compute on: auto (default) is the processor unless TensorFlow can use a GPU",
    )


def add_preregistration(parser: argparse.ArgumentParser, *, of: str = "", of_study: bool = False) -> None:
    """Add `--preregistration`.

    Parameters
    ----------
    parser
        Of a command.
    of
        For what, where not everything that is registered is read.
    of_study
        Whether a study's folder may hold a frozen copy, which then comes first: None stands for whatever is there.
    """
    first = f"{REGISTRATION} in the study's folder, where it was frozen, " if of_study else ""
    parser.add_argument(
        "--preregistration",
        type=Path,
        default=None if of_study else default_registration(),
        metavar="FILE",
        help=f"what is registered{of} (default: {first}{REGISTRATION} in this folder, or else the one that comes with the"
        " program)",
    )


def add_manner(parser: argparse.ArgumentParser, *, document: str) -> None:
    """Add `--json`, whose document has in it what is said here, and `--quiet`."""
    parser.add_argument(
        "--json",
        action="store_true",
        help=f"for programs: one JSON document on standard output at the end, with {document}, and nothing else there",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what is refused or failed")


def default_registration() -> Path:
    """Return the file that registers where none is named: that in the working directory, or else the program's."""
    here = Path(REGISTRATION)
    return here if here.exists() or here.is_symlink() else shipped_registration()


def shipped_registration() -> Path:
    """Return the registration that comes with the program: inside an installed package, beside a checked-out one."""
    package = Path(__file__).parents[1]
    installed = package / REGISTRATION
    return installed if installed.is_file() else package.parent / REGISTRATION


def check_whole_number(flag: str, value: int | None, low: int, high: int) -> None:
    """Refuse a value outside its range; None is left out.

    Raises
    ------
    StudyError
        Naming the flag, its value and the range.
    """
    if value is not None and not low <= value <= high:
        raise StudyError(f"{flag} {value} is not allowed: it must be a whole number from {low} to {high}")
