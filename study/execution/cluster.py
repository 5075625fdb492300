"""Where networks are trained: on workers of this machine's own, or on those of a dask scheduler elsewhere.

A scheduler elsewhere is checked before anything is written: it must answer, have workers, and those must be of this
program's environment, because bits are promised only within one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import logging
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import study
from study.config import Config, is_address
from study.config.population import ALGORITHM_VERSION
from study.store import StudyFolder
from study.vocabulary.children import no_children_left, unsignalled
from study.vocabulary.errors import StudyError, one_line, refuse_unless
from study.vocabulary.provenance import usable_cores, version

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed.security import Security
    from tornado.ioloop import IOLoop

ANSWER_SECONDS = 10  # a scheduler answers within this time
WORKER_SECONDS = 60  # and has a worker within this
_KILL_SECONDS = 0.2  # what a worker of ours gets to end by itself when the study stops early
_FORMS = "tcp://HOST:PORT, tls://HOST:PORT, or the path of the file that `dask scheduler --scheduler-file` wrote"


@dataclass(frozen=True)
class Requirements:
    """What a worker must be and see to work for a study.

    `versions` are this program's; `record` is the absolute path of the study's record and `digest` that file's sha256,
    both empty before there is one.
    """

    versions: Mapping[str, str]
    record: str = ""
    digest: str = ""

    @classmethod
    def of(cls, folder: StudyFolder) -> Requirements:
        """Return what working for the study in `folder` takes; its record has been written."""
        record = folder.record_path.absolute()
        return cls(versions(), str(record), _sha256(record))


def versions() -> dict[str, str]:
    """Return the versions that decide a network's bits, without importing anything heavy."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "study": f"{study.__version__} (algorithm {ALGORITHM_VERSION})",
        "tensorflow": version("tensorflow") or version("tensorflow-cpu") or "missing",
        "keras": version("keras") or "missing",
        "numpy": version("numpy") or "missing",
    }


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def complaint(requirements: Requirements) -> str:
    """Return why this process cannot work for a study, in words that follow its name, or ''. Runs in a worker."""
    for package, installed in versions().items():
        wanted = requirements.versions.get(package, "none")
        if installed != wanted:
            return (
                f"has {package} {installed}, this program {package} {wanted}; give both the same environment, since"
                " networks of one study must not differ by it"
            )
    if requirements.record and _sha256(Path(requirements.record)) != requirements.digest:
        return (
            f"does not see this study's {requirements.record}; keep data/ and --data-dir on a disk that all machines"
            " share under the same path, and start the study there"
        )
    return ""


def worker_count(config: Config, n_networks: int) -> int:
    """Return how many workers to start: as configured, or one per core this process may use; never more than networks."""
    return max(1, min(config.execution.workers or usable_cores(), n_networks))


def scheduler_address(scheduler: str) -> str:
    """Return the address of a scheduler that is given as an address or as a scheduler file.

    Raises
    ------
    StudyError
        When there is no such file, or it is none that a scheduler wrote.
    """
    if "://" in scheduler:
        return scheduler  # its form was checked with the other settings
    try:
        address = json.loads(Path(scheduler).expanduser().read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        raise StudyError(f"--scheduler {scheduler}: there is no such file; give {_FORMS}") from None
    except (OSError, ValueError, KeyError, TypeError):
        address = None
    if not isinstance(address, str) or not is_address(address):
        raise StudyError(f"--scheduler {scheduler}: is no scheduler file (JSON with an address); give {_FORMS}")
    return address


def exposure(scheduler: str) -> str:
    """Return a warning where everybody on the network could read along and run code, otherwise ''."""
    address = scheduler_address(scheduler)
    parts = urlsplit(address)
    if parts.scheme == "tls" or _is_loopback(parts.hostname or ""):
        return ""
    return (
        f"warning: {address} is not encrypted, and whoever reaches that scheduler can run code on its workers; use"
        " tls:// unless the network is yours"
    )


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def check_scheduler(config: Config) -> str:
    """Refuse a scheduler that networks could not be given to; nothing is written, nothing started.

    Returns
    -------
    str
        A warning to show, or ''.

    Raises
    ------
    StudyError
        When the configured scheduler does not answer, has no workers, or workers of another environment.
    """
    if not config.execution.scheduler:
        return ""
    with connected(config, 1) as client:
        check_workers(client, Requirements(versions()))
    return exposure(config.execution.scheduler)


def check_workers(client: Client, requirements: Requirements) -> None:
    """Refuse workers that lack what a study requires.

    Raises
    ------
    StudyError
        Naming the first of them.
    """
    address = address_of(client)
    try:
        client.run_on_scheduler(versions)  # a scheduler unpacks the tasks that it hands on
    except Exception as error:
        raise StudyError(f"the scheduler at {address} {_unfit(error)}") from error
    answers = client.run(complaint, requirements, on_error="return")
    for worker, answer in sorted(answers.items()):
        words = _unfit(answer) if isinstance(answer, Exception) else answer
        refuse_unless(not words, f"worker {worker} of {address} {words}")


def _unfit(error: Exception) -> str:
    reason = one_line(error, longest=200)
    return f"cannot run this program ({reason}); give it the same environment, and this checkout in PYTHONPATH"


def connected(config: Config, n_networks: int) -> contextlib.AbstractContextManager[Client]:
    """Connect to the configured scheduler, or start a cluster of this machine's own; both end with the block.

    Parameters
    ----------
    config
        The study.
    n_networks
        How many are to be trained; no more workers are started.

    Raises
    ------
    StudyError
        When the configured scheduler does not answer, or has no workers.
    """
    if config.execution.scheduler:
        return _elsewhere(config.execution.scheduler)
    return _here(config, n_networks)


@contextlib.contextmanager
def _here(config: Config, n_networks: int) -> Iterator[Client]:
    """Start a local cluster of one-thread processes; two of them train 1.8 times as fast as one with two threads."""
    import dask
    from distributed import Client

    _quieten()
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
        no_children_left(),
        _unsignalled_loop() as loop,
        _local_cluster(worker_count(config, n_networks), loop) as cluster,
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


def _local_cluster(n_workers: int, loop: IOLoop) -> LocalCluster:
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
        )
    except RuntimeError as error:  # one of them was killed before it was ready
        raise StudyError(
            "a worker process ended while it was being started (out of memory, or killed); rerun: what is done is kept"
        ) from error


