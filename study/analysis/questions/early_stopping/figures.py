"""What stopping by selectivity alone costs, drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.means import mean_over_networks
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import FOR_THESE_VALIDATION_IMAGES
from study.analysis.questions.early_stopping.estimands import (
    chosen_epoch,
    curves,
    epoch_of_the_others,
    loss_at,
    regret,
    regret_of_last_epoch,
)
from study.vocabulary.seeding import stream

REGRET, EPOCH = "validation loss above the lowest of the run (nat)", "epoch chosen"
BY_GOSI, LAST, FIXED = "epoch with the highest gOSI", "last epoch", "best epoch of the other networks"
COLUMNS = ["quantity", "layer", "series", "value", "ci_low", "ci_high", "reference"]


def _table(networks: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return means over networks with 95 % bootstrap intervals: a row for each quantity, layer and way to choose."""
    gosi, loss = curves(networks)
    by_gosi, last, fixed = regret(networks), regret_of_last_epoch(networks), epoch_of_the_others(loss)
    of_fixed = loss_at(loss, fixed.expand_dims("layer", axis=-1)).squeeze("layer") - loss.min("epoch")
    chosen, final = chosen_epoch(gosi), xr.full_like(last, float(loss["epoch"].values[-1]))
    rows = []
    for quantity, of_layer, of_networks, reference in (
        (REGRET, by_gosi, (last, of_fixed), 0.0),
        (EPOCH, chosen, (final, fixed), np.nan),
    ):
        for layer in gosi["layer"].values.tolist():
            for series, values in zip((BY_GOSI, LAST, FIXED), (of_layer.sel(layer=layer), *of_networks), strict=True):
                rng = stream(root_seed, "figure", f"early_stopping/{quantity}/{layer}/{series}")
                mean = mean_over_networks(values.values, rng=rng)
                rows.append((quantity, layer, series, mean.mean, mean.low, mean.high, reference))
    return pd.DataFrame(rows, columns=COLUMNS)


def figures(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the question's one figure."""
    return (
        Figure(
            id="early_stopping-regret",
            chart=Chart.NETWORK_DOTS,
            title="What stopping by selectivity alone costs",
            shows="Mean over networks, with a 95 % bootstrap interval, of the validation loss above the lowest of the run:"
            " at the epoch where the layer's mean gOSI is highest, at the last epoch, and at the epoch where the mean loss of"
            " all other networks is lowest; below, which epochs these are. The best epoch of the network itself would cost"
            " 0.",
            supports="Selectivity's epoch lower than the last epoch, by .05 nat or more, in one layer at least; and lower"
            " than the others' best epoch, which is chosen without looking at the network at all.",
            contradicts="Selectivity's epoch no lower than the last one in any layer: whoever trains to the end loses"
            " nothing by not looking at gOSI. Lower than the last, but no lower than the others' best epoch: then stopping"
            " early helps, and gOSI does not know when.",
            table=_table(networks, root_seed=root_seed),
        ),
    )


def notes(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Return how often there was anything to gain: where the last epoch is the best, no other can beat it."""
    last = regret_of_last_epoch(networks).values
    best = int((last == 0).sum())
    return (
        f"In {best} of {len(last)} networks the last epoch has the lowest validation loss of the run; there no way to stop"
        f" early could gain anything. Over all networks training to the end costs {last.mean():.3f} nat on average. A gain"
        " can show only where networks overfit before training ends; and where loss rises from the start, any early epoch"
        " beats the last one, whatever it was chosen by. Whether gOSI knows when to stop is what early_stopping-signal"
        " tests, against the epoch that is best for the other networks.",
        FOR_THESE_VALIDATION_IMAGES,
    )
