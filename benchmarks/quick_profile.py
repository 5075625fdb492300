"""Where the seconds of one quick run go: the run, then the same command again, which only analyses and reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the quick profile in a temporary folder and print seconds by stage."""
    with tempfile.TemporaryDirectory() as place:
        whole, again = _run(place), _run(place)
        entries = [
            json.loads(line) for line in (Path(place) / "data" / "quick" / "journal.jsonl").read_text().splitlines()
        ]
    stages: Counter[str] = Counter()
    for entry in entries:
        stages.update(entry["stages"])
        stages["compile, publish"] += entry["seconds"] - sum(entry["stages"].values())
    workers = len(os.sched_getaffinity(0))
    busy = sum(stages.values())
    print(f"whole run {whole:.1f} s; {len(entries)} networks on {workers} workers, {busy:.1f} s of work")
    for stage, seconds in stages.most_common():
        print(f"  {stage:17} {seconds:7.1f} s, {seconds / busy:4.0%} of the work")
    print(f"images, compaction check, analysis, report (the same command again) {again:.1f} s")
    print(f"the rest: starting workers, waiting for the last one, compaction {whole - again - busy / workers:.1f} s")


def _run(place: str) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "study", "run", "--preregistration", str(ROOT / "preregistration.md")]
    subprocess.run(
        command, cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
