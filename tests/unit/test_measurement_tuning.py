"""Gratings in, labelled tuning out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study import tuning
from study.config import Config, ProbeConfig
from study.experiment import grating_responses as showing
from study.experiment.grating_responses import grating_responses
from study.experiment.measurements.tuning import permutations_in
from study.experiment.measurements.tuning.arrays import BIN_STARTS, N_BINS, tuning_arrays
from study.tuning.gratings import Gratings, grating, gratings
from study.vocabulary.schema import GENERALIZATION, REARING, TUNED_STATES, described, variables_by_group

PERMUTATIONS = 100


@pytest.fixture(scope="module")
def shown() -> Gratings:
    """Return the gratings of 8 pixels: 12 orientations, 3 frequencies, 4 phases."""
    return gratings(8, contrast="min_max")


def no_mean(size: int = 8) -> np.ndarray:
    """Return a training mean of 0."""
    return np.zeros((size, size, 3), np.float32)


def test_every_grating_is_shown_once_in_its_place(shown: Gratings) -> None:
    """A unit that reports the picture's number gets it back at the right orientation, frequency and phase."""
    batches: list[int] = []

    def forward(images: np.ndarray) -> list[np.ndarray]:
        start = sum(batches)
        batches.append(len(images))
        numbers = np.arange(start, start + len(images), dtype=np.float32)
        return [np.broadcast_to(numbers[:, None, None, None], (len(images), 2, 2, 1)), numbers[:, None] * 2]

    responses = grating_responses(forward, shown, training_mean=no_mean(), readout="mean")
    assert responses.shape == (2, 12, 3, 4)
    np.testing.assert_array_equal(responses[0].ravel(), np.arange(144))
    np.testing.assert_array_equal(responses[1], 2 * responses[0])
    assert sum(batches) == 144
    assert max(batches) == showing.BATCH < 144


def test_gratings_are_preprocessed_as_photographs(shown: Gratings) -> None:
    """Grey in three channels, minus the training mean of each."""
    mean = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    seen: list[np.ndarray] = []

    def forward(images: np.ndarray) -> list[np.ndarray]:
        seen.append(images)
        return [np.ones((len(images), 1), np.float32)]

    grating_responses(forward, shown, training_mean=mean, readout="mean")
    images = np.concatenate(seen)
    assert images.dtype == np.float32
    grey = shown.images.reshape(-1, 8, 8)
    for channel in range(3):
        np.testing.assert_allclose(images[..., channel], grey - mean[..., channel], atol=1e-6)


@pytest.mark.parametrize(("readout", "expected"), [("mean", 2.5), ("max", 7.0)])
def test_maps_are_read_by_their_mean_or_maximum(shown: Gratings, readout: str, expected: float) -> None:
    """Over positions; a dense unit has one position, and layers stand side by side in order."""
    maps = np.array([[7.0, 1.0], [2.0, 0.0]], np.float32)

    def forward(images: np.ndarray) -> list[np.ndarray]:
        spread = np.broadcast_to(maps[None, :, :, None] * [1, 10], (len(images), 2, 2, 2))
        return [spread.astype(np.float32), np.full((len(images), 3), 4.0, np.float32)]

    responses = grating_responses(forward, shown, training_mean=no_mean(), readout=readout)
    np.testing.assert_allclose(responses[:, 0, 0, 0], [expected, 10 * expected, 4, 4, 4])


@pytest.mark.parametrize("bad", [-0.1, np.nan])
def test_a_response_that_no_relu_gives_is_refused(shown: Gratings, bad: float) -> None:
    """Negative or undefined: the network is broken, or read in the wrong place."""

    def forward(images: np.ndarray) -> list[np.ndarray]:
        values = np.ones((len(images), 2), np.float32)
        values[-1, 1] = bad
        return [values]

    with pytest.raises(ValueError, match="NaN or negative"):
        grating_responses(forward, shown, training_mean=no_mean(), readout="mean")


