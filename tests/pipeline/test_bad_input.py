"""What a user can get wrong: one line that names it, exit code 2, and nothing that exists is touched."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from study.execution import scheduling
from study.run import main
from study.vocabulary.schema import SCHEMA_VERSION
from tests.pipeline.tiny_study import NAME, REGISTRATION, SETTINGS, Finished, arguments, run, snapshot

Refusal = Callable[..., str]


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
