"""Write the generated tables of a registration: `python -m study.registration [preregistration.md]`."""

from __future__ import annotations

import sys
from pathlib import Path

from study.registration.overview import write_tables
from study.vocabulary.errors import StudyError, console_line, shown


def main(arguments: list[str]) -> int:
    """Write the tables of the file that is named, preregistration.md where none is, and return the exit code."""
    path = Path(arguments[0] if arguments else "preregistration.md")
    try:
        written = write_tables(path)
    except (StudyError, OSError) as error:
        print(console_line(f"study: {error}"), file=sys.stderr)
        return 2
    print(f"{shown(path)}: {'tables written' if written else 'tables are as they should be'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
