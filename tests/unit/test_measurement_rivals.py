"""Halves by rivals of gOSI and designed halves, against ablating the same units one set at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from study.config import AblationConfig
from study.experiment.measurements.ablation.arrays import mean_scores
from study.experiment.measurements.dose.arrays import designed_halves, dose_arrays
from study.experiment.measurements.dose.doses import DESIGNED, DOSES
from study.experiment.measurements.rivals.arrays import ranking_arrays, ranking_halves
from study.experiment.unit_sets import by_layer, null_halves
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import DOSE_COVARIATES, DOSED, RANKINGS, variables_by_group
from study.vocabulary.seeding import stream
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

CONFIG = AblationConfig(layers=("conv2", "conv1"), null_draws=20, null_images=32)
IMAGES = np.arange(2, 34)
N_UNITS = sum(UNITS.values())
GOSI = np.r_[[0.2, np.nan, 0.6, 0.1, np.nan, 0.4], np.repeat([0.3, 0.7], 4), np.linspace(0.9, 0, 10)]


def streams(purpose: str) -> np.random.Generator:
    """Return the stream of a purpose."""
    return stream(8, "tiny", purpose)


def noise(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return quantities of units that have nothing to do with each other."""
    rng = np.random.default_rng(5)
    return {name: rng.random(N_UNITS) for name in names}


@pytest.fixture(scope="module")
def network() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    backend.configure_process()
    model = tiny_network()
    scramble(model, np.random.default_rng(7))
    return ClampedNetwork.of(model, hidden_layers(model))


def one_at_a_time(network: ClampedNetwork, layer: int, mask: np.ndarray) -> float:
    """Return the loss with one set of units held at zero, through the clamp of a single set."""
    outputs = network.outputs(tiny_partition().shown(IMAGES))
    labels = tiny_partition().test_labels[IMAGES]
    return float(network.clamped_scores(layer, outputs[layer], mask, [0], labels)[0].mean())


def test_the_loss_is_that_without_the_half_of_each_ranking(network: ClampedNetwork) -> None:
    """Set by set: the more units of the higher values, of those that respond, held at zero in the layer that is named."""
    quantities = noise(RANKINGS)
    measured = ranking_arrays(
        network, tiny_partition(), GOSI, quantities, CONFIG.layers, null_images=IMAGES, streams=streams
    )
    of_conv1 = {name: by_layer(values, network.layers)["conv1"] for name, values in quantities.items()}
    for ranking, (name, values) in enumerate(of_conv1.items()):
        responding = np.flatnonzero(np.isfinite(GOSI[:6]))
        top = np.isin(np.arange(6), responding[np.argsort(values[responding])[-2:]])
        loss = one_at_a_time(network, 0, top)
        assert measured["ranking_loss"][0, ranking, 0] == pytest.approx(loss, rel=1e-5), name
    assert measured["ranking_size"].tolist() == [[2] * len(RANKINGS), [4] * len(RANKINGS)]
    for name, variable in variables_by_group()["rivals"].items():
        assert measured[name].dtype.kind == variable.kind, name


def test_units_without_the_quantity_are_in_neither_half() -> None:
    """A unit that is silent at the centre of its map has no phase modulation; it is neither simple nor complex."""
    gosi = np.array([0.1, 0.2, 0.3, 0.4, np.nan])
    values = np.array([3.0, np.nan, 2.0, 1.0, 9.0])
    (top, bottom), *_ = ranking_halves(gosi, {"phase_modulation": values}, rng=np.random.default_rng(0))
    assert (top.tolist(), bottom.tolist()) == ([True] + [False] * 4, [False, False, False, True, False])


@pytest.fixture(scope="module")
def dose(network: ClampedNetwork) -> dict[str, Any]:
    """Return the designed halves of the tiny network, and all members."""
    quantities = noise((*DOSED, *DOSE_COVARIATES))
    return dose_arrays(network, tiny_partition(), GOSI, quantities, CONFIG, null_images=IMAGES, streams=streams)


def members(dose: dict[str, Any], layer: int, units: int) -> np.ndarray:
    """Return the members of a layer's halves, (half, unit)."""
    return np.unpackbits(dose["membership"][layer].astype(np.uint8), axis=-1, count=units).astype(bool)


def test_members_are_the_halves_that_were_ablated(network: ClampedNetwork, dose: dict[str, Any]) -> None:
    """The random ones as the ablation draws them, layer by layer; a designed one costs what its stored members cost."""
    gosi_of = by_layer(GOSI, network.layers)
    drawn = null_halves(gosi_of, CONFIG.layers, CONFIG.null_draws, rng=streams("ablation"))
    for layer, name in enumerate(drawn):
        of_layer = members(dose, layer, UNITS[name])
        np.testing.assert_array_equal(of_layer[:40], drawn[name].reshape(40, -1))
        assert len(of_layer) == 40 + DESIGNED
        loss = one_at_a_time(network, layer, of_layer[43])
        assert dose["designed_loss"][layer, 3] == pytest.approx(loss, rel=1e-5)


def test_members_cost_what_the_ablation_stored_of_random_halves(network: ClampedNetwork, dose: dict[str, Any]) -> None:
    """They are not measured again, so the stored members must be those whose loss is stored."""
    gosi_of = by_layer(GOSI, network.layers)
    drawn = null_halves(gosi_of, CONFIG.layers, CONFIG.null_draws, rng=streams("ablation"))
    masks = {i: drawn[name].reshape(40, -1) for i, name in enumerate(("conv1", "conv2"))}
    stored = mean_scores(network, tiny_partition(), masks, IMAGES)[0]
    for layer, name in enumerate(("conv1", "conv2")):
        assert stored[layer, 7] == pytest.approx(
            one_at_a_time(network, layer, members(dose, layer, UNITS[name])[7]), rel=1e-5
        )


def contrast(halves: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each half's mean of a quantity, from the mean over units, in standard errors of a random half's."""
    n, size = len(values), len(values) // 2
    error = values.std(ddof=1) * np.sqrt(1 / size - 1 / n)
    return (halves @ values / size - values.mean()) / error


@pytest.mark.parametrize("place", [0, 1])
def test_designed_halves_differ_in_one_quantity_and_balance_the_rest(place: int) -> None:
    """Though all are correlated: over draws the wanted index goes with the dose, what it is correlated with does not."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=64)
    quantities = 0.7 * common + rng.normal(size=(7, 64))
    drawn = [designed_halves(quantities, np.ones(64, dtype=bool), rng=rng) for _ in range(60)]
    halves = np.mean(drawn, axis=0)[place * len(DOSES) : (place + 1) * len(DOSES)]
    assert (np.sum(drawn, axis=2) == 32).all()
    moved = np.array([contrast(halves, values)[-1] - contrast(halves, values)[0] for values in quantities])
    assert moved[place] > 3
    assert np.abs(np.delete(moved, place)).max() < 0.2 * moved[place]


@pytest.mark.parametrize("spoil", [lambda q: q * 0, lambda q: np.where(q > 0, np.nan, q), lambda q: q[[0] * 7]])
def test_designed_halves_exist_whatever_the_quantities(spoil: Callable[[np.ndarray], np.ndarray]) -> None:
    """Constant, undefined or identical quantities leave nothing to prefer: halves of the right size all the same."""
    quantities = spoil(np.random.default_rng(1).normal(size=(7, 9)))
    eligible = np.arange(9) != 4
    halves = designed_halves(quantities, eligible, rng=np.random.default_rng(2))
    assert (halves.sum(axis=1) == 4).all()
    assert not halves[:, 4].any()
