"""What CONTRIBUTING.md and the hooks say of the project is so."""

from __future__ import annotations

import re
from pathlib import Path

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
