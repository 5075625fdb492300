"""Workers that are given GPUs: one each in turn on this machine, and by what they declare on a scheduler.

There need be no GPU: what is looked at is which one a worker would take, and whom a network is given to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Scheduler, SpecCluster, Worker

from study.config import Config, resolve
from study.config.population import PlannedNetwork
from study.execution import cluster, own_workers, scheduling
from study.store import StudyFolder
from study.vocabulary.device import RESOURCE, VisibleGpus
from study.vocabulary.errors import StudyError
from tests.pipeline.by_hand import ORIGIN, plan, recorded


def gpu_seen(network: PlannedNetwork, config: Config, folder: StudyFolder, origin: Any) -> dict[str, Any]:
    """Take a moment, in place of training; return the worker and the GPUs that it sees; a seed of 3 needs too much memory."""
    import time

    import tensorflow as tf
    from distributed import get_worker

    from study.networks.backend import memory_told

    if network.seed == 3:
        with memory_told("lower execution.workers"):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    time.sleep(0.5)
    return {"worker": get_worker().name, "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}


@pytest.mark.slow
def test_workers_take_gpus_in_turn_until_memory_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three workers on two GPUs, each of which sees one; then one that is full ends the study in a line."""
    monkeypatch.setattr(own_workers, "look", lambda: VisibleGpus(("5", "7")))
    config = resolve("quick", assignments=["execution.device=gpu", "execution.workers=3"])
    folder, ran = recorded(tmp_path), []

    def run_all() -> None:
        watch = lambda *told: None  # noqa: E731
        for outcome in scheduling.run_networks(plan(12), config, folder, origin=ORIGIN, watch=watch, task=gpu_seen):
            ran.append(outcome.entry)

    with pytest.raises(StudyError, match=r"is used up \(OOM when allocating tensor.*\); lower execution.workers"):
        run_all()
    assert ran
    assert all(entry["gpus"] == ("5", "7", "5")[entry["worker"]] for entry in ran)


@pytest.mark.slow
def test_workers_have_one_thread_and_the_allocator_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its user set it; dask's own setting slows training."""
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with own_workers.own_workers(resolve("quick", assignments=["execution.workers=1"]), 1) as client:
        asked = {name: client.submit(os.environ.get, name) for name in ("OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")}
        assert {name: told.result() for name, told in asked.items()} == {
            "OMP_NUM_THREADS": "1",
            "MALLOC_TRIM_THRESHOLD_": None,
        }


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Client]:
    """A scheduler in this process with two workers, one of which declares a GPU."""
    kinds = ({RESOURCE: 1}, {})
    workers = {
        number: {"cls": Worker, "options": {"nthreads": 1, "resources": declared}}
        for number, declared in enumerate(kinds)
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "dashboard_address": ":0", "port": 0}}
    with SpecCluster(workers=workers, scheduler=scheduler) as made, Client(made, set_as_default=False) as client:
        yield client


def worker_name() -> Any:
    """Return the name of the worker that runs this."""
    from distributed import get_worker

    return get_worker().name


def test_a_network_goes_to_workers_that_declare_a_gpu(two_workers: Client) -> None:
    """What is asked of dask is one GPU for each network, on a scheduler, and nothing elsewhere."""
    on_gpu = ["execution.device=gpu", "execution.scheduler=tcp://host:8786"]
    asked = cluster.resources(resolve("quick", assignments=on_gpu))
    assert asked == {RESOURCE: 1}
    futures = [two_workers.submit(worker_name, pure=False, resources=asked) for _ in range(6)]
    assert set(two_workers.gather(futures)) == {0}
    assert cluster.resources(resolve("quick", assignments=on_gpu[:1])) is None
    assert cluster.resources(resolve("quick", assignments=on_gpu[1:])) is None


def test_workers_are_asked_for_the_gpus_that_they_declare(two_workers: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has none is refused by its address; the other worker, which declares none, is not asked."""
    required = cluster.Requirements(cluster.versions(), is_gpu=True)
    monkeypatch.setattr(cluster, "look", lambda: VisibleGpus(problem="no driver"))
    with pytest.raises(StudyError, match="declares a GPU and has none: no driver") as caught:
        cluster.check_workers(two_workers, required)
    assert "--device cpu" in str(caught.value)
    monkeypatch.setattr(cluster, "look", lambda: VisibleGpus(("0",)))
    cluster.check_workers(two_workers, required)
    monkeypatch.setattr(cluster, "RESOURCE", "OTHER")
    with pytest.raises(StudyError, match=r"no worker of .* declares one; start each with `dask worker"):
        cluster.check_workers(two_workers, required)
