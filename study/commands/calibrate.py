"""Is the inference right? Simulate whole studies with a known truth and count how often each registered test errs.

It imports the others inside its functions, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from study.commands.arguments import add_preregistration, add_seed, check_whole_number, command_parser
from study.commands.command import Command
from study.vocabulary.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from study.analysis.simulation import Size
    from study.analysis.simulation.calibration import Calibration
    from study.config import Config
    from study.registration import Hypothesis, Registration

REPORTS = Path("reports")
PROFILES = ("quick", "cifar10-small", "cifar10")  # whose numbers of networks power is drawn at
FEWEST, MOST = 10, 1_000_000
SHARE_OF_POWER = 5  # one study with an effect, at each number of networks, for so many without
SHARE_OF_PUBLISHED = 5  # the analysis as published is run on one study in so many, as it takes several times as long

EPILOG = """\
For each registered hypothesis, studies are simulated as the store holds them - units nested in networks, some silent;
augmentations with different means; autocorrelated epochs; heavy-tailed effects of ablation - and go through the same
analysis as real ones. First without an effect: a test that is right at alpha = 0.05 finds one in at most 5 % of them.
Then with the smallest effect of interest: the share in which it is found is the test's power.

examples:
  python -m study calibrate                                      every hypothesis, 2,000 studies each: minutes on two cores
  python -m study calibrate --hypothesis ablation-effect --studies 10000
  python -m study calibrate --networks 8,24,80,200               power at other numbers of networks
  python -m study calibrate --preregistration draft.md           before anything is registered

what comes out:
  reports/calibration.html    one table, registered against published, and power against the number of networks
  reports/calibration.csv     everything that was counted, a row for each hypothesis, planted value and number of networks

