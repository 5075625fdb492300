"""Questions of a made-up study: every verdict, undefined values, the figures that a real one has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.analysis.core.charts import Chart
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    SUPPORTED,
    Figure,
    HypothesisResult,
    LearningCheck,
    PublishedLayer,
    QuestionResult,
)
from tests.example_results import HOSTILE, LAYERS, NAN, hypothesis, layer_result, undefined_layer


def generalization(rng: np.random.Generator, networks: pd.DataFrame, means: pd.DataFrame) -> QuestionResult:
    """Return the result on the correlation with test loss, with a hostile hypothesis."""
    points = means[means["state"] == "analysed"][["layer", "network", "augmentation", "gosi", "test_loss"]]
    estimates = (0.31, -0.22, -0.35, -0.28, -0.12, 0.05, -0.04)
    bars = pd.DataFrame(
        [
            {
                "layer": layer,
                "kind": kind,
                "estimate": estimate * factor,
                "ci_low": NAN if factor > 1 else estimate - 0.25,
                "ci_high": NAN if factor > 1 else estimate + 0.25,
            }
            for layer, estimate in zip(LAYERS, estimates, strict=True)
            for kind, factor in (("pooled, as published", 2.2), ("within augmentation, registered", 1.0))
        ]
    )
    layers = tuple(
        layer_result(layer, estimate, 0.25, 0.08 + 0.1 * place, INCONCLUSIVE)
        for place, (layer, estimate) in enumerate(zip(LAYERS, estimates, strict=True))
    )
    published = tuple(
        PublishedLayer(layer, 2.2 * estimate, 0.004, SUPPORTED if estimate < -0.1 else OPPOSITE)
        for layer, estimate in zip(LAYERS, estimates, strict=True)
    )
    claim = "Within an augmentation, networks with higher mean gOSI in conv2 or conv3 have lower test loss."
    registered = hypothesis(
        "gosi-loss",
        "generalization",
        claim,
        test="rank_correlation",
        alternative="less",
        strata="augmentation",
        smallest_effect=-0.3,
        layers_required="any",
    )
    absent = hypothesis(
        "gosi-loss-absence",
        "generalization",
        "In conv2 there is no correlation within an augmentation.",
        test="correlation_equivalence",
        alternative="two-sided",
        strata="augmentation",
        smallest_effect=0.15,
        layers=("conv2",),
        opposite_beyond="nothing",
        ruled_out_at="nothing",
    )
    present = (layer_result("conv2", -0.41, 0.2, 0.004, EFFECT_PRESENT),)
    hostile = hypothesis("</script>", "generalization", HOSTILE, status="exploratory", layers=("conv2",))
    return QuestionResult(
        "generalization",
        "Do networks with more of them generalise better?",
        "3.3",
        "Over networks, mean gOSI correlates negatively with test loss in the lower layers.",
        (
            HypothesisResult(registered, layers, INCONCLUSIVE, "No layer decides", SUPPORTED, published, pvalue=0.56),
            HypothesisResult(absent, present, EFFECT_PRESENT, "effect present in conv2", NOT_TESTED, pvalue=1.0),
            HypothesisResult(hostile, (undefined_layer("conv2", HOSTILE),), INCONCLUSIVE, HOSTILE, NOT_TESTED),
        ),
        (
            Figure(
                id="scatter",
                chart=Chart.CORRELATION_SCATTER,
                paper_figure="Fig. 4a",
                title="gOSI against test loss",
                shows="A point is a network.",
                supports="Points fall within each colour.",
                contradicts="They fall only between colours.",
                table=points,
            ),
            Figure(
                id="bars",
                chart=Chart.CORRELATION_BARS,
                paper_figure="Fig. 4b",
                title="Rank correlation",
                shows="Pooled against within augmentation.",
                supports="Both negative.",
                contradicts="Only the pooled one is.",
                table=bars,
            ),
        ),
    )


def ablation(rng: np.random.Generator, networks: pd.DataFrame) -> QuestionResult:
    """Return the result on the ablation of either half."""
    ratios = (0.46, 2.33, 2.42, 1.22, 0.95, 0.92, 2.06)
    bars = pd.DataFrame(
        [
            {
                "layer": layer,
                "clamp": clamp,
                "target": target,
                "loss_increase": value,
                "ci_low": value * 0.8,
                "ci_high": value * 1.25 if layer != "fc1" else NAN,
                "twofold": clamp == "output_zero" and ratio > 2.1,
            }
            for clamp in ("output_zero", "relu_zero")
            for layer, ratio in zip(LAYERS, ratios, strict=True)
            for target, value in (("top", 0.5 * (ratio if clamp == "output_zero" else 1.4)), ("bottom", 0.5))
        ]
    )
    null = [
        {
            "layer": layer,
            "network": network.key,
            "augmentation": network.augmentation,
            "z": rng.normal(ratio - 0.7, 1.0),
            "kind": "network",
            "ci_low": NAN,
            "ci_high": NAN,
        }
        for layer, ratio in zip(LAYERS, ratios, strict=True)
        for network in networks.itertuples()
    ]
    null += [
        {
            "layer": layer,
            "network": "",
            "augmentation": "",
            "z": ratio - 0.7,
            "kind": "mean",
            "ci_low": ratio - 1.1,
            "ci_high": ratio - 0.3,
        }
        for layer, ratio in zip(LAYERS, ratios, strict=True)
    ]
    layers = (layer_result("conv2", 1.63, 0.4, 1e-4, SUPPORTED), layer_result("conv3", 1.72, 0.4, 1e-4, SUPPORTED))
    claim = "Ablating the top half by gOSI costs more test loss than random halves do, in conv2 and conv3."
    result = HypothesisResult(
        hypothesis("ablation-null", "ablation", claim, layers=("conv2", "conv3"), layers_required="every"),
        layers,
        SUPPORTED,
        "2 of 2 layers meet the rule",
        NOT_SUPPORTED,
        (PublishedLayer("conv2", 2.33, NAN, SUPPORTED), PublishedLayer("conv4", 1.22, NAN, NOT_SUPPORTED)),
    )
    return QuestionResult(
        "ablation",
        "Does the network rely on them?",
        "3.4",
        "Ablating the more selective half costs over twice the loss of ablating the other, in conv2 and conv3.",
        (result,),
        (
            Figure(
                id="bars",
                chart=Chart.ABLATION_BARS,
                paper_figure="Fig. 5",
                title="Loss when a half is ablated",
                shows="Mean over networks; * marks a ratio over 2.",
                supports="Top far above bottom.",
                contradicts="Equal bars.",
                table=bars,
            ),
            Figure(
                id="null",
                chart=Chart.ABLATION_NULL,
                title="Against random halves",
                shows="A point is a network.",
                supports="Means above 0.",
                contradicts="Means at 0.",
                table=pd.DataFrame(null),
            ),
        ),
    )


def learning(arm: str, medians: tuple[float, ...], needed: float, chance: float) -> tuple[LearningCheck, ...]:
    """Return the learning checks of an arm's first set: by augmentation where there are two medians."""
    if len(medians) == 1:
        return (LearningCheck(arm, 1, "all", "fall of validation loss (nat)", medians[0], needed, 8, chance),)
    return tuple(
        LearningCheck(arm, 1, stratum, "validation accuracy minus chance", median, needed, 6, chance)
        for stratum, median in zip(("none", "shift"), medians, strict=True)
    )


