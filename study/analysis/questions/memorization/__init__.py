"""Is selectivity lower in networks that learn corrupted labels by heart (section 3.3; Figs. 4c and A6c)?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import (
    MOST_DRAWN,
    NOT_IN_PAPER,
    PUBLISHED_ALPHA,
    Estimand,
    PublishedAnalysis,
    Question,
    layer_means,
    network_table,
    read_as_absence,
    unpublished,
)
from study.analysis.core.results import INCONCLUSIVE, Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.existence import gosi_excess, tuning_of
from study.vocabulary.schema import MEMORIZATION
from study.vocabulary.seeding import stream

FITTING_ACCURACY = 0.95  # of its own labels; a network below it has not learnt by heart what it was given

FITS, DOES_NOT_FIT = "fits its labels", "does not fit its labels (left out)"
TRAIN, TEST = "training images, the labels learnt", "test images, true labels"


def layer_gosi(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI of the analysed weights, silent units left out: (network, layer)."""
    return layer_means(tuning_of(study, "analysed")["gosi"]).transpose("network", "layer")


def layer_excess(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI minus the units' own shuffled mean, silent units left out: (network, layer)."""
    return gosi_excess(tuning_of(study, "analysed"), "gosi_null_mean").transpose("network", "layer")


def fits_its_labels(study: xr.DataTree) -> xr.DataArray:
    """Return whether a network's training accuracy on its own, partly corrupted, labels is at least 0.95: (network,)."""
    return network_table(study)["final_train_accuracy"] >= FITTING_ACCURACY


def of_fitting(values: xr.DataArray, study: xr.DataTree) -> xr.DataArray:
    """Return values (network, layer), NaN in networks that do not fit their labels; a test counts those as excluded."""
    return values.where(fits_its_labels(study))


def label_corruption(study: xr.DataTree) -> xr.DataArray:
    """Return the probability with which each network's labels were replaced: (network,)."""
    return network_table(study)["label_corruption"]


def _first_at_each_rate(study: xr.DataTree) -> NDArray[np.intp]:
    """Return the position of the network with the lowest seed at each rate, rates rising."""
    rates, seeds = label_corruption(study).values, network_table(study)["seed"].values
    order = np.lexsort((seeds, rates))
    return order[np.unique(rates[order], return_index=True)[1]]


def _published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the trend over one network at each rate, as the paper has; there by eye, here by rank correlation."""
    first = _first_at_each_rate(study)
    rates = label_corruption(study).values[first].astype(np.float64)
    gosi = layer_gosi(study).isel(network=first).reindex(layer=list(layers))
    note = f"one network at each of {len(first)} rates, compared by eye in the paper: here Spearman's rho and a permutation p"
    rows = []
    for layer, values in zip(layers, gosi.values.T, strict=True):
        outcome = stats.stratified_permutation_test(
            values,
            rates,
            strata=np.zeros(len(first)),
            statistic="pooled",
            n_resamples=9999,
            alternative="two-sided",
            rng=stream(0, "published", f"memorization/{layer}"),
        )
        row = published_layer(layer, outcome.statistic, outcome.statistic < 0, note, pvalue=outcome.pvalue)
        rows.append(dataclasses.replace(row, verdict=INCONCLUSIVE) if outcome.pvalue >= PUBLISHED_ALPHA else row)
    return tuple(rows)


def _published_absence(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the same where the paper sees no trend: the p is large, which is how such an absence is read."""
    return tuple(read_as_absence(row) for row in _published(study, layers, root_seed=root_seed))


def _drawn(rates: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the positions of the networks drawn one by one: at most `MOST_DRAWN`, an even share of each rate."""
    members = [np.flatnonzero(rates == rate) for rate in np.unique(rates)]
    most = len(rates) if len(rates) <= MOST_DRAWN else max(MOST_DRAWN // len(members), 1)
    places = (np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int) for rows in members)
    return np.sort(np.concatenate([rows[place] for rows, place in zip(members, places, strict=True)]))


def _drawn_note(study: xr.DataTree) -> str:
    rates = label_corruption(study).values
    drawn = len(_drawn(rates))
    return (
        ""
        if drawn == len(rates)
        else (
            f" {drawn} of the {len(rates)} networks are drawn, an even share of each rate; whatever else is said or"
            " shown rests"
            " on all of them."
        )
    )


def _mean_rows(values: xr.DataArray, name: str) -> Iterator[tuple[float, float, float, float]]:
    """Yield rate, mean over networks and its 95 % bootstrap interval of `values` (network,), NaN left out."""
    rates = values["label_corruption"].values
    for rate in np.unique(rates):
        own = values.values[rates == rate]
        defined = own[np.isfinite(own)]
        rng = stream(0, "figure", f"memorization/{name}/{rate}")
        interval = stats.mean_interval(defined, confidence_level=0.95, n_resamples=2000, method="BCa", rng=rng)
        yield float(rate), float(defined.mean()) if defined.size else np.nan, interval.low, interval.high


def _gosi_table(study: xr.DataTree, values: xr.DataArray) -> pd.DataFrame:
    """Return `values` (network, layer): a row for each network drawn, and one for each rate's mean of those that fit."""
    fitting, rates = fits_its_labels(study).values, label_corruption(study).values
    drawn, rows = _drawn(rates), []
    for layer in values["layer"].values.tolist():
        column = values.sel(layer=layer)
        for place in drawn:
            fits = FITS if fitting[place] else DOES_NOT_FIT
            rows.append(
                (
                    layer,
                    float(rates[place]),
                    str(column["network"].values[place]),
                    float(column.values[place]),
                    fits,
                    "network",
                    np.nan,
                    np.nan,
                )
            )
        for rate, mean, low, high in _mean_rows(column.where(fits_its_labels(study)), layer):
            rows.append((layer, rate, "mean", mean, FITS, "mean", low, high))
    columns = ["layer", "label_corruption", "network", "gosi", "fits", "kind", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _accuracy_table(study: xr.DataTree) -> pd.DataFrame:
    """Return training and test accuracy: a row for each network drawn, and one for each rate's mean of all networks."""
    networks, rows = network_table(study), []
    for scores, name in ((TRAIN, "final_train_accuracy"), (TEST, "test_accuracy")):
        values = networks[name]
        rates, keys = values["label_corruption"].values, values["network"].values
        for place in _drawn(rates):
            rows.append((scores, float(rates[place]), str(keys[place]), float(values.values[place]), "network"))
        rows += [(scores, rate, "mean", mean, "mean") for rate, mean, _, _ in _mean_rows(values, name)]
    return pd.DataFrame(rows, columns=["scores", "label_corruption", "network", "accuracy", "kind"]).assign(
        bound=FITTING_ACCURACY
    )


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    rates = len(np.unique(label_corruption(study).values))
    points = (
        "Each point is a network; the line joins the means, with 95 % bootstrap intervals over networks, of those"
        " that fit"
        " their labels. The others are marked, and left out of the line and of the registered"
        f" test.{_drawn_note(study)}"
    )
    return (
        Figure(
            id="memorization-gosi",
            chart=Chart.CORRUPTION_GOSI,
            paper_figure="Fig. 4c",
            title="Selectivity against label corruption, layer by layer",
            shows=f"Layer-mean gOSI of networks that learnt labels corrupted at {rates} rates, weights of the last"
            " epoch."
            f" {points} Each panel has its own range, as in the paper.",
            supports="Points that fall from left to right in conv2, conv3 and conv4.",
            contradicts="Points on one level, or rising; or a fall that only the networks left out make.",
            table=_gosi_table(study, layer_gosi(study)),
            second_paper_figure="Fig. A6c",
        ),
        Figure(
            id="memorization-excess",
            chart=Chart.CORRUPTION_EXCESS,
            title="The same, above what each unit's sparseness gives",
            shows="Layer-mean gOSI minus that of the units' own shuffled responses: sparse responses raise gOSI"
            " without any tuning,"
            f" and corrupted labels may make responses more or less sparse. {points}",
            supports="The same fall as in the figure above.",
            contradicts="A fall above, and here a line that is level within short intervals: then it is sparseness"
            " that falls.",
            table=_gosi_table(study, layer_excess(study)),
        ),
        Figure(
            id="memorization-accuracy",
            chart=Chart.CORRUPTION_ACCURACY,
            title="What the networks learnt",
            shows="Training accuracy on the labels that each network was given, corrupted ones included, and test"
            " accuracy on true"
            f" labels; points are networks, lines their means. The dashed line stands at {FITTING_ACCURACY:.0%}:"
            " networks whose"
            f" training accuracy is below it do not fit their labels.{_drawn_note(study)}",
            supports="Training accuracy near 100 % at every rate, test accuracy that falls to chance: memorisation,"
            " as in the paper.",
            contradicts="Training accuracy that falls with the rate: then networks at high rates have learnt less,"
            " not by heart.",
            table=_accuracy_table(study),
        ),
    )


def _exclusion_notes(study: xr.DataTree) -> Iterator[str]:
    networks, fitting = network_table(study), fits_its_labels(study).values
    rates, accuracy = label_corruption(study).values, networks["final_train_accuracy"].values
    if fitting.all():
        yield (
            f"All {len(fitting)} networks fit the labels they were given: training accuracy at least"
            f" {FITTING_ACCURACY:.0%}."
        )
        return
    seeds, named = networks["seed"].values, []
    for rate in np.unique(rates[~fitting]):
        out = np.flatnonzero((rates == rate) & ~fitting)
        own = ", ".join(f"seed {seeds[i]} ({accuracy[i]:.2%})" for i in out[np.argsort(seeds[out], kind="stable")])
        named.append(f"{rate:.0%} of labels corrupted: {own}")
    yield (
        f"{(~fitting).sum()} of {len(fitting)} networks do not fit the labels they were given: their training"
        " accuracy is"
        f" below {FITTING_ACCURACY:.0%}. They have not learnt them by heart, and are left out of the registered test:"
        f" {'; '.join(named)}. Harder labels are fitted less often, so leaving networks out may itself shape the trend:"
        " memorization-trend-all repeats the test on all of them."
    )
    left = np.unique(rates[fitting]).tolist()
    if without := [rate for rate in np.unique(rates).tolist() if rate not in left]:
        rests = (
            f"the trend then rests on the other rates alone: {_percents(left)}"
            if len(left) > 1
            else (
                f"networks of one rate alone are left ({_percents(left)}), in which a trend is undefined"
                if left
                else "no network is left to test"
            )
        )
        yield f"Every network at {_percents(without)} of labels corrupted is left out; {rests}."


def _percents(rates: list[float]) -> str:
    return ", ".join(f"{rate:.0%}" for rate in rates)


def _sparseness_note(study: xr.DataTree) -> str:
    """Say how what sparseness alone gives goes with the corruption rate, in the networks of the registered test."""
    shuffled = of_fitting(layer_gosi(study) - layer_excess(study), study)
    rates, listed = label_corruption(study).values, []
    for layer in shuffled["layer"].values.tolist():
        values = shuffled.sel(layer=layer).values
        defined = np.isfinite(values)
        rho = stats.spearman(values[defined], rates[defined]).statistic
        listed.append(f"{layer} {'undefined' if np.isnan(rho) else f'{rho:.2f}'}")
    return (
        "A gOSI is higher where responses are sparse, tuned or not. Rank correlation of the shuffled gOSI, which is"
        " what"
        f" sparseness gives by itself, with the corruption rate: {', '.join(listed)}. Where it is far from 0, a trend"
        " of the"
        " raw gOSI may be one of sparseness; memorization-trend-excess takes it away."
    )


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    return (*_exclusion_notes(study), _sparseness_note(study))


QUESTION = Question(
    title="Are networks that learn corrupted labels by heart less selective?",
    paper_section="3.3",
    claim="Networks trained on more corrupted labels, which they fit but cannot generalise from, have lower gOSI in"
    " the low"
    " layers, especially in Conv 2 to Conv 4.",
    estimands={
        "gosi_against_label_corruption": Estimand(
            values=lambda study: of_fitting(layer_gosi(study), study), against=label_corruption
        ),
        "gosi_against_label_corruption_absence": Estimand(
            values=lambda study: of_fitting(layer_gosi(study), study), against=label_corruption
        ),
        "gosi_against_label_corruption_all": Estimand(values=layer_gosi, against=label_corruption),
        "gosi_excess_against_label_corruption": Estimand(
            values=lambda study: of_fitting(layer_excess(study), study), against=label_corruption
        ),
    },
    published={
        "gosi_against_label_corruption": PublishedAnalysis(
            layers=_published,
            test="No test; one network at each rate, compared by eye. Here: Spearman's rho and a permutation p.",
            difference="Unit of analysis and ties: one network at a rate cannot tell a rate from a network; here"
            " several"
            " share each rate, which the permutation allows for, and networks that do not fit their labels are left"
            " out.",
        ),
        "gosi_against_label_corruption_absence": PublishedAnalysis(
            layers=_published_absence,
            test="No test; one network at each rate, compared by eye. Here: absence read from a large permutation p.",
            difference="Absence and unit of analysis: six networks give a large p whatever the trend; here rho over"
            " several"
            " networks at each rate must lie within the registered margin.",
        ),
        "gosi_against_label_corruption_all": PublishedAnalysis(
            layers=_published,
            test="No test; one network at each rate, compared by eye. Here: Spearman's rho and a permutation p.",
            difference="Unit of analysis and ties: several networks share each rate, which the permutation allows"
            " for; none"
            " is left out.",
        ),
        "gosi_excess_against_label_corruption": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference="Baseline: sparse responses have a higher gOSI without any tuning, so that of the units' own"
            " shuffles"
            " is subtracted.",
        ),
    },
    figures=_figures,
    notes=_notes,
    arm=MEMORIZATION,
)
