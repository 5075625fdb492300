"""The command line of `python -m study run`, and what its help teaches."""

from __future__ import annotations

import argparse

from study.commands.arguments import add_device, add_manner, add_preregistration, add_seed, command_parser, whole_number
from study.images.files.words import HELP
from study.vocabulary.image_source import image_sources

EPILOG = """\
examples:
  python -m study run                                    embedded images, two cores: minutes, ends with a report
  python -m study run --profile cifar10-small --data-dir DIR     real photographs, within three hours on two cores
  python -m study run --profile cifar10 --data-dir DIR   all of CIFAR-10; days
  python -m study run --profile paper --scheduler tls://HOST:8786    the same on many machines that share this folder
  python -m study run --dry-run                          what would be done, how long it takes, how much disk it needs
  python -m study run --set training.epochs=4 --name short       any setting of a profile, under another name

  python -m study run -q --json > result.json            for another program: the verdicts, effects and paths alone

what comes out:
  data/NAME/study.zarr    everything measured, labelled: xarray.open_datatree("data/NAME/study.zarr", engine="zarr")
  reports/NAME.html       everything concluded, one file, works offline

Interrupt it whenever you like: the same command goes on where it stopped. What workers of a scheduler are training then
they train to its end and publish, unless they are stopped too. Hypotheses, tests and decision rules are in
preregistration.md; settings are listed by --dry-run.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = command_parser(
        "run",
        description="Do orientation-selective units cause generalisation in image recognition? Trains a population of"
        " networks, probes every unit with gratings, ablates units, and tests what preregistration.md registers.",
        epilog=f"{EPILOG}\n{HELP}",
    )
    made.add_argument(
        "--profile",
        default="quick",
        metavar="NAME|FILE.toml",
        help="how large a study: quick (default), cifar10-small, cifar10, paper, published, or a TOML file of your own",
    )
    sources = image_sources().values()
    made.add_argument(
        "--images", metavar="SOURCE", help=" or ".join(f"{source.name} ({source.help})" for source in sources)
    )
    made.add_argument(
        "--data-dir",
        metavar="DIR",
        help="directory of the images; "
        + "; ".join(f"{source.name}: {source.data_dir}" for source in sources if source.data_dir),
    )
    made.add_argument("--name", help="name of data/NAME and reports/NAME.html (default: the profile's name)")
    made.add_argument(
        "--workers", type=whole_number, metavar="N", help="networks trained at once (default: one per core)"
    )
    made.add_argument(
        "--scheduler",
        metavar="ADDRESS|FILE",
        help="train on the workers of a dask scheduler: tcp://HOST:PORT, tls://HOST:PORT, or its scheduler file"
        " (default: workers of this machine's own)",
    )
    add_device(made, default=None)
    add_seed(made, default=None)
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        dest="assignments",
        help="change one setting of the profile; may be repeated",
    )
    add_preregistration(made, of_study=True)
    made.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    add_manner(made, document="verdicts, effects and paths")
    return made
