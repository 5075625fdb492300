"""The multiverses of what selectivity goes with: epochs of training, generalisation, and labels learnt by heart."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from study.analysis.multiverse.specification import (
    RANK_CORRELATION,
    Floats,
    Levels,
    Multiverse,
    Sample,
    Universe,
)
from study.analysis.multiverse.units import (
    LEFT_OUT,
    MEAN,
    MEDIAN,
    NO_CONTROL,
    OWN_SHUFFLE,
    PROBE_FACTORS,
    REGISTERED_PROBE,
    REGISTERED_SHARE,
    THRESHOLDS,
    UNTUNED,
    Layers,
    layer_values,
    layers_of,
    probe_of,
    quotient,
    read_probe,
)
from study.analysis.questions.maturation import PUBLISHED_EPOCHS
from study.analysis.questions.memorization import FITTING_ACCURACY

EXCESS = "mean_gosi_less_own_shuffle"
SUMMARIES = (MEAN, MEDIAN, REGISTERED_SHARE, EXCESS)
WITHIN, GIVEN = "within_augmentation", "given_training_loss"
FIRST, ALL, LATER = "first_50", "all", "first_50_without_1_to_3"
LEVELS, CHANGES = "values", "changes_from_epoch_to_epoch"
ONE_AT_A_TIME = (
    "other read-outs and gratings go with the registered correlation, outcome and treatment of silent units only"
)


def _scores(study: xr.DataTree) -> dict[str, Floats]:
    """Return the networks' training scores and corruption rates, each (network,)."""
    training = study["training"].to_dataset()
    names = ("test_loss", "test_accuracy", "final_train_loss", "final_train_accuracy")
    rates = {"label_corruption": training["network"].coords["label_corruption"].values.astype(np.float64)}
    return {name: training[name].values.astype(np.float64) for name in names} | rates


def _summarised(study: xr.DataTree, layers: Layers, probe: str, summary: str, silent_units: str) -> Floats | str:
    """Return layer-wise selectivity of the analysed weights, (network, layer), or why there is none."""
    found = read_probe(study, probe, "analysed")
    if isinstance(found, str):
        return found
    statistic, control = (MEAN, OWN_SHUFFLE) if summary == EXCESS else (summary, NO_CONTROL)
    return layer_values(found, layers, statistic, control, silent_units)


def _generalization(study: xr.DataTree) -> Universe:
    layers = layers_of(study["tuning"].to_dataset()["unit_layer"].values)
    scores = _scores(study)
    outcomes = {
        "test_loss": scores["test_loss"],
        "test_error": 1 - scores["test_accuracy"],
        "generalisation_gap": scores["test_loss"] - scores["final_train_loss"],
    }

    @cache
    def selectivity(probe: str, summary: str, silent_units: str) -> Floats | str:
        return _summarised(study, layers, probe, summary, silent_units)

    def sample(levels: Levels) -> Sample | str:
        values = selectivity(probe_of(levels), levels["summary"], levels["silent_units"])
        if isinstance(values, str):
            return values
        usual = {"correlation": WITHIN, "outcome": "test_loss", "silent_units": LEFT_OUT}.items() <= dict(
            levels
        ).items()
        if probe_of(levels) != REGISTERED_PROBE and not usual:
            return ONE_AT_A_TIME
        given = scores["final_train_loss"] if levels["correlation"] == GIVEN else None
        return Sample(
            values, RANK_CORRELATION, outcomes[levels["outcome"]], given, pooled=levels["correlation"] == "pooled"
        )

    return Universe(layers.names, sample)


