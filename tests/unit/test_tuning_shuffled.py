"""Few shuffles of many units at once: the same null as one unit at a time, and as counting every permutation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from study.tuning import shuffle_null, shuffled_gosi, shuffles, tuning_curve


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


@pytest.mark.parametrize("entries", [(5, 3, 2, 1), (4, 4, 1, 0), (1, 0, 0, 0), (2, 2, 2, 2)])
def test_every_shuffle_is_as_likely_as_counting_says(entries: tuple[int, ...]) -> None:
    """Two orientations at two frequencies: all 24 permutations give the shares of each gOSI, ties or not."""
    every = np.array(list(itertools.permutations(entries)), dtype=float).reshape(-1, 2, 2, 1)
    first, second = tuning_curve(every)[0].T
    expected, counts = np.unique((abs(first - second) / (first + second)).round(9), return_counts=True)
    shuffled = shuffled_gosi(np.array(entries, float).reshape(1, 2, 2, 1), n_permutations=6000, rng=rng())[0]
    values, shares = np.unique(shuffled.round(9), return_counts=True)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_allclose(shares / 6000, counts / 24, atol=0.03)


def test_a_unique_largest_response_meets_one_of_the_others() -> None:
    """By hand: 5 beside 3, 2 or 1 at its frequency, each as likely, gives (5 - r) / (5 + r)."""
    shuffled = shuffled_gosi(np.array([5.0, 3.0, 2.0, 1.0]).reshape(1, 2, 2, 1), n_permutations=6000, rng=rng())[0]
    assert sorted(set(shuffled.round(12))) == pytest.approx([2 / 8, 3 / 7, 4 / 6])
    assert shuffled.mean() == pytest.approx((2 / 8 + 3 / 7 + 4 / 6) / 3, abs=0.01)


def test_it_is_the_null_of_one_unit_at_a_time() -> None:
    """Means and shares above 0.33 agree with `shuffle_null`, for sparse, dense and tied units."""
    responses = rng(1).lognormal(sigma=np.array([0.5, 1.0, 1.5])[:, None, None, None], size=(3, 12, 9, 4))
    responses = np.concatenate([responses, (rng(2).random((1, 12, 9, 4)) < 0.05).astype(float)])
    one = shuffle_null(responses, n_permutations=1500, n_bins=10, rng=rng(3))
    many = shuffled_gosi(responses, n_permutations=1500, rng=rng(4))
    assert (abs(many.mean(axis=1) - one.mean) < 5 * one.sd * np.sqrt(2 / 1500)).all()
    np.testing.assert_allclose((many > shuffles.SELECTIVE).mean(axis=1), one.selective, atol=0.08)
    np.testing.assert_allclose(many.std(axis=1), one.sd, rtol=0.15)


def test_units_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent ones are NaN, tied ones stand between the others, and few units at a time are as many at once."""
    responses = rng().exponential(size=(9, 12, 9, 4)).astype(np.float32)
    responses[3] = 0
    responses[5] = 1
    responses[7] *= np.arange(432).reshape(12, 9, 4) == 70  # one entry that is not 0
    before = responses.copy()
    for columns in (1, 60, 10_000):
        monkeypatch.setattr(shuffles, "COLUMNS_AT_ONCE", columns)
        shuffled = shuffled_gosi(responses, n_permutations=30, rng=rng(5))
        assert shuffled.shape == (9, 30)
        assert np.isnan(shuffled).all(axis=1).tolist() == [unit == 3 for unit in range(9)]
        np.testing.assert_allclose(shuffled[5], 0, atol=1e-12)
        np.testing.assert_allclose(shuffled[7], 1)
        others = shuffled[[0, 1, 2, 4, 6, 8]]
        assert ((others > 0) & (others < 0.6)).all()
        assert (np.ptp(others, axis=1) > 0).all()
    np.testing.assert_array_equal(responses, before)


def test_the_same_seed_gives_the_same_shuffles() -> None:
    """Another seed gives others."""
    responses = rng().exponential(size=(4, 12, 9, 4))
    first, again, other = (shuffled_gosi(responses, n_permutations=20, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("bad", [-0.5, np.nan])
def test_what_gosi_refuses_is_refused(bad: float) -> None:
    """A negative or undefined response anywhere in the tensor."""
    responses = rng().exponential(size=(2, 12, 9, 4))
    responses[1, 3, 3, 3] = bad
    with pytest.raises(ValueError, match="response tensor"):
        shuffled_gosi(responses, n_permutations=20, rng=rng())
