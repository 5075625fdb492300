"""Verdicts, decided by the registered tests alone: each finding is a one-sided p-value at its bound, adjusted in its family."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NO_VERDICT,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    REFUTED,
    RULED_OUT,
    SUPPORTED,
    VERDICTS,
    LayerResult,
)
from study.registration import Hypothesis

NEEDS = {"every": "every layer", "most": "more than half of the layers", "any": "at least one layer"}


def layer_verdict(hypothesis: Hypothesis, layer: LayerResult) -> str:
    """Return the verdict of one tested layer: the first finding whose adjusted p is at most alpha, else inconclusive.

    Parameters
    ----------
    hypothesis
        Holds alpha and the value that an estimate must reach for support.
    layer
        Its p-values are adjusted; a NaN decides nothing.
    """
    alpha = hypothesis.alpha
    if layer.pvalue_adjusted <= alpha and reaches(hypothesis, layer.estimate):
        return SUPPORTED
    if layer.pvalue_opposite_adjusted <= alpha:
        return OPPOSITE
    if layer.pvalue_ruled_out_adjusted <= alpha:
        return EFFECT_PRESENT if hypothesis.kind.absence else RULED_OUT
    return INCONCLUSIVE


def reaches(hypothesis: Hypothesis, estimate: float) -> bool:
    """Return whether an estimate is as far from the null value, on the claimed side, as support needs; NaN is not."""
    bound = hypothesis.bound(hypothesis.estimate_reaches)
    if bound is None:
        return not math.isnan(estimate)
    return estimate >= bound if hypothesis.alternative == "greater" else estimate <= bound


def layers_needed(layers_required: str, n_layers: int) -> int:
    """Return how many of its layers must support a claim about every, most (more than half) or any of them."""
    return {"every": n_layers, "most": n_layers // 2 + 1, "any": 1}[layers_required]


def hypothesis_verdict(layers_required: str, verdicts: Sequence[str]) -> str:
    """Return the verdict of a hypothesis from those of its L layers, of which u must support it.

    Supported: u layers are, so that the u-th smallest adjusted p counts (the largest for every, the smallest for any, a
    partial conjunction for most). Opposite: as many layers are as support would need and as refute the claim. Ruled out,
    or effect present: so many layers refute it, L - u + 1, that fewer than u can be left; one refutes a claim about every
    layer. Layers without a verdict count on no side; a hypothesis that has none but those has none.

    Source: partial conjunctions, Benjamini and Heller (2008), Biometrics 64:1215-1222.
    """
    n_layers = len(verdicts)
    needed = layers_needed(layers_required, n_layers)
    refuting = n_layers - needed + 1
    if all(verdict in NO_VERDICT for verdict in verdicts):
        return NOT_INFORMATIVE if NOT_INFORMATIVE in verdicts else NOT_TESTED
    if verdicts.count(SUPPORTED) >= needed:
        return SUPPORTED
    if verdicts.count(OPPOSITE) >= max(needed, refuting):
        return OPPOSITE
    against = [verdict for verdict in verdicts if verdict in (*REFUTED, NOT_SUPPORTED)]
    if len(against) < refuting:
        return INCONCLUSIVE
    return next(word for word in (NOT_SUPPORTED, EFFECT_PRESENT, RULED_OUT) if word in {*against, RULED_OUT})


def published_verdict(layers_required: str, verdicts: Sequence[str]) -> str:
    """Return the verdict of an analysis as published from those of its layers; it excludes no effect, so that none is ruled out."""
    verdict = hypothesis_verdict(layers_required, verdicts)
    return NOT_SUPPORTED if verdict == RULED_OUT else verdict


def hypothesis_pvalue(layers_required: str, layers: Sequence[LayerResult]) -> float:
    """Return the p-value of a claim as a whole: the u-th smallest adjusted p, where u layers must support it.

    Untested layers count as 1; NaN where no layer was tested.
    """
    pvalues = [layer.pvalue_adjusted for layer in layers]
    if all(math.isnan(pvalue) for pvalue in pvalues):
        return math.nan
    ordered = sorted(1.0 if math.isnan(pvalue) else pvalue for pvalue in pvalues)
    return ordered[layers_needed(layers_required, len(layers)) - 1]


def reason(hypothesis: Hypothesis, verdict: str, layers: Sequence[LayerResult]) -> str:
    """Return one sentence that says why the verdict is what it is."""
    if verdict == NOT_TESTED:
        return "; ".join(dict.fromkeys(layer.note for layer in layers if layer.note)) or "no layer could be tested"
    counts = [
        f"{kind} in {', '.join(layer.layer for layer in layers if layer.verdict == kind)}"
        for kind in VERDICTS
        if any(layer.verdict == kind for layer in layers)
    ]
    return f"{'; '.join(counts)} (support needs {NEEDS[hypothesis.layers_required]})"
