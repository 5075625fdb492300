"""Effects as findings say them: numbers with their layers, unit, interval and networks; the same words for every outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import (
    INCONCLUSIVE,
    NO_VERDICT,
    REFUTED,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
    QuestionResult,
)
from study.report.answer import shown_layer, standing_results, tally
from study.report.wording import interval_text, networks_text, number_text

USUAL_LEVEL = 0.95
_MOST_LAYERS = 3  # that are named one by one, in sentences one less
_WHAT_FOLLOWS = {
    "opposite": "the effect lies on the other side",
    "ruled out": "an effect of the smallest size that matters is excluded",
    "effect present": "an effect was claimed absent and is there",
}


def sentences(questions: Sequence[QuestionResult], *, standing: str) -> tuple[str, str, str]:
    """Return what a study found in three sentences: the tally of its main claims, what is decided, and what is not.

    Parameters
    ----------
    questions
        What was concluded.
    standing
        What the study is, "In the study quick of 52 networks": the first sentence begins with it.
    """
    results = standing_results(questions)
    if not results:
        return (f"{standing}, no hypothesis is registered.", "Nothing was decided.", "Nothing was left undecided.")
    decided = [one for one in results if one.verdict in (SUPPORTED, *REFUTED)]
    undecided = [one for one in results if one.verdict == INCONCLUSIVE]
    without = [one for one in results if one.verdict in NO_VERDICT]
    first = f"{standing}, {tally(results)}."
    second = "Decided: " + "; ".join(map(_decided, decided)) + "." if decided else "None of them is decided."
    open_ = [f"{_claim(one)}, {short_effect(one)}" for one in undecided]
    rest = [f"Inconclusive, which is no evidence of absence: {'; '.join(open_)}"] if open_ else []
    missing = [f"{_claim(one)} ({one.reason.rstrip('.')})" for one in without]
    said = "without a verdict" if rest else "Without a verdict"
    rest += [f"{said}: {'; '.join(missing)}"] if missing else []
    return first, second, f"{'; '.join(rest)}." if rest else "None of them is left undecided."


def _decided(result: HypothesisResult) -> str:
    follows = f" ({_WHAT_FOLLOWS[result.verdict]})" if result.verdict in _WHAT_FOLLOWS else ""
    return f"{_claim(result)} is {result.verdict}{follows}, {short_effect(result)}"


def _claim(result: HypothesisResult) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{result.hypothesis.claim.rstrip('.')}\N{RIGHT DOUBLE QUOTATION MARK}"


def short_effect(result: HypothesisResult) -> str:
    """Return the effect of a hypothesis for a sentence: each layer's value with its interval, the unit, and n.

    Of more than two layers it gives the one whose number stands for all. What is said beside `brief_effect` is left out.
    """
    layers = [layer for layer in result.layers if math.isfinite(layer.estimate)]
    shown = shown_layer(result)
    if shown is None:
        return "no estimate"
    numbers = f"of {len(layers)} layers {_one(shown)}" if len(layers) >= _MOST_LAYERS else ", ".join(map(_one, layers))
    unit = f", {result.quantity.unit}" if result.quantity is not None and result.quantity.unit else ""
    return f"{numbers}{unit} {_standing(result)}"


def brief_effect(result: HypothesisResult) -> str:
    """Return the effect of a hypothesis: what it is, each layer's value with its interval, the unit, and n.

    Of more than three layers it gives the one whose number stands for all, and the range of the others.
    """
    numbers = _measured(result)
    return f"{numbers} {_standing(result)}" if numbers else "no estimate"


def _standing(result: HypothesisResult) -> str:
    """Return n in brackets, and the level of the intervals where it is another than the usual, which a preface says."""
    level = result.hypothesis.confidence_level
    said = "" if level == USUAL_LEVEL else f"{100 * level:g} %; "
    return f"({said}n {networks_text(result)})"


def _measured(result: HypothesisResult) -> str:
    """Return what was measured, its unit and its numbers; nothing where no layer has an estimate."""
    layers = [layer for layer in result.layers if math.isfinite(layer.estimate)]
    if not layers:
        return ""
    quantity = result.quantity
    label, unit = (quantity.label, quantity.unit) if quantity is not None else ("estimate", "")
    is_said = unit in label or (unit.startswith("share") and label.lower().startswith("share"))
    said_unit = "" if is_said else f", in {unit.removeprefix('in ')}"
    return f"{label}{said_unit}: {_numbers(result, layers)}"


def _numbers(result: HypothesisResult, layers: Sequence[LayerResult]) -> str:
    if len(layers) <= _MOST_LAYERS:
        return ", ".join(map(_one, layers))
    shown = shown_layer(result)
    if shown is None:
        return "no estimate"
    others = [layer for layer in layers if layer is not shown]
    least, most = (bound(others, key=lambda layer: layer.estimate) for bound in (min, max))
    ends = f"{number_text(least.estimate)} ({least.layer}) to {number_text(most.estimate)} ({most.layer})"
    return f"{_one(shown)}, {len(others)} others {ends}"


def _one(layer: LayerResult) -> str:
    interval = f" {interval_text(layer.ci_low, layer.ci_high)}" if math.isfinite(layer.ci_low) else ""
    return f"{layer.layer} {number_text(layer.estimate)}{interval}"
