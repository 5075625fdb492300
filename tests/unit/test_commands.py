"""What all commands share: exit codes, one line on standard error, and the list that `python -m study` prints."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from study import __main__ as listing
from study.commands.command import Command
from study.commands.started import as_started
from study.vocabulary.errors import StudyError


def command(run: Callable[[argparse.Namespace], int]) -> Command:
    """Return a command without arguments that does something."""
    return Command(
        summary="Do something.", parser=argparse.ArgumentParser, run=run, after_interruption="nothing was written"
    )


def raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    """Return what raises an error in place of doing something."""

    def run(arguments: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize("code", [0, 1])
def test_a_command_that_ends_gives_its_own_exit_code(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """0 done, 1 done but something failed; nothing is added on standard error."""
    assert command(lambda arguments: code).main([]) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StudyError("--n 0 is not allowed"), 2, "study: --n 0 is not allowed\n"),
        (KeyboardInterrupt(), 130, "study: interrupted; nothing was written\n"),
        (KeyboardInterrupt("with 3 of 4 done"), 130, "study: interrupted with 3 of 4 done; nothing was written\n"),
    ],
)
def test_refusals_and_interruptions_are_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the user can put right ends with 2, an interruption with 130."""
    assert command(raising(error)).main([]) == code
    assert capsys.readouterr().err == line


def test_a_programming_error_is_one_line_and_a_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has an exit code of its own; whatever its message holds, people get one line that names the file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert command(raising(ZeroDivisionError("a\nstudy: all is well"))).main([]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    (written,) = tmp_path.iterdir()
    assert "ZeroDivisionError (a study: all is well)" in line
    assert str(written) in line
    assert written.read_text(encoding="utf-8").startswith("Traceback")


def test_a_traceback_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full or missing disk does not hide the error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert command(raising(ZeroDivisionError())).main([]) == 70
    assert "ZeroDivisionError; its traceback could not be written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_commands_are_listed_with_a_line_each(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each name is followed by the first line of its module."""
    assert listing.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in listing.COMMANDS:
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert line.endswith("."), line


def test_an_unknown_command_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With the allowed set, and exit code 2."""
    assert listing.main(["runn"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("study: 'runn' is no command (did you mean run?); the commands are run, ")
    assert all(name in line for name in listing.COMMANDS)


def test_a_listed_command_gets_the_arguments_that_follow_it(capsys: pytest.CaptureFixture[str]) -> None:
    """And its exit code is that of the whole."""
    assert listing.main(["calibrate", "--studies", "0"]) == 2
    assert capsys.readouterr().err.startswith("study: --studies 0 is not allowed")
    with pytest.raises(SystemExit, match="0"):
        listing.main(["run", "--help"])
    assert "python -m study run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("started", "python", "called"),
    [
        ("/anywhere/bin/study", "/anywhere/bin/python", "study run"),
        ("C:/Scripts/study-run.exe", "/anywhere/bin/python", "study run"),
        ("study/__main__.py", "{here}/.venv/bin/python", ".venv/bin/python -m study run"),
        ("study/__main__.py", "/usr/bin/python3", "python -m study run"),
        ("/bin/pytest", "{here}/.venv/bin/python", "python -m study run"),
    ],
)
def test_what_is_to_be_typed_is_called_as_this_process_was(
    started: str, python: str, called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script alone is on the path of who installed the program; in a checkout `python` is not that of the environment."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(sys, "executable", python.format(here=tmp_path))
    said = as_started("no study here: `python -m study run` makes one")
    assert said == as_started(said) == f"no study here: `{called}` makes one"
