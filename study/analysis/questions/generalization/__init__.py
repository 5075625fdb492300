"""Do networks that generalise better have more selective lower layers (section 3.3; Fig. 4a, b)?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import (
    PUBLISHED_ALPHA,
    Estimand,
    PublishedAnalysis,
    Question,
    drawn_networks,
    drawn_note,
    layer_means,
    network_table,
    read_as_absence,
)
from study.analysis.core.results import INCONCLUSIVE, Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.existence import tuning_of
from study.analysis.questions.generalization.association import (
    POOLED,
    WITHIN,
    Sample,
    mixed_note,
    partial_note,
    rank_correlation,
    slope_note,
    slopes_table,
    ways_table,
)


def layer_gosi(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI of the analysed weights: (network, layer)."""
    return layer_means(tuning_of(study, "analysed")["gosi"])


def test_loss(study: xr.DataTree) -> xr.DataArray:
    """Return the test loss in nats: (network,)."""
    return network_table(study)["test_loss"]


def _pooled(study: xr.DataTree, layer: str) -> tuple[float, float]:
    """Return Spearman's rho over all networks, augmentations ignored, and its asymptotic p: NaN when undefined."""
    gosi = layer_gosi(study).sel(layer=layer).values
    loss = test_loss(study).values
    defined = ~np.isnan(gosi)
    outcome = stats.textbook_spearman(gosi[defined], loss[defined], alternative="two-sided")
    return outcome.statistic, outcome.pvalue


def _published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    rows = []
    for layer in layers:
        rho, pvalue = _pooled(study, layer)
        note = "pooled over augmentations, which invites Simpson's paradox"
        row = published_layer(layer, rho, rho < 0, note, pvalue=pvalue)
        rows.append(dataclasses.replace(row, verdict=INCONCLUSIVE) if pvalue >= PUBLISHED_ALPHA else row)
    return tuple(rows)


def _published_absence(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    return tuple(read_as_absence(row) for row in _published(study, layers, root_seed=root_seed))


def _scatter_table(study: xr.DataTree) -> pd.DataFrame:
    gosi = layer_gosi(study).rename("gosi").isel(network=drawn_networks(study))
    table = gosi.reset_coords(drop=True).to_dataframe().reset_index()
    networks = network_table(study)[["test_loss", "augmentation"]].reset_coords("augmentation").reset_coords(drop=True)
    return table.merge(networks.to_dataframe().reset_index(), on="network")[
        ["layer", "network", "augmentation", "gosi", "test_loss"]
    ]


def _samples(study: xr.DataTree) -> Iterator[Sample]:
    gosi, networks = layer_gosi(study), network_table(study)
    train_loss, augmentation = networks["final_train_loss"].values, np.array(gosi["augmentation"].values.tolist())
    for layer in gosi["layer"].values.tolist():
        values = gosi.sel(layer=layer).values
        defined = ~np.isnan(values)
        yield Sample(
            layer, values[defined], test_loss(study).values[defined], train_loss[defined], augmentation[defined]
        )


def _bars_table(samples: Sequence[Sample]) -> pd.DataFrame:
    """Return rho per layer, pooled and within augmentation, with 95 % bootstrap intervals over networks."""
    rows = []
    for sample in samples:
        for kind in (POOLED, WITHIN):
            rho, interval = rank_correlation(sample, kind)
            rows.append((sample.layer, kind, rho, interval.low, interval.high))
    table = pd.DataFrame(rows, columns=["layer", "kind", "estimate", "ci_low", "ci_high"])
    return table[table["estimate"].notna()]


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    samples = list(_samples(study))
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
            table=_scatter_table(study),
            second_paper_figure="Fig. A6a",
        ),
        Figure(
            id="generalization-bars",
            chart=Chart.CORRELATION_BARS,
            paper_figure="Fig. 4b",
            title="Rank correlation of gOSI and test loss, layer by layer",
            shows="Spearman's rho with 95 % bootstrap intervals over networks: pooled over augmentations, as"
            " published, and"
            " of ranks within augmentation, as registered.",
            supports="Clearly negative bars of both kinds in the lower layers.",
            contradicts="Bars whose whole interval lies close around zero, or of opposite sign once augmentation is"
            " held constant.",
            table=_bars_table(samples),
            second_paper_figure="Fig. A6b",
        ),
        Figure(
            id="generalization-slopes",
            chart=Chart.GROUP_SLOPES,
            title="Do the augmentations tell the same story as all together?",
            shows="Least-squares lines of test loss over layer-mean gOSI: through all networks (dashed), with the"
            " slope that is"
            " common to all augmentations (solid), and through the networks of each augmentation (coloured). Where the"
            " dashed and the solid line have slopes of opposite sign, the panel's heading says so: Simpson's"
            " paradox, unless"
            " one of the slopes is so small that its sign is chance.",
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
            " pooled over"
            " augmentations; within augmentation; within augmentation given training loss; the mean of the"
            " augmentations'"
            " own correlations, taken to differ at random; and each augmentation's own. Below, the slope of a mixed"
            " model"
            " with a random intercept for each augmentation (REML, Wald intervals): change of test loss, in nats, per"
            " standard deviation of gOSI over networks. P-values in the table are two-sided and not adjusted for the"
            " number of layers or ways; none of them decides a verdict.",
            supports="All ways agree on a negative association in the lower layers.",
            contradicts="A negative association when pooled, and one that is positive, or close to 0 with a short"
            " interval, within"
            " augmentation or given training loss.",
            table=ways_table(samples),
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


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    samples = list(_samples(study))
    return tuple(note(samples) for note in (_sign_note, slope_note, partial_note, mixed_note))


QUESTION = Question(
    title="Do networks that generalise better have more selective lower layers?",
    paper_section="3.3",
    claim="Over 200 networks, layer-mean gOSI correlates negatively with test loss in the lower layers, except in"
    " Conv 1.",
    estimands={
        "gosi_against_test_loss": Estimand(values=layer_gosi, against=test_loss),
        "gosi_against_test_loss_absence": Estimand(values=layer_gosi, against=test_loss),
    },
    published={
        "gosi_against_test_loss": PublishedAnalysis(
            layers=_published,
            test="Spearman's rho, all networks pooled. The paper prints no p; here the asymptotic one.",
            difference="Pooling: augmentation changes gOSI and test loss both, which alone can make or reverse a"
            " correlation; here ranks are taken and permuted within augmentation.",
        ),
        "gosi_against_test_loss_absence": PublishedAnalysis(
            layers=_published_absence,
            test="Spearman's rho, all networks pooled, by eye. Here: absence read from a large asymptotic p.",
            difference="Absence and pooling: a large p says nothing of how large rho is; here rho, of ranks within"
            " augmentation, must lie within the registered margin.",
        ),
    },
    figures=_figures,
    notes=_notes,
)
