"""One network, described: the paper's figures on existence, spatial frequency and ablation, and what holds within it.

A network is one experimental unit. Nothing here is tested over networks: what has a p-value is a unit against shuffles
of its own responses, or a layer of this network against random halves of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis import ablation, ablation_tables, existence, replication, spatial_frequency
from study.analysis.ablation_effects import difference
from study.analysis.question import layer_means
from study.analysis.results import Figure, QuestionResult
from study.analysis.testing import Tested, tested_layers, with_verdicts
from study.registration import Registration
from study.tuning import SELECTIVE

MOST_PANELS = 24  # layers with a panel of their own; figures with all layers on one axis show the others
PVALUE = 0.05


def described(study: xr.DataTree, registration: Registration | None, *, root_seed: int) -> tuple[QuestionResult, ...]:
    """Return what can be said of the one network of a study, question by question.

    Parameters
    ----------
    study
        The compacted study of one network from elsewhere; see `study.schema.PROBED`.
    registration
        Where it is given, the estimates of what is registered for VGG16 are added, each untested for want of networks.
    root_seed
        Seed of resampling.
    """
    questions = [_existence(study), _spatial_frequency(study)]
    if "ablation" in study.children:
        questions.append(_ablation(study))
    if registration is not None:
        questions.append(_vgg16(study, registration, root_seed))
    return tuple(questions)


def layer_table(study: xr.DataTree) -> pd.DataFrame:
    """Return what was found in each layer: a row a layer, shares of its units that are not silent.

    `p at most 0.05` counts a unit's own shuffles: by chance alone about one in twenty has so small a p.
    """
    tuning = existence.tuning_of(study, "analysed").isel(network=0)
    measured = tuning.where(~tuning["silent"])
    layers = list(dict.fromkeys(tuning["unit_layer"].values.tolist()))
    columns = {
        "silent": layer_means(tuning["silent"].astype(float)),
        "mean gOSI": layer_means(measured["gosi"]),
        "mean gOSI, shuffled": layer_means(measured["gosi_null_mean"]),
        "selective": _share(measured["gosi"], lambda gosi: gosi > SELECTIVE),
        "selective, shuffled": layer_means(measured["gosi_null_selective"]),
        "p at most 0.05": _share(measured["gosi_pvalue"], lambda pvalue: pvalue <= PVALUE),
        "p at most 0.05, orientation": _share(measured["gosi_orientation_pvalue"], lambda pvalue: pvalue <= PVALUE),
    }
    table = pd.DataFrame({name: values.values for name, values in columns.items()})
    table.insert(0, "layer", layers)
    table.insert(1, "units", [int((tuning["unit_layer"] == name).sum()) for name in layers])
    return table


def _share(values: xr.DataArray, holds: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataArray:
    """Return the share of each layer's units with a value for which something holds; NaN where there is none."""
    return layer_means(holds(values).where(values.notnull()))


def spread_layers(layers: Sequence[str], most: int = MOST_PANELS) -> list[str]:
    """Return at most so many layers, at even steps from the first to the last."""
    return [layers[i] for i in np.unique(np.linspace(0, len(layers) - 1, min(most, len(layers))).round().astype(int))]


