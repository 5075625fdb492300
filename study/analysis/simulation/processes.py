"""Simulated studies on every core: the same counts whatever the number of processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from study.analysis.simulation.cases import Case
from study.analysis.simulation.tallies import Tally
from study.analysis.simulation.trial import studies_at_once, tally
from study.vocabulary.children import end_with_parent, no_children_left, unsignalled
from study.vocabulary.errors import StudyError

_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Request:
    """So many simulated studies of one case, the first `published` of them also analysed as published."""

    case: Case
    studies: int
    published: int = 0


@dataclass(frozen=True)
class _Batch:
    place: int
    case: Case
    root_seed: int
    start: int
    studies: int
    published: int


def simulated(
    requests: Sequence[Request], *, root_seed: int, workers: int, watch: Callable[[int], None] = lambda studies: None
) -> tuple[Tally, ...]:
    """Return what became of each request's studies.

    Parameters
    ----------
    requests
        What to simulate.
    root_seed
        Root of all random numbers.
    workers
        Processes; with 1 everything happens in this one.
    watch
        Told how many more studies are done.
    """
    batches = [batch for place, request in enumerate(requests) for batch in _batches(place, request, root_seed)]
    tallies: list[Tally | None] = [None] * len(requests)
    for batch, counted in _done(batches, workers):
        so_far = tallies[batch.place]
        tallies[batch.place] = counted if so_far is None else so_far + counted
        watch(batch.studies)
    return tuple(whole for whole in tallies if whole is not None)


def _batches(place: int, request: Request, root_seed: int) -> Iterator[_Batch]:
    at_once = studies_at_once(request.case.size.networks)
    for start in range(0, request.studies, at_once):
        published = min(max(request.published - start, 0), at_once)
        yield _Batch(place, request.case, root_seed, start, min(at_once, request.studies - start), published)


def _done(batches: Sequence[_Batch], workers: int) -> Iterator[tuple[_Batch, Tally]]:
    if workers == 1 or len(batches) < 2:
        yield from ((batch, _tally(batch)) for batch in batches)
        return
    spawn = multiprocessing.get_context("spawn")
    with _single_threaded(), no_children_left():
        with unsignalled():
            pool = ProcessPoolExecutor(min(workers, len(batches)), spawn, initializer=end_with_parent)
            batch_of = {pool.submit(_tally, batch): batch for batch in batches}
        try:
            for future in as_completed(batch_of):
                yield batch_of[future], future.result()
        except BrokenProcessPool:
            raise StudyError(
                "a process that simulated studies ended (out of memory, or killed); give the same command again"
            ) from None
        pool.shutdown()


def _tally(batch: _Batch) -> Tally:
    return tally(
        batch.case, root_seed=batch.root_seed, start=batch.start, studies=batch.studies, published=batch.published
    )


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Let every process that is started meanwhile calculate on one thread: there is one process for each core."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