def _quieten() -> None:
    """Keep dask's remarks to itself, those of a cluster that is being ended included: what matters is told by the study."""
    for name in ("distributed", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def _kill(cluster: LocalCluster) -> None:
    """End the workers without waiting for the networks they work on; what is published is published whole."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.gather(*(nanny.close(timeout=_KILL_SECONDS) for nanny in cluster.workers.values()))


@contextlib.contextmanager
def _elsewhere(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler; certificates for tls:// come from dask's own configuration."""
    from distributed import Client
    from distributed.security import Security

    address = scheduler_address(scheduler)
    _quieten()
    security = Security()
    if address.startswith("tls://"):
        _check_certificates(security, scheduler)
    where = "" if scheduler == address else f"the scheduler at {address} "
    try:
        identity = asyncio.run(asyncio.wait_for(_identity(address, security), ANSWER_SECONDS))
        kind = "" if "workers" in identity else str(identity.get("type"))
        refuse_unless(not kind, f"--scheduler {scheduler}: a {kind} answers there, no scheduler; give {_FORMS}")
        client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise StudyError(
            f"--scheduler {scheduler}: {where}does not answer within {ANSWER_SECONDS} seconds; start it with `dask"
            " scheduler`, or check host, port, firewall and certificates"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise StudyError(no_workers(address)) from None
        yield client


async def _identity(address: str, security: Security) -> dict[str, Any]:
    """Ask who is there: a client would wait for ever for somebody who listens and says nothing."""
    from distributed import rpc

    async with rpc(address, connection_args=security.get_connection_args("client")) as scheduler:
        return dict(await scheduler.identity())


def _check_certificates(security: Security, scheduler: str) -> None:
    try:
        if security.get_connection_args("client").get("ssl_context"):
            return
        problem = "none are configured"
    except (OSError, ValueError) as error:
        problem = one_line(error)
    names = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
    raise StudyError(f"--scheduler {scheduler}: tls:// needs certificates ({problem}); set {names}")


def address_of(client: Client) -> str:
    """Return the address of a client's scheduler; one that gave up has forgotten it."""
    return str(client.scheduler.address) if client.scheduler else "its address"


def no_workers(address: str) -> str:
    """Return what to say of a scheduler without workers."""
    return (
        f"the scheduler at {address} has no workers, for {WORKER_SECONDS} seconds now; start some with `dask worker"
        f" {address} --nthreads 1`, then the same command goes on"
    )


def worker_processes(client: Client) -> int:
    """Return how many worker processes there are now.

    Raises
    ------
    StudyError
        When the scheduler is gone.
    """
    try:
        threads: dict[str, Any] = client.nthreads()
    except (OSError, RuntimeError) as error:
        raise StudyError(gone(client)) from error
    return len(threads)


def gone(client: Client) -> str:
    """Return what to say when the scheduler dropped the networks it was given."""
    return (
        f"the scheduler at {address_of(client)} ended, restarted or cannot be reached any more; what is done is kept: start it"
        " and give the same command again"
    )
