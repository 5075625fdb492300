"""Do orientation-selective units exist in every layer (section 3.1; Figs. 1 and 2)?"""

from __future__ import annotations

from functools import partial

import xarray as xr

from study.analysis.core.layers import tuning_of
from study.analysis.core.published import (
    by_eye,
    not_in_paper,
)
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.existence.estimands import (
    gosi_excess,
    gosi_excess_gain,
    selective_excess,
    selective_share,
)
from study.analysis.questions.existence.figures import figures, notes
from study.analysis.questions.existence.quantities import (
    excess_sides,
    gosi_excess_quantity,
    gosi_sides,
    selective_quantity,
    selective_sides,
    training_gain_quantity,
)
from study.vocabulary.schema import NORMALISED, STATES


def _share(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the share of selective units, all networks' units pooled; any such unit counts as existence."""
    share = selective_share(tuning_of(networks, "analysed"))
    return by_eye(share, layers, lambda value: value > 0, "units pooled, no test")


def _excess(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    excess = gosi_excess(tuning_of(networks, "analysed"), "gosi_null_mean")
    return by_eye(excess, layers, lambda value: value > 0, "histograms compared by eye: here, mean above shuffled mean")


QUESTION = Question(
    title="Are there orientation-selective units in every layer?",
    paper_section="3.1",
    claim="Orientation-selective units exist in every layer, and their gOSI lies far above that of shuffled"
    " responses in most layers.",
    estimands={
        "selective_excess": Estimand(
            values=lambda study: selective_excess(tuning_of(study, "analysed")),
            quantity=selective_quantity("measured"),
            sides=lambda study: selective_sides(tuning_of(study, "analysed")),
        ),
        "gosi_excess": Estimand(
            values=lambda study: gosi_excess(tuning_of(study, "analysed"), "gosi_null_mean"),
            quantity=gosi_excess_quantity("responses"),
            sides=partial(gosi_sides, null="gosi_null_mean"),
        ),
        "gosi_orientation_excess": Estimand(
            values=lambda study: gosi_excess(tuning_of(study, "analysed"), "gosi_orientation_null_mean"),
            quantity=gosi_excess_quantity("orientations"),
            sides=partial(gosi_sides, null="gosi_orientation_null_mean"),
        ),
        "gosi_excess_gain": Estimand(
            values=partial(gosi_excess_gain, untrained=NORMALISED),
            quantity=training_gain_quantity("normalised"),
            sides=partial(excess_sides, untrained=NORMALISED),
        ),
        "gosi_excess_gain_identity": Estimand(
            values=partial(gosi_excess_gain, untrained=STATES[0]),
            quantity=training_gain_quantity("untrained"),
            sides=partial(excess_sides, untrained=STATES[0]),
        ),
    },
    published={
        "selective_excess": PublishedAnalysis(
            layers=_share,
            test="No test; histograms of one network's units, compared by eye. Here: any selective unit will do.",
            difference="Baseline and unit of analysis: sparse responses pass 0.33 by chance, so the share among the"
            " units' own shuffles is subtracted; and networks are counted, not units.",
        ),
        "gosi_excess": PublishedAnalysis(
            layers=_excess,
            test="No test; histograms of measured and shuffled gOSI, compared by eye. Here: mean above shuffled mean.",
            difference="Unit of analysis: units of one network are not independent; here each network gives one"
            " difference from its own shuffles, and it must reach a registered size.",
        ),
        "gosi_orientation_excess": not_in_paper(
            "Baseline: only the orientation labels are shuffled, within spatial frequency."
        ),
        "gosi_excess_gain": not_in_paper(
            "Baseline: the paper holds trained networks against their shuffles alone, and untrained ones exceed theirs too;"
            " here the excess before training is subtracted, network by network."
        ),
        "gosi_excess_gain_identity": not_in_paper(
            "Baseline: as with moments computed from training images, but the untrained network normalises nothing."
        ),
    },
    figures=figures,
    notes=notes,
)
