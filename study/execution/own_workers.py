"""Workers of this machine's own: processes of one thread that end with the study, and that it alone ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.config import Config
from study.execution.devices import WORKERS_OF_A_GPU, look
from study.vocabulary.children import no_children_left, unsignalled
from study.vocabulary.device import HIDING
from study.vocabulary.errors import StudyError
from study.vocabulary.provenance import usable_cores

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from tornado.ioloop import IOLoop

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_KILL_SECONDS = 0.2  # what a worker of ours gets to end by itself when the study stops early


def worker_count(config: Config, n_networks: int) -> int:
    """Return how many workers to start: as configured, or one per core this process may use; never more than networks.

    On GPUs not configured are as many as share them, at most one per core.
    """
    is_gpu = config.execution.computes_on.is_gpu
    usual = min(usable_cores(), WORKERS_OF_A_GPU * max(1, len(look().names))) if is_gpu else usable_cores()
    return max(1, min(config.execution.workers or usual, n_networks))


@contextlib.contextmanager
def own_workers(config: Config, n_networks: int) -> Iterator[Client]:
    """Start a local cluster of one-thread processes; two of them train 1.8 times as fast as one with two threads."""
    import dask
    from distributed import Client

    quieten()
    settings = {
        "distributed.scheduler.allowed-failures": config.execution.retries,
        # A cluster gives up a worker that is not back by then, for good; without the last one the study would wait forever.
        "distributed.deploy.lost-worker-timeout": "365 days",
        # A process of ours that is dead closes its connection; a silent one was suspended, as on a laptop with a closed lid.
        "distributed.scheduler.worker-ttl": None,
        "distributed.worker.multiprocessing-method": "spawn",  # TensorFlow hangs after a fork
        "distributed.worker.profile.enabled": False,
        # One thread, as dask has it. Its own setting of the allocator is left out: memory that is handed back to the system
        # after every operation costs a training step 3 to 11 %.
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_THREADS, 1),
        "distributed.admin.log-format": "%(message)s",
    }
    with (
        dask.config.set(settings),
        no_children_left(),
        _unsignalled_loop() as loop,
        _local_cluster(worker_count(config, n_networks), loop, _environment(config)) as cluster,
        Client(cluster) as client,
    ):
        try:
            yield client
        except BaseException:
            cluster.sync(_kill, cluster)
            raise


@contextlib.contextmanager
def _unsignalled_loop() -> Iterator[IOLoop]:
    """Run an event loop in a thread that signals pass by, as they do the workers that are started from it."""
    from distributed.utils import LoopRunner

    runner = LoopRunner()
    with unsignalled():
        runner.start()
    try:
        yield runner.loop
    finally:
        runner.stop()


def _environment(config: Config) -> dict[str, str]:
    """Return the environment variables of workers beside this process': on GPUs those of which each takes one."""
    return {HIDING: ",".join(look().names)} if config.execution.computes_on.is_gpu else {}


def _local_cluster(n_workers: int, loop: IOLoop, environment: dict[str, str]) -> LocalCluster:
    from distributed import LocalCluster

    try:
        return LocalCluster(
            loop=loop,
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            **({"env": environment} if environment else {}),
        )
    except RuntimeError as error:  # one of them was killed before it was ready
        raise StudyError(
            "a worker process ended while it was being started (out of memory, or killed); rerun: what is done is kept"
        ) from error


def quieten() -> None:
    """Keep dask's remarks to itself, those of a cluster that is being ended included: what matters is told by the study."""
    for name in ("distributed", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def _kill(cluster: LocalCluster) -> None:
    """End the workers without waiting for the networks they work on; what is published is published whole."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.gather(*(nanny.close(timeout=_KILL_SECONDS) for nanny in cluster.workers.values()))
