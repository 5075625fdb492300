"""The measures of recorded neurons: orientations as experiments have them, trials, negative responses, labelled arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from study import tuning
from study.tuning.orientations import weights
from study.tuning.von_mises import half_width

EVEN = np.arange(12) * 15.0
UNEVEN = np.array([0.0, 20.0, 50.0, 85.0, 90.5, 140.0])


def literal_gosi(curve: np.ndarray, orientations: np.ndarray) -> float:
    """Return the vector sum's length over the sum, term by term."""
    terms = zip(curve, orientations, strict=True)
    vector = sum(response * complex(math.cos(a := 2 * math.radians(angle)), math.sin(a)) for response, angle in terms)
    return abs(vector) / sum(curve)


def recording(noise: float, *, seed: int = 0, units: int = 3, trials: int = 8) -> xr.DataArray:
    """Return trials of units that prefer 40 degrees, with noise; the last unit is untuned."""
    rng = np.random.default_rng(seed)
    tuned = tuning.von_mises_curve(EVEN, 1.0, 10.0, 40.0, 2.0)
    means = np.stack([tuned] * (units - 1) + [np.full(12, 3.0)])
    values = means[:, None, :] + rng.normal(0, noise, (units, trials, 12))
    return xr.DataArray(
        values,
        dims=("neuron", "trial", "orientation"),
        coords={"orientation": EVEN, "neuron": [f"n{unit}" for unit in range(units)]},
    )


@given(st.lists(st.floats(0.0, 100.0), min_size=12, max_size=12).filter(lambda curve: sum(curve) > 1e-3))
@settings(max_examples=50, deadline=None)
def test_even_orientations_given_or_not_give_the_equation(curve: list[float]) -> None:
    """Plain, with orientations, in another order, and labelled: all equal the terms of the definition added one by one."""
    responses, order = np.array(curve), np.random.default_rng(0).permutation(12)
    expected = pytest.approx(literal_gosi(responses, EVEN), abs=1e-9)
    labelled = xr.DataArray(responses[order], dims="theta", coords={"theta": EVEN[order]})
    assert tuning.gosi(responses) == expected
    assert tuning.gosi(responses[order], EVEN[order]) == expected
    assert float(tuning.gosi(labelled, dim="theta")) == expected


@given(st.lists(st.integers(0, 359), min_size=3, max_size=14, unique=True))
@settings(max_examples=100, deadline=None)
def test_a_flat_curve_has_no_selectivity_whatever_was_shown(halves: list[int]) -> None:
    """Orientations that crowd give 0 for a flat curve, or are refused; every one counts, and all weights add up to 1."""
    orientations = np.array(halves) / 2
    try:
        counted = weights(orientations)
    except ValueError:
        gaps = np.diff(np.sort(np.append(orientations, orientations.min() + 180)))
        assert gaps.max() > 80 or len(halves) < 4
        return
    assert counted.min() > 0
    assert counted.sum() == pytest.approx(1)
    assert tuning.gosi(np.full(len(orientations), 7.0), orientations) == pytest.approx(0, abs=1e-9)
    only = np.eye(len(orientations))[0]
    assert tuning.gosi(only, orientations) == pytest.approx(1)
    assert tuning.preferred_orientation(only, orientations) == pytest.approx(orientations[0], abs=1e-6)


def test_uneven_orientations_of_a_tuned_cell() -> None:
    """A cell of cosine tuning has nearly the index that even orientations give; unweighted, a flat cell would have .2."""
    curve = 1 + 0.6 * np.cos(2 * np.radians(UNEVEN - 30))
    assert tuning.gosi(curve, UNEVEN) == pytest.approx(0.3, abs=0.06)
    assert tuning.preferred_orientation(curve, UNEVEN) == pytest.approx(30, abs=6)
    assert literal_gosi(np.ones(6), UNEVEN) > 0.1


@pytest.mark.parametrize(
    ("orientations", "said"),
    [
        ([0.0, 90.0], "do not go round"),
        ([0.0, 10.0, 80.0], "do not go round"),
        ([0.0, 60.0, 180.0], "fold directions"),
        ([0.0, 60.0, 60.0], "twice"),
        ([0.0, 60.0], "for 3 responses"),
        ([0.0, 60.0, np.nan], "fold directions"),
        (np.arange(8) * np.pi / 8, "are they in radians"),
        ([0.0], "two or more"),
        ([], "two or more"),
    ],
)
def test_orientations_that_cannot_be_are_refused(orientations: list[float], said: str) -> None:
    """By what is wrong with them."""
    with pytest.raises(ValueError, match=said):
        tuning.gosi(np.ones(len(orientations) if "for 3" not in said else 3), orientations)


@pytest.mark.parametrize("curve", [3.0, [], [3.0], [3.0, 1.0]])
def test_too_few_responses_have_no_selectivity(curve: list[float] | float) -> None:
    """Whether their orientations are named or not: one response would seem to be a cell tuned to it."""
    with pytest.raises(ValueError, match=r"tuning curve|go round"):
        tuning.gosi(np.array(curve))


