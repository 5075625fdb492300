"""From plan to published networks: the only room that sees dask.

Each network is one task. A worker trains and measures it, publishes it, and returns only how long that took, so that
the scheduler holds nothing that matters and a rerun finds everything in the store.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study.config import Config
from study.errors import StudyError
from study.images import load_images
from study.images.split import Partition, partition, split_images
from study.plan import PlannedNetwork
from study.provenance import usable_cores
from study.store import StudyFolder, append_journal, publish_network

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

TOPIC = "study-progress"
WATCHED_SECONDS = 0.2  # how often, at most, a worker reports progress


@dataclass(frozen=True)
class Outcome:
    """What became of one network: `failure` is empty, or the reason in one line."""

    network: PlannedNetwork
    failure: str
    entry: dict[str, Any]


Watch = Callable[[str, str, float], None]  # (key, stage, share of it done)


def run_networks(
    networks: Sequence[PlannedNetwork],
    config: Config,
    folder: StudyFolder,
    *,
    fingerprint: str,
    watch: Watch,
) -> Iterator[Outcome]:
    """Train, measure and publish networks in parallel; yield each one's outcome as it ends.

    A network that fails is retried as configured and then yielded with its reason; the others go on.

    Parameters
    ----------
    networks
        What is still to do.
    config
        The study.
    folder
        Where networks are published.
    fingerprint
        Of the images; a worker that reads others refuses.
    watch
        Called while networks are worked on.

    Raises
    ------
    StudyError
        When a worker meets something only the user can put right, such as a full disk: nothing more is started.
    """
    with _client(config, len(networks)) as client:
        client.subscribe_topic(TOPIC, lambda event: watch(*event[1]))
        yield from _outcomes(client, networks, config, folder, fingerprint)


def worker_count(config: Config, n_networks: int) -> int:
    """Return how many workers to start: as configured, or one per core this process may use; never more than networks."""
    return max(1, min(config.execution.workers or usable_cores(), n_networks))


@contextlib.contextmanager
def _client(config: Config, n_networks: int) -> Iterator[Client]:
    """Start a local cluster of one-thread processes; two of them train 1.8 times as fast as one with two threads."""
    import dask
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": config.execution.retries,
        # A cluster gives up a worker that is not back by then, for good; without the last one the study would wait forever.
        "distributed.deploy.lost-worker-timeout": "365 days",
        "distributed.worker.multiprocessing-method": "spawn",  # TensorFlow hangs after a fork
        "distributed.worker.profile.enabled": False,
        "distributed.admin.log-format": "%(message)s",
    }
    with (
        dask.config.set(settings),
        _cluster(worker_count(config, n_networks)) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _cluster(n_workers: int) -> LocalCluster:
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, memory_limit=0,
            dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
        )  # fmt: skip
    except RuntimeError as error:  # one of them was killed before it was ready
        raise StudyError(
            "a worker process ended while it was being started (out of memory, or killed); rerun: what is done is kept"
        ) from error


def _outcomes(
    client: Client, networks: Sequence[PlannedNetwork], config: Config, folder: StudyFolder, fingerprint: str
) -> Iterator[Outcome]:
    """Keep as many networks in flight as there are worker threads; one that only waited would die with its worker."""
    from distributed import as_completed

    client.wait_for_workers(1)
    slots = sum(client.nthreads().values())
    waiting = iter(networks)
    in_flight: dict[Future[Any], PlannedNetwork] = {}

    def submitted(network: PlannedNetwork) -> Future[Any]:
        retries = config.execution.retries
        future = client.submit(measured, network, config, folder, fingerprint, pure=False, retries=retries)
        in_flight[future] = network
        return future

    running = as_completed([submitted(network) for network in itertools.islice(waiting, slots)])
    for future in running:
        outcome = _outcome(future, in_flight.pop(future))
        append_journal(folder, {"key": outcome.network.key, "failure": outcome.failure, **outcome.entry})
        for network in itertools.islice(waiting, 1):
            running.add(submitted(network))
        yield outcome


def _outcome(future: Future[Any], network: PlannedNetwork) -> Outcome:
    if future.status == "finished":
        entry = future.result()
        return Outcome(network, entry.pop("failure", ""), entry)
    error = future.exception()
    if isinstance(error, StudyError):
        raise error
    return Outcome(network, _one_line(error), {})


def _one_line(error: BaseException | None) -> str:
    name = type(error).__name__
    if name == "KilledWorker":
        return "its worker process died each time (out of memory, or killed)"
    return f"{name}: {' '.join(str(error).split())}"[:300]


def measured(planned: PlannedNetwork, config: Config, folder: StudyFolder, fingerprint: str) -> dict[str, Any]:
    """Train, measure and publish one network; return what goes into the journal. Runs in a worker.

    Returns
    -------
    dict
        Seconds per stage, images per second of training, peak memory in bytes and the time it ended; or `failure`.
    """
    _keep_messages(folder)
    # Not at the top: the parent must never import TensorFlow, and it imports this module to submit the task.
    from study.measure import measure_network
    from study.train import DivergedError

    started = time.perf_counter()
    images, n_classes = _images(config, fingerprint)
    try:
        tree, seconds = measure_network(planned, config, images, n_classes, progress=_reporter(planned.key))
    except DivergedError as error:
        return {"failure": str(error)}  # the same seeds would diverge again: no retry
    publish_network(folder, planned.key, tree)
    trained = config.training.epochs * len(images.train_labels)
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "stages": {stage: round(value, 3) for stage, value in seconds.items()},
        "images_per_second": round(trained / seconds["train"], 1),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


@functools.cache
def _keep_messages(folder: StudyFolder) -> None:
    """Send this worker's standard error to the study's log: TensorFlow's start-up lines would tear the display."""
    with folder.worker_log.open("ab") as log:
        os.dup2(log.fileno(), 2)


@functools.lru_cache(maxsize=1)
def _read_images(config: Config) -> tuple[Partition, int, str]:
    """Return a worker's images, read once a process."""
    image_set = load_images(config.images)
    return (
        partition(image_set, split_images(image_set, config.images)),
        len(image_set.class_names),
        image_set.fingerprint,
    )


def _images(config: Config, fingerprint: str) -> tuple[Partition, int]:
    images, n_classes, found = _read_images(config)
    if found != fingerprint:
        raise StudyError(
            f"the images changed while the study ran: fingerprint {found[:12]}, planned {fingerprint[:12]}"
        )
    return images, n_classes


def _reporter(key: str) -> Callable[[str, float], None]:
    """Return a function that reports progress to the parent, a few times a second at most."""
    from distributed import get_worker

    worker = get_worker()
    last = [0.0]

    def report(stage: str, share: float) -> None:
        now = time.monotonic()
        if share >= 1 or now - last[0] > WATCHED_SECONDS:
            last[0] = now
            worker.log_event(TOPIC, (key, stage, share))

    return report
