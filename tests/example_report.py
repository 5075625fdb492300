"""A synthetic report with everything a real one can hold: every verdict, undefined values, text hostile to HTML."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from study.analysis.core.charts import Chart
from study.analysis.core.results import (
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    Figure,
    HypothesisResult,
    LayerResult,
    PublishedLayer,
    QuestionResult,
)
from study.analysis.core.testing import second_set
from study.registration import Hypothesis
from study.registration.decisions import Rule
from study.report.content import Report, Stimuli
from tests.example_multiverse import AGREEMENT, curve_figure

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")
AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")
HOSTILE = (
    "</script><script>window.hostile = true</script><img src=x onerror='window.hostile = true'>"
    ' & "quoted" {{ 7 * 7 }}'
)
NAN = float("nan")


def example_report(*, seeds: int = 6, demonstration: bool = True, second: bool = True) -> Report:
    """Return the report of a made-up study with four augmentations and `seeds` networks in each, and a second set."""
    rng = np.random.default_rng(7)
    networks = _networks(rng, seeds)
    means = _layer_means(rng, networks)
    questions = (
        _existence(rng),
        _spatial_frequency(rng),
        _untrained(rng, means),
        _generalization(rng, networks, means),
        _ablation(rng, networks),
        _not_run(),
        _replication(tested=second),
    )
    return Report(
        title="Do orientation-selective units cause generalisation?",
        name="example",
        generated="1 January 2030, 12:00 UTC",
        demonstration=demonstration,
        questions=tuple(repeated(question) for question in questions) if second else questions,
        methods=(
            (
                "Pictures",
                "4,000 training, 500 validation and 500 test pictures of ten classes, split once with seed 0.",
            ),
            ("Networks", f"{len(networks)} networks of six convolution layers and one dense layer, Adam, batch 32."),
            ("Hostile", HOSTILE),
        ),
        settings={
            "profile": "quick",
            "images": {"source": "shapes", "data_dir": ""},
            "training": {"learning_rate": 1e-3},
            "population": {"augmentations": AUGMENTATIONS, "seeds": seeds},
        },
        provenance={
            "Data fingerprint": "3f" * 32,
            "Commit": "0123456789abcdef",
            "Python": "3.11.9",
            "Images per second": "1,873",
            "Registration digest": "9a" * 32,
        },
        deviations=("H9: smallest_effect was 0.1 when the first network started and is 0.2 now.", HOSTILE),
        failures=("network 4be1 (shift, seed 3) ended with a loss that is not finite and was left out.",),
        networks=networks,
        stimuli=_stimuli(),
    )


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


def _networks(rng: np.random.Generator, seeds: int) -> pd.DataFrame:
    rows = []
    for group, augmentation in enumerate(AUGMENTATIONS):
        for seed in range(seeds):
            accuracy = float(np.clip(0.7 + 0.02 * group + rng.normal(0, 0.01), 0, 1))
            rows.append(
                {
                    "key": f"{rng.integers(2**40):010x}",
                    "augmentation": augmentation,
                    "seed": seed,
                    "test_accuracy": accuracy,
                    "test_loss": 2.2 - 2 * accuracy + rng.normal(0, 0.02),
                    "train_loss": 0.3 + 0.05 * group,
                    "analysed_epoch": int(rng.integers(4, 10)),
                    "seconds": float(rng.uniform(30, 40)),
                }
            )
    return pd.DataFrame(rows)


def _layer_means(rng: np.random.Generator, networks: pd.DataFrame) -> pd.DataFrame:
    before, after = (0.15, 0.24, 0.23, 0.33, 0.29, 0.33, 0.31), (0.26, 0.50, 0.65, 0.68, 0.70, 0.51, 0.45)
    return pd.DataFrame(
        [
            {
                "layer": layer,
                "network": network.key,
                "augmentation": network.augmentation,
                "state": state,
                "gosi": mean + rng.normal(0, 0.025) - (0.1 * network.test_loss if state == "analysed" else 0),
                "test_loss": network.test_loss,
            }
            for place, layer in enumerate(LAYERS)
            for network in networks.itertuples()
            for state, mean in (("initial", before[place]), ("analysed", after[place]))
        ]
    )


def _with_means(single: pd.DataFrame) -> pd.DataFrame:
    mean = single.groupby(["layer", "state"], sort=False)["gosi"].mean().reset_index()
    return pd.concat([single.assign(kind="network"), mean.assign(network="mean", kind="mean")], ignore_index=True)


def _existence(rng: np.random.Generator) -> QuestionResult:
    angles = np.arange(0, 180, 15)
    curves = pd.DataFrame(
        [
            {
                "layer": layer,
                "unit": f"{layer} #{channel}",
                "orientation": int(angle),
                "gosi": gosi,
                "response": scale * (1 + gosi * np.cos(2 * np.deg2rad(angle - preferred)) + rng.uniform(0, 0.05)),
            }
            for layer in LAYERS
            for channel, gosi, scale, preferred in (
                (3, 0.81, 0.4, rng.uniform(0, 180)),
                (20, 0.46, 2.1, rng.uniform(0, 180)),
            )
            for angle in angles
        ]
    )
    claim = "In most layers more units are orientation-selective than in the same responses shuffled."
    layers = tuple(
        layer_result(layer, estimate, 0.09, pvalue, SUPPORTED if pvalue < 0.01 else INCONCLUSIVE)
        for layer, estimate, pvalue in zip(
            LAYERS, (0.08, 0.41, 0.55, 0.52, 0.49, 0.33, 0.21), (0.06, *[1e-4] * 6), strict=True
        )
    )
    published = tuple(PublishedLayer(layer, 0.5, 1e-30, SUPPORTED, "two-sample test over units") for layer in LAYERS)
    result = HypothesisResult(
        hypothesis("existence-shuffle", "existence", claim),
        layers,
        SUPPORTED,
        "6 of 7 layers meet the rule; most were required.",
        SUPPORTED,
        published,
    )
    return QuestionResult(
        "existence",
        "Do orientation-selective units exist?",
        "3.1",
        "Units selective for orientation exist in every layer, far above a shuffle control in most.",
        (result,),
        (
            Figure(
                id="curves",
                chart=Chart.TUNING_CURVES,
                paper_figure="Fig. 1",
                title="Example tuning curves",
                shows="Two units of each layer.",
                supports="Curves with one clear peak.",
                contradicts="Flat curves.",
                table=curves,
            ),
            Figure(
                id="gosi",
                chart=Chart.GOSI_HISTOGRAM,
                paper_figure="Fig. 2",
                title="Distribution of gOSI",
                shows="Share of each layer's units per gOSI bin, measured against shuffled; the rule stands at 0.33.",
                supports="Measured shares right of the rule, shuffled ones left of it.",
                contradicts="The two coincide.",
                table=_histogram(rng, 2.6),
            ),
            curve_figure(),
        ),
        multiverse=AGREEMENT,
    )


def _histogram(rng: np.random.Generator, strength: float) -> pd.DataFrame:
    edges = np.linspace(0, 1, 26)
    frames = []
    for place, layer in enumerate(LAYERS):
        values = rng.beta(1.2 + strength * min(place, 4) / 4, 2, 900)
        shares = [np.histogram(sample, edges)[0] / 900 for sample in (values, rng.beta(2.2, 9, 900))]
        frames.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "bin_start": edges[:-1],
                    "bin_end": edges[1:],
                    "measured": shares[0],
                    "shuffled": shares[1],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _spatial_frequency(rng: np.random.Generator) -> QuestionResult:
    ranges = np.arange(0, 180, 15)
    rows = []
    for layer in LAYERS:
        for group, first in (("all selective units", 0.66), ("at least two frequencies", 0.41)):
            rest = rng.dirichlet(np.linspace(6, 0.5, 11)) * (1 - first)
            rows += [
                {"layer": layer, "range": float(angle), "share": share, "group": group}
                for angle, share in zip(ranges, (first, *rest), strict=True)
            ]
    claim = "In every layer, more than half of the selective units prefer one orientation at all spatial frequencies."
    layers = (
        *(layer_result(layer, 0.42, 0.05, 0.9, CONTRADICTED) for layer in LAYERS[:6]),
        undefined_layer("fc1", "fewer than 6 networks have a selective unit that answers to two frequencies"),
    )
    published = tuple(PublishedLayer(layer, 0.66, NAN, SUPPORTED, "no test in the paper") for layer in LAYERS)
    registered = hypothesis(
        "range-zero", "spatial_frequency", claim, layers_required="every", null_value=0.5, smallest_effect=0.55
    )
    result = HypothesisResult(
        registered, layers, CONTRADICTED, "6 of 7 layers meet the rule for contradiction.", SUPPORTED, published
    )
    return QuestionResult(
        "spatial_frequency",
        "Does the preferred orientation hold over spatial frequency?",
        "A.2",
        "For most selective units the range of preferred orientations is 0.",
        (result,),
        (
            Figure(
                id="ranges",
                chart=Chart.RANGE_HISTOGRAM,
                paper_figure="Fig. A2",
                title="Range of preferred orientations",
                shows="Share of selective units per range; the second group leaves out units for which 0 is certain.",
                supports="A peak at 0 in both groups.",
                contradicts="A peak at 0 only in the first group.",
                table=pd.DataFrame(rows),
            ),
        ),
        ("A unit that answers to a single frequency has range 0 by definition: <b>not evidence</b>.",),
    )


def _untrained(rng: np.random.Generator, means: pd.DataFrame) -> QuestionResult:
    claim = "Training raises the mean gOSI in every layer."
    layers = tuple(layer_result(layer, 0.1 + 0.06 * place, 0.03, 1e-4, SUPPORTED) for place, layer in enumerate(LAYERS))
    result = HypothesisResult(
        hypothesis("training-raises", "untrained", claim, layers_required="every"),
        layers,
        SUPPORTED,
        "7 of 7 layers meet the rule.",
        SUPPORTED,
    )
    return QuestionResult(
        "untrained",
        "Are they there before training?",
        "A.3",
        "A random network has few and weak selective units.",
        (result,),
        (
            Figure(
                id="means",
                chart=Chart.LAYER_MEANS,
                paper_figure="Fig. A8",
                title="Before and after training",
                shows="Mean gOSI of each network.",
                supports="Lines rise.",
                contradicts="Lines are level or fall.",
                table=_with_means(means[["layer", "network", "state", "gosi"]]),
            ),
            Figure(
                id="initial",
                chart=Chart.GOSI_HISTOGRAM,
                paper_figure="Fig. A8",
                title="Distribution of gOSI before training",
                shows="As above, for the weights before training.",
                supports="Few units right of the rule.",
                contradicts="Many.",
                table=_histogram(rng, 0.2),
            ),
        ),
    )


def _generalization(rng: np.random.Generator, networks: pd.DataFrame, means: pd.DataFrame) -> QuestionResult:
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
        PublishedLayer(layer, 2.2 * estimate, 0.004, SUPPORTED if estimate < -0.1 else CONTRADICTED)
        for layer, estimate in zip(LAYERS, estimates, strict=True)
    )
    claim = "Within an augmentation, networks with higher mean gOSI in conv2 or conv3 have lower test loss."
    registered = hypothesis(
        "gosi-loss",
        "generalization",
        claim,
        test="stratified_permutation",
        alternative="less",
        strata="augmentation",
        smallest_effect=-0.3,
        layers_required="any",
    )
    hostile = hypothesis("</script>", "generalization", HOSTILE, status="exploratory", layers=("conv2",))
    return QuestionResult(
        "generalization",
        "Do networks with more of them generalise better?",
        "3.3",
        "Over networks, mean gOSI correlates negatively with test loss in the lower layers.",
        (
            HypothesisResult(registered, layers, INCONCLUSIVE, "No layer meets either rule.", SUPPORTED, published),
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


def _ablation(rng: np.random.Generator, networks: pd.DataFrame) -> QuestionResult:
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
                "asterisk": clamp == "output_zero" and ratio > 2.1,
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
    claim = "Silencing the top half by gOSI costs more test loss than random halves do, in conv2 and conv3."
    result = HypothesisResult(
        hypothesis("ablation-null", "ablation", claim, layers=("conv2", "conv3"), layers_required="every"),
        layers,
        SUPPORTED,
        "2 of 2 layers meet the rule.",
        INCONCLUSIVE,
        (PublishedLayer("conv2", 2.33, NAN, SUPPORTED), PublishedLayer("conv4", 1.22, NAN, CONTRADICTED)),
    )
    return QuestionResult(
        "ablation",
        "Does the network rely on them?",
        "3.4",
        "Silencing the more selective half costs over twice the loss of silencing the other, in conv2 and conv3.",
        (result,),
        (
            Figure(
                id="bars",
                chart=Chart.ABLATION_BARS,
                paper_figure="Fig. 5",
                title="Loss when a half is silenced",
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


def _not_run() -> QuestionResult:
    registered = hypothesis(
        "cv-rises", "shift_invariance", "Silencing the top half of conv2 makes fc1 less shift invariant."
    )
    result = HypothesisResult(
        registered, (), NOT_TESTED, "registered, not run: this version does not measure shifts", NOT_TESTED
    )
    return QuestionResult(
        "shift_invariance",
        "Do they make the network shift invariant?",
        "3.5",
        "Silencing the top half raises the coefficient of variation under shifts.",
        (result,),
    )


def _replication(*, tested: bool) -> QuestionResult:
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


AGAIN = {SUPPORTED: SUPPORTED, CONTRADICTED: SUPPORTED, INCONCLUSIVE: INCONCLUSIVE}  # the second set's verdicts


def repeated(question: QuestionResult) -> QuestionResult:
    """Return a question with a second set: what the first set contradicts is supported, undefined layers stay so."""
    if question.question == "replication":
        return question
    hypotheses = tuple(
        result
        if result.verdict == NOT_TESTED
        else dataclasses.replace(result, second=second_set(result, _again(result)))
        for result in question.hypotheses
    )
    return dataclasses.replace(
        question,
        hypotheses=hypotheses,
        second_figures=tuple(
            dataclasses.replace(figure, second_paper_figure={"Fig. 2": "Fig. A4a"}.get(figure.paper_figure, ""))
            for figure in question.figures[1:]
            if figure.chart != "specification_curve"  # there is one of the first set alone
        ),
    )


def _again(result: HypothesisResult) -> HypothesisResult:
    layers = tuple(
        dataclasses.replace(
            layer,
            estimate=layer.estimate + 0.05,
            ci_low=layer.ci_low + 0.06,
            ci_high=layer.ci_high + 0.04,
            verdict=AGAIN[layer.verdict],
            n=min(layer.n, 12),
        )
        for layer in result.layers
    )
    return dataclasses.replace(result, layers=layers, verdict=AGAIN[result.verdict], reason=f"{HOSTILE} once more")


def _stimuli() -> Stimuli:
    orientations = tuple(float(angle) for angle in range(0, 180, 15))
    frequencies = tuple((step + 1) / 40 for step in range(9))
    y, x = np.mgrid[:32, :32] - 16
    images = np.stack(
        [
            np.stack(
                [np.cos(2 * np.pi * f * (y * np.cos(np.deg2rad(a)) - x * np.sin(np.deg2rad(a)))) for f in frequencies]
            )
            for a in orientations
        ]
    )
    return Stimuli(np.uint8(127.5 * (images + 1)), orientations, frequencies)
