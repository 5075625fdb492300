"""Manifests: what a folder holds, each file with its size and sha256, so that nothing else is taken for what was written."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, Final

from study.vocabulary.errors import StudyError, shown
from study.vocabulary.provenance import usable_cores
from study.vocabulary.reading import parse_json, read_bytes

MANIFEST: Final = "manifest.json"
MANIFEST_FORMAT: Final = 1

Files = Mapping[str, Mapping[str, Any]]  # by path below the folder: "size" in bytes, "sha256"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def listed(content: bytes) -> dict[str, Any]:
    """Return what a manifest says of a file of this content."""
    return {"size": len(content), "sha256": sha256(content)}


def manifest_text(manifest: Mapping[str, Any]) -> bytes:
    """Return the very bytes that are written for a manifest."""
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def read_manifest(path: Path, *, texts: Collection[str]) -> dict[str, Any]:
    """Return a manifest.

    Parameters
    ----------
    path
        Of the file.
    texts
        What it holds beside `format` and `files`.

    Raises
    ------
    StudyError
        On anything but the very text that `manifest_text` gives; the message names the file and says no remedy.
    """
    content = read_bytes(path)
    manifest = parse_json(content, what=str(path))
    if not _is_manifest(manifest, texts) or manifest_text(manifest) != content:
        raise StudyError(f"{path}: not a manifest as it was written")
    if manifest["format"] != MANIFEST_FORMAT:
        raise StudyError(f"{path}: format {shown(manifest['format'])}, this program reads {MANIFEST_FORMAT}")
    return dict(manifest)


def _is_manifest(manifest: Any, texts: Collection[str]) -> bool:
    if not isinstance(manifest, dict) or set(manifest) != {"format", "files", *texts}:
        return False
    files = manifest["files"]
    return isinstance(files, dict) and all(
        isinstance(file, dict)
        and set(file) == {"size", "sha256"}
        and type(file["size"]) is int
        and isinstance(file["sha256"], str)
        for file in files.values()
    )


def names_below(root: Path) -> set[str]:
    """Return the paths, relative to a folder, of all in it that is no folder; links to folders are not followed.

    Raises
    ------
    StudyError
        When it is no folder, or one in it cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise StudyError(f"{error.filename}: {os.strerror(error.errno or 0)}") from error

    names: set[str] = set()
    for place, folders, files in os.walk(root, onerror=refuse):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        below = place[len(os.fspath(root)) + 1 :].replace(os.sep, "/")
        names.update(f"{below}/{name}" if below else name for name in (*files, *links))
    return names


def content_of(root: Path, name: str, files: Files) -> bytes:
    """Return the content of a file of a folder after it has been compared with the manifest.

    Parameters
    ----------
    root, name
        The folder, and the path below it.
    files
        The manifest's.

    Raises
    ------
    StudyError
        When it is missing, not in the manifest, no regular file, or not what was written; one line without a remedy.
    """
    path = root / name
    if name not in files:
        raise StudyError(f"{root / shown(name)}: not in the manifest")
    if not os.path.lexists(path):
        raise StudyError(f"{path}: missing")
    size, present = files[name]["size"], _size_of(path)
    if present not in (None, size):
        raise StudyError(f"{path}: {present} bytes, must be {size}")
    content = read_bytes(path, most_bytes=size)
    if sha256(content) != files[name]["sha256"]:
        raise StudyError(f"{path}: its sha256 is not the manifest's")
    return content


def _size_of(path: Path) -> int | None:
    """Return the size in bytes of a regular file, None for anything else, which whoever reads it will refuse."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size if stat.S_ISREG(state.st_mode) else None


def differences(root: Path, files: Files, *, names: Collection[str]) -> Iterator[str]:
    """Yield one line for every file of a folder that is not what the manifest says, by name.

    Parameters
    ----------
    root
        The folder.
    files
        The manifest's.
    names
        Of the files that are there. Every byte of them is read, on all cores.
    """

    def difference(name: str) -> str:
        try:
            content_of(root, name, files)
        except StudyError as error:
            return str(error)
        return ""

    with ThreadPool(usable_cores()) as pool:
        yield from filter(None, pool.imap(difference, sorted({*files, *names}), chunksize=8))