def _in_panels(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows of the layers that get a panel, and a sentence where others do not."""
    layers = list(dict.fromkeys(table["layer"]))
    drawn = spread_layers(layers)
    if len(drawn) == len(layers):
        return table, ""
    said = f" {len(drawn)} of {len(layers)} layers are drawn, at even steps; the figure of all layers has the others."
    return table[table["layer"].isin(drawn)].reset_index(drop=True), said


def _dots(
    table: pd.DataFrame, columns: Mapping[str, Mapping[str, str]], references: Mapping[str, float]
) -> pd.DataFrame:
    """Return a row for each layer, quantity and series; `columns` names the column of `table` by quantity and series."""
    rows = [
        {"layer": layer, "quantity": quantity, "series": series, "value": value, "ci_low": math.nan, "ci_high": math.nan,
         "reference": references.get(quantity, math.nan)}
        for quantity, by_series in columns.items()
        for series, column in by_series.items()
        for layer, value in zip(table["layer"], table[column], strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _follows(study: xr.DataTree, figure: str, of_vgg16: str) -> str:
    """Return the paper's figure that one here follows."""
    return of_vgg16 if replication.holds_vgg16(study) else figure


def _existence(study: xr.DataTree) -> QuestionResult:
    layers = layer_table(study)
    histogram, said = _in_panels(existence.histogram_table(study, "analysed"))
    depth = layers["layer"].tolist()
    examples = list(dict.fromkeys((depth[len(depth) // 4], depth[(3 * len(depth)) // 4])))
    by_layer = _dots(
        layers,
        {
            "share of units with gOSI above 0.33": {"measured": "selective", "own responses shuffled": "selective, shuffled"},
            "mean gOSI": {"measured": "mean gOSI", "own responses shuffled": "mean gOSI, shuffled"},
            "share of units with a shuffle p of at most 0.05": {
                "measured": "p at most 0.05", "orientation labels shuffled": "p at most 0.05, orientation",
            },
        },
        {"share of units with a shuffle p of at most 0.05": PVALUE},
    )  # fmt: skip
    question = existence.QUESTION
    return QuestionResult(
        question.name, question.title, question.paper_section, question.claim, (), notes=_existence_notes(study, layers),
        figures=(
            Figure(
                "existence-layers", "ablation_dots", "", "Orientation selectivity, layer by layer",
                "All layers in the network's order. Above: the share of units with a gOSI above 0.33, and the same share"
                " among shuffles of their own responses. Middle: mean gOSI, measured and shuffled. Below: the share of units"
                " whose own shuffle p is at most 0.05, once with all responses of the unit shuffled and once with the"
                " orientation labels alone; the rule is at the 5 % that chance gives. Silent units are left out.",
                "Measured values well above shuffled ones in most layers.",
                "Measured and shuffled values that coincide: then sparse responses alone explain the gOSI.",
                by_layer,
            ),
            Figure(
                "existence-curves", "tuning_curves", "Fig. 1", "Orientation-tuning curves of example units",
                "Response to gratings of twelve orientations, at the unit's preferred spatial frequency and best phase, of"
                " units of a layer a quarter and of one three quarters of the way through the network. Units were chosen at"
                " even steps from the lowest to the highest gOSI.",
                "A clear peak at one orientation, and a gOSI above 0.33 beside it.",
                "Flat curves, or peaks no higher than chance variation between orientations.",
                existence.example_curves(study, examples),
            ),
            Figure(
                "existence-histogram", "gosi_histogram", _follows(study, "Fig. 2", "Fig. A4b"),
                "Orientation selectivity of all units, layer by layer",
                "Share of units at each gOSI (filled) and after shuffling each unit's own responses (outline); silent units"
                f" left out.{said}",
                "The filled histogram lies to the right of the outline and reaches past 0.33.",
                "The two coincide: then sparse responses alone explain the gOSI.",
                histogram,
            ),
        ),
    )  # fmt: skip


def _existence_notes(study: xr.DataTree, layers: pd.DataFrame) -> tuple[str, ...]:
    tuning = existence.tuning_of(study, "analysed").isel(network=0)
    silent = tuning["silent"].values
    own = tuning.isel(unit=np.flatnonzero(~silent))
    notes = []
    if own.sizes["unit"]:
        selective, shuffled = float((own["gosi"] > SELECTIVE).mean()), float(own["gosi_null_selective"].mean())
        passing = float((own["gosi_pvalue"] <= PVALUE).mean())
        notes.append(
            f"Of {own.sizes['unit']:,} units that respond to gratings, {selective:.1%} have a gOSI above 0.33; of shuffles of"
            f" their own responses, {shuffled:.1%}. {passing:.1%} have a shuffle p of at most 0.05, where chance gives 5 %."
        )
    most = layers.iloc[int(layers["silent"].argmax())]
    notes.append(
        "No unit is silent." if not silent.any() else
        f"Silent units (no response to any grating; gOSI undefined, left out): {silent.mean():.1%} of all, most in"
        f" {most['layer']} ({most['silent']:.1%})."
    )  # fmt: skip
    rectified = study["rectification"]["rectified"].isel(network=0)
    if float(rectified.max()) > 0:
        notes.append(
            f"Responses below 0, which the index does not know, were read as 0: {float(rectified.mean()):.1%} of all"
            f" responses, in {int((rectified > 0).sum()):,} of {rectified.size:,} units."
        )
    return tuple(notes)


def _spatial_frequency(study: xr.DataTree) -> QuestionResult:
    ranges, said = _in_panels(spatial_frequency.range_table(study))
    shares = {
        group: spatial_frequency.zero_range_share(study, fewest).isel(network=0)
        for group, fewest in spatial_frequency.GROUPS.items()
    }
    table = pd.DataFrame({group: share.values for group, share in shares.items()})
    table.insert(0, "layer", next(iter(shares.values()))["layer"].values.tolist())
    quantity = "share of selective units with range 0"
    question = spatial_frequency.QUESTION
    return QuestionResult(
        question.name, question.title, question.paper_section, question.claim, (), notes=question.notes(study),
        figures=(
            Figure(
                "spatial_frequency-layers", "ablation_dots", "", "Units with one preferred orientation, layer by layer",
                "The share of selective units (gOSI above 0.33) that prefer the same orientation at all spatial frequencies"
                " whose peak exceeds half of the overall peak; and the same of the units that have at least two such"
                " frequencies, as with one alone the range is 0 by construction. The rule is at one half: most units.",
                "Both shares above one half in most layers.",
                "A share below one half once units with a single frequency are set aside.",
                _dots(table, {quantity: {group: group for group in shares}}, {quantity: 0.5}),
            ),
            Figure(
                "spatial_frequency-range", "range_histogram", _follows(study, "Fig. A2", "Fig. A3b"),
                "Range of preferred orientations over spatial frequencies",
                "Share of selective units at each range: the shortest arc that holds the preferred orientations of all"
                f" spatial frequencies whose peak exceeds half of the overall peak.{said}",
                "Most units at 0 degrees, also among those with at least two frequencies.",
                "Ranges spread widely once units with a single frequency are set aside.",
                ranges,
            ),
        ),
    )  # fmt: skip


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
    return pd.DataFrame({
        "layer": data["layer"].values.tolist(), "effect": np.where(empty, np.nan, observed), "p": pvalues,
        "p, Holm": stats.adjusted_pvalues(pvalues, method="holm"),
    })  # fmt: skip


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of means over networks as one of a single network: without how many networks are in it."""
    return table.drop(columns=[name for name in ("networks", "undefined") if name in table])


def _ablation(study: xr.DataTree) -> QuestionResult:
    halves = halves_table(study)
    rivals = _plain(ablation_tables.rivals_table(study))
    by_gosi = rivals["series"].isin((ablation_tables.BY_GOSI, ablation_tables.BY_CHANCE))
    against_chance = rivals[by_gosi].merge(halves, on="layer", how="left").reset_index(drop=True)
    against_chance.loc[against_chance["series"] != ablation_tables.BY_GOSI, ["effect", "p", "p, Holm"]] = np.nan
    curves, said = _in_panels(_plain(ablation_tables.curves_table(study)))
    question = ablation.QUESTION
    return QuestionResult(
        question.name, question.title, question.paper_section, question.claim, (), notes=_ablation_notes(study, halves),
        figures=(
            Figure(
                "ablation-loss", "ablation_bars", _follows(study, "Fig. 5", "Fig. A7b"),
                "Loss when the more, or the less, selective half is silenced",
                "Increase of the loss on the photographs when the more or the less selective half of a layer's units by gOSI"
                " is silenced. Asterisks mark layers where the more selective half costs more than twice as much, as in the"
                " paper. One panel for each way of silencing; the paper's is to set to zero what the next layer receives.",
                "Asterisks in lower layers, in every panel.",
                "Bars of one height, or an order of the two that depends on how a unit is silenced.",
                ablation_tables.bars_table(study),
            ),
            Figure(
                "ablation-halves", "ablation_dots", "", "The same difference against random halves",
                "Loss with the more selective half silenced minus loss with the less selective half silenced, in units of"
                " what random halves of the same layer give (root mean square), and the range in which 95 % of random halves"
                " lie. The table has the difference in nats and its p-value among the random halves, for each layer by"
                " itself and adjusted over all layers (Holm).",
                "Differences above the range of random halves in lower layers.",
                "Differences within the range of random halves: any half would have done the same.",
                against_chance,
            ),
            Figure(
                "ablation-silence", "ablation_dots", "", "Are the less selective units merely silent?",
                "Above: the mean response of either half to all gratings, before anything is silenced. Below: the"
                " contrast of the two; -1 when only the less selective half responds, 1 when only the more selective does.",
                "A contrast below 0 where the more selective half costs more: the half that matters more responds less.",
                "A contrast above 0: the less selective half may matter less because it is nearly silent.",
                _plain(ablation_tables.silence_table(study)),
            ),
            Figure(
                "ablation-rivals", "ablation_dots", "", "Rivals of orientation selectivity, and halves made alike",
                "The difference of the second figure beside that of halves by class selectivity, and of pairs of halves that"
                " differ in gOSI but are alike in mean activity, in its variation or in weight norm. A layer without weights"
                " of its own, such as a pooling layer, has no halves alike in weight norm.",
                "Halves that are made alike still give a difference above the range of random halves.",
                "No difference once the halves are alike, or as large a difference by class selectivity.",
                rivals,
            ),
            Figure(
                "ablation-curve", "ablation_curves", "", "Silencing more and more of a layer",
                "Increase of loss when 5 to 95 % of a layer's units are set to zero: the most selective first, the least"
                f" selective first, or in one random order. Each panel has its own scale.{said}",
                "In lower layers the curve of the most selective first lies above the others at every fraction.",
                "The curves cross, so that the conclusion hangs on silencing just half, or coincide.",
                curves,
            ),
        ),
    )  # fmt: skip


def _ablation_notes(study: xr.DataTree, halves: pd.DataFrame) -> tuple[str, ...]:
    data = study["ablation"].to_dataset().isel(network=0)
    draws = data.sizes["draw"]
    small, adjusted = (_listed(halves["layer"][halves[name] <= PVALUE].tolist()) for name in ("p", "p, Holm"))
    without = data["layer"].values[data["half_size"].values == 0].tolist()
    return (
        f"Without ablation the loss on the photographs is {float(data['baseline_loss']):.3f} nat and"
        f" {float(data['baseline_accuracy']):.1%} of them are classified correctly.",
        f"Layers of {len(halves)} in which the more selective half costs more than {draws} random halves allow for, at a p of"
        f" at most 0.05: {small}; after Holm's adjustment over the layers: {adjusted}."
        f" The least p that {draws} random halves can give is {1 / (1 + draws):.2g}. These p-values are about this network's"
        " layers, on these photographs; they say nothing of other networks.",
        *((f"Layers with fewer than two units that respond to gratings, so that there are no halves: {_listed(without)}.",)
          if without else ()),
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _vgg16(study: xr.DataTree, registration: Registration, root_seed: int) -> QuestionResult:
    """Return the estimates of what is registered for VGG16, each beside what the paper says."""
    measures = replication.QUESTION.measures
    tested = {
        name: Tested(
            one, measures[one.measure], tested_layers(one, measures[one.measure], study, root_seed=root_seed), study
        )
        for name, one in registration.hypotheses.items()
        if one.measure in replication.OF_VGG16
    }
    return QuestionResult(
        "vgg16", "What is registered for VGG16, described", replication.QUESTION.paper_section,
        "Orientation-selective units exist in all layers of VGG16, and they prefer one orientation at most spatial"
        " frequencies (Figs. A3b, A4b). Shuffled responses give as high a gOSI in its high layers. Silencing the more"
        " selective half costs more than twice as much in block1_conv2, block1_pool and block2_conv1 (Fig. A7b).",
        tuple(with_verdicts(tested).values()),
        notes=(
            "One network is one experimental unit: each estimate stands as it is, and the registered test, which needs"
            " several networks, is not run.",
        ),
    )  # fmt: skip
