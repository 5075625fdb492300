"""Does a second set of initialisations say the same (sections 3.1 to 3.5 and A.2; Figs. A3 to A7, 6b)?

Here stands what is registered for the second set alone. Every other hypothesis is tested again by `study.analysis`
itself, and the report draws every figure of it again, so this question has no figures of its own.
"""

from __future__ import annotations

import collections
import dataclasses

import xarray as xr

from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import network_table
from study.analysis.core.published import unmeasured
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import NOT_TESTED, HypothesisResult, PublishedLayer
from study.analysis.questions import ablation, existence, generalization, spatial_frequency
from study.vocabulary.schema import SECOND_SET


def _if_measured(question: Question, name: str, group: str) -> Estimand:
    """Return an estimand of VGG16, from one group of its data; without any layer where that was not measured."""

    def values(networks: xr.DataTree) -> xr.DataArray:
        if group in networks.children:
            return question.estimands[name].values(networks)
        return layer_gosi(networks).isel(layer=slice(0))

    return Estimand(values=values, quantity=question.estimands[name].quantity)


def _described(question: Question, name: str, group: str, test: str) -> PublishedAnalysis:
    """Return the published analysis of VGG16: described, as it is one network."""

    def layers(networks: xr.DataTree, names: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
        if group not in networks.children:
            return unmeasured(names)
        rows = question.published[name].layers(networks, names, root_seed=root_seed)
        return tuple(dataclasses.replace(row, verdict=NOT_TESTED, note="one network: described") for row in rows)

    return PublishedAnalysis(
        layers=layers,
        test=test,
        difference="Unit of analysis: one network, however many units it has, cannot support a claim about networks; it is"
        " described, not tested.",
    )


_BY_EYE = "No test; histograms of its units, by eye."
_COINCIDE = "No test; absence read from histograms of measured and shuffled gOSI that lie over each other."
_RATIO = "No test; ratio of its two costs above 2."
OF_VGG16 = {
    "vgg16_selective_excess": (existence.QUESTION, "selective_excess", "tuning", _BY_EYE),
    "vgg16_gosi_excess_absence": (existence.QUESTION, "gosi_excess", "tuning", _COINCIDE),
    "vgg16_zero_range_share": (spatial_frequency.QUESTION, "zero_range_share", "tuning", _BY_EYE),
    "vgg16_standardized_effect": (ablation.QUESTION, "standardized_effect", "ablation", _RATIO),
}
OF_SECOND_SET = {
    "second_set_selective_excess": (existence.QUESTION, "selective_excess"),
    "second_set_zero_range_share": (spatial_frequency.QUESTION, "zero_range_share"),
    "second_set_standardized_effect": (ablation.QUESTION, "standardized_effect"),
    "second_set_gosi_against_test_loss": (generalization.QUESTION, "gosi_against_test_loss"),
}


def notes(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Return who the second set is, and where VGG16 is described."""
    counts = collections.Counter(network_table(networks)["augmentation"].values.tolist())
    listed = ", ".join(f"{count} {augmentation}" for augmentation, count in counts.items())
    return (
        f"The second set holds {counts.total()} networks that were trained to generalise, by augmentation: {listed}. They"
        " share their images, the split and the recipe with the first set; initial weights, batches and augmentations"
        " are drawn anew.",
        "VGG16 is not among these networks, so what is registered for it is not tested; `python -m study probe_model vgg16`"
        " describes it in a report of its own.",
    )


QUESTION = Question(
    title="Does a second set of initialisations say the same?",
    paper_section="3.1 to 3.5 and A.2",
    claim="Similar results were obtained with other initialisations of the 7-layer network, and with a 20-layer network"
    " trained on ImageNet (VGG16).",
    estimands={
        **{key: question.estimands[name] for key, (question, name) in OF_SECOND_SET.items()},
        **{key: _if_measured(question, name, group) for key, (question, name, group, _) in OF_VGG16.items()},
    },
    published={
        **{key: question.published[name] for key, (question, name) in OF_SECOND_SET.items()},
        **{key: _described(*of_vgg16) for key, of_vgg16 in OF_VGG16.items()},
    },
    figures=lambda networks, results, *, root_seed: (),
    notes=notes,
    initialization_set=SECOND_SET,
)
