"""One module per question: labelled datasets in, results out. No Keras, no Zarr."""

from __future__ import annotations

import importlib
import importlib.util

import xarray as xr

from study.analysis.question import Measure, Question
from study.analysis.results import HypothesisResult, QuestionResult
from study.analysis.testing import tested_layers, untested, with_verdicts
from study.errors import StudyError
from study.registration import QUESTIONS, Registration

MEASUREMENTS = ("training", "tuning", "ablation")  # the groups an analysis reads; the responses are ten times as large


def question_named(name: str) -> Question | None:
    """Return the question of the module `study.analysis.<name>`, or None where there is no such module yet."""
    if importlib.util.find_spec(f"study.analysis.{name}") is None:
        return None
    question: Question = importlib.import_module(f"study.analysis.{name}").QUESTION
    return question


def check_measures(registration: Registration, *, source: str) -> None:
    """Refuse a registration that names a measure its question's module does not have.

    Raises
    ------
    StudyError
        Naming the block, the measure and the allowed set.
    """
    for hypothesis in registration.hypotheses.values():
        question = question_named(hypothesis.question)
        if question is None:
            continue
        if hypothesis.measure not in question.measures:
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'measure': {hypothesis.measure!r} is unknown;"
                f" {question.name} has {', '.join(question.measures)}"
            )
        correlates = question.measures[hypothesis.measure].against is not None
        if correlates != (hypothesis.test == "stratified_permutation"):
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'test': {hypothesis.test!r} does not fit measure"
                f" {hypothesis.measure!r}, which {'correlates two variables' if correlates else 'has one value a network'}"
            )


def analyse(study: xr.DataTree, registration: Registration, *, root_seed: int) -> tuple[QuestionResult, ...]:
    """Return the result of every registered question, in the registration's order of questions.

    Parameters
    ----------
    study
        The compacted study; see `study.schema`.
    registration
        What is tested; nothing else is.
    root_seed
        Seed of resampling.
    """
    tested, results = {}, {}
    for name, hypothesis in registration.hypotheses.items():
        question = question_named(hypothesis.question)
        if question is None:
            results[name] = untested(
                hypothesis, "not measured: this version has no arm and no analysis for the question yet"
            )
        else:
            measure = question.measures[hypothesis.measure]
            tested[name] = (hypothesis, measure, tested_layers(hypothesis, measure, study, root_seed=root_seed))
    results |= with_verdicts(tested, study)
    ordered = {name: results[name] for name in registration.hypotheses}
    asked = [name for name in QUESTIONS if any(r.hypothesis.question == name for r in ordered.values())]
    return tuple(_question_result(name, ordered, study) for name in asked)


def _question_result(name: str, results: dict[str, HypothesisResult], study: xr.DataTree) -> QuestionResult:
    own = tuple(result for result in results.values() if result.hypothesis.question == name)
    question = question_named(name)
    if question is None:
        first = own[0].hypothesis
        return QuestionResult(name, name.replace("_", " ").capitalize(), first.paper_section, first.claim, own)
    return QuestionResult(
        name, question.title, question.paper_section, question.claim, own,
        figures=question.figures(study, own), notes=question.notes(study),
    )  # fmt: skip


__all__ = ["MEASUREMENTS", "Measure", "Question", "analyse", "check_measures", "question_named"]
