"""Every bad input of the corpus: the exit code, one line that says what is wrong, and nothing written."""

from __future__ import annotations

import contextlib
import functools
import importlib
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from study.__main__ import main
from study.execution import scheduling
from study.images import figures
from tests.bad_input.corpus import BadInput

# Keras asks arrays for a copy as older NumPy took it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

FOLDER = Path(__file__).parent
REGISTRATION = FOLDER.parents[1] / "preregistration.md"
LONGEST_LINE = 2_000
SECONDS = 60  # that a row may take; most take a hundredth of one


def corpus() -> list[BadInput]:
    """Return the rows of all modules of this folder."""
    modules = [path.stem for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("test_")]
    return [row for name in modules for row in getattr(importlib.import_module(f"tests.bad_input.{name}"), "ROWS", ())]


CORPUS = corpus()


def started(*arguments: object, **options: object) -> None:
    """Fail: stands in place of what takes long."""
    pytest.fail("the long part was begun")


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Fail where a block hangs."""

    def give_up(number: int, frame: object) -> None:
        pytest.fail(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def contents(place: Path) -> dict[str, tuple[int, int, int]]:
    """Return kind, size and time of all that lies below a folder; of folders no time. Nothing is opened."""
    states = {}
    for path in place.rglob("*"):
        state = path.lstat()
        is_file = not path.is_dir() or path.is_symlink()
        states[str(path)] = (state.st_mode, is_file * state.st_size, is_file * state.st_mtime_ns)
    return states


@pytest.fixture(scope="module", autouse=True)
def images_drawn_once() -> Iterator[None]:
    """Draw each image that no row is about once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_block", functools.lru_cache(maxsize=100)(figures._block))
        yield


@pytest.mark.parametrize("row", CORPUS, ids=[f"{row.kind}: {row.what}" for row in CORPUS])
def test_input_is_refused_in_one_line(
    row: BadInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code is the row's, the line is printable and says what it must, and nothing is written or begun."""
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(scheduling, "run_networks", started)
    if row.command == "probe_model":
        from study.networks import backend

        backend.configure_process()  # other tests in this process ask for it, and TensorFlow takes it only once
    arguments = row.make(place)
    registration = ["--preregistration", str(REGISTRATION)] if row.command else []
    before = contents(place)
    capfd.readouterr()
    with limited(SECONDS):
        code = main([*([row.command] if row.command else []), *registration, *arguments])
    out, err = capfd.readouterr()
    assert code == row.code, err
    assert contents(place) == before
    check_output(row, out, err)


def check_output(row: BadInput, out: str, err: str) -> None:
    """Check what was said: one line where something was refused, and only what a terminal may be sent."""
    assert "Traceback" not in out + err
    assert all(line.isprintable() for line in (out + err).split("\n"))
    if row.code:
        assert err.endswith("\n")
        lines = err.splitlines()
        assert len(lines) == row.lines, err
        assert all(line.startswith("study: ") and len(line) <= LONGEST_LINE for line in lines)
    else:
        assert err == ""
    for part in row.says:
        assert part in (err if row.code else out)


def test_the_corpus_is_large_and_no_row_stands_twice() -> None:
    """At least 150 inputs, each named once; none expects a bug."""
    names = Counter((row.kind, row.what) for row in CORPUS)
    assert [name for name, count in names.items() if count > 1] == []
    assert all(row.code != 70 and row.says for row in CORPUS)
    assert len(CORPUS) >= 150
