"""The command line of `python -m study probe_model`, and what its help teaches."""

from __future__ import annotations

import argparse
import re

from study.commands.arguments import (
    add_device,
    add_manner,
    add_preregistration,
    add_seed,
    check_whole_number,
    command_parser,
    whole_number,
)
from study.images.files.words import HELP
from study.vocabulary.errors import quoted, refuse_unless, shown

_BYTES = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

EPILOG = """\
examples:
  python -m study probe_model vgg16                          VGG16 with Keras' ImageNet weights: about an hour on two cores
  python -m study probe_model vgg16 --images DIR --ablate    and what ablating its more selective units costs
  python -m study probe_model mynet.keras --preprocessing unit     a network of your own, whose pixels are 0 to 1
  python -m study probe_model resnet50 --weights none --layers 'conv3_*' --dry-run    what would be measured, how long it takes

what comes out:
  data/NAME/study.zarr    every unit's tuning, and its ablation: xarray.open_datatree("data/NAME/study.zarr", engine="zarr")
  reports/NAME.html       the network described, one file, works offline

On two cores the ablation of VGG16 on 50,000 photographs takes days; on a GPU (--device gpu) its time is not measured.

One network is one experimental unit: it is described, and no hypothesis is tested. Interrupt it whenever you like: the
same command goes on where it stopped; with --images or --ablate added, it keeps the gratings' part.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = command_parser(
        "probe_model",
        description="Shows gratings to every hidden unit of one network, as visual neuroscience shows them to neurons, and"
        " describes what they prefer, and what becomes of the network without them.",
        epilog=f"{EPILOG}\n{HELP}",
    )
    _add_network(made)
    _add_photographs(made)
    add = made.add_argument
    add("--name", help="name of data/NAME and reports/NAME.html (default: the model's)")
    add("--memory", default="2GB", metavar="SIZE", help="for activations, such as 500MB or 8GB (default: 2GB)")
    add_device(made)
    add_seed(made)
    add_preregistration(made, of=" for VGG16")
    add("--dry-run", action="store_true", help="list layers and units, say how long it would take, and write nothing")
    add_manner(made, document="what was found in each layer, and paths")
    return made


def _add_network(parser: argparse.ArgumentParser) -> None:
    """Add which network is measured, and what it is shown."""
    add = parser.add_argument
    add(
        "model",
        metavar="MODEL",
        help="a .keras file, or an application of Keras: vgg16, resnet50, mobilenetv3small, ...",
    )
    add(
        "--weights",
        metavar="imagenet|none|FILE",
        help="of an application: Keras' own (default), random ones, or a file",
    )
    add(
        "--layers",
        nargs="+",
        default=[],
        metavar="PATTERN",
        help="convolution, depthwise, pooling, dense, a layer's name, or"
        " a pattern such as 'block1_*' (default: every hidden layer behind an activation)",
    )
    add(
        "--preprocessing",
        metavar="NAME",
        help="what is done to pixels of 0 to 255: raw, unit (to 0..1), symmetric (to -1..1), or as of an application"
        " (default: the application's own, or what a file's first operations expect; a file that begins without scaling"
        " needs one); what contradicts them is refused, NAME:anyway insists",
    )
    add(
        "--input-size",
        type=whole_number,
        metavar="N",
        help="width of the pictures in pixels, a multiple of 4 (default: the model's)",
    )
    add(
        "--permutations",
        type=whole_number,
        default=1000,
        metavar="N",
        help="shuffles of each unit's responses (default: 1000)",
    )


def _add_photographs(parser: argparse.ArgumentParser) -> None:
    """Add what is measured on photographs."""
    add = parser.add_argument
    add(
        "--images",
        metavar="DIR",
        help="labelled photographs: DIR/<class>/*.jpg and other formats (see below), or ImageNet's validation images with"
        " ILSVRC2012_devkit_t12 beside them",
    )
    add(
        "--class-names",
        metavar="FILE",
        help="the class folders in the order of the network's outputs, one a line (default: their sorted names)",
    )
    add(
        "--n-images",
        type=whole_number,
        metavar="N",
        help="so many of the photographs, drawn at random, classes alike (default: all)",
    )
    add(
        "--ablate",
        action="store_true",
        help="ablate the more and the less selective half of every layer; needs --images",
    )
    add(
        "--null-draws",
        type=whole_number,
        default=100,
        metavar="N",
        help="random splits of a layer that these are compared with (default: 100)",
    )
    add(
        "--null-images",
        type=whole_number,
        default=256,
        metavar="N",
        help="photographs that random splits are measured on (default: 256)",
    )


def check(arguments: argparse.Namespace) -> None:
    """Refuse values and combinations that cannot be, before anything that takes time is imported.

    Raises
    ------
    StudyError
        Naming the flag, its value and what is allowed.
    """
    for flag, value, low, high in (
        ("--permutations", arguments.permutations, 100, 100_000),
        ("--null-draws", arguments.null_draws, 20, 100_000),
        ("--null-images", arguments.null_images, 1, 1_000_000),
        ("--n-images", arguments.n_images, 1, 100_000_000),
        ("--seed", arguments.seed, 0, 2**32 - 1),
        ("--input-size", arguments.input_size, 4, 4_096),
    ):
        check_whole_number(flag, value, low, high)
    refuse_unless(
        arguments.images is not None or not arguments.ablate,
        "--ablate needs photographs to measure a loss on: give --images DIR",
    )
    for flag, value in (("--n-images", arguments.n_images), ("--class-names", arguments.class_names)):
        refuse_unless(
            arguments.images is not None or value is None,
            f"{flag} {shown(value)} is about photographs: give --images DIR, or leave it out",
        )
    refuse_unless(
        arguments.device in ("auto", "cpu", "gpu"),
        f"--device {quoted(arguments.device)} is not allowed: it must be one of auto, cpu, gpu",
    )
    memory_bytes(arguments.memory)
    if arguments.name is not None:
        check_name(arguments.name)


def check_name(name: str) -> None:
    """Refuse a name that could be no folder's.

    Raises
    ------
    StudyError
        With what is allowed.
    """
    refuse_unless(
        re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is not None
        and name.lower() not in ("index", "calibration"),
        f"--name {quoted(name)} is not allowed: it must be letters, digits, dots, dashes and underscores, starting with a"
        " letter or digit, at most 100 of them, and not index or calibration",
    )


def memory_bytes(text: str) -> int:
    """Return a size in bytes.

    Raises
    ------
    StudyError
        When it is no number with a unit, or below 10 MB.
    """
    parts = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([KMGT]B)", text.strip().upper())
    size = int(float(parts[1]) * _BYTES[parts[2]]) if parts else 0
    refuse_unless(
        size >= 10_000_000,
        f"--memory {quoted(text)} is not allowed: write a number and MB or GB, such as 2GB; at least 10MB",
    )
    return size
