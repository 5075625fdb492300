"""What decided a hypothesis, in words: the side whose p-value counts, every side's, and how each finding was registered."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import (
    EFFECT_PRESENT,
    NO_VERDICT,
    NOT_INFORMATIVE,
    OPPOSITE,
    RULED_OUT,
    HypothesisResult,
    LayerResult,
)
from study.report.wording import pvalue_text, setting_text

_NOT_READ = "\N{EN DASH}"
_COMBINED = {
    "every": "the largest of its layers' adjusted p-values",
    "most": "a partial conjunction of its layers' adjusted p-values, the largest of the smallest ones that are most of them",
    "any": "the smallest of its layers' adjusted p-values",
}


def deciding_pvalue(layer: LayerResult) -> str:
    """Return the adjusted p-value of the side that decided a layer: that of support where no other side did.

    A dash stands where the networks did not learn: no p-value of theirs is read.
    """
    if layer.verdict == NOT_INFORMATIVE:
        return _NOT_READ
    decided = {
        OPPOSITE: layer.pvalue_opposite_adjusted,
        RULED_OUT: layer.pvalue_ruled_out_adjusted,
        EFFECT_PRESENT: layer.pvalue_ruled_out_adjusted,
    }
    return pvalue_text(decided.get(layer.verdict, layer.pvalue_adjusted))


def side_columns(result: HypothesisResult) -> list[tuple[str, str, str]]:
    """Return (words, field, adjusted field) of the sides that have a p-value in any layer of either set."""
    against = EFFECT_PRESENT if result.hypothesis.kind.absence else RULED_OUT
    sides = [
        ("supported", "pvalue", "pvalue_adjusted"),
        (OPPOSITE, "pvalue_opposite", "pvalue_opposite_adjusted"),
        (against, "pvalue_ruled_out", "pvalue_ruled_out_adjusted"),
    ]
    layers = result.layers + (result.second.layers if result.second else ())
    return [side for side in sides if not all(math.isnan(getattr(layer, side[1])) for layer in layers)]


def side_rows(layers: Sequence[LayerResult], columns: Sequence[tuple[str, str, str]]) -> list[tuple[str, list[str]]]:
    """Return (layer, p and adjusted p of each side) for every layer, as printed."""
    names = [name for _, *fields in columns for name in fields]
    return [(layer.layer, [pvalue_text(getattr(layer, name)) for name in names]) for layer in layers]


def whole_sentence(result: HypothesisResult) -> str:
    """Return the p-value of a claim as a whole and how it was combined from its layers; '' where there is none."""
    if result.verdict in NO_VERDICT or math.isnan(result.pvalue):
        return ""
    combined = _COMBINED[result.hypothesis.layers_required]
    across = ", adjusted across the primary hypotheses" if result.hypothesis.is_primary else ""
    return f"As a whole, p of support {pvalue_text(result.pvalue)}: {combined}{across}."


def margins(result: HypothesisResult) -> tuple[float, ...]:
    """Return the values of the estimand that matter beside the null value: the smallest effect, or both margins."""
    hypothesis = result.hypothesis
    if hypothesis.kind.absence:
        return tuple(hypothesis.null_value + sign * hypothesis.smallest_effect for sign in (-1, 1))
    return (hypothesis.smallest_effect,)


def margins_text(result: HypothesisResult) -> str:
    """Return these values as a reader sees them."""
    return " and ".join(setting_text(value) for value in margins(result))


def test_text(result: HypothesisResult) -> str:
    """Return what a hypothesis is tested by, with the number of resamples."""
    tested = result.registered_test or f"{result.hypothesis.test}, {result.hypothesis.alternative}"
    return f"{tested.rstrip('.')}; {result.hypothesis.n_resamples} resamples."


def decision_rows(result: HypothesisResult) -> list[tuple[str, str]]:
    """Return (label, sentence) for each finding that the registration allows: when a layer is said to be it."""
    hypothesis = result.hypothesis
    pvalue = f"{'Holm-adjusted ' if hypothesis.adjustment == 'holm' else ''}p at most {setting_text(hypothesis.alpha)}"
    if hypothesis.kind.absence:
        low, high = (setting_text(value) for value in margins(result))
        return [
            ("Supported when", f"{pvalue} for an effect above {low} and below {high}, both one-sided"),
            ("Effect present when", f"{pvalue} for an effect below {low} or above {high}"),
        ]
    towards, away = ("above", "below") if hypothesis.alternative == "greater" else ("below", "above")
    least = "at least" if hypothesis.alternative == "greater" else "at most"
    reached = hypothesis.bound(hypothesis.estimate_reaches)
    estimate = "" if reached is None else f", and an estimate of {least} {setting_text(reached)}"
    null = setting_text(hypothesis.null_value)
    rows = [("Supported when", f"{pvalue}, one-sided, for an effect {towards} {null}{estimate}")]
    for label, bound in (("Opposite when", hypothesis.opposite_beyond), ("Ruled out when", hypothesis.ruled_out_at)):
        value = hypothesis.bound(bound)
        said = f"{pvalue}, one-sided, for an effect {away} " + ("" if value is None else setting_text(value))
        rows.append((label, "not tested, by the registration" if value is None else said))
    return rows


def rule_rows(result: HypothesisResult) -> list[tuple[str, str]]:
    """Return (label, text) of all that is registered of a hypothesis; what is empty is left out."""
    hypothesis = result.hypothesis
    rows = [
        ("Estimand", hypothesis.estimand),
        ("Experimental unit", hypothesis.experimental_unit),
        ("Layers", f"{', '.join(hypothesis.layers)} ({hypothesis.layers_required} of them must agree)"),
        ("Test", test_text(result)),
        ("Sign flips alone, because", hypothesis.exchangeable),
        ("Strata", hypothesis.strata or "none"),
        ("Alpha", setting_text(hypothesis.alpha)),
        ("Multiplicity", f"{hypothesis.adjustment} within {hypothesis.family}"),
        ("Null value", setting_text(hypothesis.null_value)),
        ("Smallest effect of interest", setting_text(hypothesis.smallest_effect)),
        *decision_rows(result),
        ("Exclusions", hypothesis.exclusions or "none"),
        ("Fewest networks", f"{hypothesis.minimum_networks}, and {hypothesis.minimum_per_stratum} in each stratum"),
        ("Published in", f"section {hypothesis.paper_section}"),
    ]
    return [(label, text) for label, text in rows if text]


def reading(result: HypothesisResult) -> tuple[tuple[str, str], ...]:
    """Return what the picture of a hypothesis says here, and what in it would support or contradict the claim."""
    words = dict(decision_rows(result))
    quantity = result.quantity
    meaning = {"higher": "", "lower": ""}
    if quantity is not None:
        meaning = {"higher": f" ({quantity.higher})", "lower": f" ({quantity.lower})"}
    if result.hypothesis.kind.absence:
        for_, against = "", ""
    elif result.hypothesis.alternative == "greater":
        for_, against = meaning["higher"], meaning["lower"]
    else:
        for_, against = meaning["lower"], meaning["higher"]
    refuting = [
        f"{label.removesuffix(' when')}: {text}"
        for label, text in words.items()
        if label != "Supported when" and not text.startswith("not tested")
    ]
    here = f"{result.reason[:1].upper()}{result.reason[1:].rstrip('.')}."
    return (
        ("Here", here),
        ("Would support", f"{_capital(words['Supported when'])}{for_}."),
        ("Would contradict", f"{'; '.join(refuting) or 'Nothing: no such test is registered'}{against}."),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
