"""How the network was trained: its curves, and how well the analysed weights do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED, PENALISED_STEP, TRAINING_SPEED
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Stage, Variable, Workload
from study.vocabulary.rearing import PENALTIES
from study.vocabulary.schema import ARMS, REARING

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "train_loss": Variable(
        ("epoch",), "f", "nat", "mean training cross-entropy over the epoch's batches", ends_early=True
    ),
    "train_accuracy": Variable(("epoch",), "f", "1", "training accuracy over the epoch's batches", ends_early=True),
    "validation_loss": Variable(("epoch",), "f", "nat", "validation cross-entropy after the epoch", ends_early=True),
    "validation_accuracy": Variable(("epoch",), "f", "1", "validation accuracy after the epoch", ends_early=True),
    "analysed_epoch": Variable((), "i", "1", "epoch whose weights are analysed"),
    "final_train_loss": Variable((), "f", "nat", "training cross-entropy of the analysed weights, not augmented"),
    "final_train_accuracy": Variable((), "f", "1", "training accuracy of the analysed weights, not augmented"),
    "test_loss": Variable((), "f", "nat", "test cross-entropy of the analysed weights"),
    "test_accuracy": Variable((), "f", "1", "test accuracy of the analysed weights"),
}

_SELECTION = {
    "validation_accuracy": "with the best validation accuracy",
    "validation_loss": "with the least validation loss",
    "last": "of the last epoch",
}


def _cost(work: Workload) -> Cost:
    evaluated = work.epochs * work.validation + work.train + work.test
    shown = work.epochs * work.train * _step_cost(work)
    return Cost(shown / TRAINING_SPEED + evaluated / INFERENCE_SPEED, 0.05)


def _step_cost(work: Workload) -> float:
    """Return what a training step costs against a plain one, mean over the networks of the arm."""
    if work.arm != REARING:
        return 1.0
    return float(np.mean([PENALISED_STEP if kind in PENALTIES else 1.0 for kind, _ in work.config.reared]))


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    training = config.training
    text = (
        f"Adam, learning rate {training.learning_rate:g}, batches of {training.batch_size}, {training.epochs}"
        f" epochs; the weights {_SELECTION[training.selection]} are analysed. Every network is also probed with its initial"
        " weights."
    )
    if training.patience:
        text += (
            f" Training ended after {training.patience} epochs without a better validation score, in an arm whose last weights"
            " are analysed or that is measured after every epoch at its end; scores of epochs that were not trained are"
            " missing."
        )
    return (("Training", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    """Return the curves, and the scores of the analysed weights on training images, not augmented, and on test images."""
    trained, shown = subject.trained, subject.partition
    train = subject.scores(shown.train_images, shown.train_labels)
    test = subject.scores(shown.test_images, shown.test_labels)
    return {
        "train_loss": trained.train_loss,
        "train_accuracy": trained.train_accuracy,
        "validation_loss": trained.validation_loss,
        "validation_accuracy": trained.validation_accuracy,
        "analysed_epoch": np.array(trained.analysed_epoch),
        "final_train_loss": np.array(train[0]),
        "final_train_accuracy": np.array(train[1]),
        "test_loss": np.array(test[0]),
        "test_accuracy": np.array(test[1]),
    }


MEASUREMENT = Measurement(
    name="training",
    variables=VARIABLES,
    arms=ARMS,
    settings=("network", "training"),
    cost=_cost,
    coordinates=lambda subject: {"epoch": np.arange(1, subject.epochs + 1)},
    stage=Stage("train", 6),
    methods=_methods,
    once_analysed=_once_analysed,
)
