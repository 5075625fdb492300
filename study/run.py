"""Run the study: train a population of networks, probe and ablate their units, test what is registered, write a report.

This is the only module that composes the others. It imports them inside its functions, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.commands.run_arguments import parser
from study.vocabulary.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from study.config import Config
    from study.config.population import PlannedNetwork
    from study.images import ImageSet
    from study.images.preparation.split import Split
    from study.registration import Registration
    from study.store import StudyFolder

DATA, REPORTS = Path("data"), Path("reports")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 some networks failed, 2 refused, 130 interrupted."""
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except StudyError as error:
        print(f"study: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"study: {stop or 'interrupted'}; the same command goes on from there", file=sys.stderr)
        return 130


def _run(given: argparse.Namespace) -> int:
    from rich.console import Console

    from study import analysis
    from study.config import resolve
    from study.config.population import planned_networks
    from study.images import load_images
    from study.images.preparation.split import split_images
    from study.registration import read_registration
    from study.store import StudyFolder

    config = resolve(
        given.profile,
        assignments=given.assignments,
        flags={
            "--images": ("images.source", given.images),
            "--data-dir": ("images.data_dir", given.data_dir),
            "--name": ("study.name", given.name),
            "--workers": ("execution.workers", given.workers),
            "--scheduler": ("execution.scheduler", given.scheduler),
            "--seed": ("study.seed", given.seed),
        },
    )
    registration = read_registration(given.preregistration)
    analysis.check_measures(registration, source=str(given.preregistration))
    console = Console() if sys.stdout.isatty() else Console(width=120, soft_wrap=True)
    with console.status("reading images") if console.is_terminal else contextlib.nullcontext():
        images = load_images(config.images)
        split = split_images(images, config.images)
    _check_sizes(config, split)
    console.print(f"images: {images.description}", highlight=False, markup=False)
    networks = planned_networks(config, fingerprint=images.fingerprint)
    folder = StudyFolder(DATA / config.name)
    _check_record(folder, config, images)
    if given.dry_run:
        return _describe(config, registration, networks, folder, split, console)
    with _alone(config, images, networks, folder, console):
        return _execute(config, registration, images, split, networks, folder, console)


def _check_sizes(config: Config, split: Split) -> None:
    asked = [
        ("ablation.null_images", config.ablation.null_images, "test", len(split.test)),
        ("shift_invariance.test_images", config.shift_invariance.test_images, "test", len(split.test)),
    ]
    if config.memorization.seeds or config.replication.memorization_seeds:
        asked.append(("memorization.train_images", config.memorization.train_images, "training", len(split.train)))
    for key, wanted, part, available in asked:
        if wanted > available:
            raise StudyError(
                f"{key} = {wanted} is more than the {available} {part} images; lower it with --set {key}=N"
            )


def _check_record(folder: StudyFolder, config: Config, images: ImageSet) -> None:
    """Refuse a folder that holds another study: other settings, other images or another schema."""
    from study.config import changed_settings
    from study.store import read_record
    from study.vocabulary.schema import SCHEMA_VERSION

    record = read_record(folder)
    if record is None:
        return
    remedy = "use another --name, or the settings it was made with"
    if record.get("schema_version") != SCHEMA_VERSION:
        raise StudyError(
            f"{folder.path} has schema version {record.get('schema_version')!r}, this program writes"
            f" {SCHEMA_VERSION}; use another --name"
        )
    if not isinstance(record.get("images"), dict) or not isinstance(record.get("measured_settings"), dict):
        raise StudyError(f"{folder.record_path} is no record of a study; use another --name, or restore the file")
    if record["images"]["fingerprint"] != images.fingerprint:
        raise StudyError(
            f"{folder.path} was made from other images (fingerprint {record['images']['fingerprint'][:12]},"
            f" now {images.fingerprint[:12]}); use another --name, or those images"
        )
    if changed := changed_settings(record["measured_settings"], config):
        raise StudyError(f"{folder.path} holds a study of another config: {'; '.join(changed)}; {remedy}")


def _describe(
    config: Config,
    registration: Registration,
    networks: tuple[PlannedNetwork, ...],
    folder: StudyFolder,
    split: Split,
    console: Console,
) -> int:
    """Print the resolved config, the plan and what its tests can find; touch nothing."""
    from study.config import as_record
    from study.execution.cluster import worker_count
    from study.execution.estimate import estimate
    from study.store import network_state, read_journal

    for section, keys in as_record(config).items():
        console.print(f"\\[{section}]")
        for key, value in keys.items():
            console.print(f"  {key} = {value!r}", highlight=False, markup=False)
    states = [network_state(folder, network.key) for network in networks]
    to_do = [network for network, state in zip(networks, states, strict=True) if state != "done"]
    workers = 1 if config.execution.scheduler else worker_count(config, max(len(to_do), 1))
    told = "one of the scheduler's workers" if config.execution.scheduler else f"{workers} workers"
    needed = estimate(config, split, to_do, workers=workers, journal=read_journal(folder))
    for (arm, number), count in collections.Counter((each.arm, each.initialization_set) for each in networks).items():
        console.print(f"arm {arm}, initialisation set {number}: {count} networks", highlight=False)
    console.print(
        f"plan: {len(networks)} networks: {states.count('done')} done, {states.count('to do')} to do,"
        f" {states.count('damaged')} damaged (will be set aside and retrained)",
        highlight=False,
    )
    console.print(
        f"with {told}: about {needed.minutes:.0f} minutes ({needed.basis}), {needed.megabytes:.0f} MB of"
        " disk; nothing was written",
        highlight=False,
    )
    _describe_power(config, registration, console)
    return 0


def _describe_power(config: Config, registration: Registration, console: Console) -> None:
    """Print what each confirmatory test can find with the networks planned, by simulation on this machine's cores."""
    from study.commands.power import power_lines, print_power, to_simulate
    from study.execution.progress import counted
    from study.vocabulary.provenance import usable_cores

    total = to_simulate(registration, config)
    with counted(console, "power: studies simulated", total) as watch:
        lines = power_lines(registration, config, workers=usable_cores(), watch=watch)
    print_power(lines, console)


@contextlib.contextmanager
def _alone(
    config: Config, images: ImageSet, networks: tuple[PlannedNetwork, ...], folder: StudyFolder, console: Console
) -> Iterator[None]:
    """Hold the study's lock, once it is known that results can be written and networks be trained."""
    from study.execution.cluster import check_scheduler
    from study.store import StudyFolder, check_writable, locked, network_path

    check_writable(folder)
    check_writable(StudyFolder(REPORTS))  # now rather than after hours of training
    to_do = any(not network_path(folder, network.key).exists() for network in networks)
    if to_do and (warning := check_scheduler(config)):
        console.print(warning, markup=False, highlight=False)
    with locked(folder) as remark:
        if remark:
            console.print(remark, markup=False, highlight=False)
        _check_record(folder, config, images)  # again: a run that has just ended may have made it
        yield


def _execute(
    config: Config,
    registration: Registration,
    images: ImageSet,
    split: Split,
    networks: tuple[PlannedNetwork, ...],
    folder: StudyFolder,
    console: Console,
) -> int:
    from study.store import damage, network_state, set_aside, sweep_checkpoints, sweep_staging

    states = {network.key: network_state(folder, network.key) for network in networks}
    record = _record(folder, config, registration, images, split)
    sweep_staging(folder)
    for key in (key for key, state in states.items() if state == "damaged"):
        problem = damage(folder, key)
        console.print(f"{problem}; set aside as {set_aside(folder, key)}, trained again", markup=False, highlight=False)
    to_do = [network for network in networks if states[network.key] != "done"]
    sweep_checkpoints(folder, keep={network.key for network in to_do})
    if to_do:
        _train(to_do, len(networks), config, folder, images.fingerprint, console)
    trained = {network.key for network in to_do if network_state(folder, network.key) == "done"}
    done = [network.key for network in networks if states[network.key] == "done" or network.key in trained]
    if not done:
        raise StudyError(f"no network could be trained; the reasons are in {folder.journal}")
    return _conclude(config, registration, networks, done, folder, record, console)


def _record(
    folder: StudyFolder, config: Config, registration: Registration, images: ImageSet, split: Split
) -> dict[str, Any]:
    """Return the study's record; the first run writes it, with the registration as it is before any network starts."""
    from study.config import as_record, config_digest, measured_settings
    from study.store import read_record, write_record
    from study.vocabulary.provenance import environment, git_state
    from study.vocabulary.schema import SCHEMA_VERSION

    record = read_record(folder)
    if record is None:
        record = {
            "schema_version": SCHEMA_VERSION,
            "config": as_record(config),
            "config_digest": config_digest(config),
            "measured_settings": measured_settings(config),
            "images": {
                "description": images.description,
                "fingerprint": images.fingerprint,
                "official": images.official,
                "class_names": list(images.class_names),
                "train": len(split.train),
                "validation": len(split.validation),
                "test": len(split.test),
            },
            "registration": registration.as_record(),
            "environment": environment(),
            "git": git_state(Path(__file__).parent.parent),
        }
        write_record(folder, record)
    return record


def _train(
    to_do: Sequence[PlannedNetwork], total: int, config: Config, folder: StudyFolder, fingerprint: str, console: Console
) -> None:
    from study.execution.progress import Display
    from study.execution.scheduling import run_networks
    from study.store import network_path

    labels = {network.key: network.label for network in to_do}
    try:
        arms = {network.key: network.arm for network in to_do}
        with Display(console, labels=labels, arms=arms, done=total - len(to_do), total=total) as display:
            for outcome in run_networks(to_do, config, folder, fingerprint=fingerprint, watch=display.watch):
                told = (
                    f"FAILED: {outcome.failure}"
                    if outcome.failure
                    else (
                        f"{outcome.entry['seconds']:.0f} s, {outcome.entry['images_per_second']:.0f} training images a second"
                        + (f", resumed after epoch {resumed}" if (resumed := outcome.entry["resumed_epoch"]) else "")
                    )
                )
                display.ended(outcome.network.key, told)
    except KeyboardInterrupt:
        missing = sum(not network_path(folder, network.key).exists() for network in to_do)
        raise KeyboardInterrupt(f"interrupted with {total - missing} of {total} networks done") from None


def _conclude(
    config: Config,
    registration: Registration,
    networks: tuple[PlannedNetwork, ...],
    done: list[str],
    folder: StudyFolder,
    record: dict[str, Any],
    console: Console,
) -> int:
    """Compact, analyse, store the results and write the report."""
    from study import analysis
    from study.analysis.core.results_dataset import results_dataset
    from study.commands.report_content import failure_sentences, report_of
    from study.config import as_record
    from study.registration.deviations import differences, setting_deviations
    from study.report.page import write_report
    from study.store import compact, open_study, read_journal, write_results

    report_path = REPORTS / f"{config.name}.html"
    with console.status("analysing and writing the report") if console.is_terminal else contextlib.nullcontext():
        compact(folder, done, _compaction_attributes(record))
        study = open_study(folder.compacted)
        for group in set(analysis.MEASUREMENTS) & set(study.children):
            study[group].load()
        questions = analysis.analyse(study, registration, root_seed=config.seed)
        write_results(folder, results_dataset(questions))
        journal = read_journal(folder)
        failures = failure_sentences(networks, journal, {network.key for network in networks} - set(done))
        deviations = differences(record["registration"], registration)
        deviations += setting_deviations(registration, as_record(config))
        report = report_of(
            questions, config, study, record=record, journal=journal, deviations=deviations, failures=failures
        )
        write_report(report, report_path)
    _print_verdicts(questions, report.demonstration, console)
    for line in (*deviations, *failures):
        console.print(line, markup=False, highlight=False)
    console.print(f"data:   {folder.compacted}\nreport: {report_path}", highlight=False)
    return 1 if failures else 0


def _compaction_attributes(record: dict[str, Any]) -> dict[str, Any]:
    git = record["git"] or {"commit": "unknown", "dirty": False}
    return {
        "config_digest": record["config_digest"],
        "registration_digest": record["registration"]["digest"],
        "image_fingerprint": record["images"]["fingerprint"],
        "class_names": record["images"]["class_names"],
        "packages": record["environment"]["packages"],
        "git_commit": git["commit"],
        "git_dirty": bool(git["dirty"]),
    }


def _print_verdicts(questions: Sequence[Any], demonstration: bool, console: Console) -> None:
    from rich.table import Table

    table = Table("hypothesis", "status", "registered verdict", "analysis as published")
    for question in questions:
        for result in question.hypotheses:
            table.add_row(result.hypothesis.id, result.hypothesis.status, result.verdict, result.published_verdict)
    console.print(table)
    if demonstration:
        console.print("This study is small or uses generated images: it demonstrates the procedure and proves nothing.")


if __name__ == "__main__":
    sys.exit(main())
