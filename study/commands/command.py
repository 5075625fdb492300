"""What all commands share: one way to end, with an exit code and at most one line on standard error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from study.vocabulary.errors import StudyError

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its command line, what it does, and what an interruption leaves behind.

    `parser` and the module that declares the command need the standard library alone, so that `--help` answers at once;
    `run` imports the rest, and returns DONE or FAILED.
    """

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
            0 done, 1 done but something failed, 2 refused, 130 interrupted. The last two say why in one line.
        """
        parsed = self.parser().parse_args(arguments)
        try:
            return self.run(parsed)
        except StudyError as error:
            print(f"study: {error}", file=sys.stderr)
            return REFUSED
        except KeyboardInterrupt as stop:
            print(f"study: {str(stop) or 'interrupted'}; {self.after_interruption}", file=sys.stderr)
            return INTERRUPTED
