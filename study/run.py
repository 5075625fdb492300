"""Train a population of networks, probe and ablate their units, test what is registered, write a report."""

from __future__ import annotations

from typing import NoReturn

from study.commands.command import as_process
from study.commands.run import COMMAND

main = COMMAND.main


def process() -> NoReturn:
    """Be the whole of a process: the console script `study-run`."""
    as_process(main)


if __name__ == "__main__":
    process()
