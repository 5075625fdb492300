"""What the page on one external network says: summary, methods, settings and provenance, in sentences."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from study.analysis.core.layers import tuning_of
from study.analysis.core.results import QuestionResult
from study.analysis.core.unit_choice import tuned_units
from study.analysis.external.existence import layer_table
from study.analysis.external.tables import spread_layers
from study.commands.external.subject import Subject, tuning_settings
from study.commands.study_folder import software_provenance
from study.experiment.measurements.mediation import SPLITS as MEDIATION_SPLITS
from study.experiment.measurements.need.sizes import IMAGES, ROUNDS, SEARCH_BATCH, searched_images
from study.experiment.subjects import CONTRAST, n_gratings
from study.networks.graph.left_out import left_out_sentences
from study.report.content import Stimuli
from study.report.external import ExternalPage
from study.tuning import SELECTIVE
from study.tuning.gratings import ORIENTATIONS, PHASES, grating_batches, spatial_frequencies
from study.tuning.sentences import gratings_sentence, selectivity_sentences
from study.vocabulary.device import WORDS

_RIVALS = (
    "Rivals of orientation selectivity",
    "The same halves, clamped to output zero on the photographs of the random halves, by other quantities: selectivity for"
    " spatial frequency (the largest mean response to one, minus the mean of the others', over their sum); phase modulation"
    " F1 / F0 at the centre of a unit's map; the variance of the response over photographs; sparseness (the mean gOSI of a unit's"
    " own shuffles); and gOSI from one half of the gratings. The half with the larger values is the top one. Halves by class"
    " selectivity are those of the ablation.",
)
SHOWN_FREQUENCIES, SHOWN_PIXELS = 9, 64  # of the gratings on the page: rows, and the width of each in pixels


def page_of(
    name: str,
    study: xr.DataTree,
    questions: tuple[QuestionResult, ...],
    subject: Subject,
    *,
    record: Mapping[str, Any],
    journal: Sequence[Mapping[str, Any]],
    memory: str,
) -> ExternalPage:
    """Return everything the page shows.

    Parameters
    ----------
    name
        Of the folder and the report.
    study, questions
        What was measured, and what is said of it.
    subject
        The network, and what was to be measured.
    record, journal
        What was stored when the measuring began; timings.
    memory
        What activations may take, as the command line says it.
    """
    stimuli, words = _stimuli(subject.network.layout.size)
    settings = {
        **{key: _text(value) for key, value in tuning_settings(subject).items()},
        "null_draws": str(subject.settings.null_draws),
        "null_images": str(subject.settings.null_images),
        "memory": memory,
    }
    return ExternalPage(
        title=f"What the units of {subject.network.name} prefer",
        name=name,
        generated=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        summary=_summary(study, subject),
        remarks=_remarks(subject),
        questions=questions,
        layers=layer_table(study),
        stimuli=stimuli,
        stimuli_words=words,
        methods=_methods(subject),
        settings=tuple(settings.items()),
        provenance=tuple(_provenance(study, subject, record, journal).items()),
        units=tuned_units(study, root_seed=subject.settings.seed),
    )


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _summary(study: xr.DataTree, subject: Subject) -> tuple[str, ...]:
    """Return the answer, and what was measured of which network."""
    tuning = tuning_of(study, "analysed").isel(network=0)
    responding = tuning.isel(unit=np.flatnonzero(~tuning["silent"].values))
    gosi, shuffled = responding["gosi"].values, responding["gosi_null_selective"].values
    selective = (
        f"Of the {len(gosi):,} units that answer at all, {np.mean(gosi > SELECTIVE):.0%} answer strongly to one orientation and"
        f" little to others (gOSI above 0.33); {np.mean(shuffled):.0%} would if each unit's answers were shuffled."
        if len(gosi)
        else "None of the units answers to any grating."
    )
    network, photographs = subject.network, subject.photographs
    shown = "" if photographs is None else f" It was also shown {photographs.description}."
    return (
        selective,
        f"The network is {network.source}, with {network.weights}. Its {tuning.sizes['unit']:,} units in"
        f" {len(subject.layers)} hidden layers were measured with {n_gratings(network.layout.size):,} striped patterns.{shown}",
    )


def _remarks(subject: Subject) -> tuple[str, ...]:
    """Return what to know of the network first, and of the photographs that it was shown."""
    network, photographs = subject.network, subject.photographs
    of_photographs = () if photographs is None else photographs.remarks
    is_random = network.weights.startswith("random")
    untrained = (
        "Its weights are random: the figures describe an untrained network, and none of the paper's claims is about"
        " that one.",
    )
    remarks = (f"{_capitalised(remark)}." for remark in (*network.remarks, *of_photographs))
    return (*(untrained if is_random else ()), *remarks)


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


def _methods(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return headed paragraphs, with the numbers of what was measured filled in."""
    return (
        *_network_paragraphs(subject),
        *_tuning_paragraphs(subject),
        *_photograph_paragraphs(subject),
        (
            "Inference",
            "There is none over networks: this is one. A unit's p says whether its own responses are more orderly in"
            " orientation than their shuffles, a layer's whether its halves by gOSI differ more than its random halves do.",
        ),
    )


