"""What CONTRIBUTING.md and the hooks say of the project is so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_architecture import ROOMS

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LINTERS = ("ruff check", "ruff format --check", "mypy")


def test_the_map_has_every_room_in_the_order_of_the_arrows() -> None:
    """One row a room, as the table of imports has them."""
    rows = re.findall(r"^\| (`[^|]*) \| .", CONTRIBUTING.split("## Glossary")[0], re.MULTILINE)
    assert [room for row in rows for room in re.findall(r"`(\w+)`", row)] == list(ROOMS)


def test_hooks_run_the_linters_that_ci_runs_without_a_network() -> None:
    """From the project's own environment; every one that `make lint` starts, and no other."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: \.venv/bin/(.*)", hooks)
    assert [entry.removesuffix(" --force-exclude") for entry in entries] == list(LINTERS)
    assert re.findall(r"repo: (.*)", hooks) == ["local"]
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:")[1].split("\n\n")[0]
    started = re.findall(r"\$\(BIN\)/(.*)", recipe)
    assert [line.removesuffix(" .") for line in started] == list(LINTERS)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_make_refuses_a_python_of_another_version_before_it_makes_an_environment(
    tmp_path: Path, version: tuple[int, int]
) -> None:
    """One line with the remedy; a `python3` that says it is of that version stands for one, whose .venv would have to go."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    python = tmp_path / "python3"
    told = f"import sys; sys.version_info = {version}; sys.version = '{version[0]}.{version[1]} x'; "
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{told}$2"\n', encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={python}"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    line = done.stderr.splitlines()[0]
    assert line.startswith("Python 3.11 to 3.13 is needed, ") and f" is {version[0]}.{version[1]}: " in line
    assert "make study PYTHON=python3.12" in line
    assert not (tmp_path / ".venv").exists()
