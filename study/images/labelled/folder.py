"""Labelled photographs for a network that is already trained: which files, which labels, and their pixels when asked for.

Two layouts. Class folders: `DIR/<class>/*.jpg`, one folder a class. Flat, as ImageNet's validation images come:
`DIR/ILSVRC2012_val_00000001.JPEG` and so on, with files of the official development kit (see `study.images.labelled.imagenet`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from study.images.files.decoding import decoded
from study.images.files.halves import half
from study.images.files.listing import (
    SUFFIXES_IN_WORDS,
    Noted,
    entries,
    noted_files,
    noted_folder,
    noted_lines,
    similar_names,
)
from study.images.image_set import short_fingerprint
from study.images.labelled.class_names import names_of_outputs
from study.images.labelled.imagenet import GROUND_TRUTH, KIT, META, validation_labels
from study.vocabulary.errors import StudyError, refuse_unless, shown
from study.vocabulary.reading import user_path

CROPPED = 224 / 256  # of the shorter side, the part that is kept, as VGG and most since are evaluated
_MOST_PIXELS = 100_000_000  # of an image after resizing
BESIDE = "images in folders beside ImageNet's validation images"


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
    remarks
        A line each on what was left out and, once `checked`, on images that are changed as they are read.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    layout: str
    remarks: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) over every file's name and its folder's, its size in bytes and its label.

        Pixels are not read for it: of ImageNet's validation images that would be 6 GB.
        """
        made = hashlib.sha256(repr((self.layout, self.class_names)).encode())
        for path, label in zip(self.paths, self.labels, strict=True):
            try:
                size = path.stat().st_size
            except OSError as error:
                raise StudyError(f"{shown(path)} went away ({error.strerror}); put it back and start again") from error
            made.update(repr((path.parent.name, path.name, size, int(label))).encode())
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
        In one of the two layouts; `study.images.files.listing` says what counts as an image. What does not is in the
        remarks.
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
    root, origin = user_path(directory), f"--images {shown(directory)}"
    allowed = "give a directory that holds <class>/*.jpg or .png, or ImageNet's validation images"
    refuse_unless(root.is_dir(), f"{origin}: {'is not a directory' if root.exists() else 'does not exist'}; {allowed}")
    here = entries(root)
    if here.images:
        return _flat(root, here.images, n_classes, class_names)
    classes = half(root, root)
    folders = [folder for folder in classes.classes if folder.images]
    refuse_unless(bool(folders), f"{origin}: there is no image in it ({SUFFIXES_IN_WORDS}); {allowed}")
    known = names_of_outputs([folder.name for folder in folders], n_classes, file=class_names, origin=origin)
    labels = [known.index(folder.name) for folder in folders for _ in folder.images]
    return LabelledFolder(
        tuple(path for folder in folders for path in folder.images),
        np.array(labels, np.int64),
        known,
        "class folders",
        (*similar_names([folder.name for folder in folders]), *noted_lines(classes.left_out)),
    )


def _flat(root: Path, images: tuple[Path, ...], n_classes: int, class_names: str | None) -> LabelledFolder:
    """Return images that lie in no class folders, as ImageNet's validation images do."""
    here = entries(root)
    folders = [folder for folder in here.folders if folder.name != KIT]
    if beside := next((folder for folder in folders if entries(folder).images), None):
        raise StudyError(
            f"--images {shown(root)}: holds images ({shown(images[0].name)}) beside class folders ({shown(beside.name)});"
            " move one of the two elsewhere"
        )
    refuse_unless(
        class_names is None,
        f"--class-names {shown(class_names)}: is for class folders, {shown(root)} has none; leave it out",
    )
    labels, names = validation_labels(root, list(images), n_classes)
    left_out = [
        *(one for folder in folders for one in noted_folder(BESIDE, folder, root)),
        *noted_files((path for path in here.others if path.name not in (GROUND_TRUTH, META)), root),
    ]
    return LabelledFolder(images, labels, names, "flat", noted_lines(left_out))


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


def checked(images: LabelledFolder, *, channels: int, more: Callable[[int], None]) -> LabelledFolder:
    """Return the images once every one has been decoded to its last pixel, with what reading changes in the remarks.

    So that a damaged one is found before anything else takes time: nothing less finds a file that is cut short.

    Parameters
    ----------
    images
        Those that will be shown.
    channels
        Of the network.
    more
        Called with how many more are done.

    Raises
    ------
    StudyError
        Naming the first file that cannot be read.
    """
    changed = []
    for path in images.paths:
        one = decoded(path, mode=_mode(channels))
        changed += [Noted(change, f"{path.parent.name}/{path.name}") for change in one.changes]
        more(1)
    said = noted_lines(changed, said="changed as it is read")
    return dataclasses.replace(images, remarks=(*images.remarks, *said))


def image_batches(
    images: LabelledFolder, *, size: int, channels: int, at_once: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield pixels, uint8 (image, size, size, channel), and labels, int64 (image,), at most `at_once` at a time.

    The shorter side of each image is resized to 256/224 of `size` (bilinear with antialiasing) and the centre is cut out,
    as VGG is evaluated. Three channels are red, green, blue, one is grey; `study.images.files.decoding` says what else is
    done to an image.

    Raises
    ------
    StudyError
        When a file cannot be read as an image; the message names it.
    """
    for start in range(0, len(images.paths), at_once):
        chunk = slice(start, start + at_once)
        pixels = [_pixels(path, size, channels) for path in images.paths[chunk]]
        yield np.stack(pixels), images.labels[chunk]


def _pixels(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    """Return the centre of one image, uint8 (size, size, channel)."""
    centre = _centre(decoded(path, mode=_mode(channels)).image, size)
    return np.asarray(centre, np.uint8).reshape(size, size, channels)


def _mode(channels: int) -> Literal["RGB", "L"]:
    return "RGB" if channels == 3 else "L"


def _centre(image: Image.Image, size: int) -> Image.Image:
    """Return the central square of an image after resizing its shorter side."""
    shorter = round(size / CROPPED)
    scale = shorter / min(image.size)
    width, height = (max(shorter, round(length * scale)) for length in image.size)
    if width * height > _MOST_PIXELS:  # one pixel wide and thousands high: only what is kept is made
        half, kept = [length / 2 for length in image.size], size / scale / 2
        box = (half[0] - kept, half[1] - kept, half[0] + kept, half[1] + kept)
        return image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - size) // 2, (height - size) // 2
    return resized.crop((left, top, left + size, top + size))
