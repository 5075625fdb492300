"""The layouts of labelled images that people have: a training half, and a test half or a validation half beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from study.images.files.listing import (
    ARCHIVE_SUFFIXES,
    EMPTY,
    LOOSE,
    ClassFolder,
    Entries,
    Noted,
    class_folder,
    entries,
    noted_files,
    noted_folder,
    noted_images,
)
from study.vocabulary.errors import StudyError, shown

LAYOUT = (
    "train/<class>/*.png, .jpg, .webp, .bmp, .tif or .gif, and test/<class>/ if there is a test half (or val/<class>/, which"
    " then tests)"
)
# In any letter case.
NAMES = {"train": ("train", "training"), "test": ("test", "testing"), "val": ("val", "valid", "validation")}
VALIDATION = "validation images, since validation images are drawn from the training half and a test half is there"
BESIDE = "images in folders that are neither training nor test half"


@dataclass(frozen=True)
class Half:
    """One half: its directory, its classes sorted by name, and what in it is left out."""

    path: Path
    classes: tuple[ClassFolder, ...]
    left_out: tuple[Noted, ...]


@dataclass(frozen=True)
class Halves:
    """The images of a study: the training half, the test half if there is one, and what of the rest is said."""

    train: Half
    test: Half | None
    left_out: tuple[Noted, ...]
    remarks: tuple[str, ...]


def halves(root: Path, *, origin: str) -> Halves:
    """Return the halves below a directory, by the names of its folders.

    A validation half tests where there is no test half that holds class folders; beside one it is left out, since
    validation images are drawn from the training half.

    Parameters
    ----------
    root
        A directory.
    origin
        What names it, for messages: `--data-dir DIR`.

    Raises
    ------
    StudyError
        When there is no training half, two folders have one part, or one of them cannot be read.
    """
    here = entries(root)
    places = {part: _place(part, here, origin) for part in NAMES}
    if places["train"] is None:
        raise StudyError(f"{origin}: {_no_training_half(here)}")
    read = {part: half(path, root) for part, path in places.items() if path is not None and part != "val"}
    train, tested, val = read["train"], read.get("test"), places["val"]
    left_out = [one for part in read.values() for one in part.left_out]
    remarks = []
    if tested is not None and not tested.classes:
        tested = None
    if val is not None and tested is not None:
        left_out += noted_folder(VALIDATION, val, root)
    elif val is not None:
        instead = half(val, root)
        left_out += instead.left_out
        if instead.classes:
            tested = instead
            remarks.append(f"{shown(val.name)}/ is the test half, since no test/ holds class folders")
    beside = [folder for folder in here.folders if folder not in places.values()]
    left_out += [one for folder in beside for one in noted_folder(BESIDE, folder, root)]
    left_out += [*noted_images(LOOSE, here.images, root), *noted_files(here.others, root)]
    return Halves(train, tested, tuple(left_out), tuple(remarks))


def half(directory: Path, root: Path) -> Half:
    """Return the class folders of a directory; images beside them, and folders without any, are left out.

    Raises
    ------
    StudyError
        When a folder cannot be read or its name can be no label.
    """
    here = entries(directory)
    folders = [class_folder(path, root) for path in here.folders]
    left_out = [
        *noted_images(EMPTY, [] if here.folders or here.images or directory == root else [directory], root),
        *noted_images(LOOSE, here.images, root),
        *noted_files(here.others, root),
        *noted_images(EMPTY, [folder.path for folder in folders if not folder.images], root),
        *(one for folder in folders for one in folder.left_out),
    ]
    return Half(directory, tuple(folders), tuple(left_out))


def _place(part: str, here: Entries, origin: str) -> Path | None:
    """Return the folder of one part, None where there is none.

    Raises
    ------
    StudyError
        When two folders could be it.
    """
    fitting = [path for path in here.folders if path.name.casefold() in NAMES[part]]
    if len(fitting) > 1:
        names = " and ".join(f"{shown(path.name)}/" for path in fitting[:2])
        raise StudyError(f"{origin}: holds {names}, which are one part under two names; keep one of them")
    return fitting[0] if fitting else None


def _no_training_half(here: Entries) -> str:
    """Return what a directory without a training half holds instead, and what to do."""
    remedy = f"give a directory that holds {LAYOUT}"
    if not (here.folders or here.images or here.others):
        return f"the directory is empty; {remedy}"
    for folder in here.folders:
        if any(path.name.casefold() in NAMES["train"] for path in entries(folder).folders):
            return f"the directory holds no train/, but {shown(folder.name)}/ in it does; give that one"
    if archives := [path for path in here.others if path.suffix.lower() in ARCHIVE_SUFFIXES]:
        return f"the directory holds no train/, {_in_words(here)}; unpack {shown(archives[0].name)}, or {remedy}"
    if any(entries(folder).images for folder in here.folders):
        return (
            f"the directory holds no train/, {_in_words(here)}; if these are the classes, move them into train/ in it"
        )
    return f"the directory holds no train/, {_in_words(here)}; {remedy}"


def _in_words(here: Entries) -> str:
    kinds: Sequence[tuple[str, tuple[Path, ...]]] = (
        ("folders", here.folders),
        ("images", here.images),
        ("other files", here.others),
    )
    return "but " + ", ".join(
        f"{len(paths):,} {kind} ({', '.join(shown(path.name) for path in paths[:3])}{', ...' if len(paths) > 3 else ''})"
        for kind, paths in kinds
        if paths
    )
