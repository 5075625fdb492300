"""Other specifications of the probe are what a fresh probe finds, and their halves cost what ablating them by hand costs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from study.experiment.grating_responses import grating_responses
from study.experiment.measurements.multiverse.arrays import mean_outputs, target_losses, tuning_by_specification
from study.experiment.measurements.tuning.arrays import tuning_arrays
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, outputs_model, responses_model
from study.networks.interventions.clamped import ClampedNetwork
from study.tuning import gosi, shuffled_gosi, tuning_curve
from study.tuning.gratings import grating_set
from study.vocabulary.seeding import stream
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

SPECIFICATIONS = ("max/min_max", "centre/min_max", "output/min_max", "mean/fixed", "max/fixed", "mean/whole_cycles")
STREAMS = functools.partial(stream, 3, "tiny")
NULL_IMAGES = np.arange(2, 34)


@pytest.fixture(scope="module")
def network() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    backend.configure_process()
    model = tiny_network()
    scramble(model, np.random.default_rng(7))
    return ClampedNetwork.of(model, hidden_layers(model))


Forward = Callable[[np.ndarray], list[Any]]


@pytest.fixture(scope="module")
def forward(network: ClampedNetwork) -> Forward:
    """Return the compiled responses of the network."""
    return backend.compiled_forward(responses_model(network.model, network.layers))


def measured(
    network: ClampedNetwork, forward: Forward, specifications: tuple[str, ...] = SPECIFICATIONS
) -> dict[str, Any]:
    """Return what some specifications find."""
    return tuning_by_specification(
        forward,
        network.model,
        network.layers,
        specifications,
        state="analysed",
        training_mean=tiny_partition().training_mean,
        n_permutations=30,
        streams=STREAMS,
    )


@pytest.fixture(scope="module")
def arrays(network: ClampedNetwork, forward: Forward) -> dict[str, Any]:
    """Return what all of them find."""
    return measured(network, forward)


def responses(forward: Forward, readout: str, name: str) -> np.ndarray:
    """Return what a probe that reads only this gets, (unit, orientation, spatial_frequency, phase)."""
    mean = tiny_partition().training_mean
    return grating_responses(forward, grating_set(8, name), training_mean=mean, readout=readout)


@pytest.mark.parametrize("specification", [name for name in SPECIFICATIONS if not name.startswith("output")])
def test_a_specification_is_a_fresh_probe_to_the_last_bit(
    network: ClampedNetwork, forward: Forward, arrays: dict[str, Any], specification: str
) -> None:
    """What the registered probe would store, were this specification the registered one."""
    readout, _, name = specification.partition("/")
    read, shown = responses(forward, readout, name), grating_set(8, name)
    fresh = tuning_arrays(read, shown, n_permutations=100, rng=np.random.default_rng(0))
    place = SPECIFICATIONS.index(specification)
    for key in ("gosi", "silent", "spatial_frequency_range", "spatial_frequency_count"):
        np.testing.assert_array_equal(arrays[key][place], fresh[key], err_msg=key)
        assert arrays[key].dtype == fresh[key].dtype
    null = shuffled_gosi(read, n_permutations=30, rng=STREAMS(f"shuffle/analysed/{specification}"))
    np.testing.assert_array_equal(arrays["gosi_null_mean"][place], null.mean(axis=1))
    tuned = ~fresh["silent"]
    np.testing.assert_array_equal(arrays["gosi_null_selective"][place, tuned], (null[tuned] > 0.33).mean(axis=1))
    np.testing.assert_allclose(arrays["gosi_null_mean"][place], fresh["gosi_null_mean"], atol=0.15)


def test_specifications_differ(arrays: dict[str, Any]) -> None:
    """No two of these specifications are the same under another name."""
    assert len({row.tobytes() for row in arrays["gosi"]}) == len(SPECIFICATIONS)


def test_the_output_is_the_mean_of_what_the_next_layer_receives(network: ClampedNetwork, forward: Forward) -> None:
    """Keras' own normalisation, averaged over positions, negative means set to 0; some are and some are not."""
    shown, partition = grating_set(8, "min_max"), tiny_partition()
    inputs = shown.images.reshape(-1, 8, 8, 1) - partition.training_mean
    maps = outputs_model(network.model, network.layers)(inputs, training=False)
    means = [
        np.asarray(layer_maps, dtype=float).reshape(len(inputs), -1, layer_maps.shape[-1]).mean(axis=1)
        for layer_maps in maps
    ]
    expected = np.concatenate(means, axis=1).T.reshape(-1, *shown.images.shape[:3])
    outputs = mean_outputs(network.model, network.layers, responses(forward, "mean", "min_max"))
    np.testing.assert_allclose(outputs, np.maximum(expected, 0), atol=2e-5)
    assert 0.1 < (expected < 0).mean() < 0.9
    assert outputs.min() == 0


def test_a_unit_whose_output_is_never_positive_is_silent(
    network: ClampedNetwork, forward: Forward, arrays: dict[str, Any]
) -> None:
    """By this specification alone: the unit responds, but what it sends on is below zero for every grating."""
    read = mean_outputs(network.model, network.layers, responses(forward, "mean", "min_max"))
    place = SPECIFICATIONS.index("output/min_max")
    silent = (read == 0).all(axis=(1, 2, 3))
    assert 0 < silent.sum() < len(silent)
    np.testing.assert_array_equal(arrays["silent"][place], silent)
    np.testing.assert_array_equal(arrays["gosi"][place], gosi(tuning_curve(read)[0]))
    for name in ("gosi", "gosi_null_mean", "gosi_null_selective", "spatial_frequency_range"):
        np.testing.assert_array_equal(np.isnan(arrays[name][place]), silent, err_msg=name)
    assert (arrays["spatial_frequency_count"][place][silent] == 0).all()


