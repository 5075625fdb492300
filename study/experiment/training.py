"""Training one network (section A.1 of the paper): Adam, small batches, the weights with the best validation score."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from study.config import TrainingConfig
from study.images.preparation.augmentation import augmented
from study.images.preparation.split import Partition, preprocessed
from study.networks.rearing.kernels import BASIS, COEFFICIENTS, PatternedConv2D
from study.networks.rearing.patterns import TAPS, coefficients
from study.vocabulary.errors import refuse_unless
from study.vocabulary.seeding import seed_sequence, stream

EVALUATION_BATCH = 500
IMAGES_AT_ONCE = 512  # training images handed to TensorFlow in one call

_CONSTANT = {"bias": 0.0, "beta": 0.0, "gamma": 1.0, "moving_mean": 0.0, "moving_variance": 1.0}  # initial values

Weights = list[NDArray[np.float32]]
Observation = Mapping[str, NDArray[Any]]
Scores = Callable[..., tuple[float, int]]  # of images and labels


class Beside(Protocol):
    """What a network is shown beside its images."""

    def __call__(self, count: int, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
        """Return the arrays of a number of batches, one entry a batch."""


class DivergedError(Exception):
    """A network whose loss stopped being a number; the message says when."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What training leaves: the curves, all (epoch,), and the weights to analyse.

    Losses are mean cross-entropies in nats. The training curves average over the (augmented) batches of the epoch while
    the weights move; the validation curves are taken after it. Both are NaN in epochs that `training.patience` left out.
    `analysed_epoch` counts from 1. `observations` holds what
    was observed, arrays by name, before training and after every epoch. `resumed_epoch` is the epoch whose checkpoint
    training went on from, 0 without one; nothing else depends on it.
    """

    train_loss: NDArray[np.float64]
    train_accuracy: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_accuracy: NDArray[np.float64]
    analysed_epoch: int
    weights: Weights
    observations: tuple[Observation, ...] = ()
    resumed_epoch: int = 0

    @property
    def epochs(self) -> int:
        """Return how many epochs it was trained."""
        return int(np.isfinite(self.validation_loss).sum())


@dataclass(frozen=True)
class TrainingState:
    """Where training stands after an epoch: all that decides how it goes on and what it will have found.

    The random streams are named by epoch, so nothing of them belongs to it. `curves` is (4, all epochs), NaN in those to
    come; `best` are the weights to analyse if no later epoch beats `best_score`; `optimizer` holds moments, step count
    and learning rate; `observations` are those made so far.
    """

    epoch: int
    curves: NDArray[np.float64]
    best_epoch: int
    best_score: float
    best: Weights
    weights: Weights
    optimizer: list[NDArray[Any]]
    observations: list[Observation]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays by name."""
        single = {name: np.asarray(getattr(self, name)) for name in ("epoch", "curves", "best_epoch", "best_score")}
        lists = {
            f"{name}/{index}": array
            for name in ("best", "weights", "optimizer")
            for index, array in enumerate(getattr(self, name))
        }
        observed = {
            f"observations/{index}/{name}": array
            for index, arrays in enumerate(self.observations)
            for name, array in arrays.items()
        }
        return single | lists | observed

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> TrainingState:
        """Return the state that gave these arrays."""

        def listed(name: str) -> list[NDArray[Any]]:
            return [arrays[f"{name}/{index}"] for index in range(sum(key.startswith(f"{name}/") for key in arrays))]

        observed: list[Observation] = []
        for key in sorted(
            (key for key in arrays if key.startswith("observations/")), key=lambda key: int(key.split("/")[1])
        ):
            _, index, name = key.split("/", 2)
            if int(index) == len(observed):
                observed.append({})
            observed[-1] = {**observed[-1], name: arrays[key]}
        return cls(
            int(arrays["epoch"]),
            arrays["curves"],
            int(arrays["best_epoch"]),
            float(arrays["best_score"]),
            listed("best"),
            listed("weights"),
            listed("optimizer"),
            observed,
        )


class CheckpointStore(Protocol):
    """Keeps what it was last given, beyond the life of the process."""

    def load(self) -> Mapping[str, NDArray[Any]] | None:
        """Return the arrays saved last, or None where there are none to rely on."""

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep these arrays in place of the former."""


@dataclass(frozen=True)
class Checkpoints:
    """How training outlives its process: its state is saved every so many epochs, and after the last.

    `optimizer` are the optimiser's variables; they start from what `store` holds, as the weights do.
    """

    every: int
    optimizer: Sequence[keras.Variable]
    store: CheckpointStore

    def moments(self) -> list[NDArray[Any]]:
        """Return the present values of the optimiser's variables."""
        return [np.asarray(variable.numpy()) for variable in self.optimizer]

    def save(self, state: TrainingState) -> None:
        """Keep a state in place of the former."""
        self.store.save(state.arrays())


