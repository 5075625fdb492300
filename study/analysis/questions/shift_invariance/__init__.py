"""Do selective units of the lower layers make the last layer invariant to shifts (section 3.5; Fig. 6)?"""

from __future__ import annotations

from collections.abc import Callable

import xarray as xr

from study.analysis.core.published import by_eye, not_in_paper, published_layer
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.shift_invariance.estimands import (
    INTACT,
    consistency_difference,
    depth_correlation,
    last_layer_log_ratio,
)
from study.analysis.questions.shift_invariance.figures import figures, notes


def _rise(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    note = "no test: mean log ratio to the intact network, which any ablation may raise"
    return by_eye(last_layer_log_ratio(networks, "top", INTACT), layers, lambda value: value > 0, note)


def _depth(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    rho = float(depth_correlation(networks).mean())
    return tuple(published_layer(layer, rho, rho < 0, "no test: a falling curve of one network") for layer in layers)


def _against(half: str) -> Callable[[xr.DataTree], xr.DataArray]:
    return lambda study: last_layer_log_ratio(study, "top", half)


QUESTION = Question(
    title="Do selective units of the lower layers make the last layer invariant to shifts?",
    paper_section="3.5",
    claim="Ablating the more selective half of Conv 2 or Conv 3 raises the coefficient of variation of FC 1 under"
    " shifts of the image; the coefficient falls with depth.",
    estimands={
        "fc1_cv_against_random_half": Estimand(values=_against("random")),
        "fc1_cv_against_bottom_half": Estimand(values=_against("bottom")),
        "cv_against_depth": Estimand(values=depth_correlation),
        "consistency_against_random_half": Estimand(
            values=lambda study: consistency_difference(study, "top", "random")
        ),
    },
    published={
        "fc1_cv_against_random_half": PublishedAnalysis(
            layers=_rise,
            test="Called significant, no test named; standard errors over one network's units. Here: sign of the"
            " mean log ratio to the intact network.",
            difference="Baseline and unit of analysis: ablating any half may raise the variation, so the reference"
            " is a random half, not the intact network; one value a network.",
        ),
        "fc1_cv_against_bottom_half": not_in_paper(
            "Baseline: the reference is the less selective half, not the intact network."
        ),
        "cv_against_depth": PublishedAnalysis(
            layers=_depth,
            test="No test; a falling curve of one network, by eye. Here: sign of the mean rho.",
            difference="Unit of analysis: one network's curve tells nothing of others; here each network gives one"
            " rho of depth and variation, which must reach a registered size over networks.",
        ),
        "consistency_against_random_half": not_in_paper(
            "Outcome and baseline: predictions in place of activations, against a random half."
        ),
    },
    figures=figures,
    notes=notes,
)