def _memorization(study: xr.DataTree) -> Universe:
    layers = layers_of(study["tuning"].to_dataset()["unit_layer"].values)
    scores = _scores(study)
    least = {"training_accuracy_0.95": FITTING_ACCURACY, "training_accuracy_0.9": 0.9, "all": -np.inf}

    @cache
    def selectivity(summary: str, silent_units: str) -> Floats | str:
        return _summarised(study, layers, REGISTERED_PROBE, summary, silent_units)

    def sample(levels: Levels) -> Sample | str:
        values = selectivity(levels["summary"], levels["silent_units"])
        if isinstance(values, str):
            return values
        fits = scores["final_train_accuracy"] >= least[levels["networks_kept"]]
        given = scores["final_train_loss"] if levels["correlation"] == GIVEN else None
        return Sample(np.where(fits[:, None], values, np.nan), RANK_CORRELATION, scores["label_corruption"], given)

    return Universe(layers.names, sample)


def _maturation(study: xr.DataTree) -> Universe:
    training = study["training"].to_dataset()
    gosi = study["maturation"].to_dataset()["gosi"]
    layers = layers_of(gosi["unit_layer"].values)
    epochs = training["epoch"].values
    probed = {int(epoch): place for place, epoch in enumerate(gosi["epoch"].values)}
    units = gosi.transpose("network", "epoch", "unit").values[:, [probed[int(epoch)] for epoch in epochs]]
    outcomes = {
        name: (-1.0 if name.endswith("accuracy") else 1.0) * training[name].transpose("network", "epoch").values
        for name in ("validation_loss", "train_loss", "validation_accuracy")
    }

    @cache
    def curves(summary: str, silent_units: str) -> Floats:
        own = units if summary not in THRESHOLDS else np.where(np.isnan(units), np.nan, units > THRESHOLDS[summary])
        own = np.where(np.isnan(own), 0.0, own) if silent_units == UNTUNED else own
        of_layers = layers.median(own) if summary == MEDIAN else layers.mean(own)
        return np.moveaxis(of_layers, -1, 1)  # (network, layer, epoch)

    def sample(levels: Levels) -> Sample | str:
        chosen = levels["epochs"]
        if chosen == ALL and epochs.max() <= PUBLISHED_EPOCHS:
            return "no epoch beyond the fiftieth was trained, so that all epochs are the first fifty"
        keep = np.ones(epochs.shape, dtype=bool) if chosen == ALL else epochs <= PUBLISHED_EPOCHS
        keep &= (epochs > 3) | (chosen != LATER)
        curve, outcome = curves(levels["summary"], levels["silent_units"])[..., keep], outcomes[levels["outcome"]]
        outcome = outcome[:, None, keep]
        if levels["compared"] == CHANGES:
            curve, outcome = np.diff(curve, axis=-1), np.diff(outcome, axis=-1)
        return Sample(row_spearman(curve, np.broadcast_to(outcome, curve.shape)), RANK_CORRELATION)

    return Universe(layers.names, sample)


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


MATURATION = Multiverse(
    "maturation",
    "gosi_against_validation_loss",
    {
        "epochs": (FIRST, ALL, LATER),
        "outcome": ("validation_loss", "train_loss", "validation_accuracy"),
        "summary": (MEAN, MEDIAN, REGISTERED_SHARE),
        "silent_units": (LEFT_OUT, UNTUNED),
        "compared": (LEVELS, CHANGES),
    },
    _maturation,
)
GENERALIZATION = Multiverse(
    "generalization",
    "gosi_against_test_loss",
    {
        "correlation": (WITHIN, "pooled", GIVEN),
        "outcome": ("test_loss", "test_error", "generalisation_gap"),
        "summary": SUMMARIES,
        "silent_units": (LEFT_OUT, UNTUNED),
        **PROBE_FACTORS,
    },
    _generalization,
)
MEMORIZATION = Multiverse(
    "memorization",
    "gosi_against_label_corruption",
    {
        "networks_kept": ("training_accuracy_0.95", "training_accuracy_0.9", "all"),
        "summary": SUMMARIES,
        "silent_units": (LEFT_OUT, UNTUNED),
        "correlation": ("plain", GIVEN),
    },
    _memorization,
)
