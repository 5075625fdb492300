"""A compacted study and a registration in, the result of every question out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import xarray as xr

from study.analysis.core.evidence import evidence_of
from study.analysis.core.layers import layer_names
from study.analysis.core.learning import learning_checks, why_not_informative
from study.analysis.core.ledger import registered_test
from study.analysis.core.networks import Parts
from study.analysis.core.point_values import network_points
from study.analysis.core.published import unmeasured
from study.analysis.core.question import Question
from study.analysis.core.rearing import manipulation_checks, why_not_manipulated
from study.analysis.core.registry import questions
from study.analysis.core.results import (
    NOT_INFORMATIVE,
    NOT_TESTED,
    HypothesisResult,
    LearningCheck,
    ManipulationCheck,
    QuestionResult,
)
from study.analysis.core.testing import Tested, second_set, tested_layers, untested, with_verdicts
from study.analysis.multiverse import multiverse_of
from study.registration import Hypothesis, Registration
from study.vocabulary.architecture import architectures
from study.vocabulary.schema import SECOND_SET

_ELSEWHERE = "registered for"
Item = TypeVar("Item")


def analyse(
    study: xr.DataTree,
    registration: Registration,
    *,
    root_seed: int,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[QuestionResult, ...]:
    """Return the result of every registered question, in the order of their first appearance in the registration.

    Every test is run again on the second set of initialisations, where the study has one; the multiverse is explored in
    the first set alone.

    Parameters
    ----------
    study
        The compacted study; see `study.vocabulary.schema`.
    registration
        What is tested; nothing else is. `check_registration` has passed it.
    root_seed
        Seed of resampling.
    watch
        Told how many parts of the analysis are done, and of how many.
    """
    architecture, layers = network_of(study)
    registration = registration.for_network(architecture, layers)
    hypotheses = registration.hypotheses
    parts = Parts(study)
    here = {name: one for name, one in hypotheses.items() if one.is_registered_for(architecture)}
    learning = Learning(parts, registration)
    names = dict.fromkeys(hypothesis.question for hypothesis in hypotheses.values())
    watched = _Watched(2 * len(here) + len(names), watch)
    first = _concluded(parts, here, learning, root_seed, watched, second=False)
    first = {name: first.get(name) or _registered_elsewhere(one) for name, one in hypotheses.items()}
    again = _concluded(parts, here, learning, root_seed, watched, second=True)
    results = {
        name: dataclasses.replace(result, second=second_set(result, again[name])) if name in again else result
        for name, result in first.items()
    }
    described = (_question_result(name, results, again, parts, learning, root_seed) for name in watched.each(names))
    registered = dataclasses.replace(registration, hypotheses=here)
    return tuple(_with_multiverse(result, registered, parts, root_seed) for result in described)


class _Watched:
    """Tells somebody how far a loop is that consists of several."""

    def __init__(self, total: int, watch: Callable[[int, int], None]) -> None:
        self._total, self._watch, self._done = total, watch, 0

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            yield item
            self._done += 1
            self._watch(self._done, self._total)


class Learning:
    """The checks of a study: of what was learnt, by arm and set, each taken once; and of what rearing changed."""

    def __init__(self, parts: Parts, registration: Registration) -> None:
        """Check nothing yet."""
        self._parts, self._rules, self._manipulation = parts, registration.learning, registration.manipulation
        self._checks: dict[tuple[str, bool], tuple[LearningCheck, ...]] = {}

    def of(self, question: Question, *, second: bool) -> tuple[LearningCheck, ...]:
        """Return the checks of the networks that a question is about; none where none is registered, or no networks are."""
        rule, networks = self._rules.get(question.arm), self._parts.of(question, second=second)
        if rule is None or networks is None:
            return ()
        place = (question.arm, second or question.initialization_set == SECOND_SET)
        if place not in self._checks:
            self._checks[place] = learning_checks(rule, networks)
        return self._checks[place]

    def of_rearing(self, hypothesis: Hypothesis) -> tuple[ManipulationCheck, ...]:
        """Return the checks of what the rearing that a hypothesis compares has changed; none where none is registered."""
        question = questions()[hypothesis.question]
        compared, networks = question.estimands[hypothesis.measure].compared, self._parts.of(question, second=False)
        if compared is None or networks is None or (rule := self._manipulation.get(compared[0])) is None:
            return ()
        return manipulation_checks(rule, networks, compared, hypothesis.layers)


def network_of(study: xr.DataTree) -> tuple[str, tuple[str, ...]]:
    """Return the architecture of a study's networks and its hidden layers, in order.

    The layers are those that the architecture declares; the stored ones where this version has no such architecture.
    """
    name = str(study.attrs.get("architecture", "cnn7"))
    if (architecture := architectures().get(name)) is not None:
        return name, architecture.layers
    return name, tuple(layer_names(study["tuning"].to_dataset())) if "tuning" in study.children else ()


def is_registered_elsewhere(result: HypothesisResult) -> bool:
    """Return whether a hypothesis is about another architecture than the study's."""
    return result.verdict == NOT_TESTED and result.reason == f"{_ELSEWHERE} {result.hypothesis.network}"


