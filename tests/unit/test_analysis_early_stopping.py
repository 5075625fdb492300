"""Early stopping by selectivity alone: the epoch it chooses, what that costs, and the verdicts that were planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import INCONCLUSIVE, NOT_TESTED, OPPOSITE, SUPPORTED
from study.analysis.questions.early_stopping import QUESTION
from study.analysis.questions.early_stopping.estimands import (
    chosen_epoch,
    curves,
    epoch_of_the_others,
    regret,
    regret_beside_fixed_epoch,
    regret_beside_last_epoch,
)
from study.analysis.questions.early_stopping.simulator import beside_a_fixed_epoch, early_stopping
from study.analysis.simulation.population import Design, Simulator, Size, Truth
from study.vocabulary.schema import MATURATION
from tests.example_study import LAYERS, conclusion, example_study, replaced, verdicts

NAME, SIGNAL = "early_stopping-regret", "early_stopping-signal"
TWO_LAYERS = {"conv1": 2, "conv2": 1}


def matured(gosi: Any, loss: Any, layers: dict[str, int] | None = None) -> xr.DataTree:
    """Return networks with gOSI (network, epoch, unit), the untrained network first, and loss (network, epoch)."""
    gosi, loss = np.asarray(gosi, float), np.asarray(loss, float)
    study = example_study(
        seeds=len(gosi),
        arm=MATURATION,
        augmentations=("shift_flip",),
        silent=0.0,
        epochs=loss.shape[1],
        layers=layers or TWO_LAYERS,
    )
    return replaced(replaced(study, "maturation", gosi=gosi), "training", validation_loss=loss)


def peaking(epoch: int, differences: np.ndarray, *, epochs: int = 6) -> xr.DataTree:
    """Return networks whose every layer is most selective at an epoch with so much more loss than the last, (network,)."""
    networks, units = len(differences), 2 * len(LAYERS)
    gosi = np.full((networks, epochs + 1, units), 0.3)
    gosi[:, epoch] = 0.5
    loss = np.full((networks, epochs), 2.5)
    loss[:, epoch - 1], loss[:, -1] = 1.5 + differences, 1.5
    return matured(gosi, loss, dict.fromkeys(LAYERS, 2))


# What is estimated


def test_the_epoch_is_the_first_with_the_highest_layer_mean_and_never_the_untrained_network() -> None:
    """By hand: conv1 peaks at epoch 2, conv2 ties at epochs 1 and 3; both are higher before training."""
    gosi = [[[0.9, 0.9, 0.9], [0.1, 0.3, 0.6], [0.4, 0.4, 0.2], [0.1, 0.2, 0.6]]]
    study = matured(gosi, [[3.0, 2.0, 1.0]])
    assert chosen_epoch(curves(study)[0]).values.tolist() == [[2, 1]]
    np.testing.assert_allclose(regret(study), [[1.0, 2.0]])


def test_the_regret_of_the_last_epoch_is_subtracted() -> None:
    """Loss is lowest at epoch 2, where gOSI of conv1 peaks: it gains what training to the end loses."""
    gosi = [[[0.1, 0.1, 0.1], [0.1, 0.3, 0.6], [0.4, 0.4, 0.2], [0.1, 0.2, 0.3]]]
    study = matured(gosi, [[3.0, 1.0, 1.25]])
    np.testing.assert_allclose(regret(study), [[0.0, 2.0]])
    difference = regret_beside_last_epoch(study)
    assert difference.dims == ("network", "layer")
    np.testing.assert_allclose(difference, [[-0.25, 1.75]])


def test_epochs_without_gosi_are_not_chosen_and_a_layer_without_any_has_no_value() -> None:
    """Silent units are left out of the mean; a layer silent at an epoch cannot be chosen there."""
    gosi = np.full((2, 4, 3), 0.2)
    gosi[0, 3, 0] = np.nan  # one of conv1's two units
    gosi[0, 3, 1] = 0.9
    gosi[0, 2, 2] = np.nan  # conv2 as a whole, at one epoch
    gosi[0, 3, 2] = 0.3
    gosi[1, :, 2] = np.nan  # and at all of them
    study = matured(gosi, [[3.0, 2.0, 1.0]] * 2)
    np.testing.assert_array_equal(chosen_epoch(curves(study)[0]), [[3, 3], [1, np.nan]])
    np.testing.assert_allclose(regret_beside_last_epoch(study), [[0.0, 0.0], [2.0, np.nan]])


def test_the_fixed_epoch_is_the_best_of_all_other_networks() -> None:
    """By hand: without the first network the others' mean is lowest at epoch 1, without either other at epoch 3."""
    loss = xr.DataArray(
        [[5.0, 4.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 2.5]], dims=("network", "epoch"), coords={"epoch": [1, 2, 3]}
    )
    assert epoch_of_the_others(loss).values.tolist() == [1, 3, 3]
    assert np.isnan(epoch_of_the_others(loss[:1])).all()


