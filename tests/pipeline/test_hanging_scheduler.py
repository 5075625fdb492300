"""A scheduler that takes calls and does not answer them, as one on a machine that swaps or behind a broken network."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest

from study.execution import cluster, scheduling
from study.vocabulary.errors import StudyError
from tests.pipeline.by_hand import ended, outcomes, plan, recorded, scheduler, wait_for_workers, worker


@pytest.mark.slow
def test_scheduler_that_hangs_is_told_of_and_waited_for_or_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped as a machine that swaps: said once, gone on with when it answers again, given up after the time set."""
    monkeypatch.setattr(scheduling, "CENSUS_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 2)
    folder = recorded(tmp_path)
    with ended() as processes:
        process, file, address = scheduler(tmp_path / "scheduler")
        processes += [process, worker(tmp_path / "worker", address, "--no-nanny")]
        wait_for_workers(address, 1)
        for patience, goes_on in ((0, True), (3, False)):
            said: list[str] = []
            running = outcomes(plan(6), file, folder, patience=patience, say=said.append)
            next(running)
            os.kill(process.pid, signal.SIGSTOP)
            if goes_on:
                timer = threading.Timer(6, os.kill, [process.pid, signal.SIGCONT])
                timer.start()
                assert [outcome.failure for outcome in running] == [""] * 5
                assert len(said) == 2
                assert "it is waited for as long as it takes (execution.scheduler_timeout)" in said[0]
                assert said[1] == f"the scheduler at {address} answers again"
            else:
                with pytest.raises(
                    StudyError, match=rf"{re.escape(address)} has not answered for \d+ seconds; what is"
                ):
                    list(running)
                assert len(said) == 1
                assert "it is given up after 3 (execution.scheduler_timeout)" in said[0]