def _registered_elsewhere(hypothesis: Hypothesis) -> HypothesisResult:
    """Return the result of a hypothesis about another architecture: it is not tested."""
    result = untested(hypothesis, f"{_ELSEWHERE} {hypothesis.network}")
    return _explained(dataclasses.replace(result, published_layers=unmeasured(hypothesis.layers)))


def _concluded(
    parts: Parts,
    hypotheses: Mapping[str, Hypothesis],
    learning: Learning,
    root_seed: int,
    watched: _Watched,
    *,
    second: bool,
) -> dict[str, HypothesisResult]:
    """Return the result of every hypothesis, in their order; for the second set of those alone that it has data of."""
    tested, untestable = {}, {}
    for name, hypothesis in watched.each(hypotheses.items()):
        question = questions()[hypothesis.question]
        networks = parts.of(question, second=second)
        if networks is None:
            untestable[name] = untested(hypothesis, _missing(question, second=second))
            continue
        estimand = question.estimands[hypothesis.measure]
        evidence = evidence_of(estimand, networks)
        layers = tested_layers(hypothesis, evidence, root_seed=root_seed)
        published = question.published[hypothesis.measure].layers(networks, hypothesis.layers, root_seed=root_seed)
        why = why_not_informative(learning.of(question, second=second)) or why_not_manipulated(
            learning.of_rearing(hypothesis)
        )
        points = network_points(hypothesis, estimand, evidence, networks)
        tested[name] = Tested(hypothesis, layers, published, why, points)
    results = with_verdicts(tested)
    if not second:
        results |= untestable
    return {name: _explained(results[name]) for name in hypotheses if name in results}


def _explained(result: HypothesisResult) -> HypothesisResult:
    """Return a result with what is to be said of either analysis and of how the registered one differs."""
    question, measure = questions()[result.hypothesis.question], result.hypothesis.measure
    published = question.published[measure]
    return dataclasses.replace(
        result,
        registered_test=registered_test(result.hypothesis),
        published_test=published.test,
        difference=published.difference,
        quantity=question.estimands[measure].quantity,
    )


def _missing(question: Question, *, second: bool) -> str:
    which = "second" if question.initialization_set == SECOND_SET or second else "first"
    return f"this study has no networks of arm {question.arm} in the {which} set of initialisations"


def _question_result(
    name: str,
    results: Mapping[str, HypothesisResult],
    again: Mapping[str, HypothesisResult],
    parts: Parts,
    learning: Learning,
    root_seed: int,
) -> QuestionResult:
    """Return a question's results, with figures and notes of the networks that there are.

    Figures and notes see the results of the hypotheses that are registered for these networks.
    """
    question = questions()[name]
    first = tuple(result for result in results.values() if result.hypothesis.question == name)
    repeated = tuple(result for result in again.values() if result.hypothesis.question == name)
    checks = learning.of(question, second=False)
    if parts.of(question, second=True) is not None:
        checks += learning.of(question, second=True)
    reared = dict.fromkeys(check for result in first for check in learning.of_rearing(result.hypothesis))
    described = QuestionResult(
        name,
        question.title,
        question.paper_section,
        question.claim,
        first,
        learning=checks,
        manipulation=tuple(reared),
    )
    if (networks := parts.of(question, second=False)) is not None:
        here = tuple(result for result in first if not is_registered_elsewhere(result))
        described = dataclasses.replace(
            described,
            figures=question.figures(networks, here, root_seed=root_seed),
            notes=question.notes(networks, here, root_seed=root_seed),
        )
    if (networks := parts.of(question, second=True)) is not None:
        second_figures = question.figures(networks, repeated, root_seed=root_seed)
        described = dataclasses.replace(described, second_figures=second_figures)
    return described


def _with_multiverse(
    result: QuestionResult, registration: Registration, parts: Parts, root_seed: int
) -> QuestionResult:
    """Return a question's result with what other analyses of it say, where the registration names any."""
    networks = parts.of(questions()[result.question], second=False)
    if networks is None or result.question not in registration.multiverse:
        return result
    informative = result.hypotheses[0].verdict != NOT_INFORMATIVE and all(
        check.passed for check in result.learning if check.initialization_set != SECOND_SET
    )
    curve_and_agreement = multiverse_of(
        result.question, registration, networks, informative=informative, root_seed=root_seed
    )
    if curve_and_agreement is None:
        return result
    curve, agreement = curve_and_agreement
    return dataclasses.replace(result, figures=(*result.figures, curve), multiverse=agreement)
