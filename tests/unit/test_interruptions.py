"""What a signal does to a command, in this very process: once, whatever the moment, and nothing that is ignored."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from study.commands.command import Command
from study.vocabulary import signals
from study.vocabulary.errors import StudyError
from study.vocabulary.signals import ENDING, during, interruptible

ROOT = Path(__file__).parents[2]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """Handle the three signals as a program that was just started does, whoever started the tests."""
    before = {number: signal.getsignal(number) for number in ENDING}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ended(run: Callable[[argparse.Namespace], int]) -> int:
    """Return the exit code of a command that does something."""
    command = Command(summary="Is one.", parser=argparse.ArgumentParser, run=run, after_interruption="begin again")
    return command.main([])


@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGINT, ""), (signal.SIGTERM, " by SIGTERM"), (signal.SIGHUP, " by SIGHUP")]
)
def test_each_signal_is_one_line_and_its_exit_code(number: int, by: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says where it came, what cleans up has done so, and a second signal meanwhile changes nothing."""
    cleaned = []

    def run(arguments: argparse.Namespace) -> int:
        with during(lambda: "with 2 of 3 done"):
            try:
                signal.raise_signal(number)
                time.sleep(10)
            finally:
                signal.raise_signal(number)
                signal.raise_signal(signal.SIGTERM)
                cleaned.append(True)
        return 0

    assert ended(run) == CODES[signal.Signals(number)]
    assert capsys.readouterr().err == f"study: interrupted{by} with 2 of 3 done; begin again\n"
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("error", [StudyError("the scheduler is gone"), RuntimeError("closed"), OSError(5, "gone")])
def test_what_fails_because_of_a_signal_is_an_interruption(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a refusal nor a fault of the program is told of."""

    def run(arguments: argparse.Namespace) -> int:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        raise error

    assert ended(run) == 143
    assert capsys.readouterr().err == "study: interrupted by SIGTERM; begin again\n"


def test_innermost_words_win() -> None:
    """What is nearer knows better where it was."""
    with (
        pytest.raises(KeyboardInterrupt, match="while reading"),
        during(lambda: "outside"),
        during(lambda: "while reading"),
    ):
        raise KeyboardInterrupt


class _Finalised:
    """Is interrupted while it is finalised, where Python swallows every exception."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_interruption_that_python_swallows_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It is raised again a moment later, and nobody hears of the first."""

    def run(arguments: argparse.Namespace) -> int:
        made = [_Finalised()]
        made.clear()
        time.sleep(10)
        return 0

    started = time.monotonic()
    assert ended(run) == 143
    assert time.monotonic() - started < 5
    assert capsys.readouterr().err == "study: interrupted by SIGTERM; begin again\n"


def test_what_is_ignored_stays_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    """SIGHUP under nohup, SIGINT in the background of a shell; a handler of somebody else's is his."""
    calls = []

    def theirs(number: int, frame: FrameType | None) -> None:
        calls.append(number)

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, theirs)

    def run(arguments: argparse.Namespace) -> int:
        for number in ENDING:
            signal.raise_signal(number)
        return 0

    assert ended(run) == 0
    assert calls == [signal.SIGTERM]
    assert capsys.readouterr().err == ""


def test_no_descriptor_stays_open() -> None:
    """A script that runs a thousand commands keeps none of their pipes."""
    with interruptible(lambda ending: None):
        pass
    time.sleep(0.2)
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        with interruptible(lambda ending: None):
            pass
    time.sleep(0.2)
    assert len(os.listdir("/dev/fd")) <= before + 1


_STUCK = """
import argparse, signal, sys, time
from study.commands.command import Command, as_process
from study.vocabulary import signals
signals.GRACE_SECONDS = 0.5

def run(arguments):
    print("ready", flush=True)
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass

as_process(lambda: Command(summary="", parser=argparse.ArgumentParser, run=run, after_interruption="begin again").main([]))
"""


def test_cleaning_up_that_hangs_is_cut_short() -> None:
    """After a time less than what containers give, the process ends with its line and the exit code of the signal."""
    assert signals.GRACE_SECONDS < 10
    with subprocess.Popen(
        [sys.executable, "-c", _STUCK], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err == "study: interrupted by SIGTERM; begin again\n"
