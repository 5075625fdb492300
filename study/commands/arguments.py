"""What the command lines of several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from study.vocabulary.errors import StudyError

REGISTRATION = "preregistration.md"


def command_parser(name: str, *, description: str, epilog: str) -> argparse.ArgumentParser:
    """Return the parser of a command without arguments yet; the epilog is printed line by line as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m study {name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_seed(parser: argparse.ArgumentParser, *, default: int | None = 0) -> None:
    """Add `--seed`; None leaves it to a profile."""
    parser.add_argument(
        "--seed", type=int, default=default, metavar="N", help="root of all random numbers (default: 0)"
    )


def add_preregistration(parser: argparse.ArgumentParser, *, of: str = "") -> None:
    """Add `--preregistration`; `of` says for what, where not everything that is registered is read."""
    parser.add_argument(
        "--preregistration",
        type=Path,
        default=default_registration(),
        metavar="FILE",
        help=f"what is registered{of} (default: {REGISTRATION} in this folder, or else the one that comes with the program)",
    )


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
