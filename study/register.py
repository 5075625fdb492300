"""Deposit a registration: write what a registry takes of it, note where and when it was deposited."""

from __future__ import annotations

from study.commands.command import as_process
from study.commands.register import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    as_process(main)
