"""Simulate whole studies with a known truth, and count how often each registered test errs."""

from __future__ import annotations

import sys

from study.commands.calibrate import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    sys.exit(main())
