"""Have the networks learnt? Checks by arm and stratum, on the median, by training and validation values alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.learning import learning_checks, why_not_informative
from study.registration import LearningRule

ACCURACY = LearningRule("validation_accuracy_above_chance", 0.1, "augmentation")
FALL = LearningRule("validation_loss_fall", 0.5, "none")
FITTED = LearningRule("train_accuracy", 0.95, "label_corruption")


def networks(**variables: object) -> xr.DataTree:
    """Return six networks, three of each augmentation and rate, of ten classes, trained for three epochs."""
    arrays = {
        "validation_accuracy": (("network", "epoch"), np.full((6, 3), 0.1)),
        "validation_loss": (("network", "epoch"), np.tile([2.3, 2.0, 2.1], (6, 1))),
        "analysed_epoch": ("network", np.full(6, 2)),
        "final_train_accuracy": ("network", np.full(6, 0.99)),
    }
    coords = {
        "network": [f"n{i}" for i in range(6)],
        "epoch": [1, 2, 3],
        "arm": ("network", ["generalization"] * 6),
        "initialization_set": ("network", [1] * 6),
        "augmentation": ("network", ["none", "flip"] * 3),
        "label_corruption": ("network", [0.0, 1.0] * 3),
    }
    dataset = xr.Dataset(arrays, coords, {"class_names": list("abcdefghij")})
    return xr.DataTree.from_dict({"/training": dataset.assign(variables)})


def test_accuracy_is_that_of_the_analysed_epoch_above_chance_by_augmentation() -> None:
    """The median of three: one network that learnt does not carry two that did not, and one that failed drops nothing."""
    accuracy = np.full((6, 3), 0.1)
    accuracy[[0, 2], 1] = 0.5  # two of three without augmentation, in the epoch that is analysed
    accuracy[1, 1] = 0.9  # one of three with flips
    accuracy[:, 2] = 1.0  # an epoch that is not analysed
    checks = learning_checks(ACCURACY, networks(validation_accuracy=(("network", "epoch"), accuracy)))
    assert [(check.stratum, check.passed, check.networks) for check in checks] == [
        ("none", True, 3),
        ("flip", False, 3),
    ]
    assert [check.median for check in checks] == pytest.approx([0.4, 0.0])
    assert {(check.chance, check.needed, check.arm) for check in checks} == {(0.1, 0.1, "generalization")}
    assert why_not_informative(checks) == (
        "the networks of arm generalization did not learn what is registered: median validation accuracy minus chance flip 0"
        " (needed: 0.1)"
    )


def test_chance_is_that_of_the_classes_there_are() -> None:
    """Half, of two classes."""
    study = networks()
    study["training"].attrs["class_names"] = ["a", "b"]
    assert {check.chance for check in learning_checks(ACCURACY, study)} == {0.5}
    assert {round(check.median, 6) for check in learning_checks(ACCURACY, study)} == {-0.4}


def test_a_loss_that_rises_has_not_fallen() -> None:
    """From the first epoch to the lowest: .3 here, 0 where it rises from the start; no accuracy, so no chance level."""
    (check,) = learning_checks(FALL, networks())
    assert (check.median, check.passed, check.stratum) == (pytest.approx(0.3), False, "all")
    assert math.isnan(check.chance)
    rising = np.tile([2.31, 2.35, 2.43], (6, 1))
    (check,) = learning_checks(FALL, networks(validation_loss=(("network", "epoch"), rising)))
    assert check.median == 0
    assert "median fall of validation loss, first epoch to lowest (nat) 0 (needed: 0.5)" in why_not_informative([check])


def test_labels_must_be_fitted_at_every_rate() -> None:
    """At one of two rates they are not: the arm fails."""
    fitted = np.array([0.99, 0.2, 0.99, 0.2, 0.99, 0.99])
    checks = learning_checks(FITTED, networks(final_train_accuracy=("network", fitted)))
    assert [(check.stratum, check.passed) for check in checks] == [("0.0", True), ("1.0", False)]
    assert why_not_informative(checks)
    assert why_not_informative(learning_checks(FITTED, networks())) == ""


def test_an_undefined_median_does_not_pass() -> None:
    """NaN is silence about nothing."""
    broken = np.array([np.nan, 0.99, 0.99, 0.99, 0.99, 0.99])
    checks = learning_checks(FITTED, networks(final_train_accuracy=("network", broken)))
    assert [check.passed for check in checks] == [False, True]


def test_nothing_is_registered_nothing_is_asked() -> None:
    """Without checks there is no reason against a verdict."""
    assert why_not_informative(()) == ""
