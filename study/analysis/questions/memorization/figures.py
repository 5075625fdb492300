"""The figures on memorisation, and how to read them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import claimed_layers, listed
from study.analysis.questions.memorization.estimands import FITTING_ACCURACY, label_corruption, layer_excess
from study.analysis.questions.memorization.tables import accuracy_table, gosi_table


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure 4c, the same without sparseness, and what the networks learnt."""
    claimed = listed(claimed_layers(results, "gosi_against_label_corruption"))
    rates = len(np.unique(label_corruption(study).values))
    points = (
        "Each point is a network; the line joins the means of all networks at a rate, with 95 % bootstrap intervals over"
        f" networks. Those that do not fit their labels are marked.{_drawn_note(study)}"
    )
    return (
        Figure(
            id="memorization-gosi",
            chart=Chart.CORRUPTION_GOSI,
            paper_figure="Fig. 4c",
            title="Selectivity against label corruption, layer by layer",
            shows=f"Layer-mean gOSI of networks that learnt labels corrupted at {rates} rates, weights of the last"
            f" epoch. {points} Each panel has its own range, as in the paper.",
            supports=f"Points that fall from left to right in {claimed}.",
            contradicts="Points on one level, or rising; or a fall that only the marked networks make.",
            table=gosi_table(study, layer_gosi(study), root_seed=root_seed),
            second_paper_figure="Fig. A6c",
        ),
        Figure(
            id="memorization-excess",
            chart=Chart.CORRUPTION_EXCESS,
            title="The same, above what each unit's sparseness gives",
            shows="Layer-mean gOSI minus that of the units' own shuffled responses: sparse responses raise gOSI"
            f" without any tuning, and corrupted labels may make responses more or less sparse. {points}",
            supports="The same fall as in the figure above.",
            contradicts="A fall above, and here a line that is level within short intervals: then it is sparseness"
            " that falls.",
            table=gosi_table(study, layer_excess(study), root_seed=root_seed),
        ),
        Figure(
            id="memorization-accuracy",
            chart=Chart.CORRUPTION_ACCURACY,
            title="What the networks learnt",
            shows="Training accuracy on the labels that each network was given, corrupted ones included, and test"
            " accuracy on true labels; points are networks, lines their means. The dashed line stands at"
            f" {FITTING_ACCURACY:.0%}: networks whose training accuracy is below it do not fit their"
            f" labels.{_drawn_note(study)}",
            supports="Training accuracy near 100 % at every rate, test accuracy that falls to chance: memorisation,"
            " as in the paper.",
            contradicts="Training accuracy that falls with the rate: then networks at high rates have learnt less, and"
            " memorised nothing.",
            table=accuracy_table(study, root_seed=root_seed),
        ),
    )


def _drawn_note(study: xr.DataTree) -> str:
    return drawn_note(study, by="label_corruption", group="rate")
