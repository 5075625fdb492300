"""The methods text of a report: headed paragraphs, the config's numbers filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from study.config import Config
from study.config.population import training_images
from study.vocabulary.architecture import architectures
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION

_CLAMPS = {
    "output_zero": "the next layer receives 0",
    "relu_zero": "the response before batch normalisation is 0",
    "mean": "the next layer receives the unit's mean over training images and positions",
    "resample": "the next layer receives what the unit sends on for another test image",
}


def methods(config: Config, study: xr.DataTree, record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return headed paragraphs, the config's numbers filled in; arms and measurements that the study lacks are left out."""
    training = study["training"].to_dataset()
    kinds = set(zip(training["arm"].values.tolist(), training["initialization_set"].values.tolist(), strict=True))
    arms = {arm for arm, _ in kinds}
    return (
        *_recipe(config, study, record["images"]),
        *([_maturation(config)] if MATURATION in arms else []),
        *([_memorization(config, record["images"])] if MEMORIZATION in arms else []),
        *(
            [_replication(config, {arm for arm, number in kinds if number != 1})]
            if any(k != 1 for _, k in kinds)
            else []
        ),
        *_probing(config, study),
        *_interventions(config, study),
        (
            "Inference",
            "The experimental unit is the network. Tests, families, rules and exclusions are those of"
            " preregistration.md; random resampling gives p = (k + 1) / (n + 1). Absence is claimed by an equivalence test against"
            " a registered margin, and by nothing else; a large p-value is never read as absence.",
        ),
    )