def _network_paragraphs(subject: Subject) -> list[tuple[str, str]]:
    network, size = subject.network, subject.network.layout.size
    kinds = sorted({layer.kind for layer in subject.layers})
    left_out = left_out_sentences(subject.left_out, shown_names=len(subject.left_out))
    not_read = "".join(f" {_capitalised(sentence)}." for sentence in left_out)
    return [
        (
            "Network",
            f"{_capitalised(network.source)}; weights: {network.weights}. Pictures of {size} x {size} pixels and"
            f" {network.layout.channels} channels; preprocessing: {network.preprocessing}.",
        ),
        (
            "Units",
            f"{subject.n_units:,} units in {len(subject.layers)} layers ({', '.join(kinds)}). A unit is a"
            " feature map of a convolution or pooling layer, or one unit of a dense layer. Its response to a picture is the mean"
            f" of its map after the activation that follows; a mean below 0 is read as 0.{not_read}",
        ),
    ]


def _tuning_paragraphs(subject: Subject) -> list[tuple[str, str]]:
    n_frequencies = len(spatial_frequencies(subject.network.layout.size))
    return [
        ("Gratings", gratings_sentence(n_frequencies, contrast=CONTRAST)),
        (
            "Orientation selectivity",
            f"{selectivity_sentences(subject.settings.permutations)} Its p = (k + 1) / (n + 1) is the share of shuffles with"
            " a gOSI at least as high.",
        ),
    ]


def _photograph_paragraphs(subject: Subject) -> list[tuple[str, str]]:
    """Return what is said of photographs and of the ablation, of those that there are."""
    photographs, settings, size = subject.photographs, subject.settings, subject.network.layout.size
    paragraphs = []
    if photographs is not None:
        cropped = (
            f"{_capitalised(photographs.description)}. The shorter side of each is resized to"
            f" {round(size * 256 / 224)} pixels and the central square of {size} is cut out."
        )
        paragraphs.append(("Photographs", cropped))
    if settings.null_images:
        in_place = sum(not layer.cuts for layer in subject.layers)
        masked = f" {in_place} layers do not cut the network and are ablated in place." if in_place else ""
        paragraphs.append(
            (
                "Ablation",
                "Units of a layer are ranked by gOSI, ties broken at random, silent units set aside; the top and the"
                " bottom floor(n / 2) are clamped in turn and the loss on all photographs is measured (output_zero: the next layer"
                " receives 0; relu_zero: the response before a batch normalisation that follows it is 0)."
                f" Null: {settings.null_draws} random splits into equal halves, on the same {settings.null_images} photographs"
                " as the difference they are compared with; p = (k + 1) / (n + 1), one-sided. Class selectivity is measured on"
                f" one half of each class's photographs, and these are drawn from the other.{masked}",
            )
        )
        paragraphs.append(_RIVALS)
        paragraphs.append(_why_it_costs(settings.null_images))
    return paragraphs


def _why_it_costs(images: int) -> tuple[str, str]:
    return (
        "Why ablation costs",
        f"On the {images} photographs of the null, output_zero. Mediation: what the first dense hidden layer receives (the layer"
        " of the logits where there is none) is replaced by its mean over the photograph and its shifts by 10 % down, to the"
        " right and both, edges repeated; the loss is compared with the mean over these four, and with that mean plus another"
        f" photograph's deviations; random halves are those of {MEDIATION_SPLITS} random splits. Need: the units of a half are"
        " held at the constants that are best for the loss on photographs of the other half of each class"
        f" (at most {searched_images(images, IMAGES)}, each seen {ROUNDS} times by Adam in batches of {SEARCH_BATCH}, weights"
        " frozen), or every batch"
        " normalisation behind the layer is given the moments of what it receives from these; random halves are those of one"
        " split.",
    )


def _capitalised(text: str) -> str:
    """Return a sentence with a capital letter; one that begins with the name of a file is left as the file is called."""
    if ".keras" in text.partition(" ")[0]:
        return text
    return f"{text[:1].upper()}{text[1:]}"


def _provenance(
    study: xr.DataTree, subject: Subject, record: Mapping[str, Any], journal: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    network, photographs = subject.network, subject.photographs
    key = str(study["tuning"].to_dataset()["network"].values[0])
    lines = {
        "network": network.source,
        "weights": network.weights,
        "digest of architecture and weights": network.weights_digest,
        "preprocessing": network.preprocessing,
        "device": WORDS[subject.settings.device],
        "photographs": "none" if photographs is None else photographs.description,
        **({} if photographs is None else {"image fingerprint": photographs.fingerprint}),
        "key": key,
        **software_provenance(record),
    }
    seconds = [entry["seconds"] for entry in journal if entry.get("key") == key and "seconds" in entry]
    if seconds:
        lines["measuring took, in the run that ended it"] = f"{seconds[-1] / 60:.1f} minutes"
    return lines
