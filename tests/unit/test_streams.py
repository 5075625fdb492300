"""Standard output that is closed, full or missing: the work is done, the exit code is told, nothing else is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from study.vocabulary.streams import LossyFile

ROOT = Path(__file__).parents[2]

# Says more than a pipe holds, by print and by rich, and leaves a file when its work is done.
_TALKATIVE = """
import argparse, pathlib, sys
from study.commands.command import Command, as_process

def run(arguments):
    from study.commands.console import print_plain, standard_console
    print("x" * 100_000)
    for _ in range(50):
        print_plain(standard_console(), "y" * 2_000)
    print("said on standard error", file=sys.stderr)
    pathlib.Path(sys.argv[1], "done").touch()
    return int(sys.argv[2])

command = Command(summary="", parser=argparse.ArgumentParser, run=run, after_interruption="")
as_process(lambda: command.main([]))
"""
FULL = (
    "study: standard output cannot be written (No space left on device): what was done is done, what was said is lost\n"
)


@pytest.mark.parametrize(
    ("redirection", "code", "exit_code", "err"),
    [
        ("| head -c 10 >/dev/null", 0, 0, "said on standard error\n"),
        ("| head -c 10 >/dev/null", 1, 1, "said on standard error\n"),
        (">&-", 0, 0, "said on standard error\n"),
        ("<&- >&- 2>&-", 0, 0, ""),
        ("2>&- >/dev/null", 0, 0, ""),
        (">/dev/full", 0, 74, f"said on standard error\n{FULL}"),
        (">/dev/full", 1, 1, "said on standard error\n"),
        (">/dev/full 2>&1", 0, 74, ""),
        ("2>/dev/full >/dev/null", 0, 0, ""),
    ],
)
def test_words_are_lost_and_no_work(redirection: str, code: int, exit_code: int, err: str, tmp_path: Path) -> None:
    """A closed stream leaves the exit code as it is; a full disk that took the words is 74 where all else went well."""
    program = tmp_path / "talkative.py"
    program.write_text(_TALKATIVE)
    line = f'"$0" "$1" "$2" {code} {redirection}; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable, program, tmp_path],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr, done.stdout) == (exit_code, err, "")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("command", ["study", "study.run"])
def test_help_that_nobody_reads_is_quiet(command: str) -> None:
    """`--help | true` says nothing on standard error."""
    line = f'"$0" -m {command} --help | true; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_refuses_remembers_why() -> None:
    """The first reason is kept; what comes later is taken without a word."""
    with open("/dev/full", "wb", buffering=0) as full:
        lossy = LossyFile(full.fileno(), "wb", closefd=False)
        assert lossy.write(b"abc") == 3
        assert lossy.write(memoryview(b"abcd")) == 4
        assert lossy.failure is not None
        assert "No space left" in str(lossy.failure)
