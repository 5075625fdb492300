"""From published networks to the report: compact, analyse, store the results, write the page, print the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from study import analysis
from study.analysis.core.results import QuestionResult
from study.analysis.core.results_dataset import results_dataset
from study.commands.command import DONE, FAILED
from study.commands.console import print_plain, status
from study.commands.run.plan import StudyPlan
from study.commands.run.record import compaction_attributes
from study.commands.run.report_content import failure_sentences, report_of
from study.commands.study_folder import REPORTS, compacted, print_places
from study.config import as_record
from study.registration.deviations import differences, setting_deviations
from study.report.page import write_report
from study.store import read_journal, write_results


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
    config, registration, folder = plan.config, plan.registration, plan.folder
    report_path = REPORTS / f"{config.name}.html"
    with status(console, "analysing and writing the report"):
        study = compacted(folder, done, compaction_attributes(record))
        questions = analysis.analyse(study, registration, root_seed=config.seed)
        write_results(folder, results_dataset(questions))
        journal = read_journal(folder)
        missing = {network.key for network in plan.networks} - set(done)
        failures = failure_sentences(plan.networks, journal, missing)
        deviations = differences(record["registration"], registration)
        deviations += setting_deviations(registration, as_record(config))
        report = report_of(
            questions, config, study, record=record, journal=journal, deviations=deviations, failures=failures
        )
        write_report(report, report_path)
    _print_verdicts(questions, report.demonstration, console)
    print_plain(console, *deviations, *failures)
    print_places(folder, report_path, console)
    return FAILED if failures else DONE


def _print_verdicts(questions: Sequence[QuestionResult], demonstration: bool, console: Console) -> None:
    table = Table("hypothesis", "status", "registered verdict", "analysis as published")
    for question in questions:
        for result in question.hypotheses:
            table.add_row(result.hypothesis.id, result.hypothesis.status, result.verdict, result.published_verdict)
    console.print(table)
    if demonstration:
        console.print("This study is small or uses generated images: it demonstrates the procedure and proves nothing.")
