"""What is printed is what is meant: no name in it breaks a line, colours one, or becomes a picture."""

from __future__ import annotations

import pytest
from rich.table import Table

from study.commands.console import print_plain, standard_console

NAME = "[red]a[/red] :cat: \x1b[31m\nstudy: all is well\u202e caf\udce9"


def test_a_line_is_printed_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Markup stays text; line breaks, escapes of the terminal, directions and bytes that are no UTF-8 are written out."""
    print_plain(standard_console(), f"class {NAME}", "next")
    assert capsys.readouterr().out == (
        "class [red]a[/red] :cat: \\x1b[31m\\nstudy: all is well\\u202e caf\\udce9\nnext\n"
    )


def test_a_cell_of_a_table_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer may be called `[red]`."""
    console, table = standard_console(), Table("layer")
    table.add_row("[red]conv[/red] :cat: [")
    console.print(table)
    assert "[red]conv[/red] :cat: [" in capsys.readouterr().out


def test_a_line_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    """A name of a million characters does not fill the terminal."""
    print_plain(standard_console(), "x" * 1_000_000)
    assert len(capsys.readouterr().out) == 2_001
