"""Is the inference right? Simulate whole studies with a known truth and count how often each registered test errs.

It imports the others inside its functions, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.commands.arguments import (
    add_manner,
    add_preregistration,
    add_seed,
    check_whole_number,
    command_parser,
    whole_number,
)
from study.commands.command import Command, say
from study.vocabulary.errors import StudyError, quoted, shown
from study.vocabulary.text import meant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from study.analysis.simulation import Calibration
    from study.commands.calibration_cases import Plan
    from study.registration import Hypothesis, Registration
    from study.report.calibration import CalibrationPage

REPORTS = Path("reports")
PROFILES = ("quick", "cifar10-small", "cifar10")  # whose numbers of networks power is drawn at
FEWEST, MOST = 10, 1_000_000
STUDIES, STUDIES_OF_ALL = 500, 2000

EPILOG = """\
For each registered hypothesis, studies are simulated as the store holds them - units nested in networks, some silent;
augmentations with different means; autocorrelated epochs; heavy-tailed effects of ablation - and go through the same
analysis as real ones. A finding can be false on every side, and each is counted: support and an opposite effect where
there is none; an effect ruled out where it is just the smallest that matters; absence, and an effect, at either margin.
First everything is as the tests assume, then as in the one departure from it that the registration names first for the
test: skewed effects, a common trend, opposite strata, and so on. How often each may err is registered, in the block
`toml calibration` of preregistration.md. The share in which the smallest effect is found is the test's power.

examples:
  python -m study calibrate                                      each test at its level and in its worst case: ten minutes
  python -m study calibrate --all                                every departure, every number of networks, power: hours
  python -m study calibrate --hypothesis ablation-effect --studies 10000
  python -m study calibrate --networks 8,24,80,200               power at these numbers of networks too
  python -m study calibrate --preregistration draft.md           before anything is registered

what comes out:
  reports/calibration.html    one table, what was found falsely beside what may be, and power
  reports/calibration.md      that table, with the command, date and version that made it (benchmarks/ keeps one)
  reports/calibration.csv     everything that was counted, a row for each case

Exit code 0: no test errs more often than registered. 1: one does, beyond what chance explains. 2: the command was not
understood. The same --seed gives the same counts, whatever the number of --workers.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = command_parser(
        "calibrate",
        description="Is the inference right? Simulates whole studies with a known truth through the registered analysis,"
        " and counts how often each test finds what is not there, and misses what is.",
        epilog=EPILOG,
    )
    made.add_argument(
        "--all",
        action="store_true",
        help="every departure from assumptions at every number of networks, and curves of power (default: the level, and"
        " the worst case of each test)",
    )
    made.add_argument(
        "--studies",
        type=whole_number,
        metavar="N",
        help=f"simulated for each case, from {FEWEST} to {MOST} (default: {STUDIES}, with --all {STUDIES_OF_ALL}); a quarter of"
        " that for power alone",
    )
    made.add_argument(
        "--hypothesis", action="append", default=[], metavar="ID", help="this one only; may be repeated (default: all)"
    )
    made.add_argument(
        "--networks",
        metavar="LIST",
        help="numbers of networks, such as 8,24,80, at which power is measured too (default: none; with --all the"
        " registered minimum, and what quick, cifar10-small and cifar10 train)",
    )
    made.add_argument(
        "--profile",
        default="cifar10-small",
        metavar="NAME|FILE.toml",
        help="whose number of networks the level is"
        " measured at, or the registered minimum where that is larger (default: cifar10-small)",
    )
    add_seed(made)
    made.add_argument("--workers", type=whole_number, metavar="N", help="processes (default: one per core)")
    add_preregistration(made)
    add_manner(made, document="what was found of each hypothesis, what errs too often, and paths")
    return made


def _run(arguments: argparse.Namespace) -> int:
    from study import analysis
    from study.commands.calibration_cases import planned
    from study.commands.calibration_words import calibration_page
    from study.commands.console import Manner
    from study.config import resolve
    from study.registration import read_registration
    from study.vocabulary.architecture import architectures

    _check(arguments)
    manner = Manner.of(arguments, width=160)
    registration = read_registration(arguments.preregistration)
    analysis.check_registration(registration, source=str(arguments.preregistration))
    profiles = {name: resolve(name) for name in dict.fromkeys((arguments.profile, *PROFILES))}
    architecture = architectures()[profiles[arguments.profile].network.architecture]
    registration = registration.for_network(architecture.name, architecture.layers)
    chosen = _chosen(registration, arguments.hypothesis, str(arguments.preregistration))
    plans = planned(
        chosen,
        registration.ceilings,
        profiles,
        arguments.profile,
        networks=_numbers(arguments.networks),
        whole=arguments.all,
    )
    if not plans:
        raise StudyError(
            f"none of {', '.join(one.id for one in chosen)} can be simulated: no simulation of its measure, or registered for"
            f" another network than {architecture.name}; give another --hypothesis or --profile"
        )
    console, started = manner.console, time.monotonic()
    counts = _simulated(plans, registration, arguments, console)
    page = calibration_page(
        counts,
        chosen,
        registration,
        command=_command(arguments),
        studies=_studies(arguments),
        profile=arguments.profile,
        architecture=architecture.name,
        seed=arguments.seed,
        seconds=time.monotonic() - started,
    )
    _publish(counts, page)
    _print(page, console)
    manner.give(lambda: _plain(page))
    for sentence in page.failures:
        say(sentence)
    return 1 if page.failures else 0


