"""What a study costs beside training: planning, looking at the store, and scheduling, from 10 networks to 10,000.

The networks go through the study's own code into a local cluster, where each takes no time. Flat columns mean that a
large study costs no more per network than a small one.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from study.config import Config, ExecutionConfig, PopulationConfig
from study.config.population import PlannedNetwork, planned_networks
from study.execution.scheduling import Origin, run_networks
from study.store import StudyFolder, append_journal, network_state, write_record

SIZES = (10, 100, 1_000, 10_000)
WORKERS = 2


def nothing(planned: PlannedNetwork, config: Config, folder: StudyFolder, origin: Origin) -> dict[str, Any]:
    """Stand for training, in a worker."""
    return {"seconds": 0.0, "stages": {}, "images_per_second": 0.0}


def measure(sizes: Sequence[int] = SIZES) -> list[dict[str, float]]:
    """Return, for each number of networks, milliseconds per network of every stage.

    Returns
    -------
    list of dict
        `networks`; in milliseconds per network `plan` (key and digest of each), `state` (of a network that is not there),
        `journal` (one line, on the disk, part of scheduling) and `schedule` (submit, run, collect and journal, with the
        cluster's start left out); `memory`, this process' peak so far in bytes.
    """
    return [_measured(size) for size in sizes]


def _measured(size: int) -> dict[str, float]:
    config = Config(
        population=PopulationConfig(augmentations=("none",), seeds=size), execution=ExecutionConfig(workers=WORKERS)
    )
    with tempfile.TemporaryDirectory() as place:
        folder = StudyFolder(Path(place) / "study")
        write_record(folder, {})
        networks: list[PlannedNetwork] = []
        row = {
            "networks": float(size),
            "plan": _milliseconds(size, lambda: networks.extend(planned_networks(config, fingerprint="none"))),
            "state": _milliseconds(size, lambda: [network_state(folder, network.key) for network in networks]),
            "schedule": _scheduling(networks, config, folder),
        }
        other = StudyFolder(Path(place) / "journal")

        def journal() -> None:
            for network in networks:
                append_journal(other, {"key": network.key, "failure": ""})

        row["journal"] = _milliseconds(size, journal)
    return row | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0}


def _milliseconds(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started) / count


def _scheduling(networks: Sequence[PlannedNetwork], config: Config, folder: StudyFolder) -> float:
    """Return milliseconds per network from the first outcome on, which the workers' start comes before."""
    running = run_networks(
        networks, config, folder, origin=Origin("none", "none"), watch=lambda *told: None, task=nothing
    )
    first = next(running)
    started = time.perf_counter()
    outcomes = [first, *running]
    ended = time.perf_counter()
    assert [outcome.failure for outcome in outcomes] == [""] * len(networks)
    return 1000 * (ended - started) / max(len(networks) - 1, 1)


def main(sizes: Sequence[int]) -> None:
    """Print the table."""
    print("milliseconds per network, and this process' peak memory\n")
    print(f"{'networks':>9} {'plan':>8} {'state':>8} {'journal':>8} {'schedule':>9} {'memory':>9}")
    for size in sizes:
        (row,) = measure([size])
        print(
            f"{size:>9} {row['plan']:>8.3f} {row['state']:>8.3f} {row['journal']:>8.3f} {row['schedule']:>9.3f}"
            f" {row['memory'] / 1e6:>6.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
