"""A dry run: the resolved settings, what is still to do, how long it takes, and what its tests can find."""

from __future__ import annotations

import collections

from rich.console import Console

from study.commands.console import print_plain
from study.commands.power import power_lines, print_power, to_simulate
from study.commands.run.completeness import completeness
from study.commands.run.plan import StudyPlan
from study.config import as_record
from study.execution.estimate import estimate
from study.execution.own_workers import worker_count
from study.execution.progress import counted
from study.registration.deviations import setting_deviations
from study.store import network_state, read_journal
from study.vocabulary.provenance import usable_cores


def preview(plan: StudyPlan, console: Console) -> None:
    """Print the resolved settings, how they depart from the registration, the plan and what its tests can find.

    Nothing is touched.
    """
    _print_settings(plan, console)
    _print_departures(plan, console)
    _print_work(plan, console)
    _print_power(plan, console)


def _print_settings(plan: StudyPlan, console: Console) -> None:
    for section, keys in as_record(plan.config).items():
        print_plain(console, f"[{section}]", *(f"  {key} = {value!r}" for key, value in keys.items()))


def _print_departures(plan: StudyPlan, console: Console) -> None:
    """Print what the report of such a study would list, were every planned network there."""
    planned = [network.key for network in plan.networks]
    whole = completeness(plan.networks, planned, [], registered=plan.registered)
    departures = setting_deviations(plan.registration, as_record(plan.config))
    print_plain(console, *(f"deviation: {line}" for line in departures))
    print_plain(console, *(f"interim, not confirmatory: {line}" for line in whole.interim))


def _print_work(plan: StudyPlan, console: Console) -> None:
    states = [network_state(plan.folder, network.key) for network in plan.networks]
    to_do = [network for network, state in zip(plan.networks, states, strict=True) if state != "done"]
    is_elsewhere = bool(plan.config.execution.scheduler)
    workers = 1 if is_elsewhere else worker_count(plan.config, max(len(to_do), 1))
    by_whom = "one of the scheduler's workers" if is_elsewhere else f"{workers} workers"
    needed = estimate(plan.config, plan.split.sizes, to_do, workers=workers, journal=read_journal(plan.folder))
    counts = collections.Counter((network.arm, network.initialization_set) for network in plan.networks)
    print_plain(
        console,
        *(f"arm {arm}, initialisation set {number}: {count} networks" for (arm, number), count in counts.items()),
        f"plan: {len(plan.networks)} networks: {states.count('done')} done, {states.count('to do')} to do,"
        f" {states.count('damaged')} damaged (will be set aside and retrained)",
        f"with {by_whom}: about {needed.minutes:.0f} minutes ({needed.basis}), {needed.megabytes:.0f} MB of"
        " disk; nothing was written",
    )


def _print_power(plan: StudyPlan, console: Console) -> None:
    """Print what each confirmatory test can find with the networks planned, by simulation on this machine's cores."""
    total = to_simulate(plan.registration, plan.config)
    with counted(console, "power: studies simulated", total) as watch:
        lines = power_lines(plan.registration, plan.config, workers=usable_cores(), watch=watch)
    print_power(lines, console)
