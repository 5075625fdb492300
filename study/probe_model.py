"""Show the gratings to every hidden unit of one external network, ablate halves of its layers, and describe it."""

from __future__ import annotations

from study.commands.command import as_process
from study.commands.external import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    as_process(main)
