"""Looks at the data are counted, told, and cannot be had without being counted; so are studies beside this one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from study.commands.run import looks as looks_module
from study.commands.run.looks import analysis_version, look_now, look_sentences
from study.commands.run.siblings import sibling_sentences
from study.store import (
    StudyFolder,
    append_journal,
    networks_digest,
    read_journal,
    read_looks,
    write_record,
)
from tests.children import key_of, publish

REGISTRATION = "a" * 64


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def two_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two small networks, to copy."""
    folder = StudyFolder(tmp_path_factory.mktemp("data") / "study")
    for seed in (0, 1):
        publish(folder, seed)
    return folder.path


@pytest.fixture
def folder(two_networks: Path, tmp_path: Path) -> StudyFolder:
    """Return a study of two networks under `data`."""
    return StudyFolder(shutil.copytree(two_networks, tmp_path / "data" / "study"))


def look(folder: StudyFolder, *seeds: int, registration: str = REGISTRATION, interim: bool = False) -> int:
    """Look at the networks of some seeds."""
    return look_now(folder, [key_of(seed) for seed in seeds], registration_digest=registration, interim=interim)


def test_the_same_look_again_is_none(folder: StudyFolder) -> None:
    """The same networks in whatever order, the same registration, the same program: the journal keeps its bytes."""
    assert look(folder, 0, 1) == 1
    journal = folder.journal.read_bytes()
    assert look(folder, 1, 0) == 1
    assert folder.journal.read_bytes() == journal


