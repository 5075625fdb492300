"""Patterns of taps: orthonormal, as many and as large under every condition, arranged differently."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from study.networks.rearing.patterns import TAPS, basis, coefficients, is_point_symmetric, random_parts
from study.vocabulary.rearing import DISCOURAGED, FREE, ISOTROPIC, KERNELS, PARTED, RANDOM_BASIS


def symmetries(kernel: np.ndarray) -> list[np.ndarray]:
    """Return a kernel, (3, 3), under the square's eight symmetries."""
    turned = [np.rot90(kernel, quarter) for quarter in range(4)]
    return [*turned, *(one.T for one in turned)]


def square(patterns: np.ndarray) -> np.ndarray:
    """Return patterns, (9, tap), as (9, row, column)."""
    return patterns.reshape(-1, 3, 3)


@pytest.mark.parametrize("condition", [FREE, *KERNELS])
def test_patterns_are_orthonormal(condition: str) -> None:
    """Nine of the free condition, three of the others and six rows of zeros; otherwise freedom or norms would differ."""
    patterns = basis(condition, np.random.default_rng(0))
    n_patterns = 9 if condition == FREE else 3
    expected = np.diag([1.0] * n_patterns + [0.0] * (TAPS - n_patterns))
    np.testing.assert_allclose(patterns @ patterns.T, expected, atol=1e-12)
    assert not patterns[n_patterns:].any()


def test_isotropic_patterns_are_invariant_under_the_squares_symmetries() -> None:
    """And they are all that are: centre, edges and corners are the orbits of the taps."""
    patterns = basis(ISOTROPIC, np.random.default_rng(0))
    for pattern in square(patterns):
        for moved in symmetries(pattern):
            np.testing.assert_array_equal(moved, pattern)
    average = np.mean([np.stack(symmetries(tap)).reshape(8, TAPS) for tap in square(np.eye(TAPS))], axis=1)
    np.testing.assert_allclose(patterns.T @ patterns, average, atol=1e-12)


def test_parted_patterns_have_the_sums_of_the_isotropic_ones() -> None:
    """Freedom, norms and sums are those of the knock-out; only where the taps lie differs."""
    isotropic = basis(ISOTROPIC, np.random.default_rng(0))
    for seed in range(20):
        parted = basis(PARTED, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.sort(parted), np.sort(isotropic))
        assert any((moved != kernel).any() for kernel in square(parted) for moved in symmetries(kernel))


def all_partitions() -> list[np.ndarray]:
    """Return every way to part the taps 1/4/4, the two fours told apart."""
    partitions = []
    for alone in range(TAPS):
        others = [tap for tap in range(TAPS) if tap != alone]
        for four in itertools.combinations(others, 4):
            parts = np.full(TAPS, 2)
            parts[alone], parts[list(four)] = 0, 1
            partitions.append(parts)
    return partitions


def half_turned(parts: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    """Return a partition's parts, as sets of (row, column), after half a turn about the centre."""
    return {
        frozenset((2 - row, 2 - column) for row, column in np.argwhere(parts.reshape(3, 3) == part).tolist())
        for part in range(3)
    }


def test_point_symmetric_partitions_are_those_that_half_a_turn_maps_to_themselves() -> None:
    """Of 630 it does so with 22: six whose fours stay where they are, sixteen whose fours change places."""
    found = [is_point_symmetric(parts) for parts in all_partitions()]
    assert found == [half_turned(parts) == half_turned(parts[::-1]) for parts in all_partitions()]
    assert (len(found), sum(found)) == (630, 22)


def test_partitions_are_drawn_from_all_that_are_not_point_symmetric() -> None:
    """Every one of the 608, about as often; none of the 22."""
    rng = np.random.default_rng(1)
    drawn = [tuple(random_parts(rng).tolist()) for _ in range(20_000)]
    allowed = {tuple(parts.tolist()) for parts in all_partitions() if not is_point_symmetric(parts)}
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert set(drawn) == allowed
    chi_squared = float(((counts - 20_000 / 608) ** 2 / (20_000 / 608)).sum())
    assert abs(chi_squared - 607) < 5 * np.sqrt(2 * 607)


@pytest.mark.parametrize("condition", [FREE, *KERNELS])
def test_initial_kernels_keep_their_variance_and_lie_in_the_patterns(condition: str) -> None:
    """Otherwise a condition would begin with smaller kernels, and the cost of that would pass for the condition's."""
    rng = np.random.default_rng(2)
    kernels = rng.uniform(-1, 1, (3, 3, 100, 100))
    patterns = basis(condition, rng)
    weights = coefficients(kernels, patterns)
    shaped = np.einsum("pt,pcf->tcf", patterns, weights)
    assert np.mean(shaped**2) == pytest.approx(1 / 3, rel=0.02)
    np.testing.assert_allclose(np.einsum("pt,tcf->pcf", patterns, shaped), weights, atol=1e-12)
    assert not weights[patterns.any(axis=1) == 0].any()
    correlation = np.corrcoef(shaped.ravel(), kernels.ravel())[0, 1]
    assert correlation == pytest.approx(1 if condition == FREE else np.sqrt(1 / 3), abs=0.02)


def test_random_patterns_are_drawn_anew_and_a_penalty_has_none() -> None:
    """Two networks do not share a basis; a condition that shapes no kernel is a programming error here."""
    rng = np.random.default_rng(3)
    assert not np.allclose(*(basis(RANDOM_BASIS, rng)[:3].T @ basis(RANDOM_BASIS, rng)[:3] for _ in range(2)))
    with pytest.raises(ValueError, match="discouraged"):
        basis(DISCOURAGED, rng)
