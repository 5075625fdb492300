"""What a user can get wrong: one line that names it, exit code 2, and nothing that exists is touched."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.execution import scheduling
from study.images import figures
from study.images.sources.cifar10 import BATCHES
from study.run import main
from study.vocabulary.schema import SCHEMA_VERSION
from tests.pipeline.tiny_study import NAME, REGISTRATION, SETTINGS, Finished, arguments, run, snapshot

Refusal = Callable[..., str]
CIFAR_RECORDS, CIFAR_RECORD_BYTES = 10_000, 3_073
CIFAR_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(scope="module")
def place(tiny: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a finished study in it, and profiles that are wrong."""
    made = tmp_path_factory.mktemp("bad") / "place"
    shutil.copytree(tiny.place, made)
    profiles = {
        "torn.toml": "[training\nepochs = 1\n",
        "section.toml": "[trainin]\nepochs = 1\n",
        "key.toml": "[training]\nepoch = 1\n",
        "value.toml": "[training]\nepochs = 0\n",
        "outside.toml": "epochs = 1\n",
        "two words.toml": "",
    }
    for name, text in profiles.items():
        (made / name).write_text(text)
    return made


def started(*arguments: object, **options: object) -> None:
    """Fail: stands in place of what starts networks."""
    pytest.fail("networks were started")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Return a function that runs a command line, asserts that it is refused, and returns the line that says why."""
    monkeypatch.setattr(scheduling, "run_networks", started)

    def refusal(place: Path, *command_line: str, registration: Path = REGISTRATION) -> str:
        monkeypatch.chdir(place)
        before = snapshot(place)
        code = main(["--preregistration", str(registration), *command_line])
        after = snapshot(place)
        err = capsys.readouterr().err
        assert code == 2, err
        assert re.fullmatch(r"study: .+\n", err), err
        assert "Traceback" not in err
        assert after == before
        return err

    return refusal


def test_number_of_images_beyond_reason_is_refused(
    place: Path, refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More generated images than fit into memory are refused before the first is made."""
    monkeypatch.setattr(figures, "generated", lambda count: pytest.fail(f"{count} images were begun"))
    assert "1000000000" in refused(place, "--name", "vast", "--set", "images.test_images=1000000000")


def cifar(folder: Path, *, leave_out: str = "", size: dict[str, int] | None = None) -> Path:
    """Return a data directory of CIFAR-10's layout whose images are all black and of class 0."""
    made = folder / "cifar-10-batches-bin"
    made.mkdir(parents=True)
    (made / "batches.meta.txt").write_text("\n".join(CIFAR_NAMES) + "\n")
    for name in BATCHES:
        if name != leave_out:
            with (made / name).open("wb") as file:
                file.truncate((size or {}).get(name, CIFAR_RECORDS * CIFAR_RECORD_BYTES))
    return folder


def test_missing_data_directory_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """A directory that is not there, and a file in its place, are named with what is wanted."""
    (tmp_path / "file").write_text("")
    for source, wanted in (("cifar10", "cifar-10-batches-bin/"), ("folder", "train/<class>/")):
        for folder, problem in (("nowhere", "does not exist"), ("file", "is not a directory")):
            line = refused(tmp_path, "--images", source, "--data-dir", folder)
            assert f"--data-dir {folder}: {problem}" in line
            assert wanted in line


