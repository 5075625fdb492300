"""What lies in folders of images: which files are images by their suffix, and what is left out, by kind and name.

The suffix decides what counts as an image, the content how it is read (`study.images.files.decoding`). Hidden files and
what systems leave behind (`SYSTEM_NAMES`) are passed over without a word; everything else that is not read is counted.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from study.vocabulary.errors import StudyError, shown
from study.vocabulary.text import checked_name

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff"),
    ".gif",  # the first frame
)
SUFFIXES_IN_WORDS = f"{', '.join(IMAGE_SUFFIXES[:-1])} or {IMAGE_SUFFIXES[-1]}"
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
SYSTEM_NAMES = frozenset(
    ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information")
)
NAMED = 3  # of the files that are left out, so many are named

LOOSE = "images in no class folder"
NESTED = "images in folders below a class folder"
EMPTY = "folders without an image"
LINKS = "links to folders, which are not followed"
OTHER = "files that are no image by their suffix"
ARCHIVES = "archives, which are not unpacked"


@dataclass(frozen=True)
class Noted:
    """One file or folder of which something is said: the kind of thing that it is, and where it lies."""

    kind: str
    path: str


@dataclass(frozen=True)
class Entries:
    """What lies directly in a directory, each part sorted by name."""

    images: tuple[Path, ...]
    folders: tuple[Path, ...]
    others: tuple[Path, ...]


@dataclass(frozen=True)
class ClassFolder:
    """One class: its name, its images in the order of their names, and what lies with them and is left out."""

    name: str
    path: Path
    images: tuple[Path, ...]
    left_out: tuple[Noted, ...]


def entries(directory: Path) -> Entries:
    """Return what lies directly in a directory, but for hidden files and `SYSTEM_NAMES`.

    Sorted by name, since the order in which a file system lists names differs between machines. Links are followed.

    Raises
    ------
    StudyError
        When the directory cannot be listed, or what has an image's suffix is a link to nothing, a pipe or a device.
    """
    images, folders, others = [], [], []
    try:
        paths = sorted(directory.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise StudyError(f"{shown(directory)} cannot be listed ({error.strerror}); make it readable") from error
    for path in paths:
        if is_passed_over(path.name):
            continue
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            folders.append(path)
        elif path.suffix.lower() not in IMAGE_SUFFIXES:
            others.append(path)
        elif stat.S_ISREG(mode):
            images.append(path)
        else:
            what = "is no regular file" if mode else "is a link to nothing, or cannot be looked at"
            raise StudyError(f"{shown(path)} {what}; put an image in its place, or remove it")
    return Entries(tuple(images), tuple(folders), tuple(others))


def is_passed_over(name: str) -> bool:
    """Return whether a name is one that systems leave behind: hidden (`.DS_Store`, `._x.png`), or in `SYSTEM_NAMES`."""
    return name.startswith(".") or name.casefold().strip() in SYSTEM_NAMES


def class_folder(path: Path, root: Path) -> ClassFolder:
    """Return one class folder; images in folders below it are left out.

    Parameters
    ----------
    path
        The folder, whose name is the class.
    root
        The directory that the user named, from which paths in remarks start.

    Raises
    ------
    StudyError
        When its name can be no label, or its images lie in folders below it alone.
    """
    name = checked_name(path.name, what=f"class folder in {shown(path.parent)}", remedy="rename the folder")
    here = entries(path)
    below = [image for folder in here.folders if not folder.is_symlink() for image in images_below(folder)]
    if below and not here.images:
        raise StudyError(
            f"{shown(path)}: its images lie in folders below it ({shown(below[0].relative_to(path))}), and those are not"
            " read; move them up into the class folder, or give the directory whose folders are the classes"
        )
    nested = [one for folder in here.folders for one in noted_folder(NESTED, folder, root)]
    return ClassFolder(name, path, here.images, (*nested, *noted_files(here.others, root)))


def noted_files(paths: Iterable[Path], root: Path) -> list[Noted]:
    """Return files that are no images as what is left out: archives, and others."""
    return [
        Noted(ARCHIVES if path.suffix.lower() in ARCHIVE_SUFFIXES else OTHER, _relative(path, root)) for path in paths
    ]


def noted_images(kind: str, paths: Iterable[Path], root: Path) -> list[Noted]:
    """Return paths as things of one kind."""
    return [Noted(kind, _relative(path, root)) for path in paths]


def noted_folder(kind: str, folder: Path, root: Path) -> list[Noted]:
    """Return the images in a folder and below it as things of one kind, or the folder as one without any, or a link."""
    if folder.is_symlink():
        return noted_images(LINKS, [folder], root)
    return noted_images(kind, images_below(folder), root) or noted_images(EMPTY, [folder], root)


def images_below(directory: Path) -> list[Path]:
    """Return every image in a directory and below it, sorted; links to folders are not followed."""
    images = []
    for place, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not is_passed_over(name))
        shown_files = sorted(name for name in files if not is_passed_over(name))
        images += [Path(place, name) for name in shown_files if Path(name).suffix.lower() in IMAGE_SUFFIXES]
    return images


def noted_lines(noted: Sequence[Noted], *, said: str = "left out") -> tuple[str, ...]:
    """Return a line for each kind of thing: how many there are, and the first names.

    Parameters
    ----------
    noted
        In any order; kinds come in the order of their first.
    said
        What became of them, the beginning of each line.
    """
    by_kind: dict[str, list[str]] = {}
    for one in noted:
        by_kind.setdefault(one.kind, []).append(one.path)
    return tuple(
        f"{said}: {kind}: {len(paths):,} ({', '.join(shown(path) for path in paths[:NAMED])}"
        f"{', ...' if len(paths) > NAMED else ''})"
        for kind, paths in by_kind.items()
    )


def similar_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each pair of classes whose names differ in letter case or Unicode normalisation alone."""
    first: dict[str, str] = {}
    lines = []
    for name in names:
        other = first.setdefault(plain_name(name), name)
        if other != name:
            lines.append(
                f"classes {shown(repr(other))} and {shown(repr(name))} differ in letter case or Unicode normalisation"
                " alone; they are taken as two classes"
            )
    return tuple(lines)


def plain_name(name: str) -> str:
    """Return a name without letter case and in one Unicode normalisation, to compare names by."""
    return unicodedata.normalize("NFC", name).casefold()


def _mode(path: Path) -> int:
    """Return the mode of what a path leads to, 0 where it leads nowhere."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
