"""A made-up report with everything a real one can hold: every verdict, undefined values, text hostile to HTML."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NO_VERDICT,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
    QuestionResult,
)
from study.analysis.core.testing import second_set
from study.report.content import Report, Stimuli
from tests import example_questions, example_tuning_questions
from tests.example_results import HOSTILE, LAYERS

AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")


def example_report(*, seeds: int = 6, demonstration: bool = True, second: bool = True) -> Report:
    """Return the report of a made-up study with four augmentations and `seeds` networks in each, and a second set."""
    rng = np.random.default_rng(7)
    networks = _networks(rng, seeds)
    means = _layer_means(rng, networks)
    questions = (
        example_tuning_questions.existence(rng),
        example_tuning_questions.spatial_frequency(rng),
        example_tuning_questions.untrained(rng, means),
        example_questions.generalization(rng, networks, means),
        example_questions.ablation(rng, networks),
        example_questions.maturation(),
        example_questions.not_run(),
        example_questions.replication(tested=second),
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
        standing=(
            (
                "Interim",
                "Networks planned: 40, trained: 24. More may follow, so that this analysis is not the final one.",
            ),
            ("Looks", HOSTILE),
            ("Primary hypotheses", "ablation-null; its p-value is adjusted across one."),
        ),
    )


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


# The second set's verdicts.
AGAIN = {
    SUPPORTED: SUPPORTED,
    OPPOSITE: SUPPORTED,
    RULED_OUT: SUPPORTED,
    EFFECT_PRESENT: EFFECT_PRESENT,
    INCONCLUSIVE: INCONCLUSIVE,
}


def repeated(question: QuestionResult) -> QuestionResult:
    """Return a question with a second set: what speaks against an effect in the first is supported, undefined layers stay so."""
    if question.question == "replication":
        return question
    hypotheses = tuple(
        result
        if result.verdict in NO_VERDICT
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