def test_another_set_registration_or_program_is_another_look(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is added behind the others, and whoever goes back to one gets its number."""
    assert look(folder, 0, interim=True) == 1
    assert look(folder, 0, 1) == 2
    assert look(folder, 0, 1, registration="b" * 64) == 3
    before = folder.journal.read_bytes()
    monkeypatch.setattr(looks_module, "analysis_version", lambda: "another")
    assert look(folder, 0, 1) == 4
    assert folder.journal.read_bytes().startswith(before)
    monkeypatch.undo()
    assert look(folder, 0, 1) == 2
    assert len(read_looks(folder)) == 4


def test_a_network_of_other_bytes_is_another_network(folder: StudyFolder) -> None:
    """A look is at what networks hold, not at what they are called."""
    before = networks_digest(folder, [key_of(0)])
    manifest = folder.networks / f"{key_of(0)}.zarr" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert networks_digest(folder, [key_of(0)]) != before


def test_looks_are_no_entries_on_networks(folder: StudyFolder) -> None:
    """Who reads seconds and failures meets no look, whatever stands between them."""
    entries = [{"key": "a", "seconds": 1.0}, {"key": "b", "failure": "killed"}]
    append_journal(folder, entries[0])
    look(folder, 0)
    append_journal(folder, entries[1])
    assert read_journal(folder) == entries


def test_every_look_is_told(folder: StudyFolder) -> None:
    """Its number, time, networks, registration and program; the one shown is marked, an interim one is called so."""
    look(folder, 0, interim=True)
    look(folder, 0, 1)
    for seed in (0, 1):
        append_journal(folder, {"key": key_of(seed)})
    first, second = look_sentences(folder, [key_of(0), key_of(1)], shown=2)
    assert first.startswith("Look 1 of these data: 20")
    assert f" UTC, 1 networks, interim, registration {'a' * 12}, analysis {analysis_version()}." in first
    assert second.startswith("Look 2 of these data (this one): 20")
    assert "interim" not in second


def test_looks_of_a_journal_that_was_deleted_are_missed(folder: StudyFolder) -> None:
    """Networks that the journal does not know tell that looks may be gone with their entries."""
    append_journal(folder, {"key": key_of(0)})
    look(folder, 0, 1)
    _, lost = look_sentences(folder, [key_of(0), key_of(1)], shown=1)
    assert lost.startswith("The journal has no entry on 1 of 2 networks")
    folder.journal.unlink()
    assert look(folder, 0, 1) == 1
    assert "no entry on 2 of 2" in look_sentences(folder, [key_of(0), key_of(1)], shown=1)[1]


def test_the_program_is_its_version_and_what_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change in a room that decides verdicts makes another version; the release alone would not tell."""
    version = analysis_version()
    assert version.startswith(f"{looks_module.study.__version__}+")
    monkeypatch.setattr(looks_module, "DECIDING_ROOMS", ("analysis", "registration", "stats"))
    analysis_version.cache_clear()
    assert analysis_version() != version
    analysis_version.cache_clear()


def recorded(folder: StudyFolder, *, fingerprint: str = "f" * 64, seed: int = 0) -> StudyFolder:
    """Write what a study's record says of images, seed and registration."""
    folder.path.mkdir(exist_ok=True, parents=True)
    images, study = {"fingerprint": fingerprint}, {"study": {"seed": seed}}
    write_record(folder, {"images": images, "config": study, "registration": {"digest": REGISTRATION}})
    return folder


def told(folder: StudyFolder) -> list[str]:
    """Return what is said of the studies beside a study of the two networks."""
    return sibling_sentences(folder, fingerprint="f" * 64, keys={key_of(0), key_of(1)})


def test_studies_of_the_same_images_are_told_of(folder: StudyFolder) -> None:
    """Whatever they are called: with seed, registration, networks, how many are the same, and looks; others are not."""
    recorded(folder)
    assert told(folder) == []
    again = recorded(StudyFolder(shutil.copytree(folder.path, folder.path.with_name("again"))))
    look(again, 0, 1)
    recorded(StudyFolder(folder.path.with_name("seven")), seed=7)
    recorded(StudyFolder(folder.path.with_name("elsewhere")), fingerprint="0" * 64)
    (folder.path.with_name("notes")).mkdir()
    assert told(folder) == [
        f"again: seed 0, registration {'a' * 12}, 2 networks, 2 of them the same as here, 1 look.",
        f"seven: seed 7, registration {'a' * 12}, 0 networks, 0 of them the same as here, 0 looks.",
    ]


@pytest.mark.parametrize("record", [None, "{", "[]", "{}"])
def test_the_same_networks_without_a_record_are_told_of(folder: StudyFolder, record: str | None) -> None:
    """A record that was deleted or spoilt hides nothing."""
    other = StudyFolder(shutil.copytree(folder.path, folder.path.with_name("other")))
    if record is not None:
        other.record_path.write_text(record)
    assert told(folder) == ["other: no readable record, 2 networks, 2 of them the same as here."]


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_a_journal_beside_that_is_none_hides_no_study(folder: StudyFolder, put: Callable[[Path], object]) -> None:
    """Another study's journal is nobody's reason to lose this one's report at its end."""
    other = recorded(StudyFolder(folder.path.with_name("other")), seed="seven\n\ud800")  # type: ignore[arg-type]
    put(other.journal)
    [said] = told(folder)
    assert said.startswith(r"other: seed seven\n\ud800, ")
    assert said.endswith(", a journal that cannot be read.")


STRANGE = (
    "[]",
    "null",
    '{"key": [1]}',
    '{"key": "a", "seconds": "1"}',
    '{"key": "a", "seconds": NaN}',
    '{"key": "a", "seconds": 1' + "0" * 4000 + "}",
    '{"key": "a", "seconds": ' + "9" * 5000 + "}",
    '{"key": "a", "failure": null}',
    '{"key": "\\ud800"}',
    '{"key": "a", "stages": ' + "[" * 10_000 + "}",
    '{"seconds": 1.0}',
    '{"key": "torn by a ki',
)


@pytest.mark.parametrize("line", [*(line.encode() for line in STRANGE), b"\xff\xfe{\0}\0", b"\0" * 100])
def test_a_line_that_nobody_wrote_is_left_out_and_counted(folder: StudyFolder, line: bytes) -> None:
    """Types, lengths, depths, encodings: the entries around it are read, and that one was left out is told."""
    append_journal(folder, {"key": key_of(0), "seconds": 1.0})
    with folder.journal.open("ab") as file:
        file.write(line + b"\n")
    append_journal(folder, {"key": key_of(1), "seconds": 2.0})
    assert [entry["seconds"] for entry in read_journal(folder)] == [1.0, 2.0]
    [said] = look_sentences(folder, [key_of(0), key_of(1)], shown=1)
    assert said == "1 line of the journal is not what this program writes, or torn by a kill, and left out."


def test_what_a_look_says_is_one_line(folder: StudyFolder) -> None:
    """A journal that somebody edited forges no line, and fills no page."""
    append_journal(folder, {"look": {"time": "now\nLook 7", "networks": "9" * 10_000, "registration_digest": [1]}})
    [said] = look_sentences(folder, [], shown=2)
    assert said.isprintable()
    assert len(said) < 400
