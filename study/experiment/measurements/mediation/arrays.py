"""The loss with halves of a layer ablated, and what the first dense layer then receives replaced.

Images are taken in a random order, so that the one before an image in its batch, whose deviations from its mean over
shifts are the control's, is a random other one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.ablation.blocks import block_means, block_members
from study.experiment.measurements.shift_invariance.arrays import shifted
from study.experiment.photographs import scoring_half
from study.experiment.unit_sets import by_layer, layer_halves, null_halves
from study.images.preparation.split import preprocessed
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.interventions.restored import RestoredNetwork
from study.vocabulary.schema import RECEIVED, SHIFTS, TARGETS

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject, TrainedSubject

Arrays = dict[str, NDArray[Any]]
Masks = NDArray[np.bool_]

BATCH = 32  # images that are computed together, four views of each; two at least, or there is no other image
VIEWS = 1 + len(SHIFTS)


def arrays_of_study(subject: TrainedSubject, gosi: NDArray[np.float64], *, splits: int) -> Arrays:
    """Return the `mediation` group's arrays of a network of the study; see `mediation_arrays`.

    `gosi` is (unit,) of all layers in order, NaN for silent units; `splits` the number of random splits, the first ones of
    ablation's null. A layer that is not ablated there has splits of its own.
    """
    layers, partition = subject.mediated, subject.partition
    network = subject.compiled.once(
        ("restored", layers), lambda: RestoredNetwork.of(subject.compiled.model, layers, n_views=VIEWS)
    )
    halves = layer_halves(gosi, subject.layers, rng=subject.streams("ties"))
    gosi_of, names = by_layer(gosi, subject.layers), subject.ablation.layers
    drawn = null_halves(gosi_of, names, subject.ablation.null_draws, rng=subject.streams("ablation"))
    others = [layer.name for layer in layers if layer.name not in names]
    drawn |= null_halves(gosi_of, others, splits, rng=subject.streams("mediation halves"))
    images = subject.null_images
    return mediation_arrays(
        network,
        lambda chosen: preprocessed(shifted(partition.test_images[chosen]), partition.training_mean),
        partition.test_labels,
        images,
        [np.stack(halves[layer.name]) for layer in layers],
        [drawn[layer.name][:splits] for layer in layers],
        rng=subject.streams("mediation"),
    )


def arrays_of_external(subject: ExternalSubject, gosi: NDArray[np.float64], *, splits: int) -> Arrays:
    """Return the same of an external network, layer by layer, each kept when it is done.

    The photographs are those that its random halves are scored on.
    """
    labels, settings = subject.photographs.test_labels, subject.settings
    scoring = np.flatnonzero(scoring_half(labels))
    chosen = np.sort(subject.streams("null images").permutation(scoring)[: settings.null_images])
    gosi_of, parts = by_layer(gosi, subject.layers), []
    with subject.watch("layers whose ablation is restored", len(subject.layers)) as more:
        for layer in subject.layers:
            measure = functools.partial(_of_layer, subject, layer, gosi_of[layer.name], chosen, splits)
            parts.append(subject.kept_with_photographs(f"mediation-{layer.name}", measure))
            more(1)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "intact_loss"}
    return {"intact_loss": parts[0]["intact_loss"], **joined}


def _of_layer(
    subject: ExternalSubject, layer: HiddenLayer, gosi: NDArray[np.float64], images: NDArray[np.int64], splits: int
) -> Arrays:
    """Return the arrays of one layer of an external network."""
    halves = layer_halves(gosi, (layer,), rng=subject.streams(f"ties/{layer.name}"))
    drawn = null_halves(
        {layer.name: gosi}, (layer.name,), subject.ablation.null_draws, rng=subject.streams(f"ablation/{layer.name}")
    )
    network = RestoredNetwork.of(
        subject.network.model, (layer,), n_views=VIEWS, budget_bytes=subject.settings.memory_bytes
    )
    return mediation_arrays(
        network,
        subject.photographs.shifted,
        subject.photographs.test_labels,
        images,
        [np.stack(halves[layer.name])],
        [drawn[layer.name][:splits]],
        rng=subject.streams("mediation"),
    )


def mediation_arrays(
    network: RestoredNetwork,
    views: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    labels: NDArray[np.int64],
    images: NDArray[np.int64],
    halves: list[Masks],
    random: list[Masks],
    *,
    rng: np.random.Generator,
) -> Arrays:
    """Return the `mediation` group's arrays of one network, named as in `study.vocabulary.schema`.

    Parameters
    ----------
    network
        With the analysed weights.
    views
        Indices of images to those images and their shifts, as the network receives them: (view, image, ...).
    labels
        (image,) of all images.
    images
        Indices of those that are shown.
    halves, random
        Of each layer the top and the bottom half, (target, unit), and random halves, (draw, half, unit).
    rng
        Puts the images in order, and so draws each image's other one.

    Returns
    -------
    dict
        NaN with the deviations of another image where there is no other.
    """
    sets = [_sets(top_and_bottom, drawn) for top_and_bottom, drawn in zip(halves, random, strict=True)]
    losses = np.empty((len(sets), len(sets[0]), len(RECEIVED), len(images)))
    for places in np.array_split(rng.permutation(len(images)), max(1, len(images) // network.images_at_once(BATCH))):
        shown = views(images[places])
        outputs = network.outputs(shown.reshape(-1, *shown.shape[2:]))
        for row, masks in enumerate(sets):
            losses[row][..., places] = network.losses_under(row, outputs[row], masks, labels[images[places]])
    if len(images) < 2:
        losses[:, :, RECEIVED.index("exchanged")] = np.nan
    by_block = block_means(losses @ block_members(len(images)), len(images))
    means, first = losses.mean(axis=-1), 1 + len(TARGETS)
    reaching = network.reaching.index(True) if any(network.reaching) else 0
    return {
        "intact_loss": means[reaching, 0],
        "loss": means[:, 1:first],
        "loss_by_block": by_block[:, 1:first],
        "random_loss": means[:, first:].reshape(len(sets), *random[0].shape[:2], len(RECEIVED)),
        "random_loss_by_block": by_block[:, first:].mean(axis=1),
    }


def _sets(halves: Masks, random: Masks) -> Masks:
    """Return the sets of units of a layer, (set, unit): none, the top and the bottom half, the random halves."""
    return np.concatenate([np.zeros_like(halves[:1]), halves, random.reshape(-1, random.shape[-1])])