def test_empty_data_directory_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """An empty directory, and one that holds something else, are named with what is wanted."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme.txt").write_text("nothing here")
    assert "is empty" in refused(tmp_path, "--images", "cifar10", "--data-dir", "empty")
    assert "holds no CIFAR-10" in refused(tmp_path, "--images", "cifar10", "--data-dir", "other")
    assert "is empty" in refused(tmp_path, "--images", "folder", "--data-dir", "empty")
    assert "holds no train/" in refused(tmp_path, "--images", "folder", "--data-dir", "other")


def test_folder_source_without_directory_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """`--images folder` says that it needs `--data-dir`, and of which layout."""
    line = refused(tmp_path, "--images", "folder")
    assert "--data-dir" in line
    assert "train/<class>/" in line


def test_missing_truncated_and_oversized_cifar_files_are_refused(tmp_path: Path, refused: Refusal) -> None:
    """The file is named, with the bytes it has and must have."""
    cifar(tmp_path / "missing", leave_out="test_batch.bin")
    cifar(tmp_path / "short", size={"data_batch_3.bin": 30_729_999})
    cifar(tmp_path / "long", size={"data_batch_5.bin": 30_730_001})
    assert "test_batch.bin is missing" in refused(tmp_path, "--images", "cifar10", "--data-dir", "missing")
    short = refused(tmp_path, "--images", "cifar10", "--data-dir", "short")
    assert "data_batch_3.bin has 30,729,999 bytes, must have 30,730,000" in short
    long = refused(tmp_path, "--images", "cifar10", "--data-dir", "long")
    assert "data_batch_5.bin has 30,730,001 bytes, must have 30,730,000" in long


def test_truncated_cifar_archive_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """An archive that ends early is named, with the md5 of the right one."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        member.size = 100_000
        archive.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(member.size)))
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "cifar-10-binary.tar.gz").write_bytes(packed.getvalue()[:50_000])
    line = refused(tmp_path, "--images", "cifar10", "--data-dir", "archive")
    assert "cifar-10-binary.tar.gz" in line
    assert "c32a1d4ab5d03f1284b67883e8d87530" in line


def test_cifar_label_above_nine_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """The file, the record and the label are named."""
    with (cifar(tmp_path / "label") / "cifar-10-batches-bin" / "data_batch_2.bin").open("r+b") as file:
        file.seek(7 * CIFAR_RECORD_BYTES)
        file.write(bytes([10]))
    line = refused(tmp_path, "--images", "cifar10", "--data-dir", "label")
    assert "data_batch_2.bin record 7 has label 10, must be 0 to 9" in line


def pictures(folder: Path, *classes: str, count: int = 12) -> None:
    """Make a folder of small pictures for each class."""
    rng = np.random.default_rng(len(classes))
    for name in classes:
        (folder / name).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / name / f"{index}.png")


def test_folder_with_one_class_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """The one class is named, and that a study needs two."""
    pictures(tmp_path / "one" / "train", "cat")
    line = refused(tmp_path, "--images", "folder", "--data-dir", "one")
    assert "1 class folder(s) (cat)" in line
    assert "at least 2" in line


def test_folder_with_unreadable_image_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """The file is named, with the remedy."""
    pictures(tmp_path / "torn" / "train", "cat", "dog")
    whole = (tmp_path / "torn" / "train" / "dog" / "3.png").read_bytes()
    (tmp_path / "torn" / "train" / "dog" / "3.png").write_bytes(whole[:60])
    line = refused(tmp_path, "--images", "folder", "--data-dir", "torn")
    assert "train/dog/3.png cannot be read as an image" in line
    assert "repair, convert or remove it" in line


def test_folder_with_class_in_test_alone_is_refused(tmp_path: Path, refused: Refusal) -> None:
    """The class is named, with those of the training half."""
    pictures(tmp_path / "odd" / "train", "cat", "dog")
    pictures(tmp_path / "odd" / "test", "cat", "frog")
    line = refused(tmp_path, "--images", "folder", "--data-dir", "odd")
    assert "holds class 'frog'" in line
    assert "cat, dog" in line


def changed_record(place: Path, change: Callable[[dict], object]) -> None:
    """Change the record of the tiny study in a working directory."""
    path = place / "data" / NAME / "study.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def test_store_of_another_config_is_refused(copied: Finished, refused: Refusal) -> None:
    """Every setting that differs is named with both values; names, paths and workers may differ."""
    line = refused(copied.place, *arguments("--set", "training.epochs=2", "--seed", "7")[2:])
    assert "training.epochs = 1 there, 2 here" in line
    assert "study.seed = 0 there, 7 here" in line
    assert "--name" in line
    assert "workers" not in line


def test_store_of_another_schema_version_is_refused(copied: Finished, refused: Refusal) -> None:
    """Both versions are named."""
    changed_record(copied.place, lambda record: record.update(schema_version=SCHEMA_VERSION + 1))
    line = refused(copied.place, *arguments()[2:])
    assert f"schema version {SCHEMA_VERSION + 1}, this program writes {SCHEMA_VERSION}" in line
    assert "--name" in line