def _simulated(
    plans: Sequence[Plan], registration: Registration, arguments: argparse.Namespace, console: Console
) -> tuple[Calibration, ...]:
    """Return what became of every planned study, showing progress."""
    from study.analysis.simulation.processes import simulated
    from study.commands.calibration_cases import calibrations, requests
    from study.execution.progress import counted
    from study.vocabulary.provenance import usable_cores

    wanted = requests(plans, studies=_studies(arguments), whole=arguments.all)
    with counted(console, "studies simulated", sum(request.studies for request in wanted)) as watch:
        workers = arguments.workers or usable_cores()
        tallies = simulated(wanted, root_seed=arguments.seed, workers=workers, watch=watch)
    by_name = {request.case.name: tally for request, tally in zip(wanted, tallies, strict=True)}
    return calibrations(plans, by_name, registration.ceilings)


def _studies(arguments: argparse.Namespace) -> int:
    return int(arguments.studies or (STUDIES_OF_ALL if arguments.all else STUDIES))


def _command(arguments: argparse.Namespace) -> str:
    """Return the command line that gives the same counts, without where files lie."""
    parts = ["python -m study calibrate", *(["--all"] if arguments.all else [])]
    parts += [f"--hypothesis {name}" for name in arguments.hypothesis]
    parts += [f"--networks {arguments.networks}"] if arguments.networks else []
    return " ".join(
        [*parts, f"--studies {_studies(arguments)}", f"--profile {arguments.profile}", f"--seed {arguments.seed}"]
    )


def _check(arguments: argparse.Namespace) -> None:
    check_whole_number("--studies", arguments.studies, FEWEST, MOST)
    check_whole_number("--seed", arguments.seed, 0, 2**63 - 1)
    check_whole_number("--workers", arguments.workers, 1, 1024)


def _numbers(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    numbers = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,5}", number) and 2 <= int(number) <= 10_000 for number in numbers):
        raise StudyError(
            f"--networks {quoted(text)} is not allowed: write whole numbers from 2 to 10000, such as 8,24,80"
        )
    return tuple(sorted({int(number) for number in numbers}))


def _chosen(registration: Registration, names: Sequence[str], source: str) -> tuple[Hypothesis, ...]:
    registered = registration.hypotheses
    for name in names:
        if name not in registered:
            raise StudyError(
                f"--hypothesis {quoted(name)} is not registered in {shown(source)}{meant(name, registered)}; it has"
                f" {', '.join(registered)}"
            )
    return tuple(registered[name] for name in dict.fromkeys(names or registered))


def _publish(counts: Sequence[Calibration], page: CalibrationPage) -> None:
    from study.analysis.simulation.calibration_tables import case_table
    from study.report.calibration import calibration_record, render_calibration
    from study.report.page import publish

    remedy = "run it in another folder"
    publish(case_table(counts).to_csv(index=False), REPORTS / "calibration.csv", remedy=remedy)
    publish(calibration_record(page), REPORTS / "calibration.md", remedy=remedy)
    publish(render_calibration(page), REPORTS / "calibration.html", remedy=remedy)


def _print(page: CalibrationPage, console: Console) -> None:
    """Print one table, hypothesis by hypothesis."""
    from rich.table import Column, Table

    from study.commands.console import print_plain

    first, *others = page.table.columns
    table = Table(Column(first, no_wrap=True), *others)
    for row in page.table.astype(str).itertuples(index=False):
        table.add_row(*row)
    console.print(table)
    print_plain(
        console,
        f"table, figures and method: {REPORTS / 'calibration.html'}",
        f"all counts: {REPORTS / 'calibration.csv'}",
    )


def _plain(page: CalibrationPage) -> Mapping[str, Any]:
    """Return what the page says as plain JSON types."""
    return {
        "summary": list(page.summary),
        "failures": list(page.failures),
        "hypotheses": [dict(zip(page.table, row, strict=True)) for row in page.table.astype(str).values.tolist()],
        "left_out": list(page.left_out),
        "provenance": dict(page.provenance),
        "paths": {kind: str((REPORTS / f"calibration.{kind}").absolute()) for kind in ("html", "md", "csv")},
    }


COMMAND = Command(
    summary="Is the inference right? Simulate whole studies with a known truth through the registered analysis.",
    parser=parser,
    run=_run,
    after_interruption="the same command begins again",
)
