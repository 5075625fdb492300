"""The paper's way with one network's epochs: a textbook p-value, which takes them as independent."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.published import (
    negative_correlation,
)
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.maturation.estimands import paired_curves


def naive_pvalue(x: NDArray[np.float64], y: NDArray[np.float64], *, alternative: stats.Alternative) -> float:
    """Return the textbook p-value of Spearman's rho of two curves (epoch,), which takes epochs as independent.

    Never below that of the one most extreme order among all n!, where the textbook's approximation gives 0. NaN where
    rho is undefined.
    """
    pvalue = stats.textbook_spearman(x, y, alternative=alternative).pvalue
    least = (2 if alternative == "two-sided" else 1) / math.factorial(len(x))
    return math.nan if math.isnan(pvalue) else max(pvalue, least)


def one_network(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the correlation over the epochs of the network with the lowest seed."""
    gosi, loss = paired_curves(networks)
    first = int(np.argmin(loss["seed"].values))
    losses = loss.values[first]
    note = "one network, naive p: takes epochs as independent, which they are not"
    return tuple(
        negative_correlation(
            layer, stats.spearman(curve, losses).statistic, naive_pvalue(curve, losses, alternative="two-sided"), note
        )
        for layer, curve in zip(layers, gosi.isel(network=first).reindex(layer=list(layers)).values, strict=True)
    )
