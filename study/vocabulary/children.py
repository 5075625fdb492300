"""Processes that a command starts: they end with it, however it ends, and signals reach it alone.

What a terminal or a batch system sends to a whole group of processes would make each of them say something, and die in
the middle of what the command wants to clean up. So the processes get no such signal: the command does, and ends them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

from study.vocabulary.signals import ENDING

_QUIETLY = "ignore:resource_tracker"  # as the interpreter's option -W


@contextlib.contextmanager
def unsignalled() -> Iterator[None]:
    """Start threads and processes inside that signals to the whole group pass by; those to this one wait meanwhile.

    So does the process that multiprocessing starts to count semaphores, which a hang-up would end before its time.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        _start_tracker()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # starting it has let two of them through
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Start the process that removes the semaphores of a process that was killed, and let it do so without a word."""
    sys.warnoptions.append(_QUIETLY)
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_QUIETLY)


@contextlib.contextmanager
def no_children_left() -> Iterator[None]:
    """Kill the processes that multiprocessing started inside the block and that are there when it ends."""
    before = set(multiprocessing.active_children())
    try:
        yield
    finally:
        children: set[BaseProcess] = set(multiprocessing.active_children()) - before
        for child in children:
            child.kill()
        for child in children:
            child.join(1)


def end_with_parent() -> None:
    """End this process, started by multiprocessing, as soon as the one that started it has ended, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