def test_a_network_that_normalises_first_sends_on_its_responses() -> None:
    """No normalisation follows the ReLU: mean output and mean response are one."""
    model = tiny_network(order="conv_bn_relu")
    means = np.random.default_rng(0).random((24, 12, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(mean_outputs(model, hidden_layers(model), means), means)


def test_every_grating_set_is_shown_once(network: ClampedNetwork, forward: Forward) -> None:
    """Whatever the number of read-outs: 144 gratings of 8 pixels for each of the three sets."""
    seen: list[int] = []

    def counted(images: np.ndarray) -> list[Any]:
        seen.append(len(images))
        return forward(images)

    measured(network, counted)
    assert sum(seen) == 3 * 144


def test_a_specification_does_not_depend_on_the_others(
    network: ClampedNetwork, forward: Forward, arrays: dict[str, Any]
) -> None:
    """Alone, or in another order: the same bits in the place of its name."""
    chosen = ("mean/whole_cycles", "output/min_max")
    alone = measured(network, forward, chosen)
    for name, values in alone.items():
        np.testing.assert_array_equal(
            values, arrays[name][[SPECIFICATIONS.index(specification) for specification in chosen]]
        )


# Losses


def top_and_bottom(selectivity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of either half of the units that are not silent, one by one."""
    ranked = sorted((value, unit) for unit, value in enumerate(selectivity) if not np.isnan(value))
    size = len(ranked) // 2
    units = [unit for _, unit in ranked]
    return np.array(units[len(units) - size :], int), np.array(units[:size], int)


def has_ties(selectivity: np.ndarray) -> bool:
    """Return whether two units that are not silent are equally selective."""
    tuned = selectivity[~np.isnan(selectivity)]
    return len(set(tuned.tolist())) < len(tuned)


def loss_without(network: ClampedNetwork, name: str, units: np.ndarray) -> float:
    """Return the mean loss on the null's images of a network whose weights make those units send on 0, by Keras."""
    model, partition = keras.models.clone_model(network.model), tiny_partition()
    model.set_weights(network.model.get_weights())
    part = model.get_layer(f"{name}_bn")
    gamma, beta, *moments = (np.array(weight) for weight in part.get_weights())
    gamma[units] = beta[units] = 0
    part.set_weights([gamma, beta, *moments])
    inputs = preprocessed(partition.test_images[NULL_IMAGES], partition.training_mean)
    logits = np.asarray(model(inputs, training=False), dtype=float)
    labels = partition.test_labels[NULL_IMAGES]
    return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]).mean())


def losses(network: ClampedNetwork, selectivity: np.ndarray, layers: tuple[str, ...]) -> np.ndarray:
    """Return the losses under the halves of each row of `selectivity`."""
    return target_losses(
        network,
        tiny_partition(),
        selectivity,
        SPECIFICATIONS[: len(selectivity)],
        layers,
        null_images=NULL_IMAGES,
        streams=STREAMS,
    )


def test_losses_are_those_of_the_halves_ablated_by_hand(network: ClampedNetwork, arrays: dict[str, Any]) -> None:
    """Every specification, layer and half, units ranked and weights changed independently of the study's code."""
    by_layer = [np.split(row, np.cumsum(list(UNITS.values()))[:-1]) for row in arrays["gosi"]]
    chosen = [place for place, row in enumerate(by_layer) if not any(map(has_ties, row))]
    assert len(chosen) >= 3
    loss = losses(network, arrays["gosi"][chosen], tuple(UNITS))
    assert loss.shape == (len(chosen), 3, 2)
    for row, place in enumerate(chosen):
        for column, (name, selectivity) in enumerate(zip(UNITS, by_layer[place], strict=True)):
            expected = [loss_without(network, name, half) for half in top_and_bottom(selectivity)]
            np.testing.assert_allclose(loss[row, column], expected, rtol=1e-4)
    assert (np.ptp(loss, axis=0) > 1e-3).any()  # another specification ablates other units


def test_only_the_layers_asked_for_are_ablated_in_the_networks_order(
    network: ClampedNetwork, arrays: dict[str, Any]
) -> None:
    """And each as among all."""
    every = losses(network, arrays["gosi"], tuple(UNITS))
    some = losses(network, arrays["gosi"], ("fc1", "conv1"))
    np.testing.assert_allclose(some, every[:, [0, 2]], rtol=1e-5)


def test_a_layer_of_silent_units_loses_nothing(network: ClampedNetwork) -> None:
    """Neither half has a unit: the loss is that of the intact network, twice."""
    selectivity = np.linspace(0.1, 0.9, 24)[None].copy()
    selectivity[0, :6] = np.nan
    loss = losses(network, selectivity, tuple(UNITS))
    intact = loss_without(network, "conv1", np.array([], int))
    np.testing.assert_allclose(loss[0, 0], intact, rtol=1e-4)
    assert abs(loss[0, 1] - intact).min() > 1e-3
