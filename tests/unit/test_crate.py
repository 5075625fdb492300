"""A published study as a folder for a repository of data: its files, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from study import __version__
from study.commands.stored.crate import check_crate, write_crate
from study.config import resolve
from study.store import StudyFolder
from study.vocabulary.errors import StudyError

rocrate = pytest.importorskip("rocrate.rocrate", reason="make .venv/installed-test installs it")

NAME, DIGEST, COMMIT = "whole", "d" * 64, "c" * 40
RECORD = {"images": {"description": "a few shapes"}, "git": {"commit": COMMIT, "dirty": False}}
CONTENT = {"study.zarr.zip": b"measured", "report.html": b"concluded", "preregistration.md": b"registered"}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a study below the working directory that has its file and its report, deposited at an address."""
    monkeypatch.chdir(tmp_path)
    folder = StudyFolder(Path("data") / NAME)
    folder.path.mkdir(parents=True)
    folder.published.write_bytes(CONTENT["study.zarr.zip"])
    deposit = {"digest": DIGEST, "text_digest": DIGEST, "url": "https://osf.io/abcde", "registered": "2026-11-26"}
    (folder.path / "registration.json").write_text(json.dumps(deposit), encoding="utf-8")
    Path("reports").mkdir()
    (Path("reports") / f"{NAME}.html").write_bytes(CONTENT["report.html"])
    config = resolve("quick", assignments=[f"study.name={NAME}", "training.epochs=3"])
    return SimpleNamespace(config=config, registration=SimpleNamespace(digest=DIGEST), networks=(1, 2), folder=folder)


def test_a_crate_says_what_its_files_are(published: SimpleNamespace) -> None:
    """Read back by the library of the format: files as they were, licence, program, registration and how to repeat it."""
    place = Path("deposit")
    write_crate(place, published, RECORD, CONTENT["preregistration.md"])
    crate = rocrate.ROCrate(place)
    assert {entity.id for entity in crate.data_entities} == set(CONTENT)
    for name, content in CONTENT.items():
        assert (place / name).read_bytes() == content
        assert crate.get(name)["license"] == crate.license
    registered, program = crate.get("preregistration.md"), crate.get("#program")
    assert (registered["identifier"], registered["sameAs"]) == (DIGEST, "https://osf.io/abcde")
    assert (program["version"], program["identifier"]) == (__version__, f"commit {COMMIT}")
    (action,) = (entity for entity in crate.contextual_entities if entity.type == "CreateAction")
    assert [entity.id for entity in action["result"]] == ["study.zarr.zip", "report.html"]
    assert (action["instrument"], action["object"]) == (program, registered)
    assert "--set training.epochs=3" in action["name"]
    assert "2 networks. Images: a few shapes" in crate.description


def test_a_folder_in_use_and_a_missing_report_are_refused(published: SimpleNamespace) -> None:
    """Before anything is published."""
    place = Path("deposit")
    check_crate(place, NAME)
    place.mkdir()
    check_crate(place, NAME)
    (place / "mine.txt").touch()
    with pytest.raises(StudyError, match="something is there; name another folder"):
        check_crate(place, NAME)
    (Path("reports") / f"{NAME}.html").unlink()
    with pytest.raises(StudyError, match="run `python -m study report whole`"):
        check_crate(Path("other"), NAME)
