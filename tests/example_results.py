"""Results of made-up tests: a hypothesis with plain defaults, layers with symmetric intervals, text hostile to HTML."""

from __future__ import annotations

from study.analysis.core.results import EFFECT_PRESENT, INCONCLUSIVE, OPPOSITE, RULED_OUT, LayerResult
from study.registration import Hypothesis
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
        "exclusions": "networks with no live unit in the layer",
        "minimum_networks": 6,
        "minimum_per_stratum": 2,
    }
    return made_up_hypothesis(identifier, **(plain | changes))


def layer_result(
    layer: str, estimate: float, half_width: float, pvalue: float, verdict: str, note: str = ""
) -> LayerResult:
    """Return a layer's result with a symmetric interval and Holm's worst adjustment.

    `pvalue` is that of the side that the verdict speaks of; the others are as large as a p-value can be.
    """
    sides = {"pvalue": 1.0, "pvalue_opposite": 1.0, "pvalue_ruled_out": 1.0}
    decided = {OPPOSITE: "pvalue_opposite", RULED_OUT: "pvalue_ruled_out", EFFECT_PRESENT: "pvalue_ruled_out"}
    sides[decided.get(verdict, "pvalue")] = pvalue
    return LayerResult(
        layer=layer,
        estimate=estimate,
        ci_low=estimate - half_width,
        ci_high=estimate + half_width,
        ci_kind="BCa",
        **sides,
        **{f"{side}_adjusted": min(1.0, 7 * value) for side, value in sides.items()},
        n=24,
        n_missing=0,
        verdict=verdict,
        note=note,
    )


def undefined_layer(layer: str, note: str) -> LayerResult:
    """Return the result of a layer in which the test is undefined."""
    undefined = dict.fromkeys(("pvalue", "pvalue_opposite", "pvalue_ruled_out"), NAN)
    return LayerResult(
        layer=layer,
        estimate=NAN,
        ci_low=NAN,
        ci_high=NAN,
        ci_kind="",
        **undefined,
        **{f"{side}_adjusted": NAN for side in undefined},
        n=1,
        n_missing=23,
        verdict=INCONCLUSIVE,
        note=note,
    )