@pytest.mark.parametrize("orientation", [0.0, 45.0, 105.0, 165.0])
def test_a_unit_built_for_an_orientation_prefers_it(orientation: float) -> None:
    """End to end: a rectified pair of filters that are themselves gratings finds its orientation and frequency."""
    shown = gratings(32, contrast="min_max")
    filters = [
        grating(32, orientation=orientation, spatial_frequency=4 / 40, phase=phase) for phase in (0, 90, 180, 270)
    ]

    def forward(images: np.ndarray) -> list[np.ndarray]:
        energy = [np.maximum(np.einsum("nhw,hw->n", images[..., 0], f - f.mean()), 0) for f in filters]
        return [np.sum(energy, axis=0, dtype=np.float32)[:, None]]

    responses = grating_responses(forward, shown, training_mean=np.full((32, 32, 3), 0.5, np.float32), readout="mean")
    arrays = tuning_arrays(responses, shown, n_permutations=PERMUTATIONS, rng=np.random.default_rng(0))
    assert arrays["preferred_orientation"][0] == orientation
    assert arrays["preferred_spatial_frequency"][0] == pytest.approx(4 / 40)
    assert arrays["gosi"][0] > 0.6
    assert arrays["spatial_frequency_range"][0] == 0


@pytest.fixture(scope="module")
def responses(shown: Gratings) -> np.ndarray:
    """Return responses of five units, the second one silent."""
    values = np.random.default_rng(1).exponential(size=(5, 12, 3, 4)).astype(np.float32)
    values[1] = 0
    return values


@pytest.fixture(scope="module")
def arrays(responses: np.ndarray, shown: Gratings) -> dict[str, Any]:
    """Return the tuning of the five units."""
    return tuning_arrays(responses, shown, n_permutations=PERMUTATIONS, rng=np.random.default_rng(2))


def test_arrays_are_those_of_the_schema(arrays: dict[str, Any], shown: Gratings) -> None:
    """Names, kinds and dimensions, two states stacked; no value undefined where the schema allows none."""
    assert set(arrays) == set(variables_by_group()["tuning"])
    dataset = described(
        "tuning",
        {name: np.stack([values] * 2) for name, values in arrays.items()},
        {"orientation": shown.orientation, "spatial_frequency": shown.spatial_frequency, "gosi_bin": BIN_STARTS},
    )
    for name, variable in variables_by_group()["tuning"].items():
        assert dataset[name].dims == variable.dims
        assert dataset[name].dtype.kind == variable.kind, name
        assert variable.nan_allowed or np.isfinite(dataset[name].astype(float)).all(), name
    np.testing.assert_array_equal(dataset["orientation"], shown.orientation)
    np.testing.assert_array_equal(dataset["gosi_bin"], BIN_STARTS)


def test_indices_are_those_of_the_tuning_module(arrays: dict[str, Any], responses: np.ndarray, shown: Gratings) -> None:
    """Nothing is computed twice, or otherwise."""
    curve, frequency = tuning.tuning_curve(responses)
    np.testing.assert_array_equal(arrays["gosi"], tuning.gosi(curve))
    np.testing.assert_array_equal(arrays["osi"], tuning.osi(curve))
    np.testing.assert_array_equal(arrays["tuning_curve"], curve)
    for threshold, suffix in (("half_peak", ""), ("midpoint", "_midpoint")):
        ranges, counts = tuning.spatial_frequency_range(responses, shown.orientation, threshold=threshold)
        np.testing.assert_array_equal(arrays[f"spatial_frequency_range{suffix}"], ranges)
        np.testing.assert_array_equal(arrays[f"spatial_frequency_count{suffix}"], counts)
    tuned = ~arrays["silent"]
    np.testing.assert_array_equal(arrays["preferred_orientation"][tuned], 15.0 * curve.argmax(axis=1)[tuned])
    np.testing.assert_array_equal(
        arrays["preferred_spatial_frequency"][tuned], shown.spatial_frequency[frequency][tuned]
    )
    np.testing.assert_allclose(arrays["mean_response"], responses.mean(axis=(1, 2, 3)), rtol=1e-6)


def test_a_silent_unit_is_flagged_and_undefined(arrays: dict[str, Any]) -> None:
    """NaN in every index, 0 in its curve, mean response and count of frequencies."""
    np.testing.assert_array_equal(arrays["silent"], [False, True, False, False, False])
    for name, variable in variables_by_group()["tuning"].items():
        if variable.nan_allowed:
            np.testing.assert_array_equal(np.isnan(arrays[name]), arrays["silent"], err_msg=name)
    assert arrays["mean_response"][1] == 0
    assert arrays["spatial_frequency_count"][1] == 0
    assert not arrays["tuning_curve"][1].any()


