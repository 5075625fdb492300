"""Does a second set of initialisations say the same (sections 3.1 to 3.5 and A.2; Figs. A3 to A7, 6b)?

Here stands what is registered for the second set alone. Every other hypothesis is tested again by `study.analysis`
itself, and the report draws every figure of it again, so this question has no figures of its own.
"""

from __future__ import annotations

import collections

import xarray as xr

from study.analysis import ablation, existence, generalization, spatial_frequency
from study.analysis.question import Measure, Question, network_table
from study.analysis.results import PublishedLayer, published_layer
from study.schema import SECOND_SET


def no_layers(study: xr.DataTree) -> xr.DataArray:
    """Return a measure of a network that this study does not hold, such as VGG16: (network, layer) without any layer.

    Every layer that is asked for is then reported as not measured.
    """
    return existence.selective_share(existence.tuning_of(study, "analysed")).isel(layer=slice(0))


def _published_elsewhere(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
    note = "in the paper; its network is not measured here"
    return tuple(published_layer(layer, float("nan"), False, note) for layer in layers)


def _of_vgg16(published_test: str) -> Measure:
    return Measure(
        no_layers,
        _published_elsewhere,
        published_test=published_test,
        difference="Unit of analysis: one network, however many units it has, cannot support a claim about networks; this"
        " study does not hold it.",
    )


def _notes(study: xr.DataTree) -> tuple[str, ...]:
    """Return who the second set is, and what is asked of it elsewhere."""
    counts = collections.Counter(network_table(study)["augmentation"].values.tolist())
    listed = ", ".join(f"{count} {augmentation}" for augmentation, count in counts.items())
    return (
        f"The second set holds {counts.total()} networks that were trained to generalise, by augmentation: {listed}. They"
        " share their images, the split and the recipe with the first set; initial weights, batches and augmentations"
        " are drawn anew.",
        "VGG16 is not measured by this version, so what is registered for it is not tested.",
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
        "vgg16_selective_excess": _of_vgg16("No test; histograms of its units, by eye."),
        "vgg16_gosi_excess_absence": _of_vgg16(
            "No test; absence read from histograms of measured and shuffled gOSI that lie over each other."
        ),
        "vgg16_zero_range_share": _of_vgg16("No test; histograms of its units, by eye."),
        "vgg16_standardized_effect": _of_vgg16("No test; ratio of its two costs above 2."),
    },
    figures=lambda study, results: (),
    notes=_notes,
    initialization_set=SECOND_SET,
)
