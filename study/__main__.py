"""List the commands, or run one of them: `python -m study <command> ...`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from study.commands.command import DONE, Command, as_process, refuse_command
from study.commands.started import as_started

# Each command's name, and where it is declared.
COMMANDS = {
    "run": "study.commands.run:COMMAND",
    "report": "study.commands.stored:REPORT",
    "status": "study.commands.stored:STATUS",
    "compare": "study.commands.stored:COMPARE",
    "verify": "study.commands.stored:VERIFY",
    "findings": "study.commands.findings:COMMAND",
    "publish": "study.commands.stored:PUBLISH",
    "dictionary": "study.commands.stored:DICTIONARY",
    "register": "study.commands.register:COMMAND",
    "licences": "study.commands.licences:COMMAND",
    "probe_model": "study.commands.external:COMMAND",
    "calibrate": "study.commands.calibrate:COMMAND",
}


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
        return refuse_command(name, list(COMMANDS))
    return command(name).main(others)


def command(name: str) -> Command:
    """Return a command by its name."""
    module, _, attribute = COMMANDS[name].partition(":")
    declared: Command = getattr(importlib.import_module(module), attribute)
    return declared


def listing() -> str:
    """Return the commands with a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command(name).summary}" for name in COMMANDS]
    text = "\n".join(("usage: python -m study COMMAND ...\n", *lines, "\npython -m study COMMAND --help says more."))
    return as_started(text)


def process() -> NoReturn:
    """Be the whole of a process: the console script `study`."""
    as_process(main)


if __name__ == "__main__":
    process()
