"""One more epoch of training, by the code that trained the network, with sets of units held and with none."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study.config.population import training_of
from study.experiment.measurements.need.arrays import sets_of_need
from study.experiment.training import DivergedError, evaluate, train_network
from study.networks.interventions.held_in_training import TrainableHeld
from study.vocabulary.schema import SETS_ABLATED

if TYPE_CHECKING:
    from study.experiment.subjects import TrainedSubject

Arrays = dict[str, NDArray[Any]]
Masks = dict[str, NDArray[np.bool_]]
STREAM = "one more epoch"  # behind the network's name, of the order and augmentation of images


def retraining_arrays(subject: TrainedSubject, gosi: NDArray[np.float64]) -> Arrays:
    """Return the `retraining` group's arrays of a network of the study; `gosi` is (unit,) of all layers, NaN for silent units.

    The network has its analysed weights before and after.
    """
    compiled, precision = subject.compiled, subject.config.training.precision
    held = compiled.once(
        ("retraining", subject.mediated, precision),
        lambda: TrainableHeld.of(compiled.model, subject.mediated, compiled.optimizer, precision=precision),
    )
    sets = sets_of_need(subject, gosi)
    every: list[Masks] = [{}, *({name: mask} for name, masks in sets.items() for mask in masks[: len(SETS_ABLATED)])]
    rows = []
    for place, masks in enumerate(every):
        words = f"one more epoch of training, {place + 1} of {len(every)}"
        subject.report("retraining", place / len(every), words)
        rows.append(one_more_epoch(subject, held, masks))
    free, *others = rows
    shape = (len(sets), len(SETS_ABLATED))
    by_set = {name: np.stack([row[name] for row in others]) for name in free}
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in by_set.items()} | {
        f"free_{name}": values for name, values in free.items()
    }


def one_more_epoch(subject: TrainedSubject, held: TrainableHeld, masks: Masks) -> Arrays:
    """Train a network for an epoch with units held, and put its weights back; return losses as the group names them.

    `loss` and `accuracy` are (trained,), on the test images, `training_loss` that of the epoch; NaN where it diverged.
    """
    compiled, partition, planned = subject.compiled, subject.partition, subject.planned
    training = training_of(subject.config, planned.arm)
    analysed, after, trained_loss = compiled.model.get_weights(), (np.nan, np.nan), np.nan
    test = partition.test_images, partition.test_labels, partition.training_mean
    try:
        held.hold(masks)
        compiled.reset(training.learning_rate)
        before = evaluate(held.scores, *test)
        trained = train_network(
            held.model,
            held.train,
            held.scores,
            partition,
            dataclasses.replace(training, epochs=1, patience=0, selection="last"),
            augmentation=planned.augmentation,
            root_seed=subject.config.seed,
            network=f"{planned.training_identity}/{STREAM}",
        )
        after, trained_loss = evaluate(held.scores, *test), float(trained.train_loss[0])
    except DivergedError:  # this says nothing of the network that was analysed
        pass
    finally:
        held.hold({})
        compiled.model.set_weights(analysed)
    losses, accuracies = np.transpose([before, after])
    return {"loss": losses, "accuracy": accuracies, "training_loss": np.array(trained_loss)}
