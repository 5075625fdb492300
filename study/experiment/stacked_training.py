"""Training several networks as one model, each on its own images in its own order: what `training` does with one, with many.

Networks have places in the stack. A place without a network, or whose network has ended, has weights of
zero: what stands there reaches no other place. A network that goes on from a checkpoint is put in its place when the
epoch of the others is its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.config import TrainingConfig
from study.experiment.training import (
    EVALUATION_BATCH,
    CheckpointStore,
    DivergedError,
    Observation,
    TrainedNetwork,
    TrainingState,
    Weights,
    batches,
    is_over,
    refuse_diverged,
    selection_score,
)
from study.images.preparation.augmentation import drawn_offsets
from study.images.preparation.split import Partition
from study.networks.stacked.stack import Stack
from study.vocabulary.seeding import stream


@dataclass(frozen=True, kw_only=True)
class Trainee:
    """One of the networks that are trained together.

    Attributes
    ----------
    weights
        Its initial weights.
    partition
        Its images and labels; all networks of a stack have the same images.
    augmentation, network
        One of `study.config.AUGMENTATIONS`; the name of its random streams.
    on_images
        Called within each epoch, as that of `study.experiment.training.train_network`.
    observe
        Called with its weights before training and after each epoch; gives arrays by name.
    checkpoint
        Where it goes on from and leaves its state, if anywhere.
    """

    weights: Weights
    partition: Partition
    augmentation: str
    network: str
    on_images: Callable[[int, float, float, float], None] = lambda epoch, share, loss, accuracy: None
    observe: Callable[[Weights], Observation] | None = None
    checkpoint: CheckpointStore | None = None


@dataclass
class _Learner:
    """A trainee, and where its training stands; `failure` ends it."""

    trainee: Trainee
    state: TrainingState
    resumed: int
    failure: DivergedError | None = None

    @classmethod
    def begun(cls, trainee: Trainee, epochs: int) -> _Learner:
        """Return a trainee that goes on from its checkpoint, or begins."""
        if trainee.checkpoint and (arrays := trainee.checkpoint.load()):
            state = TrainingState.of(arrays)
            return cls(trainee, state, state.epoch)
        observations = [trainee.observe(trainee.weights)] if trainee.observe else []
        curves = np.full((4, epochs), np.nan)
        return cls(trainee, TrainingState(0, curves, 0, -np.inf, trainee.weights, trainee.weights, [], observations), 0)

    def learned(self, scores: NDArray[np.float64], weights: Weights, selection: str) -> None:
        """Take the scores, (4,), and the weights of one more epoch."""
        before, epoch = self.state, self.state.epoch + 1
        curves = before.curves.copy()
        curves[:, epoch - 1] = scores
        try:
            refuse_diverged(weights, scores, epoch)
        except DivergedError as error:
            self.failure = error
            return
        score = selection_score(selection, epoch - 1, scores[2], scores[3])
        best = (
            (epoch, score, weights)
            if score > before.best_score
            else (before.best_epoch, before.best_score, before.best)
        )
        observed = [self.trainee.observe(weights)] if self.trainee.observe else []
        self.state = TrainingState(epoch, curves, *best, weights, [], before.observations + observed)

    def ended(self, config: TrainingConfig) -> bool:
        """Return whether no epoch follows: it failed, had all, or `training.patience` ended it."""
        return self.failure is not None or is_over(config, self.state.epoch, self.state.best_epoch)

    @property
    def trained(self) -> TrainedNetwork:
        """Return what training left."""
        state, curves = self.state, self.state.curves
        best = state.best_epoch, state.best
        return TrainedNetwork(
            curves[0], curves[1], curves[2], curves[3], *best, tuple(state.observations), self.resumed
        )


def train_networks(
    stack: Stack, trainees: Mapping[int, Trainee], config: TrainingConfig, *, root_seed: int, checkpoint_epochs: int = 0
) -> dict[int, TrainedNetwork | DivergedError]:
    """Train networks together; each one's curves and weights are those of training it by itself, but for rounding.

    Parameters
    ----------
    stack
        The stacked model; what it held is forgotten.
    trainees
        By place in the stack; places may be empty.
    config
        Epochs, batch size, learning rate, patience and what selects the analysed epoch of each network.
    root_seed
        Of the random streams.
    checkpoint_epochs
        States are saved every so many epochs, and after the last; 0 for never.

    Returns
    -------
    dict
        By place what training left, or why a network failed, which no other notices.
    """
    stack.reset(config.learning_rate)
    learners = {place: _Learner.begun(trainee, config.epochs) for place, trainee in trainees.items()}
    shown = _Shown.of(next(iter(trainees.values())).partition)
    for epoch in range(min(learner.resumed for learner in learners.values()), config.epochs):
        at_work = {place: each for place, each in learners.items() if each.resumed <= epoch and not each.ended(config)}
        for place, learner in at_work.items():
            if learner.resumed == epoch:
                stack.put(place, learner.state.weights, learner.state.optimizer)
        if at_work:
            _learn(stack, at_work, shown, epoch, config, root_seed)
            _settle(stack, at_work, config, checkpoint_epochs)
    return {place: learner.failure or learner.trained for place, learner in learners.items()}


def _settle(stack: Stack, learners: Mapping[int, _Learner], config: TrainingConfig, checkpoint_epochs: int) -> None:
    """Save the states of networks whose time it is, and empty the places of those that ended."""
    saved = {
        place: learner
        for place, learner in learners.items()
        if checkpoint_epochs and learner.trainee.checkpoint and not learner.failure
        if learner.ended(config) or learner.state.epoch % checkpoint_epochs == 0
    }
    moments = stack.optimizers() if saved else []
    for place, learner in saved.items():
        if learner.trainee.checkpoint:
            learner.trainee.checkpoint.save(dataclasses.replace(learner.state, optimizer=moments[place]).arrays())
    for place, learner in learners.items():
        if learner.ended(config):
            stack.put(place)


@dataclass(frozen=True)
class _Shown:
    """Images where the model is: those that are trained on as (image times row times column, channel), and of validation."""

    pixels: Any
    count: int
    size: tuple[int, int]
    validation: Any
    mean: Any

    @classmethod
    def of(cls, partition: Partition) -> _Shown:
        images = partition.train_images
        count, height, width, channels = images.shape
        held = (ops.convert_to_tensor(images.reshape(-1, channels)), count, (height, width))
        return cls(*held, ops.convert_to_tensor(partition.validation_images), partition.training_mean)


def _learn(
    stack: Stack, learners: Mapping[int, _Learner], shown: _Shown, epoch: int, config: TrainingConfig, root_seed: int
) -> None:
    """Train networks for an epoch and let each take its scores."""
    loss, correct, seen = np.zeros(stack.networks), np.zeros(stack.networks), 0
    drawn = [_drawn(learner.trainee, shown, epoch, config.batch_size, root_seed) for learner in learners.values()]
    for by_network in zip(*drawn, strict=True):
        arrays = [_in_places(stack.networks, learners, entries) for entries in zip(*by_network, strict=True)]
        more_loss, more_correct = stack.train(shown.pixels, shown.mean, *arrays)
        loss, correct = loss + np.asarray(more_loss), correct + np.asarray(more_correct)
        seen += by_network[0][0].size
        for place, learner in learners.items():
            learner.trainee.on_images(epoch + 1, seen / shown.count, loss[place] / seen, correct[place] / seen)
    validation = _validated(stack, learners, shown)
    weights = stack.weights()
    for place, learner in learners.items():
        scores = np.array([loss[place] / seen, correct[place] / seen, *validation[:, place]])
        learner.learned(scores, weights[place], config.selection)


def _drawn(
    trainee: Trainee, shown: _Shown, epoch: int, batch_size: int, root_seed: int
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Yield what a network is shown in an epoch, several batches at a time: images, offsets and labels, (batch, image).

    The numbers are those that `study.experiment.training.train_network` draws.
    """
    name = f"{trainee.network}/{epoch}"
    rng = stream(root_seed, name, "augmentation")
    for chosen in batches(shown.count, batch_size, stream(root_seed, name, "order")):
        offsets = drawn_offsets(chosen.size, shown.size, augmentation=trainee.augmentation, rng=rng)
        yield chosen, *(each.reshape(chosen.shape) for each in offsets), trainee.partition.train_labels[chosen]


def _in_places(networks: int, learners: Mapping[int, _Learner], entries: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays of networks at work, (batch, image), as one, (batch, image, network); zero where no network is."""
    together = np.zeros((*entries[0].shape, networks), entries[0].dtype)
    for place, of_network in zip(learners, entries, strict=True):
        together[..., place] = of_network
    return together


def _validated(stack: Stack, learners: Mapping[int, _Learner], shown: _Shown) -> NDArray[np.float64]:
    """Return mean cross-entropy and accuracy on the validation images: (2, network)."""
    labels = [learner.trainee.partition.validation_labels for learner in learners.values()]
    by_network, count = _in_places(stack.networks, learners, labels), len(labels[0])
    at_once, sums = max(1, EVALUATION_BATCH // stack.networks), np.zeros((2, stack.networks))
    for start in range(0, count, at_once):
        chosen = slice(start, start + at_once)
        sums += np.asarray(stack.scores(shown.validation[chosen], shown.mean, by_network[chosen]))
    return sums / count
