"""What the page on one network says: summary, methods and provenance in sentences; and how long a probe takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from study.analysis.core.results import QuestionResult
from study.analysis.external.network import layer_table
from study.analysis.external.tables import spread_layers
from study.analysis.questions.existence import tuning_of
from study.experiment.external_network import CLAMPS, CONTRAST, Asked, n_gratings
from study.images.labelled.folder import LabelledFolder
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.reading import pictures_at_once, unit_reader
from study.networks.pretrained.loading import LoadedModel
from study.report.content import Stimuli
from study.report.external import ProbePage
from study.tuning import SELECTIVE
from study.tuning.gratings import ORIENTATIONS, PHASES, grating_batches, spatial_frequencies
from study.vocabulary.schema import CONTROLS, FRACTIONS, ORDERS, TARGETS

SHOWN_FREQUENCIES, SHOWN_PIXELS = 9, 64  # of the gratings on the page: rows, and the width of each in pixels
SHUFFLE_SECONDS = 8e-6  # of one shuffle of one unit, the time for 9 spatial frequencies; longer for more
SUFFIX_SHARE = 0.5  # cost of a clamped pass from a layer on, against a whole forward pass, mean over layers


def probe_settings(network: LoadedModel, layers: Sequence[HiddenLayer], asked: Asked) -> dict[str, Any]:
    """Return what decides the tuning that is measured, as the folder's record holds it."""
    return {
        "model": network.name,
        "weights_digest": network.weights_digest,
        "preprocessing": network.preprocessing,
        "input_size": network.layout.size,
        "layers": [layer.name for layer in layers],
        "permutations": asked.permutations,
        "seed": asked.seed,
    }


