"""What halves cost a few networks that went on learning without them: a figure and a note, exploratory and without a test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.layers import where_halved
from study.analysis.core.results import Figure
from study.analysis.core.words import values_by_layer
from study.vocabulary.schema import AROUND_EPOCH

GROUP = "retraining"
HELD_WORDS = {"top": "more selective half", "random": "random half", "bottom": "less selective half"}
WHEN_WORDS = dict(zip(AROUND_EPOCH, ("before", "after one more epoch"), strict=True))


def held_loss(study: xr.DataTree, held: str) -> xr.DataArray:
    """Return the test loss with one of the sets held, before and after an epoch of learning with it held, in nats.

    (network, layer, trained), of the networks that learnt on; NaN where a layer has no halves by gOSI.
    """
    return where_halved(study, study[GROUP].to_dataset()["loss"].sel(held=held, drop=True))


def held_beyond(study: xr.DataTree, reference: str) -> xr.DataArray:
    """Return the test loss with the top half held minus that with another set held: (network, layer, trained)."""
    return held_loss(study, "top") - held_loss(study, reference)


def retraining_table(study: xr.DataTree) -> pd.DataFrame:
    """Return test losses before and after by what is held, and the top half's minus the others', per layer.

    Means over the networks that learnt on, with Student's 95 % interval: a bootstrap of so few would be too short.
    """
    free = study[GROUP].to_dataset()["free_loss"]
    losses = {words: held_loss(study, held) for held, words in HELD_WORDS.items()}
    losses |= {"nothing held": free.broadcast_like(losses[HELD_WORDS["top"]])}
    rows = [
        (f"test loss {words} (nat)", what, math.nan, loss.sel(trained=when, drop=True))
        for when, words in WHEN_WORDS.items()
        for what, loss in losses.items()
    ]
    for reference in ("bottom", "random"):
        quantity, beyond = f"more selective half minus {HELD_WORDS[reference]} (nat)", held_beyond(study, reference)
        rows += [(quantity, words, 0.0, beyond.sel(trained=when, drop=True)) for when, words in WHEN_WORDS.items()]
    table = [
        {
            "layer": layer,
            "quantity": quantity,
            "series": series,
            **_mean(values.sel(layer=layer).values),
            "reference": rule,
        }
        for quantity, series, rule, values in rows
        for layer in values["layer"].values.tolist()
    ]
    return pd.DataFrame(table)


def _mean(values: np.ndarray) -> dict[str, float]:
    """Return the columns of a mean over networks, (network,): those with a value."""
    defined = values[np.isfinite(values)]
    interval = stats.student_interval(defined, confidence_level=0.95)
    return {
        "value": float(defined.mean()) if defined.size else math.nan,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "networks": int(defined.size),
        "undefined": int(values.size - defined.size),
    }


def retraining_figures(study: xr.DataTree) -> tuple[Figure, ...]:
    """Return what halves cost before and after learning on without them; nothing where no network did."""
    if GROUP not in study.children:
        return ()
    networks = study[GROUP].sizes["network"]
    return (
        Figure(
            id="need-retraining",
            chart=Chart.NETWORK_DOTS,
            title="What halves cost once the network has learnt on without them",
            shows=f"Exploratory: {networks} networks. Test loss with half of a layer held at output zero, before and after one"
            " more epoch of training in which it is held, and with nothing held; below, the more selective half minus the"
            " others. Means over these networks with Student's 95 % intervals, which are wide for so few.",
            supports="The more selective half still costs more than either other after the epoch.",
            contradicts="A difference that is there before and gone after: what the half carried, others can carry.",
            table=retraining_table(study),
        ),
    )


def retraining_notes(study: xr.DataTree) -> tuple[str, ...]:
    """Say what became of the difference between halves, and that it is not tested; nothing where no network learnt on."""
    if GROUP not in study.children:
        return ()
    networks, beyond = study[GROUP].sizes["network"], held_beyond(study, "bottom").mean("network")
    before, after = (values_by_layer(beyond.sel(trained=when), "+.3f") for when in AROUND_EPOCH)
    return (
        f"{networks} networks learnt on for one more epoch with a half held at output zero: more selective minus less selective"
        f" half before {before} nat, after {after} nat. Exploratory, and no test is made: of {networks} networks sign flips"
        f" could give no p below {2.0**-networks:.2g}.",
    )
