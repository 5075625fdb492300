"""What people are told to type is called as they called it: commands are written `python -m study` and said as started."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Final

_WRITTEN: Final = re.compile(r"(?<![\w/.-])python -m study(?= )")
_SCRIPTS: Final = ("study", "study-run")  # of pyproject.toml


def as_started(text: str) -> str:
    """Return a text in which commands can be typed where this process was started.

    `python -m study run` becomes `study run` where the console script was started, and `.venv/bin/python -m study run` where
    this Python lies below the working directory and `python` is another or none.
    """
    return _WRITTEN.sub(_called(), text)


def _called() -> str:
    started, python = Path(sys.argv[0]), Path(sys.executable)
    if started.stem in _SCRIPTS:
        return "study"
    found = shutil.which("python")
    below = Path(*python.parts[-3:])
    is_module = started.parent.name == "study"  # as python -m gives it
    is_below = below.parent.is_dir() and below.parent.samefile(python.parent)
    if is_module and is_below and not (found and Path(found).parent.samefile(python.parent)):
        return f"{below} -m study"
    return "python -m study"
