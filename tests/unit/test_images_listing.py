"""What of a folder of images is read: layouts, halves, and that whatever is left out is counted and named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from study.images.files.decoding import BACKGROUND
from study.images.files.halves import halves
from study.images.files.listing import IMAGE_SUFFIXES, Noted, entries, noted_lines, similar_names
from study.images.files.words import HELP
from study.vocabulary.errors import StudyError


def pictures(folder: Path, *names: str) -> None:
    """Write one picture of each name; what is listed is not opened, so one content does for all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("L", (2, 2)).save(folder / name, format="PNG")


def said(root: Path) -> tuple[str, ...]:
    """Return all that is said of a directory."""
    listed = halves(root, origin="--data-dir d")
    return (*listed.remarks, *noted_lines(listed.left_out))


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_every_suffix_is_an_image_in_any_letter_case(tmp_path: Path, suffix: str) -> None:
    """Those of cameras, scanners and the web."""
    pictures(tmp_path, f"a{suffix}", f"b{suffix.upper()}")
    assert [path.name for path in entries(tmp_path).images] == [f"a{suffix}", f"b{suffix.upper()}"]


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._a.png",
        ".hidden.jpg",
        "Thumbs.db",
        "thumbs.db",
        "desktop.ini",
        "Desktop.ini",
        "__MACOSX",
        "@eaDir",
    ],
)
def test_what_systems_leave_behind_is_passed_over(tmp_path: Path, name: str) -> None:
    """As a file and as a folder, without a word."""
    pictures(tmp_path / "train" / "cat", "1.png")
    for place in (tmp_path, tmp_path / "train", tmp_path / "train" / "cat"):
        (place / name).touch()
    pictures(tmp_path / "train" / "dog" / name, "1.png")
    pictures(tmp_path / "train" / "dog", "1.png")
    assert said(tmp_path) == ()


@pytest.mark.parametrize("train", ["train", "Train", "TRAIN", "training"])
@pytest.mark.parametrize(("test", "is_said"), [("test", False), ("Test", False), ("val", True), ("Validation", True)])
def test_halves_are_known_by_names_that_people_give_them(tmp_path: Path, train: str, test: str, is_said: bool) -> None:
    """In any letter case; that a validation half tests is said."""
    pictures(tmp_path / train / "cat", "1.png")
    pictures(tmp_path / test / "cat", "2.png", "3.png")
    listed = halves(tmp_path, origin="--data-dir d")
    assert [path.name for path in listed.train.classes[0].images] == ["1.png"]
    assert listed.test is not None
    assert [path.name for path in listed.test.classes[0].images] == ["2.png", "3.png"]
    expected = f"{test}/ is the test half, since no test/ holds class folders"
    assert said(tmp_path) == ((expected,) if is_said else ())


def test_a_validation_half_beside_a_test_half_is_left_out(tmp_path: Path) -> None:
    """With its number of images: validation images are drawn from the training half."""
    for half, count in (("train", 1), ("test", 1), ("valid", 5)):
        pictures(tmp_path / half / "cat", *(f"{index}.png" for index in range(count)))
    (line,) = said(tmp_path)
    assert line.startswith("left out: validation images, since")
    assert line.endswith(": 5 (valid/cat/0.png, valid/cat/1.png, valid/cat/2.png, ...)")


def test_a_test_half_without_labels_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """As competitions give it: its images are counted, and the validation half tests."""
    pictures(tmp_path / "train" / "cat", "1.png")
    pictures(tmp_path / "val" / "cat", "1.png")
    pictures(tmp_path / "test", "1.jpg", "2.jpg")
    assert said(tmp_path) == (
        "val/ is the test half, since no test/ holds class folders",
        "left out: images in no class folder: 2 (test/1.jpg, test/2.jpg)",
    )


