"""Are selective units in the lower layers causally important (section 3.4; Figs. 5 and A7a)?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import NOT_IN_PAPER, Estimand, PublishedAnalysis, Question, drawn_note, unpublished
from study.analysis.core.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.ablation import tables
from study.analysis.questions.ablation.effects import (
    control_effect,
    effect,
    increase_under,
    log2_ratio,
    loss_increase,
    response_contrast,
    standardized_effect,
)
from study.analysis.questions.ablation.variants import (
    CLAIMED,
    CLAMP_WORDS,
    TWOFOLD,
    conclusions_sentence,
    conclusions_table,
)
from study.vocabulary.seeding import stream

_OTHER_CLAMP = "Intervention: the same units, silenced in another way than the published numbers come from."

__all__ = ["QUESTION", "effect", "log2_ratio", "loss_increase", "response_contrast", "standardized_effect"]


def _published_ratio(clamp: str, exceeds: bool) -> Callable[..., tuple[PublishedLayer, ...]]:
    def published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
        """Return the ratio of mean loss increases; the paper marks a layer where it exceeds 2."""
        increase = increase_under(study, clamp).mean("network").reindex(layer=list(layers))
        rows = []
        for layer in layers:
            top, bottom = (float(increase.sel(layer=layer, target=target)) for target in ("top", "bottom"))
            ratio = top / bottom if top > 0 and bottom > 0 else float("nan")
            note = "no test: ratio of mean loss increases"
            if np.isnan(ratio):
                note = "not measured" if np.isnan(top) else "ratio undefined: an increase is not positive"
            rows.append(published_layer(layer, ratio, (ratio > TWOFOLD) == exceeds, note))
        return tuple(rows)

    return published


def _published_contrast(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    contrast = response_contrast(study).mean("network").reindex(layer=list(layers))
    return tuple(
        published_layer(layer, value, value < 0, "no test: sign of the mean")
        for layer, value in zip(layers, contrast.values.tolist(), strict=True)
    )


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    return (*_published_figures(study), *_control_figures(study), _conclusion_figure(study))


def _published_figures(study: xr.DataTree) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-loss",
            chart=Chart.ABLATION_BARS,
            paper_figure="Fig. 5",
            title="Loss when the more, or the less, selective half is silenced",
            shows="Increase of test loss when the more or the less selective half of a layer's units by gOSI is"
            " silenced; mean"
            " over networks with 95 % bootstrap intervals. Asterisks mark layers where the more selective half costs"
            " more"
            " than twice as much, as in the paper. One panel for each way of silencing; the paper's is to set to"
            " zero what"
            " the next layer receives.",
            supports="In conv2 and conv3 the more selective half costs more than twice as much, in every panel.",
            contradicts="Bars of one height within short intervals, or an order of the two that depends on how a"
            " unit is silenced.",
            table=tables.bars_table(study),
            second_paper_figure="Fig. A7a",
        ),
        Figure(
            id="ablation-null",
            chart=Chart.ABLATION_NULL,
            paper_figure="Fig. 5",
            title="The same difference against random halves",
            shows="Loss with the more selective half silenced minus loss with the less selective half silenced, in"
            " units of what"
            " random halves of the same network's layer give (root mean square). One point a network; mean with 95 %"
            f" bootstrap interval over networks.{drawn_note(study)}",
            supports="Points well above 0, beyond 2 in most networks, in conv2 and conv3.",
            contradicts="A mean whose whole interval lies close around 0 or below it: any half would have done the"
            " same.",
            table=tables.null_table(study),
            second_paper_figure="Fig. A7a",
        ),
        Figure(
            id="ablation-silence",
            chart=Chart.NETWORK_DOTS,
            title="Are the less selective units merely silent?",
            shows="Above: the mean response of either half to all gratings, before anything is silenced. Below: the"
            " contrast of the two, which is what is tested; -1 when only the less selective half responds, 1 when"
            " only the"
            " more selective half does. Means over networks with 95 % bootstrap intervals. The paper says this in words"
            " and shows no figure.",
            supports="A contrast below 0 in conv2 and conv3: the half that matters more responds less.",
            contradicts="A contrast above 0: the less selective half may matter less because it is nearly silent.",
            table=tables.silence_table(study),
        ),
        Figure(
            id="ablation-accuracy",
            chart=Chart.ABLATION_ACCURACY,
            title="The same in accuracy",
            shows="Loss of test accuracy, in percentage points, when the more or the less selective half is"
            " silenced; mean over"
            " networks with 95 % bootstrap intervals. Loss grows without bound when a network is wrong and sure of it;"
            " accuracy does not.",
            supports="In conv2 and conv3 the more selective half costs more accuracy too.",
            contradicts="Bars of one height within short intervals, so that the difference is one of loss alone, or"
            " the other order.",
            table=tables.accuracy_table(study),
        ),
        Figure(
            id="ablation-classes",
            chart=Chart.ABLATION_CLASSES,
            title="What it costs each class",
            shows="Loss of accuracy on the test images of each class, in percentage points, when the output of"
            " either half of"
            " conv2 or conv3 is set to zero; mean over networks with 95 % bootstrap intervals. A silenced network often"
            " answers with a few classes only, so that these may seem to gain.",
            supports="The more selective half costs more in most classes.",
            contradicts="A few classes make the whole difference.",
            table=tables.classes_table(study),
        ),
    )


def _control_figures(study: xr.DataTree) -> tuple[Figure, ...]:
    return (
        Figure(
            id="ablation-curve",
            chart=Chart.FRACTION_CURVES,
            title="Silencing more and more of a layer",
            shows="Increase of loss when 5 to 95 % of a layer's units are set to zero: the most selective first, the"
            " least"
            " selective first, or in one random order a network. Mean over networks with 95 % bootstrap intervals,"
            " on the"
            " images that random halves are measured on. Each panel has its own scale.",
            supports="In conv2 and conv3 the curve of the most selective first lies above the others at every"
            " fraction.",
            contradicts="The curves cross, so that the conclusion hangs on silencing just half, or coincide.",
            table=tables.curves_table(study),
        ),
        Figure(
            id="ablation-curve-distance",
            chart=Chart.NETWORK_DOTS,
            title="How far the curves lie apart",
            shows="The mean over fractions of one curve minus another: the area between them over the range of"
            " fractions."
            " Means over networks with 95 % bootstrap intervals.",
            supports="In conv2 and conv3 all three are above 0: the most selective units are worth more than random"
            " ones, and the"
            " least selective less.",
            contradicts="A distance to the random order whose whole interval lies close around 0, or below it.",
            table=tables.distances_table(study),
        ),
        Figure(
            id="ablation-clamps",
            chart=Chart.NETWORK_DOTS,
            title="Does it matter how a unit is silenced?",
            shows="Above: loss on the whole test set with the more selective half silenced minus that with the less"
            " selective"
            " half silenced. Below: log2 of the ratio of the two increases, of the networks in which both are"
            " positive; the"
            " rule at 1 is twice as much. Means over networks with 95 % bootstrap intervals.",
            supports="In conv2 and conv3 every way of silencing gives a difference above 0.",
            contradicts="Some ways of silencing give the opposite: what matters is then the clamp.",
            table=tables.clamps_table(study),
        ),
        Figure(
            id="ablation-differences",
            chart=Chart.NETWORK_DOTS,
            title="What else the halves differ in",
            shows="The more selective half's mean minus the less selective half's, in standard deviations over the"
            " units"
            " of both halves: how active the units are on training images, how much that varies, how far from zero"
            " the mean is that output zero replaces, how large the weights are that they read, and how selective"
            " they are"
            " for a class. Means over networks with 95 % bootstrap intervals.",
            supports="Intervals close around 0 throughout: of all that is shown here, the halves differ in gOSI alone.",
            contradicts="Large differences: silencing may cost more because of them and not because of gOSI.",
            table=tables.differences_table(study),
        ),
        Figure(
            id="ablation-rivals",
            chart=Chart.NETWORK_DOTS,
            title="Rivals of orientation selectivity, and halves made alike",
            shows="Loss with one half silenced minus loss with the other, in units of what random halves give."
            " Beside the halves"
            " by gOSI: halves by class selectivity, the more class-selective half first; and three pairs of halves that"
            " differ in gOSI but are alike in mean activity, in its variation or in weight norm (neighbours in"
            " that quantity are paired, and the unit with the higher gOSI goes into the first half). They differ"
            " less in"
            " gOSI than the halves by gOSI do, so a smaller effect is no evidence by itself. Means over networks"
            " with 95 %"
            " bootstrap intervals; for random halves the range in which 95 % of means over as many networks lie.",
            supports="In conv2 and conv3 halves that are made alike still give an effect above that of random"
            " halves, and class"
            " selectivity does not.",
            contradicts="An interval close around 0 once the halves are alike in activity or weights, or as large an"
            " effect of class"
            " selectivity.",
            table=tables.rivals_table(study),
        ),
    )


def _conclusion_figure(study: xr.DataTree) -> Figure:
    table = conclusions_table(study)
    n_readings, n_layers = table["reading"].nunique(), table["layer"].nunique()
    return Figure(
        id="ablation-conclusion",
        chart=Chart.ABLATION_FOREST,
        title="Would the paper's conclusion change?",
        shows=f"Exploratory: {n_readings} readings of the same experiment in {n_layers} layers, {len(table)} rows"
        " looked at, with"
        " p-values not adjusted for that. Each row changes one thing about the analysis as published (output set to"
        " zero, test loss, all test images, two halves by gOSI). Drawn is the mean effect over networks with its 95 %"
        " bootstrap interval, each divided by the effect's standard deviation over networks, so that readings in"
        " different units can be compared; the table has them in their own units, all layers, the two-sided"
        " sign-flip p,"
        " the ratio of mean costs as the paper computes it and whether it exceeds 2. The rule: an interval above 0"
        " gives"
        " the same conclusion as the paper, one below 0 the opposite, any other cannot tell. Of simulated effects"
        " that are"
        " normal around 0, 8 % of such intervals miss 0 with 24 networks and 12 % with 8. For halves by class"
        " selectivity the same conclusion means that the paper's sentence would hold of class selectivity as well.",
        supports="The same conclusion in every row of conv2 and conv3, but for class selectivity.",
        contradicts="Rows that say the opposite: the conclusion depends on a choice that the paper does not justify.",
        table=table,
    )


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    ablation = study["ablation"].to_dataset()
    target = ablation["null_target_loss"]
    observed = (target.sel(target="top") - target.sel(target="bottom")).transpose("network", "layer").values
    null = ablation["null_effect"].transpose("network", "layer", "draw").values
    pvalues = stats.randomization_pvalue(observed, null, alternative="greater")
    layers = ablation["layer"].values.tolist()
    shares = ", ".join(f"{layer} {(pvalues[:, i] <= 0.05).sum()}" for i, layer in enumerate(layers))
    combined = ", ".join(
        f"{layer} {_combined_pvalue(observed[:, i], null[:, i], layer):.4f}" for i, layer in enumerate(layers)
    )
    silent = ", ".join(f"{layer} {float(ablation['silent_units'].sel(layer=layer).mean()):.1f}" for layer in layers)
    undefined = {
        "Networks without an effect in units of random halves, because all random halves cost the same": (
            standardized_effect(study).isnull()
        ),
        "Networks in which the effect of a control is undefined in those units, or its halves hold no unit": (
            control_effect(study).isnull().any("control")
        ),
    } | {
        f"Networks whose ratio of losses is undefined because an increase is not positive ({CLAMP_WORDS[clamp]})": (
            log2_ratio(study, clamp).isnull()
        )
        for clamp in ablation["clamp"].values.tolist()
    }
    return (
        f"Networks of {len(observed)} whose own permutation p (top against random halves) is at most 0.05: {shares}.",
        f"Combined randomisation p over networks (sharp null: gOSI ranks irrelevant in every network): {combined}.",
        *(f"{what}: {_counted(where, layers)}." for what, where in undefined.items()),
        f"Silent units per network, in neither half: {silent}.",
        conclusions_sentence(conclusions_table(study, layers=CLAIMED)),
    )


def _counted(where: xr.DataArray, layers: list[str]) -> str:
    """Return the number of networks where something holds, layer by layer."""
    return ", ".join(f"{layer} {int(where.sel(layer=layer).sum())}" for layer in layers)


def _combined_pvalue(observed: np.ndarray, null: np.ndarray, layer: str) -> float:
    outcome = stats.combined_randomization_test(
        observed, null, alternative="greater", n_resamples=9999, rng=stream(0, "combined", layer)
    )
    return outcome.pvalue


QUESTION = Question(
    title="Does silencing selective units hurt more than silencing others?",
    paper_section="3.4",
    claim="Silencing the half of Conv 2 or Conv 3 with the higher gOSI costs more than twice the test loss of silencing"
    " the other half, and not because the other half is silent: its mean grating response is higher.",
    estimands={
        "standardized_effect": Estimand(values=standardized_effect),
        "standardized_effect_absence": Estimand(values=standardized_effect),
        "log2_ratio": Estimand(values=lambda study: log2_ratio(study, "output_zero")),
        "response_contrast": Estimand(values=response_contrast),
        "effect_relu_zero": Estimand(values=lambda study: effect(study, "relu_zero")),
        "effect_mean_clamp": Estimand(values=lambda study: effect(study, "mean")),
        "effect_resample": Estimand(values=lambda study: effect(study, "resample")),
    },
    published={
        "standardized_effect": PublishedAnalysis(
            layers=_published_ratio("output_zero", True),
            test="No test; ratio of one network's two costs above 2. Here: of the mean costs over networks.",
            difference="Baseline and unit of analysis: random halves differ too, so the difference is measured in"
            " units of"
            " what they give in the same network; one value a network.",
        ),
        "standardized_effect_absence": PublishedAnalysis(
            layers=_published_ratio("output_zero", False),
            test="No test; no asterisk, as the ratio of the two costs is at most 2. Here: of the mean costs.",
            difference="Absence, baseline and unit of analysis: a ratio below 2 may still be an effect; here the"
            " effect, in"
            " units of random halves, must lie within the registered margin over networks.",
        ),
        "log2_ratio": PublishedAnalysis(
            layers=_published_ratio("output_zero", True),
            test="No test; ratio of one network's two costs above 2. Here: of the mean costs over networks.",
            difference="Unit of analysis: the ratio of one network has no known error; here each network's ratio, on"
            " a log"
            " scale, is tested against twofold over networks.",
        ),
        "response_contrast": PublishedAnalysis(
            layers=_published_contrast,
            test="No test; mean responses of one network's halves, compared. Here: sign of the mean contrast.",
            difference="Unit of analysis: two means of one network tell nothing of others; here each network gives one"
            " contrast, tested over networks.",
        ),
        "effect_relu_zero": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference=_OTHER_CLAMP,
        ),
        "effect_mean_clamp": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference=_OTHER_CLAMP,
        ),
        "effect_resample": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference=_OTHER_CLAMP,
        ),
    },
    figures=_figures,
    notes=_notes,
)
