"""Train a population of networks, probe and ablate their units, test what is registered, write a report."""

from __future__ import annotations

from study.commands.command import as_process
from study.commands.run import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    as_process(main)
