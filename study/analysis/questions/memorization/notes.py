"""What has to be said beside the figures on memorisation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import network_table
from study.analysis.core.results import HypothesisResult
from study.analysis.questions.memorization.estimands import (
    FITTING_ACCURACY,
    fits_its_labels,
    label_corruption,
    layer_excess,
    of_fitting,
)


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say which networks are left out, and how sparseness goes with the corruption rate."""
    return (*_exclusion_notes(study), _sparseness_note(study))


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
        seeds_out = ", ".join(
            f"seed {seeds[i]} ({accuracy[i]:.2%})" for i in out[np.argsort(seeds[out], kind="stable")]
        )
        named.append(f"{rate:.0%} of labels corrupted: {seeds_out}")
    yield (
        f"{(~fitting).sum()} of {len(fitting)} networks do not fit the labels they were given: their training accuracy"
        f" is below {FITTING_ACCURACY:.0%}. They have not memorised them, and are left out of the registered test:"
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
        f" what sparseness gives by itself, with the corruption rate: {', '.join(listed)}. Where it is far from 0, a"
        " trend of the raw gOSI may be one of sparseness; memorization-trend-excess takes it away."
    )
