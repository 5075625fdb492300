"""Verdicts, decided by the registered rule alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from study.analysis.core.results import CONTRADICTED, INCONCLUSIVE, NOT_TESTED, SUPPORTED, LayerResult
from study.registration import Hypothesis


def layer_verdict(hypothesis: Hypothesis, quantities: Mapping[str, float]) -> str:
    """Return the verdict of one layer: the first of the registered rules that holds, else inconclusive.

    Parameters
    ----------
    hypothesis
        Holds the rules, alpha, the null value and the smallest effect of interest.
    quantities
        `estimate`, `ci_low`, `ci_high`, `pvalue` and `pvalue_adjusted`; a NaN satisfies no rule.
    """
    known = {
        "alpha": hypothesis.alpha,
        "null_value": hypothesis.null_value,
        "smallest_effect": hypothesis.smallest_effect,
        **quantities,
    }
    if hypothesis.supported.holds(known):
        return SUPPORTED
    return CONTRADICTED if hypothesis.contradicted.holds(known) else INCONCLUSIVE


def hypothesis_verdict(layers_required: str, verdicts: Sequence[str]) -> str:
    """Return the verdict of a hypothesis from those of its layers.

    `"every"`: supported when every layer is, contradicted when any is. `"most"`: what more than half of the layers are.
    `"any"`: supported when any layer is, contradicted when all are. Untested layers count against support and
    contradiction alike; a hypothesis none of whose layers was tested is not tested.
    """
    supported, contradicted = verdicts.count(SUPPORTED), verdicts.count(CONTRADICTED)
    n_layers = len(verdicts)
    if verdicts.count(NOT_TESTED) == n_layers:
        return NOT_TESTED
    enough_for, enough_against = {
        "every": (supported == n_layers, contradicted > 0),
        "most": (2 * supported > n_layers, 2 * contradicted > n_layers),
        "any": (supported > 0, contradicted == n_layers),
    }[layers_required]
    if enough_for:
        return SUPPORTED
    return CONTRADICTED if enough_against else INCONCLUSIVE


def reason(hypothesis: Hypothesis, verdict: str, layers: Sequence[LayerResult]) -> str:
    """Return one sentence that says why the verdict is what it is."""
    if verdict == NOT_TESTED:
        return "; ".join(dict.fromkeys(layer.note for layer in layers if layer.note)) or "no layer could be tested"
    counts = [
        f"{kind} in {', '.join(layer.layer for layer in layers if layer.verdict == kind)}"
        for kind in (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTED)
        if any(layer.verdict == kind for layer in layers)
    ]
    needs = {"every": "every layer", "most": "more than half of the layers", "any": "at least one layer"}
    return f"{'; '.join(counts)} (support needs {needs[hypothesis.layers_required]})"