def test_store_of_other_images_is_refused(copied: Finished, refused: Refusal) -> None:
    """Both fingerprints are named."""
    changed_record(copied.place, lambda record: record["images"].update(fingerprint="0" * 64))
    line = refused(copied.place, *arguments()[2:])
    assert "other images" in line
    assert "0" * 12 in line
    assert planned_fingerprint(copied)[:12] in line


def planned_fingerprint(study: Finished) -> str:
    """Return the fingerprint of the tiny study's images, as its console tells it."""
    return study.out.split("fingerprint ")[1][:12]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        f'{{"schema_version": {SCHEMA_VERSION}}}',
        f'{{"schema_version": {SCHEMA_VERSION}, "images": 3}}',
    ],
    ids=["empty", "torn", "a list", "nothing", "no images", "images that are none"],
)
def test_record_that_is_none_is_refused(copied: Finished, refused: Refusal, text: str) -> None:
    """A study.json that is torn or holds something else is named, with the remedy."""
    copied.folder.record_path.write_text(text)
    line = refused(copied.place, *arguments()[2:])
    assert f"data/{NAME}" in line
    assert "--name" in line


@pytest.mark.parametrize("blocked", ["data", f"data/{NAME}", "reports"])
def test_file_in_place_of_a_folder_is_refused(tmp_path: Path, refused: Refusal, blocked: str) -> None:
    """Where the study or the report cannot be written, that is said before anything is trained."""
    path = tmp_path / blocked
    path.parent.mkdir(exist_ok=True)
    path.write_text("in the way")
    assert blocked in refused(tmp_path, *arguments()[2:])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*options: str) -> None:
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("a small file system can be mounted by root alone, and not in every container")


def test_read_only_directory_is_refused(disk: Path, refused: Refusal) -> None:
    """It is named with the remedy; permission bits are not asked, since root passes them."""
    (disk / "data").mkdir()
    (disk / "data" / "notes.txt").write_text("mine")
    _mount("-o", "remount,ro", str(disk))
    line = refused(disk, *arguments()[2:])
    assert f"{disk}/data: cannot be written (Read-only file system)" in line
    assert "make it writable" in line


def test_full_disk_is_refused(disk: Path, refused: Refusal) -> None:
    """It is named with the remedy before anything is trained."""
    fill(disk, leave=0)
    line = refused(disk, *arguments()[2:])
    assert f"{disk}: cannot be written (No space left on device)" in line
    assert "free some space" in line


def test_disk_too_full_for_the_record_is_refused(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Space for a few bytes is not space for a study: that is said before anything is trained, and no file is left."""
    monkeypatch.setattr(scheduling, "run_networks", started)
    fill(disk, leave=8_192)
    monkeypatch.chdir(disk)
    assert main(arguments()) == 2
    assert re.fullmatch(r"study: .*No space left on device.*free some space.*\n", capsys.readouterr().err)
    assert [path for path in disk.rglob("*") if path.is_file()] == [disk / "filler"]


def fill(disk: Path, *, leave: int) -> None:
    """Fill a file system but for some bytes."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            file.truncate(file.tell() - leave)


@pytest.mark.slow
def test_disk_that_fills_up_while_networks_are_trained(disk: Path) -> None:
    """The worker's refusal reaches the console as one line; what there is stays, and nothing half-written is left."""
    (disk / "notes.txt").write_text("mine")
    few = ("population.augmentations=none", "ablation.layers=conv2", "execution.retries=0")
    done = run(disk, *arguments("--workers", "1", settings=(*SETTINGS, *few)))
    assert done.code == 2, done.err
    assert re.fullmatch(r"study: .*No space left on device.*free some space.*\n", done.err), done.err
    assert (disk / "notes.txt").read_text() == "mine"
    assert list(done.folder.staging.iterdir()) == []
    assert not done.folder.networks.exists() or list(done.folder.networks.iterdir()) == []


def test_missing_registration_is_refused(place: Path, refused: Refusal) -> None:
    """The file is named, with the flag that gives another."""
    line = refused(place, registration=Path("nowhere.md"))
    assert "nowhere.md" in line
    assert "--preregistration" in line
    assert str(place / "data") in refused(place, registration=place / "data")
