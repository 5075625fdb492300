"""Does the network need the more selective half, or is it surprised to lose it (section 3.4)?"""

from __future__ import annotations

import xarray as xr

from study.analysis.core.point_values import side_by_side
from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, Question
from study.analysis.questions.need.estimands import (
    RANDOM,
    by_way,
    loss_of,
    sides_by_way,
    top_minus,
    top_minus_by_block,
)
from study.analysis.questions.need.figures import figures, notes

INTERVENTION = (
    "Intervention: the paper sets what the next layer receives to zero, which the network never met; here the units are held"
    " where the loss is least, or what lies behind is normalised for what it receives now."
)


def _quantity(reference: str) -> Quantity:
    return Quantity(
        label="loss with the more selective half ablated minus that with "
        + ("random halves" if reference == RANDOM else "the other half"),
        unit="nat",
        higher="the more selective half is missed more",
        lower="the more selective half is missed less",
        sides=("top", reference),
        sides_label="test loss (nat)",
    )


def _by_way(reference: str) -> Estimand:
    """Return the difference under each way as a condition, whose smallest decides."""
    return Estimand(
        values=lambda study: by_way(top_minus(study, reference)),
        quantity=_quantity(reference),
        blocks=lambda study: by_way(top_minus_by_block(study, reference)),
        sides=lambda study: sides_by_way(study, reference),
    )


def _under(way: str) -> Estimand:
    """Return the difference under one way."""

    def chosen(values: xr.DataArray) -> xr.DataArray:
        return values.sel(way=way, drop=True)

    return Estimand(
        values=lambda study: chosen(top_minus(study, "bottom")),
        quantity=_quantity("bottom"),
        blocks=lambda study: chosen(top_minus_by_block(study, "bottom")),
        sides=lambda study: side_by_side(*(chosen(loss_of(study, half)) for half in ("top", "bottom"))),
    )


QUESTION = Question(
    title="Is the more selective half needed, or is the network surprised to lose it?",
    paper_section="3.4",
    claim="Selective units of Conv 2 and Conv 3 are causally important.",
    estimands={
        "difference_by_way": _by_way("bottom"),
        "beyond_random_by_way": _by_way(RANDOM),
        "difference_best_constant": _under("best_constant"),
        "difference_moments": _under("moments"),
    },
    published={
        "difference_by_way": not_in_paper(INTERVENTION),
        "beyond_random_by_way": not_in_paper(INTERVENTION),
        "difference_best_constant": not_in_paper(INTERVENTION),
        "difference_moments": not_in_paper(INTERVENTION),
    },
    figures=figures,
    notes=notes,
)