Exit code 0: every test keeps its level. 1: the type I error of a test lies above its alpha, beyond what chance explains.
2: the command was not understood. The same --seed gives the same counts, whatever the number of --workers.
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
        "--studies",
        type=int,
        default=2000,
        metavar="N",
        help="studies without an effect, for each hypothesis"
        " (default: 2000); a fifth of that with an effect, at each number of networks",
    )
    made.add_argument(
        "--hypothesis", action="append", default=[], metavar="ID", help="this one only; may be repeated (default: all)"
    )
    made.add_argument(
        "--networks",
        metavar="LIST",
        help="numbers of networks, such as 8,24,80, at which power is measured (default: the"
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
    made.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")
    add_preregistration(made)
    return made


def _run(arguments: argparse.Namespace) -> int:
    from study import analysis
    from study.analysis.simulation.calibration import failures
    from study.commands.console import standard_console
    from study.config import resolve
    from study.registration import read_registration
    from study.vocabulary.architecture import architectures
    from study.vocabulary.provenance import usable_cores

    _check(arguments)
    registration = read_registration(arguments.preregistration)
    analysis.check_registration(registration, source=str(arguments.preregistration))
    profiles = {name: resolve(name) for name in dict.fromkeys((arguments.profile, *PROFILES))}
    architecture = architectures()[profiles[arguments.profile].network.architecture]
    registration = registration.for_network(architecture.name, architecture.layers)
    chosen = _chosen(registration, arguments.hypothesis, str(arguments.preregistration))
    console = standard_console(width=160)
    started = time.monotonic()
    calibrations = calibrated(
        chosen,
        profiles,
        arguments.profile,
        studies=arguments.studies,
        networks=_numbers(arguments.networks),
        root_seed=arguments.seed,
        workers=arguments.workers or usable_cores(),
        console=console,
    )
    if not calibrations:
        raise StudyError(
            f"none of {', '.join(one.id for one in chosen)} can be simulated: no simulation of its measure, or registered for"
            f" another network than {architecture.name}; give another --hypothesis or --profile"
        )
    _publish(
        calibrations,
        chosen,
        registration,
        arguments,
        architecture=architecture.name,
        seconds=time.monotonic() - started,
    )
    _print(calibrations, console)
    failed = failures(calibrations)
    for sentence in failed:
        print(f"study: {sentence}", file=sys.stderr)
    return 1 if failed else 0


def _check(arguments: argparse.Namespace) -> None:
    check_whole_number("--studies", arguments.studies, FEWEST, MOST)
    check_whole_number("--seed", arguments.seed, 0, 2**63 - 1)
    check_whole_number("--workers", arguments.workers, 1, 1024)


def _numbers(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    numbers = [part.strip() for part in text.split(",")]
    if not all(number.isdecimal() and 2 <= int(number) <= 10_000 for number in numbers):
        raise StudyError(f"--networks {text!r} is not allowed: write whole numbers from 2 to 10000, such as 8,24,80")
    return tuple(sorted({int(number) for number in numbers}))


def _chosen(registration: Registration, names: Sequence[str], source: str) -> tuple[Hypothesis, ...]:
    registered = registration.hypotheses
    for name in names:
        if name not in registered:
            raise StudyError(f"--hypothesis {name!r} is not registered in {source}; it has {', '.join(registered)}")
    return tuple(registered[name] for name in dict.fromkeys(names or registered))


def calibrated(
    hypotheses: Sequence[Hypothesis],
    profiles: Mapping[str, Config],
    profile: str,
    *,
    studies: int,
    networks: Sequence[int],
    root_seed: int,
    workers: int,
    console: Console,
) -> tuple[Calibration, ...]:
    """Return the calibration of each hypothesis that can be simulated for the architecture of `profile`.

    Parameters
    ----------
    hypotheses
        As registered.
    profiles, profile
        Configs by name; the level is measured at the number of networks of `profile`, power at those of all.
    studies
        Simulated without an effect, for each hypothesis.
    networks
        Numbers at which power is measured instead; none for those of the profiles.
    root_seed, workers
        Root of all random numbers, which the number of processes does not change.
    console
        Where progress is shown.
    """
    from study.analysis.simulation import effect_case, null_cases
    from study.analysis.simulation.calibration import Calibration
    from study.analysis.simulation.processes import Request, simulated
    from study.commands.power import impossible
    from study.execution.progress import counted

    architecture = profiles[profile].network.architecture
    requests: list[Request] = []
    numbers_of_cases: list[tuple[Hypothesis, int, int]] = []
    for one in hypotheses:
        at, *curve = _sizes(one, profiles, profile, networks)
        if impossible(one, at, architecture=architecture):
            continue
        nulls, effects = null_cases(one, at), [effect_case(one, size) for size in curve]
        numbers_of_cases.append((one, len(nulls), len(effects)))
        few, published = max(studies // SHARE_OF_POWER, 1), max(studies // SHARE_OF_PUBLISHED, 1)
        requests += [Request(case, studies, published) for case in nulls]
        requests += [Request(case, few, few // 2 if case.size == at else 0) for case in effects]
    with counted(console, "studies simulated", sum(request.studies for request in requests)) as watch:
        tallies = simulated(requests, root_seed=root_seed, workers=workers, watch=watch)
    counted_cases = zip((request.case for request in requests), tallies, strict=True)
    return tuple(
        Calibration(one, tuple(islice(counted_cases, nulls_of)), tuple(islice(counted_cases, effects_of)))
        for one, nulls_of, effects_of in numbers_of_cases
    )


def _sizes(one: Hypothesis, profiles: Mapping[str, Config], profile: str, networks: Sequence[int]) -> tuple[Size, ...]:
    """Return the size of study that the level is measured at; then those that power is, rising, which include it."""
    from study.commands.power import networks_planned, size_of

    planned = {name: networks_planned(one, config) for name, config in profiles.items()}
    config, fewest = profiles[profile], one.minimum_networks
    if one.strata == "augmentation":
        fewest = max(fewest, one.minimum_per_stratum * len(config.population.augmentations))
    level = max(planned[profile], fewest)
    numbers = {level, *(networks or (fewest, *planned.values()))}
    return tuple(size_of(number, config) for number in (level, *sorted(numbers)) if number >= fewest)


def _publish(
    calibrations: Sequence[Calibration],
    chosen: Sequence[Hypothesis],
    registration: Registration,
    arguments: argparse.Namespace,
    *,
    architecture: str,
    seconds: float,
) -> None:
    from study.analysis.simulation.calibration import case_table
    from study.commands.calibration_words import calibration_page
    from study.report.calibration import render_calibration
    from study.report.page import publish

    page = calibration_page(
        calibrations,
        chosen,
        registration,
        studies=arguments.studies,
        profile=arguments.profile,
        architecture=architecture,
        seed=arguments.seed,
        seconds=seconds,
    )
    remedy = "run it in another folder"
    publish(case_table(calibrations).to_csv(index=False), REPORTS / "calibration.csv", remedy=remedy)
    publish(render_calibration(page), REPORTS / "calibration.html", remedy=remedy)


def _print(calibrations: Sequence[Calibration], console: Console) -> None:
    """Print one table, hypothesis by hypothesis, registered against published."""
    from rich.table import Column, Table

    from study.commands.calibration_words import compared

    shown = compared(calibrations)
    first, *others = shown.columns
    table = Table(Column(first, no_wrap=True), *others)
    for row in shown.astype(str).itertuples(index=False):
        table.add_row(*row)
    console.print(table)
    console.print(
        f"table, figures and method: {REPORTS / 'calibration.html'}\nall counts: {REPORTS / 'calibration.csv'}",
        highlight=False,
        markup=False,
    )


COMMAND = Command(parser=parser, run=_run, after_interruption="nothing was written")
