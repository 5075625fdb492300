"""Schedulers and workers started by hand, and studies whose networks are naps.

Not in a test's own module: what a worker does must be importable under the same name everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from study.config import Config, ExecutionConfig, PopulationConfig
from study.config.population import PlannedNetwork, planned_networks
from study.execution import scheduling
from study.store import StudyFolder, write_record
from tests.pipeline.tiny_study import ROOT, TIMEOUT

ORIGIN = scheduling.Origin("none", "none")
Processes = list[subprocess.Popen[bytes]]


@contextlib.contextmanager
def ended() -> Iterator[Processes]:
    """Give a list of processes that are killed afterwards."""
    processes: Processes = []
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=TIMEOUT)


def program(
    module: str, place: Path, *options: str, path: tuple[Path, ...] = (), **environment: str
) -> subprocess.Popen:
    """Start one of dask's programs in a folder of its own, with the study importable."""
    place.mkdir(parents=True, exist_ok=True)
    search = os.pathsep.join(map(str, (*path, ROOT)))
    with (place / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *options],
            cwd=place,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": search, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def scheduler(place: Path, *options: str) -> tuple[subprocess.Popen, Path, str]:
    """Start a scheduler; return it, its scheduler file and its address."""
    file = place / "scheduler.json"
    process = program(
        "dask_scheduler",
        place,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
        *options,
    )
    deadline = time.monotonic() + TIMEOUT
    while not file.exists() or not file.read_text().endswith("}"):
        assert process.poll() is None, (place / "dask_scheduler.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, file, json.loads(file.read_text())["address"]


def worker(place: Path, address: str, *options: str, path: tuple[Path, ...] = ()) -> subprocess.Popen:
    """Start a worker process."""
    return program("dask_worker", place, address, "--no-dashboard", *options, path=path)


def wait_for_workers(address: str, count: int) -> None:
    """Wait until a scheduler has so many workers."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=TIMEOUT)


def plan(count: int) -> tuple[PlannedNetwork, ...]:
    """Return so many networks that nobody trains."""
    return planned_networks(
        Config(population=PopulationConfig(augmentations=("none",), seeds=count)), fingerprint="none of them"
    )


def recorded(path: Path) -> StudyFolder:
    """Return a folder with a study's record."""
    folder = StudyFolder(path / "data" / "study")
    write_record(folder, {"schema_version": 1})
    return folder


def nap(planned: PlannedNetwork, config: Config, folder: StudyFolder, origin: scheduling.Origin) -> dict[str, Any]:
    """Sleep in a worker, and tell where and when."""
    started = time.time()
    time.sleep(0.3)
    return {
        "seconds": 0.3,
        "process": os.getpid(),
        "started": started,
        "ended": time.time(),
        "folder": str(folder.path),
    }


def settings(scheduler: object, patience: int = 300) -> Config:
    """Return a config whose networks are trained elsewhere; `patience` is with a scheduler that does not answer."""
    return Config(execution=ExecutionConfig(scheduler=str(scheduler), scheduler_timeout=patience))


def outcomes(
    networks: tuple[PlannedNetwork, ...],
    scheduler: object,
    folder: StudyFolder,
    *,
    patience: int = 300,
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[scheduling.Outcome]:
    """Schedule naps."""
    return scheduling.run_networks(
        networks,
        settings(scheduler, patience),
        folder,
        origin=ORIGIN,
        watch=lambda *progress: None,
        say=say,
        task=nap,
    )


def overlapping(spans: list[tuple[float, float]]) -> int:
    """Return how many spans of time lay over each other at most."""
    return max(sum(first <= start < last for first, last in spans) for start, _ in spans)


def wait_until_gone(address: str, count: int) -> None:
    """Wait until a scheduler has no more than so many workers, which takes it a moment after one died."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        deadline = time.monotonic() + TIMEOUT
        while len(client.nthreads()) > count:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def other_keras(path: Path) -> Path:
    """Return a folder that, first on the search path, makes Keras another version to whoever asks for it."""
    information = path / "keras-9.9.9.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 9.9.9\n")
    return path