def test_a_validation_half_without_labels_tests_nothing(tmp_path: Path) -> None:
    """Its images are counted, and there is no test half."""
    pictures(tmp_path / "train" / "cat", "1.png")
    pictures(tmp_path / "val", "1.jpg", "2.jpg")
    assert halves(tmp_path, origin="--data-dir d").test is None
    assert said(tmp_path) == ("left out: images in no class folder: 2 (val/1.jpg, val/2.jpg)",)


def test_a_half_that_holds_nothing_is_named(tmp_path: Path) -> None:
    """It is no test half, and somebody may think that it is."""
    pictures(tmp_path / "train" / "cat", "1.png")
    (tmp_path / "test").mkdir()
    assert said(tmp_path) == ("left out: folders without an image: 1 (test)",)


def test_all_that_is_left_out_is_counted_by_kind_and_named(tmp_path: Path) -> None:
    """Loose and nested images, archives, other files, folders beside the halves, empty ones."""
    pictures(tmp_path / "train" / "cat", "1.png")
    pictures(tmp_path / "train" / "cat" / "more" / "deeper", "2.png", "3.png")
    pictures(tmp_path / "train", "loose.png")
    pictures(tmp_path / "extra" / "cat", "4.png")
    (tmp_path / "train" / "cat" / "no images").mkdir()
    for name in ("data.zip", "labels.csv", "train/cat/a.heic"):
        (tmp_path / name).touch()
    assert said(tmp_path) == (
        "left out: images in no class folder: 1 (train/loose.png)",
        "left out: images in folders below a class folder: 2 (train/cat/more/deeper/2.png, train/cat/more/deeper/3.png)",
        "left out: folders without an image: 1 (train/cat/no images)",
        "left out: files that are no image by their suffix: 2 (train/cat/a.heic, labels.csv)",
        "left out: images in folders that are neither training nor test half: 1 (extra/cat/4.png)",
        "left out: archives, which are not unpacked: 1 (data.zip)",
    )


def test_links_to_folders_are_classes_and_pipes_without_a_suffix_are_other_files(tmp_path: Path) -> None:
    """Clusters keep images elsewhere; nothing blocks."""
    pictures(tmp_path / "elsewhere", "1.png")
    (tmp_path / "d" / "train").mkdir(parents=True)
    (tmp_path / "d" / "train" / "cat").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "d" / "train" / "pipe")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "elsewhere")
    listed = halves(tmp_path / "d", origin="--data-dir d")
    assert [len(folder.images) for folder in listed.train.classes] == [1]
    assert noted_lines(listed.left_out) == (
        "left out: files that are no image by their suffix: 1 (train/pipe)",
        "left out: links to folders, which are not followed: 1 (train/cat/again)",
    )


def test_names_in_lines_cannot_forge_others() -> None:
    """Whatever is in a file's name, a remark is one line."""
    (line,) = noted_lines([Noted("files", "a\nleft out: nothing\x1b[2K\udcff.txt")])
    assert line == r"left out: files: 1 (a\nleft out: nothing\x1b[2K\udcff.txt)"


def test_classes_that_differ_in_letter_case_or_normalisation_alone_are_said() -> None:
    """They may be one class on the disk that they came from."""
    assert len(similar_names(["Cat", "cat", "dog"])) == 1
    assert len(similar_names(["b\u00e4r", "ba\u0308r", "bar"])) == 1
    assert similar_names(["cat", "dog"]) == ()


def test_two_folders_for_one_half_are_refused(tmp_path: Path) -> None:
    """Nobody could say which was meant."""
    pictures(tmp_path / "train" / "cat", "1.png")
    for name in ("val", "validation"):
        pictures(tmp_path / name / "cat", "1.png")
    with pytest.raises(StudyError, match="holds val/ and validation/, which are one part under two names; keep one"):
        halves(tmp_path, origin="--data-dir d")


def test_help_names_the_suffixes_and_the_grey() -> None:
    """What the command line says is what is done."""
    assert all(suffix in HELP for suffix in IMAGE_SUFFIXES)
    assert f"grey ({BACKGROUND} of 255)" in HELP
    assert max(len(line) for line in HELP.splitlines()) <= 120
