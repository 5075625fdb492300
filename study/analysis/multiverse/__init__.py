"""The multiverse: what a question's answer would be under every other analysis that the registration names; exploratory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.registry import declared_by_some
from study.analysis.core.results import NOT_INFORMATIVE, Figure, LayerAgreement
from study.analysis.multiverse.conclude import Explored, agreements, direction, explored
from study.analysis.multiverse.specification import RANK_CORRELATION, Multiverse
from study.registration import Hypothesis, Registration
from study.vocabulary.errors import StudyError, quoted

__all__ = [
    "Explored",
    "agreements",
    "check_multiverse",
    "explored",
    "multiverse_of",
    "multiverses",
    "repeated_hypothesis",
]


def multiverses() -> Mapping[str, Multiverse]:
    """Return what each question that can be analysed in other ways declares in its folder, by question."""
    return declared_by_some("specifications", "MULTIVERSE")


def repeated_hypothesis(hypotheses: Mapping[str, Hypothesis], question: str) -> Hypothesis | None:
    """Return the hypothesis whose test a question's multiverse repeats: the first that has its measure; None without."""
    measure = multiverses()[question].measure
    return next((one for one in hypotheses.values() if (one.question, one.measure) == (question, measure)), None)


def check_multiverse(registration: Registration, *, source: str) -> None:
    """Refuse a registered multiverse with a question, factor or level that there is not.

    Raises
    ------
    StudyError
        Naming the question, the factor and the allowed set.
    """
    for question, factors in registration.multiverse.items():
        where = f"{source}, multiverse block, [{question}]"
        known = multiverses().get(question)
        if known is None:
            raise StudyError(
                f"{where}: {quoted(question)} has no analysis of its own to vary; questions that have are"
                f" {', '.join(multiverses())}"
            )
        if repeated_hypothesis(registration.hypotheses, question) is None:
            raise StudyError(
                f"{where}: no hypothesis of the question has measure {known.measure!r}, whose test would be repeated;"
                f" register one, or leave [{question}] out"
            )
        for factor, levels in factors.items():
            _check_levels(known, factor, levels, where)


def _check_levels(known: Multiverse, factor: str, levels: tuple[str, ...], where: str) -> None:
    if factor not in known.factors:
        raise StudyError(f"{where}: factor {quoted(factor)} is unknown; factors are {', '.join(known.factors)}")
    allowed = known.factors[factor]
    for level in levels:
        if level not in allowed:
            raise StudyError(
                f"{where}, factor {quoted(factor)}: level {quoted(level)} is unknown; levels are {', '.join(allowed)}"
            )
    if levels[0] != allowed[0]:
        raise StudyError(
            f"{where}, factor {quoted(factor)}: the first level is {quoted(levels[0])}, but must be the registered level: measure"
            f" {known.measure!r} is {allowed[0]!r}"
        )


def multiverse_of(
    question: str, registration: Registration, study: xr.DataTree, *, informative: bool, root_seed: int
) -> tuple[Figure, tuple[LayerAgreement, ...]] | None:
    """Return the specification curve of a question and how far it agrees with the registered analysis.

    None where the registration names no multiverse of the question, or not the hypothesis that it repeats, or where no
    layer was measured.

    Parameters
    ----------
    study
        The networks that the question is asked of.
    informative
        Whether they learnt what is registered; what rests on networks that did not has no verdict.
    """
    factors = registration.multiverse.get(question)
    if factors is None:
        return None
    hypothesis = repeated_hypothesis(registration.hypotheses, question)
    if hypothesis is None:
        return None
    curve = explored(multiverses()[question], factors, hypothesis, study, root_seed=root_seed)
    if curve.table.empty:
        return None
    if not informative:
        curve = dataclasses.replace(curve, table=curve.table.assign(says=NOT_INFORMATIVE))
    return _figure(question, hypothesis, curve), agreements(curve.table, null_value=hypothesis.null_value)


def _figure(question: str, hypothesis: Hypothesis, curve: Explored) -> Figure:
    correlations = set(curve.table["unit"]) == {RANK_CORRELATION}
    side = "above" if direction(hypothesis) > 0 else "below"
    return Figure(
        id=f"{question}-multiverse",
        chart=Chart.SPECIFICATION_CURVE,
        title="Would another analysis say the same?",
        shows=f"Exploratory; changes no verdict. {_counts(curve)} One curve a layer: above, each specification's"
        f" {_scale(correlations, hypothesis)} with its {100 * hypothesis.confidence_level:g} % bootstrap interval over"
        " networks, sorted; below, its level of each factor. The upright line marks the registered level of every"
        f" factor, which is what {hypothesis.id} tests. Here an interval wholly {side} the null value counts as supported,"
        " one wholly on the other side as opposite, any other as inconclusive: a simpler rule than the registered one,"
        " because smallest effects of interest are registered in one unit only. p-values are of the registered kind of"
        " test, rest on 999 resamples and are not adjusted. The specifications share their data, so that their number is"
        f" no number of confirmations.{_left_out(curve)}",
        supports="A curve that lies on the registered side of the null value from end to end.",
        contradicts="A curve that crosses the null value: the answer hangs on what nothing but the registration decides.",
        table=curve.table,
    )


def _scale(correlations: bool, hypothesis: Hypothesis) -> str:
    if correlations:
        return "rank correlation"
    null = "" if hypothesis.null_value == 0 else f" minus {hypothesis.null_value:g}, the null value,"
    return (
        f"estimate{null} divided by its standard deviation over networks, so that different units can share an axis (the"
        " table has it in its own unit)"
    )


def _counts(curve: Explored) -> str:
    layers = curve.table["layer"].nunique()
    computed = len(curve.table) // layers
    possible = computed + sum(curve.left_out.values())
    return f"{computed} of {possible} combinations of the registered levels can be computed, each in {layers} layers."


def _left_out(curve: Explored) -> str:
    reasons = "; ".join(f"{count}, because {reason}" for reason, count in curve.left_out.items())
    return f" Left out: {reasons}." if reasons else ""
