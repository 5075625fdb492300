"""The smallest study that goes all the way, ways to run one, and what a folder holds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import xarray as xr

from study.config import resolve
from study.config.population import PlannedNetwork, planned_networks
from study.images import load_images
from study.store import StudyFolder
from tests.example_registration import cut_down

ROOT = Path(__file__).parents[2]
WHOLE_REGISTRATION = ROOT / "preregistration.md"
REGISTERED = ("existence-selective-units", "existence-above-shuffle", "untrained-weaker", "generalization-lower-layers")
NAME = "tiny"
BRIEFLY_MEASURED = (
    "population.seeds=1",
    "probe.permutations=100",
    "ablation.null_draws=20",
    "ablation.null_images=32",
    "shift_invariance.test_images=0",
    "maturation.seeds=0",
    "memorization.seeds=0",
    "rearing.seeds=0",
    "replication.seeds=0",
)
SETTINGS = (
    *BRIEFLY_MEASURED,
    "images.train_images=320",
    "images.validation_images=100",
    "images.test_images=200",
    "training.epochs=1",
    "population.augmentations=none,shift,flip",
    "multiverse.readouts=[]",
    "multiverse.gratings=[]",
)
TIMEOUT = 300  # seconds for a run that takes a tenth of it on a free machine

# Runs the command line and leaves the names of the modules that its process ever imported.
_WITNESS = """
import pathlib, sys
from study.run import main
code = main(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(chr(10).join(sys.modules))
sys.exit(code)
"""

# A shell that runs the tests in the background ignores interrupts, and its children inherit that.
_INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "study", "run", *sys.argv[1:]])
"""


def some_of_it(text: str, names: Sequence[str] = REGISTERED) -> Path:
    """Return a registration of a few hypotheses, so that the many runs here draw few figures."""
    content = cut_down(text[: text.index("## Multiverse")], names).encode()
    path = Path(tempfile.gettempdir()) / f"registration-{hashlib.sha256(content).hexdigest()[:16]}.md"
    if not path.exists():
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_bytes(content)
        beside.replace(path)
    return path


REGISTRATION = some_of_it(WHOLE_REGISTRATION.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Finished:
    """A run that ended: its working directory, exit code, what it said, and the modules its process imported."""

    place: Path
    code: int
    out: str
    err: str
    modules: frozenset[str] = frozenset()

    @property
    def folder(self) -> StudyFolder:
        """The study's folder."""
        return tiny_folder(self.place)

    @property
    def report(self) -> Path:
        """The study's report."""
        return self.place / "reports" / f"{NAME}.html"

    def opened(self) -> xr.DataTree:
        """Return the compacted study as a user opens it, in memory."""
        with xr.open_datatree(self.folder.compacted, engine="zarr") as tree:
            return tree.load()


def tiny_folder(place: Path) -> StudyFolder:
    """Return the folder of the tiny study in a working directory."""
    return StudyFolder(place / "data" / NAME)


def arguments(*more: str, settings: tuple[str, ...] = SETTINGS) -> list[str]:
    """Return the command line of the tiny study; of two that say the same the later wins."""
    return ["--preregistration", str(REGISTRATION), "--name", NAME, *assigned(settings), *more]


def assigned(settings: Sequence[str]) -> list[str]:
    """Return settings as the command line takes them."""
    return [part for setting in settings for part in ("--set", setting)]


def imported_at_start(path: Path, source: str) -> Path:
    """Return a new folder; every process that has it on its search path runs `source` when it starts."""
    path.mkdir()
    (path / "sitecustomize.py").write_text(source)
    return path


def planned() -> tuple[PlannedNetwork, ...]:
    """Return the tiny study's networks."""
    config = resolve("quick", assignments=SETTINGS)
    return planned_networks(config, fingerprint=load_images(config.images).fingerprint)


def run(place: Path, *command_line: str, path: tuple[Path, ...] = ()) -> Finished:
    """Run the command line in a process of its own, working in `place`, and wait for its end."""
    witness = place.parent / f"{place.name}.modules"
    command = [sys.executable, "-c", _WITNESS, str(witness), *command_line]
    done = subprocess.run(
        command, cwd=place, env=_environment(path), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    modules = witness.read_text().split() if witness.exists() else []
    return Finished(place, done.returncode, done.stdout, done.stderr, frozenset(modules))


def start(place: Path, *command_line: str, path: tuple[Path, ...] = ()) -> subprocess.Popen[str]:
    """Start `python -m study run` in `place`, in a session of its own as a terminal would."""
    return subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, *command_line],
        cwd=place,
        env=_environment(path),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(path: tuple[Path, ...]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))}


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is so; give up when the process ends first or takes too long."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode}: {process.communicate()}"
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)


def members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session."""
    living = []
    for process in psutil.process_iter(["status"]):
        try:
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                living.append(process)
        except ProcessLookupError:
            continue
    return living


def kill_session(process: subprocess.Popen[str]) -> None:
    """Kill a process, all others of its session, and close its pipes."""
    for member in members(process.pid):
        member.kill()
    with process:
        process.wait(timeout=60)


def snapshot(place: Path, *, times: bool = False) -> dict[str, object]:
    """Return what every path below a folder is, down to its bytes; with `times`, also when it was last written."""
    return {path.relative_to(place).as_posix(): _state(path, times) for path in sorted(place.rglob("*"))}


def _state(path: Path, times: bool) -> object:
    if path.is_symlink():
        state: object = os.readlink(path)
    else:
        state = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return (state, path.lstat().st_mtime_ns) if times else state


def manifests(folder: StudyFolder) -> dict[str, bytes]:
    """Return the manifest of every published network, which holds the digest of its every file, by key."""
    return {path.stem: (path / "manifest.json").read_bytes() for path in sorted(folder.networks.glob("*.zarr"))}
