"""The loss with halves of a layer held at the best constants, and with moments re-estimated behind them.

The constants are best for the loss on training images; the loss that is stored is on test images. Both ways begin with
the same units, images and weights as the ablation at output zero that stands beside them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.experiment.measurements.ablation.blocks import block_means, block_members
from study.experiment.measurements.need.sizes import SEARCH_BATCH, SPLITS, search_steps, searched_images
from study.experiment.moments import normalisations_of, normalised_over
from study.experiment.unit_sets import by_layer, layer_halves, null_halves
from study.images.preparation.split import preprocessed
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.interventions.constants import Batch, HeldNetwork, best_constants
from study.vocabulary.schema import HALVES, TARGETS, WAYS

if TYPE_CHECKING:
    from study.experiment.subjects import TrainedSubject

Arrays = dict[str, NDArray[Any]]
Masks = NDArray[np.bool_]
Shown = Callable[[NDArray[np.int64]], NDArray[np.float32]]

SCORED_AT_ONCE, MOMENTS_AT_ONCE = 250, 256


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures of which some are shown: by index as the network receives them, all labels, and which ones."""

    shown: Shown
    labels: NDArray[np.int64]
    chosen: NDArray[np.int64]


class Computed(Sequence[Batch]):
    """Batches of pictures, of one size, as what a network makes of them: computed when asked for, and kept if there is room.

    `make` maps pictures as the network receives them to what is made of them; pictures that fill no batch are left out,
    unless there is no other batch or `all_of_them` are wanted.
    """

    def __init__(
        self, pictures: Pictures, make: Callable[[Any], Any], at_once: int, *, keep: bool, all_of_them: bool = False
    ) -> None:
        whole = max(1, len(pictures.chosen) // at_once) * at_once
        chosen = pictures.chosen if all_of_them else pictures.chosen[:whole]
        self._indices = [chosen[start : start + at_once] for start in range(0, len(chosen), at_once)]
        self._pictures, self._make, self._keep = pictures, make, keep
        self._kept: dict[int, Any] = {}

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._indices)

    def __getitem__(self, place: Any) -> Any:
        """Return what is made of the pictures of one batch, and their labels."""
        some = self._indices[place]
        made = self._kept[place] if place in self._kept else self._make(self._pictures.shown(some))
        if self._keep:
            self._kept[place] = made
        return made, self._pictures.labels[some]


def arrays_of_study(subject: TrainedSubject, gosi: NDArray[np.float64]) -> Arrays:
    """Return the `need` group's arrays of a network of the study; `gosi` is (unit,) of all layers, NaN for silent units."""
    partition, compiled, sets_of = subject.partition, subject.compiled, sets_of_need(subject, gosi)
    n_train = len(partition.train_labels)
    n_images = searched_images(len(subject.null_images), n_train)
    chosen = subject.streams("need").permutation(n_train)[:n_images]
    training = Pictures(
        lambda some: preprocessed(partition.train_images[some], partition.training_mean),
        partition.train_labels,
        chosen,
    )
    test = Pictures(partition.shown, partition.test_labels, subject.null_images)
    by_name = {layer.name: place for place, layer in enumerate(subject.layers)}
    parts = []
    for layer in subject.mediated:
        held = compiled.once(("held", layer), functools.partial(HeldNetwork.of, compiled.clamped.model, layer))
        parts.append(need_arrays(compiled.clamped, by_name[layer.name], held, sets_of[layer.name], training, test))
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def sets_of_need(subject: TrainedSubject, gosi: NDArray[np.float64]) -> dict[str, Masks]:
    """Return the top, the bottom, and both halves of the first random split of each layer: masks (set, unit) by its name.

    The split is the first of ablation's null where the layer is ablated; `gosi` is that of `arrays_of_study`.
    """
    names, gosi_of = subject.ablation.layers, by_layer(gosi, subject.layers)
    halves = layer_halves(gosi, subject.layers, rng=subject.streams("ties"))
    drawn = null_halves(gosi_of, names, subject.ablation.null_draws, rng=subject.streams("ablation"))
    others = [layer.name for layer in subject.mediated if layer.name not in names]
    drawn |= null_halves(gosi_of, others, SPLITS, rng=subject.streams("need halves"))
    return {layer.name: np.concatenate([halves[layer.name], drawn[layer.name][0]]) for layer in subject.mediated}


