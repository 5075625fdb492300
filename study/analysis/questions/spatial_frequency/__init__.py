"""Does the preferred orientation stay the same over spatial frequencies (section A.2; Fig. A2)?"""

from __future__ import annotations

import xarray as xr

from study.analysis.core.points import Quantity
from study.analysis.core.published import (
    not_in_paper,
    published_layer,
)
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.spatial_frequency.estimands import defined_ranges, preferred_ranges, zero_range_share
from study.analysis.questions.spatial_frequency.figures import figures, notes


def _share_of_all_units(
    networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int
) -> tuple[PublishedLayer, ...]:
    """Return the share of selective units with range 0, all networks' units pooled."""
    ranges, rows = preferred_ranges(networks, 1), []
    for layer in layers:
        values = defined_ranges(ranges, layer)
        share = float((values == 0).mean()) if values.size else float("nan")
        rows.append(published_layer(layer, share, share > 0.5, "units pooled, histogram by eye: here, more than half"))
    return tuple(rows)


def _quantity(of: str, *, published: bool) -> Quantity:
    return Quantity(
        label=f"share of {of} that prefer one orientation at every spatial frequency",
        unit="share of units",
        higher="most prefer one orientation",
        lower="most do not",
        published_alike=published,
    )


QUESTION = Question(
    title="Does a unit prefer the same orientation at every spatial frequency?",
    paper_section="A.2",
    claim="For most selective units the range of preferred orientations over spatial frequencies is 0.",
    estimands={
        "zero_range_share": Estimand(
            values=lambda study: zero_range_share(study, 1), quantity=_quantity("selective units", published=True)
        ),
        "zero_range_share_two_frequencies": Estimand(
            values=lambda study: zero_range_share(study, 2),
            quantity=_quantity("selective units with two frequencies or more", published=False),
        ),
    },
    published={
        "zero_range_share": PublishedAnalysis(
            layers=_share_of_all_units,
            test="No test; histogram of one network's units, by eye. Here: more than half of all units.",
            difference="Unit of analysis: units of one network are not independent; here each network gives one"
            " share, and the mean share over networks is tested against one half.",
        ),
        "zero_range_share_two_frequencies": not_in_paper(
            "Baseline: a unit with a single frequency above half peak has range 0 by construction, and is left out."
        ),
    },
    figures=figures,
    notes=notes,
)
