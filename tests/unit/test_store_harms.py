"""Harm to a published network: whatever is changed in any file of it is found, named, and never read as data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from study.store import DamagedNetworkError, StudyFolder, damage, network_state, read_network
from tests.children import key_of, publish

KEY = key_of(0)


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to copy: publishing takes longer than most tests."""
    folder = StudyFolder(tmp_path_factory.mktemp("published"))
    publish(folder, 0)
    return folder.path


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> StudyFolder:
    """Return a study folder with one small network in it."""
    return StudyFolder(shutil.copytree(published, tmp_path / "study"))


def _truncate(file: Path) -> str:
    file.write_bytes(file.read_bytes()[:-1])
    return "bytes, must be"


def _empty(file: Path) -> str:
    file.write_bytes(b"")
    return "bytes, must be"


def _lengthen(file: Path) -> str:
    file.write_bytes(file.read_bytes() + b"\0")
    return "bytes, must be"


def _flip_a_bit(at: Callable[[int, np.random.Generator], int]) -> Callable[[Path], str]:
    def flip(file: Path) -> str:
        content = bytearray(file.read_bytes())
        rng = np.random.default_rng(len(content))
        content[at(len(content), rng)] ^= 1 << int(rng.integers(8))
        file.write_bytes(content)
        return "sha256"

    return flip


def _zero_a_block(file: Path) -> str:
    content = file.read_bytes()
    half = len(content) // 2
    file.write_bytes(content[:half] + b"\0" * (len(content) - half))
    return "sha256"


def _remove(file: Path) -> str:
    file.unlink()
    return "missing"


def _add(file: Path) -> str:
    file.with_name("1").write_bytes(b"more")
    return "not in the manifest"


def _swap(file: Path) -> str:
    """Put another file's whole content in a file's place, as a disk that mixes up its blocks would."""
    network = next(parent for parent in file.parents if parent.suffix == ".zarr")
    others = sorted(network.rglob("zarr.json"))
    content = file.read_bytes()
    file.write_bytes(next(other.read_bytes() for other in others if other.read_bytes() != content))
    return ""


HARMS = {
    "truncated": _truncate,
    "emptied": _empty,
    "lengthened": _lengthen,
    "first byte": _flip_a_bit(lambda size, rng: 0),
    "last byte": _flip_a_bit(lambda size, rng: size - 1),
    "a byte": _flip_a_bit(lambda size, rng: int(rng.integers(size))),
    "another byte": _flip_a_bit(lambda size, rng: size - 1 - int(rng.integers(size))),
    "zeros": _zero_a_block,
    "removed": _remove,
    "added": _add,
    "swapped": _swap,
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_every_harm_to_any_file_is_found_and_named(folder: StudyFolder, harm: Callable[[Path], str]) -> None:
    """Every file of a network, one after the other: named by `damage`, never read as data by `read_network`."""
    path = folder.networks / f"{KEY}.zarr"
    whole = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    for number, name in enumerate(whole):
        harmed = path / name if harm is not _add else (path / name).with_name("1")
        complaint = harm(path / name)
        message = damage(folder, KEY)
        assert message
        assert complaint in message or name == "manifest.json"
        assert str(harmed) in message or name == "manifest.json"
        assert "\n" not in message
        if number % 9 == 0:
            with pytest.raises(DamagedNetworkError, match=KEY):
                read_network(folder, KEY)
        harmed.unlink(missing_ok=True)
        (path / name).write_bytes(whole[name])
    assert network_state(folder, KEY) == "done"


def test_every_bit_of_the_manifest_matters(folder: StudyFolder) -> None:
    """Not one flipped bit of the manifest passes: text that means the same is refused too."""
    manifest = folder.networks / f"{KEY}.zarr" / "manifest.json"
    whole = manifest.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.choice(len(whole), 60, replace=False):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << int(rng.integers(8))
        manifest.write_bytes(flipped)
        assert damage(folder, KEY)
    manifest.write_bytes(whole)
    assert network_state(folder, KEY) == "done"


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"files": 3}', b"\xff\xfe", b'{"files": {"a": 1}}'])
def test_a_manifest_that_is_none_is_damage(folder: StudyFolder, content: bytes) -> None:
    """Whatever stands in the manifest's place is answered with one line."""
    (folder.networks / f"{KEY}.zarr" / "manifest.json").write_bytes(content)
    said = damage(folder, KEY)
    assert "not a manifest" in said or "manifest.json: is not valid JSON" in said
    assert "\n" not in said


def test_a_network_under_another_key_is_damage(folder: StudyFolder) -> None:
    """A folder that was renamed by hand is not taken for the network of that name."""
    os.rename(folder.networks / f"{KEY}.zarr", folder.networks / "other.zarr")
    assert "belongs to network" in damage(folder, "other")
    assert network_state(folder, KEY) == "to do"
