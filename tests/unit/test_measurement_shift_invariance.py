"""Components watched under shifts: by hand, by a naive loop over networks whose weights ablate, by what cannot change."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator

import keras
import numpy as np
import pytest

from study.experiment.measurements.shift_invariance import arrays as shift
from study.experiment.measurements.shift_invariance.arrays import (
    ablated_halves,
    shift_arrays,
    shifted,
)
from study.experiment.unit_sets import selectivity_halves
from study.images.preparation.split import Partition, preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, responses_model
from study.networks.interventions.watched import WatchedNetwork, coefficient_of_variation, near_maximum
from study.vocabulary.schema import SHIFTS, described, variables_by_group
from tests.tiny_network import UNITS, scramble, tiny_network, tiny_partition

PARTITION = tiny_partition()
LAYERS = list(UNITS)


def draw_masks() -> dict[str, np.ndarray]:
    """Return two, three and one set of ablated units of the three layers."""
    rng = np.random.default_rng(3)
    return {name: rng.random((n, UNITS[name])) < 0.5 for name, n in zip(UNITS, (2, 3, 1), strict=True)}


MASKS = draw_masks()
CONDITIONS = [("", np.zeros(0, dtype=bool)), *((name, mask) for name, sets in MASKS.items() for mask in sets)]

Watched = tuple[keras.Model, WatchedNetwork]


@pytest.fixture(scope="module", autouse=True)
def _configured() -> None:
    """Set TensorFlow up before any test makes a tensor."""
    backend.configure_process()


def watched(order: str = "conv_relu_bn") -> Watched:
    """Return a scrambled tiny network and its compiled watch, used once with other weights."""
    model = tiny_network(order=order)
    network = WatchedNetwork.of(model, hidden_layers(model), tuple(UNITS))
    shift_arrays(network, PARTITION, MASKS, test_images=0)
    scramble(model, np.random.default_rng(7))
    return model, network


@pytest.fixture(scope="module", params=["conv_relu_bn", "conv_bn_relu"])
def either(request: pytest.FixtureRequest) -> Watched:
    """Return a watched network of either order."""
    return watched(request.param)


@pytest.fixture
def tiny(plain: Watched) -> Iterator[Watched]:
    """Return a watched network whose weights a test may change."""
    weights = plain[0].get_weights()
    yield plain
    plain[0].set_weights(weights)


@pytest.fixture(scope="module")
def plain() -> Watched:
    """Return a watched network."""
    return watched()


# Parts


@pytest.mark.parametrize(("size", "pixels"), [(8, 1), (16, 2), (32, 3)])
def test_images_move_down_and_right_and_edges_are_repeated(size: int, pixels: int) -> None:
    """Every pixel, by a loop; height and width by themselves."""
    images = np.random.default_rng(0).integers(0, 256, (2, size, 20, 3), dtype=np.uint8)
    views = shifted(images)
    moves = {"vertical": (pixels, 0), "horizontal": (0, 2), "both": (pixels, 2)}
    np.testing.assert_array_equal(views[0], images)
    for view, name in zip(views[1:], SHIFTS, strict=True):
        down, right = moves[name]
        for row in range(size):
            for column in range(20):
                expected = images[:, max(row - down, 0), max(column - right, 0)]
                np.testing.assert_array_equal(view[:, row, column], expected)


@pytest.mark.parametrize(
    ("activations", "expected"),
    [
        ([5, 5, 5, 5], 0),
        ([0.1, 0.1, 0.1, 0.1], 0),
        ([1, 2, 3, 4], np.sqrt(1.25) / 2.5),
        ([2, 0, 0, 0], np.sqrt(3)),
        ([1, 1, 0, 0], 1),
        ([1e-30, 3e-30, 1e-30, 3e-30], 0.5),
        ([1e-30, 3e30, 3e30, 0], 1),
    ],
)
def test_coefficient_of_variation_by_hand(activations: list[float], expected: float) -> None:
    """Population standard deviation over mean, without rounding for equal activations, whatever their scale."""
    coefficient = np.asarray(coefficient_of_variation(np.array([activations], dtype=np.float32)))
    np.testing.assert_allclose(coefficient, [expected], rtol=1e-6, atol=0)


def test_near_maximum_by_hand() -> None:
    """Strictly above 90 % of the component's own peak in its own set, by the unshifted view; its four activations."""
    rng = np.random.default_rng(1)
    activations = rng.uniform(20, 30, (2, 4, 3, 2)).astype(np.float32)  # set, view, image, component
    activations[0, 0] = [[10, 1], [9, 0], [9.5, 0.95]]
    activations[1, 0] = [[0, 8], [0, 7], [0, 5]]
    component, responses = near_maximum(activations, np.array([10, 1, 0, 8], dtype=np.float32))
    pairs = [(0, 0, 0), (0, 0, 1), (0, 2, 0), (0, 2, 1), (1, 0, 1)]  # set, image, component
    np.testing.assert_array_equal(component, [2 * s + j for s, _, j in pairs])
    np.testing.assert_array_equal(responses, [activations[s, :, i, j] for s, i, j in pairs])