def maturation() -> QuestionResult:
    """Return the result on networks that did not learn, which say nothing."""
    claim = "Over training gOSI rises while validation loss falls: both change together."
    layers = tuple(layer_result(layer, -0.5, 0.2, 1e-4, NOT_INFORMATIVE) for layer in LAYERS)
    published = tuple(PublishedLayer(layer, -0.5, 1e-9, NOT_INFORMATIVE) for layer in LAYERS)
    why = "the networks of arm maturation did not learn what is registered"
    result = HypothesisResult(
        hypothesis("both-change", "maturation", claim), layers, NOT_INFORMATIVE, why, NOT_INFORMATIVE, published
    )
    return QuestionResult(
        "maturation",
        "Do they change together with validation loss?",
        "3.3",
        "While a network is trained, gOSI rises as validation loss falls.",
        (result,),
        learning=learning("maturation", (-0.12,), 0.5, NAN),
    )


def not_run() -> QuestionResult:
    """Return the result on shifts, which were not measured."""
    registered = hypothesis(
        "cv-rises", "shift_invariance", "Ablating the top half of conv2 makes fc1 less shift invariant."
    )
    result = HypothesisResult(
        registered, (), NOT_TESTED, "registered, not run: this version does not measure shifts", NOT_TESTED
    )
    return QuestionResult(
        "shift_invariance",
        "Do they make the network shift invariant?",
        "3.5",
        "Ablating the top half raises the coefficient of variation under shifts.",
        (result,),
    )


def replication(*, tested: bool) -> QuestionResult:
    """Return the result on the second set of initialisations, there or missing."""
    claim = "A second set of initialisations gives the same effect of ablation."
    registered = hypothesis("replication-ablation", "replication", claim, layers=("conv2",), layers_required="every")
    missing = "this study has no networks of arm generalization in the second set of initialisations"
    result = HypothesisResult(registered, (undefined_layer("conv2", missing),), NOT_TESTED, missing, NOT_TESTED)
    if tested:
        layers = (layer_result("conv2", 1.5, 0.4, 1e-4, SUPPORTED),)
        result = HypothesisResult(registered, layers, SUPPORTED, "1 of 1 layers meet the rule.", SUPPORTED)
    return QuestionResult(
        "replication",
        "Does a second set of initialisations say the same?",
        "3.4",
        "Similar results were obtained with other initialisations.",
        (result,),
    )
