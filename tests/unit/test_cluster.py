"""What is asked of a scheduler and of workers, without any of them."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from study.config import Config, ExecutionConfig, resolve
from study.execution.cluster import Requirements, complaint, exposure, scheduler_address, versions
from study.execution.own_workers import worker_count
from study.execution.scheduling import _keep_messages
from study.store import StudyFolder, write_record
from study.vocabulary.errors import StudyError
from study.vocabulary.provenance import usable_cores


def refusal(*assignments: str, **flags: object) -> str:
    """Return the one line with which the command line's execution settings are refused."""
    settings = {f"--{name}": (f"execution.{name}", value) for name, value in flags.items()}
    with pytest.raises(StudyError) as caught:
        resolve("quick", assignments=assignments, flags=settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "tcp://host",
        "tcp://host:",
        "tcp://host:port",
        "tcp://:8786",
        "http://host:8786",
        "tcp://a b:1",
        "ucx://host:8786",
    ],
)
def test_address_that_cannot_be_parsed_is_refused(address: str) -> None:
    """The line names the flag, the value and the forms that are allowed."""
    line = refusal(scheduler=address)
    assert line.startswith(f"--scheduler: execution.scheduler = {address!r}")
    assert "tcp://HOST:PORT, tls://HOST:PORT, or the path of a scheduler file" in line


@pytest.mark.parametrize("address", ["tcp://host-1.example:8786", "tls://10.0.0.1:8786", "tcp://[::1]:8786"])
def test_address_is_taken_as_it_is(address: str) -> None:
    """Names, numbers of both kinds; as a flag and as a setting."""
    config = resolve("quick", assignments=[f'execution.scheduler="{address}"'])
    assert config == resolve("quick", flags={"--scheduler": ("execution.scheduler", address)})
    assert scheduler_address(config.execution.scheduler) == address


def test_workers_beside_a_scheduler_are_refused() -> None:
    """`--workers` starts workers of our own, `--scheduler` uses others': both at once mean nothing."""
    line = refusal(scheduler="tcp://host:8786", workers=2)
    assert line.startswith("--workers: execution.workers = 2 is not allowed: it must be left out")
    assert "--scheduler" in line
    assert refusal("execution.workers=3", scheduler="s.json").startswith("--set execution.workers=3: ")


def test_scheduler_file_gives_its_address(tmp_path: Path) -> None:
    """Of what a scheduler writes about itself, the address is read."""
    path = tmp_path / "scheduler.json"
    path.write_text(json.dumps({"type": "Scheduler", "address": "tls://10.0.0.1:8786", "workers": {}}))
    assert scheduler_address(str(path)) == "tls://10.0.0.1:8786"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"address": 3}', '{"address": "host:8786"}', "\ufffd"])
def test_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    """Neither empty nor torn nor somebody else's JSON passes; the line says what a scheduler file is."""
    path = tmp_path / "scheduler.json"
    path.write_text(content)
    reason = r"is (no scheduler file \(JSON with an address\)|not valid JSON \(.+\)); give tcp://HOST:PORT"
    with pytest.raises(StudyError, match=reason):
        scheduler_address(str(path))


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Also what an address without a protocol comes to."""
    for missing in (str(tmp_path / "scheduler.json"), "host:8786"):
        with pytest.raises(StudyError, match=r"does not exist; give tcp://HOST:PORT"):
            scheduler_address(missing)


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://10.0.0.1:8786", False),
        ("tls://host:8786", False),
        ("tcp://10.0.0.1:8786", True),
        ("tcp://host:8786", True),
        ("tcp://localhost.example:8786", True),
    ],
)
def test_unencrypted_traffic_beyond_this_machine_is_warned_of(address: str, exposed: bool) -> None:
    """One line that names the address and the way out; none on loopback or with TLS."""
    warning = exposure(address)
    assert bool(warning) == exposed
    if exposed:
        assert warning.startswith(f"warning: {address} is not encrypted")
        assert "tls://" in warning
        assert "\n" not in warning


def test_worker_of_this_environment_that_sees_the_record_is_fit(tmp_path: Path) -> None:
    """It may be the client itself; before there is a record, the versions alone count."""
    folder = StudyFolder(tmp_path / "study")
    write_record(folder, {"any": "thing"})
    assert complaint(Requirements.of(folder)) == ""
    assert complaint(Requirements(versions())) == ""


@pytest.mark.parametrize("package", ["Python", "study", "tensorflow", "keras", "numpy"])
def test_worker_of_another_environment_is_not_fit(package: str) -> None:
    """Each package counts; both versions are named."""
    words = complaint(Requirements(versions() | {package: "9.9"}))
    assert words.startswith(f"has {package} {versions()[package]}, this program {package} 9.9;")


def test_worker_that_sees_no_record_or_another_is_not_fit(tmp_path: Path) -> None:
    """A folder of the same name on a disk of the worker's own is not the study's."""
    folder = StudyFolder(tmp_path / "study")
    write_record(folder, {"any": "thing"})
    requirements = Requirements.of(folder)
    write_record(folder, {"another": "study"})
    assert complaint(requirements).startswith(f"does not see this study's {folder.record_path}; keep data/")
    folder.record_path.unlink()
    assert "a disk that all machines share" in complaint(requirements)


def test_as_many_workers_as_configured_cores_or_networks() -> None:
    """The fewest of them, never none."""
    assert worker_count(Config(), 10_000) == usable_cores()
    assert worker_count(Config(execution=ExecutionConfig(workers=3)), 10_000) == 3
    assert worker_count(Config(execution=ExecutionConfig(workers=3)), 2) == 2
    assert worker_count(Config(execution=ExecutionConfig(workers=3)), 0) == 1


def test_versions_are_told_without_importing_what_they_are_of() -> None:
    """Every one is known here; the study's includes its algorithm."""
    assert "missing" not in versions().values()
    assert versions()["study"].endswith(")")
    assert dataclasses.is_dataclass(Requirements)


def test_log_of_workers_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """A pipe, a link or a folder in its place neither hangs a worker nor takes what it prints; a file does."""

    def said_after(folder: StudyFolder) -> None:
        kept = os.dup(1), os.dup(2)
        try:
            _keep_messages.__wrapped__(folder)
            os.write(1, b"said ")
            os.write(2, b"and complained\n")
        finally:
            for number, descriptor in enumerate(kept, 1):
                os.dup2(descriptor, number)
                os.close(descriptor)

    for name, make in (("pipe", os.mkfifo), ("link", lambda path: path.symlink_to("x")), ("folder", Path.mkdir)):
        folder = StudyFolder(tmp_path / name)
        folder.path.mkdir()
        make(folder.worker_log)
        said_after(folder)
        assert [path.name for path in folder.path.iterdir()] == [folder.worker_log.name]
    said_after(StudyFolder(tmp_path))
    assert StudyFolder(tmp_path).worker_log.read_bytes() == b"said and complained\n"
