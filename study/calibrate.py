"""Simulate whole studies with a known truth, and count how often each registered test errs."""

from __future__ import annotations

from study.commands.calibrate import COMMAND
from study.commands.command import as_process

main = COMMAND.main

if __name__ == "__main__":
    as_process(main)
