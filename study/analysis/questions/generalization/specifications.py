"""Every way to correlate selectivity with generalisation."""

from __future__ import annotations

from functools import cache

import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import RANK_CORRELATION, Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.summaries import summarised, training_scores
from study.analysis.multiverse.units import analysed_layers

WITHIN = "within_augmentation"
ONE_AT_A_TIME = (
    "other read-outs and gratings go with the registered correlation, outcome and treatment of silent units only"
)


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = analysed_layers(study)
    scores = training_scores(study)
    outcomes = {
        "test_loss": scores["test_loss"],
        "test_error": 1 - scores["test_accuracy"],
        "generalisation_gap": scores["test_loss"] - scores["final_train_loss"],
    }

    @cache
    def selectivity(tuning: str, summary: str, silent_units: str) -> Floats | str:
        return summarised(study, layers, tuning, summary, silent_units)

    def sample(levels: Levels) -> Sample | str:
        values = selectivity(factors.tuning_of(levels), levels["summary"], levels["silent_units"])
        if isinstance(values, str):
            return values
        registered = {"correlation": WITHIN, "outcome": "test_loss", "silent_units": factors.LEFT_OUT}
        if not factors.has_registered_tuning(levels) and not registered.items() <= levels.items():
            return ONE_AT_A_TIME
        covariate = scores["final_train_loss"] if levels["correlation"] == factors.GIVEN_TRAINING_LOSS else None
        return Sample(
            values, RANK_CORRELATION, outcomes[levels["outcome"]], covariate, pooled=levels["correlation"] == "pooled"
        )

    return SampledStudy(layers.names, sample)


MULTIVERSE = Multiverse(
    measure="gosi_against_test_loss",
    factors={
        "correlation": (WITHIN, "pooled", factors.GIVEN_TRAINING_LOSS),
        "outcome": ("test_loss", "test_error", "generalisation_gap"),
        "summary": factors.SUMMARIES,
        "silent_units": (factors.LEFT_OUT, factors.UNTUNED),
        **factors.TUNING,
    },
    sampled=_sampled,
)
