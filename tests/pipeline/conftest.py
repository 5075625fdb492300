"""A tiny study, run once, and copies of it to do harm to."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.tiny_study import Finished, arguments, run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The tiny study, run with two workers by a process of its own; tests leave it as it is."""
    with _taken_port():
        return run(tmp_path_factory.mktemp("tiny"), *arguments("--workers", "2"))


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
