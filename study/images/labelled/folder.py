"""Labelled photographs for a network that is already trained: which files, which labels, and their pixels when asked for.

Two layouts. Class folders: `DIR/<class>/*.jpg`, one folder a class. Flat, as ImageNet's validation images come:
`DIR/ILSVRC2012_val_00000001.JPEG` and so on, with files of the official development kit (see `study.images.labelled.imagenet`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from study.images.image_set import short_fingerprint
from study.images.labelled.imagenet import validation_labels
from study.vocabulary.errors import StudyError, one_line, refuse_unless

SUFFIXES = (".png", ".jpg", ".jpeg")
CROPPED = 224 / 256  # of the shorter side, the part that is kept, as VGG and most since are evaluated
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # others have more than 8 bits a channel


@dataclass(frozen=True)
class LabelledFolder:
    """Labelled image files.

    Attributes
    ----------
    paths
        One file an image.
    labels
        int64, (image,): the index of the network's output for the class.
    class_names
        One a class, in the order of the network's outputs.
    layout
        `"class folders"` or `"flat"`.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    layout: str

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) over every file's name and its folder's, its size in bytes and its label.

        Pixels are not read for it: of ImageNet's validation images that would be 6 GB.
        """
        made = hashlib.sha256(repr((self.layout, self.class_names)).encode())
        for path, label in zip(self.paths, self.labels, strict=True):
            made.update(repr((path.parent.name, path.name, path.stat().st_size, int(label))).encode())
        return made.hexdigest()

    @property
    def description(self) -> str:
        """Return a sentence for console, store and report."""
        shown = len(np.unique(self.labels))
        return (
            f"{len(self.paths):,} images of {shown:,} of {len(self.class_names):,} classes, {self.layout} (fingerprint"
            f" {short_fingerprint(self.fingerprint)})"
        )


def labelled_folder(directory: str, *, n_classes: int, class_names: str | None = None) -> LabelledFolder:
    """Return the images in a directory, in the order of their names; none is opened.

    Parameters
    ----------
    directory
        In one of the two layouts. Hidden files and suffixes other than .png, .jpg and .jpeg are ignored.
    n_classes
        Outputs of the network.
    class_names
        A text file, one class a line in the order of the network's outputs, for class folders whose sorted names are not
        in that order, or that are not there for every class. None: the sorted names of the folders are in that order.

    Raises
    ------
    StudyError
        When there is no image, both layouts at once, a class that the network does not know, or another number of them.
    """
    root = Path(directory).expanduser()
    allowed = "give a directory that holds <class>/*.jpg or .png, or ImageNet's validation images"
    refuse_unless(
        root.is_dir(), f"--images {directory}: {'is not a directory' if root.exists() else 'does not exist'}; {allowed}"
    )
    here, folders = _images(root), [path for path in _sorted(root) if path.is_dir() and _images(path)]
    refuse_unless(
        bool(here or folders), f"--images {directory}: there is no image in it ({', '.join(SUFFIXES)}); {allowed}"
    )
    if here and folders:
        raise StudyError(
            f"--images {directory}: holds images ({here[0].name}) beside class folders ({folders[0].name}); move one of the"
            " two elsewhere"
        )
    if here:
        refuse_unless(
            class_names is None,
            f"--class-names {class_names}: is for class folders, {directory} has none; leave it out",
        )
        labels, names = validation_labels(root, here, n_classes)
        return LabelledFolder(tuple(here), labels, names, "flat")
    known = _class_names(folders, n_classes, class_names, directory)
    labelled_paths = [(path, known.index(folder.name)) for folder in folders for path in _images(folder)]
    return LabelledFolder(
        tuple(path for path, _ in labelled_paths),
        np.array([label for _, label in labelled_paths], np.int64),
        known,
        "class folders",
    )


def balanced_subset(images: LabelledFolder, n_images: int, rng: np.random.Generator) -> LabelledFolder:
    """Return `n_images` of the images, drawn at random, from every class as many as from any other.

    Where a class has too few, others give more; where the number cannot be shared evenly, chance decides who gives one
    more. Files stay in order. A smaller subset from a generator in the same state is a part of a larger one.

    Raises
    ------
    StudyError
        When there are fewer images, or `n_images` is below 1.
    """
    available = len(images.paths)
    refuse_unless(1 <= n_images <= available, f"--n-images {n_images}: must be 1 to {available}, the number of images")
    turn = np.empty(available, dtype=np.int64)
    for label in np.unique(images.labels):
        members = np.flatnonzero(images.labels == label)
        turn[rng.permutation(members)] = np.arange(len(members))
    chosen = np.sort(np.lexsort((rng.random(available), turn))[:n_images])
    return dataclasses.replace(
        images, paths=tuple(images.paths[index] for index in chosen), labels=images.labels[chosen]
    )


def image_batches(
    images: LabelledFolder, *, size: int, channels: int, at_once: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield pixels, uint8 (image, size, size, channel), and labels, int64 (image,), at most `at_once` at a time.

    The shorter side of each image is resized to 256/224 of `size` (bilinear with antialiasing) and the centre is cut out,
    as VGG is evaluated. Three channels are red, green, blue, one is grey; transparency is dropped.

    Raises
    ------
    StudyError
        When a file cannot be read as an image; the message names it.
    """
    for start in range(0, len(images.paths), at_once):
        chunk = slice(start, start + at_once)
        pixels = [_pixels(path, size, channels) for path in images.paths[chunk]]
        yield np.stack(pixels), images.labels[chunk]


