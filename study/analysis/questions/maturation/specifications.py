"""Every way to correlate selectivity with the course of training."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import RANK_CORRELATION, Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import THRESHOLDS, layers_of, quotient
from study.analysis.questions.maturation.estimands import PUBLISHED_EPOCHS

FIRST, ALL, LATER = "first_50", "all", "first_50_without_1_to_3"
LEVELS, CHANGES = "values", "changes_from_epoch_to_epoch"


def _sampled(study: xr.DataTree) -> SampledStudy:
    training = study["training"].to_dataset()
    gosi = study["maturation"].to_dataset()["gosi"]
    layers = layers_of(gosi["layer"].values)
    epochs = training["epoch"].values
    measured = {int(epoch): place for place, epoch in enumerate(gosi["epoch"].values)}
    units = gosi.transpose("network", "epoch", "unit").values[:, [measured[int(epoch)] for epoch in epochs]]
    outcomes = {
        name: (-1.0 if name.endswith("accuracy") else 1.0) * training[name].transpose("network", "epoch").values
        for name in ("validation_loss", "train_loss", "validation_accuracy")
    }

    @cache
    def curves(summary: str, silent_units: str) -> Floats:
        values = units if summary not in THRESHOLDS else np.where(np.isnan(units), np.nan, units > THRESHOLDS[summary])
        values = np.where(np.isnan(values), 0.0, values) if silent_units == factors.UNTUNED else values
        of_layers = layers.median(values) if summary == factors.MEDIAN else layers.mean(values)
        return np.moveaxis(of_layers, -1, 1)  # (network, layer, epoch)

    def sample(levels: Levels) -> Sample | str:
        span = levels["epochs"]
        if span == ALL and epochs.max() <= PUBLISHED_EPOCHS:
            return "no epoch beyond the fiftieth was trained, so that all epochs are the first fifty"
        keep = np.ones(epochs.shape, dtype=bool) if span == ALL else epochs <= PUBLISHED_EPOCHS
        keep &= (epochs > 3) | (span != LATER)
        curve, outcome = curves(levels["summary"], levels["silent_units"])[..., keep], outcomes[levels["outcome"]]
        outcome = outcome[:, None, keep]
        if levels["compared"] == CHANGES:
            curve, outcome = np.diff(curve, axis=-1), np.diff(outcome, axis=-1)
        return Sample(row_spearman(curve, np.broadcast_to(outcome, curve.shape)), RANK_CORRELATION)

    return SampledStudy(layers.names, sample)


def row_spearman(x: Floats, y: Floats) -> Floats:
    """Return Spearman's rho along the last axis, (..., n) to (...), average ranks for ties.

    NaN where a value is NaN, where n < 3, or where either is constant, as `study.stats.spearman` has it.
    """
    if x.shape[-1] < 3:
        return np.full(x.shape[:-1], np.nan)
    undefined = np.isnan(x).any(axis=-1) | np.isnan(y).any(axis=-1)
    ranks = [rankdata(np.nan_to_num(values), axis=-1) for values in (x, y)]
    x, y = (values - values.mean(axis=-1, keepdims=True) for values in ranks)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    rho = quotient((x * y).sum(axis=-1), scale)
    return np.where(undefined, np.nan, np.clip(rho, -1.0, 1.0))


MULTIVERSE = Multiverse(
    measure="gosi_against_validation_loss",
    factors={
        "epochs": (FIRST, ALL, LATER),
        "outcome": ("validation_loss", "train_loss", "validation_accuracy"),
        "summary": (factors.MEAN, factors.MEDIAN, factors.REGISTERED_SHARE),
        "silent_units": (factors.LEFT_OUT, factors.UNTUNED),
        "compared": (LEVELS, CHANGES),
    },
    sampled=_sampled,
)
