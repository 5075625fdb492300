"""A scheduler and workers started by hand, each a process that knows nothing of the others but an address.

What is scheduled here are tasks that take a moment, save in the one test that trains.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from study.execution import cluster, scheduling
from study.run import main
from study.store import StudyFolder, read_journal
from study.vocabulary.errors import StudyError
from tests.pipeline.by_hand import (
    ORIGIN,
    ended,
    nap,
    other_keras,
    outcomes,
    overlapping,
    plan,
    recorded,
    scheduler,
    settings,
    wait_for_workers,
    wait_until_gone,
    worker,
)
from tests.pipeline.tiny_study import (
    NAME,
    ROOT,
    TIMEOUT,
    Finished,
    arguments,
    manifests,
    run,
    snapshot,
    start,
    tiny_folder,
    wait_until,
)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A scheduler's file and address; it has two workers, one of four threads, one with a nanny."""
    place = tmp_path_factory.mktemp("elsewhere")
    with ended() as processes:
        process, file, address = scheduler(place / "scheduler")
        processes += [
            process,
            worker(place / "one", address, "--nthreads", "4", "--no-nanny"),
            worker(place / "two", address, "--nthreads", "1"),
        ]
        wait_for_workers(address, 2)
        yield file, address


def test_networks_in_flight_are_as_many_as_worker_processes(
    elsewhere: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes of five threads train two networks at a time, each one of them; workers get absolute paths."""
    folder = recorded(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = list(outcomes(plan(10), elsewhere[1], StudyFolder(Path("data/study"))))
    assert [outcome.failure for outcome in ran] == [""] * 10
    spans: dict[int, list[tuple[float, float]]] = {}
    for outcome in ran:
        assert outcome.entry["folder"] == str(folder.path)
        spans.setdefault(outcome.entry["process"], []).append((outcome.entry["started"], outcome.entry["ended"]))
    assert len(spans) == 2
    assert {overlapping(spans_of_one) for spans_of_one in spans.values()} == {1}
    assert overlapping([span for spans_of_one in spans.values() for span in spans_of_one]) == 2
    assert [entry["key"] for entry in read_journal(folder)] == [outcome.network.key for outcome in ran]


def test_process_trains_one_network_at_a_time(elsewhere: tuple[Path, str], tmp_path: Path) -> None:
    """Six networks are forced upon the worker of four threads: they wait for each other."""
    from distributed import Client

    folder = recorded(tmp_path)
    task = (nap, cluster.Requirements.of(folder), settings(elsewhere[1]), folder, ORIGIN)
    with Client(elsewhere[1], set_as_default=False) as client:
        broad = next(address for address, threads in client.nthreads().items() if threads == 4)
        futures = [client.submit(scheduling.in_worker, one, *task, pure=False, workers=[broad]) for one in plan(6)]
        entries = client.gather(futures)
    assert len({entry["process"] for entry in entries}) == 1
    assert overlapping([(entry["started"], entry["ended"]) for entry in entries]) == 1


@pytest.mark.slow
def test_study_on_a_scheduler_gives_the_same_bytes_even_interrupted(
    elsewhere: tuple[Path, str], tiny: Finished, place: Path
) -> None:
    """By scheduler file, interrupted within seconds, and on by address: manifests are those of the local cluster.

    What the interrupted run left on the workers may publish meanwhile: the first writer wins, with the same bytes.
    """
    file, address = elsewhere
    folder = tiny_folder(place)
    process = start(place, *arguments("--scheduler", str(file)))
    try:
        wait_until(lambda: manifests(folder), process)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert time.monotonic() - started < 5
    assert process.returncode == 130
    assert re.fullmatch(r"study: interrupted with [123] of 3 networks done; the same command goes on from there\n", err)
    done = run(place, *arguments("--scheduler", address))
    assert done.code == 0, done.err
    assert done.err == ""
    assert manifests(folder) == manifests(tiny.folder)
    assert not {"tensorflow", "keras"} & done.modules
    assert not folder.worker_log.exists()  # standard error of a process elsewhere is its own


Refusal = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Return a function that gives the line with which a scheduler is refused, when nothing was written."""
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 1)
    monkeypatch.chdir(tmp_path)

    def refusal(*command_line: str) -> str:
        before = snapshot(tmp_path)
        code = main(arguments(*command_line))
        err = capsys.readouterr().err
        assert code == 2, err
        assert snapshot(tmp_path) == before
        assert re.fullmatch(r"study: .+\n", err), err
        return err

    return refusal