def _sorted(directory: Path) -> list[Path]:
    """Return what is in a directory, by name: the order in which file systems list names differs between machines."""
    shown = (path for path in directory.iterdir() if not path.name.startswith("."))
    return sorted(shown, key=lambda path: path.name)


def _images(directory: Path) -> list[Path]:
    return [path for path in _sorted(directory) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _class_names(folders: list[Path], n_classes: int, file: str | None, directory: str) -> tuple[str, ...]:
    """Return the class of each output."""
    if file is None:
        refuse_unless(
            len(folders) == n_classes,
            f"--images {directory}: holds {len(folders)} class folders, the network"
            f" has {n_classes} outputs; pass --class-names FILE, one class a line in the order of the"
            " outputs",
        )
        return tuple(folder.name for folder in folders)
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"--class-names {file}: cannot be read ({error}); give a text file, one class a line"
        ) from error
    names = tuple(line.strip() for line in lines if line.strip())
    refuse_unless(
        len(names) == n_classes == len(set(names)),
        f"--class-names {file}: lists {len(set(names))} different"
        f" classes in {len(names)} lines, must list {n_classes}, one for each output of the network",
    )
    for folder in folders:
        refuse_unless(
            folder.name in names,
            f"--images {directory}: class folder {folder.name!r} is not in --class-names"
            f" {file}; add it there or remove the folder",
        )
    return names


def _pixels(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    """Return the centre of one image, uint8 (size, size, channel)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about damaged EXIF data, which a few of ImageNet's have
            # A small file can unpack to gigabytes; Pillow only warns where we want to stop.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Whatever the suffix says: one of ImageNet's .JPEG files is a PNG.
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                if image.mode not in _MODES:
                    raise ValueError(f"its mode {image.mode} has more than 8 bits a channel")
                centre = _centre(image.convert("RGB" if channels == 3 else "L"), size)
    # Decoders raise errors of many types on damaged files; all of them mean the same to the user.
    except Exception as error:
        raise StudyError(
            f"{path} cannot be read as an image ({one_line(error)}); repair, convert or remove it"
        ) from error
    return np.asarray(centre, np.uint8).reshape(size, size, channels)


def _centre(image: Image.Image, size: int) -> Image.Image:
    """Return the central square of an image after resizing its shorter side."""
    shorter = round(size / CROPPED)
    scale = shorter / min(image.size)
    width, height = (max(shorter, round(length * scale)) for length in image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - size) // 2, (height - size) // 2
    return resized.crop((left, top, left + size, top + size))
