"""The command `run`: train the study's networks, measure them, test what is registered, write the report."""

from __future__ import annotations

import argparse

from study.commands.command import Command
from study.commands.run.arguments import parser


def _run(arguments: argparse.Namespace) -> int:
    from study.commands.run.execution import run

    return run(arguments)


COMMAND = Command(
    summary="Train a population of networks, probe and ablate their units, test what is registered, write a report.",
    parser=parser,
    run=_run,
    after_interruption="the same command goes on from there",
)
