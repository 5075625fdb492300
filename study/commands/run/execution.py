"""From a command line to trained networks: plan, lock, set aside what is damaged, train what is missing, conclude."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence

from rich.console import Console

from study.commands.command import DONE
from study.commands.console import Manner, print_plain
from study.commands.run.conclusion import conclude
from study.commands.run.plan import StudyPlan, check_plan, study_plan
from study.commands.run.preview import preview
from study.commands.run.record import record_content
from study.commands.study_folder import check_places, held, kept_record, present_commit
from study.config import as_record
from study.config.population import PlannedNetwork
from study.execution import scheduling
from study.execution.cluster import check_scheduler
from study.execution.estimate import estimate
from study.execution.own_workers import worker_count
from study.execution.progress import Display, time_text
from study.registration.deviations import setting_deviations
from study.report.wording import counted
from study.store import damage, network_path, network_state, read_journal, set_aside, sweep_checkpoints, sweep_staging
from study.vocabulary.errors import StudyError
from study.vocabulary.signals import during


def run(arguments: argparse.Namespace) -> int:
    """Run a study, or go on with it, and return the exit code: 1 where networks failed.

    Raises
    ------
    StudyError
        When it cannot be done, or no network could be trained.
    """
    manner = Manner.of(arguments)
    console = manner.console
    plan = study_plan(arguments, console)
    check_plan(plan)
    if arguments.dry_run:
        preview(plan, console)
        return DONE
    check_places(plan.folder)
    _check_workers(plan, console)
    departures = setting_deviations(plan.registration, as_record(plan.config))
    print_plain(console, *(f"deviation: {line}" for line in departures))
    with held(plan.folder, lambda: check_plan(plan), console):
        return _execute(plan, console, manner)


def _check_workers(plan: StudyPlan, console: Console) -> None:
    """Refuse a scheduler that networks could not be given to, where there are any to train."""
    to_do = any(not network_path(plan.folder, network.key).exists() for network in plan.networks)
    if to_do and (warning := check_scheduler(plan.config)):
        print_plain(console, warning)


def _execute(plan: StudyPlan, console: Console, manner: Manner) -> int:
    folder, networks = plan.folder, plan.networks
    states = {network.key: network_state(folder, network.key) for network in networks}
    record = kept_record(folder, lambda: record_content(plan.config, plan.registration, plan.images, plan.split))
    sweep_staging(folder)
    for key in (key for key, state in states.items() if state == "damaged"):
        problem = damage(folder, key)
        print_plain(console, f"{problem}; set aside as {set_aside(folder, key)}, trained again")
    to_do = [network for network in networks if states[network.key] != "done"]
    sweep_checkpoints(folder, keep={network.key for network in to_do})
    if to_do:
        _train(to_do, plan, console)
    trained = {network.key for network in to_do if network_state(folder, network.key) == "done"}
    done = [network.key for network in networks if states[network.key] == "done" or network.key in trained]
    if not done:
        raise StudyError(f"no network could be trained; the reasons are in {folder.journal}")
    return conclude(plan, done, record, console, images=plan.images, manner=manner)


def _train(to_do: Sequence[PlannedNetwork], plan: StudyPlan, console: Console) -> None:
    total = len(plan.networks)
    labels = {network.key: network.label for network in to_do}
    arms = {network.key: network.arm for network in to_do}

    def where() -> str:
        missing = sum(not network_path(plan.folder, network.key).exists() for network in to_do)
        return f"with {total - missing} of {total} networks done"

    seconds = _expected_seconds(to_do, plan, console)
    done = total - len(to_do)
    with during(where), Display(console, labels=labels, arms=arms, done=done, total=total, seconds=seconds) as display:
        origin = scheduling.Origin(plan.images.fingerprint, plan.registration.digest, present_commit())
        outcomes = scheduling.run_networks(
            to_do,
            plan.config,
            plan.folder,
            origin=origin,
            watch=display.watch,
            say=functools.partial(print_plain, console),
            plan=plan.networks,
        )
        for outcome in outcomes:
            display.ended(outcome.network.key, outcome_text(outcome))


def _expected_seconds(to_do: Sequence[PlannedNetwork], plan: StudyPlan, console: Console) -> float | None:
    """Say what is to be trained and how long that takes, and return the seconds; None with workers of a scheduler."""
    if plan.config.execution.scheduler:
        print_plain(console, f"training {len(to_do)} networks on the scheduler's workers")
        return None
    workers = worker_count(plan.config, len(to_do))
    needed = estimate(plan.config, plan.split.sizes, to_do, workers=workers, journal=read_journal(plan.folder))
    seconds = 60 * needed.minutes
    together = plan.config.execution.together
    at_once = f"{workers} at once" if together == 1 else f"{workers} programs of up to {together} at once"
    networks = counted(len(to_do), "network", "networks")
    print_plain(console, f"training {networks}, {at_once}: about {time_text(seconds)} ({needed.basis})")
    return seconds


def outcome_text(outcome: scheduling.Outcome) -> str:
    """Return what became of a network, in words that follow its name."""
    if outcome.failure:
        return f"FAILED: {outcome.failure}"
    entry = outcome.entry
    if "seconds" not in entry:
        return "done by an earlier try"
    text = f"{entry['seconds']:.0f} s, {entry['images_per_second']:.0f} training images a second"
    return text + (f", resumed after epoch {epoch}" if (epoch := entry["resumed_epoch"]) else "")
