"""What a result came from: versions, machine and commit; nothing that names a person, a host or a path."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "study",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "numpy",
    "scipy",
    "statsmodels",
    "pingouin",
    "pandas",
    "xarray",
    "zarr",
    "numcodecs",
    "dask",
    "distributed",
    "pillow",
    "altair",
    "vl-convert-python",
    "jinja2",
)
_GIT_SECONDS = 20


def environment() -> dict[str, Any]:
    """Return the tuple within which bits are promised: Python, packages, system, CPU model and cores.

    Versions are read from the installed packages' metadata, so nothing heavy is imported; a package that is not
    installed is left out.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: installed for name in PACKAGES if (installed := version(name))},
        "platform": " ".join(part for part in (platform.system(), platform.machine(), *platform.libc_ver()) if part),
        "cpu": _cpu_model(),
        "cores": usable_cores(),
    }


def version(package: str) -> str:
    """Return the version of an installed package, or '' where there is none; the package is not imported."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as its maker gives it, or the machine's type where the system does not tell."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "cpu model")))
    return next(filter(None, names), "") or platform.processor() or platform.machine()


def usable_cores() -> int:
    """Return the cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def git_state(root: Path) -> dict[str, Any] | None:
    """Return the commit of the source and whether it was changed since, or None where that cannot be told.

    A file that is neither tracked nor ignored counts as a change: it may be imported.

    Parameters
    ----------
    root
        The source's folder. None is returned unless it, or a folder above, is a repository that tracks files in it.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if not commit or not _git(root, "ls-files", "--", "."):
        return None
    changes = _git(root, "status", "--porcelain", "--", ".")
    return None if changes is None else {"commit": commit, "dirty": bool(changes)}


def _git(root: Path, *arguments: str) -> str | None:
    """Return what a read-only git command prints, or None when there is no git or it fails."""
    program = shutil.which("git")
    if program is None:
        return None
    # Inside a hook GIT_DIR and its kin would point git at another repository than `root`'s.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            [program, "-C", str(root), *arguments],
            env=clean | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",  # of files' names, which may be any bytes
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