def initialize(
    model: keras.Model, *, root_seed: int, network: str, bases: Mapping[str, NDArray[np.float64]] = MappingProxyType({})
) -> None:
    """Give every weight its initial value: Glorot-uniform kernels, zero biases, identity normalisation.

    Each kernel has a stream of its own, so that a change in one layer leaves the others' initial weights alone. A unit of
    a depthwise convolution reads one channel, so its fans are those of one channel. A kernel that is made of patterns
    begins as the part of the same kernel that lies in them, with as much variance.

    Parameters
    ----------
    model
        The network.
    root_seed, network
        Name the random streams.
    bases
        By layer the patterns, (9, tap), of kernels that are made of them; single taps where nothing is said.

    Raises
    ------
    StudyError
        When a layer has a variable that none of these is, or two of one name, as a model inside the model may.
    """
    for layer in model.layers:
        names = [variable.name for variable in layer.weights]
        patterned = isinstance(layer, PatternedConv2D)
        known = (*_CONSTANT, *((COEFFICIENTS, BASIS) if patterned else ("kernel",)))
        unknown = [name for name in names if name not in known or names.count(name) > 1]
        refuse_unless(
            not unknown,
            f"layer {layer.name} ({type(layer).__name__}): no initial value is known for its variable"
            f" {', '.join(dict.fromkeys(unknown))}; one variable each of kernel, {', '.join(_CONSTANT)} is: build the network"
            " of layers that have no other, or teach study.experiment.training.initialize",
        )
        patterns = bases.get(layer.name, np.eye(TAPS))
        for variable in layer.weights:
            if variable.name in ("kernel", COEFFICIENTS):
                seed = seed_sequence(root_seed, network, f"initialization/{layer.name}").generate_state(1)[0]
                values = _kernel_initializer(layer, int(seed))(layer.kernel.shape)
                values = coefficients(np.asarray(values), patterns) if patterned else values
            else:
                values = patterns if variable.name == BASIS else np.full(variable.shape, _CONSTANT[variable.name])
            variable.assign(values)


def _kernel_initializer(layer: keras.layers.Layer, seed: int) -> keras.initializers.Initializer:
    """Return Glorot and Bengio's uniform distribution; Keras would count all channels as read by a depthwise kernel."""
    if not isinstance(layer, keras.layers.DepthwiseConv2D):
        return keras.initializers.GlorotUniform(seed=seed)
    positions = math.prod(layer.kernel_size)
    limit = math.sqrt(6 / (positions + positions * layer.depth_multiplier))
    return keras.initializers.RandomUniform(-limit, limit, seed=seed)


def evaluate(
    scores: Scores, images: NDArray[np.uint8], labels: NDArray[np.int64], training_mean: NDArray[np.float32]
) -> tuple[float, float]:
    """Return (mean cross-entropy in nats, accuracy) over all images, in inference mode.

    Parameters
    ----------
    scores
        From `study.networks.backend.compiled_scores`.
    images, labels
        (n, height, width, channel) and (n,).
    training_mean
        (height, width, channel), in [0, 1].
    """
    loss, correct = 0.0, 0
    for start in range(0, len(images), EVALUATION_BATCH):
        batch = slice(start, start + EVALUATION_BATCH)
        batch_loss, batch_correct = scores(preprocessed(images[batch], training_mean), labels[batch])
        loss, correct = loss + float(batch_loss), correct + int(batch_correct)
    return loss / len(images), correct / len(images)


