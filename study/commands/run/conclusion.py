"""From published networks to the report: compact, analyse, store the results, write the page, print the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from rich.console import Console
from rich.table import Table

from study import analysis
from study.analysis.core.results import QuestionResult
from study.analysis.core.results_dataset import results_dataset
from study.commands.command import DONE, FAILED
from study.commands.console import print_plain, status
from study.commands.run.completeness import Completeness, completeness, failure_sentences
from study.commands.run.false_supports import false_support_sentences
from study.commands.run.looks import look_now, look_sentences
from study.commands.run.plan import StudyPlan
from study.commands.run.record import compaction_attributes
from study.commands.run.report_content import is_demonstration, report_of
from study.commands.run.siblings import sibling_sentences
from study.commands.study_folder import REPORTS, compacted, print_places
from study.config import as_record
from study.registration.deviations import differences, network_deviations, setting_deviations
from study.report.content import Standing
from study.report.page import write_report
from study.store import read_journal, write_results
from study.vocabulary.schema import REGISTRATION_DIGEST


def conclude(plan: StudyPlan, done: Sequence[str], record: Mapping[str, Any], console: Console) -> int:
    """Conclude a study and return the exit code: 1 where planned networks are missing.

    Parameters
    ----------
    plan
        Its folder is locked.
    done
        Keys of the networks that are there, in the order of the plan.
    record
        The study's.
    console
        Where the verdicts are printed.
    """
    config, folder = plan.config, plan.folder
    report_path = REPORTS / f"{config.name}.html"
    journal = read_journal(folder)
    missing = completeness(plan.networks, done, journal, registered=plan.registered)
    failures = failure_sentences(missing, journal)
    with status(console, "analysing and writing the report"):
        study = compacted(folder, done, compaction_attributes(record, failed=missing.failed))
        questions = analysis.analyse(study, plan.registration, root_seed=config.seed)
        look = look_now(
            folder, done, registration_digest=plan.registration.digest, interim=bool(missing.interim)
        )  # before anybody can see what they say
        demonstration = is_demonstration(config, study)
        described = {"demonstration": demonstration, "interim": bool(missing.interim), "look": look}
        write_results(folder, results_dataset(questions).assign_attrs(described))
        standing = _standing(plan, study, questions, missing, record=record, look=look)
        report = report_of(
            questions, config, study, record=record, journal=journal, standing=standing, failures=failures
        )
        write_report(report, report_path)
    _print_standing(standing, console)
    _print_verdicts(questions, console, interim=bool(standing.interim), demonstration=demonstration)
    print_plain(console, *failures)
    print_places(folder, report_path, console)
    return FAILED if failures else DONE


def _standing(
    plan: StudyPlan,
    study: xr.DataTree,
    questions: Sequence[QuestionResult],
    missing: Completeness,
    *,
    record: Mapping[str, Any],
    look: int,
) -> Standing:
    """Return how a study stands to its registration."""
    registration, folder = plan.registration, plan.folder
    recorded = record["registration"]
    trained_under = study["training"][REGISTRATION_DIGEST].values.tolist()
    deviations = differences(recorded, registration)
    deviations += network_deviations(trained_under, recorded=recorded["digest"], present=registration.digest)
    deviations += setting_deviations(registration, as_record(plan.config))
    keys = {network.key for network in plan.networks}
    return Standing(
        interim=missing.interim,
        deviations=tuple(deviations),
        looks=tuple(look_sentences(folder, shown=look)),
        siblings=tuple(sibling_sentences(folder, fingerprint=plan.images.fingerprint, keys=keys)),
        false_supports=tuple(false_support_sentences(questions)),
    )


def _print_standing(standing: Standing, console: Console) -> None:
    """Print how a study stands to its registration, what is interim first."""
    if standing.interim:
        print_plain(console, "INTERIM, not confirmatory: " + " ".join(standing.interim))
    print_plain(console, *(f"deviation: {line}" for line in standing.deviations))
    print_plain(console, *standing.looks)
    print_plain(console, *(f"another study of these images: {line}" for line in standing.siblings))


def _print_verdicts(
    questions: Sequence[QuestionResult], console: Console, *, interim: bool, demonstration: bool
) -> None:
    table = Table("hypothesis", "status", "registered verdict", "analysis as published")
    for question in questions:
        for result in question.hypotheses:
            standing = f"{result.hypothesis.status}, interim" if interim else result.hypothesis.status
            table.add_row(result.hypothesis.id, standing, result.verdict, result.published_verdict)
    console.print(table)
    print_plain(console, *false_support_sentences(questions))
    if demonstration:
        console.print("This study is small or uses generated images: it demonstrates the procedure and proves nothing.")
