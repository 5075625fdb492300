"""Studies of the same images beside this one: whoever may choose among studies chooses among results."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from study.store import StudyFolder, read_looks, read_record
from study.vocabulary.errors import StudyError, shown


def sibling_sentences(folder: StudyFolder, *, fingerprint: str, keys: Collection[str]) -> list[str]:
    """Return one sentence for every other study of the same images that lies beside this one, whatever it is called.

    Parameters
    ----------
    folder
        This study's.
    fingerprint
        Of its images.
    keys
        Of its networks: one that another study has, too, is the same network and no independent one.

    Returns
    -------
    list of str
        By name. A folder whose record is missing or cannot be read is told of where it holds any of the same networks.
    """
    places = sorted(place for place in folder.path.absolute().parent.iterdir() if place.is_dir())
    others = [StudyFolder(place) for place in places if place.name != folder.path.name]
    sentences = (_sentence(other, fingerprint, frozenset(keys)) for other in others)
    return [sentence for sentence in sentences if sentence]


def _sentence(folder: StudyFolder, fingerprint: str, keys: frozenset[str]) -> str:
    """Return what is to be said of another folder, '' where it is no study of these images."""
    networks = {path.stem for path in folder.networks.glob("*.zarr")}
    same = len(networks & keys)
    record = _record(folder)
    images = record.get("images")
    counted = f"{len(networks)} networks, {same} of them the same as here"
    if not isinstance(images, dict):
        return f"{shown(folder.path.name)}: no readable record, {counted}." if same else ""
    if images.get("fingerprint") != fingerprint:
        return ""
    seed, registration = _of(record, "config", "study", "seed"), _of(record, "registration", "digest")
    looks = _n_looks(folder)
    return (
        f"{shown(folder.path.name)}: seed {shown(seed)}, registration {shown(registration)[:12]}, {counted}, {looks}."
    )


def _n_looks(folder: StudyFolder) -> str:
    """Return how many looks a study's journal tells of, or that nobody can read it."""
    try:
        looks = len(read_looks(folder))
    except StudyError:
        return "a journal that cannot be read"
    return f"{looks} {'look' if looks == 1 else 'looks'}"


def _record(folder: StudyFolder) -> dict[str, Any]:
    try:
        return read_record(folder) or {}
    except StudyError:
        return {}


def _of(record: Any, *path: str) -> Any:
    """Return what stands in a record under some keys, 'unknown' where nothing does."""
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return "unknown" if record is None else record