def need_arrays(
    network: ClampedNetwork, place: int, held: HeldNetwork, sets: Masks, training: Pictures, test: Pictures
) -> Arrays:
    """Return the arrays of one layer, without its dimension, named as in `study.vocabulary.schema`.

    Parameters
    ----------
    network, place
        With the analysed weights, and the index of the layer in it.
    held
        The network behind that layer.
    sets
        (set, unit): the top, the bottom, and both halves of a random split.
    training
        What constants and moments are from; the whole batches of them.
    test
        What the losses are on.
    """
    keep = held.image_bytes * (1 + len(sets)) * (len(training.chosen) + len(test.chosen)) <= held.budget_bytes // 3

    def activations(images: NDArray[np.float32]) -> Any:
        return network.outputs(images)[place]

    at_once = min(SEARCH_BATCH, network.images_at_once)
    seen = Computed(training, activations, at_once, keep=keep)
    scored = Computed(test, activations, min(SCORED_AT_ONCE, network.images_at_once), keep=keep, all_of_them=True)
    prepared = Computed(training, lambda images: held.prepared(activations(images), sets), at_once, keep=keep)
    mean, sd = _output_moments(held, seen)
    constants, sought = best_constants(held, prepared, sets, mean, sd, steps=search_steps(len(training.chosen)))
    scores = np.full((len(WAYS), len(sets), len(test.chosen)), np.nan)
    for row, mask in enumerate(sets):
        clamps = [np.zeros(held.layer.n_units, np.float32), constants[row].astype(np.float32)]
        scores[:2, row] = _losses(network, place, mask, clamps, scored)
        if normalisations_of(held.suffix):
            with normalised_over(held.suffix, _held_batches(held, seen, mask)):
                scores[2, row] = _losses(network, place, mask, clamps[:1], scored)[0]
    by_block = block_means(scores @ block_members(len(test.chosen)), len(test.chosen))
    loss, n = scores.mean(axis=-1), len(TARGETS)
    return {
        "loss": loss[:, :n],
        "loss_by_block": by_block[:, :n],
        "random_loss": loss[:, n:].reshape(len(loss), -1, len(HALVES)),
        "random_loss_by_block": by_block[:, n:].mean(axis=1),
        "training_loss": sought[:n],
        "random_training_loss": sought[n:].reshape(-1, len(HALVES), sought.shape[-1]),
    }


def _losses(
    network: ClampedNetwork, place: int, mask: NDArray[np.bool_], clamps: Sequence[Any], scored: Sequence[Batch]
) -> NDArray[np.float64]:
    """Return the cross-entropy of every picture with the masked units at each clamp: (clamp, picture)."""
    parts = [network.clamped_scores(place, activations, mask, clamps, labels)[0] for activations, labels in scored]
    return np.concatenate(parts, axis=-1)


def _held_batches(held: HeldNetwork, seen: Sequence[Batch], mask: NDArray[np.bool_]) -> Iterator[Any]:
    """Yield the layer's activations with the masked units at 0, several batches together: moments need many pictures."""
    together = max(1, min(MOMENTS_AT_ONCE, held.budget_bytes // (6 * max(1, held.image_bytes))) // len(seen[0][1]))
    for start in range(0, len(seen), together):
        several = [held.held(seen[place][0], mask) for place in range(start, min(start + together, len(seen)))]
        beside = isinstance(several[0], list)
        yield [ops.concatenate(parts) for parts in zip(*several, strict=True)] if beside else ops.concatenate(several)


def _output_moments(held: HeldNetwork, seen: Sequence[Batch]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation over pictures and positions of what each unit sends on, (unit,) both."""
    means, squares = [], []
    for activations, _ in seen:
        output = activations[0] if isinstance(activations, (list, tuple)) else activations
        rank = len(output.shape)
        axes = [axis for axis in range(rank) if axis != held.layer.channel_axis % rank]
        values = ops.cast(output, "float32")
        means.append(np.asarray(ops.mean(values, axis=axes), np.float64))
        squares.append(np.asarray(ops.mean(values * values, axis=axes), np.float64))
    mean = np.mean(means, axis=0)
    return mean, np.sqrt(np.maximum(np.mean(squares, axis=0) - mean**2, 0.0))
