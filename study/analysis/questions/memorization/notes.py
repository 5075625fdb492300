"""What has to be said beside the figures on memorisation."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import network_table
from study.analysis.core.results import HypothesisResult
from study.analysis.questions.memorization.estimands import (
    FITTING_ACCURACY,
    fits_its_labels,
    label_corruption,
    layer_excess,
)


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say which networks do not fit their labels, what neighbouring rates share, and how sparseness goes with the rate."""
    said = (_fitting_note(study), _neighbours_note(study), _sparseness_note(study))
    return tuple(note for note in said if note)


def _fitting_note(study: xr.DataTree) -> str:
    networks, fitting = network_table(study), fits_its_labels(study).values
    rates, accuracy = label_corruption(study).values, networks["final_train_accuracy"].values
    if fitting.all():
        return (
            f"All {len(fitting)} networks fit the labels they were given: training accuracy at least"
            f" {FITTING_ACCURACY:.0%}."
        )
    seeds, named = networks["seed"].values, []
    for rate in np.unique(rates[~fitting]):
        out = np.flatnonzero((rates == rate) & ~fitting)
        seeds_out = ", ".join(
            f"seed {seeds[i]} ({accuracy[i]:.2%})" for i in out[np.argsort(seeds[out], kind="stable")]
        )
        named.append(f"{rate:.0%} of labels corrupted: {seeds_out}")
    without = _listed(layer_gosi(study).where(fits_its_labels(study)), study)
    return (
        f"{(~fitting).sum()} of {len(fitting)} networks do not fit the labels they were given: their training accuracy"
        f" is below {FITTING_ACCURACY:.0%}. They have not memorised them: {'; '.join(named)}. The registered test keeps"
        " them, because harder labels are fitted less often, and leaving networks out may itself make a trend or hide one."
        f" Rank correlation within seeds over the others alone: {without}."
    )


def _listed(values: xr.DataArray, study: xr.DataTree) -> str:
    """Return in words each layer's rank correlation of values (network, layer) with the rate within seeds, NaN left out."""
    rates, seeds, listed = label_corruption(study).values, network_table(study)["seed"].values, []
    for layer in values["layer"].values.tolist():
        column = values.sel(layer=layer).values
        defined = np.isfinite(column)
        rho = stats.stratified_spearman(column[defined], rates[defined], seeds[defined]).statistic
        listed.append(f"{layer} {'undefined' if np.isnan(rho) else f'{rho:.2f}'}")
    return ", ".join(listed)


def _neighbours_note(study: xr.DataTree) -> str:
    """Say how much more alike networks at neighbouring rates of a seed are than those at other rates, or nothing."""
    table = _by_seed_and_rate(study)
    seeds, rates, _ = table.shape
    if seeds < 2 or rates < 4:
        return ""
    left = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean(axis=(0, 1))
    products = np.einsum("srl,stl->rtl", left, left)
    distance = np.abs(np.subtract.outer(np.arange(rates), np.arange(rates)))
    alone = products[distance == 0].mean(axis=0)
    if not (alone > 0).all():
        return ""
    neighbours, others = ((products[chosen].mean(axis=0) / alone).mean() for chosen in (distance == 1, distance > 1))
    return (
        "Networks of a seed share their initial weights, the order of their images, and the labels that are replaced at a"
        " lower rate. Permuting rates within a seed takes neighbouring rates as no more alike than others. Correlation of"
        " layer-mean gOSI, the means of its rate and of its seed taken away, mean over layers: between neighbouring rates"
        f" {neighbours:.2f}, between others {others:.2f}; without such likeness both are {-1 / (rates - 1):.2f}. In"
        " simulated studies the test at .05 rejects in .08 where neighbours correlate at .4 besides what the seed gives, and in"
        " .08 to .10 at .6."
    )


def _by_seed_and_rate(study: xr.DataTree) -> NDArray[np.float64]:
    """Return layer-mean gOSI of seeds with a defined value at every rate, (seed, rate, layer); undefined layers left out."""
    gosi, rates, seeds = (
        layer_gosi(study),
        label_corruption(study).values,
        network_table(study)["seed"].values,
    )
    values = gosi.values[:, np.isfinite(gosi.values).all(axis=0)]
    levels = np.unique(rates)
    order = np.lexsort((rates, seeds))
    complete = [rows for seed in np.unique(seeds) if len(rows := order[seeds[order] == seed]) == len(levels)]
    return np.array([values[rows] for rows in complete]).reshape(len(complete), len(levels), values.shape[1])


def _sparseness_note(study: xr.DataTree) -> str:
    """Say how what sparseness alone gives goes with the corruption rate."""
    return (
        "A gOSI is higher where responses are sparse, tuned or not. Rank correlation within seeds of the shuffled gOSI,"
        " which is what sparseness gives by itself, with the corruption rate:"
        f" {_listed(layer_gosi(study) - layer_excess(study), study)}. Where it is far from 0, a trend of the raw gOSI may"
        " be one of sparseness; memorization-trend-excess takes it away."
    )
