"""What concluding a study costs as it grows: seconds, peak memory and bytes on disk, from 25 networks to 400.

Every size is run in a process of its own, on the first networks of one simulated study, with the steps that
`python -m study run` takes when all networks are done. Processor seconds stand beside those of the clock, which depend
on what else the machine is doing; peak memory is the whole process', imports included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

import benchmarks.scheduling
from benchmarks.simulated_study import make_study, simulated_config, simulated_networks, simulated_record
from study import analysis
from study.analysis.core.results_dataset import results_dataset
from study.commands.run.record import compaction_attributes
from study.commands.run.report_content import report_of
from study.commands.run.standing import Standing
from study.registration import read_registration
from study.report.drawing import vegalite_version
from study.report.page import write_report
from study.store import StudyFolder, compact, network_state, open_study, write_results

SIZES = (25, 50, 100, 200, 400)
STAGES = ("check", "compact", "open", "analyse", "report")
EPOCHS, DRAWS = 200, 100
ROOT = Path(__file__).parents[1]
PLOT = Path(__file__).with_suffix(".svg")


def concluded(path: Path, n_networks: int, *, epochs: int = EPOCHS, draws: int = DRAWS) -> dict[str, float]:
    """Conclude the first networks of a simulated study and return what that took.

    Returns
    -------
    dict
        Number of networks; by stage, seconds of the clock and (`..._cpu`) of the processor; peak memory, and bytes of
        the networks, the compacted study and the page, in megabytes.
    """
    folder, page = StudyFolder(path), path / "report.html"
    config = simulated_config(n_networks, epochs=epochs, draws=draws, seed=0)
    networks = simulated_networks(config)[:n_networks]
    registration = read_registration(ROOT / "preregistration.md")
    record = simulated_record(folder, config, registration)
    cost: dict[str, float] = {}

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        clock, processor = time.perf_counter(), time.process_time()
        yield
        cost[stage], cost[f"{stage}_cpu"] = time.perf_counter() - clock, time.process_time() - processor

    with timed("check"):
        done = [network.key for network in networks if network_state(folder, network.key) == "done"]
    with timed("compact"):
        compact(folder, done, compaction_attributes(record, failed=()))
    with timed("open"):
        study = open_study(folder.compacted)
    with timed("analyse"):
        for group in set(analysis.MEASUREMENTS) & set(study.children):
            study[group].load()
        questions = analysis.analyse(study, registration, root_seed=config.seed)
        write_results(folder, results_dataset(questions))
    with timed("report"):
        report = report_of(questions, config, study, record=record, journal=[], standing=Standing(), failures=[])
        write_report(report, page)
    return {
        "networks": len(done),
        **cost,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "networks_disk": sum(_megabytes(folder.networks / f"{key}.zarr") for key in done),
        "study_disk": _megabytes(folder.compacted),
        "page_disk": page.stat().st_size / 1e6,
    }


def _megabytes(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def measure(path: Path, sizes: Sequence[int]) -> pd.DataFrame:
    """Return one row a size, as `concluded` gives it, each from a fresh process; networks must be published already."""
    rows = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.growth", str(path), "--one", str(size)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame) -> str:
    """Return the measurements as a table: processor seconds by stage, both totals, and megabytes."""
    head = ("networks", *STAGES, "sum", "by the clock", "memory", "networks on disk", "study.zarr", "page")
    lines = ["| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    for _, row in table.iterrows():
        processor = [row[f"{stage}_cpu"] for stage in STAGES]
        numbers = [f"{row['networks']:.0f}", *(f"{value:.1f}" for value in (*processor, sum(processor)))]
        numbers += [f"{sum(row[stage] for stage in STAGES):.0f}"]
        numbers += [f"{row[name]:.0f}" for name in ("memory", "networks_disk", "study_disk")]
        lines.append("| " + " | ".join([*numbers, f"{row['page_disk']:.1f}"]) + " |")
    return "\n".join(lines)


def drawn(table: pd.DataFrame, scheduling: pd.DataFrame) -> str:
    """Return the costs against size as SVG: processor seconds by stage, memory, and, if measured, scheduling."""
    seconds = table.melt("networks", [f"{stage}_cpu" for stage in STAGES], "stage", "seconds")
    seconds = seconds.assign(stage=seconds["stage"].str.removesuffix("_cpu"))
    size = alt.X("networks:Q", scale=alt.Scale(type="log"), axis=alt.Axis(values=table["networks"].tolist()))
    stages = (
        alt.Chart(seconds)
        .mark_line(point=True)
        .encode(
            size,
            alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="processor seconds"),
            alt.Color("stage:N", sort=list(STAGES), title=None),
        )
    )
    memory = (
        alt.Chart(table)
        .mark_line(point=True, color="black")
        .encode(size, alt.Y("memory:Q", title="peak memory (MB)", scale=alt.Scale(zero=True)))
    )
    charts = [stages, memory] + ([_scheduling_chart(scheduling)] if len(scheduling) else [])
    panels = [chart.properties(width=300, height=200) for chart in charts]
    both = alt.hconcat(*panels).resolve_scale(color="independent")
    return vl_convert.vegalite_to_svg(both.to_dict(), vl_version=vegalite_version())


def _scheduling_chart(scheduling: pd.DataFrame) -> alt.Chart:
    """Return milliseconds per planned network by stage, as `benchmarks.scheduling.measure` gives them."""
    stages = ["plan", "state", "journal", "schedule"]
    return (
        alt.Chart(scheduling.melt("networks", stages, "stage", "milliseconds"))
        .mark_line(point=True)
        .encode(
            alt.X("networks:Q", title="planned networks", scale=alt.Scale(type="log")),
            alt.Y("milliseconds:Q", scale=alt.Scale(type="log"), title="milliseconds per network"),
            alt.Color("stage:N", sort=stages, title=None),
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what is missing of the study, measure every size, print the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="a simulated study; one is made in a temporary folder else"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--schedule", type=int, nargs="*", default=[], help="sizes to measure scheduling at, such as 10 10000"
    )
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    if parsed.one:
        print(json.dumps(concluded(parsed.folder, parsed.one)))
        return
    with tempfile.TemporaryDirectory(prefix="growth-") as temporary:
        path = parsed.folder or Path(temporary)
        config = simulated_config(max(parsed.sizes), epochs=EPOCHS, draws=DRAWS, seed=0)
        make_study(StudyFolder(path), config, simulated_networks(config)[: max(parsed.sizes)], processes=2)
        table = measure(path, parsed.sizes)
    print(as_markdown(table))
    scheduling = pd.DataFrame(benchmarks.scheduling.measure(parsed.schedule))
    print(scheduling.round(3).to_string(index=False) if len(scheduling) else "")
    PLOT.write_text(drawn(table, scheduling), encoding="utf-8")


if __name__ == "__main__":
    main()
