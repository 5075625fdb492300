"""How selective is a network before it has seen an image (section A.3; Fig. A8)?"""

from __future__ import annotations

from functools import partial

import xarray as xr

from study.analysis.core.layers import layer_means, tuning_of
from study.analysis.core.point_values import side_by_side
from study.analysis.core.points import Quantity
from study.analysis.core.published import (
    by_eye,
    not_in_paper,
)
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.existence.estimands import selective_excess, selective_share
from study.analysis.questions.existence.quantities import selective_quantity, selective_sides
from study.analysis.questions.untrained.figures import figures, notes
from study.vocabulary.schema import NORMALISED, STATES


def gosi_gain(study: xr.DataTree, *, untrained: str) -> xr.DataArray:
    """Return layer-mean gOSI after training minus before, the same network: (network, layer).

    `untrained` is the state before: `"initial"`, or `"initial_normalised"` with moments computed from training images.
    """
    before, after = (layer_means(tuning_of(study, state)["gosi"]) for state in (untrained, "analysed"))
    return after - before


def _gain(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    note = "histograms of two networks by eye: here, mean gOSI higher after training"
    return by_eye(gosi_gain(networks, untrained=STATES[0]), layers, lambda value: value > 0, note)


def _few(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    share = selective_share(tuning_of(networks, "initial"))
    return by_eye(share, layers, lambda value: 0 < value < 0.5, "histogram by eye: here, some but less than half")


def _gained(untrained: str, name: str) -> Estimand:
    """Return what training adds to the mean gOSI of a network that was, before it, in a state called `name`."""
    return Estimand(
        values=partial(gosi_gain, untrained=untrained),
        quantity=Quantity(
            label="mean gOSI after training minus before",
            unit="gOSI",
            higher="more selective after training",
            lower="less selective after training",
            sides=(name, "trained"),
            sides_label="mean gOSI of the layer's units",
            published_alike=True,
        ),
        sides=lambda study: side_by_side(
            *(layer_means(tuning_of(study, one)["gosi"]) for one in (untrained, "analysed"))
        ),
    )


def _few_selective(state: str) -> Estimand:
    return Estimand(
        values=lambda study: selective_share(tuning_of(study, state)),
        quantity=Quantity(
            label="share of selective units before training",
            unit="share of units",
            higher="most are selective",
            lower="less than half are selective",
            published_alike=True,
        ),
    )


QUESTION = Question(
    title="How selective is a network before it has seen an image?",
    paper_section="A.3",
    claim="A network with random weights has a few orientation-selective units; its selectivity is far weaker than a"
    " trained network's.",
    estimands={
        "gosi_gain": _gained(NORMALISED, "normalised"),
        "gosi_gain_identity": _gained(STATES[0], "untrained"),
        "initial_selective_share": _few_selective(STATES[0]),
        "initial_selective_share_normalised": _few_selective(NORMALISED),
        "initial_selective_excess": Estimand(
            values=lambda study: selective_excess(tuning_of(study, "initial")),
            quantity=selective_quantity("untrained"),
            sides=lambda study: selective_sides(tuning_of(study, "initial")),
        ),
    },
    published={
        "gosi_gain": PublishedAnalysis(
            layers=_gain,
            test="No test; histograms of a random and a trained network, by eye. Here: mean gOSI higher after"
            " training.",
            difference="Unit of analysis and baseline: one network of either kind tells nothing of others; here every"
            " network is compared with itself before training, normalised by training images, and must gain by a"
            " registered size.",
        ),
        "gosi_gain_identity": PublishedAnalysis(
            layers=_gain,
            test="No test; histograms of a random and a trained network, by eye. Here: mean gOSI higher after"
            " training.",
            difference="Unit of analysis: one network of either kind tells nothing of others; here every network is"
            " compared with itself before training, as it was initialised, and must gain by a registered size.",
        ),
        "initial_selective_share": PublishedAnalysis(
            layers=_few,
            test="No test; histogram of one random network, by eye. Here: some selective units, less than half.",
            difference="Unit of analysis: one random network tells nothing of others; here each network gives one"
            " share, and their mean is tested against one half.",
        ),
        "initial_selective_share_normalised": not_in_paper(
            "Baseline: the untrained network's normalisation has the moments that training images give it."
        ),
        "initial_selective_excess": PublishedAnalysis(
            layers=_few,
            test="No test; histogram of one random network, by eye. Here: some selective units, less than half.",
            difference="Baseline and unit of analysis: sparse responses pass 0.33 by chance, so the share among the"
            " units' own shuffles is subtracted; and networks are counted, not units.",
        ),
    },
    figures=figures,
    notes=notes,
)