def train_network(
    model: keras.Model,
    train: Scores,
    scores: Scores,
    partition: Partition,
    config: TrainingConfig,
    *,
    augmentation: str,
    root_seed: int,
    network: str,
    beside: Beside | None = None,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, loss, accuracy: None,
    on_images: Callable[[int, float, float, float], None] = lambda epoch, share, loss, accuracy: None,
    observe: Callable[[], Observation] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedNetwork:
    """Train `model` from the weights it has, or from a checkpoint, and leave it with the weights to analyse.

    Parameters
    ----------
    model, train, scores
        The network, and its compiled training and inference scores, from `study.networks.backend`.
    partition, config
        Images and the training mean; epochs, batch size, patience and what selects the analysed epoch (the first best, if tied).
    augmentation, root_seed, network, beside
        One of `study.config.AUGMENTATIONS`; names of the random streams; gives what `train` takes beside images and labels.
    on_epoch, on_images
        Called after each epoch with its number from 1 and validation scores; within it with scores of the share shown so far.
    observe, checkpoints
        Called before training and after each epoch, while `model` has the weights of that moment; gives arrays by name.
        Where to go on from and what to leave behind, if anything; makes no difference to what is returned.

    Raises
    ------
    DivergedError
        When a loss or a weight is not finite.
    """
    state = (_restored(model, checkpoints) if checkpoints else None) or _begun(model, config, observe)
    curves, best, best_score, best_epoch = state.curves, state.best, state.best_score, state.best_epoch
    observations = state.observations
    for epoch in range(state.epoch, config.epochs):
        if is_over(config, epoch, best_epoch):
            break
        name, told = f"{network}/{epoch}", functools.partial(on_images, epoch + 1)
        trained = _train_epoch(train, partition, config.batch_size, augmentation, root_seed, name, told, beside)
        validation = evaluate(scores, partition.validation_images, partition.validation_labels, partition.training_mean)
        curves[:, epoch] = *trained, *validation
        refuse_diverged(model.get_weights(), curves[:, epoch], epoch + 1)
        observations += [observe()] if observe else []
        if (score := selection_score(config.selection, epoch, *validation)) > best_score:
            best, best_score, best_epoch = model.get_weights(), score, epoch + 1
        if checkpoints and (is_over(config, epoch + 1, best_epoch) or (epoch + 1) % checkpoints.every == 0):
            present = model.get_weights(), checkpoints.moments()
            checkpoints.save(TrainingState(epoch + 1, curves, best_epoch, best_score, best, *present, observations))
        on_epoch(epoch + 1, *validation)
    model.set_weights(best)
    return TrainedNetwork(
        curves[0], curves[1], curves[2], curves[3], best_epoch, best, tuple(observations), state.epoch
    )


def _begun(model: keras.Model, config: TrainingConfig, observe: Callable[[], Observation] | None) -> TrainingState:
    """Return the state before the first epoch, of which nothing was saved."""
    curves, observations = np.full((4, config.epochs), np.nan), [observe()] if observe else []
    return TrainingState(0, curves, 0, -np.inf, model.get_weights(), [], [], observations)


def is_over(config: TrainingConfig, done: int, best_epoch: int) -> bool:
    """Return whether no epoch follows those that are done: they are all, or too many since the best."""
    return done == config.epochs or 0 < config.patience <= done - best_epoch


def refuse_diverged(weights: Weights, scores: NDArray[np.float64], epoch: int) -> None:
    """Raise `DivergedError` where one of an epoch's scores or of the weights that it left is not finite.

    The loss alone does not tell: a compiled ReLU turns NaN into 0, and a broken unit would pass for a silent one.
    """
    if not (np.isfinite(scores).all() and all(np.isfinite(values).all() for values in weights)):
        raise DivergedError(f"the loss or a weight is not a number in epoch {epoch}")


def _restored(model: keras.Model, checkpoints: Checkpoints) -> TrainingState | None:
    """Return the state that the checkpoint holds, with `model` and the optimiser in it; None leaves both alone."""
    arrays = checkpoints.store.load()
    if arrays is None:
        return None
    state = TrainingState.of(arrays)
    model.set_weights(state.weights)
    for variable, value in zip(checkpoints.optimizer, state.optimizer, strict=True):
        variable.assign(value)
    return state


def selection_score(selection: str, epoch: int, validation_loss: float, validation_accuracy: float) -> float:
    """Return what the analysed epoch has most of, by `training.selection`; `epoch` counts from 0."""
    return {"validation_accuracy": validation_accuracy, "validation_loss": -validation_loss, "last": float(epoch)}[
        selection
    ]


def _train_epoch(
    train: Scores,
    partition: Partition,
    batch_size: int,
    augmentation: str,
    root_seed: int,
    name: str,
    told: Callable[[float, float, float], None],
    beside: Beside | None,
) -> tuple[float, float]:
    """Return (mean loss, accuracy) over the epoch's batches."""
    loss, correct, seen = 0.0, 0, 0
    rng, gratings_rng = stream(root_seed, name, "augmentation"), stream(root_seed, name, "gratings")
    for chosen in batches(len(partition.train_labels), batch_size, stream(root_seed, name, "order")):
        images = augmented(partition.train_images[chosen.ravel()], augmentation=augmentation, rng=rng)
        inputs = preprocessed(images, partition.training_mean).reshape(*chosen.shape, *images.shape[1:])
        others = beside(len(chosen), gratings_rng) if beside else ()
        more_loss, more_correct = train(inputs, partition.train_labels[chosen], *others)
        loss, correct, seen = loss + float(more_loss), correct + int(more_correct), seen + chosen.size
        told(seen / len(partition.train_labels), loss / seen, correct / seen)
    return loss / seen, correct / seen


def batches(n_images: int, batch_size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of a shuffled epoch, (batch, image), several batches at a time; the last batch may be smaller.

    A last batch of one image is left out: it has no variance to normalise by.
    """
    order = rng.permutation(n_images)
    whole, rest = divmod(n_images, batch_size)
    batches = order[: whole * batch_size].reshape(whole, batch_size)
    at_once = max(1, IMAGES_AT_ONCE // batch_size)
    for start in range(0, whole, at_once):
        yield batches[start : start + at_once]
    if rest > 1:
        yield order[None, whole * batch_size :]
