"""What has to be said beside the figures on maturation."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.layers import layer_means
from study.analysis.core.published import (
    PUBLISHED_ALPHA,
)
from study.analysis.core.results import HypothesisResult
from study.analysis.core.words import FOR_THESE_VALIDATION_IMAGES, pairs
from study.analysis.questions.maturation.estimands import (
    PUBLISHED_EPOCHS,
    correlations,
    curves_of,
    gosi_against_validation_loss,
    paired_curves,
)
from study.analysis.questions.maturation.tables import NAIVE, SHIFTED, single_networks_table


def _epochs_note(epochs: int) -> str:
    shorter = f", where the paper has {PUBLISHED_EPOCHS}: this study's profile is shorter" * (epochs < PUBLISHED_EPOCHS)
    return (
        f"Correlations are taken over epochs 1 to {epochs}{shorter}. The untrained network (epoch 0) is drawn, but has"
        " no validation loss and enters no correlation."
    )


def _dependence_note(table: pd.DataFrame) -> str:
    naive, shifted = (table[table["kind"] == kind].set_index("layer") for kind in (NAIVE, SHIFTED))
    below = zip(naive.index, naive["below"], shifted["below"], naive["networks"], strict=True)
    counts = ", ".join(f"{layer} {by_naive} and {by_shift} of {of}" for layer, by_naive, by_shift, of in below)
    worth = ", ".join(f"{layer} {value:.1f}" for layer, value in naive["effective_epochs"].dropna().items())
    return (
        "Successive epochs of one network are alike; the naive p-value takes them as independent, and so is too small."
        f" Effective number of epochs, of {naive['epochs'].iloc[0]}, median over networks (where curves have a trend"
        f" this says that few are independent, not how many): {worth or 'undefined'}. Networks whose own p, towards a"
        f" negative correlation, is at most .05, by the naive test and by circular shift: {counts}."
    )


def _trend_note(epochs: int) -> str:
    least = (
        f" With {epochs} epochs it cannot be below {1 / epochs:.2f}, so that no network can reach .05 by itself."
        if 1 / epochs > PUBLISHED_ALPHA
        else ""
    )
    return (
        "The circular shift keeps each curve's order and moves one along the other. It is a fair test of curves without"
        " a trend. These curves have one: loss falls in training, whatever selectivity does. A small circular-shift p"
        " then says only that both curves have a trend, not that one follows the other; the naive p says no"
        f" more.{least} That is why neither decides here: the registered test has one value a network, and asks whether"
        " the correlation has the same sign in network after network. Even that shows that the two change together in"
        " training, not that one brings the other about: networks that are trained alike have their trends in common, and"
        " with two trends and no link within any network it finds the same. maturation-link takes the common trends away."
    )


def _undefined_note(rho: xr.DataArray) -> str:
    counts = ", ".join(f"{layer} {count}" for layer, count in pairs(rho.isnull().sum("network")) if count)
    return counts and (
        f"Networks (of {rho.sizes['network']}) without a correlation in a layer, and left out there, because the layer"
        f" was silent at one of the epochs or its mean never changed: {counts}."
    )


def _silent_note(gosi: xr.DataArray, loss: xr.DataArray) -> str:
    """Say how many units a layer's mean leaves out at some epoch, and what becomes of the correlation without those."""
    units = gosi.reindex(epoch=loss["epoch"].values)
    share = layer_means(units.isnull().astype(float)).mean(("network", "epoch"))
    if not (share > 0).any():
        return ""
    steady = units.where(units.notnull().all("epoch"))
    rho, rho_steady = (dict(pairs(correlations(curves_of(kept), loss).mean("network"))) for kept in (units, steady))
    listed = ", ".join(
        f"{layer} {value:.1%} ({rho[layer]:.2f}; {rho_steady[layer]:.2f})" for layer, value in pairs(share) if value
    )
    return (
        "A unit that answers to no grating at an epoch is left out of its layer's mean there, so that the mean is not"
        " of the same units at every epoch. Share of silent unit-epochs, and in brackets the mean correlation over"
        f" networks with all units and with those alone that are never silent (nan: no such units): {listed}."
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say what the correlations rest on, and what a single network's p-value is worth."""
    loss = paired_curves(study)[1]
    notes = (
        _epochs_note(loss.sizes["epoch"]),
        _dependence_note(single_networks_table(study)),
        _trend_note(loss.sizes["epoch"]),
        _undefined_note(gosi_against_validation_loss(study)),
        _silent_note(study["maturation"].to_dataset()["gosi"], loss),
        FOR_THESE_VALIDATION_IMAGES,
    )
    return tuple(note for note in notes if note)
