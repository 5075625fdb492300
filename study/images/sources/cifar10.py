"""CIFAR-10 from its official binary archive, or from files of the same layout.

A record is one label byte and 3,072 pixel bytes: 1,024 red, 1,024 green, 1,024 blue, each row by row. Six files of
10,000 records each, five to train and one to test, and a list of class names. Files are read by exact name and length;
nothing is unpickled and nothing is unpacked to disk.

Source: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images; https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from study.images.files.other_cifar import found_instead, version_of
from study.vocabulary.errors import StudyError, one_line, shown
from study.vocabulary.image_source import ImageSource
from study.vocabulary.reading import read_bytes, user_path
from study.vocabulary.text import checked_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from study.config import ImagesConfig
    from study.images.image_set import ImageSet

ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
ARCHIVE_BYTES = 170_052_171
ARCHIVE_URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
FOLDER = "cifar-10-batches-bin"
NAMES_FILE = "batches.meta.txt"
RECORDS = 10_000
RECORD_BYTES = 1 + 3 * 32 * 32
CLASSES = 10

# The SHA-1 of each official member, as Apache MXNet's CIFAR-10 loader (gluon.data.vision.CIFAR10) publishes them.
BATCH_SHA1 = {
    "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
}
BATCHES = tuple(BATCH_SHA1)
_OF_DAMAGED_HEADERS = (TypeError, ValueError, LookupError, ArithmeticError)  # raised inside tarfile
_EXPECTED_BYTES = {**dict.fromkeys(BATCHES, RECORDS * RECORD_BYTES), NAMES_FILE: 4096}

# get_file belongs to Keras, and importing Keras imports TensorFlow: seconds, and threads that do not survive a fork.
# The process that plans a study must stay free of it, so a short-lived process of its own does the download.
_DOWNLOAD = """
import sys
try:
    import keras
    url, name, md5, answer = sys.argv[1:]
    path = keras.utils.get_file(name, url, file_hash=md5, hash_algorithm="md5")
except Exception as error:
    sys.exit("failed: " + " ".join(str(error).split()))
with open(answer, "w", encoding="utf-8") as file:
    file.write(str(path))
"""


def cifar10(settings: ImagesConfig) -> ImageSet:
    """Return all 60,000 images.

    Parameters
    ----------
    settings
        Its `data_dir` is a directory that holds the archive, or `cifar-10-batches-bin/`, or is that folder; empty to
        download the archive (once: Keras keeps it under ~/.keras/datasets, or $KERAS_HOME/datasets).

    Raises
    ------
    StudyError
        When nothing can be found or downloaded, or what is found is not of the layout above.
    """
    import numpy as np

    from study.images.image_set import ImageSet, fingerprint

    place = _located(settings.data_dir)
    if place.is_dir():
        contents, official_archive = _folder_contents(place), False
    else:
        contents, official_archive = _archive_contents(place), _md5(place) == ARCHIVE_MD5
    class_names = _class_names(contents[NAMES_FILE], place)
    images = np.empty((len(BATCHES) * RECORDS, 32, 32, 3), np.uint8)
    labels = np.empty(len(images), np.int64)
    for index, name in enumerate(BATCHES):
        part = slice(index * RECORDS, (index + 1) * RECORDS)
        images[part], labels[part] = _records(contents[name], name, place)
    is_test = np.arange(len(images)) >= (len(BATCHES) - 1) * RECORDS
    official = official_archive or _official(contents)
    digest = fingerprint(images, labels, is_test, class_names)
    return ImageSet(images, labels, is_test, class_names, digest, "cifar10", _description(official, digest), official)


def _located(data_dir: str) -> Path:
    """Return the archive or the unpacked folder."""
    if not data_dir:
        return _downloaded()
    directory, origin = user_path(data_dir), f"--data-dir {shown(data_dir)}"
    remedy = f"give --data-dir a directory that holds {ARCHIVE} (md5 {ARCHIVE_MD5}) or {FOLDER}/"
    if not directory.is_dir():
        problem = "is not a directory" if directory.exists() else "does not exist"
        if directory.name == ARCHIVE and directory.is_file():
            remedy = f"give the directory that it lies in, --data-dir {shown(directory.parent)}"
        raise StudyError(f"{origin}: {problem}; {remedy}")
    # The archive first: its checksum says whether it is the official one.
    if (directory / ARCHIVE).is_file():
        return directory / ARCHIVE
    if (directory / FOLDER).is_dir():
        return directory / FOLDER
    if any((directory / name).exists() for name in BATCHES):
        return directory
    if instead := found_instead(directory, archive=ARCHIVE, folder=FOLDER):
        raise StudyError(f"{origin}: the directory {instead}")
    state = "holds no CIFAR-10" if any(directory.iterdir()) else "is empty"
    raise StudyError(f"{origin}: the directory {state}; {remedy}")


def _downloaded() -> Path:
    """Return the official archive, downloaded or found in Keras' cache, its md5 verified by Keras either way."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "path"
        command = [sys.executable, "-c", _DOWNLOAD, ARCHIVE_URL, ARCHIVE, ARCHIVE_MD5, str(answer)]
        # Keras draws its progress bar on standard output: worth showing to a person, thousands of lines to a file.
        progress = None if sys.stdout.isatty() else subprocess.DEVNULL
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=progress,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0 and answer.is_file():
            return Path(answer.read_text(encoding="utf-8"))
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    raise StudyError(
        f"{ARCHIVE} (md5 {ARCHIVE_MD5}) could not be downloaded from {ARCHIVE_URL} ({reason}): put the file into a"
        " directory DIR and pass --data-dir DIR, or pass --images shapes"
    )


