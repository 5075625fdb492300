"""The methods text of a report: headed paragraphs, the config's numbers filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from study.config import Config
from study.config.population import training_images, training_of
from study.experiment.measurements.tuning import permutations_in
from study.vocabulary.architecture import architectures
from study.vocabulary.measurement import measurements
from study.vocabulary.rearing import MEANINGS, NO_LAYERS, PENALTIES, PENALTY_PHASES
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, NORMALISED, REARING


def methods(config: Config, study: xr.DataTree, record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return headed paragraphs, the config's numbers filled in; arms and measurements that the study lacks are left out."""
    training = study["training"].to_dataset()
    kinds = set(zip(training["arm"].values.tolist(), training["initialization_set"].values.tolist(), strict=True))
    arms = {arm for arm, _ in kinds}
    return (
        *_networks(config, study, record["images"]),
        *(
            paragraph
            for name, measurement in measurements().items()
            if name in study.children
            for paragraph in measurement.methods(config, study)
        ),
        *([_memorization(config, record["images"])] if MEMORIZATION in arms else []),
        *([_rearing(config)] if REARING in arms else []),
        *(
            [_replication(config, {arm for arm, number in kinds if number != 1})]
            if any(k != 1 for _, k in kinds)
            else []
        ),
        (
            "Inference",
            "The experimental unit is the network. Tests, families, bounds and exclusions are those of preregistration.md; each"
            " hypothesis says in its section how it is tested. Each finding (supported, opposite, ruled out, effect present) is a"
            " one-sided test at its bound, adjusted by Holm's method over the layers of the family. Tests of means take the larger"
            " p of sign flips and a bootstrap-t, or sign flips alone where the registration says why the sides are exchangeable;"
            " rank correlations are permuted within strata and studentised; random resampling gives p = (k + 1) / (n + 1). Where"
            " more than one network in twenty is missing from a layer, each finding must also hold with the most adverse value in"
            " place of each missing one. An arm whose networks did not learn what is registered carries no verdict. Absence is"
            " claimed by an equivalence test against a registered margin, and by nothing else; a large p-value is never read as"
            " absence.",
        ),
    )


def _networks(config: Config, study: xr.DataTree, images: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how the networks of arm `generalization` are made; the other arms say where they differ."""
    augmentations = config.population.augmentations
    order = config.network.order.replace("_", ", then ").replace("bn", "batch normalisation").replace("relu", "ReLU")
    network = architectures()[config.network.architecture].methods.format(padding=config.network.padding, order=order)
    return [
        (
            "Images",
            f"{images['description'].rstrip('.')}.{_remarks(images)}"
            f" {images['train']:,} images train, {images['validation']:,} choose the"
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
    ]


def _remarks(images: Mapping[str, Any]) -> str:
    """Return what was left out of the images or changed as they were read, in sentences, each after a space."""
    return "".join(f" {line[:1].upper()}{line[1:]}." for line in images.get("remarks", ()))


def _memorization(config: Config, images: Mapping[str, Any]) -> tuple[str, str]:
    arm = config.memorization
    rates = ", ".join(f"{rate:g}" for rate in arm.label_corruptions)
    return (
        "Memorisation",
        f"Further networks: {arm.seeds} for each label corruption rate ({rates}), trained for {arm.epochs} epochs"
        f" without augmentation, on {training_images(config, MEMORIZATION, images['train']):,} training images. With that"
        " probability the label of a training or validation image is replaced by a class drawn at random; test labels are"
        " left alone. Networks that share a seed begin, at every rate, with the same weights, see the images in the same"
        " order, and have the labels that are replaced at a lower rate replaced at a higher one by the same classes. The"
        " weights of the last epoch are analysed, and their training accuracy is that on the labels the"
        " network was trained on.",
    )


def _rearing(config: Config) -> tuple[str, str]:
    arm = config.rearing
    kinds = "; ".join(
        f"{condition.replace('_', ' ')}{'' if span == NO_LAYERS else f' in {span}'} ({MEANINGS[condition]})"
        for condition, span in config.reared
    )
    penalty = _penalty(arm.strength) if set(PENALTIES) & set(arm.conditions) else ""
    return (
        "Rearing",
        f"Further networks: {arm.seeds} for each condition of learning: {kinds}. They are trained for"
        f" {training_of(config, REARING).epochs} epochs with augmentation {arm.augmentation}. Networks that share a seed see the"
        " same images, augmented alike, in the same order, and begin with the same weights but where kernels are confined."
        " There a kernel is a weighted sum of three fixed patterns of its nine taps, orthonormal, whose weights are learnt: the"
        " initial weights are the projection of the free network's kernel onto the patterns, times the square root of 3, which"
        " keeps the variance. Taps are parted, and bases drawn, for each network and layer; partitions that half a turn maps to"
        f" themselves are left out.{penalty} Units are shuffled"
        f" {permutations_in(NORMALISED, REARING, config):,} times each.",
    )


def _penalty(strength: float) -> str:
    """Return how gOSI is penalised, in sentences after a space."""
    return (
        f" Penalties weigh {strength:g} nat a unit of gOSI, the mean over the layers of their units' mean, at every step, with"
        " the weights and the inference moments of that step: a unit is read as the probe reads it, a silent one counts as 0,"
        f" and the gratings have every orientation, {PENALTY_PHASES} phases 90 degrees apart and one of the probe's spatial"
        " frequencies, drawn anew each step. Their shams take orientation k for 5 k mod 12, which leaves a unit that is tuned"
        " as a cosine of twice the angle no gOSI to penalise. Confined kernels ask whether learning can do without"
        " orientation; penalties ask whether it can do without selective units, for a layer may tell orientation by units"
        " together (see how well it is decoded)."
    )


def _replication(config: Config, arms: set[str]) -> tuple[str, str]:
    repeated, rates = config.replication, len(config.memorization.label_corruptions)
    counts = {
        GENERALIZATION: f"{repeated.seeds} for each augmentation",
        MATURATION: f"{repeated.maturation_seeds} probed after every epoch",
        MEMORIZATION: f"{repeated.memorization_seeds} for each of {rates} label corruption rates",
    }
    return (
        "Second set of initialisations",
        f"Networks: {'; '.join(text for arm, text in counts.items() if arm in arms)}. They share the images, the split and"
        " the recipe with the first set; initial weights, batches, augmentations and corrupted labels are drawn anew. Every"
        " test is run in either set by itself; no test pools them.",
    )
