"""From plan to published networks, on whatever cluster there is.

Each network is one task. A worker trains and measures it, publishes it, and returns only how long that took, so that
the scheduler holds nothing that matters and a rerun finds everything in the store.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import os
import queue
import resource
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study.config import Config
from study.config.population import PlannedNetwork
from study.config.programs import Program, programs
from study.execution import cluster
from study.execution.cluster import Requirements
from study.execution.devices import take_gpu
from study.execution.programs import program_entries
from study.execution.worker import TOPIC, kept_networks, reporter, worker_images
from study.store import Checkpoint, StudyFolder, append_journal, network_path, publish_network
from study.vocabulary.errors import StudyError, one_line
from study.vocabulary.reading import user_path
from study.vocabulary.schema import REGISTRATION_DIGEST

if TYPE_CHECKING:
    from distributed import Client, Future

    from study.experiment.one_network import Measured

CENSUS_SECONDS = 5.0  # how often, at least, workers are counted
BUSY_SECONDS = 1.0  # how long a network waits for the one before it in the same process

_training = threading.Lock()  # a worker elsewhere may have several threads; a process trains one network at a time


@dataclass(frozen=True)
class Outcome:
    """What became of one network: `failure` is empty, or the reason in one line."""

    network: PlannedNetwork
    failure: str
    entry: dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """What networks are made from beside their settings.

    Attributes
    ----------
    fingerprint
        Of the images; a worker that reads others refuses.
    registration_digest
        Of the registration in force, which every network that is published carries.
    commit
        Of the program, empty where that cannot be told; the journal says by which one each network was trained.
    """

    fingerprint: str
    registration_digest: str
    commit: str = ""


Watch = Callable[[str, str, float, str], None]  # (key, stage, share of it done, what is being done in words)
Task = Callable[[PlannedNetwork, Config, StudyFolder, Origin], dict[str, Any]]  # what `measured` is
Work = PlannedNetwork | Program  # a task of a worker


def run_networks(
    networks: Sequence[PlannedNetwork],
    config: Config,
    folder: StudyFolder,
    *,
    origin: Origin,
    watch: Watch,
    say: Callable[[str], None] = lambda line: None,
    task: Task | None = None,
    plan: Sequence[PlannedNetwork] = (),
) -> Iterator[Outcome]:
    """Train, measure and publish networks in parallel; yield each one's outcome as it ends.

    A network that fails is retried as configured and then yielded with its reason; the others go on. Of networks that are
    trained together the training is retried, their measurements are not.

    Parameters
    ----------
    networks
        What is still to do.
    config
        The study.
    folder
        Where networks are published; the study's record lies there.
    origin
        The images' fingerprint and the registration's digest.
    watch
        Called while networks are worked on.
    say
        Told what is to be known meanwhile, such as that a scheduler hangs.
    task
        What a worker does with a network; `measured` unless the scheduling itself is looked at.
    plan
        All networks of the study, which decide who is trained with whom; those still to do where it is left out.

    Raises
    ------
    StudyError
        When a worker meets something only the user can put right, such as a full disk, or workers or scheduler are gone:
        nothing more is started.
    """
    config, folder = _absolute(config), StudyFolder(folder.path.absolute())
    requirements = Requirements.of(folder, is_gpu=cluster.resources(config) is not None)
    works = networks if task else _works(networks, plan or networks, config)
    with cluster.connected(config, len(works)) as client:
        if config.execution.scheduler:
            cluster.check_workers(client, requirements)
        client.subscribe_topic(TOPIC, lambda event: watch(*event[1]))
        task_arguments = (task or _measured, requirements, config, folder, origin)
        resources = cluster.resources(config)
        census = Census(client, patience=config.execution.scheduler_timeout, say=say)
        yield from _outcomes(client, works, task_arguments, config.execution.retries, folder, census, resources)


def _works(networks: Sequence[PlannedNetwork], plan: Sequence[PlannedNetwork], config: Config) -> list[Work]:
    """Return the tasks that networks come to: programs of several, and networks by themselves."""
    made = programs(plan, config, to_do={network.key for network in networks})
    return [program if program.together > 1 else program.networks[0] for program in made]


def _absolute(config: Config) -> Config:
    """Return the config as workers need it, who run in folders of their own."""
    if not config.images.data_dir:
        return config
    data_dir = str(user_path(config.images.data_dir).absolute())
    return dataclasses.replace(config, images=dataclasses.replace(config.images, data_dir=data_dir))


def _outcomes(
    client: Client,
    works: Sequence[Work],
    task_arguments: tuple[Any, ...],
    retries: int,
    folder: StudyFolder,
    census: Census,
    resources: dict[str, float] | None,
) -> Iterator[Outcome]:
    """Keep as many tasks in flight as there are worker processes; one that only waited would die with its worker."""
    waiting = collections.deque(works)
    in_flight: dict[Future[Any], Work] = {}
    ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
    while waiting or in_flight:
        workers = census.taken()
        while waiting and len(in_flight) < workers:
            work = waiting.popleft()
            future = client.submit(in_worker, work, *task_arguments, pure=False, retries=retries, resources=resources)
            in_flight[future] = work
            future.add_done_callback(ended.put)
        try:
            future = ended.get(timeout=CENSUS_SECONDS)
        except queue.Empty:
            continue
        if future.status not in ("finished", "error"):
            raise StudyError(cluster.gone(client))
        for outcome in _outcomes_of(future, in_flight.pop(future), folder):
            append_journal(folder, {"key": outcome.network.key, "failure": outcome.failure, **outcome.entry})
            yield outcome


class Census:
    """How many worker processes there are, time and again; without any, or without an answer, for how long."""

    def __init__(self, client: Client, *, patience: float, say: Callable[[str], None]) -> None:
        """Begin to count.

        Parameters
        ----------
        client
            Of the scheduler that is asked.
        patience
            Seconds without an answer after which it is given up; 0 for never.
        say
            Told when a scheduler begins and ceases to be silent.
        """
        self._client, self._patience, self._say = client, patience, say
        self._seen = self._heard = time.monotonic()  # a worker, the scheduler
        self._silent = False
        self._asked: concurrent.futures.Future[dict[str, Any]] | None = None

    def taken(self) -> int:
        """Return the number of worker processes, 0 where the scheduler does not answer.

        Raises
        ------
        StudyError
            When there have been none, or no answer, for too long, or the scheduler is gone.
        """
        self._asked = self._asked or cluster.asked(self._client.nthreads)
        try:
            workers = len(self._asked.result(cluster.ANSWER_SECONDS))
        except TimeoutError:  # the question stands
            self._wait_for_answer()
            return 0
        except (OSError, RuntimeError) as error:
            raise StudyError(cluster.gone(self._client)) from error
        self._asked = None
        now = time.monotonic()
        if self._silent:
            self._say(f"the scheduler at {cluster.address_of(self._client)} answers again")
            self._silent, self._seen = False, now
        self._heard, self._seen = now, now if workers else self._seen
        if now - self._seen > cluster.WORKER_SECONDS:
            raise StudyError(cluster.no_workers(cluster.address_of(self._client)))
        return workers

    def _wait_for_answer(self) -> None:
        address, seconds = cluster.address_of(self._client), time.monotonic() - self._heard
        if self._patience and seconds > self._patience:
            raise StudyError(cluster.silent(address, seconds))
        if not self._silent:
            end = f"it is given up after {self._patience}" if self._patience else "it is waited for as long as it takes"
            self._say(
                f"the scheduler at {address} has not answered for {seconds:.0f} seconds; {end}"
                " (execution.scheduler_timeout)"
            )
        self._silent = True


def in_worker(
    work: Work,
    task: Callable[..., dict[str, Any]],
    requirements: Requirements,
    config: Config,
    folder: StudyFolder,
    origin: Origin,
) -> dict[str, Any]:
    """Do a task in a worker that is fit for it, when nothing else is trained in this process.

    Raises
    ------
    StudyError
        When this worker, who may have joined late, is of another environment or does not see the study.
    """
    from distributed import Reschedule, get_worker

    if words := cluster.complaint(requirements):
        raise StudyError(f"worker {get_worker().address} {words}")
    if not _training.acquire(timeout=BUSY_SECONDS):
        raise Reschedule
    try:
        if not config.execution.scheduler:
            _keep_messages(folder)
            if config.execution.computes_on.is_gpu:
                take_gpu(get_worker().name)
        return task(work, config, folder, origin)
    finally:
        _training.release()


def _outcomes_of(future: Future[Any], work: Work, folder: StudyFolder) -> list[Outcome]:
    """Return what became of each network of a task; what a task published before it failed is done."""
    if isinstance(work, PlannedNetwork):
        return [_outcome(future, work)]
    if future.status == "finished":
        entries = future.result()
        return [Outcome(one, entries[one.key].pop("failure", ""), entries[one.key]) for one in work.networks]
    return [
        Outcome(one, "", {"arm": one.arm}) if network_path(folder, one.key).exists() else _outcome(future, one)
        for one in work.networks
    ]


def _outcome(future: Future[Any], network: PlannedNetwork) -> Outcome:
    if future.status == "finished":
        entry = future.result()
        return Outcome(network, entry.pop("failure", ""), entry)
    error = future.exception()
    if isinstance(error, StudyError):
        raise error
    if isinstance(error, ImportError):
        raise StudyError(f"a worker cannot run this program ({one_line(error)}); give it the same environment")
    return Outcome(network, _failure(error), {})


def _failure(error: BaseException | None) -> str:
    name = type(error).__name__
    if name == "KilledWorker":
        return "its worker process died each time (out of memory, or killed)"
    return f"{name}: {one_line(error)}"


def _measured(work: Work, config: Config, folder: StudyFolder, origin: Origin) -> dict[str, Any]:
    if isinstance(work, Program):
        return measured_together(work, config, folder, origin)
    return measured(work, config, folder, origin)


def measured(planned: PlannedNetwork, config: Config, folder: StudyFolder, origin: Origin) -> dict[str, Any]:
    """Train, measure and publish one network; return what goes into the journal. Runs in a worker.

    Returns
    -------
    dict
        The network's arm, seconds per stage, images per second of training, the epoch whose checkpoint it went on from
        (0: none), peak memory in bytes and the time it ended; or `failure`.
    """
    report = reporter(planned.key)
    report("start", 0.0, "starting TensorFlow")
    # Not at the top: the parent must never import TensorFlow, and it imports this module to submit the task.
    from study.experiment.one_network import measure_network

    started = time.perf_counter()
    images, n_classes = worker_images(config, origin.fingerprint)
    measure = functools.partial(
        measure_network,
        planned,
        config,
        images,
        n_classes,
        compiled_networks=kept_networks(),
        progress=report,
        checkpoint=Checkpoint(folder, planned.key),
    )
    return _published(planned, measure, config, folder, origin, started=started)


def measured_together(program: Program, config: Config, folder: StudyFolder, origin: Origin) -> dict[str, Any]:
    """Train networks together, measure and publish each; return by key what `measured` does. Runs in a worker.

    The seconds of each are those of its measurements and its share of the training.
    """
    return program_entries(
        program,
        config,
        folder,
        origin.fingerprint,
        lambda network, measure: _published(network, measure, config, folder, origin),
    )


def _published(
    planned: PlannedNetwork,
    measure: Callable[[], Measured],
    config: Config,
    folder: StudyFolder,
    origin: Origin,
    *,
    started: float | None = None,
) -> dict[str, Any]:
    """Measure a network and publish it; return what goes into the journal. It took since `started`, or what its stages did."""
    from study.experiment.training import DivergedError

    try:
        measured_network = measure()
    except DivergedError as error:
        return {"failure": str(error)}  # the same seeds would diverge again: no retry
    tree = measured_network.tree.copy(deep=False)
    tree.attrs = {**tree.attrs, REGISTRATION_DIGEST: origin.registration_digest}
    publish_network(folder, planned.key, tree)
    Checkpoint(folder, planned.key).remove()
    stages = measured_network.seconds
    return {
        "arm": planned.arm,
        "seconds": round(sum(stages.values()) if started is None else time.perf_counter() - started, 3),
        "stages": {stage: round(value, 3) for stage, value in stages.items()},
        "images_per_second": round(measured_network.trained_images / stages["train"], 1),
        "resumed_epoch": measured_network.resumed_epoch,
        "device": config.execution.computes_on.kind,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": origin.commit,
    }


@functools.cache
def _keep_messages(folder: StudyFolder) -> None:
    """Send what our own worker prints to the study's log: TensorFlow's start-up lines would tear the display.

    A log that cannot be written, or whose place something else has, costs no network.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    with contextlib.suppress(OSError):
        log = os.open(folder.worker_log, flags, 0o666)
        if stat.S_ISREG(os.fstat(log).st_mode):
            os.dup2(log, 1)
            os.dup2(log, 2)
        os.close(log)
