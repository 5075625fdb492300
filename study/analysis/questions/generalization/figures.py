"""The figures on generalisation, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import FOR_THESE_IMAGES
from study.analysis.questions.generalization.association import (
    POOLED,
    WITHIN,
    Sample,
    mixed_note,
    partial_note,
    slope_note,
    slopes_table,
    ways_table,
)
from study.analysis.questions.generalization.tables import bars_table, samples_of, scatter_table


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure 4, and the same association asked for in other ways."""
    samples = list(samples_of(study))
    return (
        Figure(
            id="generalization-scatter",
            chart=Chart.CORRELATION_SCATTER,
            paper_figure="Fig. 4a",
            title="Selectivity against test loss",
            shows="Each point is a network: its layer-mean gOSI against its test loss, coloured by augmentation."
            f"{drawn_note(study)}",
            supports="Points that fall from upper left to lower right within each colour.",
            contradicts="A slope that comes from differences between colours alone, or rises within them.",
            table=scatter_table(study),
            second_paper_figure="Fig. A6a",
        ),
        Figure(
            id="generalization-bars",
            chart=Chart.CORRELATION_BARS,
            paper_figure="Fig. 4b",
            title="Rank correlation of gOSI and test loss, layer by layer",
            shows="Spearman's rho with 95 % bootstrap intervals over networks: pooled over augmentations, as"
            " published, and of ranks within augmentation, as registered.",
            supports="Clearly negative bars of both kinds in the lower layers.",
            contradicts="Bars whose whole interval lies close around zero, or of opposite sign once augmentation is"
            " held constant.",
            table=bars_table(samples, root_seed=root_seed),
            second_paper_figure="Fig. A6b",
        ),
        Figure(
            id="generalization-slopes",
            chart=Chart.GROUP_SLOPES,
            title="Do the augmentations tell the same story as all together?",
            shows="Least-squares lines of test loss over layer-mean gOSI: through all networks (dashed), with the"
            " slope that is common to all augmentations (solid), and through the networks of each augmentation (coloured). Where"
            " the dashed and the solid line have slopes of opposite sign, the panel's heading says so: Simpson's"
            " paradox, unless one of the slopes is so small that its sign is chance.",
            supports="Dashed, solid and coloured lines all fall in the lower layers.",
            contradicts="The dashed line falls and the coloured ones do not: then the augmentations differ, not the"
            " networks in them.",
            table=slopes_table(samples),
        ),
        Figure(
            id="generalization-ways",
            chart=Chart.CORRELATION_WAYS,
            title="The same question asked in other ways",
            shows="Association of layer-mean gOSI with test loss. Above, rank correlations with 95 % intervals:"
            " pooled over augmentations; within augmentation; within augmentation given training loss; the mean of the"
            " augmentations' own correlations, taken to differ at random; and each augmentation's own. Below, the slope of a mixed"
            " model with a random intercept for each augmentation (REML, Wald intervals): change of test loss, in nats, per"
            " standard deviation of gOSI over networks. P-values in the table are two-sided and not adjusted for the"
            " number of layers or ways; none of them decides a verdict.",
            supports="All ways agree on a negative association in the lower layers.",
            contradicts="A negative association when pooled, and one that is positive, or close to 0 with a short"
            " interval, within augmentation or given training loss.",
            table=ways_table(samples, root_seed=root_seed),
        ),
    )


def _sign_note(samples: Sequence[Sample]) -> str:
    rho = {kind: {sample.layer: _rho(sample, kind) for sample in samples} for kind in (POOLED, WITHIN)}
    if any(np.isnan(list(of_kind.values())).all() for of_kind in rho.values()):
        return "Too few networks for a correlation within augmentation."
    flipped = [layer for layer in rho[POOLED] if rho[POOLED][layer] * rho[WITHIN][layer] < 0]
    return f"Pooled and within-augmentation correlation have opposite signs in: {', '.join(flipped) or 'no layer'}."


def _rho(sample: Sample, kind: str) -> float:
    strata = sample.pooled if kind == POOLED else sample.augmentation
    return stats.stratified_spearman(sample.gosi, sample.test_loss, strata).statistic


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say where the pooled correlation and those within augmentation disagree, what models are worth, of which images it holds."""
    samples = list(samples_of(study))
    return (*(note(samples) for note in (_sign_note, slope_note, partial_note, mixed_note)), FOR_THESE_IMAGES)
