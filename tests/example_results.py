"""Results of made-up tests: a hypothesis with plain defaults, layers with symmetric intervals, text hostile to HTML."""

from __future__ import annotations

from study.analysis.core.results import INCONCLUSIVE, LayerResult
from study.registration import Hypothesis
from study.registration.decisions import Rule

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")
HOSTILE = (
    "</script><script>window.hostile = true</script><img src=x onerror='window.hostile = true'>"
    ' & "quoted" {{ 7 * 7 }}'
)
NAN = float("nan")


def hypothesis(identifier: str, question: str, claim: str, **changes: object) -> Hypothesis:
    """Return a registered hypothesis with plain defaults."""
    fields: dict[str, object] = {
        "id": identifier,
        "question": question,
        "paper_section": "3.1",
        "claim": claim,
        "estimand": "difference of shares of selective units, measured minus shuffled",
        "measure": "share_difference",
        "experimental_unit": "network",
        "network": "cnn7",
        "layers": LAYERS,
        "layers_required": "most",
        "test": "sign_flip",
        "alternative": "greater",
        "n_resamples": 9999,
        "strata": "none",
        "confidence_level": 0.95,
        "alpha": 0.05,
        "family": question,
        "adjustment": "holm",
        "null_value": 0.0,
        "smallest_effect": 0.1,
        "expected_sd": 0.2,
        "supported": Rule("pvalue_adjusted <= alpha and estimate >= smallest_effect", ()),
        "contradicted": Rule("ci_high < smallest_effect", ()),
        "exclusions": "networks with no live unit in the layer",
        "minimum_networks": 6,
        "minimum_per_stratum": 2,
        "status": "confirmatory",
    }
    return Hypothesis(**(fields | changes))  # type: ignore[arg-type]


def layer_result(
    layer: str, estimate: float, half_width: float, pvalue: float, verdict: str, note: str = ""
) -> LayerResult:
    """Return a layer's result with a symmetric interval and Holm's worst adjustment."""
    return LayerResult(
        layer,
        estimate,
        estimate - half_width,
        estimate + half_width,
        "BCa",
        pvalue,
        min(1.0, 7 * pvalue),
        24,
        0,
        verdict,
        note,
    )


def undefined_layer(layer: str, note: str) -> LayerResult:
    """Return the result of a layer in which the test is undefined."""
    return LayerResult(layer, NAN, NAN, NAN, "", NAN, NAN, 1, 23, INCONCLUSIVE, note)
