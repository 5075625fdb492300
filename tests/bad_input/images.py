"""Images that cannot be used: folders of a study, photographs for an external network, class names, CIFAR-10's files."""

from __future__ import annotations

import functools
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bad_input.corpus import Make, rows_of

STUDY = ("--images", "folder", "--data-dir", "d")
PROBE = ("net.keras", "--preprocessing", "unit", "--permutations", "100", "--images", "d")
BATCH = "data_batch_1.bin"
CIFAR = ("--images", "cifar10", "--data-dir", "d")
NOISE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def picture(path: Path, *, format: str | None = None) -> None:
    """Write one picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(NOISE).save(path, format=format)


def classes(folder: Path, *names: str, count: int = 2) -> None:
    """Write some pictures of each class."""
    for name in names:
        for index in range(count):
            picture(folder / name / f"{index}.png")


def study(change: Callable[[Path], object]) -> Make:
    """Return how a folder of two classes is made, and then changed in one way."""

    def make(place: Path) -> Sequence[str]:
        classes(place / "d" / "train", "cat", "dog")
        classes(place / "d" / "test", "cat", "dog")
        change(place / "d")
        return STUDY

    return make


def bad_file(write: Callable[[Path], object]) -> Make:
    """Return how a folder is made in which one picture is something else."""

    def change(folder: Path) -> None:
        (folder / "train" / "dog" / "1.png").unlink()
        write(folder / "train" / "dog" / "1.png")

    return study(change)


def cut(path: Path, *, kept: float, format: str) -> None:
    """Write a picture that is cut short."""
    picture(path, format=format)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])


def claimed(path: Path, size: int) -> None:
    """Write a few bytes that claim to be a picture of that height and width."""
    header = b"IHDR" + struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    first = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + first + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )


def bytes_named(folder: Path, name: bytes) -> None:
    """Make a class whose name is any bytes."""
    place = os.path.join(os.fsencode(folder), name)
    os.mkdir(place)
    picture(Path(os.fsdecode(place)) / "1.png")


def renamed(before: str, after: str) -> Callable[[Path], object]:
    """Return a change that renames something."""
    return lambda folder: (folder / before).rename(folder / after)


_REPAIR = "cannot be read as an image"
_FILES = {
    "a file of no bytes": (bad_file(lambda path: path.touch()), ("dog/1.png", _REPAIR, "it is empty")),
    "a text": (bad_file(lambda path: path.write_text("words")), ("dog/1.png", _REPAIR, "none of PNG, JPEG")),
    "a page": (bad_file(lambda path: path.write_text("<svg/>")), ("dog/1.png", _REPAIR, "none of PNG, JPEG")),
    "PNG's signature alone": (bad_file(lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n")), ("dog/1.png", _REPAIR)),
    "a PNG cut short": (bad_file(lambda path: cut(path, kept=0.7, format="PNG")), ("dog/1.png", _REPAIR)),
    "a JPEG cut short": (bad_file(lambda path: cut(path, kept=0.9, format="JPEG")), ("dog/1.png", _REPAIR)),
    "a WebP cut short": (bad_file(lambda path: cut(path, kept=0.9, format="WEBP")), ("dog/1.png", _REPAIR)),
    "a BMP cut short": (bad_file(lambda path: cut(path, kept=0.9, format="BMP")), ("dog/1.png", _REPAIR)),
    "a TIFF cut short": (bad_file(lambda path: cut(path, kept=0.5, format="TIFF")), ("dog/1.png", _REPAIR)),
    "a GIF cut short": (bad_file(lambda path: cut(path, kept=0.5, format="GIF")), ("dog/1.png", _REPAIR)),
    "floating point": (
        bad_file(lambda path: Image.new("F", (8, 8)).save(path, format="TIFF")),
        ("dog/1.png", _REPAIR, "floating point", "8 or 16 bits"),
    ),
    "32-bit integers": (
        bad_file(lambda path: Image.new("I", (8, 8)).save(path, format="TIFF")),
        ("dog/1.png", _REPAIR, "32-bit integers"),
    ),
    "a format that is not read": (
        bad_file(lambda path: picture(path, format="PPM")),
        ("dog/1.png", _REPAIR, "none of PNG, JPEG"),
    ),
    "more pixels than are safe": (
        bad_file(lambda path: claimed(path, 10_000)),
        ("dog/1.png", _REPAIR, "10,000 x 10,000 pixels", "bomb"),
    ),
    "many more pixels than are safe": (
        bad_file(lambda path: claimed(path, 60_000)),
        ("dog/1.png", _REPAIR, "bomb"),
    ),
    "a pipe": (bad_file(os.mkfifo), ("dog/1.png", "no regular file", "remove it")),
    "a device": (bad_file(lambda path: path.symlink_to("/dev/zero")), ("dog/1.png", "no regular file")),
    "a link to nothing": (bad_file(lambda path: path.symlink_to("gone")), ("dog/1.png", "a link to nothing")),
    "a link to itself": (bad_file(lambda path: path.symlink_to(path)), ("dog/1.png", "a link to nothing")),
}

_LAYOUTS = {
    "class folders without halves": (
        study(
            lambda folder: [
                renamed("test", "../old")(folder),
                renamed("train/cat", "cat")(folder),
                renamed("train", "more")(folder),
            ]
        ),
        ("--data-dir d", "holds no train/", "2 folders (cat, more)", "move them into train/"),
    ),
    "an archive alone": (
        study(lambda folder: [renamed("train", "../old")(folder), (folder / "train.zip").touch()]),
        ("--data-dir d", "holds no train/", "1 other files (train.zip)", "unpack train.zip"),
    ),
    "one folder too high": (
        study(lambda folder: [(folder / "in").mkdir(), renamed("train", "in/Train")(folder)]),
        ("--data-dir d", "holds no train/", "in/", "give that one"),
    ),
    "train/ under two names": (
        study(lambda folder: classes(folder / "Training", "cat")),
        ("Training/ and train/", "keep one"),
    ),
    "pictures in no class folder": (
        study(lambda folder: [renamed("train", "old")(folder), picture(folder / "train" / "1.png")]),
        ("train holds 0 class folder(s) (none)", "at least 2"),
    ),
    "an empty class": (
        study(lambda folder: (folder / "train" / "emu").mkdir()),
        ("train/emu", "holds no image", ".webp"),
    ),
    "a class of another format alone": (
        study(lambda folder: [(folder / "train" / "emu").mkdir(), (folder / "train" / "emu" / "x.heic").touch()]),
        ("train/emu", "holds no image", ".webp"),
    ),
    "a class of folders": (
        study(lambda folder: picture(folder / "train" / "emu" / "more" / "1.png")),
        ("train/emu", "folders below it", "more/1.png", "move them up"),
    ),
    "a class in the test half alone": (
        study(lambda folder: classes(folder / "test", "emu")),
        ("holds class 'emu'", "cat, dog", "remove it"),
    ),
    "letter case between halves": (
        study(renamed("test/cat", "test/Cat")),
        ("holds class 'Cat'", "rename it to 'cat'"),
    ),
    "Unicode normalisation between halves": (
        study(lambda folder: [classes(folder / "train", "b\u00e4r"), classes(folder / "test", "ba\u0308r")]),
        ("holds class", "rename it to 'b\u00e4r'"),
    ),
    "a class in the training half alone": (
        study(lambda folder: classes(folder / "train", "cat", "dog", "emu", count=10)),
        ("'emu'", "none falls to the test part", "add images"),
    ),
}

_CLASSES = {
    "a bell": (
        study(lambda folder: classes(folder / "train", "a\x07b")),
        ("class folder in d/train", "control", "rename"),
    ),
    "a line break": (study(lambda folder: classes(folder / "train", "a\nb")), ("class folder", "control", "rename")),
    "an escape": (study(lambda folder: classes(folder / "train", "\x1b[31m")), ("class folder", "control", "rename")),
    "bytes that are not UTF-8": (
        study(lambda folder: bytes_named(folder / "train", b"caf\xe9")),
        ("class folder", "not UTF-8", "rename"),
    ),
    "an override of direction": (
        study(lambda folder: classes(folder / "train", "a\u202eb")),
        ("class folder", "direction", "rename"),
    ),
    "no character": (study(lambda folder: classes(folder / "train", "a\uffffb")), ("class folder", "U+FFFF", "rename")),
    "blanks": (study(lambda folder: classes(folder / "train", "  ")), ("class folder", "is blank", "rename")),
    "more than 200 letters": (
        study(lambda folder: classes(folder / "train", "a" * 240)),
        ("class folder", "240 characters", "rename"),
    ),
}


def cifar(make_there: Callable[[Path], object]) -> Make:
    """Return how a directory is made that should hold CIFAR-10."""

    def make(place: Path) -> Sequence[str]:
        (place / "d").mkdir()
        make_there(place / "d")
        return CIFAR

    return make


def touched(*names: str) -> Callable[[Path], object]:
    """Return a change that makes empty files, and folders where a name ends in a slash."""

    def make(folder: Path) -> None:
        for name in names:
            path = folder / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            path.exists() or path.touch()

    return make


_CIFAR = {
    "Python version, archived": (
        cifar(touched("cifar-10-python.tar.gz")),
        ("Python version", "pickles", "cifar-10-binary"),
    ),
    "Python version, unpacked": (cifar(touched("cifar-10-batches-py/")), ("cifar-10-batches-py", "Python version")),
    "Python version, its files": (
        cifar(touched("data_batch_1", "test_batch")),
        ("holds data_batch_1", "Python version"),
    ),
    "Python version, renamed": (cifar(touched("mine/data_batch_1")), ("holds mine/", "Python version")),
    "Matlab version, archived": (
        cifar(touched("cifar-10-matlab.tar.gz")),
        ("Matlab version", "cifar-10-binary.tar.gz"),
    ),
    "Matlab version, unpacked": (cifar(touched("cifar-10-batches-mat/")), ("Matlab version",)),
    "Matlab version, its files": (cifar(touched("data_batch_1.mat")), ("Matlab version",)),
    "CIFAR-100, archived": (cifar(touched("cifar-100-binary.tar.gz")), ("CIFAR-100, another data set",)),
    "CIFAR-100, unpacked": (cifar(touched("cifar-100-python/")), ("CIFAR-100, another data set",)),
    "CIFAR-100, its files": (cifar(touched("train.bin", "fine_label_names.txt")), ("CIFAR-100, another data set",)),
    "folder renamed": (cifar(touched("mine/data_batch_1.bin")), ("holds mine/", "give --data-dir d/mine")),
    "archive one folder below": (cifar(touched("in/cifar-10-binary.tar.gz")), ("holds in/", "give --data-dir d/in")),
    "archive renamed": (
        cifar(touched("cifar-10-binary (1).tar.gz")),
        ("(1).tar.gz", "rename it to cifar-10-binary.tar.gz"),
    ),
    "archive unzipped by a browser": (cifar(touched("cifar-10-binary.tar")), ("cifar-10-binary.tar,", "unpack it")),
    "download that has not ended": (
        cifar(touched("cifar-10-binary.tar.gz.part")),
        ("tar.gz.part", "a download that has not ended"),
    ),
    "archive of no bytes": (cifar(touched("cifar-10-binary.tar.gz")), ("of whose 170,052,171 bytes 0 are there",)),
    "archive that is a page": (
        cifar(lambda folder: (folder / "cifar-10-binary.tar.gz").write_text("<html>log in</html>")),
        ("19 are there", "damaged", "download"),
    ),
    "archive that is a pipe": (
        cifar(lambda folder: os.mkfifo(folder / "cifar-10-binary.tar.gz")),
        ("holds cifar-10-binary.tar.gz",),
    ),
    "batch that is a pipe": (
        cifar(
            lambda folder: [
                (folder / "cifar-10-batches-bin").mkdir(),
                os.mkfifo(folder / "cifar-10-batches-bin/data_batch_1.bin"),
            ]
        ),
        ("data_batch_1.bin is missing",),
    ),
    "archive itself": (
        lambda place: [(place / "cifar-10-binary.tar.gz").touch(), *CIFAR[:3], "cifar-10-binary.tar.gz"][1:],
        ("is not a directory", "the directory that it lies in"),
    ),
    "directory whose name is not UTF-8": (
        lambda place: (*CIFAR[:3], os.fsdecode(b"d\xe9")),
        ("--data-dir", "not UTF-8", "rename"),
    ),
}


@functools.cache
def network() -> bytes:
    """Return a saved network of three outputs."""
    import keras

    inputs = keras.Input((16, 16, 3))
    outputs = keras.layers.Conv2D(4, 3, activation="relu", name="first")(inputs)
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(outputs))
    with tempfile.TemporaryDirectory() as folder:
        keras.Model(inputs, outputs, name="net").save(Path(folder) / "net.keras")
        return (Path(folder) / "net.keras").read_bytes()


def probe(change: Callable[[Path], object], *more: str) -> Make:
    """Return how a network and photographs of its three classes are made, and then changed in one way."""

    def make(place: Path) -> Sequence[str]:
        (place / "net.keras").write_bytes(network())
        classes(place / "d", "ant", "cat", "dog")
        change(place)
        return (*PROBE, *more)

    return make


def names(content: bytes) -> Make:
    """Return how photographs are made with a file of class names."""
    return probe(lambda place: (place / "names.txt").write_bytes(content), "--class-names", "names.txt")


_PHOTOGRAPHS = {
    "a photograph cut short": (
        probe(lambda place: cut(place / "d/cat/1.png", kept=0.8, format="PNG")),
        ("cat/1.png", _REPAIR),
    ),
    "in a dry run, a photograph cut short": (
        probe(lambda place: cut(place / "d/cat/1.png", kept=0.8, format="JPEG"), "--dry-run"),
        ("cat/1.png", _REPAIR),
    ),
    "a photograph that is a pipe": (
        probe(lambda place: os.mkfifo(place / "d/cat/2.png")),
        ("cat/2.png", "no regular file"),
    ),
    "photographs beside class folders": (
        probe(lambda place: picture(place / "d/loose.png")),
        ("holds images (loose.png) beside class folders (ant)",),
    ),
    "halves": (
        probe(lambda place: [classes(place / "d/train", "a"), classes(place / "d/val", "a")]),
        ("d/train", "folders below it", "give the directory whose folders are the classes"),
    ),
    "a class too many": (
        probe(lambda place: classes(place / "d", "emu")),
        ("4 class folders", "3 outputs", "--class-names"),
    ),
    "a class with a bell": (probe(lambda place: classes(place / "d", "e\x07")), ("class folder", "control", "rename")),
    "class names, a name too few": (names(b"ant\ncat\n"), ("names.txt", "lists 2", "must list 3")),
    "class names, one twice": (names(b"ant\ncat\ndog\ncat\n"), ("names.txt", "'cat' 2 times", "once")),
    "class names, none": (names(b"\n\n"), ("names.txt", "lists 0", "must list 3")),
    "class names, another letter case": (names(b"Ant\ncat\ndog\n"), ("'ant' is not in", "it lists 'Ant'")),
    "class names of another encoding": (names(b"ant\ncat\nd\xf6g\n"), ("names.txt", "not UTF-8 text")),
    "class names with a bell": (names(b"ant\ncat\nd\x07g\n"), ("names.txt line 3", "control character")),
    "class names that are a directory": (
        probe(lambda place: (place / "names.txt").mkdir(), "--class-names", "names.txt"),
        ("--class-names", "a directory"),
    ),
    "class names that are a pipe": (
        probe(lambda place: os.mkfifo(place / "names.txt"), "--class-names", "names.txt"),
        ("--class-names", "must be a file"),
    ),
}

ROWS = (
    *rows_of("image file", _FILES),
    *rows_of("layout of images", _LAYOUTS),
    *rows_of("class folder's name", _CLASSES),
    *rows_of("CIFAR-10", _CIFAR),
    *rows_of("photographs", _PHOTOGRAPHS, command="probe_model"),
)
