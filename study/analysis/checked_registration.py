"""What a registration may name: questions, measures, tests that fit them, and levels of the multiverse."""

from __future__ import annotations

from study.analysis.core.registry import questions
from study.analysis.multiverse import check_multiverse
from study.registration import ALL_LAYERS, Hypothesis, Registration
from study.vocabulary.architecture import architectures
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.rearing import layers_of_span


def check_registration(registration: Registration, *, source: str) -> None:
    """Refuse a registration that names what no analysis has: a question, a measure, a level of the multiverse.

    Raises
    ------
    StudyError
        Naming the block, the field, its value and the allowed set.
    """
    for hypothesis in registration.hypotheses.values():
        where = f"{source}, hypothesis {quoted(hypothesis.id)}"
        _check_measure(hypothesis, where)
        _check_layers(hypothesis, where)
    _check_learning(registration, source)
    check_multiverse(registration, source=source)


def _check_learning(registration: Registration, source: str) -> None:
    """Refuse a learning check of an arm that no question is about."""
    arms = tuple(dict.fromkeys(question.arm for question in questions().values()))
    for arm in registration.learning:
        if arm not in arms:
            raise StudyError(
                f"{source}, learning block: {quoted(arm)} is no arm of a question; arms are {', '.join(arms)}"
            )


def _check_measure(hypothesis: Hypothesis, where: str) -> None:
    """Refuse a question without a folder, a measure that it lacks, and a test that does not fit the measure."""
    question = questions().get(hypothesis.question)
    if question is None:
        raise StudyError(
            f"{where}, field 'question': {quoted(hypothesis.question)} has no folder in study/analysis/questions; questions are"
            f" {', '.join(questions())}"
        )
    if hypothesis.measure not in question.estimands:
        raise StudyError(
            f"{where}, field 'measure': {quoted(hypothesis.measure)} is unknown; {hypothesis.question} has"
            f" {', '.join(question.estimands)}"
        )
    estimand = question.estimands[hypothesis.measure]
    correlates, pairs = estimand.against is not None, estimand.pairs is not None
    if correlates != hypothesis.kind.correlates:
        fits = "correlates two variables" if correlates else "has one value a network"
        raise StudyError(
            f"{where}, field 'test': {quoted(hypothesis.test)} does not fit measure {quoted(hypothesis.measure)}, which {fits}"
        )
    if pairs != hypothesis.kind.pairs:
        fits = "compares curves of different networks" if pairs else "has no curves to pair"
        raise StudyError(
            f"{where}, field 'test': {quoted(hypothesis.test)} does not fit measure {quoted(hypothesis.measure)}, which {fits}"
        )


def _check_layers(hypothesis: Hypothesis, where: str) -> None:
    """Refuse layers, or spans of those reared, that the named architecture does not have; an external one is not known here."""
    architecture = architectures().get(hypothesis.network)
    if architecture is None:
        return
    if questions()[hypothesis.question].estimands[hypothesis.measure].compared is not None:
        for span in hypothesis.layers:
            if not layers_of_span(span, architecture.square_kernels):
                raise StudyError(
                    f"{where}, field 'layers': {quoted(span)} must be one, or two as FIRST-LAST, of the layers of"
                    f" {architecture.name} with 3 x 3 kernels: {', '.join(architecture.square_kernels)}"
                )
        return
    for layer in hypothesis.layers:
        if layer not in (*architecture.layers, ALL_LAYERS):
            raise StudyError(
                f"{where}, field 'layers': {quoted(layer)} is no layer of {architecture.name}; its layers are"
                f" {', '.join(architecture.layers)}"
            )