def compaction_attributes(
    network: LoadedModel, files: LabelledFolder | None, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every group of the compacted store says of itself."""
    git = record["git"] or {"commit": "unknown", "dirty": False}
    photographs = (
        {}
        if files is None
        else {
            "image_fingerprint": files.fingerprint,
            "class_names": [files.class_names[i] for i in np.unique(files.labels)],
        }
    )
    return {
        "model": network.name,
        "source": network.source,
        "weights": network.weights,
        "weights_digest": network.weights_digest,
        "preprocessing": network.preprocessing,
        **photographs,
        "packages": record["environment"]["packages"],
        "git_commit": git["commit"],
        "git_dirty": bool(git["dirty"]),
    }


def estimated_minutes(network: LoadedModel, layers: tuple[HiddenLayer, ...], asked: Asked, n_photographs: int) -> float:
    """Return how long the whole would take on this machine, in minutes, from the time that a few gratings take here."""
    size = network.layout.size
    read = unit_reader(network.model, layers, layout=network.layout, preprocessing=network.preprocessing)
    few = min(4, pictures_at_once(network.model, asked.memory_bytes))
    shown = next(grating_batches(size, orientation=0.0, contrast=CONTRAST, at_once=few))
    read.gratings(shown)  # compiles
    started = time.perf_counter()
    read.gratings(shown)
    each = (time.perf_counter() - started) / len(shown)
    units = sum(layer.n_units for layer in layers)
    shuffles = units * asked.permutations * SHUFFLE_SECONDS * (1 + len(spatial_frequencies(size)) / 9)
    passes = float(n_gratings(size) + n_photographs)
    if asked.null_images:
        sets = 1 + len(TARGETS) * (1 + len(CONTROLS) + asked.null_draws) + len(ORDERS) * len(FRACTIONS)
        silenced = asked.null_images * sets + n_photographs * len(TARGETS) * len(CLAMPS)
        passes += len(layers) * (SUFFIX_SHARE * silenced + n_photographs + asked.null_images)
    return (each * passes + shuffles) / 60


def probe_page(
    name: str,
    study: xr.DataTree,
    questions: tuple[QuestionResult, ...],
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    files: LabelledFolder | None,
    record: Mapping[str, Any],
    journal: Sequence[Mapping[str, Any]],
    memory: str,
) -> ProbePage:
    """Return everything the page shows.

    Parameters
    ----------
    name
        Of the folder and the report.
    study, questions
        What was measured, and what is said of it.
    network, layers, asked, files
        As `study.experiment.external_network.measured_network` takes them.
    record, journal
        What was stored when the probe began; timings.
    memory
        What activations may take, as it was given.
    """
    stimuli, words = _stimuli(network.layout.size)
    settings = {
        **{key: _text(value) for key, value in probe_settings(network, layers, asked).items()},
        "null_draws": str(asked.null_draws),
        "null_images": str(asked.null_images),
        "memory": memory,
    }
    return ProbePage(
        title=f"What the units of {network.name} prefer",
        name=name,
        generated=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        summary=_summary(study, network, layers, files),
        remarks=_remarks(network),
        questions=questions,
        layers=layer_table(study),
        stimuli=stimuli,
        stimuli_words=words,
        methods=_methods(network, layers, asked, files),
        settings=tuple(settings.items()),
        provenance=_provenance(study, network, files, record, journal),
    )


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _summary(
    study: xr.DataTree, network: LoadedModel, layers: tuple[HiddenLayer, ...], files: LabelledFolder | None
) -> tuple[str, ...]:
    tuning = tuning_of(study, "analysed").isel(network=0)
    responding = tuning.isel(unit=np.flatnonzero(~tuning["silent"].values))
    gosi, shuffled = responding["gosi"].values, responding["gosi_null_selective"].values
    found = (
        f"Of the {len(gosi):,} that answer at all, {np.mean(gosi > SELECTIVE):.0%} answer strongly to one orientation and"
        f" little to others (gOSI above 0.33); {np.mean(shuffled):.0%} would if each unit's answers were shuffled."
        if len(gosi)
        else "None of them answers to any."
    )
    photographs = "" if files is None else f" It was also shown {files.description}."
    return (
        f"The network is {network.source}, with {network.weights}. Its {tuning.sizes['unit']:,} units in {len(layers)} hidden"
        f" layers were measured with {n_gratings(network.layout.size):,} striped patterns. {found}{photographs}",
    )


def _remarks(network: LoadedModel) -> tuple[str, ...]:
    """Return what to know of the network first."""
    is_random = network.weights.startswith("random")
    untrained = (
        "Its weights are random: the figures describe an untrained network, and none of the paper's claims is about"
        " that one.",
    )
    return (*(untrained if is_random else ()), *(f"{remark[:1].upper()}{remark[1:]}." for remark in network.remarks))


def _stimuli(size: int) -> tuple[Stimuli, str]:
    """Return the gratings that the page shows, and what it says of them."""
    frequencies = spatial_frequencies(size)
    rows = [int(i) for i in spread_layers([str(i) for i in range(len(frequencies))], SHOWN_FREQUENCIES)]
    edge = (size - min(size, SHOWN_PIXELS)) // 2
    cut = slice(edge, size - edge)
    columns = []
    for orientation in ORIENTATIONS:
        batches = grating_batches(size, orientation=orientation, contrast=CONTRAST, at_once=len(PHASES))
        first = [batch[0, cut, cut] for batch in batches]
        columns.append(np.stack([first[row] for row in rows]))
    images = np.round(np.stack(columns) * 255).astype(np.uint8)
    part = f"the central {cut.stop - cut.start} pixels of each, as" if edge else "each as"
    some = f" {len(rows)} of the {len(frequencies)} spatial frequencies," if len(rows) < len(frequencies) else ""
    words = f"Shown:{some} {part} the network receives it before its own preprocessing, pixel for pixel."
    return Stimuli(images, tuple(ORIENTATIONS.tolist()), tuple(frequencies[rows].tolist())), words


def _methods(
    network: LoadedModel, layers: tuple[HiddenLayer, ...], asked: Asked, files: LabelledFolder | None
) -> tuple[tuple[str, str], ...]:
    size = network.layout.size
    kinds = sorted({layer.kind for layer in layers})
    in_place = [layer.name for layer in layers if not layer.cuts]
    paragraphs = [
        (
            "Network",
            f"{network.source[:1].upper()}{network.source[1:]}; weights: {network.weights}. Pictures of {size} x {size}"
            f" pixels and {network.layout.channels} channels; preprocessing: {network.preprocessing}.",
        ),
        (
            "Units",
            f"{sum(layer.n_units for layer in layers):,} units in {len(layers)} layers ({', '.join(kinds)}). A unit is a"
            " feature map of a convolution or pooling layer, or one unit of a dense layer. Its response to a picture is the mean"
            " of its map after the activation that follows; a mean below 0 is read as 0.",
        ),
        (
            "Gratings",
            f"{n_gratings(size):,} sinusoidal gratings: 12 orientations, {len(spatial_frequencies(size))} spatial"
            " frequencies, 4 phases (contrast: min-max), grey, preprocessed as photographs are.",
        ),
        (
            "Orientation selectivity",
            "Of the response tensor the maximum over phases is taken, then the spatial frequency with"
            " the largest peak; gOSI is the length of the vector sum of the twelve responses at doubled angles over their sum. A"
            f" unit silent to every grating has no gOSI. Each unit's own responses are shuffled {asked.permutations:,} times for"
            " its null, and p = (k + 1) / (n + 1) is the share of shuffles with a gOSI at least as high.",
        ),
    ]
    if files is not None:
        told = (
            f"{files.description[:1].upper()}{files.description[1:]}. The shorter side of each is resized to"
            f" {round(size * 256 / 224)} pixels and the central square of {size} is cut out."
        )
        paragraphs.append(("Photographs", told))
    if asked.null_images:
        masked = f" {len(in_place)} layers do not cut the network and are silenced in place." if in_place else ""
        paragraphs.append(
            (
                "Ablation",
                "Units of a layer are ranked by gOSI, ties broken at random, silent units set aside; the top and the"
                " bottom floor(n / 2) are clamped in turn and the loss on all photographs is measured (output_zero: the next layer"
                " receives 0; relu_zero: the response before a batch normalisation that follows it is 0)."
                f" Null: {asked.null_draws} random splits into equal halves, on the same {asked.null_images} photographs as the"
                f" difference they are compared with; p = (k + 1) / (n + 1), one-sided.{masked}",
            )
        )
    return (
        *paragraphs,
        (
            "Inference",
            "There is none over networks: this is one. A unit's p says whether its own responses are more orderly in"
            " orientation than their shuffles, a layer's whether its halves by gOSI differ more than its random halves do.",
        ),
    )


def _provenance(
    study: xr.DataTree,
    network: LoadedModel,
    files: LabelledFolder | None,
    record: Mapping[str, Any],
    journal: Sequence[Mapping[str, Any]],
) -> tuple[tuple[str, str], ...]:
    environment, git = record["environment"], record["git"]
    shown = {
        "network": network.source,
        "weights": network.weights,
        "digest of architecture and weights": network.weights_digest,
        "preprocessing": network.preprocessing,
        "photographs": "none" if files is None else files.description,
        **({} if files is None else {"image fingerprint": files.fingerprint}),
        "key": str(study["tuning"].to_dataset()["network"].values[0]),
        "commit": "unknown" if git is None else git["commit"] + (" with uncommitted changes" if git["dirty"] else ""),
        "python": environment["python"],
        "machine": f"{environment['cpu']}, {environment['cores']} cores, {environment['platform']}",
        "packages": ", ".join(f"{name} {version}" for name, version in environment["packages"].items()),
    }
    seconds = [entry["seconds"] for entry in journal if entry.get("key") == shown["key"] and "seconds" in entry]
    if seconds:
        shown["measuring took, in the run that ended it"] = f"{seconds[-1] / 60:.1f} minutes"
    return tuple(shown.items())
