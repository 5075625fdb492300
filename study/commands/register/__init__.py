"""The command `register`: a registration as a registry takes it, and where it was deposited."""

from __future__ import annotations

import argparse
from pathlib import Path

from study.commands.arguments import command_parser, default_registration
from study.commands.command import Command

EPILOG = """\
examples:
  python -m study register export --profile cifar10 --to deposit    before the first network: what a registry takes
  python -m study register export quick --to deposit                the same of a study that was begun
  python -m study register record deposit --url https://osf.io/abcde --date 2026-11-27 --digest 220ee7d78184
                                                                    where it was deposited; quick in place of deposit:
                                                                    of data/quick, whose report then says so

export writes into a folder the frozen text, the same as a page for people, what the program reads in it as JSON, answers to the
fields of OSF's template "OSF Preregistration", and registration.json with digest, date and commit. Nothing is sent anywhere.
"""


def register_parser() -> argparse.ArgumentParser:
    """Return the command line of `register`."""
    made = command_parser(
        "register",
        description="Write what a registry takes of a registration, or note where and when it was deposited.",
        epilog=EPILOG,
    )
    kinds = made.add_subparsers(dest="kind", metavar="export|record", required=True)
    export = kinds.add_parser("export", help="write the registration as a registry takes it", description=EPILOG)
    export.formatter_class = argparse.RawDescriptionHelpFormatter
    export.add_argument(
        "name", metavar="NAME", nargs="?", help="of data/NAME, a study that was begun; its registration"
    )
    export.add_argument(
        "--preregistration",
        type=Path,
        default=None,
        metavar="FILE",
        help=f"what is registered (default: {default_registration().name} in this folder, or else the program's)",
    )
    export.add_argument("--profile", metavar="PROFILE", help="the study it is for, whose sizes are then said")
    export.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder that the files are written into")
    record = kinds.add_parser("record", help="note where and when it was deposited", description=EPILOG)
    record.formatter_class = argparse.RawDescriptionHelpFormatter
    record.add_argument("place", metavar="NAME|DIR", help="of data/NAME, or a folder that export wrote")
    record.add_argument("--url", required=True, help="where it was deposited: an address, or a DOI")
    record.add_argument(
        "--date",
        required=True,
        help="when, by the registry: 2026-11-27, or with time and offset from UTC, 2026-11-27T02:10:00Z",
    )
    record.add_argument(
        "--digest",
        required=True,
        help="that stands in what was deposited: of the blocks or the text, 12 digits or more",
    )
    return made


def _register(arguments: argparse.Namespace) -> int:
    if arguments.kind == "export":
        from study.commands.register.exporting import export

        return export(arguments)
    from study.commands.register.recording import record

    return record(arguments)


COMMAND = Command(
    summary="Write what a registry takes of the registration, or note where it was deposited.",
    parser=register_parser,
    run=_register,
    after_interruption="the same command writes it again",
)
