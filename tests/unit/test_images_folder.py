"""A user's own folder of images: what it becomes, and each thing that can be wrong with it."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from study.config import ImagesConfig
from study.images import load_images
from study.vocabulary.errors import StudyError


def write_image(path, colour, size=(32, 32), mode="RGB"):
    """Write one plain image, making its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)


def load(directory):
    """Load a folder data set."""
    return load_images(ImagesConfig(source="folder", data_dir=str(directory)))


@pytest.fixture
def data(tmp_path):
    """Two classes with two training images each, and one test image each."""
    for name, colour in (("cat", (200, 10, 10)), ("ant", (10, 10, 200))):
        write_image(tmp_path / "train" / name / "b.png", colour)
        write_image(tmp_path / "train" / name / "a.PNG", (0, 0, 0))
        write_image(tmp_path / "test" / name / "c.png", colour)
    return tmp_path


def test_layout_is_read_in_the_order_of_names(data):
    """Classes and files are sorted by name; the test half is marked; foreign files are said, hidden ones passed over."""
    (data / "train" / "cat" / "notes.txt").write_text("not an image")
    (data / "train" / ".cache").mkdir()
    images = load(data)
    assert images.class_names == ("ant", "cat")
    assert images.labels.tolist() == [0, 0, 1, 1, 0, 1]
    assert images.is_test.tolist() == [False] * 4 + [True] * 2
    assert images.images.shape == (6, 32, 32, 3)
    assert images.images.dtype == np.uint8
    assert images.images[:, 0, 0].tolist() == [
        [0, 0, 0],
        [10, 10, 200],
        [0, 0, 0],
        [200, 10, 10],
        [10, 10, 200],
        [200, 10, 10],
    ]
    assert images.official is None
    assert images.fingerprint[:12] in images.description
    assert "with a test half" in images.description
    assert images.remarks == ("left out: files that are no image by their suffix: 1 (train/cat/notes.txt)",)


def test_fingerprint_follows_content_not_place(data, tmp_path_factory):
    """A copy elsewhere is the same data; one changed pixel is not."""
    before = load(data).fingerprint
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "data"
    data.rename(elsewhere)
    assert load(elsewhere).fingerprint == before
    write_image(elsewhere / "test" / "cat" / "c.png", (201, 10, 10))
    assert load(elsewhere).fingerprint != before


@pytest.mark.parametrize(
    ("suffix", "size", "mode"),
    [(".jpg", (64, 48), "RGB"), (".jpeg", (7, 5), "L"), (".png", (300, 20), "RGBA"), (".png", (33, 33), "LA")],
)
def test_any_size_and_mode_becomes_small_rgb(data, suffix, size, mode):
    """Whatever its size and colour mode, an image comes out 32 x 32 RGB of the same colour."""
    write_image(data / "train" / "cat" / f"z{suffix}", (120, 120, 120), size, mode)
    images = load(data)
    assert images.images.shape == (7, 32, 32, 3)
    assert np.abs(images.images[4].astype(int) - 120).max() <= 2


def test_a_missing_test_half_is_said(data):
    """Without test/ no image is marked as test and the description says so."""
    for path in (data / "test").rglob("*.png"):
        path.unlink()
    for path in (data / "test").iterdir():
        path.rmdir()
    (data / "test").rmdir()
    images = load(data)
    assert not images.is_test.any()
    assert "without a test half" in images.description


def write_fractions(path):
    """Write pixels that are floating-point numbers, which TIFF can hold."""
    Image.fromarray(np.full((32, 32), 0.5, np.float32)).save(path, format="TIFF")


def bomb(path):
    """Write a PNG of a few bytes whose header claims 20,000 x 20,000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def remove_class(data):
    """Leave one class."""
    for half in ("train", "test"):
        for path in (data / half / "cat").iterdir():
            path.unlink()
        (data / half / "cat").rmdir()


def truncate(data):
    """Cut a noise image in half."""
    path = data / "train" / "cat" / "b.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:1500])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove_class, r"train holds 1 class folder\(s\) \(ant\), a study needs at least 2"),
        (truncate, r"cat/b\.png cannot be read as an image \(.+\); repair, convert or remove it"),
        (lambda data: (data / "train/cat/b.png").write_text("text"), r"cat/b\.png cannot be read as an image"),
        (lambda data: write_fractions(data / "train/cat/b.png"), r"cat/b\.png cannot .*pixels are floating point"),
        (lambda data: bomb(data / "train/cat/b.png"), r"cat/b\.png cannot be read as an image .*decompression bomb"),
        (lambda data: write_image(data / "test/dog/x.png", 0), r"class 'dog', which .*train does not .*ant, cat"),
        (
            lambda data: (data / "train/dog").mkdir(),
            r"train/dog: class 'dog' holds no image \(\.png, .* or \.gif\); add",
        ),
        (lambda data: (data / "train").rename(data / "pictures"), r"^--data-dir .*: the directory holds no train/"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(data, damage, expected):
    """Each kind of damage names the file or folder and the remedy."""
    damage(data)
    with pytest.raises(StudyError, match=expected) as caught:
        load(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("missing", r"^--data-dir .*missing: does not exist; give a directory that holds train/<class>/"),
        ("empty", r"^--data-dir .*empty: the directory is empty; give"),
        ("file", r"^--data-dir .*file: is not a directory; give"),
        (None, r"^--images folder needs --data-dir: a directory that holds train/<class>/"),
    ],
)
def test_a_directory_that_cannot_be_used_is_named(tmp_path, place, expected):
    """Missing, empty, not a directory, not given."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match=expected):
        load("" if place is None else tmp_path / place)
