"""How a command is told to end early, and how it does: by whatever signal, once.

A terminal sends SIGINT (Ctrl-C) and SIGHUP (it was closed), batch systems and containers send SIGTERM and a few seconds
later SIGKILL. The three that can be caught become `KeyboardInterrupt` in the main thread, so that what an interruption
cleans up is cleaned up whatever the signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 8.0  # for cleaning up; containers are killed ten seconds after they were told to end
_AGAIN_SECONDS = 0.05  # after which an interruption that was lost is raised again


class Ending:
    """Whether, and by what, this process was told to end."""

    def __init__(self, last_words: Callable[[Ending], None]) -> None:
        """Begin with a process that was not told; `last_words` says so in another thread when cleaning up hangs."""
        self.signal: int = 0
        self._last_words = last_words
        self._lost = False
        self._over = threading.Event()

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells have it."""
        return 128 + (self.signal or signal.SIGINT)

    def words(self, where: object = "") -> str:
        """Return what happened, such as 'interrupted by SIGTERM with 3 of 8 networks done'."""
        name = "" if self.signal in (0, signal.SIGINT) else f" by {signal.Signals(self.signal).name}"
        return f"interrupted{name} {where}".rstrip()

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the main thread, once: whoever sends a second signal is told by the end that comes anyway."""
        if self.signal and not self._lost:
            return
        self.signal, self._lost = self.signal or number, False
        raise KeyboardInterrupt

    def unraisable(self, before: Callable[[Any], Any], what: Any) -> None:
        """Interrupt again where the interruption came at a moment, such as in a finaliser, that swallows exceptions."""
        if not self.signal:
            before(what)
        elif issubclass(what.exc_type, KeyboardInterrupt):
            self._lost = True
            main = threading.main_thread().ident or 0
            again = threading.Timer(_AGAIN_SECONDS, signal.pthread_kill, (main, self.signal))
            again.daemon = True
            again.start()

    def watch(self, told: int) -> None:
        """Wait for a signal, then for the end of the block; where that does not come, end the process."""
        number = next((byte[0] for byte in iter(lambda: os.read(told, 1), b"") if byte[0] in ENDING), 0)
        if number and not self._over.wait(GRACE_SECONDS):
            self.signal = self.signal or number
            self._last_words(self)
            os._exit(self.exit_code)
        while os.read(told, 64):  # until the other end is closed
            pass
        os.close(told)

    def over(self) -> None:
        """Say that the block has ended."""
        self._over.set()


@contextlib.contextmanager
def interruptible(last_words: Callable[[Ending], None]) -> Iterator[Ending]:
    """Raise `KeyboardInterrupt` inside the block when the process is told to end; the second time, do nothing.

    What was set to be ignored, as SIGHUP under nohup and SIGINT in the background of a shell, is ignored; handlers that
    somebody else has set are left alone, and so are threads other than the main one.

    Parameters
    ----------
    last_words
        Called in another thread, `GRACE_SECONDS` after the signal, where the block has not ended; then the process ends.
    """
    ending = Ending(last_words)
    ours = [number for number in ENDING if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)]
    if not ours or threading.current_thread() is not threading.main_thread():
        yield ending
        return
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    threading.Thread(target=ending.watch, args=(told,), daemon=True).start()
    unraisable = sys.unraisablehook
    sys.unraisablehook = lambda what: ending.unraisable(unraisable, what)
    before = {number: signal.signal(number, ending.handle) for number in ours}
    woken = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)  # told even while the main thread is in a long call
    try:
        yield ending
    finally:
        ending.over()
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = unraisable
        os.close(tell)  # which ends the thread


@contextlib.contextmanager
def during(where: Callable[[], str]) -> Iterator[None]:
    """Let an interruption inside the block say where it was, in words that follow 'interrupted'; the inner ones win."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(str(stop) or where()) from None


def nothing_more(exit_code: int) -> None:
    """Let nothing disturb the few moments that the interpreter takes to end, and after an interruption say nothing."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    if exit_code > 128:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
