"""Processes that begin together, beside each other: each says when it is warm and waits for the word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def run_beside(command: Sequence[str], count: int, **environment: str) -> list[Any]:
    """Return what each of so many processes of a command tells by `begin_together`, with more environment variables.

    Raises
    ------
    SystemExit
        When one of them does not start.
    """
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        )
        for _ in range(count)
    ]
    for process in processes:
        if process.stdout is None or process.stdout.readline().strip() != "warm":
            raise SystemExit(f"does not start: {' '.join(command)}")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in processes]


def begin_together(measure: Callable[[], Any]) -> None:
    """Be such a process: say that it is warm, wait for the word, and tell what is measured then."""
    print("warm", flush=True)
    sys.stdin.readline()
    print(json.dumps(measure()), flush=True)
