"""Do selective units of the lower layers make the last layer invariant to shifts (section 3.5; Fig. 6)?"""

from __future__ import annotations

import xarray as xr

from study.analysis.core.points import Quantity
from study.analysis.core.published import by_eye, not_in_paper, published_layer
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.shift_invariance.estimands import (
    INTACT,
    consistency_difference,
    depth_correlation,
    last_layer_log_ratio,
    log_variation,
)
from study.analysis.questions.shift_invariance.figures import figures, notes


def _rise(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    note = "no test: mean log ratio to the intact network, which any ablation may raise"
    return by_eye(last_layer_log_ratio(networks, "top", INTACT), layers, lambda value: value > 0, note)


def _depth(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    rho = float(depth_correlation(networks).mean())
    return tuple(published_layer(layer, rho, rho < 0, "no test: a falling curve of one network") for layer in layers)


def _against(half: str) -> Estimand:
    """Return the variation of the last layer with the top half ablated, over that with another half ablated."""
    return Estimand(
        values=lambda study: last_layer_log_ratio(study, "top", half),
        quantity=Quantity(
            label=f"variation of the last layer under shifts, more selective half ablated over {half} half ablated",
            unit="log ratio",
            higher="varies more without the more selective half",
            lower="varies less without it",
            sides=("top", half),
            sides_label="log coefficient of variation",
        ),
        sides=lambda study: log_variation(study, ("top", half)),
    )


WITH_DEPTH = Quantity(
    label="rank correlation of depth and variation under shifts",
    unit="rank correlation",
    higher="deeper layers vary more",
    lower="deeper layers vary less",
    published_alike=True,
)
CONSISTENCY = Quantity(
    label="share of predictions that survive a shift, more selective half ablated minus random half ablated",
    unit="share of images",
    higher="more survive",
    lower="fewer survive without the more selective half",
)


QUESTION = Question(
    title="Do selective units of the lower layers make the last layer invariant to shifts?",
    paper_section="3.5",
    claim="Ablating the more selective half of Conv 2 or Conv 3 raises the coefficient of variation of FC 1 under"
    " shifts of the image; the coefficient falls with depth.",
    estimands={
        "fc1_cv_against_random_half": _against("random"),
        "fc1_cv_against_bottom_half": _against("bottom"),
        "cv_against_depth": Estimand(values=depth_correlation, quantity=WITH_DEPTH),
        "consistency_against_random_half": Estimand(
            values=lambda study: consistency_difference(study, "top", "random"), quantity=CONSISTENCY
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
