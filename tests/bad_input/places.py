"""Places that are not what they should be: folders of images, files of CIFAR-10, places that a study is written to."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from study.images.sources.cifar10 import BATCHES
from tests.bad_input.corpus import Make, rows_of, typed, written
from tests.bad_input.images import classes

RECORDS, RECORD_BYTES = 10_000, 3_073
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def cifar(*, leave_out: str = "", sizes: dict[str, int] | None = None, label: int = 0) -> Make:
    """Return how files of CIFAR-10's layout are made, whose images are black; record 7 of the second has a label."""

    def make(place: Path) -> Sequence[str]:
        made = place / "d" / "cifar-10-batches-bin"
        made.mkdir(parents=True)
        (made / "batches.meta.txt").write_text("\n".join(NAMES) + "\n")
        for name in BATCHES:
            if name != leave_out:
                with (made / name).open("wb") as file:
                    file.truncate((sizes or {}).get(name, RECORDS * RECORD_BYTES))
                    if name == "data_batch_2.bin":
                        file.seek(7 * RECORD_BYTES)
                        file.write(bytes([label]))
        return ("--images", "cifar10", "--data-dir", "d")

    return make


def _truncated_archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        member.size = 100_000
        archive.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(member.size)))
    return gzip.compress(packed.getvalue(), mtime=0)[:50_000]


def _empty(source: str) -> Make:
    def make(place: Path) -> Sequence[str]:
        (place / "d").mkdir()
        return ("--images", source, "--data-dir", "d")

    return make


def _one_class(place: Path) -> Sequence[str]:
    classes(place / "d" / "train", "cat")
    return ("--images", "folder", "--data-dir", "d")


def blocked(name: str) -> Make:
    """Return how a file is made in place of a folder that is written to."""
    return written(name, "in the way", "--name", "mine", "--set", "images.test_images=300")


def images(source: str, place: str) -> tuple[str, ...]:
    """Return the command line of a study of these images."""
    return ("--images", source, "--data-dir", place)


ROWS = (
    *rows_of(
        "data directory",
        {
            "that is not there": (typed(*images("cifar10", "none")), ("--data-dir none: does not exist", "cifar-10-b")),
            "that is not there, of a folder": (
                typed(*images("folder", "none")),
                ("--data-dir none: does not exist", "train/<class>/"),
            ),
            "that is a file": (
                written("file", "", *images("cifar10", "file")),
                ("--data-dir file: is not a directory", "cifar-10-batches-bin/"),
            ),
            "that is a file, of a folder": (
                written("file", "", *images("folder", "file")),
                ("--data-dir file: is not a directory", "train/<class>/"),
            ),
            "that is empty": (_empty("cifar10"), ("is empty",)),
            "that is empty, of a folder": (_empty("folder"), ("is empty",)),
            "of something else": (written("d/notes.txt", "x", *images("cifar10", "d")), ("holds no CIFAR-10",)),
            "of something else, of a folder": (
                written("d/notes.txt", "x", *images("folder", "d")),
                ("holds no train/",),
            ),
            "that is left out": (typed("--images", "folder"), ("--data-dir", "train/<class>/")),
            "of one class": (_one_class, ("1 class folder(s) (cat)", "at least 2")),
        },
    ),
    *rows_of(
        "CIFAR-10's files",
        {
            "one missing": (cifar(leave_out="test_batch.bin"), ("test_batch.bin is missing",)),
            "one cut short": (
                cifar(sizes={"data_batch_3.bin": 30_729_999}),
                ("data_batch_3.bin has 30,729,999 bytes, must have 30,730,000",),
            ),
            "one too long": (
                cifar(sizes={"data_batch_5.bin": 30_730_001}),
                ("data_batch_5.bin has 30,730,001 bytes, must have 30,730,000",),
            ),
            "a label above nine": (cifar(label=10), ("data_batch_2.bin record 7 has label 10, must be 0 to 9",)),
            "archive cut short": (
                written("d/cifar-10-binary.tar.gz", _truncated_archive(), *images("cifar10", "d")),
                ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
            ),
        },
    ),
    *rows_of(
        "place that is written to",
        {
            "data is a file": (blocked("data"), ("data",)),
            "the study's folder is a file": (blocked("data/mine"), ("data/mine",)),
            "reports is a file": (blocked("reports"), ("reports",)),
        },
    ),
)
