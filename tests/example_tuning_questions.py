"""Questions of a made-up study that are about tuning alone: existence, spatial frequency, untrained networks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.analysis.core.charts import Chart
from study.analysis.core.results import (
    INCONCLUSIVE,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    Figure,
    HypothesisResult,
    PublishedLayer,
    QuestionResult,
)
from tests.example_multiverse import AGREEMENT, curve_figure
from tests.example_questions import learning
from tests.example_results import LAYERS, NAN, hypothesis, layer_result, undefined_layer


def _with_means(single: pd.DataFrame) -> pd.DataFrame:
    mean = single.groupby(["layer", "state"], sort=False)["gosi"].mean().reset_index()
    return pd.concat([single.assign(kind="network"), mean.assign(network="mean", kind="mean")], ignore_index=True)


def existence(rng: np.random.Generator) -> QuestionResult:
    """Return the result on whether selective units exist: tuning curves, a histogram and a specification curve."""
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
        learning=learning("generalization", (0.71, 0.66), 0.2, 0.1),
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


def spatial_frequency(rng: np.random.Generator) -> QuestionResult:
    """Return the result on the range of preferred orientations: opposite, ruled out in one layer, undefined in another."""
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
        *(layer_result(layer, 0.42, 0.05, 1e-4, OPPOSITE) for layer in LAYERS[:5]),
        layer_result(LAYERS[5], 0.48, 0.05, 0.002, RULED_OUT),
        undefined_layer("fc1", "fewer than 6 networks have a selective unit that answers to two frequencies"),
    )
    published = tuple(PublishedLayer(layer, 0.66, NAN, SUPPORTED, "no test in the paper") for layer in LAYERS)
    registered = hypothesis(
        "range-zero", "spatial_frequency", claim, layers_required="every", null_value=0.5, smallest_effect=0.55
    )
    result = HypothesisResult(
        registered, layers, RULED_OUT, "6 of 7 layers speak against the claim", SUPPORTED, published, pvalue=1.0
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


def untrained(rng: np.random.Generator, means: pd.DataFrame) -> QuestionResult:
    """Return the result on selectivity before training."""
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
