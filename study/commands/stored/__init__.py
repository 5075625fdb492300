"""Commands about studies that are there: they read `data/NAME` and train nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from study.commands.arguments import add_manner, add_preregistration, command_parser
from study.commands.command import DONE, Command

REPORT_EPILOG = """\
examples:
  python -m study report quick       the analysis and reports/quick.html again, from data/quick; half a minute
  python -m study report quick -q --json    the same, and all of it as one JSON document on standard output

No network is trained and no image read. Where networks are missing, `python -m study run` trains them.
"""
STATUS_EPILOG = """\
examples:
  python -m study status             every study in data/, a line each
  python -m study status quick       one of them: networks by arm, failures, looks, disk, time left
  python -m study status --json      all of that, of every study, as one JSON document

Reads alone: it can be asked while a run goes on.
"""
COMPARE_EPILOG = """\
examples:
  python -m study compare quick short        verdicts, effects and intervals side by side, and the settings that differ
  python -m study compare quick short --json for another program
"""


def report_parser() -> argparse.ArgumentParser:
    """Return the command line of `report`."""
    made = command_parser(
        "report",
        description="Analyse a study that is there and write its report again, from what is stored.",
        epilog=REPORT_EPILOG,
    )
    made.add_argument("name", metavar="NAME", help="of data/NAME and reports/NAME.html")
    add_preregistration(made, of_study=True)
    add_manner(made, document="verdicts, effects and paths")
    return made


def status_parser() -> argparse.ArgumentParser:
    """Return the command line of `status`."""
    made = command_parser(
        "status",
        description="Say how far studies are: networks done, failed, damaged and left, who is running, looks, disk.",
        epilog=STATUS_EPILOG,
    )
    made.add_argument("name", metavar="NAME", nargs="?", help="of data/NAME (default: every study there)")
    add_manner(made, document="networks by arm and state, failures, looks, disk and time left of each study")
    return made


def compare_parser() -> argparse.ArgumentParser:
    """Return the command line of `compare`."""
    made = command_parser(
        "compare",
        description="Set two studies side by side: verdicts, effects with intervals, and in which settings they differ.",
        epilog=COMPARE_EPILOG,
    )
    made.add_argument("first", metavar="A", help="of data/A")
    made.add_argument("second", metavar="B", help="of data/B")
    made.add_argument("--all", action="store_true", help="layers without a value as well")
    made.add_argument("--json", action="store_true", help="print JSON in place of tables")
    return made


def publish_parser() -> argparse.ArgumentParser:
    """Return the command line of `publish`."""
    made = command_parser(
        "publish",
        description="Write a study that has been analysed as one file, data/NAME/study.zarr.zip: its store without the"
        " responses of single units, with its record, journal and registration. What is left out is said, and stands in it.",
        epilog="examples:\n  python -m study publish published\n  python -m study publish published --crate deposit\n"
        "  python -m study verify data/published/study.zarr.zip    every number of its report from that file alone\n",
    )
    made.add_argument("name", metavar="NAME", help="of data/NAME")
    made.add_argument(
        "--crate",
        type=Path,
        metavar="DIR",
        help="also write a folder for a repository of data (an RO-Crate): that file, report, registration, and what they are",
    )
    _add_registered(
        made,
        "the text that the study registered (default: preregistration.md in its folder or this one, whichever it is)",
    )
    return made


def _add_registered(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("--preregistration", type=Path, metavar="FILE", help=meaning)


def _publish(arguments: argparse.Namespace) -> int:
    from study.commands.stored.publishing import publish

    return publish(arguments)


def verify_parser() -> argparse.ArgumentParser:
    """Return the command line of `verify`."""
    made = command_parser(
        "verify",
        description="Compute every number of a report again from the store, compare the store with its digests, and say"
        " what differs and what cannot be computed again. Writes nothing; exit code 1 where anything differs.",
        epilog="examples:\n  python -m study verify quick                 reports/quick.html against data/quick\n"
        "  python -m study verify reports/quick.html    the same\n"
        "  python -m study verify data/published/study.zarr.zip    a report against what is published of its data\n",
    )
    made.add_argument(
        "name", metavar="NAME|REPORT|ZIP", help="of data/NAME, or reports/NAME.html, or data/NAME/study.zarr.zip"
    )
    _add_registered(
        made,
        "what the report was made with (default: found by its digest, in the study's record, this folder or the program)",
    )
    return made


def _verify(arguments: argparse.Namespace) -> int:
    from study.commands.stored.verification import verify

    return verify(arguments)


def dictionary_parser() -> argparse.ArgumentParser:
    """Return the command line of `dictionary`."""
    return command_parser(
        "dictionary",
        description="Print the data dictionary: every group, dimension and variable of a study's store, as Markdown.",
        epilog="examples:\n  python -m study dictionary > data/dictionary.md\n",
    )


def _dictionary(arguments: argparse.Namespace) -> int:
    from study.commands.stored.dictionary import dictionary_text

    print(dictionary_text(), end="")
    return DONE


def _report(arguments: argparse.Namespace) -> int:
    from study.commands.stored.reporting import report

    return report(arguments)


def _status(arguments: argparse.Namespace) -> int:
    from study.commands.stored.status import status

    return status(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from study.commands.stored.comparison import compare

    return compare(arguments)


REPORT = Command(
    summary="Analyse a study that is there and write its report again, from what is stored.",
    parser=report_parser,
    run=_report,
    after_interruption="the same command starts it again",
)
STATUS = Command(
    summary="Say how far studies are: networks done, failed and left, who is running, looks, disk.",
    parser=status_parser,
    run=_status,
    after_interruption="nothing was written",
)
COMPARE = Command(
    summary="Set two studies side by side: verdicts, effects with intervals, settings that differ.",
    parser=compare_parser,
    run=_compare,
    after_interruption="nothing was written",
)
DICTIONARY = Command(
    summary="Print what a study's store holds: every group, dimension and variable, with units and meaning.",
    parser=dictionary_parser,
    run=_dictionary,
    after_interruption="nothing was written",
)
PUBLISH = Command(
    summary="Write a study as one file that is small enough to be kept with a program's source.",
    parser=publish_parser,
    run=_publish,
    after_interruption="nothing was changed",
)
VERIFY = Command(
    summary="Compute every number of a report again from the store, and say what differs.",
    parser=verify_parser,
    run=_verify,
    after_interruption="nothing was written",
)
