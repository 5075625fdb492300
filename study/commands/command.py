"""What all commands share: one way to end, with an exit code and at most one line on standard error."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from study.commands.started import as_started
from study.vocabulary.errors import ManyFaultsError, StudyError, console_line, one_line, quoted
from study.vocabulary.signals import Ending, interruptible, nothing_more
from study.vocabulary.streams import lossy_streams
from study.vocabulary.text import meant

DONE, FAILED, REFUSED, BUG, UNSAID = 0, 1, 2, 70, 74  # and 128 + the number of the signal that ended it


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its command line, what it does, and what an interruption leaves behind.

    `summary` is its line in the list of commands. `parser` and the module that declares the command need the standard
    library alone, so that `--help` answers at once; `run` imports the rest, and returns DONE or FAILED.
    """

    summary: str
    parser: Callable[[], argparse.ArgumentParser]
    run: Callable[[argparse.Namespace], int]
    after_interruption: str

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run the command line and return the exit code.

        Parameters
        ----------
        arguments
            Those of the process where left out.

        Returns
        -------
        int
            0 done, 1 done but something failed, 2 refused, 70 a fault of this program, 129, 130 or 143 told to end by
            SIGHUP, SIGINT or SIGTERM. All but the first two say why in one line.
        """
        with interruptible(self._say_last) as ending:
            try:
                try:
                    return self.run(self.parser().parse_args(arguments))
                except Exception as error:
                    if ending.signal:  # an interruption makes other things fail
                        raise KeyboardInterrupt from None
                    return failed(error)
            except KeyboardInterrupt as stop:
                say(f"{ending.words(stop)}; {self.after_interruption}")
                return ending.exit_code

    def _say_last(self, ending: Ending) -> None:
        say(f"{ending.words()}; {self.after_interruption}")


def as_process(main: Callable[[], int]) -> NoReturn:
    """End this process with the exit code of its command; a closed standard output costs words, no work.

    Where standard output is full, what was said is lost and 74 says so, if nothing worse is to be told.
    """
    with lossy_streams() as streams:
        try:
            code = main()
        except SystemExit as end:  # the help was asked for, or the command line not understood
            code = end.code if isinstance(end.code, int) else DONE
        except KeyboardInterrupt:  # before the command took over
            say("interrupted; nothing was begun")
            code = 128 + signal.SIGINT
        sys.stdout.flush()
        if streams.refusal and code == DONE:
            say(f"standard output cannot be written ({streams.refusal}): what was done is done, what was said is lost")
            code = UNSAID
    nothing_more(code)
    sys.exit(code)


def failed(error: Exception) -> int:
    """Say what went wrong in one line, or one for each thing that is refused, and return the exit code."""
    if isinstance(error, StudyError):
        for line in error.lines if isinstance(error, ManyFaultsError) else (str(error),):
            say(line)
        return REFUSED
    # Whatever it is, a fault of this program: people get a line, its makers the traceback.
    say(f"a fault of this program, not of what you gave it: {described(error)}; {traceback_place(error)}")
    return BUG


def say(message: str) -> None:
    """Print one line on standard error, whatever stands in the message."""
    print(console_line(as_started(f"study: {message}")), file=sys.stderr)


def refuse_command(name: str, known: Sequence[str]) -> int:
    """Say that there is no such command, and return the exit code."""
    say(f"{quoted(name)} is no command{meant(name, known)}; the commands are {', '.join(known)}")
    return REFUSED


def described(error: BaseException) -> str:
    """Return the type of an error and what it says, in one line."""
    kind, said = type(error).__name__, one_line(error)
    return kind if said == kind else f"{kind} ({said})"


def traceback_place(error: BaseException) -> str:
    """Write the traceback of an error into a new file for temporary things, and return where it is and what to do."""
    text = "".join(traceback.format_exception(error))
    try:
        descriptor, path = tempfile.mkstemp(prefix="study-traceback-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as refused:
        return f"its traceback could not be written ({one_line(refused)})"
    return f"its traceback is in {path}; please report it. What is done is kept: rerunning goes on there"
