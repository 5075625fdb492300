"""List the commands, or run one of them: `python -m study <command> ...`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from study.commands.command import DONE, REFUSED

COMMANDS = ("run", "probe_model", "calibrate")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that is named first with the arguments that follow, and return its exit code.

    Parameters
    ----------
    arguments
        Those of the process where left out; without any, and for `--help`, the commands are listed.
    """
    name, *others = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(listing())
        return DONE
    if name not in COMMANDS:
        print(f"study: {name!r} is no command; the commands are {', '.join(COMMANDS)}", file=sys.stderr)
        return REFUSED
    exit_code: int = importlib.import_module(f"study.{name}").main(others)
    return exit_code


def listing() -> str:
    """Return the commands with a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {_first_line(name)}" for name in COMMANDS]
    return "\n".join(("usage: python -m study COMMAND ...\n", *lines, "\npython -m study COMMAND --help says more."))


def _first_line(name: str) -> str:
    return (importlib.import_module(f"study.{name}").__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
