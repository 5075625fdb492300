"""What a layer's selectivity may be taken to be: by hand, and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from study import stats
from study.analysis.multiverse.units import Layers, UnitTuning, defined_mean, defined_median, layer_values, layers_of
from study.analysis.questions.maturation.specifications import row_spearman

NAN = np.nan
LAYERS = layers_of(np.array(["a", "a", "a", "b"]))
# One network: layer a holds a silent unit, layer b nothing else.
GOSI = np.array([[0.2, 0.6, NAN, NAN]])
NULL = np.array([[0.1, 0.3, NAN, NAN]])
COUNT = np.zeros((1, 2, 40))
COUNT[0, 0, [5, 10, 19, 20]] = (40, 30, 20, 10)  # bins of 0.025: a tenth of the shuffles is above 0.5, 60 % above 0.25


def unit_tuning(**changes: np.ndarray | None) -> UnitTuning:
    """Return what one network's units show."""
    fields = {
        "gosi": GOSI,
        "null_mean": NULL,
        "null_selective": np.array([[0.0, 0.5, NAN, NAN]]),
        "arc": GOSI,
        "frequencies": GOSI,
        "orientation_null_mean": NULL / 2,
        "pvalue": np.array([[0.5, 0.01, NAN, NAN]]),
        "orientation_pvalue": np.array([[0.04, 0.01, NAN, NAN]]),
        "null_count": COUNT,
    }
    return UnitTuning(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("summary", "control", "left_out", "untuned"),
    [
        ("mean_gosi", "none", 0.4, 0.8 / 3),
        ("mean_gosi", "own_shuffle", 0.2, 0.4 / 3),
        ("mean_gosi", "orientation_shuffle", 0.3, 0.6 / 3),
        ("median_gosi", "none", 0.4, 0.2),
        ("median_gosi", "own_shuffle", 0.2, 0.1),
        ("share_above_0.33", "none", 0.5, 1 / 3),
        ("share_above_0.33", "own_shuffle", 0.25, 0.5 / 3),
        ("share_above_0.25", "own_shuffle", 0.5 - 0.6, (1 - 2 * 0.6) / 3),
        ("share_above_0.5", "own_shuffle", 0.5 - 0.1, (1 - 2 * 0.1) / 3),
        ("share_with_p_at_most_0.05", "own_shuffle", 0.45, (0.95 - 0.05) / 3),
        ("share_with_p_at_most_0.05", "orientation_shuffle", 0.95, 2 * 0.95 / 3),
    ],
)
def test_layer_values_by_hand(summary: str, control: str, left_out: float, untuned: float) -> None:
    """Two units and a silent one: left out, or counted with 0 before and after shuffling; a layer of silent units."""
    values = layer_values(unit_tuning(), LAYERS, summary, control, "left_out")
    assert isinstance(values, np.ndarray)
    assert values[0, 0] == pytest.approx(left_out)
    assert np.isnan(values[0, 1])
    counted = layer_values(unit_tuning(), LAYERS, summary, control, "counted_as_untuned")
    assert isinstance(counted, np.ndarray)
    np.testing.assert_allclose(counted, [[untuned, 0.0]], atol=1e-12)


@pytest.mark.parametrize(
    ("summary", "control", "told"),
    [
        ("share_above_0.33", "orientation_shuffle", "only the mean gOSI is stored"),
        ("share_with_p_at_most_0.05", "none", "holds its control already"),
    ],
)
def test_what_is_not_stored_is_not_computed(summary: str, control: str, told: str) -> None:
    """The reason stands in place of values."""
    assert told in str(layer_values(unit_tuning(), LAYERS, summary, control, "left_out"))


@pytest.mark.parametrize("summary", ["share_above_0.5", "mean_gosi", "share_with_p_at_most_0.05"])
def test_another_tuning_has_no_orientation_shuffle_no_p_and_no_histogram(summary: str) -> None:
    """Only what its group stores."""
    bare = unit_tuning(orientation_null_mean=None, pvalue=None, orientation_pvalue=None, null_count=None)
    control = "orientation_shuffle" if summary == "mean_gosi" else "own_shuffle"
    assert isinstance(layer_values(bare, LAYERS, summary, control, "left_out"), str)


def test_mean_and_median_leave_nan_out_without_a_warning() -> None:
    """As NumPy's, and NaN where nothing is defined."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 3, 8))
    values[rng.random(values.shape) < 0.3] = np.nan
    np.testing.assert_allclose(defined_mean(values), np.nanmean(values, axis=-1))
    np.testing.assert_allclose(defined_median(values), np.nanmedian(values, axis=-1))
    nothing = np.full((2, 4), np.nan)
    assert np.isnan(defined_mean(nothing)).all()
    assert np.isnan(defined_median(nothing)).all()


def test_layers_keep_the_order_of_their_units() -> None:
    """By first appearance, not by the alphabet, also where units of a layer are apart."""
    layers = layers_of(np.array(["z", "a", "z"]))
    assert layers.names == ("z", "a")
    np.testing.assert_array_equal(layers.mean(np.array([1.0, 5.0, 2.0])), [1.5, 5.0])
    assert isinstance(layers, Layers)


def test_rank_correlations_of_many_rows_are_those_of_each() -> None:
    """As `study.stats.spearman`, with ties, NaN, a constant row, and too few values."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, (2, 30, 7)).astype(float)
    x[0, 2], y[1], x[2] = np.nan, 3.0, 1.0
    expected = [stats.spearman(one, other).statistic for one, other in zip(x, y, strict=True)]
    np.testing.assert_allclose(row_spearman(x, y), expected)
    assert np.isnan(row_spearman(x, y)[:3]).all()
    assert np.isnan(row_spearman(x[:, :2], y[:, :2])).all()