def test_scheduler_that_is_none_is_refused(refused: Refusal, tmp_path: Path) -> None:
    """A form that is no address, a file that is missing or something else, `--workers` beside: exit code 2, one line."""
    (tmp_path / "other.json").write_text("{}")
    assert "'http://host:1'" in refused("--scheduler", "http://host:1")
    assert "missing.json: does not exist" in refused("--scheduler", "missing.json")
    assert "other.json: is no scheduler file" in refused("--scheduler", "other.json")
    assert "--workers: execution.workers = 2" in refused("--workers", "2", "--scheduler", "other.json")


def test_scheduler_that_does_not_answer_is_refused(refused: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, or somebody who says nothing: said within the time that is told."""
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 1)
    line = "does not answer within 1 seconds; start it with `dask scheduler`"
    assert f"--scheduler tcp://127.0.0.1:9: {line}" in refused("--scheduler", "tcp://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert line in refused("--scheduler", f"tcp://127.0.0.1:{silent.getsockname()[1]}")


def test_worker_is_no_scheduler(elsewhere: tuple[Path, str], refused: Refusal) -> None:
    """Its address looks the same."""
    from distributed import Client

    with Client(elsewhere[1], set_as_default=False) as client:
        address = next(iter(client.nthreads()))
    assert f"--scheduler {address}: a Worker answers there, no scheduler" in refused("--scheduler", address)


def test_scheduler_without_workers_is_refused(refused: Refusal, tmp_path: Path) -> None:
    """It answers, and has none within the time that is told."""
    with ended() as processes:
        process, file, address = scheduler(tmp_path.parent / f"{tmp_path.name}-scheduler")
        processes.append(process)
        line = refused("--scheduler", str(file))
    assert f"the scheduler at {address} has no workers, for 1 seconds now; start some with `dask worker" in line


def test_scheduler_is_not_needed_when_nothing_is_left_to_do(
    copied: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finished study is analysed again without asking anybody."""
    monkeypatch.chdir(copied.place)
    assert main(arguments("--scheduler", "tcp://127.0.0.1:9")) == 0
    assert f"report: reports/{NAME}.html" in capsys.readouterr().out


def test_dry_run_asks_no_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells what one worker would need, shows the setting, and neither connects nor writes."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments("--dry-run", "--scheduler", "tcp://127.0.0.1:9")) == 0
    out = capsys.readouterr().out
    assert "scheduler = 'tcp://127.0.0.1:9'" in out
    assert "with one of the scheduler's workers: about" in out
    assert list(tmp_path.iterdir()) == []


def test_worker_of_another_environment_is_refused(refused: Refusal, tmp_path: Path) -> None:
    """Another Keras, or no study at all: the line names worker, package and both versions, and nothing is written."""
    place = tmp_path.parent / f"{tmp_path.name}-workers"
    empty = place / "empty"
    (empty / "study").mkdir(parents=True)
    (empty / "study" / "__init__.py").write_text("")
    with ended() as processes:
        process, file, address = scheduler(place)
        old = worker(place / "old", address, "--no-nanny", path=(other_keras(place / "keras"),))
        processes += [process, old]
        wait_for_workers(address, 1)
        line = refused("--scheduler", str(file))
        assert re.search(r"worker tcp://127\.0\.0\.1:\d+ of", line)
        assert f"has keras 9.9.9, this program keras {metadata.version('keras')};" in line
        os.killpg(old.pid, signal.SIGKILL)
        processes.append(worker(place / "bare", address, "--no-nanny", path=(empty,)))
        wait_until_gone(address, 0)
        wait_for_workers(address, 1)
        assert "No module named 'study.execution" in refused("--scheduler", address)


@pytest.mark.slow
def test_workers_may_join_leave_and_be_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that joins gets networks, one that dies costs none, one of another Keras stops the study in one line."""
    monkeypatch.setattr(scheduling, "CENSUS_SECONDS", 0.1)
    folder = recorded(tmp_path)
    with ended() as processes:
        process, file, address = scheduler(tmp_path / "scheduler")
        first = worker(tmp_path / "first", address, "--no-nanny")
        processes += [process, first]
        ran = []
        running = outcomes(plan(1000), file, folder)
        ran.append(next(running))
        processes.append(worker(tmp_path / "second", address, "--no-nanny"))
        wait_for_workers(address, 2)
        while len({outcome.entry["process"] for outcome in ran}) < 2:
            ran.append(next(running))
        os.killpg(first.pid, signal.SIGKILL)
        ran += [next(running) for _ in range(4)]
        assert [outcome.failure for outcome in ran] == [""] * len(ran)
        processes.append(worker(tmp_path / "third", address, "--no-nanny", path=(other_keras(tmp_path / "keras"),)))
        wait_for_workers(address, 2)
        with pytest.raises(StudyError, match=r"worker tcp://[\d.:]+ has keras 9.9.9, this program keras"):
            list(running)


@pytest.mark.slow
def test_scheduler_that_ends_stops_the_study_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done is kept; the line says how to go on. The same when the last worker leaves."""
    monkeypatch.setattr(scheduling, "CENSUS_SECONDS", 0.1)
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 2)
    folder = recorded(tmp_path)
    with ended() as processes:
        process, file, address = scheduler(tmp_path / "scheduler")
        only = worker(tmp_path / "worker", address, "--no-nanny")
        processes += [process, only]
        wait_for_workers(address, 1)  # a busy machine needs longer for it than the study has now
        running = outcomes(plan(1000), file, folder)
        next(running)
        os.killpg(only.pid, signal.SIGKILL)
        with pytest.raises(StudyError, match=r"has no workers, for 2 seconds now.*then the same command goes on"):
            list(running)
        processes.append(worker(tmp_path / "worker", address, "--no-nanny"))
        wait_for_workers(address, 1)
        running = outcomes(plan(1000), file, folder)
        next(running)
        os.killpg(process.pid, signal.SIGKILL)
        with pytest.raises(StudyError, match=rf"{re.escape(address)} ended, restarted or cannot be reached any more"):
            list(running)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs a path that is another place to each process")
