"""`python -m study findings`: what a study found, for its readers: a picture, sentences and tables, from its store alone."""

from __future__ import annotations

import argparse

from study.commands.arguments import command_parser
from study.commands.command import Command

EPILOG = """\
examples:
  python -m study findings published            README.md, FINDINGS.md, docs/findings.md and a picture, in this folder
  python -m study findings published --check    exit code 1 where they say anything else than the store
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line of `findings`."""
    made = command_parser(
        "findings",
        description="Write what a study found: the picture of its verdicts, the sentences of README.md, the claims of FINDINGS.md"
        " and what others published in docs/findings.md, between their markers, from the results in data/NAME/study.zarr or"
        " data/NAME/study.zarr.zip alone.",
        epilog=EPILOG,
    )
    made.add_argument("name", metavar="NAME", help="of data/NAME")
    made.add_argument(
        "--check", action="store_true", help="write nothing; say what differs, with exit code 1 where anything does"
    )
    return made


def _run(arguments: argparse.Namespace) -> int:
    from study.commands.findings.writing import findings

    return findings(arguments.name, check=arguments.check)


COMMAND = Command(
    summary="Write a study's verdicts and effects into README.md, FINDINGS.md and docs/findings.md, or check them.",
    parser=parser,
    run=_run,
    after_interruption="the same command writes what is missing",
)
