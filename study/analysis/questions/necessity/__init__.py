"""Is orientation selectivity needed for generalisation? Networks reared without it, beside networks of the same freedom."""

from __future__ import annotations

from functools import partial

import xarray as xr

from study.analysis.core.published import not_in_paper, unpublished
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.questions.necessity.estimands import paired_difference, scores_side_by_side
from study.analysis.questions.necessity.figures import figures, notes
from study.analysis.questions.necessity.quantities import COMPARISONS, Compared, quantity_of, sides_of
from study.vocabulary.schema import REARING

DIFFERENCE = "Intervention: while the network learns, not in the finished network."


def _estimand(score: str, compared: Compared) -> Estimand:
    """Return the difference of a score between two conditions of rearing, one value a seed."""

    def sides(networks: xr.DataTree) -> xr.DataArray:
        return scores_side_by_side(networks, score, sides_of(compared))

    return Estimand(
        values=partial(paired_difference, score=score, compared=compared),
        quantity=quantity_of(score, compared),
        sides=sides,
        compared=compared,
    )


QUESTION = Question(
    title="Is orientation selectivity needed while a network learns?",
    paper_section="1, 4",
    claim="The paper's title says that orientation selectivity is causally important for generalisation. No experiment of"
    " it intervenes while a network learns.",
    estimands={measure: _estimand(*comparison) for measure, comparison in COMPARISONS.items()},
    published={measure: not_in_paper(DIFFERENCE) for measure in COMPARISONS}
    | {
        "test_loss_against_parted": PublishedAnalysis(
            layers=unpublished,
            test="None: the title concludes it from networks that are observed, or ablated when they have learnt.",
            difference=DIFFERENCE,
        )
    },
    figures=figures,
    notes=notes,
    arm=REARING,
)
