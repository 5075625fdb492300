"""A tiny study, run once, and copies of it to do harm to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.faulty_study import Faults, faults_in
from tests.pipeline.tiny_study import TIMEOUT, Finished, arguments, run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The tiny study, run with two workers by a process of its own; tests leave it as it is.

    It is run once, whichever of several test processes needs it first.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny"
    summary = shared.with_suffix(".json")
    try:
        shared.mkdir()
    except FileExistsError:
        return _finished(summary, shared)
    with _taken_port():
        done = run(shared, *arguments("--workers", "2"))
    written = summary.with_suffix(".part")
    written.write_text(json.dumps([done.code, done.out, done.err, sorted(done.modules)]))
    written.rename(summary)
    return done


def _finished(path: Path, place: Path) -> Finished:
    deadline = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < deadline, "the test process that runs the tiny study did not finish it"
        time.sleep(0.1)
    code, out, err, modules = json.loads(path.read_text())
    return Finished(place, code, out, err, frozenset(modules))


@contextlib.contextmanager
def _taken_port() -> Iterator[None]:
    """Hold the port that dask's dashboard likes, as another study on this machine would."""
    with socket.socket() as other:
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", 8787))
            other.listen()
        yield


@pytest.fixture
def copied(tiny: Finished, tmp_path: Path) -> Finished:
    """A copy of the tiny study, times of files included."""
    place = tmp_path / "copy"
    shutil.copytree(tiny.place, place)
    return dataclasses.replace(tiny, place=place)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty working directory."""
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.fixture
def faults(tmp_path: Path, tiny: Finished) -> Faults:
    """Planned faults, nothing planned yet."""
    return faults_in(tmp_path / "faults", tiny)
