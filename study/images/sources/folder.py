"""A user's own images: `train/<class>/*.png`, `.jpg` or `.jpeg`, and `test/<class>/` if there is one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from study.vocabulary.errors import StudyError, one_line
from study.vocabulary.image_source import ImageSource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from study.config import ImagesConfig
    from study.images.image_set import ImageSet

SIZE = 32
LAYOUT = "train/<class>/*.png or .jpg, and test/<class>/ if there is a test half"
SUFFIXES = (".png", ".jpg", ".jpeg")

# Pillow clips deeper greys (I;16) to white without a word.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")


def folder(settings: ImagesConfig) -> ImageSet:
    """Return the images below the directory that `settings` name, in the order of their names.

    Any size is resized to 32 x 32 px (bilinear with antialiasing, the aspect ratio not kept) and any colour mode
    converted to RGB; transparency is dropped. Hidden files and other suffixes are ignored.

    Raises
    ------
    StudyError
        When the directory or `train/` is missing, there is only one class, a class is empty, `test/` holds a class that
        `train/` lacks, or an image cannot be read.
    """
    import numpy as np

    from study.images.image_set import ImageSet, fingerprint, short_fingerprint

    root = _root(settings.data_dir)
    classes = _class_folders(root / "train")
    if len(classes) < 2:
        raise StudyError(
            f"{root / 'train'} holds {len(classes)} class folder(s) ({', '.join(classes) or 'none'}), a study needs at"
            " least 2; put each class's images into a folder of its own"
        )
    class_names = tuple(classes)
    entries = [(path, name, False) for name, path in _image_paths(classes)]
    if (root / "test").is_dir():
        test_classes = _class_folders(root / "test")
        if unknown := sorted(set(test_classes) - set(classes)):
            raise StudyError(
                f"{root / 'test'} holds class {unknown[0]!r}, which {root / 'train'} does not (it has"
                f" {', '.join(classes)}); add it there or remove it"
            )
        entries += [(path, name, True) for name, path in _image_paths(test_classes)]
    images = np.stack([_pixels(path) for path, _, _ in entries])
    labels = np.array([class_names.index(name) for _, name, _ in entries], np.int64)
    is_test = np.array([test for _, _, test in entries], np.bool_)
    digest = fingerprint(images, labels, is_test, class_names)
    description = (
        f"folder: {len(images):,} images of {len(class_names)} classes, resized to {SIZE} x {SIZE} px RGB,"
        f" {'with' if is_test.any() else 'without'} a test half of their own (fingerprint {short_fingerprint(digest)})"
    )
    return ImageSet(images, labels, is_test, class_names, digest, "folder", description, None)


def _root(data_dir: str) -> Path:
    root = Path(data_dir).expanduser()
    if not root.is_dir():
        problem = "is not a directory" if root.exists() else "does not exist"
        raise StudyError(f"--data-dir {data_dir}: {problem}; give a directory that holds {LAYOUT}")
    if not (root / "train").is_dir():
        state = "holds no train/" if any(root.iterdir()) else "is empty"
        raise StudyError(f"--data-dir {data_dir}: the directory {state}; give a directory that holds {LAYOUT}")
    return root


def _class_folders(half: Path) -> dict[str, Path]:
    # Sorted, since the order in which a file system lists names differs between machines.
    paths = sorted(half.iterdir(), key=lambda path: path.name)
    return {path.name: path for path in paths if path.is_dir() and not path.name.startswith(".")}


def _image_paths(classes: dict[str, Path]) -> list[tuple[str, Path]]:
    entries = []
    for name, directory in classes.items():
        paths = sorted(directory.iterdir(), key=lambda path: path.name)
        images = [path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
        if not images:
            raise StudyError(
                f"{directory}: class {name!r} holds no image ({', '.join(SUFFIXES)}); add images or remove the folder"
            )
        entries += [(name, path) for path in images]
    return entries


def _pixels(path: Path) -> NDArray[np.uint8]:
    """Return one image, uint8 (32, 32, 3)."""
    import numpy as np
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # A small file can unpack to gigabytes; Pillow only warns where we want to stop.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Only the decoders we name: Pillow has dozens, for formats that nobody expects here.
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                if image.mode not in _MODES:
                    raise ValueError(f"its mode {image.mode} has more than 8 bits a channel")
                resized = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    # Decoders raise errors of many types on damaged files; all of them mean the same to the user.
    except Exception as error:
        raise StudyError(
            f"{path} cannot be read as an image ({one_line(error)}); repair, convert or remove it"
        ) from error
    return np.asarray(resized, np.uint8)


SOURCE = ImageSource(
    name="folder",
    help="images of your own",
    data_dir=LAYOUT,
    needs_data_dir=True,
    photographs=True,
    read=folder,
)
