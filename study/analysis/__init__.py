"""One module per question: labelled datasets in, results out. No Keras, no Zarr."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from collections.abc import Mapping

import xarray as xr

from study.analysis.core.question import Measure, Question, networks_of
from study.analysis.core.results import HypothesisResult, QuestionResult
from study.analysis.core.testing import Tested, second_set, tested_layers, untested, with_verdicts
from study.analysis.multiverse import check_multiverse, multiverse_of
from study.registration import ALL_LAYERS, Hypothesis, Registration
from study.vocabulary.architecture import architectures
from study.vocabulary.discovery import names_in
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import GROUPS, SECOND_SET

MEASUREMENTS = tuple(
    name for name in GROUPS if name != "responses"
)  # what an analysis reads; those are ten times as large


def question_named(name: str) -> Question | None:
    """Return the question of the module `study.analysis.<name>`, or None where there is no such module yet."""
    if importlib.util.find_spec(f"study.analysis.questions.{name}") is None:
        return None
    question: Question = importlib.import_module(f"study.analysis.questions.{name}").QUESTION
    return question


def check_measures(registration: Registration, *, source: str) -> None:
    """Refuse a registration that names a measure, or a choice of the multiverse, that its question's analysis lacks.

    Raises
    ------
    StudyError
        Naming the block, the measure or choice, and the allowed set.
    """
    for hypothesis in registration.hypotheses.values():
        if hypothesis.question not in (names := names_in("study.analysis.questions")):
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'question': {hypothesis.question!r} is unknown; questions are"
                f" {', '.join(names)}"
            )
        _check_layers(hypothesis, source)
        question = question_named(hypothesis.question)
        if question is None:
            continue
        if hypothesis.measure not in question.measures:
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'measure': {hypothesis.measure!r} is unknown;"
                f" {question.name} has {', '.join(question.measures)}"
            )
        correlates = question.measures[hypothesis.measure].against is not None
        if correlates != hypothesis.kind.correlates:
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'test': {hypothesis.test!r} does not fit measure"
                f" {hypothesis.measure!r}, which {'correlates two variables' if correlates else 'has one value a network'}"
            )
    check_multiverse(registration, source=source)


def _check_layers(hypothesis: Hypothesis, source: str) -> None:
    """Refuse layers that the named architecture does not have; those of networks from elsewhere are not known here."""
    known = architectures().get(hypothesis.network)
    if known is None:
        return
    for layer in hypothesis.layers:
        if layer not in (*known.layers, ALL_LAYERS):
            raise StudyError(
                f"{source}, hypothesis {hypothesis.id!r}, field 'layers': {layer!r} is no layer of {known.name}; its layers are"
                f" {', '.join(known.layers)}"
            )


def analyse(study: xr.DataTree, registration: Registration, *, root_seed: int) -> tuple[QuestionResult, ...]:
    """Return the result of every registered question, in the registration's order of questions.

    Every test is run again on the second set of initialisations, where the study has one; the multiverse is explored in
    the first set alone.

    Parameters
    ----------
    study
        The compacted study; see `study.vocabulary.schema`.
    registration
        What is tested; nothing else is.
    root_seed
        Seed of resampling.
    """
    architecture = architectures()[study.attrs.get("architecture", "cnn7")]
    registration = registration.for_network(architecture.name, architecture.layers)
    hypotheses = registration.hypotheses
    parts = Parts(study)
    first = _concluded(parts, hypotheses, root_seed, second=False)
    again = _concluded(parts, hypotheses, root_seed, second=True)
    results = {
        name: dataclasses.replace(result, second=second_set(result, again[name])) if name in again else result
        for name, result in first.items()
    }
    asked = dict.fromkeys(hypothesis.question for hypothesis in hypotheses.values())
    described = (_question_result(name, results, again, parts) for name in asked)
    return tuple(_with_multiverse(result, registration, parts, root_seed) for result in described)


class Parts:
    """A study by arm and set of initialisations; each part is cut out once."""

    def __init__(self, study: xr.DataTree) -> None:
        """Cut nothing yet."""
        self._study = study
        self._cut: dict[tuple[str, int], xr.DataTree | None] = {}

    def of(self, question: Question, *, second: bool) -> xr.DataTree | None:
        """Return the networks that a question is asked of, or those of the second set; None where there are none.

        A question that is about the second set has no further one.
        """
        if second and question.initialization_set == SECOND_SET:
            return None
        place = (question.arm, SECOND_SET if second else question.initialization_set)
        if place not in self._cut:
            self._cut[place] = networks_of(self._study, *place)
        return self._cut[place]


def _concluded(
    parts: Parts, hypotheses: Mapping[str, Hypothesis], root_seed: int, *, second: bool
) -> dict[str, HypothesisResult]:
    """Return the result of every hypothesis, in their order; for the second set of those alone that it has data of."""
    tested, untestable = {}, {}
    for name, hypothesis in hypotheses.items():
        question = question_named(hypothesis.question)
        if question is None:
            untestable[name] = untested(hypothesis, "not measured: this version has no analysis for the question yet")
            continue
        networks = parts.of(question, second=second)
        measure = question.measures[hypothesis.measure]
        if networks is None:
            untestable[name] = untested(hypothesis, _missing(question, second=second))
        else:
            layers = tested_layers(hypothesis, measure, networks, root_seed=root_seed)
            tested[name] = Tested(hypothesis, measure, layers, networks)
    results = with_verdicts(tested)
    if not second:
        results |= untestable
    return {name: _explained(results[name]) for name in hypotheses if name in results}


def _explained(result: HypothesisResult) -> HypothesisResult:
    """Return a result with what its measure says of the published analysis and of how the registered one differs."""
    question = question_named(result.hypothesis.question)
    if question is None:
        return result
    measure = question.measures[result.hypothesis.measure]
    return dataclasses.replace(result, published_test=measure.published_test, difference=measure.difference)


def _missing(question: Question, *, second: bool) -> str:
    which = "second" if question.initialization_set == SECOND_SET or second else "first"
    return f"this study has no networks of arm {question.arm} in the {which} set of initialisations"


def _question_result(
    name: str, results: dict[str, HypothesisResult], again: dict[str, HypothesisResult], parts: Parts
) -> QuestionResult:
    own = tuple(result for result in results.values() if result.hypothesis.question == name)
    question = question_named(name)
    if question is None:
        first = own[0].hypothesis
        return QuestionResult(name, name.replace("_", " ").capitalize(), first.paper_section, first.claim, own)
    described = QuestionResult(name, question.title, question.paper_section, question.claim, own)
    if (networks := parts.of(question, second=False)) is not None:
        described = dataclasses.replace(
            described, figures=question.figures(networks, own), notes=question.notes(networks)
        )
    if (networks := parts.of(question, second=True)) is not None:
        repeated = tuple(result for result in again.values() if result.hypothesis.question == name)
        described = dataclasses.replace(described, second_figures=question.figures(networks, repeated))
    return described


def _with_multiverse(
    result: QuestionResult, registration: Registration, parts: Parts, root_seed: int
) -> QuestionResult:
    """Return a question's result with what other analyses of it say, where the registration names any."""
    question = question_named(result.question)
    networks = None if question is None else parts.of(question, second=False)
    if networks is None or result.question not in registration.multiverse:
        return result
    found = multiverse_of(result.question, registration, networks, root_seed=root_seed)
    if found is None:
        return result
    curve, agreement = found
    return dataclasses.replace(result, figures=(*result.figures, curve), multiverse=agreement)


__all__ = ["MEASUREMENTS", "Measure", "Question", "analyse", "check_measures", "question_named"]