def test_shuffled_values_are_counted_by_unit(arrays: dict[str, Any]) -> None:
    """Each tuned unit has its 100 shuffles, in bins that start at k / 40, a silent one none."""
    np.testing.assert_array_equal(arrays["gosi_null_count"].sum(axis=1), [100, 0, 100, 100, 100])
    assert arrays["gosi_null_count"].shape == (5, N_BINS)
    np.testing.assert_array_equal(BIN_STARTS, np.arange(40) / 40)
    middle = (arrays["gosi_null_count"] * (BIN_STARTS + 0.5 / N_BINS)).sum(axis=1) / 100
    tuned = ~arrays["silent"]
    np.testing.assert_allclose(middle[tuned], arrays["gosi_null_mean"][tuned], atol=0.01)


def test_the_same_seed_gives_the_same_arrays(arrays: dict[str, Any], responses: np.ndarray, shown: Gratings) -> None:
    """To the last bit; another seed changes the shuffle control alone."""
    again, other = (
        tuning_arrays(responses, shown, n_permutations=PERMUTATIONS, rng=np.random.default_rng(seed)) for seed in (2, 3)
    )
    for name, values in arrays.items():
        np.testing.assert_array_equal(again[name], values)
        shuffled = name.startswith("gosi_")
        assert np.array_equal(other[name], values, equal_nan=True) != shuffled, name


def ramp(images: np.ndarray) -> list[np.ndarray]:
    """Return maps of 3 x 3 and 4 x 4 positions that hold their own number from 0, and two dense units."""
    small, large = (np.arange(size * size, dtype=np.float32).reshape(1, size, size, 1) for size in (3, 4))
    tiled = [np.repeat(maps, len(images), axis=0) for maps in (small, large)]
    return [*tiled, np.full((len(images), 2), [5.0, 6.0], np.float32)]


@pytest.mark.parametrize(
    ("readout", "expected"), [("mean", [4, 7.5, 5, 6]), ("max", [8, 15, 5, 6]), ("centre", [4, 10, 5, 6])]
)
def test_readouts_of_maps_whose_values_are_known(shown: Gratings, readout: str, expected: list[float]) -> None:
    """The centre is row 1, column 1 of 3 x 3 and row 2, column 2 of 4 x 4; a dense unit has one position."""
    responses = grating_responses(ramp, shown, training_mean=no_mean(), readout=readout)
    np.testing.assert_array_equal(responses, np.broadcast_to(np.reshape(expected, (4, 1, 1, 1)), (4, 12, 3, 4)))


def test_one_pass_gives_every_readout(shown: Gratings) -> None:
    """Each as by itself, to the last bit, while every grating is shown once."""
    weights = np.random.default_rng(3).normal(size=(8, 5)).astype(np.float32)
    counts: list[int] = []

    def forward(images: np.ndarray) -> list[np.ndarray]:
        counts.append(len(images))
        return [np.maximum(images[..., 0] @ weights, 0)[:, :, None, :], np.maximum(images[:, 3, :, 0] @ weights, 0)]

    readouts = ("centre", "mean", "max")
    together = showing.grating_readings(forward, shown, training_mean=no_mean(), readouts=readouts)
    assert (sum(counts), tuple(together)) == (144, readouts)
    for readout in readouts:
        alone = grating_responses(forward, shown, training_mean=no_mean(), readout=readout)
        np.testing.assert_array_equal(together[readout], alone)
    assert (together["max"][:5] > together["mean"][:5]).any()
    np.testing.assert_array_equal(together["max"][5:], together["centre"][5:])


def test_a_unit_is_shuffled_as_registered_in_the_states_whose_units_are_read() -> None:
    """And a tenth as often in the one whose layers' means are, and in networks of which no more is read."""
    config = Config(probe=ProbeConfig(permutations=1000))
    assert [permutations_in(state, GENERALIZATION, config) for state in TUNED_STATES] == [1000, 100, 1000]
    assert [permutations_in(state, REARING, config) for state in TUNED_STATES] == [100, 100, 100]