def test_osi_reads_between_orientations() -> None:
    """With the orthogonal orientation among those shown its response counts, without it the line between its neighbours."""
    curve = np.array([9.0, 1, 1, 3, 1, 1])
    assert tuning.osi(curve) == pytest.approx((9 - 3) / (9 + 3))
    assert tuning.osi(np.array([9.0, 2, 4]), [0.0, 60.0, 120.0]) == pytest.approx((9 - 3) / (9 + 3))
    assert np.isnan(tuning.osi(np.zeros(3), [0.0, 60.0, 120.0]))


def test_directions_are_folded() -> None:
    """Opposite directions are averaged, NaN left out; labelled and plain agree; an odd number of them stays what it is."""
    directions = np.arange(8) * 45.0
    responses = np.array([[1.0, 2, 3, 4, 5, np.nan, 7, np.nan]])
    folded, orientations = tuning.folded(responses, directions)
    assert orientations.tolist() == [0, 45, 90, 135]
    np.testing.assert_allclose(folded, [[3, 2, 5, 4]])
    labelled = xr.DataArray(responses, dims=("neuron", "direction"), coords={"direction": directions, "neuron": ["a"]})
    again = tuning.folded(labelled)
    assert again.dims == ("neuron", "orientation")
    np.testing.assert_allclose(again, folded)
    assert again["orientation"].values.tolist() == orientations.tolist()
    assert len(tuning.folded(np.ones(5), np.arange(5) * 72.0)[1]) == 5
    np.testing.assert_allclose(tuning.folded(responses)[0], folded)
    assert tuning.folded(np.arange(9.0), np.arange(9) * 45.0)[0].tolist() == [4, 3, 4, 5]


def test_negative_responses_are_refused_or_rectified() -> None:
    """As the caller says; another word is refused."""
    curve = np.array([3.0, -1, 0, 2])
    with pytest.raises(ValueError, match="negative value -1"):
        tuning.gosi(curve)
    assert tuning.gosi(curve, negative="rectify") == tuning.gosi(np.maximum(curve, 0))
    with pytest.raises(ValueError, match="refuse, rectify"):
        tuning.gosi(curve, negative="absolute")  # type: ignore[arg-type]


@pytest.mark.parametrize("concentration", [0.6, 2.0, 8.0])
@pytest.mark.parametrize("preferred", [3.0, 97.0, 176.0])
def test_the_von_mises_fit_finds_what_was_drawn(concentration: float, preferred: float) -> None:
    """Parameters of a curve without noise, over the end of the half circle too; the width is where half its height is."""
    drawn = tuning.von_mises_curve(EVEN, 2.0, 5.0, preferred, concentration)
    fit = tuning.von_mises_fit(drawn[None])
    for name, value in {"preferred_orientation": preferred, "concentration": concentration, "baseline": 2.0}.items():
        assert float(fit[name][0]) == pytest.approx(value, rel=1e-3), name
    at_half = tuning.von_mises_curve(np.array([preferred + float(fit["width"][0])]), 2.0, 5.0, preferred, concentration)
    assert at_half[0] == pytest.approx(2.0 + 2.5, rel=1e-3)


def test_what_no_curve_fits_is_said_by_nan() -> None:
    """A flat curve and one with NaN have no fit; a broad curve has no half width; four orientations are too few."""
    fit = tuning.von_mises_fit(np.array([np.ones(12), np.full(12, np.nan)]))
    assert fit["width"].isnull().all()
    assert fit["amplitude"].isnull().all()
    assert np.isnan(half_width(0.3))
    with pytest.raises(ValueError, match="needs 5"):
        tuning.von_mises_fit(np.ones(4))


def test_measures_of_a_recording() -> None:
    """Tuned units are told from the untuned one; trials lost are counted; labels stay; p-values are those of the definition."""
    responses = recording(1.0)
    responses[0, 2, 3] = np.nan
    measures = tuning.unit_measures(responses, n_permutations=199, n_resamples=200, rng=np.random.default_rng(1))
    assert measures["neuron"].values.tolist() == ["n0", "n1", "n2"]
    assert measures["pvalue"].values[:2].tolist() == [1 / 200, 1 / 200]
    assert measures["pvalue"].values[2] > 0.05
    np.testing.assert_allclose(measures["qvalue"], false_discovery_control(measures["pvalue"].values))
    np.testing.assert_allclose(measures["gosi"], tuning.gosi(responses.mean("trial")))
    np.testing.assert_allclose(measures["circular_variance"], 1 - measures["gosi"])
    assert (measures["gosi_low"] < measures["gosi"])[:2].all()
    assert (measures["gosi"] < measures["gosi_high"])[:2].all()
    assert measures["lost_trials"].values.tolist() == [1, 0, 0]
    assert measures["trials"].values.tolist() == [7, 8, 8]
    np.testing.assert_allclose(measures["preferred_orientation"][:2], 40, atol=5)
    assert all("units" in variable.attrs for variable in measures.data_vars.values())