def test_the_loss_at_the_fixed_epoch_is_subtracted() -> None:
    """conv1 peaks at epoch 2 in the first network, where loss is 4 and at the others' best epoch, 1, is 5."""
    gosi = np.full((3, 4, 3), 0.2)
    gosi[0, 2, :2] = 0.5
    gosi[:, 3, 2] = 0.5
    study = matured(gosi, [[5.0, 4.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 2.5]])
    difference = regret_beside_fixed_epoch(study)
    assert difference.dims == ("network", "layer")
    np.testing.assert_allclose(difference, [[-1.0, -4.0], [-2.0, 0.0], [-0.5, 0.0]])


# Verdicts


@pytest.mark.parametrize(
    ("mean", "spread", "verdict"), [(-0.3, 0.02, SUPPORTED), (0.3, 0.02, OPPOSITE), (-0.06, 0.3, INCONCLUSIVE)]
)
def test_planted_regrets_come_out_as_registered(mean: float, spread: float, verdict: str) -> None:
    """Far better than the end of training, far worse, or now one and now the other."""
    differences = mean + spread * np.random.default_rng(1).standard_normal(12)
    result = conclusion(peaking(3, differences), NAME)
    assert set(verdicts(result).values()) == {verdict}
    assert result.verdict == verdict
    assert result.layers[0].estimate == pytest.approx(differences.mean())


def test_an_epoch_that_is_always_the_last_gains_nothing() -> None:
    """All differences are 0: the claim is not supported, and the note says that nothing could be gained."""
    study = peaking(6, np.zeros(12))
    assert conclusion(study, NAME).verdict != SUPPORTED
    first, images = QUESTION.notes(study, (), root_seed=0)
    assert "In 12 of 12 networks the last epoch" in first and "these validation images" in images


def rising(epoch: int) -> xr.DataTree:
    """Return twelve networks that learn nothing: loss rises from the start, and gOSI is highest at an early epoch."""
    rng = np.random.default_rng(2)
    gosi = np.full((12, 7, 2 * len(LAYERS)), 0.3)
    gosi[:, epoch] = 0.5
    loss = 2.3 + 0.1 * np.arange(6) + 0.01 * rng.standard_normal((12, 6))
    return matured(gosi, loss, dict.fromkeys(LAYERS, 2))


def test_networks_that_learn_nothing_do_not_show_that_gosi_knows_when() -> None:
    """Any early epoch beats the last; none beats the first, at which the other networks' losses are lowest."""
    for epoch in (1, 2):
        assert conclusion(rising(epoch), NAME).verdict == SUPPORTED
        assert conclusion(rising(epoch), SIGNAL).verdict != SUPPORTED


def test_an_epoch_of_each_networks_own_is_a_signal() -> None:
    """Where the best epoch differs from network to network, and gOSI is highest there, no fixed epoch does as well."""
    gosi, loss = np.full((12, 7, 2 * len(LAYERS)), 0.3), np.full((12, 6), 2.0)
    networks, best = np.arange(12), np.arange(12) % 5
    gosi[networks, best + 1] = 0.5
    loss[networks, best] = 1.0 + 0.01 * np.random.default_rng(3).standard_normal(12)
    assert conclusion(matured(gosi, loss, dict.fromkeys(LAYERS, 2)), SIGNAL).verdict == SUPPORTED


def test_few_networks_are_not_tested() -> None:
    """Seven are fewer than the registered eight."""
    assert conclusion(peaking(3, np.full(7, -0.3)), NAME).verdict == NOT_TESTED


# Figure and simulation


def test_the_figure_shows_both_regrets_and_the_epochs() -> None:
    """Means over networks of what the estimand is made of, in nats and in epochs; other seeds move intervals alone."""
    study = peaking(3, np.linspace(-0.4, -0.2, 12))
    table, again = (QUESTION.figures(study, (), root_seed=seed)[0].table for seed in (0, 1))
    means = table.set_index(["quantity", "layer", "series"])["value"].unstack("quantity")
    chosen = {"epoch with the highest gOSI": 3, "last epoch": 6, "best epoch of the other networks": 3}
    assert means["epoch chosen"].xs("conv2").to_dict() == chosen
    loss = means["validation loss above the lowest of the run (nat)"].xs("conv2")
    assert loss["last epoch"] - loss["epoch with the highest gOSI"] == pytest.approx(0.3)
    assert table["value"].equals(again["value"])
    assert not table["ci_low"].equals(again["ci_low"])


@pytest.mark.parametrize("epochs", [5, 16])
@pytest.mark.parametrize(
    ("simulator", "estimand"),
    [(early_stopping, regret_beside_last_epoch), (beside_a_fixed_epoch, regret_beside_fixed_epoch)],
)
def test_the_simulation_plants_what_it_says(simulator: Simulator, estimand: Any, epochs: int) -> None:
    """The mean over many networks is the truth, in every layer, with fewer epochs than layers and with more."""
    design = Design(2000, Size(1, epochs=epochs), MATURATION)
    networks = simulator(np.random.default_rng(0), design, Truth(tuple(LAYERS), -0.05, 0.1))
    values = estimand(networks)
    assert values.sizes["layer"] == len(LAYERS)
    np.testing.assert_allclose(values.mean("network"), -0.05, atol=4 * 0.1 / np.sqrt(2000))
    np.testing.assert_allclose(values.std("network"), 0.1, rtol=0.1)
