"""A user's own images: a training half of class folders, and a test or validation half if there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from study.images.files.halves import LAYOUT, Half, Halves, halves
from study.images.files.listing import SUFFIXES_IN_WORDS, Noted, noted_lines, plain_name, similar_names
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.image_source import ImageSource
from study.vocabulary.reading import user_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from study.config import ImagesConfig
    from study.images.image_set import ImageSet

SIZE = 32


def folder(settings: ImagesConfig) -> ImageSet:
    """Return the images below the directory that `settings` name, in the order of their names.

    Any size is resized to 32 x 32 px (bilinear with antialiasing, the aspect ratio not kept); `study.images.files` says
    which files are read and what is done to them. What is left out or changed is in the remarks.

    Raises
    ------
    StudyError
        When the directory or its training half is missing, there is only one class, a class is empty, the test half holds
        a class that the training half lacks, or an image cannot be read.
    """
    import numpy as np

    from study.images.image_set import ImageSet, fingerprint, short_fingerprint

    root = _root(settings.data_dir)
    found = halves(root, origin=f"--data-dir {shown(settings.data_dir)}")
    class_names = _class_names(found)
    label_of = {name: label for label, name in enumerate(class_names)}
    entries = [
        (path, label_of[folder.name], half is found.test)
        for half in (found.train, found.test)
        for folder in (half.classes if half else ())
        for path in folder.images
    ]
    images, changed = _pixels([path for path, _, _ in entries], root)
    labels = np.array([label for _, label, _ in entries], np.int64)
    is_test = np.array([test for _, _, test in entries], np.bool_)
    digest = fingerprint(images, labels, is_test, class_names)
    description = (
        f"folder: {len(images):,} images of {len(class_names)} classes, resized to {SIZE} x {SIZE} px RGB,"
        f" {'with' if is_test.any() else 'without'} a test half of their own (fingerprint {short_fingerprint(digest)})"
    )
    remarks = (
        *found.remarks,
        *similar_names(class_names),
        *noted_lines(found.left_out),
        *noted_lines(changed, said="changed as it was read"),
    )
    return ImageSet(images, labels, is_test, class_names, digest, "folder", description, None, remarks)


def _root(data_dir: str) -> Path:
    root = user_path(data_dir)
    if not root.is_dir():
        problem = "is not a directory" if root.exists() else "does not exist"
        raise StudyError(f"--data-dir {shown(data_dir)}: {problem}; give a directory that holds {LAYOUT}")
    return root


def _class_names(found: Halves) -> tuple[str, ...]:
    """Return the names of the classes, after refusing halves that no study can be made of."""
    names = tuple(folder.name for folder in found.train.classes)
    if len(names) < 2:
        listed = ", ".join(shown(name) for name in names) or "none"
        raise StudyError(
            f"{shown(found.train.path)} holds {len(names)} class folder(s) ({listed}), a study needs at least 2; put each"
            " class's images into a folder of its own"
        )
    for half in (found.train, found.test):
        _check_classes(half, names, found.train)
    return names


def _check_classes(half: Half | None, names: tuple[str, ...], train: Half) -> None:
    for folder in half.classes if half else ():
        if folder.name not in names:
            near = next((name for name in names if plain_name(name) == plain_name(folder.name)), None)
            listed = ", ".join(shown(name) for name in names[:10]) + (", ..." if len(names) > 10 else "")
            raise StudyError(
                f"{shown(folder.path.parent)} holds class {shown(repr(folder.name))}, which {shown(train.path)} does not (it"
                f" has {listed}); " + (f"rename it to {shown(repr(near))}" if near else "add it there or remove it")
            )
        if not folder.images:
            raise StudyError(
                f"{shown(folder.path)}: class {shown(repr(folder.name))} holds no image ({SUFFIXES_IN_WORDS}); add images or"
                " remove the folder"
            )


def _pixels(paths: Sequence[Path], root: Path) -> tuple[NDArray[np.uint8], list[Noted]]:
    """Return the images, uint8 (n, 32, 32, 3), and what was changed as they were read."""
    import numpy as np
    from PIL import Image

    from study.images.files.decoding import decoded

    images, changed = np.empty((len(paths), SIZE, SIZE, 3), np.uint8), []
    for place, path in enumerate(paths):
        one = decoded(path)
        images[place] = np.asarray(one.image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
        changed += [Noted(change, path.relative_to(root).as_posix()) for change in one.changes]
    return images, changed


SOURCE = ImageSource(
    name="folder",
    help="images of your own",
    data_dir=LAYOUT,
    needs_data_dir=True,
    photographs=True,
    read=folder,
)
