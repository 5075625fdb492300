"""What the README names is there: questions, in the row of their arm, and commands.

A question that is added need not be named in it: its folder is its registration.
"""

from __future__ import annotations

import re
from pathlib import Path

from study.__main__ import COMMANDS
from study.analysis.questions import questions
from study.vocabulary.schema import ARMS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """Return the README's table below a heading line: the first cell of each row to the others."""
    _, below = README.split(f"{heading}\n", 1)
    rows = re.match(r"(?:\|.*\n)+", below)
    assert rows, heading
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[1:]]
    return {first.strip("`"): others for first, *others in cells}


def test_questions_stand_in_the_row_of_their_arm() -> None:
    """Those that are named are asked of that arm's networks."""
    rows = table("| arm | networks | measured | questions |")
    assert list(rows) == list(ARMS)
    for arm, cells in rows.items():
        for name in cells[-1].split(", "):
            assert questions()[name].arm == arm, name


def test_every_command_has_a_row() -> None:
    """In the order in which the program lists them."""
    assert list(table("| command | what it does | exit code 1 |")) == list(COMMANDS)
