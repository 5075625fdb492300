"""CIFAR-10: the binary layout read back exactly, what counts as official, and each thing that can be wrong."""

import hashlib
import io
import os
import tarfile

import numpy as np
import pytest

from study.config import ImagesConfig
from study.images import load_images
from study.images.sources import cifar10
from study.vocabulary.errors import StudyError

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEMBERS = (*cifar10.BATCHES, cifar10.NAMES_FILE)


def expected_pixels(batch):
    """Return the images written for a batch: every pixel tells its record, channel, row and column."""
    record, row, column, channel = np.ogrid[:10_000, :32, :32, :3]
    # uint8 wraps at 256, which is as good a pattern as any, and fast.
    of_record = (record // 10 + 17 * batch).astype(np.uint8)
    return of_record + (50 * channel + 3 * row + column).astype(np.uint8)


def batch_bytes(batch):
    """Return one file of the official layout."""
    records = np.empty((10_000, 3073), np.uint8)
    records[:, 0] = np.arange(10_000) % 10
    records[:, 1:] = expected_pixels(batch).transpose(0, 3, 1, 2).reshape(10_000, 3072)
    return records.tobytes()


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """Return a directory with cifar-10-batches-bin/ of real size, 180 MB, not the official files."""
    folder = tmp_path_factory.mktemp("cifar") / cifar10.FOLDER
    folder.mkdir()
    for batch, name in enumerate(cifar10.BATCHES):
        (folder / name).write_bytes(batch_bytes(batch))
    (folder / cifar10.NAMES_FILE).write_text("\n".join(NAMES) + "\n\n")
    return folder.parent


@pytest.fixture(scope="session")
def archived(unpacked, tmp_path_factory):
    """Return a directory with the same files as an archive."""
    directory = tmp_path_factory.mktemp("archive")
    with tarfile.open(directory / cifar10.ARCHIVE, "w:gz", compresslevel=1) as tar:
        tar.add(unpacked / cifar10.FOLDER, cifar10.FOLDER)
    return directory


@pytest.fixture
def linked(unpacked, tmp_path):
    """Return a directory like `unpacked` whose files can be replaced one by one."""
    folder = tmp_path / cifar10.FOLDER
    folder.mkdir()
    for name in MEMBERS:
        (folder / name).symlink_to(unpacked / cifar10.FOLDER / name)
    return tmp_path


def replace(path, content):
    """Replace a link by a file of its own."""
    path.unlink()
    path.write_bytes(content)


def load(directory):
    """Load CIFAR-10 from a directory."""
    return load_images(ImagesConfig(source="cifar10", data_dir=str(directory)))


def md5(path):
    """Return the md5 of a file."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def assert_as_written(images):
    """Compare every image and label with what was written."""
    assert images.class_names == NAMES
    assert images.images.shape == (60_000, 32, 32, 3)
    for batch in range(6):
        part = slice(10_000 * batch, 10_000 * (batch + 1))
        np.testing.assert_array_equal(images.images[part], expected_pixels(batch))
        np.testing.assert_array_equal(images.labels[part], np.arange(10_000) % 10)
    assert images.labels.dtype == np.int64
    assert images.is_test.tolist() == [False] * 50_000 + [True] * 10_000


def test_unpacked_folder_round_trip(unpacked):
    """Every pixel and label comes back in its place, from the directory or from the folder itself."""
    images = load(unpacked)
    assert_as_written(images)
    assert load(unpacked / cifar10.FOLDER).fingerprint == images.fingerprint


def test_archive_round_trip(archived, unpacked):
    """The archive gives the same images as the folder, and another md5 is said not to be official."""
    images = load(archived)
    assert images.fingerprint == load(unpacked).fingerprint
    assert images.official is False
    assert "not the official files" in images.description
    assert images.fingerprint[:12] in images.description


def test_the_official_archive_is_known_by_its_md5(archived, monkeypatch):
    """The archive with the right md5 is official."""
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", md5(archived / cifar10.ARCHIVE))
    images = load(archived)
    assert images.official is True
    assert "the official files, checksums verified" in images.description


def test_unpacked_official_files_are_known_by_their_sha1(unpacked, monkeypatch):
    """Unpacked files with the right SHA-1 are official."""
    folder = unpacked / cifar10.FOLDER
    sha1 = {
        name: hashlib.sha1((folder / name).read_bytes(), usedforsecurity=False).hexdigest() for name in cifar10.BATCHES
    }
    monkeypatch.setattr(cifar10, "BATCH_SHA1", sha1)
    assert load(unpacked).official is True


def test_unpacked_files_with_other_checksums_are_said_not_to_be_official(unpacked):
    """Files of the right layout with other contents are accepted, and said not to be the official ones."""
    images = load(unpacked)
    assert images.official is False
    assert "not the official files: checksums differ" in images.description


def damage_label(folder):
    """Put label 12 on record 7."""
    content = bytearray(batch_bytes(2))
    content[7 * 3073] = 12
    replace(folder / "data_batch_3.bin", content)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (damage_label, r"cifar-10-batches-bin: data_batch_3\.bin record 7 has label 12, must be 0 to 9; download"),
        (
            lambda folder: replace(folder / "data_batch_2.bin", batch_bytes(1)[:-1]),
            r"data_batch_2\.bin has 30,729,999 bytes, must have 30,730,000 \(10,000 records of 3,073\)",
        ),
        (lambda folder: (folder / "test_batch.bin").unlink(), r"test_batch\.bin is missing; unpack cifar-10-binary"),
        (lambda folder: (folder / "batches.meta.txt").unlink(), r"batches\.meta\.txt is missing; unpack"),
        (
            lambda folder: replace(folder / "batches.meta.txt", b"cat\ndog\n"),
            r"batches\.meta\.txt must list 10 different class names, has 2",
        ),
        (
            lambda folder: replace(folder / "batches.meta.txt", b"x" * 5000),
            r"batches\.meta\.txt has 5,000 bytes; a list of 10 class names has at most 4,096",
        ),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(linked, damage, expected):
    """Each kind of damage names the file and the remedy."""
    damage(linked / cifar10.FOLDER)
    with pytest.raises(StudyError, match=expected) as caught:
        load(linked)
    assert "\n" not in str(caught.value)


def write_archive(path, members):
    """Write an archive of (name, content or the target of a link)."""
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in members:
            member = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("data_batch_1.bin", "/etc/passwd")], r"/data_batch_1\.bin is not a regular file; download"),
        ([("data_batch_1.bin", b"short")], r"data_batch_1\.bin has 5 bytes, must have 30,730,000"),
        ([("../data_batch_1.bin", b"elsewhere")], r"cifar-10-batches-bin/data_batch_1\.bin is missing; download"),
    ],
)
def test_a_damaged_archive_is_refused_in_one_line(tmp_path, members, expected):
    """Links are not followed, sizes are checked before reading, other names are not looked at."""
    write_archive(tmp_path / cifar10.ARCHIVE, members)
    with pytest.raises(StudyError, match=expected) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [cifar10.ARCHIVE]


@pytest.mark.parametrize("kept", [0, 100, 1_000_000])
def test_a_truncated_archive_is_refused_in_one_line(archived, tmp_path, kept):
    """However little of the archive is there, the message says that it is damaged."""
    with (archived / cifar10.ARCHIVE).open("rb") as file:
        (tmp_path / cifar10.ARCHIVE).write_bytes(file.read(kept))
    with pytest.raises(StudyError, match=r"is truncated, damaged or unreadable \(.+\); download") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("missing", r"^--data-dir .*missing: does not exist; give .* holds cifar-10-binary\.tar\.gz \(md5 c32a1d4a"),
        ("empty", r"^--data-dir .*empty: the directory is empty; give"),
        ("other", r"^--data-dir .*other: the directory holds no CIFAR-10; give"),
        ("other/file", r"^--data-dir .*file: is not a directory; give"),
    ],
)
def test_a_directory_that_cannot_be_used_is_named(tmp_path, place, expected):
    """Missing, empty, holding something else, not a directory."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(StudyError, match=expected):
        load(tmp_path / place)


def test_no_network_and_no_data_says_what_to_put_where(monkeypatch, tmp_path):
    """One line names the file, its md5, the reason and the option."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(cifar10, "ARCHIVE_URL", "http://127.0.0.1:9/cifar-10-binary.tar.gz")
    expected = r"^cifar-10-binary\.tar\.gz \(md5 c32a1d4ab5d03f1284b67883e8d87530\) could not be .*--data-dir DIR"
    with pytest.raises(StudyError, match=expected) as caught:
        load("")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_archive_is_downloaded_and_verified(monkeypatch, tmp_path):
    """Keras fetches the file into its cache and refuses another md5 (in a process of its own, hence slow)."""
    source = tmp_path / "source" / cifar10.ARCHIVE
    source.parent.mkdir()
    source.write_bytes(b"any file will do here")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(cifar10, "ARCHIVE_URL", source.as_uri())
    with pytest.raises(StudyError, match="could not be downloaded"):
        cifar10._downloaded()
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", md5(source))
    kept = cifar10._downloaded()
    assert kept.read_bytes() == source.read_bytes()
    assert kept.is_relative_to(tmp_path / "keras")


@pytest.mark.skipif(
    "STUDY_CIFAR10_DIR" not in os.environ, reason="STUDY_CIFAR10_DIR does not name CIFAR-10's directory"
)
def test_real_images_have_the_published_counts():
    """60,000 images, 6,000 per class, 5,000 and 1,000 of each in the halves."""
    images = load(os.environ["STUDY_CIFAR10_DIR"])
    assert images.images.shape == (60_000, 32, 32, 3)
    assert images.class_names == NAMES
    assert (np.bincount(images.labels[~images.is_test]) == 5_000).all()
    assert (np.bincount(images.labels[images.is_test]) == 1_000).all()
    # The channel means of the training half, known to every user of CIFAR-10: wrong byte order would move them.
    means = images.images[~images.is_test].mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(means, (0.4914, 0.4822, 0.4465), atol=0.003)