def test_units_that_say_nothing() -> None:
    """A silent unit and one that an orientation lacks have NaN, and are no part of the family; the others stay as they are."""
    responses = recording(1.0)
    alone = tuning.unit_measures(responses[:1], n_permutations=99, n_resamples=50, rng=np.random.default_rng(1))
    responses[1] = 0.0
    responses[2, :, 4] = np.nan
    measures = tuning.unit_measures(responses, n_permutations=99, n_resamples=50, rng=np.random.default_rng(1))
    assert measures["gosi"].isnull().values.tolist() == [False, True, True]
    assert measures["qvalue"].values[0] == measures["pvalue"].values[0] == alone["pvalue"].values[0]
    assert measures["trials"].values.tolist() == [8, 8, 0]


def test_what_is_masked_is_lost_and_what_is_chunked_is_read() -> None:
    """A masked trial is no number, whatever lies below its mask; arrays of dask, of any order of dimensions, are computed."""
    responses = recording(1.0)
    plain = responses.transpose("neuron", "orientation", "trial").values
    drawn = {"n_permutations": 19, "n_resamples": 5}
    lost = np.where(plain > 9, np.nan, plain)
    masked = tuning.unit_measures(np.ma.masked_greater(plain, 9), rng=np.random.default_rng(0), **drawn)
    xr.testing.assert_equal(masked, tuning.unit_measures(lost, rng=np.random.default_rng(0), **drawn))
    chunked = tuning.unit_measures(responses.chunk(neuron=1), rng=np.random.default_rng(0), **drawn)
    np.testing.assert_array_equal(
        chunked["gosi_high"],
        tuning.unit_measures(plain, rng=np.random.default_rng(0), **drawn)["gosi_high"],
    )
    shown = xr.DataArray(np.ones((2, 12, 3, 4)), dims=("unit", "orientation", "spatial_frequency", "phase"))
    assert tuning.tuning_curve(shown.chunk(unit=1))[1].values.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"responses": recording(1.0).values[0]}, "must be \\(unit, orientation, trial\\)"),
        ({"responses": recording(1.0).isel(trial=slice(0))}, "no trial"),
        ({"responses": recording(1.0).drop_vars("orientation")}, "no coordinate in degrees"),
        ({"responses": recording(1.0).rename(orientation="direction")}, "dimensions neuron, trial, direction, must be"),
        ({"responses": recording(1.0).assign_coords(width=("neuron", [1, 2, 3]))}, "label width"),
        ({"responses": recording(1.0) * 1j}, "complex"),
        ({"responses": recording(1.0).to_dataset(name="dff").to_array().values}, "shape"),
        ({"responses": xr.Dataset({"dff": recording(1.0)})}, "take one of its variables: dff"),
        ({"n_permutations": 0}, "n_permutations = 0"),
        ({"n_resamples": -1}, "n_resamples = -1"),
        ({"rng": 5}, "numpy.random.default_rng"),
    ],
)
def test_recordings_that_cannot_be_measured_are_refused(changed: dict[str, object], said: str) -> None:
    """By what is wrong with them."""
    given = {"responses": recording(1.0), "rng": np.random.default_rng(0)} | changed
    with pytest.raises(ValueError, match=said):
        tuning.unit_measures(given.pop("responses"), **given)  # type: ignore[arg-type]


def test_noise_alone_is_not_tuning() -> None:
    """Of 150 untuned units with Poisson counts, p-values are uniform: 5 % below .05, within three standard errors."""
    counts = np.random.default_rng(2).poisson(2.0, (150, 8, 5)).astype(float)
    measures = tuning.unit_measures(counts, n_permutations=99, n_resamples=1, rng=np.random.default_rng(3))
    assert (measures["pvalue"] <= 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)
    assert measures["pvalue"].min() >= 1 / 100
    assert (measures["qvalue"] <= 0.05).sum() <= 1
    assert float(measures["gosi_null_mean"].mean()) == pytest.approx(float(measures["gosi"].mean()), abs=0.02)


def test_dff_is_refused_until_it_is_said_what_to_do() -> None:
    """Means below 0 are refused; rectified after the average, noise around 0 makes no response of every trial."""
    responses = recording(0.1) - 2.0
    with pytest.raises(ValueError, match='negative="rectify"'):
        tuning.unit_measures(responses, rng=np.random.default_rng(0))
    measures = tuning.unit_measures(
        responses, negative="rectify", n_permutations=99, n_resamples=20, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(measures["gosi"], tuning.gosi(responses.mean("trial"), negative="rectify"))


def test_the_study_s_own_curves_are_labelled_arrays() -> None:
    """`tuning_curve` and `gosi` of labelled responses, whatever the order of their dimensions, are those of plain ones."""
    plain = np.random.default_rng(4).random((5, 12, 3, 4))
    labelled = xr.DataArray(
        plain, dims=("unit", "orientation", "spatial_frequency", "phase"), coords={"orientation": EVEN}
    ).transpose("phase", "orientation", "unit", "spatial_frequency")
    curve, frequency = tuning.tuning_curve(labelled)
    np.testing.assert_allclose(curve, tuning.tuning_curve(plain)[0])
    np.testing.assert_array_equal(frequency, tuning.tuning_curve(plain)[1])
    np.testing.assert_allclose(tuning.gosi(curve), tuning.gosi(tuning.tuning_curve(plain)[0]))
