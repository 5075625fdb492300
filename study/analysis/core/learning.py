"""Have the networks learnt? Networks that did not carry no verdict: the registered check of every arm and stratum.

It rests on training and validation values alone, never on test images, and drops no network: an arm passes or fails as a
whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.core.results import NOT_INFORMATIVE, HypothesisResult, LearningCheck
from study.registration import LearningRule
from study.vocabulary.schema import class_names_of

TEN_CLASSES: Final = 10  # where a store does not name its classes
ALL: Final = "all"


def learning_checks(rule: LearningRule, networks: xr.DataTree) -> tuple[LearningCheck, ...]:
    """Return the check of every stratum of an arm's networks, in one set of initialisations.

    Parameters
    ----------
    rule
        What is registered for the arm.
    networks
        Those of one arm and one set, as `networks_of` gives them. NaN makes a stratum's median NaN: it does not pass, and
        neither do networks of a condition of rearing of which there are none.
    """
    training = networks["training"].to_dataset()
    arm, initialization_set = str(training["arm"].values[0]), int(training["initialization_set"].values[0])
    if rule.reared:
        training = training.isel(network=np.flatnonzero(training["rearing"].values == rule.reared))
    values = _MEASURES[rule.measure](training)
    strata = np.full(values.size, rule.reared or ALL, dtype=object)
    if rule.strata != "none":
        strata = training[rule.strata].values.astype(object)
    chance = math.nan if rule.measure == "validation_loss_fall" else 1 / _classes(training)
    return tuple(
        LearningCheck(
            arm=arm,
            initialization_set=initialization_set,
            stratum=str(stratum),
            measure=rule.words,
            median=float(np.median(values[strata == stratum])) if values.size else math.nan,
            needed=rule.at_least,
            networks=int((strata == stratum).sum()),
            chance=chance,
        )
        for stratum in dict.fromkeys(strata.tolist() or [rule.reared or ALL])
    )


def why_not_informative(checks: Sequence[LearningCheck]) -> str:
    """Return which checks of an arm fail, in words; empty where all pass, or none is registered."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return ""
    medians = ", ".join(
        f"{check.median:.3g}" if check.stratum == ALL else f"{check.stratum} {check.median:.3g}" for check in failed
    )
    return (
        f"the networks of arm {failed[0].arm} did not learn what is registered: median {failed[0].measure} {medians}"
        f" (needed: {failed[0].needed:g})"
    )


def without_verdict(result: HypothesisResult, why: str) -> HypothesisResult:
    """Return a result of networks that did not learn: estimates stay, and no verdict, as published neither."""
    layers = tuple(dataclasses.replace(layer, verdict=NOT_INFORMATIVE) for layer in result.layers)
    published = tuple(dataclasses.replace(layer, verdict=NOT_INFORMATIVE) for layer in result.published_layers)
    return dataclasses.replace(
        result,
        layers=layers,
        verdict=NOT_INFORMATIVE,
        reason=why,
        published_verdict=NOT_INFORMATIVE,
        published_layers=published,
    )


def _classes(training: xr.Dataset) -> int:
    return len(class_names_of(training.attrs)) or TEN_CLASSES


def _validation_accuracy_above_chance(training: xr.Dataset) -> np.ndarray:
    """Return the validation accuracy of the analysed weights minus that of guessing: (network,)."""
    accuracy = training["validation_accuracy"].transpose("network", "epoch").values
    epochs = training["epoch"].values
    analysed = training["analysed_epoch"].values if "analysed_epoch" in training else np.full(len(accuracy), epochs[-1])
    places = np.searchsorted(epochs, analysed)
    return np.asarray(np.take_along_axis(accuracy, places[:, np.newaxis], axis=1)[:, 0] - 1 / _classes(training))


def _validation_loss_fall(training: xr.Dataset) -> np.ndarray:
    """Return how far validation loss fell from the first epoch to its lowest, in nats: (network,).

    Epochs that a network was not trained to, by the setting `training.patience`, are NaN and left out.
    """
    loss = training["validation_loss"].transpose("network", "epoch").values
    return np.asarray(loss[:, 0] - np.nanmin(loss, axis=1))


def _train_accuracy(training: xr.Dataset) -> np.ndarray:
    """Return the accuracy of the analysed weights on the labels that they were trained on: (network,)."""
    return np.asarray(training["final_train_accuracy"].values, dtype=np.float64)


_MEASURES: Final[Mapping[str, Callable[[xr.Dataset], np.ndarray]]] = {
    "validation_accuracy_above_chance": _validation_accuracy_above_chance,
    "validation_loss_fall": _validation_loss_fall,
    "train_accuracy": _train_accuracy,
}