# Whole networks


def ablated(model: keras.Model, name: str, mask: np.ndarray) -> keras.Model:
    """Return a copy of the network whose weights ablate the masked units of a layer."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    if name:
        scale, offset, *moments = (np.array(weight) for weight in copy.get_layer(f"{name}_bn").get_weights())
        copy.get_layer(f"{name}_bn").set_weights([np.where(mask, 0, scale), np.where(mask, 0, offset), *moments])
    return copy


def naive(model: keras.Model) -> tuple[list[tuple[float, float, int, int]], list[float]]:
    """Return (mean, standard error, number active, number inactive) of each layer, and consistency, by the definition."""
    images = [
        PARTITION.test_images[:, np.maximum(np.arange(8) - down, 0)][:, :, np.maximum(np.arange(8) - right, 0)]
        for down, right in ((0, 0), (1, 0), (0, 1), (1, 1))
    ]
    inputs = [preprocessed(view, PARTITION.training_mean) for view in images]
    reader = responses_model(model, hidden_layers(model))
    views = [[np.asarray(layer, dtype=float).reshape(37, -1) for layer in reader(x, training=False)] for x in inputs]
    layers = []
    for of_layer in zip(*views, strict=True):
        values = []
        for component in range(of_layer[0].shape[1]):
            four = np.stack([view[:, component] for view in of_layer], axis=1)
            near = four[four[:, 0] > 0.9 * four[:, 0].max()]
            values.append(np.mean([row.std() / row.mean() for row in near]) if len(near) else np.nan)
        active = np.array(values)[~np.isnan(values)]
        error = active.std(ddof=1) / np.sqrt(len(active))
        layers.append((active.mean(), error, len(active), len(values) - len(active)))
    predicted = [np.asarray(model(x, training=False)).argmax(axis=1) for x in inputs]
    return layers, [float(np.mean(view == predicted[0])) for view in predicted[1:]]


def test_values_are_those_of_a_naive_implementation(either: Watched) -> None:
    """Every condition and layer on 37 images, against changing the network's own weights and looping over components."""
    model, network = either
    measured = shift_arrays(network, PARTITION, MASKS, test_images=0)
    intact, _ = naive(model)
    for row, (name, mask) in enumerate(CONDITIONS):
        layers, consistency = naive(ablated(model, name, mask))
        behind = LAYERS.index(name) + 1 if name else 0
        expected = np.array([*intact[:behind], *layers[behind:]])
        np.testing.assert_allclose(measured["cv_mean"][row], expected[:, 0], rtol=1e-5)
        np.testing.assert_allclose(measured["cv_standard_error"][row], expected[:, 1], rtol=1e-5)
        np.testing.assert_array_equal(measured["n_components"][row], expected[:, 2])
        np.testing.assert_array_equal(measured["n_inactive"][row], expected[:, 3])
        np.testing.assert_allclose(measured["prediction_consistency"][row], consistency)
    assert (measured["n_inactive"] > 0).any()
    assert (measured["prediction_consistency"] < 1).any()
    assert measured["cv_mean"].shape == (7, 3)
    assert measured["prediction_consistency"].shape == (7, 3)


