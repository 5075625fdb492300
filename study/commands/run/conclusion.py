"""From published networks to the report: compact, analyse, store the results, write the page, print the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr
from rich.console import Console

from study import analysis
from study.analysis.core.results import QuestionResult
from study.analysis.core.results_dataset import results_dataset
from study.commands.all_reports import INDEX, write_index
from study.commands.command import DONE, FAILED
from study.commands.console import SPOKEN, Manner
from study.commands.power import to_simulate
from study.commands.run.access import access_of
from study.commands.run.completeness import Completeness, completeness, failure_sentences
from study.commands.run.concluded import Concluded, say_conclusion
from study.commands.run.described import DescribedStudy
from study.commands.run.looks import look_now
from study.commands.run.record import compaction_attributes
from study.commands.run.report_content import is_demonstration, report_of, shown_images
from study.commands.run.standing import Standing, standing_of
from study.commands.run.trust import arms_trust, primary_ids, primary_power
from study.commands.study_folder import REPORTS, Places, compacted
from study.execution.progress import Steps
from study.images.image_set import ImageSet
from study.report.content import ArmTrust, Report
from study.report.page import write_report
from study.store import read_journal, write_results


def conclude(
    plan: DescribedStudy,
    done: Sequence[str],
    record: Mapping[str, Any],
    console: Console,
    *,
    images: ImageSet | None = None,
    manner: Manner = SPOKEN,
) -> int:
    """Conclude a study, whose folder is locked, and return the exit code: 1 where planned networks are missing.

    Parameters
    ----------
    plan, record
        The study.
    done
        Keys of the networks that are there, in the order of the plan.
    console
        Where what goes on is said.
    images
        Of which a report shows some; None where they are not at hand.
    manner
        How the conclusion is said.
    """
    config, folder = plan.config, plan.folder
    report_path = REPORTS / f"{config.name}.html"
    journal = read_journal(folder)
    missing = completeness(plan.networks, done, journal, registered=plan.registered)
    failures = failure_sentences(missing, journal)
    steps = Steps(console, 4)
    with steps.step(f"gathering networks ({len(done)}) into {folder.compacted}"):
        study = compacted(folder, done, compaction_attributes(record, failed=missing.failed), console)
    with steps.step("analysing hypotheses") as at:
        questions, standing, demonstration = _analysed(plan, study, done, missing, record, at)
    with steps.step("power of primary hypotheses, in simulated studies") as at:
        studies = to_simulate(plan.registration, config, only=primary_ids(plan))
        power = primary_power(plan, keep=True, watch=_summed(at, studies))
        trust = arms_trust(plan, study, questions, missing, failures=failures, power=power)
    with steps.step(f"writing {report_path}"):
        report = study_report(
            plan, study, questions, record, standing=standing, missing=missing, trust=trust, images=images
        )
        write_report(report, report_path)
        unlisted = write_index()
    places = Places(data=folder.compacted, report=report_path, index=REPORTS / INDEX, problem=unlisted)
    concluded = Concluded(config.name, questions, standing, tuple(failures), demonstration, places)
    say_conclusion(concluded, console, manner)
    return FAILED if failures else DONE


def study_report(
    plan: DescribedStudy,
    study: xr.DataTree,
    questions: tuple[QuestionResult, ...],
    record: Mapping[str, Any],
    *,
    standing: Standing,
    missing: Completeness,
    trust: tuple[ArmTrust, ...],
    images: ImageSet | None = None,
) -> Report:
    """Return everything that the report of a study shows; `images` are those of which it shows some, if at hand."""
    journal = read_journal(plan.folder)
    return report_of(
        questions,
        plan.config,
        study,
        record=record,
        journal=journal,
        standing=standing,
        failures=failure_sentences(missing, journal),
        trust=trust,
        access=access_of(plan.config, plan.folder, record),
        images=shown_images(plan.config, images),
    )


def _analysed(
    plan: DescribedStudy,
    study: xr.DataTree,
    done: Sequence[str],
    missing: Completeness,
    record: Mapping[str, Any],
    at: Callable[[int, int], None],
) -> tuple[tuple[QuestionResult, ...], Standing, bool]:
    """Analyse a study and store what comes of it; return that, how it stands, and whether it is a demonstration."""
    questions = analysis.analyse(study, plan.registration, root_seed=plan.config.seed, watch=at)
    interim = bool(missing.interim)
    # Noted before anybody can see what the results say.
    look = look_now(plan.folder, done, registration_digest=plan.registration.digest, interim=interim)
    demonstration = is_demonstration(plan.config, study)
    described = {"demonstration": demonstration, "interim": interim, "look": look}
    write_results(plan.folder, results_dataset(questions).assign_attrs(described))
    return questions, standing_of(plan, study, questions, missing, record=record, look=look), demonstration


def _summed(at: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    """Return what is told how many more are done, and tells how many of a total are."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        at(done, total)

    return more
