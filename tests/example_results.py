"""Results of made-up tests: a hypothesis with plain defaults, layers with symmetric intervals, text hostile to HTML."""

from __future__ import annotations

from study.analysis.core.results import INCONCLUSIVE, LayerResult
from study.registration import Hypothesis
from study.registration.decisions import Rule
from tests.example_registration import made_up_hypothesis

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")
HOSTILE = (
    "</script><script>window.hostile = true</script><img src=x onerror='window.hostile = true'>"
    ' & "quoted" {{ 7 * 7 }}'
)
NAN = float("nan")


def hypothesis(identifier: str, question: str, claim: str, **changes: object) -> Hypothesis:
    """Return a registered hypothesis with plain defaults."""
    plain = {
        "question": question,
        "claim": claim,
        "estimand": "difference of shares of selective units, measured minus shuffled",
        "measure": "share_difference",
        "layers": LAYERS,
        "layers_required": "most",
        "family": question,
        "supported": Rule("pvalue_adjusted <= alpha and estimate >= smallest_effect", ()),
        "exclusions": "networks with no live unit in the layer",
        "minimum_networks": 6,
        "minimum_per_stratum": 2,
    }
    return made_up_hypothesis(identifier, **(plain | changes))


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
