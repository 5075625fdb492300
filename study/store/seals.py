"""What seals `study.zarr`: manifests by which every change to it is found before anything is read from it.

They lie in the store, so that a copy carries them and one rename puts store and manifest into place together. Zarr and
xarray do not look at them: what a store holds they take from its consolidated metadata.

`manifest.json` is written last when networks are compacted, and lists every file but the results and itself. Of the
root's `zarr.json`, whose consolidated metadata lists the results as well, it has the form without them.
`results.manifest.json` lists the files of the results and, as `source`, the digest of the manifest of what they were
computed from. The results count when the root lists them, which is the last that is written of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from study.store.folder import StudyFolder
from study.store.manifests import (
    MANIFEST,
    MANIFEST_FORMAT,
    differences,
    listed,
    manifest_text,
    names_below,
    read_manifest,
    sha256,
)
from study.vocabulary.errors import StudyError
from study.vocabulary.reading import parse_json, read_bytes

ROOT: Final = "zarr.json"
RESULTS: Final = "results"
RESULTS_MANIFEST: Final = "results.manifest.json"
SOURCE: Final = "source"  # in the manifest of results: the digest of the manifest of what they were computed from
MOST_ROOT_BYTES: Final = 100_000_000


def compacted_damage(folder: StudyFolder) -> list[str]:
    """Return one line for everything in a study's `study.zarr` that is not as it was written, results included.

    Every byte of it is read.

    Returns
    -------
    list of str
        Each line names a file and says how it differs: missing, changed, not in the manifest. Empty for a whole store, and
        where nothing lies in its place.
    """
    if not os.path.lexists(folder.compacted):
        return []
    return [*data_damage(folder.compacted), *results_damage(folder.compacted)]


def source_digest(store: Path) -> str:
    """Return the digest of a compacted store's manifest, and so of its every byte but the results, without reading those.

    Raises
    ------
    StudyError
        When the manifest cannot be read.
    """
    return sha256(read_bytes(store / MANIFEST))


def results_source(store: Path) -> str:
    """Return the digest of what the results of a store were computed from, as `source_digest` gives it.

    Raises
    ------
    StudyError
        When their manifest cannot be read.
    """
    return str(read_manifest(store / RESULTS_MANIFEST, texts=(SOURCE,))[SOURCE])


def seal_data(store: Path) -> None:
    """Write the manifest of a store that has no results yet."""
    root = store / ROOT
    root.write_bytes(_text(json.loads(root.read_bytes())))
    files = {name: listed(content) for name, content in _contents(store)}
    (store / MANIFEST).write_bytes(manifest_text({"format": MANIFEST_FORMAT, "files": files}))


def results_manifest(results: Path, *, source: str) -> bytes:
    """Return the manifest of results that lie in a folder of their own; `source` is what they were computed from."""
    files = {f"{RESULTS}/{name}": listed(content) for name, content in _contents(results)}
    return manifest_text({"format": MANIFEST_FORMAT, "files": files, SOURCE: source})


def _contents(place: Path) -> Iterator[tuple[str, bytes]]:
    return ((name, (place / name).read_bytes()) for name in sorted(names_below(place)))


def data_damage(store: Path) -> list[str]:
    """Return one line for every file of a store, but the results, that is not as it was written."""
    try:
        files = dict(read_manifest(store / MANIFEST, texts=())["files"])
        names = {name for name in names_below(store) if not _is_of_results(name)} - {MANIFEST, ROOT}
        expected = files.pop(ROOT, None)
    except StudyError as error:
        return [str(error)]
    return [*_root_damage(store, expected), *differences(store, files, names=names)]


def _root_damage(store: Path, expected: Mapping[str, Any] | None) -> list[str]:
    try:
        root = _text(_without_results(read_root(store)))
    except StudyError as error:
        return [str(error)]
    return [] if listed(root) == expected else [f"{store / ROOT}: not what was written"]


def results_damage(store: Path) -> list[str]:
    """Return one line for every file of a store's results that is not as it was written; none where the root lists none."""
    try:
        root = read_root(store)
        if not lists_results(root):
            return []
        manifest = read_manifest(store / RESULTS_MANIFEST, texts=(SOURCE,))
        if manifest[SOURCE] != source_digest(store):
            return [f"{store / RESULTS}: computed from other data than lie there"]
        names = {name for name in names_below(store) if _is_of_results(name)} - {RESULTS_MANIFEST}
        damage = list(differences(store, manifest["files"], names=names))
        if not damage and _text(_with_results(root, store)) != read_bytes(store / ROOT, most_bytes=MOST_ROOT_BYTES):
            damage = [f"{store / ROOT}: does not list the results that were written"]
    except StudyError as error:
        return [str(error)]
    return damage


def _is_of_results(name: str) -> bool:
    return name == RESULTS_MANIFEST or name.split("/")[0] == RESULTS


def read_root(store: Path) -> dict[str, Any]:
    """Return a store's root metadata.

    Raises
    ------
    StudyError
        When it is not consolidated metadata.
    """
    path = store / ROOT
    root = parse_json(read_bytes(path, most_bytes=MOST_ROOT_BYTES), what=str(path))
    consolidated = root.get("consolidated_metadata") if isinstance(root, dict) else None
    if not isinstance(consolidated, dict) or not isinstance(consolidated.get("metadata"), dict):
        raise StudyError(f"{path}: not what was written")
    return dict(root)


def lists_results(root: Mapping[str, Any]) -> bool:
    """Return whether root metadata list results: only then a reader sees any."""
    return any(_is_of_results(name) for name in root["consolidated_metadata"]["metadata"])


def unfinished_results(store: Path) -> bool:
    """Return whether a process was killed while it wrote the results of a store: they lie there, and are not listed."""
    lie_there = any(os.path.lexists(store / name) for name in (RESULTS, RESULTS_MANIFEST))
    return lie_there and not lists_results(read_root(store))


def without_results(store: Path) -> bytes:
    """Return the root metadata of a store as they are without results."""
    return _text(_without_results(read_root(store)))


def listing_results(store: Path) -> bytes:
    """Return the root metadata of a store as they are with the results that lie in it."""
    return _text(_with_results(read_root(store), store))


def _without_results(root: Mapping[str, Any]) -> dict[str, Any]:
    consolidated = root["consolidated_metadata"]
    kept = {name: entry for name, entry in consolidated["metadata"].items() if not _is_of_results(name)}
    return {**root, "consolidated_metadata": {**consolidated, "metadata": kept}}


def _with_results(root: Mapping[str, Any], store: Path) -> dict[str, Any]:
    """Return root metadata that list the results which lie in a store, as Zarr consolidates them."""
    bare = _without_results(root)
    consolidated = bare["consolidated_metadata"]
    places = sorted(name.removesuffix(f"/{ROOT}") for name in names_below(store) if _is_metadata_of_results(name))
    entries = {place: _metadata(store / place / ROOT) for place in places}
    if RESULTS in entries:
        entries[RESULTS]["consolidated_metadata"] = {**consolidated, "metadata": {}}
    return {**bare, "consolidated_metadata": {**consolidated, "metadata": consolidated["metadata"] | entries}}


def _is_metadata_of_results(name: str) -> bool:
    return name.startswith(f"{RESULTS}/") and name.endswith(f"/{ROOT}")


def _metadata(path: Path) -> dict[str, Any]:
    metadata = parse_json(read_bytes(path), what=str(path))
    if not isinstance(metadata, dict):
        raise StudyError(f"{path}: not what was written")
    return dict(metadata)


def _text(root: Mapping[str, Any]) -> bytes:
    return json.dumps(root, indent=2).encode()
