"""What a person sees while the study runs: live bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from study.vocabulary.errors import console_line
from study.vocabulary.measurement import measurements
from study.vocabulary.schema import ARMS, GENERALIZATION
from study.vocabulary.signals import during

CONCLUSION_SECONDS = 60.0  # from the last network to the end; 36 to 69 measured with profile quick
_TELLING = 0.25  # networks that must have been gone through before their speed says anything


class Display:
    """One overall bar and one bar for each network in work."""

    def __init__(
        self,
        console: Console,
        *,
        labels: Mapping[str, str],
        done: int,
        total: int,
        arms: Mapping[str, str] | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the display.

        Parameters
        ----------
        console
            Where to draw.
        labels
            A network's key to the words it is called by.
        done, total
            Networks done before this run, and in all.
        arms
            A network's key to its arm, which decides its stages; `generalization` where left out.
        seconds
            That the networks are expected to take, until their speed is known; None where nobody knows.
        clock
            Gives seconds.
        """
        self._console, self._labels, self._total, self._done = console, labels, total, done
        self._arms, self._before, self._expected = arms or {}, done, seconds
        self._clock, self._began = clock, clock()
        self._live = console.is_terminal
        texts = ("{task.description}", "{task.fields[count]}", "{task.fields[left]}")
        description, count, left = (TextColumn(text, markup=False) for text in texts)
        bar = BarColumn(bar_width=20)
        self._progress = Progress(
            SpinnerColumn(), description, bar, count, TimeElapsedColumn(), left, console=console, transient=True
        )
        self._bars: dict[str, TaskID] = {}
        self._overall = self._progress.add_task("all networks", total=total, completed=done, count="", left="")
        self._show_all()

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._live:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        if self._live:
            self._progress.stop()

    def watch(self, key: str, stage: str, share: float, words: str = "") -> None:
        """Show how far a network is, and in words what is done; a stage that nobody weighed leaves the bar where it is."""
        if not self._live or key not in self._labels:
            return
        if key not in self._bars:
            self._bars[key] = self._progress.add_task("", total=100, count="0 %", left="")
        bar = self._bars[key]
        self._progress.update(
            bar,
            completed=percent(self._arms.get(key, GENERALIZATION), stage, share),
            description=console_line(f"{self._labels[key]}: {words or stage}"),
        )
        self._progress.update(bar, count=f"{self._progress.tasks[self._progress.task_ids.index(bar)].completed:.0f} %")
        self._show_all()

    def ended(self, key: str, text: str) -> None:
        """Say what became of a network, in a line that stays."""
        self._done += 1
        if key in self._bars:
            self._progress.remove_task(self._bars.pop(key))
        self._show_all()
        line = console_line(f"[{self._done}/{self._total}] {self._labels[key]}: {text}")
        self._progress.console.print(line, markup=False, emoji=False, highlight=False)

    def _show_all(self) -> None:
        """Show how much is done, networks in work included, and when all of the run will be."""
        in_work = sum(task.completed for task in self._progress.tasks if task.id != self._overall) / 100
        completed = self._done + in_work
        left = self._seconds_left(completed - self._before, self._total - completed)
        self._progress.update(
            self._overall,
            completed=completed,
            count=f"{self._done} of {self._total} networks",
            left="" if left is None else f"about {time_text(left + CONCLUSION_SECONDS)} left for all",
        )

    def _seconds_left(self, gained: float, remaining: float) -> float | None:
        """Return the seconds to the last network: by the speed so far as far as that tells, else by the estimate."""
        by_speed = (self._clock() - self._began) * remaining / gained if gained >= _TELLING else None
        if self._expected is None:
            return by_speed
        by_estimate = self._expected * remaining / max(self._total - self._before, 1)
        weight = 0.0 if by_speed is None else min(1.0, gained)  # at first most of the time goes into starting
        return weight * (by_speed or 0.0) + (1 - weight) * by_estimate


def time_text(seconds: float) -> str:
    """Return a duration in the largest unit that tells it to a person."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.0f} h"


def stages_of(arm: str) -> dict[str, tuple[float, float]]:
    """Return the stages of a network's bar: where each starts, and how much of the bar it is."""
    stages = [one.stage for one in measurements().values() if one.stage and arm in (*one.arms, *one.where_asked)]
    whole, start, places = sum(stage.weight for stage in stages), 0.0, {}
    for stage in stages:
        places[stage.name] = (start / whole, stage.weight / whole)
        start += stage.weight
    return places


def percent(arm: str, stage: str, share: float) -> int | None:
    """Return how much of a network is done when so much of a stage is, or None for a stage that nobody weighed."""
    place = stages_of(arm if arm in ARMS else GENERALIZATION).get(stage)
    return None if place is None else round(100 * (place[0] + place[1] * share))


@contextlib.contextmanager
def counted(console: Console, label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield what to call with how many more things are done: a bar on a terminal, a line at every tenth elsewhere.

    Parameters
    ----------
    console
        Where to draw.
    label
        What is counted, in words.
    total
        How many there are; with none, nothing is shown.
    """
    done = 0
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or not total,
    )
    task = progress.add_task(label, total=total)

    def more(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        progress.update(task, completed=done)
        if not console.is_terminal and 10 * before // total < 10 * done // total:
            console.print(f"{label}: {done} of {total}", markup=False, highlight=False)

    with during(lambda: f"with {done} of {total} {label}"), progress:
        yield more


class Steps:
    """Named steps, one after the other: a spinner and a bar on a terminal, a line as each begins anywhere else."""

    def __init__(self, console: Console, total: int) -> None:
        """Prepare so many steps."""
        self._console, self._total, self._begun = console, total, 0

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Yield what to call with how many things are done, and of how many, for as long as a step goes on.

        Parameters
        ----------
        name
            What is done in it, and what is counted: "analysing hypotheses".
        """
        self._begun += 1
        label = console_line(f"step {self._begun} of {self._total}: {name}")
        count = TextColumn("{task.fields[count]}")
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            count,
            TimeElapsedColumn(),
        )
        is_live = self._console.is_terminal
        progress = Progress(*columns, console=self._console, transient=True, disable=not is_live)
        task = progress.add_task(label, total=None, count="")
        if not is_live:
            self._console.print(label, markup=False, emoji=False, highlight=False)

        def at(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, count=f"{done} of {total}")

        with during(lambda: f"while {name}"), progress:
            yield at
