"""What a study answers, in words made from its results: one sentence a question, and one of at most forty words for all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NO_VERDICT,
    NOT_INFORMATIVE,
    NOT_TESTED,
    OPPOSITE,
    REFUTED,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
    QuestionResult,
)
from study.report.pictures import leading
from study.report.wording import networks_text, number_text

MOST_WORDS = 40
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIRECTED = (SUPPORTED, OPPOSITE, EFFECT_PRESENT)  # an effect lies beyond the null value
_ORDER = (SUPPORTED, *REFUTED, INCONCLUSIVE, NOT_INFORMATIVE, NOT_TESTED)


def standing_results(questions: Sequence[QuestionResult]) -> list[HypothesisResult]:
    """Return the hypotheses that stand for a study: the primary ones, or, where none is, those of its questions."""
    primary = [one for question in questions for one in question.hypotheses if one.hypothesis.is_primary]
    return primary or [one for question in questions if (one := leading(question)) is not None]


def answer(questions: Sequence[QuestionResult]) -> str:
    """Return the answer of a study in at most forty words, with a number, its unit, its interval and its n.

    Where nothing is decided it says that this run cannot tell, and why.
    """
    results = sorted(standing_results(questions), key=lambda one: _ORDER.index(one.verdict))
    if not results:
        return "No hypothesis is registered, so nothing is decided."
    if results[0].verdict in NO_VERDICT:
        return shortened(f"This run cannot tell: {_why_not(results)}.")
    counted = _upper(tally(results))
    if results[0].verdict == INCONCLUSIVE:
        counted = f"This run cannot tell: {tally(results)}"
    forms = [f"{counted}. {_upper(_shown(results[0], whole=whole))}." for whole in (True, False)]
    return next((form for form in forms if len(form.split()) <= MOST_WORDS), shortened(forms[-1]))


def finding(result: HypothesisResult) -> str:
    """Return the answer to one question in a sentence: number, unit, interval and n, or why there is none."""
    if result.verdict in NO_VERDICT:
        return f"{result.reason[:1].upper()}{result.reason[1:].rstrip('.')}."
    shown = f"{_upper(_shown(result, whole=True))}."
    others = [layer for layer in result.layers if layer is not shown_layer(result) and math.isfinite(layer.estimate)]
    if not others:
        return shown
    least, most = (bound(others, key=lambda layer: layer.estimate) for bound in (min, max))
    if len(others) <= 2:
        rest = ", ".join(_bare(layer) for layer in others)
    else:
        rest = f"from {number_text(least.estimate)} ({least.layer}) to {number_text(most.estimate)} ({most.layer})"
    where = "layer" if len(others) == 1 else f"{len(others)} layers"
    return f"{shown} In the other {where}: {rest}."


def shown_layer(result: HypothesisResult) -> LayerResult | None:
    """Return the layer whose number stands for a hypothesis: of those that share its verdict the one nearest to the null value.

    Where no layer has an estimate there is none.
    """
    defined = [layer for layer in result.layers if math.isfinite(layer.estimate)]
    alike = [layer for layer in defined if layer.verdict == result.verdict] or defined
    null = result.hypothesis.null_value
    return min(alike, key=lambda layer: abs(layer.estimate - null), default=None)


def shortened(text: str, most: int = MOST_WORDS) -> str:
    """Return a text of at most so many words; what is cut off is marked."""
    words = text.split()
    return text if len(words) <= most else f"{' '.join(words[:most]).rstrip('.,;:')} \N{HORIZONTAL ELLIPSIS}"


def _shown(result: HypothesisResult, *, whole: bool) -> str:
    """Return the number that stands for a hypothesis with all that belongs to it; `whole` says what it is a number of."""
    layer = shown_layer(result)
    if layer is None:
        return f"no estimate of {result.hypothesis.id}"
    quantity = result.quantity
    directed = quantity is not None and result.verdict in _DIRECTED
    label = quantity.label if quantity is not None and whole else result.hypothesis.id
    unit = "" if quantity is None or (not directed and quantity.unit in label) else quantity.unit
    number = f"{number_text(layer.estimate)} {unit}".rstrip()
    belongs = f"({_interval(result, layer)}{_networks(result)})"
    if quantity is not None and directed:
        side = quantity.higher if layer.estimate > result.hypothesis.null_value else quantity.lower
        return f"in {layer.layer} {side}: {number} {belongs}"
    return f"{label}: {number} in {layer.layer} {belongs}"


def _bare(layer: LayerResult) -> str:
    interval = f" [{number_text(layer.ci_low)}, {number_text(layer.ci_high)}]" if math.isfinite(layer.ci_low) else ""
    return f"{layer.layer} {number_text(layer.estimate)}{interval}"


def _interval(result: HypothesisResult, layer: LayerResult) -> str:
    if not (math.isfinite(layer.ci_low) and math.isfinite(layer.ci_high)):
        return ""
    level = f"{100 * result.hypothesis.confidence_level:g}\N{NO-BREAK SPACE}%"
    return f"{level} interval {number_text(layer.ci_low)} to {number_text(layer.ci_high)}; "


def _networks(result: HypothesisResult) -> str:
    return f"{networks_text(result)} networks"


def tally(results: Sequence[HypothesisResult]) -> str:
    """Return how many of the claims that stand for a study have which verdict."""
    kind = "primary" if results[0].hypothesis.is_primary else "main"
    counts = {verdict: sum(one.verdict == verdict for one in results) for verdict in _ORDER}
    if len(results) == 1:
        return f"the {kind} claim is {results[0].verdict}"
    (first, number), *more = [(verdict, count) for verdict, count in counts.items() if count]
    said = f"{_spelt(number)} of {_spelt(len(results))} {kind} claims {'is' if number == 1 else 'are'} {first}"
    return ", ".join([said, *(f"{_spelt(count)} {verdict}" for verdict, count in more)])


def _spelt(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _why_not(results: Sequence[HypothesisResult]) -> str:
    return results[0].reason.rstrip(".") or "no reason is recorded"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
