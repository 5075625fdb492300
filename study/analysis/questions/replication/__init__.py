"""Does a second set of initialisations say the same (sections 3.1 to 3.5 and A.2; Figs. A3 to A7, 6b)?

Here stands what is registered for the second set alone. Every other hypothesis is tested again by `study.analysis`
itself, and the report draws every figure of it again, so this question has no figures of its own.
"""

from __future__ import annotations

import collections
import dataclasses

import xarray as xr

from study.analysis.core.question import Measure, Question, network_table
from study.analysis.core.results import NOT_TESTED, PublishedLayer, published_layer
from study.analysis.questions import ablation, existence, generalization, spatial_frequency
from study.vocabulary.schema import SECOND_SET

VGG16 = "vgg16"


def holds_vgg16(study: xr.DataTree) -> bool:
    """Return whether the network of a study is VGG16, from elsewhere."""
    return bool(study["tuning"].attrs.get("model") == VGG16)


def _no_layers(study: xr.DataTree) -> xr.DataArray:
    """Return a measure that a study does not hold: (network, layer) without any layer, so that each is not measured."""
    return existence.selective_share(existence.tuning_of(study, "analysed")).isel(layer=slice(0))


def _of_vgg16(measure: Measure, group: str, published_test: str) -> Measure:
    """Return a measure as it is taken of VGG16, from one group of its data; elsewhere it has no layer."""

    def is_there(study: xr.DataTree) -> bool:
        return holds_vgg16(study) and group in study.children

    def values(study: xr.DataTree) -> xr.DataArray:
        return measure.values(study) if is_there(study) else _no_layers(study)

    def published(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
        if not is_there(study):
            note = "in the paper; its network is not measured here"
            return tuple(published_layer(layer, float("nan"), False, note) for layer in layers)
        rows = measure.published(study, layers)
        return tuple(dataclasses.replace(row, verdict=NOT_TESTED, note="one network: described") for row in rows)

    return Measure(
        values,
        published,
        published_test=published_test,
        difference="Unit of analysis: one network, however many units it has, cannot support a claim about networks; it is"
        " described, not tested.",
    )


OF_VGG16 = {
    "vgg16_selective_excess": _of_vgg16(
        existence.QUESTION.measures["selective_excess"], "tuning", "No test; histograms of its units, by eye."
    ),
    "vgg16_gosi_excess_absence": _of_vgg16(
        existence.QUESTION.measures["gosi_excess"],
        "tuning",
        "No test; absence read from histograms of measured and shuffled gOSI that lie over each other.",
    ),
    "vgg16_zero_range_share": _of_vgg16(
        spatial_frequency.QUESTION.measures["zero_range_share"], "tuning", "No test; histograms of its units, by eye."
    ),
    "vgg16_standardized_effect": _of_vgg16(
        ablation.QUESTION.measures["standardized_effect"], "ablation", "No test; ratio of its two costs above 2."
    ),
}


def _notes(study: xr.DataTree) -> tuple[str, ...]:
    """Return who the second set is, and what is asked of it elsewhere."""
    counts = collections.Counter(network_table(study)["augmentation"].values.tolist())
    listed = ", ".join(f"{count} {augmentation}" for augmentation, count in counts.items())
    return (
        f"The second set holds {counts.total()} networks that were trained to generalise, by augmentation: {listed}. They"
        " share their images, the split and the recipe with the first set; initial weights, batches and augmentations"
        " are drawn anew.",
        "VGG16 is not among these networks, so what is registered for it is not tested; `python -m study.probe_model vgg16`"
        " describes it in a report of its own.",
    )


QUESTION = Question(
    name="replication",
    title="Does a second set of initialisations say the same?",
    paper_section="3.1 to 3.5 and A.2",
    claim="Similar results were obtained with other initialisations of the 7-layer network, and with a 20-layer network"
    " trained on ImageNet (VGG16).",
    measures={
        "second_set_selective_excess": existence.QUESTION.measures["selective_excess"],
        "second_set_zero_range_share": spatial_frequency.QUESTION.measures["zero_range_share"],
        "second_set_standardized_effect": ablation.QUESTION.measures["standardized_effect"],
        "second_set_gosi_against_test_loss": generalization.QUESTION.measures["gosi_against_test_loss"],
        **OF_VGG16,
    },
    figures=lambda study, results: (),
    notes=_notes,
    initialization_set=SECOND_SET,
)
