"""The figures on ablation: the paper's, and the same in other outcomes and by other clamps."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import claimed_layers, listed
from study.analysis.questions.ablation import tables
from study.analysis.questions.ablation.rival_figures import conclusion_figure, further_figures, rival_figures


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure 5 and what speaks for or against reading it as the paper does."""
    claimed = claimed_layers(results, "standardized_effect")
    return (
        *_halves_figures(study, claimed, root_seed),
        *_outcome_figures(study, claimed, root_seed),
        *_curve_figures(study, claimed, root_seed),
        *rival_figures(study, claimed, root_seed),
        conclusion_figure(study, claimed, root_seed),
        *further_figures(study, claimed, root_seed),
    )


def _halves_figures(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-loss",
            chart=Chart.ABLATION_BARS,
            paper_figure="Fig. 5",
            title="Loss when the more, or the less, selective half is ablated",
            shows="Increase of test loss when the more or the less selective half of a layer's units by gOSI is"
            " ablated; mean over networks with 95 % bootstrap intervals. '> 2\N{MULTIPLICATION SIGN}' marks layers where"
            " the more selective half costs more than twice as much; the paper has an asterisk there. One panel for each"
            " clamp; the paper's is to set to zero what the next layer receives.",
            supports=f"In {listed(claimed)} the more selective half costs more than twice as much, in every panel.",
            contradicts="Bars of one height within short intervals, or an order of the two that depends on how a"
            " unit is ablated.",
            table=tables.bars_table(study, root_seed=root_seed),
            second_paper_figure="Fig. A7a",
        ),
        Figure(
            id="ablation-null",
            chart=Chart.ABLATION_NULL,
            paper_figure="Fig. 5",
            title="The same difference against random halves",
            shows="Loss with the more selective half ablated minus loss with the less selective half ablated, in"
            " units of what random halves of the same network's layer give (root mean square). One point a network;"
            f" mean with 95 % bootstrap interval over networks.{drawn_note(study)}",
            supports=f"Points well above 0, beyond 2 in most networks, in {listed(claimed)}.",
            contradicts="A mean whose whole interval lies close around 0 or below it: any half would have done the"
            " same.",
            table=tables.null_table(study, root_seed=root_seed),
            second_paper_figure="Fig. A7a",
        ),
    )


def _outcome_figures(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-responses",
            chart=Chart.NETWORK_DOTS,
            title="Are the less selective units merely silent?",
            shows="Above: the mean response of either half to all gratings, before anything is ablated. Below: the"
            " contrast of the two, which is what is tested; -1 when only the less selective half responds, 1 when only"
            " the more selective half does. Means over networks with 95 % bootstrap intervals. The paper says this in"
            " words and shows no figure.",
            supports=f"A contrast below 0 in {listed(claimed)}: the half that matters more responds less.",
            contradicts="A contrast above 0: the less selective half may matter less because it is nearly silent.",
            table=tables.responses_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-accuracy",
            chart=Chart.ABLATION_ACCURACY,
            title="The same in accuracy",
            shows="Loss of test accuracy, in percentage points, when the more or the less selective half is"
            " ablated; mean over networks with 95 % bootstrap intervals. Loss grows without bound when a network is"
            " wrong and sure of it; accuracy does not.",
            supports=f"In {listed(claimed)} the more selective half costs more accuracy too.",
            contradicts="Bars of one height within short intervals, so that the difference is one of loss alone, or"
            " the other order.",
            table=tables.accuracy_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-classes",
            chart=Chart.ABLATION_CLASSES,
            title="What it costs each class",
            shows="Loss of accuracy on the test images of each class, in percentage points, when the output of"
            f" either half of {listed(claimed)} is set to zero; mean over networks with 95 % bootstrap intervals. A"
            " network with an ablated half often answers with a few classes only, so that these may seem to gain.",
            supports="The more selective half costs more in most classes.",
            contradicts="A few classes make the whole difference.",
            table=tables.classes_table(study, claimed, root_seed=root_seed),
        ),
    )


def _curve_figures(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-curve",
            chart=Chart.FRACTION_CURVES,
            title="Ablating more and more of a layer",
            shows="Increase of loss when 5 to 95 % of a layer's units are set to zero: the most selective first, the"
            " least selective first, or in one random order a network. Mean over networks with 95 % bootstrap"
            " intervals, on the images that random halves are measured on. Each panel has its own scale.",
            supports=f"In {listed(claimed)} the curve of the most selective first lies above the others at every"
            " fraction.",
            contradicts="The curves cross, so that the conclusion hangs on ablating just half, or coincide.",
            table=tables.curves_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-curve-distance",
            chart=Chart.NETWORK_DOTS,
            title="How far the curves lie apart",
            shows="The mean over fractions of one curve minus another: the area between them over the range of"
            " fractions. Means over networks with 95 % bootstrap intervals.",
            supports=f"In {listed(claimed)} all three are above 0: the most selective units are worth more than random"
            " ones, and the least selective less.",
            contradicts="A distance to the random order whose whole interval lies close around 0, or below it.",
            table=tables.distances_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-clamps",
            chart=Chart.NETWORK_DOTS,
            title="Does it matter what a unit is held at?",
            shows="Above: loss on the whole test set with the more selective half ablated minus that with the less"
            " selective half ablated. Below: log2 of the ratio of the two increases, of the networks in which both are"
            " positive; the rule at 1 is twice as much. Means over networks with 95 % bootstrap intervals. One registered claim"
            " asks for a difference above 0 under output set to zero, held at its mean and taken from another image alike.",
            supports=f"In {listed(claimed)} every clamp gives a difference above 0.",
            contradicts="Some clamps give the opposite: what matters is then the clamp.",
            table=tables.clamps_table(study, root_seed=root_seed),
        ),
    )
