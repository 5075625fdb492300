"""Write the generated tables of a registration: `python -m study.registration [preregistration.md]`."""

from __future__ import annotations

import sys
from pathlib import Path

from study.registration.overview import write_tables
from study.vocabulary.errors import StudyError, console_line, shown
from study.vocabulary.signals import Ending, interruptible, nothing_more
from study.vocabulary.streams import lossy_streams


def main(arguments: list[str]) -> int:
    """Write the tables of the file that is named, preregistration.md where none is, and return the exit code."""
    path = Path(arguments[0] if arguments else "preregistration.md")
    with interruptible(_say_interrupted) as ending:
        try:
            written = write_tables(path)
        except KeyboardInterrupt:
            _say_interrupted(ending)
            return ending.exit_code
        except (StudyError, OSError) as error:
            print(console_line(f"study: {error}"), file=sys.stderr)
            return 2
    print(f"{shown(path)}: {'tables written' if written else 'tables are as they should be'}")
    return 0


def _say_interrupted(ending: Ending) -> None:
    print(f"study: {ending.words()}; the same command begins again", file=sys.stderr)


if __name__ == "__main__":
    with lossy_streams():
        code = main(sys.argv[1:])
    nothing_more(code)
    sys.exit(code)
