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
from study.commands.run.access import access_of
from study.commands.run.completeness import completeness, failure_sentences
from study.commands.run.described import DescribedStudy
from study.commands.run.looks import look_now
from study.commands.run.record import compaction_attributes
from study.commands.run.report_content import is_demonstration, report_of, shown_images
from study.commands.run.standing import standing_of
from study.commands.run.trust import arms_trust, primary_power
from study.commands.study_folder import REPORTS, compacted, print_places
from study.images.image_set import ImageSet
from study.report.learning_words import learning_checks, unlearnt_sentences
from study.report.page import write_report
from study.store import read_journal, write_results


def conclude(
    plan: DescribedStudy,
    done: Sequence[str],
    record: Mapping[str, Any],
    console: Console,
    *,
    images: ImageSet | None = None,
) -> int:
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
    images
        Of which a report shows some; None where they are not at hand.
    """
    config, folder = plan.config, plan.folder
    report_path = REPORTS / f"{config.name}.html"
    journal = read_journal(folder)
    missing = completeness(plan.networks, done, journal, registered=plan.registered)
    failures = failure_sentences(missing, journal)
    with status(console, "analysing and writing the report"):
        study = compacted(folder, done, compaction_attributes(record, failed=missing.failed), console)
        questions = analysis.analyse(study, plan.registration, root_seed=config.seed)
        look = look_now(
            folder, done, registration_digest=plan.registration.digest, interim=bool(missing.interim)
        )  # before anybody can see what they say
        demonstration = is_demonstration(config, study)
        described = {"demonstration": demonstration, "interim": bool(missing.interim), "look": look}
        write_results(folder, results_dataset(questions).assign_attrs(described))
        standing = standing_of(plan, study, questions, missing, record=record, look=look)
        trust = arms_trust(plan, study, questions, missing, failures=failures, power=primary_power(plan))
        report = report_of(
            questions,
            config,
            study,
            record=record,
            journal=journal,
            standing=standing,
            failures=failures,
            trust=trust,
            access=access_of(config, folder, record),
            images=shown_images(config, images),
        )
        write_report(report, report_path)
    print_plain(console, *unlearnt_sentences(learning_checks(questions)), *standing.lines)
    _print_verdicts(questions, console, interim=bool(standing.interim), demonstration=demonstration)
    print_plain(console, *standing.weight, *failures)
    print_places(folder, report_path, console)
    return FAILED if failures else DONE


def _print_verdicts(
    questions: Sequence[QuestionResult], console: Console, *, interim: bool, demonstration: bool
) -> None:
    table = Table("hypothesis", "status", "registered verdict", "analysis as published")
    for question in questions:
        for result in question.hypotheses:
            weight = f"{result.hypothesis.status}, interim" if interim else result.hypothesis.status
            table.add_row(result.hypothesis.id, weight, result.verdict, result.published_verdict)
    console.print(table)
    if demonstration:
        console.print("This study is small or uses generated images: it demonstrates the procedure and proves nothing.")