def _recipe(config: Config, study: xr.DataTree, images: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how the networks of arm `generalization` are made; the other arms say where they differ."""
    training, augmentations = config.training, config.population.augmentations
    order = config.network.order.replace("_", ", then ").replace("bn", "batch normalisation").replace("relu", "ReLU")
    network = architectures()[config.network.architecture].methods.format(padding=config.network.padding, order=order)
    selection = {
        "validation_accuracy": "with the best validation accuracy",
        "validation_loss": "with the least validation loss",
        "last": "of the last epoch",
    }[training.selection]
    return [
        (
            "Images",
            f"{images['description'].rstrip('.')}. {images['train']:,} images train, {images['validation']:,} choose the"
            f" epoch, {images['test']:,} test; stratified by class, split seed {config.images.split_seed}. Pixels are divided"
            " by 255 and the mean of the training images is subtracted, each pixel by itself.",
        ),
        (
            "Networks",
            f"{network} Hidden units: {study['tuning'].sizes['unit']}. Each of {len(augmentations)} augmentations"
            f" ({', '.join(augmentations)}) is given to {config.population.seeds} networks with"
            " independent initial weights; a shift is drawn uniformly from whole pixels up to 10 % of the image, edges"
            " repeated; a flip is horizontal, with probability one half.",
        ),
        (
            "Training",
            f"Adam, learning rate {training.learning_rate:g}, batches of {training.batch_size}, {training.epochs}"
            f" epochs; the weights {selection} are analysed. Every network is also probed with its initial weights.",
        ),
    ]


def _maturation(config: Config) -> tuple[str, str]:
    own = config.maturation
    return (
        "Maturation",
        f"Further networks: {own.seeds}, trained with shifts and flips for {own.epochs} epochs with learning rate"
        f" {own.learning_rate:g}. They are probed with their initial weights and after every epoch; of each probe the"
        " units' gOSI is kept.",
    )


def _memorization(config: Config, images: Mapping[str, Any]) -> tuple[str, str]:
    own = config.memorization
    rates = ", ".join(f"{rate:g}" for rate in own.label_corruptions)
    return (
        "Memorisation",
        f"Further networks: {own.seeds} for each label corruption rate ({rates}), trained for {own.epochs} epochs"
        f" without augmentation, on {training_images(config, MEMORIZATION, images['train']):,} training images. With that"
        " probability the label of a training or validation image is replaced by a class drawn at random; test labels are"
        " left alone. The weights of the last epoch are analysed, and their training accuracy is that on the labels the"
        " network was trained on.",
    )


def _replication(config: Config, arms: set[str]) -> tuple[str, str]:
    own, rates = config.replication, len(config.memorization.label_corruptions)
    counts = {
        GENERALIZATION: f"{own.seeds} for each augmentation",
        MATURATION: f"{own.maturation_seeds} probed after every epoch",
        MEMORIZATION: f"{own.memorization_seeds} for each of {rates} label corruption rates",
    }
    return (
        "Second set of initialisations",
        f"Networks: {'; '.join(text for arm, text in counts.items() if arm in arms)}. They share the images, the split and"
        " the recipe with the first set; initial weights, batches, augmentations and corrupted labels are drawn anew. Every"
        " test is run in either set by itself; no test pools them.",
    )


def _probing(config: Config, study: xr.DataTree) -> list[tuple[str, str]]:
    n_gratings = int(np.prod([study["responses"].sizes[dim] for dim in ("orientation", "spatial_frequency", "phase")]))
    return [
        (
            "Gratings",
            f"{n_gratings} sinusoidal gratings: 12 orientations, {n_gratings // 48} spatial frequencies, 4 phases"
            f" (contrast: {config.probe.contrast.replace('_', '-')}), grey, preprocessed as the photographs.",
        ),
        (
            "Orientation selectivity",
            f"A unit's response is the spatial {config.probe.readout} of its map after the ReLU. Of the"
            " response tensor the maximum over phases is taken, then the spatial frequency with the largest peak; gOSI is the"
            " length of the vector sum of the twelve responses at doubled angles over their sum. A unit silent to every"
            f" grating has no gOSI. Each unit's own responses are shuffled {config.probe.permutations:,} times for its null.",
        ),
    ]


def _interventions(config: Config, study: xr.DataTree) -> list[tuple[str, str]]:
    """Return what is said of the measurements of arm `generalization` beside tuning, of those that there are."""
    ablation, shift = config.ablation, config.shift_invariance
    clamps = "; ".join(f"{clamp}: {_CLAMPS[clamp]}" for clamp in ablation.clamps)
    seen = f"{shift.test_images:,}" if shift.test_images else "all"
    paragraphs = (
        (
            "activity",
            (
                "Activity of units",
                "Each unit's mean response to training images, its standard deviation over"
                " images and the norm of the weights it reads its input by; and from test images its class selectivity: the"
                " largest class mean minus the mean of the other classes', over their sum.",
            ),
        ),
        (
            "ablation",
            (
                "Ablation",
                "Units of a layer are ranked by gOSI, ties broken at random, silent units set aside; the"
                " top and the bottom floor(n / 2) are clamped in turn and the loss on all test images is measured, also class by"
                f" class. Clamps ({clamps}). Null: {ablation.null_draws} random splits into equal halves, on the same"
                f" {ablation.null_images} test images as the difference they are compared with.",
            ),
        ),
        (
            "ablation",
            (
                "Controls of the ablation",
                "On the same images: halves by class selectivity in place of gOSI; halves"
                " alike in mean activity, in its standard deviation or in weight norm but different in gOSI, made by pairing"
                " neighbours in that quantity and parting each pair by gOSI; and 5 to 95 % of a layer's units clamped, in the"
                " order of rising or of falling gOSI, or in a random order.",
            ),
        ),
        (
            "shift_invariance",
            (
                "Shift invariance",
                "A component is one position of a map, or one dense unit. For each, on the"
                f" test images ({seen}) that drive it above 90 % of its maximum: the coefficient of variation of its activations"
                " over the image and three shifts of it by 10 % of its size (down, to the right, both; edges repeated), averaged"
                " over those images and then over the layer's components. Measured in the intact network and behind the top, the"
                f" bottom and a random half of {', '.join(shift.layers)}, clamped to output_zero; so is how often the predicted"
                " class survives the shift.",
            ),
        ),
    )
    return [paragraph for name, paragraph in paragraphs if name in study.children]
