"""What ablating halves of its layers costs one network, against random halves of the same layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.results import (
    Figure,
    QuestionResult,
)
from study.analysis.external.tables import PVALUE, follows, in_panels, question_result
from study.analysis.questions.ablation import tables
from study.analysis.questions.ablation.estimands import difference


def ablation_described(study: xr.DataTree, root_seed: int) -> QuestionResult:
    """Return what ablating says of the one network of a study."""
    halves = halves_table(study)
    rivals = _plain(tables.rivals_table(study, root_seed=root_seed))
    by_gosi = rivals["series"].isin((tables.BY_GOSI, tables.BY_CHANCE))
    against_chance = rivals[by_gosi].merge(halves, on="layer", how="left").reset_index(drop=True)
    against_chance.loc[against_chance["series"] != tables.BY_GOSI, ["effect", "p", "p, Holm"]] = np.nan
    curves, said = in_panels(_plain(tables.curves_table(study, root_seed=root_seed)))
    return question_result(
        "ablation",
        notes=_ablation_notes(study, halves),
        figures=(
            *_halves_figures(study, against_chance, root_seed),
            *_rival_figures(rivals, curves, said),
        ),
    )


def _halves_figures(study: xr.DataTree, against_chance: pd.DataFrame, root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-loss",
            chart=Chart.ABLATION_BARS,
            paper_figure=follows(study, "Fig. 5", "Fig. A7b"),
            title="Loss when the more, or the less, selective half is ablated",
            shows="Increase of the loss on the photographs when the more or the less selective half of a layer's"
            " units by gOSI is ablated. '> 2\N{MULTIPLICATION SIGN}' marks layers where the more selective half costs"
            " more than twice as much; the paper has an asterisk there. One panel for each clamp; the paper's is to set"
            " to zero what the next layer receives.",
            supports="Twofold costs in lower layers, in every panel.",
            contradicts="Bars of one height, or an order of the two that depends on what a unit is held at.",
            table=tables.bars_table(study, root_seed=root_seed),
        ),
        Figure(
            id="ablation-halves",
            chart=Chart.NETWORK_DOTS,
            title="The same difference against random halves",
            shows="Loss with the more selective half ablated minus loss with the less selective half ablated,"
            " in units of what random halves of the same layer give (root mean square), and the range in which 95 % of"
            " random halves lie. The table has the difference in nats and its p-value among the random halves, for each"
            " layer by itself and adjusted over all layers (Holm).",
            supports="Differences above the range of random halves in lower layers.",
            contradicts="Differences within the range of random halves: any half would have done the same.",
            table=against_chance,
        ),
        Figure(
            id="ablation-responses",
            chart=Chart.NETWORK_DOTS,
            title="Are the less selective units merely silent?",
            shows="Above: the mean response of either half to all gratings, before anything is ablated. Below: the"
            " contrast of the two; -1 when only the less selective half responds, 1 when only the more selective"
            " does.",
            supports="A contrast below 0 where the more selective half costs more: the half that matters more"
            " responds less.",
            contradicts="A contrast above 0: the less selective half may matter less because it is nearly silent.",
            table=_plain(tables.responses_table(study, root_seed=root_seed)),
        ),
    )


def _rival_figures(rivals: pd.DataFrame, curves: pd.DataFrame, said: str) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-rivals",
            chart=Chart.NETWORK_DOTS,
            title="Rivals of orientation selectivity, and halves made alike",
            shows="The difference of the second figure beside that of halves by class selectivity, and of pairs"
            " of halves that differ in gOSI but are alike in mean activity, in its variation, in weight norm or in sparseness. A"
            " layer without weights of its own, such as a pooling layer, has no halves alike in weight norm.",
            supports="Halves that are made alike still give a difference above the range of random halves.",
            contradicts="No difference once the halves are alike, or as large a difference by class selectivity.",
            table=rivals,
        ),
        Figure(
            id="ablation-curve",
            chart=Chart.FRACTION_CURVES,
            title="Ablating more and more of a layer",
            shows="Increase of loss when 5 to 95 % of a layer's units are set to zero: the most selective first,"
            f" the least selective first, or in one random order. Each panel has its own scale.{said}",
            supports="In lower layers the curve of the most selective first lies above the others at every fraction.",
            contradicts="The curves cross, so that the conclusion hangs on ablating just half, or coincide.",
            table=curves,
        ),
    )


def halves_table(study: xr.DataTree) -> pd.DataFrame:
    """Return each layer's effect against random halves of the same layer: a row a layer.

    Columns are `effect`, T = loss(top) - loss(bottom) in nats; `p`, the randomisation p-value of T among random halves,
    (k + 1) / (n + 1), not adjusted; and `p, Holm`, adjusted over the layers of this network.
    """
    data = study["ablation"].to_dataset().isel(network=0)
    observed = difference(data["null_target_loss"]).values
    null = data["null_effect"].transpose("layer", "draw").values
    pvalues = stats.randomization_pvalue(observed, null, alternative="greater")
    empty = data["half_size"].values == 0
    pvalues = np.where(empty, np.nan, pvalues)
    return pd.DataFrame(
        {
            "layer": data["layer"].values.tolist(),
            "effect": np.where(empty, np.nan, observed),
            "p": pvalues,
            "p, Holm": stats.adjusted_pvalues(pvalues, method="holm"),
        }
    )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of means over networks as one of a single network: without how many networks are in it."""
    return table.drop(columns=[name for name in ("networks", "undefined") if name in table])


def _ablation_notes(study: xr.DataTree, halves: pd.DataFrame) -> tuple[str, ...]:
    data = study["ablation"].to_dataset().isel(network=0)
    draws = data.sizes["draw"]
    small, adjusted = (_listed(halves["layer"][halves[name] <= PVALUE].tolist()) for name in ("p", "p, Holm"))
    too_few = ", too much to pass the adjustment for so many layers" if len(halves) / (1 + draws) > PVALUE else ""
    without = data["layer"].values[data["half_size"].values == 0].tolist()
    return (
        f"Without ablation the loss on the photographs is {float(data['baseline_loss']):.3f} nat and"
        f" {float(data['baseline_accuracy']):.1%} of them are classified correctly.",
        f"Layers of {len(halves)} in which the more selective half costs more than {draws} random halves allow for, at"
        f" a p of at most 0.05: {small}; after Holm's adjustment over the layers: {adjusted}. The least p that {draws}"
        f" random halves can give is {1 / (1 + draws):.2g}{too_few}. These p-values are about this network's layers, on"
        " these photographs; they say nothing of other networks.",
        *(
            (
                "Layers with fewer than two units that respond to gratings, so that there are no halves:"
                f" {_listed(without)}.",
            )
            if without
            else ()
        ),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
