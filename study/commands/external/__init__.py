"""The command `probe_model`: one external network, shown the gratings, ablated on photographs, and described."""

from __future__ import annotations

import argparse

from study.commands.command import Command
from study.commands.external.arguments import check, parser


def _run(arguments: argparse.Namespace) -> int:
    check(arguments)
    from study.commands.external.description import run

    return run(arguments)


COMMAND = Command(
    summary="Show the gratings to every hidden unit of one network of your own, ablate its layers, describe it.",
    parser=parser,
    run=_run,
    after_interruption="the same command goes on from there",
)