def _folder_contents(folder: Path) -> dict[str, bytes]:
    contents = {}
    for name in (*BATCHES, NAMES_FILE):
        path = folder / name
        if not path.is_file():
            raise StudyError(f"{shown(folder)}: {name} is missing; unpack {ARCHIVE} (md5 {ARCHIVE_MD5}) again")
        _refuse_size(path.stat().st_size, name, folder)
        contents[name] = read_bytes(path, remedy="make it readable", most_bytes=_EXPECTED_BYTES[name])
    return contents


def _archive_contents(archive: Path) -> dict[str, bytes]:
    """Return the members by exact name; links and whatever else is in the archive are never followed or written."""
    wanted = {f"{FOLDER}/{name}": name for name in (*BATCHES, NAMES_FILE)}
    contents: dict[str, bytes] = {}
    other = ""
    try:
        # One pass in the archive's own order: seeking backwards in gzip would decompress everything again.
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                if (name := wanted.get(member.name)) is None:
                    other = other or version_of(member.name)
                    continue
                if not member.isreg():
                    raise StudyError(f"{shown(archive)}: {member.name} is not a regular file; {_download_again()}")
                _refuse_size(member.size, name, archive)
                if (file := tar.extractfile(member)) is not None:
                    contents[name] = file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error, *_OF_DAMAGED_HEADERS) as error:
        size = archive.stat().st_size
        part = f", of whose {ARCHIVE_BYTES:,} bytes {size:,} are there," if size < ARCHIVE_BYTES else ""
        raise StudyError(
            f"{shown(archive)}{part} is truncated, damaged or unreadable ({one_line(error)}); {_download_again()}"
        ) from error
    for name in wanted.values():
        if name not in contents:
            holds = f" (it holds {other})" if other else ""
            raise StudyError(f"{shown(archive)}: {FOLDER}/{name} is missing{holds}; {_download_again()}")
        _refuse_size(len(contents[name]), name, archive)
    return contents


def _download_again() -> str:
    return f"download {ARCHIVE} (md5 {ARCHIVE_MD5}) again from {ARCHIVE_URL}"


def _refuse_size(size: int, name: str, place: Path) -> None:
    expected = _EXPECTED_BYTES[name]
    if name == NAMES_FILE and size > expected:
        raise StudyError(
            f"{shown(place)}: {name} has {size:,} bytes; a list of {CLASSES} class names has at most {expected:,}"
        )
    if name != NAMES_FILE and size != expected:
        raise StudyError(
            f"{shown(place)}: {name} has {size:,} bytes, must have {expected:,} ({RECORDS:,} records of {RECORD_BYTES:,});"
            f" {_download_again()}"
        )


def _class_names(content: bytes, place: Path) -> tuple[str, ...]:
    names = tuple(content.decode("utf-8", errors="replace").split())
    for name in names:
        checked_name(name, what=f"{shown(place)}: class name in {NAMES_FILE}", remedy=_download_again())
    if len(names) != CLASSES or len(set(names)) != CLASSES:
        raise StudyError(
            f"{shown(place)}: {NAMES_FILE} must list {CLASSES} different class names, has {len(set(names))}"
        )
    return names


def _records(content: bytes, name: str, place: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images, uint8 (10000, 32, 32, 3), and labels, uint8 (10000,)."""
    import numpy as np

    records = np.frombuffer(content, np.uint8).reshape(RECORDS, RECORD_BYTES)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        first = int(np.argmax(labels >= CLASSES))
        raise StudyError(
            f"{shown(place)}: {name} record {first} has label {labels[first]}, must be 0 to {CLASSES - 1}; {_download_again()}"
        )
    return records[:, 1:].reshape(RECORDS, 3, 32, 32).transpose(0, 2, 3, 1), labels


def _official(contents: dict[str, bytes]) -> bool:
    return all(hashlib.sha1(contents[name], usedforsecurity=False).hexdigest() == BATCH_SHA1[name] for name in BATCHES)


def _description(official: bool, digest: str) -> str:
    from study.images.image_set import short_fingerprint

    said = "the official files, checksums verified" if official else "not the official files: checksums differ"
    return (
        f"CIFAR-10: 60,000 photographs of 10 classes, 32 x 32 px RGB, {said} (fingerprint {short_fingerprint(digest)})"
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


SOURCE = ImageSource(
    name="cifar10",
    help="60,000 photographs of ten classes",
    data_dir=f"{ARCHIVE} or {FOLDER}/; without it, the archive is downloaded",
    needs_data_dir=False,
    photographs=True,
    read=cifar10,
)
