"""How long it takes to measure an external network on this machine."""

from __future__ import annotations

import time

from study.commands.external.subject import Subject
from study.experiment.measurements.mediation import SPLITS as MEDIATION_SPLITS
from study.experiment.measurements.need.sizes import SEARCH_BATCH, SPLITS, search_steps, searched_images
from study.experiment.subjects import CLAMPS, CONTRAST, n_gratings
from study.networks.graph.reading import pictures_at_once, unit_reader
from study.tuning.gratings import grating_batches, spatial_frequencies
from study.vocabulary.schema import CONTROLS, FRACTIONS, ORDERS, SHIFTS, STEPS, TARGETS, WAYS

SHUFFLE_SECONDS = 8e-6  # of one shuffle of one unit, the time for 9 spatial frequencies; longer for more
SUFFIX_SHARE = 0.5  # cost of a clamped pass from a layer on, against a whole forward pass, mean over layers


def estimated_minutes(subject: Subject) -> float:
    """Return how long the whole would take, in minutes, from the time that a few gratings take here."""
    size, settings, n_layers = subject.network.layout.size, subject.settings, len(subject.layers)
    shuffles = settings.permutations * SHUFFLE_SECONDS * (1 + len(spatial_frequencies(size)) / 9)
    passes = float(n_gratings(size) + subject.n_photographs)
    if settings.null_images:
        sets = 1 + len(TARGETS) * (1 + len(CONTROLS) + settings.null_draws) + len(ORDERS) * len(FRACTIONS)
        clamped = settings.null_images * sets + subject.n_photographs * len(TARGETS) * len(CLAMPS)
        passes += n_layers * (SUFFIX_SHARE * clamped + subject.n_photographs + settings.null_images)
        passes += n_layers * _passes_of_reasons(settings.null_images, subject.n_photographs // 2)
    return (_seconds_of_a_grating(subject) * passes + subject.n_units * shuffles) / 60


def _passes_of_reasons(images: int, others: int) -> float:
    """Return the passes, in whole ones, that a layer takes for mediation and need, on so many images and so many others."""
    restored = (1 + len(SHIFTS)) * images * (1 + SUFFIX_SHARE * (1 + len(TARGETS) + 2 * MEDIATION_SPLITS))
    seen, sets = searched_images(images, others), len(TARGETS) + 2 * SPLITS
    searched = 2 * sets * (search_steps(seen) * min(SEARCH_BATCH, others) + len(STEPS) * seen / 2)
    return restored + 3 * seen + images + SUFFIX_SHARE * (searched + sets * (seen + len(WAYS) * images))


def _seconds_of_a_grating(subject: Subject) -> float:
    network = subject.network
    read = unit_reader(network.model, subject.layers, layout=network.layout, preprocessing=network.preprocessing)
    few = min(4, pictures_at_once(network.model, subject.settings.memory_bytes))
    shown = next(grating_batches(network.layout.size, orientation=0.0, contrast=CONTRAST, at_once=few))
    read.gratings(shown)  # compiles
    started = time.perf_counter()
    read.gratings(shown)
    return (time.perf_counter() - started) / len(shown)
