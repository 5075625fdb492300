"""Where networks are trained: on workers of this machine's own, or on those of a dask scheduler elsewhere.

A scheduler elsewhere is checked before anything is written: it must answer, have workers, and those must be of this
program's environment, because bits are promised only within one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import study
from study.config import Config, is_address
from study.config.population import ALGORITHM_VERSION
from study.execution.devices import look
from study.execution.own_workers import own_workers, quieten
from study.store import StudyFolder
from study.vocabulary.device import HIDING, RESOURCE
from study.vocabulary.errors import StudyError, one_line, refuse_unless
from study.vocabulary.provenance import version
from study.vocabulary.reading import read_json, refusal, user_path

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

ANSWER_SECONDS = 10  # a scheduler answers within this time
WORKER_SECONDS = 60  # and has a worker within this
CHECK_SECONDS = 60  # in which scheduler and workers import this program and say what they are
_CLOSE_SECONDS = 2  # for saying good-bye to a scheduler
_T = TypeVar("_T")
_FORMS = "tcp://HOST:PORT, tls://HOST:PORT, or the path of the file that `dask scheduler --scheduler-file` wrote"


@dataclass(frozen=True)
class Requirements:
    """What a worker must be and see to work for a study.

    `versions` are this program's; `record` is the absolute path of the study's record and `digest` that file's sha256,
    both empty before there is one. `is_gpu` says whether networks are trained on GPUs that workers declare.
    """

    versions: Mapping[str, str]
    record: str = ""
    digest: str = ""
    is_gpu: bool = False

    @classmethod
    def of(cls, folder: StudyFolder, *, is_gpu: bool = False) -> Requirements:
        """Return what working for the study in `folder` takes; its record has been written."""
        record = folder.record_path.absolute()
        return cls(versions(), str(record), _sha256(record), is_gpu)


def resources(config: Config) -> dict[str, float] | None:
    """Return what of a worker's declared resources a network takes: one GPU, on a scheduler's workers alone."""
    return {RESOURCE: 1} if config.execution.scheduler and config.execution.computes_on.is_gpu else None


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
    if requirements.is_gpu and (problem := look().problem):
        return f"declares a GPU and has none: {problem}; install requirements-gpu.txt there, or choose --device cpu"
    return ""


def scheduler_address(scheduler: str) -> str:
    """Return the address of a scheduler that is given as an address or as a scheduler file.

    Raises
    ------
    StudyError
        When there is no such file, or it is none that a scheduler wrote.
    """
    if "://" in scheduler:
        return scheduler  # its form was checked with the other settings
    path = user_path(scheduler)
    told = read_json(path, origin="--scheduler", remedy=f"give {_FORMS}")
    address = told.get("address") if isinstance(told, dict) else None
    if not isinstance(address, str) or not is_address(address):
        reason = "is no scheduler file (JSON with an address)"
        raise refusal(path, reason, origin="--scheduler", remedy=f"give {_FORMS}")
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
        check_workers(client, Requirements(versions(), is_gpu=config.execution.computes_on.is_gpu))
    return exposure(config.execution.scheduler)


def check_workers(client: Client, requirements: Requirements) -> None:
    """Refuse workers that lack what a study requires.

    Raises
    ------
    StudyError
        Naming the first of them; when scheduler or workers do not answer.
    """
    address = address_of(client)
    try:  # a scheduler unpacks the tasks that it hands on
        asked(lambda: client.run_on_scheduler(versions)).result(CHECK_SECONDS)
    except TimeoutError:
        raise StudyError(silent(address, CHECK_SECONDS)) from None
    except Exception as error:
        raise StudyError(f"the scheduler at {address} {_unfit(error)}") from error
    workers = _with_gpu(client) if requirements.is_gpu else None
    refuse_unless(
        workers is None or bool(workers),
        f"execution.device (--device) = gpu: no worker of {address} declares one; start each with `dask worker {address}"
        f" --nthreads 1 --resources {RESOURCE}=1`, in {HIDING} the GPU that it is to use, or choose cpu",
    )
    try:
        answers = asked(lambda: client.run(complaint, requirements, workers=workers, on_error="return")).result(
            CHECK_SECONDS
        )
    except TimeoutError:
        raise StudyError(
            f"workers of the scheduler at {address} have not answered for {CHECK_SECONDS} seconds; end those that hang"
        ) from None
    for worker, answer in sorted(answers.items()):
        words = _unfit(answer) if isinstance(answer, Exception) else answer
        refuse_unless(not words, f"worker {worker} of {address} {words}")


def _with_gpu(client: Client) -> list[str]:
    """Return the addresses of the workers that declare a GPU."""
    declared = asked(lambda: client.run_on_scheduler(_declared)).result(CHECK_SECONDS)
    return [worker for worker, amounts in declared.items() if amounts.get(RESOURCE, 0) >= 1]


def _declared(dask_scheduler: Any) -> dict[str, dict[str, float]]:
    """Return what each worker of a scheduler declares; runs in the scheduler."""
    return {worker: dict(state.resources) for worker, state in dask_scheduler.workers.items()}


def asked(call: Callable[[], _T]) -> Future[_T]:
    """Make a call to a scheduler in a thread of its own: most calls wait for ever for a scheduler that hangs."""
    future: Future[_T] = Future()

    def answer() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()
    return future


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
    return own_workers(config, n_networks)


@contextlib.contextmanager
def _elsewhere(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler; certificates for tls:// come from dask's own configuration."""
    from distributed import Client
    from distributed.security import Security

    address = scheduler_address(scheduler)
    quieten()
    security = Security()
    if address.startswith("tls://"):
        _check_certificates(security, scheduler)
    where = "" if scheduler == address else f"the scheduler at {address} "
    try:
        identity = asyncio.run(asyncio.wait_for(_identity(address, security), ANSWER_SECONDS))
        kind = "" if "workers" in identity else str(identity.get("type"))
        refuse_unless(not kind, f"--scheduler {scheduler}: a {kind} answers there, no scheduler; give {_FORMS}")
        client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except StudyError:
        raise
    except (OSError, TimeoutError) as error:
        raise StudyError(
            f"--scheduler {scheduler}: {where}does not answer within {ANSWER_SECONDS} seconds; start it with `dask"
            " scheduler`, or check host, port, firewall and certificates"
        ) from error
    except Exception as error:  # whatever another protocol's bytes come to: lengths beyond any memory, no MessagePack
        raise StudyError(
            f"--scheduler {scheduler}: {where}is no dask scheduler, something else answers there; give the scheduler's port"
            " (8786 unless set otherwise), not that of its dashboard or of another service"
        ) from error
    try:
        if not _has_workers(client):
            raise StudyError(no_workers(address))
        yield client
    finally:
        with contextlib.suppress(TimeoutError, OSError):
            client.close(timeout=_CLOSE_SECONDS)


def _has_workers(client: Client) -> bool:
    """Return whether a scheduler has a worker within `WORKER_SECONDS`."""
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        return False
    return True


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


def silent(address: str, seconds: float) -> str:
    """Return what to say of a scheduler that takes calls and does not answer them."""
    return (
        f"the scheduler at {address} has not answered for {seconds:.0f} seconds; what is done is kept: see whether it hangs,"
        " and give the same command again"
    )


def gone(client: Client) -> str:
    """Return what to say when the scheduler dropped the networks it was given."""
    return (
        f"the scheduler at {address_of(client)} ended, restarted or cannot be reached any more; what is done is kept: start it"
        " and give the same command again"
    )