def test_ablating_changes_the_layers_behind_alone(plain: Watched) -> None:
    """Up to the ablated layer the intact network's values, to the bit; behind it others."""
    mean = shift_arrays(plain[1], PARTITION, MASKS, test_images=0)["cv_mean"]
    for row, (name, _) in enumerate(CONDITIONS[1:], 1):
        changed = mean[row] != mean[0]
        np.testing.assert_array_equal(changed, np.arange(3) > LAYERS.index(name))


def test_ablating_nothing_changes_nothing_and_ablating_all_leaves_a_constant(plain: Watched) -> None:
    """An empty set gives the intact network; behind a whole ablated layer no shift is seen."""
    nothing_and_all = {name: np.stack([np.zeros(n, bool), np.ones(n, bool)]) for name, n in UNITS.items()}
    measured = shift_arrays(plain[1], PARTITION, nothing_and_all, test_images=0)
    for values in measured.values():
        for row in (1, 3, 5):
            np.testing.assert_allclose(values[row], values[0], rtol=1e-6)
    np.testing.assert_allclose(measured["cv_mean"][2, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(measured["cv_mean"][4, 2:], 0, atol=1e-6)
    np.testing.assert_array_equal(measured["prediction_consistency"][[2, 4, 6]], 1)


def test_a_constant_response_does_not_vary_and_an_absent_one_is_undefined(tiny: Watched) -> None:
    """Conv1 ignores the image: four channels always 0.5, two always 0; then all always 0, and no layer is left."""
    model, network = tiny
    convolution = model.get_layer("conv1")
    bias = np.array([0.5, -1, 0.5, 0.5, -1, 0.5], dtype=np.float32)
    convolution.set_weights([np.zeros_like(convolution.get_weights()[0]), bias])
    measured = shift_arrays(network, PARTITION, MASKS, test_images=0)
    assert measured["cv_mean"][0, 0] == measured["cv_standard_error"][0, 0] == 0
    np.testing.assert_array_equal(measured["n_components"][:, 0], 4 * 36)
    np.testing.assert_array_equal(measured["n_inactive"][:, 0], 2 * 36)
    np.testing.assert_allclose(measured["cv_mean"], 0, atol=1e-6)
    np.testing.assert_array_equal(measured["prediction_consistency"], 1)
    convolution.set_weights([convolution.get_weights()[0], -np.ones(6, dtype=np.float32)])
    measured = shift_arrays(network, PARTITION, MASKS, test_images=0)
    for name in ("cv_mean", "cv_standard_error"):
        assert np.isnan(measured[name][:, 0]).all(), name
    np.testing.assert_array_equal(measured["n_components"][:, 0], 0)
    np.testing.assert_array_equal(measured["n_inactive"][:, 0], 6 * 36)


def test_one_active_component_has_no_standard_error() -> None:
    """Its mean is its own; the spread of one is unknown, not 0."""
    mean, error = shift._mean_and_standard_error(np.array([[np.nan, 0.3, np.nan], [0.1, 0.3, np.nan]]))
    np.testing.assert_allclose(mean, [0.3, 0.2])
    np.testing.assert_allclose(error, [np.nan, 0.1])


def test_pooled_responses_do_not_see_a_shift_away_from_edges() -> None:
    """A convolution follows the shift, its global mean stays; unless something is cut off at the edge."""
    images = keras.Input((16, 16, 3))
    maps = keras.layers.ReLU(name="maps")(keras.layers.Conv2D(5, 3)(images))
    pooled = keras.layers.ReLU(name="pooled")(keras.layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(images, keras.layers.Dense(3)(pooled))
    rng = np.random.default_rng(5)
    scramble(model, rng)
    layers = tuple(HiddenLayer(name, 5, name, name, "") for name in ("maps", "pooled"))
    network = WatchedNetwork.of(model, layers, ())
    shown = np.full((12, 16, 16, 3), 120, dtype=np.uint8)
    shown[:, 6:10, 5:9] = rng.integers(0, 256, (12, 4, 4, 3))  # 2 px of shift, 1 px of kernel: far from any edge
    measured = shift_arrays(network, photographs(shown), {}, test_images=0)
    assert measured["cv_mean"][0, 0] > 0.05
    assert measured["cv_mean"][0, 1] == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(measured["prediction_consistency"], 1)
    shown[:, 12:] = rng.integers(0, 256, (12, 4, 16, 3))
    assert shift_arrays(network, photographs(shown), {}, test_images=0)["cv_mean"][0, 1] > 1e-3


def photographs(images: np.ndarray) -> Partition:
    """Return a partition with these test images and a training mean of zero."""
    mean = np.zeros(images.shape[1:], dtype=np.float32)
    return dataclasses.replace(
        PARTITION, test_images=images, test_labels=np.zeros(len(images), dtype=np.int64), training_mean=mean
    )


# What is ablated, and what comes out


def halves_of(gosi: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the top and the bottom half of each layer."""
    starts = np.cumsum(list(UNITS.values()))[:-1]
    rng = np.random.default_rng(9)
    return {
        name: selectivity_halves(layer_gosi, rng=rng)
        for name, layer_gosi in zip(UNITS, np.split(gosi, starts), strict=True)
    }


def test_the_halves_given_are_ablated_and_a_random_one(plain: Watched) -> None:
    """Top, bottom, and as many at random among the responsive units, every one of which is drawn sometimes."""
    gosi = np.random.default_rng(6).random(24)
    gosi[[0, 8, 9]] = np.nan  # one unit of conv1, two of conv2
    halves = halves_of(gosi)
    rng = np.random.default_rng(2)
    masks = ablated_halves(plain[1], gosi, halves, rng=rng)
    assert list(masks) == LAYERS
    for name, size in (("conv1", 2), ("conv2", 3), ("fc1", 5)):
        np.testing.assert_array_equal(masks[name][:2], halves[name])
        np.testing.assert_array_equal(masks[name].sum(axis=1), size)
    drawn = np.array([ablated_halves(plain[1], gosi, halves, rng=rng)["conv2"][2] for _ in range(200)])
    np.testing.assert_array_equal(drawn[:, [2, 3]], False)
    assert (abs(drawn[:, [0, 1, 4, 5, 6, 7]].mean(axis=0) - 0.5) < 0.15).all()


def test_the_same_stream_draws_the_same_halves(plain: Watched) -> None:
    """Nothing else decides them."""
    gosi = np.random.default_rng(6).random(24)
    first, again = (ablated_halves(plain[1], gosi, halves_of(gosi), rng=np.random.default_rng(4)) for _ in range(2))
    for name in LAYERS:
        np.testing.assert_array_equal(first[name], again[name])


def test_arrays_are_the_group_of_the_schema(plain: Watched) -> None:
    """Names, dimensions and types as declared, conditions labelled in the order they stand in."""
    gosi = np.random.default_rng(6).random(24)
    masks = ablated_halves(plain[1], gosi, halves_of(gosi), rng=np.random.default_rng(0))
    measured = shift_arrays(plain[1], PARTITION, masks, test_images=0)
    labels = {"condition": list(plain[1].conditions), "layer": LAYERS, "shift": list(SHIFTS)}
    group = described("shift_invariance", measured, labels)
    assert set(group.data_vars) == set(variables_by_group()["shift_invariance"])
    for name, variable in variables_by_group()["shift_invariance"].items():
        assert group[name].dims == variable.dims
        assert group[name].dtype.kind == variable.kind
    bottom = shift_arrays(plain[1], PARTITION, {**masks, "conv2": masks["conv2"][1:2]}, test_images=0)
    np.testing.assert_allclose(group["cv_mean"].sel(condition="conv2_bottom"), bottom["cv_mean"][4], rtol=1e-6)
    assert plain[1].conditions[:5] == ("intact", "conv1_top", "conv1_bottom", "conv1_random", "conv2_top")


def test_conditions_stand_in_the_network_s_order(plain: Watched) -> None:
    """However the layers were listed: labels and arrays go together."""
    network = WatchedNetwork.of(plain[0], hidden_layers(plain[0]), ("conv2", "conv1"))
    assert network.conditions == (
        "intact",
        "conv1_top",
        "conv1_bottom",
        "conv1_random",
        "conv2_top",
        "conv2_bottom",
        "conv2_random",
    )


def test_the_first_test_images_are_watched(plain: Watched) -> None:
    """As many as asked for; all for 0, and where there are fewer."""
    few = dataclasses.replace(PARTITION, test_images=PARTITION.test_images[:20])
    first, alone = (
        shift_arrays(plain[1], PARTITION, MASKS, test_images=20),
        shift_arrays(plain[1], few, MASKS, test_images=0),
    )
    every, more = (shift_arrays(plain[1], PARTITION, MASKS, test_images=n) for n in (0, 1000))
    for name, values in first.items():
        np.testing.assert_array_equal(values, alone[name])
        np.testing.assert_array_equal(every[name], more[name])
    assert (first["cv_mean"] != every["cv_mean"]).any()


# Batches


def test_how_images_are_batched_does_not_matter(plain: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """37 images at once, or ten at a time with a short last batch; progress grows to 1."""
    together = shift_arrays(plain[1], PARTITION, MASKS, test_images=0)
    monkeypatch.setattr(shift, "BATCH", 10)
    told: list[float] = []
    apart = shift_arrays(plain[1], PARTITION, MASKS, test_images=0, on_progress=told.append)
    for name, values in together.items():
        np.testing.assert_allclose(apart[name], values, rtol=1e-6)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_the_same_weights_give_the_same_bits(plain: Watched) -> None:
    """Nothing is drawn, nothing left over from the last call."""
    first, again = (shift_arrays(plain[1], PARTITION, MASKS, test_images=0) for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)


def test_memory_does_not_grow_with_the_number_of_images(plain: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty batches peak higher than one by less than the further images take as bytes, let alone as activations."""
    monkeypatch.setattr(shift, "BATCH", 37)

    def peak(copies: int) -> int:
        images = np.tile(PARTITION.test_images, (copies, 1, 1, 1))
        tracemalloc.start()
        try:
            shift_arrays(plain[1], dataclasses.replace(PARTITION, test_images=images), MASKS, test_images=0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    few, many = peak(1), peak(20)
    assert few > 4 * 37 * 8 * 8 * 3 * 4  # the four views of a batch, in float32, are among what is counted
    assert many - few < 19 * PARTITION.test_images.nbytes


# Refusals


def test_masks_of_other_layers_are_refused(plain: Watched) -> None:
    """Too few or unknown layers would shift the conditions."""
    for masks in ({}, {**MASKS, "conv3": MASKS["conv2"]}):
        with pytest.raises(ValueError, match="can ablate conv1, conv2, fc1"):
            shift_arrays(plain[1], PARTITION, masks, test_images=0)


def test_a_layer_that_is_none_is_refused(plain: Watched) -> None:
    """A name that stands for no layer would ablate nothing."""
    with pytest.raises(ValueError, match="conv9"):
        WatchedNetwork.of(plain[0], hidden_layers(plain[0]), ("conv1", "conv9"))


def test_a_broken_network_is_refused(tiny: Watched) -> None:
    """Infinity is above 90 % of infinity at no image: it would be taken for an inactive component."""
    tiny[0].get_layer("conv2").bias.assign(np.r_[np.inf, np.zeros(7)].astype(np.float32))
    with pytest.raises(ValueError, match="NaN, infinite or negative"):
        shift_arrays(tiny[1], PARTITION, MASKS, test_images=0)