def test_worker_that_does_not_see_the_study_is_refused(
    elsewhere: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is on a disk of our own, as to a machine that shares none: refused before a network is submitted."""
    monkeypatch.chdir(tmp_path)
    folder = recorded(Path("/proc/self/cwd"))
    with pytest.raises(
        StudyError, match=r"worker tcp://\S+ of tcp://\S+ does not see this study's /proc/self/cwd/data"
    ):
        list(outcomes(plan(2), elsewhere[1], folder))
    assert not folder.journal.exists()


_TLS = """
import sys
from pathlib import Path
from study.execution.cluster import check_scheduler
from tests.pipeline.by_hand import outcomes, plan, recorded, settings
address, folder = sys.argv[1], recorded(Path(sys.argv[2]))
print(repr(check_scheduler(settings(address))))
for outcome in outcomes(plan(3), address, folder):
    print(outcome.failure or "done")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with the openssl program")
def test_encrypted_scheduler_takes_certificates_from_dask_s_configuration(place: Path, tmp_path: Path) -> None:
    """Over tls:// networks go through with certificates, and without them there is one line that says what to set."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "rsa:2048",
            "-days",
            "2",
            "-keyout",
            key,
            "-out",
            certificate,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    ours = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificate),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": str(certificate),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": str(key),
    }
    shown = ("--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key))
    script = tmp_path / "client.py"
    script.write_text(_TLS)
    with ended() as processes:
        process, _, address = scheduler(tmp_path / "scheduler", "--protocol", "tls", *shown)
        processes += [process, worker(tmp_path / "worker", address, "--protocol", "tls", "--no-nanny", *shown)]
        assert address.startswith("tls://127.0.0.1:")
        command, environment = [sys.executable, script, address, tmp_path], {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, env=environment | ours, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert done.stdout.split() == ["''", "done", "done", "done"], done.stderr
        bare = run(place, *arguments("--scheduler", address))
    assert bare.code == 2
    assert re.fullmatch(
        r"study: .*tls:// needs certificates \(none are configured\); set DASK_DISTRIBUTED__COMM__TLS__CA_FILE,.*\n",
        bare.err,
    ), bare.err
    assert list(place.iterdir()) == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let an interrupt do what it does in a terminal: a shell that runs the tests in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_interrupt_is_prompt_however_many_networks_wait(elsewhere: tuple[Path, str], tmp_path: Path) -> None:
    """The networks not yet started never start: at most those in flight do."""
    folder = recorded(tmp_path)
    running = outcomes(plan(1000), elsewhere[1], folder)
    next(running)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(running)
    assert time.monotonic() - started < 5
    assert len(read_journal(folder)) < 20
