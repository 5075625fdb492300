"""Photographs for a network that is already trained: layouts, labels, subsets, pixels, and what can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import io

from study.images.labelled.folder import LabelledFolder, balanced_subset, checked, image_batches, labelled_folder
from study.images.labelled.imagenet import GROUND_TRUTH, KIT, META
from study.vocabulary.errors import StudyError

# In the development kit's order, which is not that of the WordNet ids; the last has children, so no image is one.
SYNSETS = ((1, "n03", 0), (2, "n01", 0), (3, "n02", 0), (4, "n00", 2))


def write_image(path: Path, colour: int = 100, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> None:
    """Write one grey image, making its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, colour).convert(mode).save(path, format="PNG")


def write_kit(directory: Path, truth: list[int]) -> None:
    """Write the two files of the development kit."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / GROUND_TRUTH).write_text("".join(f"{number}\n" for number in truth))
    kinds = [("ILSVRC2012_ID", float), ("WNID", object), ("words", object), ("num_children", float)]
    synsets = np.array([(number, name, f"words {name}", below) for number, name, below in SYNSETS], dtype=kinds)
    io.savemat(directory / META, {"synsets": synsets[:, None]})


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Return a directory with three class folders of 4, 2 and 1 images."""
    for name, count in (("cat", 4), ("ant", 2), ("dog", 1)):
        for index in range(count):
            write_image(tmp_path / "images" / name / f"{index}.png", 40 * index)
    return tmp_path / "images"


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Return a directory with four of five validation images and, beside it, the development kit."""
    for number in (1, 2, 4, 5):
        write_image(tmp_path / "val" / f"ILSVRC2012_val_{number:08d}.JPEG")
    write_kit(tmp_path / KIT / "data", [1, 2, 3, 3, 1])
    return tmp_path / "val"


def test_class_folders_are_numbered_by_their_sorted_names(classes: Path) -> None:
    """Classes and files come in the order of their names; foreign files and empty folders are left out and said."""
    (classes / "cat" / "notes.txt").write_text("no image")
    (classes / "cat" / ".hidden.png").touch()
    (classes / "empty").mkdir()
    labelled = labelled_folder(str(classes), n_classes=3)
    assert labelled.class_names == ("ant", "cat", "dog")
    assert labelled.labels.tolist() == [0, 0, 1, 1, 1, 1, 2]
    assert labelled.labels.dtype == np.int64
    assert [path.name for path in labelled.paths] == ["0.png", "1.png", "0.png", "1.png", "2.png", "3.png", "0.png"]
    assert labelled.description.startswith("7 images of 3 of 3 classes, class folders (fingerprint ")
    assert labelled.remarks == (
        "left out: folders without an image: 1 (empty)",
        "left out: files that are no image by their suffix: 1 (cat/notes.txt)",
    )


def test_a_file_of_class_names_says_the_order_of_outputs(classes: Path, tmp_path: Path) -> None:
    """Labels follow its lines; it may name classes of which there is no image."""
    names = tmp_path / "names.txt"
    names.write_text("dog\nwolf\n\ncat\nant\n")
    labelled = labelled_folder(str(classes), n_classes=4, class_names=str(names))
    assert labelled.class_names == ("dog", "wolf", "cat", "ant")
    assert labelled.labels.tolist() == [3, 3, 2, 2, 2, 2, 0]


def test_flat_images_get_the_output_of_their_wordnet_id(flat: Path) -> None:
    """The official number 1 is n03, the last of the sorted ids and so output 2: not 0, and not 1."""
    labelled = labelled_folder(str(flat), n_classes=3)
    assert labelled.class_names == ("n01", "n02", "n03")
    assert [path.name[-6] for path in labelled.paths] == ["1", "2", "4", "5"]
    assert labelled.labels.tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize("place", [".", KIT, f"{KIT}/data", "..", f"../{KIT}"])
def test_the_development_kit_is_found_where_people_unpack_it(tmp_path: Path, place: str) -> None:
    """With the images, above them, and in the kit's own directory in either."""
    write_image(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    write_kit(tmp_path / "val" / place, [2])
    assert labelled_folder(str(tmp_path / "val"), n_classes=3).labels.tolist() == [0]


def test_without_meta_mat_the_numbers_mean_nothing(flat: Path) -> None:
    """One line says which file is missing and why the ground truth alone does not do."""
    (flat.parent / KIT / "data" / META).unlink()
    with pytest.raises(
        StudyError, match=r"ground_truth\.txt numbers classes as the development kit .* meta\.mat"
    ) as line:
        labelled_folder(str(flat), n_classes=3)
    assert "\n" not in str(line.value)
    (flat.parent / KIT / "data" / GROUND_TRUTH).unlink()
    with pytest.raises(
        StudyError, match=r"ILSVRC2012_validation_ground_truth\.txt is not with them.*devkit_t12\.tar\.gz"
    ):
        labelled_folder(str(flat), n_classes=3)


def test_flat_images_that_cannot_be_labelled_are_named(flat: Path) -> None:
    """Another number of outputs, a name without a line, a line without a class, files that are not the kit's."""
    with pytest.raises(StudyError, match=r"meta\.mat has 3 classes, the network has 1000 outputs"):
        labelled_folder(str(flat), n_classes=1000)
    write_image(flat / "ILSVRC2012_val_00000006.JPEG")
    with pytest.raises(StudyError, match=r"val_00000006\.JPEG: has no line in .* 5 lines"):
        labelled_folder(str(flat), n_classes=3)
    (flat / "ILSVRC2012_val_00000006.JPEG").rename(flat / "holiday.jpg")
    with pytest.raises(StudyError, match=r"holiday\.jpg: has no line"):
        labelled_folder(str(flat), n_classes=3)
    (flat.parent / KIT / "data" / GROUND_TRUTH).write_text("1\n4\n")
    with pytest.raises(StudyError, match=r"line 2: 4 is no class of meta\.mat beside it, which has 1 to 3"):
        labelled_folder(str(flat), n_classes=3)
    (flat.parent / KIT / "data" / GROUND_TRUTH).write_text("one\n")
    with pytest.raises(StudyError, match=r"ground_truth\.txt is not the development kit's"):
        labelled_folder(str(flat), n_classes=3)
    (flat.parent / KIT / "data" / META).write_bytes(b"nothing of the kind")
    with pytest.raises(StudyError, match=r"meta\.mat is not the development kit's"):
        labelled_folder(str(flat), n_classes=3)


def test_directories_that_cannot_be_used_are_named(classes: Path, tmp_path: Path) -> None:
    """Missing, empty, of both layouts, of another number of classes."""
    (tmp_path / "nothing").mkdir()
    for place, expected in (("absent", "does not exist"), ("nothing", "there is no image in it")):
        with pytest.raises(StudyError, match=expected):
            labelled_folder(str(tmp_path / place), n_classes=3)
    with pytest.raises(StudyError, match=r"holds 3 class folders, the network has 1,000 outputs; pass --class-names"):
        labelled_folder(str(classes), n_classes=1000)
    write_image(classes / "stray.png")
    with pytest.raises(StudyError, match=r"holds images \(stray\.png\) beside class folders \(ant\)"):
        labelled_folder(str(classes), n_classes=3)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ant\ncat\n", "lists 2 classes, must list 3"),
        (b"ant\ncat\ncat\n", "lists 'cat' 2 times; list each class once"),
        (b"ant\ncat\nemu\n", "class folder 'dog' is not in"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"ant\ncat\n\x07\n", "names.txt line 3 '\\\\x07': character 1 is a control character"),
        (b"ant\ncat\nDOG\n", "class folder 'dog' is not in .* \\(it lists 'DOG'\\)"),
    ],
)
def test_class_names_that_do_not_fit_are_named(classes: Path, tmp_path: Path, content: bytes, expected: str) -> None:
    """Too few, twice the same, one that is missing, no text."""
    (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(StudyError, match=expected):
        labelled_folder(str(classes), n_classes=3, class_names=str(tmp_path / "names.txt"))


def test_class_names_are_refused_for_flat_images(flat: Path) -> None:
    """The development kit names their classes."""
    with pytest.raises(StudyError, match="is for class folders"):
        labelled_folder(str(flat), n_classes=3, class_names="names.txt")


def many(*counts: int) -> LabelledFolder:
    """Return as many images of each class as given; there are no files."""
    labels = np.repeat(np.arange(len(counts)), counts)
    names = tuple(f"class {label}" for label in range(len(counts)))
    return LabelledFolder(tuple(Path(f"{index}.png") for index in range(len(labels))), labels, names, "class folders")


@pytest.mark.parametrize(
    ("n_images", "expected"), [(3, [1, 1, 1]), (12, [4, 4, 4]), (14, [5, 5, 4]), (17, [7, 5, 5]), (60, [50, 5, 5])]
)
def test_a_subset_holds_as_many_of_each_class(n_images: int, expected: list[int]) -> None:
    """Classes differ by one at most until the small ones are used up; files and labels stay together and in order."""
    images = many(50, 5, 5)
    chosen = balanced_subset(images, n_images, np.random.default_rng(0))
    counts = np.bincount(chosen.labels, minlength=3)
    assert sorted(counts.tolist(), reverse=True) == sorted(expected, reverse=True)
    indices = [int(path.stem) for path in chosen.paths]
    assert indices == sorted(set(indices))
    assert images.labels[indices].tolist() == chosen.labels.tolist()


def test_a_subset_follows_from_the_seed() -> None:
    """The same generator gives the same files, another one others, and a smaller subset is part of a larger."""
    draws = [
        balanced_subset(many(30, 30), n, np.random.default_rng(seed)).paths
        for n, seed in ((10, 0), (10, 0), (10, 1), (20, 0))
    ]
    assert draws[0] == draws[1] != draws[2]
    assert set(draws[0]) < set(draws[3])


@pytest.mark.parametrize("n_images", [0, -1, 8])
def test_a_subset_of_more_than_there_is_is_refused(n_images: int) -> None:
    """The message says how many there are."""
    with pytest.raises(StudyError, match=rf"--n-images {n_images}: must be 1 to 7"):
        balanced_subset(many(4, 3), n_images, np.random.default_rng(0))


def test_batches_cover_every_image_in_order(classes: Path) -> None:
    """Seven images, three at a time; nothing is opened before its batch is asked for."""
    images = labelled_folder(str(classes), n_classes=3)
    batches = image_batches(images, size=4, channels=3, at_once=3)
    pixels, labels = next(batches)
    assert (pixels.shape, pixels.dtype, labels.dtype) == ((3, 4, 4, 3), np.uint8, np.int64)
    (classes / "dog" / "0.png").write_bytes(b"broken meanwhile")
    following, _ = next(batches)
    assert np.concatenate([pixels, following])[:, 0, 0, 0].tolist() == [0, 40, 0, 40, 80, 120]
    with pytest.raises(StudyError, match=r"dog.0\.png cannot be read as an image"):
        next(batches)


@pytest.mark.parametrize("shape", [(512, 256), (256, 512), (1024, 512)])
def test_the_centre_is_kept_after_resizing_the_shorter_side(tmp_path: Path, shape: tuple[int, int]) -> None:
    """At 224 px the shorter side becomes 256, and 224 of them are kept; grey levels tell which."""
    width, height = shape
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    (tmp_path / "a").mkdir()
    Image.fromarray(np.stack([across, down, across], axis=-1).astype(np.uint8)).save(tmp_path / "a" / "ramp.png")
    images = labelled_folder(str(tmp_path), n_classes=1)
    pixels, _ = next(image_batches(images, size=224, channels=3, at_once=1))
    kept_across = 255 * 224 / 256 * min(shape) / width
    kept_down = 255 * 224 / 256 * min(shape) / height
    assert pixels.shape == (1, 224, 224, 3)
    for channel, axis, kept in ((0, 1, kept_across), (1, 0, kept_down)):
        profile = pixels[0, :, :, channel].astype(float).mean(axis=1 - axis)
        assert np.ptp(profile) == pytest.approx(kept * 223 / 224, abs=1.5)
        assert profile.mean() == pytest.approx(127, abs=1.5)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_mode_becomes_what_the_network_takes(tmp_path: Path, mode: str, channels: int) -> None:
    """Grey, transparent and palette images come out in the channels asked for."""
    write_image(tmp_path / "a" / "x.png", 255, (9, 5), mode)
    pixels, _ = next(image_batches(labelled_folder(str(tmp_path), n_classes=1), size=8, channels=channels, at_once=1))
    assert pixels.shape == (1, 8, 8, channels)
    assert (pixels == 255).all()


def test_huge_images_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow only warns of files that unpack to gigabytes."""
    write_image(tmp_path / "a" / "x.png", size=(40, 40))
    images = labelled_folder(str(tmp_path), n_classes=1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(StudyError, match=r"x\.png cannot be read as an image \(it has 40 x 40 pixels, more than 1,000"):
        next(image_batches(images, size=8, channels=3, at_once=1))


def test_an_image_of_one_column_is_shown_without_unpacking_to_gigabytes(tmp_path: Path) -> None:
    """Resized as a whole, one of 1 x 10,000 pixels would have 655 million; its centre alone is made."""
    column = np.repeat(np.uint8([0, 200, 0]), [4000, 2000, 4000])[:, None]
    (tmp_path / "a").mkdir()
    Image.fromarray(column).save(tmp_path / "a" / "x.png")
    pixels, _ = next(image_batches(labelled_folder(str(tmp_path), n_classes=1), size=224, channels=1, at_once=1))
    assert (pixels == 200).all()


def test_every_image_is_decoded_by_a_check(classes: Path) -> None:
    """One that is cut short is found before it is shown, and what reading changes is said with the files' names."""
    Image.new("RGBA", (8, 8)).save(classes / "dog" / "0.png")
    images = labelled_folder(str(classes), n_classes=3)
    done: list[int] = []
    seen = checked(images, channels=3, more=done.append)
    assert sum(done) == 7
    assert seen.remarks == ("changed as it is read: transparency laid over grey (128 of 255): 1 (dog/0.png)",)
    assert seen.fingerprint == images.fingerprint
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(classes / "cat" / "1.jpg")
    whole = (classes / "cat" / "1.jpg").read_bytes()
    (classes / "cat" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StudyError, match=r"cat/1\.jpg cannot be read as an image \(image file is truncated"):
        checked(labelled_folder(str(classes), n_classes=3), channels=3, more=done.append)


def test_flat_images_beside_which_something_is_left_out(flat: Path) -> None:
    """Other files are counted; the development kit's own are no surprise."""
    (flat / "README").touch()
    write_kit(flat / KIT, [1, 2, 3, 3, 1])
    assert labelled_folder(str(flat), n_classes=3).remarks == (
        "left out: files that are no image by their suffix: 1 (README)",
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_class_names_with_a_byte_order_mark_are_read(classes: Path, tmp_path: Path, encoding: str) -> None:
    """As editors on Windows save text; the mark is no part of the first name."""
    (tmp_path / "names.txt").write_text("ant\r\ncat\r\n\r\ndog\r\n", encoding=encoding)
    labelled = labelled_folder(str(classes), n_classes=3, class_names=str(tmp_path / "names.txt"))
    assert labelled.class_names == ("ant", "cat", "dog")


def test_fingerprint_follows_names_sizes_and_labels(classes: Path, tmp_path: Path) -> None:
    """A copy elsewhere is the same; another size of one file, another order of classes, or one file less is not."""
    before = labelled_folder(str(classes), n_classes=3)
    prints = {before.fingerprint}
    names = tmp_path / "names.txt"
    names.write_text("dog\ncat\nant\n")
    prints.add(labelled_folder(str(classes), n_classes=3, class_names=str(names)).fingerprint)
    prints.add(balanced_subset(before, 6, np.random.default_rng(0)).fingerprint)
    classes.rename(tmp_path / "moved")
    moved = labelled_folder(str(tmp_path / "moved"), n_classes=3)
    assert moved.fingerprint in prints
    (tmp_path / "moved" / "dog" / "0.png").write_bytes(b"longer" * 1000)
    prints.add(moved.fingerprint)
    assert len(prints) == 4


def test_a_file_that_goes_away_meanwhile_is_named(classes: Path) -> None:
    """As on a disk of the network."""
    images = labelled_folder(str(classes), n_classes=3)
    (classes / "cat" / "1.png").unlink()
    with pytest.raises(StudyError, match=r"cat/1\.png went away \(No such file or directory\)"):
        _ = images.fingerprint
