"""Every way to correlate selectivity with the rate of label corruption."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import RANK_CORRELATION, Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.summaries import summarised, training_scores
from study.analysis.multiverse.units import analysed_layers
from study.analysis.questions.memorization.estimands import FITTING_ACCURACY


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = analysed_layers(study)
    scores = training_scores(study)
    least = {"all": -np.inf, "training_accuracy_0.95": FITTING_ACCURACY, "training_accuracy_0.9": 0.9}

    @cache
    def selectivity(summary: str, silent_units: str) -> Floats | str:
        return summarised(study, layers, factors.REGISTERED_TUNING, summary, silent_units)

    def sample(levels: Levels) -> Sample | str:
        values = selectivity(levels["summary"], levels["silent_units"])
        if isinstance(values, str):
            return values
        fits = scores["final_train_accuracy"] >= least[levels["networks_kept"]]
        covariate = scores["final_train_loss"] if levels["correlation"] == factors.GIVEN_TRAINING_LOSS else None
        kept, pooled = np.where(fits[:, None], values, np.nan), levels["correlation"] == "pooled"
        return Sample(kept, RANK_CORRELATION, scores["label_corruption"], covariate, pooled=pooled)

    return SampledStudy(layers.names, sample)


MULTIVERSE = Multiverse(
    measure="gosi_against_label_corruption",
    factors={
        "networks_kept": ("all", "training_accuracy_0.95", "training_accuracy_0.9"),
        "summary": factors.SUMMARIES,
        "silent_units": (factors.LEFT_OUT, factors.UNTUNED),
        "correlation": ("within_seed", "pooled", factors.GIVEN_TRAINING_LOSS),
    },
    sampled=_sampled,
)
