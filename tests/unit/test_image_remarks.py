"""What was left out of images or changed as they were read reaches record and report; other images are told apart."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from rich.console import Console

from study.commands.external.measuring import _measured_before
from study.commands.external.page import _remarks
from study.commands.external.subject import Subject, with_checked_photographs
from study.commands.methods import _networks
from study.commands.run.record import check_record, record_content
from study.commands.run.report_content import _provenance, _summary
from study.config import ImagesConfig, measured_settings, resolve
from study.experiment.external_network import IMAGE_REMARKS
from study.images import load_images
from study.images.image_set import ImageSet
from study.images.labelled.folder import labelled_folder
from study.images.preparation.split import Split
from study.registration import read_registration
from study.store import StudyFolder, write_record
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import SCHEMA_VERSION

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"
REST_OF_RECORD: dict[str, Any] = {
    "config": {"study": {"seed": 0}},
    "config_digest": "c",
    "environment": {"python": "3", "cpu": "a", "cores": 1, "platform": "b", "packages": {}},
    "git": None,
}
LAID = "changed as it was read: transparency laid over grey (128 of 255): 1 (train/cat/0.png)"
OTHER = "left out: files that are no image by their suffix: 1 (train/notes.txt)"


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    """Return two classes of two images, one of them transparent, with a text beside them."""
    for name in ("cat", "dog"):
        (tmp_path / "d" / "train" / name).mkdir(parents=True)
        for index in range(2):
            mode = "RGBA" if (name, index) == ("cat", 0) else "RGB"
            Image.new(mode, (8, 8)).save(tmp_path / "d" / "train" / name / f"{index}.png")
    (tmp_path / "d" / "train" / "notes.txt").touch()
    return load_images(ImagesConfig(source="folder", data_dir=str(tmp_path / "d")))


def recorded(images: ImageSet) -> dict[str, Any]:
    """Return what a study's record says of its images."""
    some = np.arange(1)
    content = record_content(resolve("quick"), read_registration(PREREGISTRATION), images, Split(some, some, some))
    kept: dict[str, Any] = content["images"]
    return kept


def test_the_record_says_what_was_left_out_and_changed(images: ImageSet) -> None:
    """As the console does, line by line."""
    assert recorded(images)["remarks"] == [OTHER, LAID]


def test_the_report_says_what_was_left_out_and_changed(images: ImageSet) -> None:
    """In its first words that there is something, and in methods and provenance what."""
    study = xr.DataTree.from_dict(
        {"/tuning": xr.Dataset({"gosi": ("unit", [0.0])}), "/training": xr.Dataset({"x": ("network", [0])})}
    )
    of_record = recorded(images)
    (_, methods), *_ = _networks(resolve("quick"), study, of_record)
    assert f"{OTHER.capitalize()}." in methods
    assert "Changed as it was read: transparency" in methods
    assert "left out, or changed" in _summary(of_record)
    assert "left out" not in _summary(of_record | {"remarks": []})
    record = {"images": of_record, "registration": {"digest": ""}, **REST_OF_RECORD}
    assert _provenance(study, record, [])["images left out or changed"] == f"{OTHER}; {LAID}"


@pytest.mark.parametrize(("remarks", "is_said"), [({}, True), ({"remarks": []}, False)])
def test_a_study_made_before_0_8_is_told_why_its_images_differ(
    images: ImageSet, tmp_path: Path, remarks: dict[str, Any], is_said: bool
) -> None:
    """The same files are read in another way since; a later record has no such excuse."""
    config, folder = resolve("quick"), StudyFolder(tmp_path / "study")
    folder.path.mkdir()
    record = {
        **REST_OF_RECORD,
        "schema_version": SCHEMA_VERSION,
        "images": recorded(images) | {"fingerprint": "f" * 64},
        "measured_settings": measured_settings(config),
        "registration": read_registration(PREREGISTRATION).as_record(),
    }
    del record["images"]["remarks"]
    write_record(folder, record | {"images": record["images"] | remarks})
    with pytest.raises(StudyError, match="was made from other images") as line:
        check_record(folder, config, images)
    assert ("made before 0.8" in str(line.value)) is is_said
    assert ("transparency is laid over grey" in str(line.value)) is is_said


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    """Return photographs of one class, one of them transparent, for a network that is not looked at."""
    (tmp_path / "p" / "cat").mkdir(parents=True)
    for index, mode in enumerate(("RGB", "RGBA")):
        Image.new(mode, (8, 8)).save(tmp_path / "p" / "cat" / f"{index}.png")
    network: Any = SimpleNamespace(
        layout=SimpleNamespace(channels=3), weights="", remarks=("a remark", "mine.keras is a file")
    )
    settings: Any = None
    return Subject(
        network=network, layers=(), settings=settings, photographs=labelled_folder(str(tmp_path / "p"), n_classes=1)
    )


def test_what_is_changed_in_photographs_is_said_and_stands_on_the_page(subject: Subject) -> None:
    """The check says it on the console; the page names it with what is to know of the network."""
    said = io.StringIO()
    seen = with_checked_photographs(subject, Console(file=said, width=200))
    assert "photographs checked: 2 of 2" in said.getvalue()
    assert "transparency laid over grey (128 of 255): 1 (cat/1.png)" in said.getvalue()
    first, of_a_file, last = _remarks(seen)
    assert (first, of_a_file) == ("A remark.", "mine.keras is a file.")
    assert last == "Changed as it is read: transparency laid over grey (128 of 255): 1 (cat/1.png)."


def test_a_stored_measurement_keeps_what_was_said_of_its_photographs(subject: Subject, tmp_path: Path) -> None:
    """Nothing is decoded again to say it."""
    tree, folder = xr.DataTree(), StudyFolder(tmp_path)
    tree.attrs[IMAGE_REMARKS] = ["said then"]
    _, again = _measured_before(tree, folder, subject, Console(file=io.StringIO()))
    assert again.photographs is not None
    assert again.photographs.remarks == ("said then",)


def test_a_measurement_made_before_0_8_of_images_read_otherwise_now_is_refused(
    subject: Subject, tmp_path: Path
) -> None:
    """Names and sizes of the files are the same, what the network would see is not; of others nothing is said."""
    with pytest.raises(StudyError, match=r"was measured before 0\.8, .*1 \(cat/1\.png\); use another --name"):
        _measured_before(xr.DataTree(), StudyFolder(tmp_path), subject, Console(file=io.StringIO()))
    assert subject.photographs is not None
    opaque = dataclasses.replace(subject.photographs, paths=subject.photographs.paths[:1], labels=np.zeros(1, int))
    plain = dataclasses.replace(subject, photographs=opaque)
    assert _measured_before(xr.DataTree(), StudyFolder(tmp_path), plain, Console(file=io.StringIO()))[1] == plain
