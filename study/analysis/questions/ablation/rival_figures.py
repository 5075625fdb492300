"""The figures on what else might explain the cost of an ablation, and on what other analyses would conclude."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.analysis.core.words import listed
from study.analysis.questions.ablation import tables
from study.analysis.questions.ablation.conclusions import conclusions_table, further_table


def rival_figures(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> tuple[Figure, ...]:
    """Return what else the halves differ in, and the cost of halves by, or alike in, something else."""
    return (
        Figure(
            id="ablation-differences",
            chart=Chart.NETWORK_DOTS,
            title="What else the halves differ in",
            shows="The more selective half's mean minus the less selective half's, in standard deviations over the"
            " units of both halves: how active the units are on training images, how much that varies, how far from"
            " zero the mean is that output zero replaces, how large the weights are that they read, how selective"
            " they are for a class, and how sparse their responses to gratings are (the mean gOSI of a unit's own shuffled"
            " responses, which is the higher the fewer gratings drive it). Means over networks with 95 % bootstrap intervals.",
            supports="Intervals close around 0 throughout: of all that is shown here, the halves differ in gOSI alone.",
            contradicts="Large differences: ablating may cost more because of them and not because of gOSI.",
            table=tables.differences_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-rivals",
            chart=Chart.NETWORK_DOTS,
            title="Rivals of orientation selectivity, and halves made alike",
            shows="Loss with one half ablated minus loss with the other, in units of what random halves give."
            " Beside the halves by gOSI: halves by class selectivity, the more class-selective half first; and four"
            " pairs of halves that differ in gOSI but are alike in mean activity, in its variation, in weight norm or in"
            " sparseness (neighbours in that quantity are paired, and the unit with the higher gOSI goes into the first half)."
            " They differ less in gOSI than the halves by gOSI do, so a smaller effect is no evidence by itself. Means"
            " over networks with 95 % bootstrap intervals; for random halves the range in which 95 % of means over as"
            " many networks lie.",
            supports=f"In {listed(claimed)} halves that are made alike still give an effect above that of random"
            " halves, and class selectivity does not.",
            contradicts="An interval close around 0 once the halves are alike in activity, weights or sparseness, or as large an"
            " effect of class selectivity.",
            table=tables.rivals_table(study, root_seed=root_seed),
        ),
    )


def conclusion_figure(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> Figure:
    """Return what every specification says of the paper's conclusion."""
    table = conclusions_table(study, claimed, root_seed=root_seed)
    n_specifications, n_layers = table["specification"].nunique(), table["layer"].nunique()
    return Figure(
        id="ablation-conclusion",
        chart=Chart.ABLATION_FOREST,
        title="Would the paper's conclusion change?",
        shows=f"Exploratory: {n_specifications} specifications of the same experiment in {n_layers} layers, {len(table)} rows"
        " looked at, with p-values not adjusted for that. Each row changes one thing about the analysis as published"
        " (output set to zero, test loss, all test images, two halves by gOSI). Drawn is the mean effect over networks"
        " with its 95 % bootstrap interval, each divided by the effect's standard deviation over networks, so that"
        " specifications in different units can be compared; the table has them in their own units, all layers, the"
        " two-sided sign-flip p, the ratio of mean costs as the paper computes it and whether it exceeds 2. The rule:"
        " an interval above 0 gives the same conclusion as the paper, one below 0 the opposite, any other cannot tell."
        " Of simulated effects that are normal around 0, 8 % of such intervals miss 0 with 24 networks and 12 % with 8."
        " For halves by class selectivity the same conclusion means that the paper's sentence would hold of class"
        " selectivity as well.",
        supports=f"The same conclusion in every row of {listed(claimed)}, but for class selectivity.",
        contradicts="Rows that say the opposite: the conclusion depends on a choice that the paper does not justify.",
        table=table,
    )


def further_figures(study: xr.DataTree, claimed: Sequence[str], root_seed: int) -> tuple[Figure, ...]:
    """Return what mediation, need, dose and rivals say of the paper's conclusion; nothing without networks in its layers."""
    table = further_table(study, claimed, root_seed=root_seed)
    if table.empty:
        return ()
    return (
        Figure(
            id="ablation-conclusion-further",
            chart=Chart.ABLATION_FOREST,
            title="Would it change by what else was measured of the ablation?",
            shows=f"Exploratory: {table['specification'].nunique()} rows a layer, p-values not adjusted for that. First the"
            " analysis as published. Then: the loss by variation under shifts, and what halves cost without variation"
            " (mediation); halves at the best constants, or with moments re-estimated (need); the slope of the cost on gOSI"
            " (dose); halves by gOSI less halves by a rival, and by gOSI from half of the gratings (rivals). Mean over networks"
            " with its 95 % bootstrap interval, over the standard deviation over networks; the table has them in their own"
            " units. An interval above 0 speaks for the paper's conclusion, one below 0 for its opposite, any other cannot tell.",
            supports="Intervals above 0 throughout, but for what halves cost once variation is taken away, which by the paper's"
            " own account would be gone.",
            contradicts="Rows at or below 0: selective halves cost more as published, but not for the reason that is given.",
            table=table,
        ),
    )
