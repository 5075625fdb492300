"""Patterns of the nine taps of a 3 x 3 kernel, and what becomes of initial kernels that are confined to them.

A kernel is a weighted sum of patterns, the rows of a basis, one weight a pattern and channel. The conditions of kernels have
three orthonormal patterns; the free condition has nine, the single taps, and so is no condition at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.vocabulary.rearing import FREE, ISOTROPIC, KERNELS, PARTED, RANDOM_BASIS

SIDE: Final = 3
TAPS: Final = SIDE * SIDE
PATTERNS: Final = 3  # of a condition of kernels
CENTRE_EDGES_CORNERS: Final = np.array([2, 1, 2, 1, 0, 1, 2, 1, 2])  # part of each tap, rows first
_SIZES: Final = np.bincount(CENTRE_EDGES_CORNERS)  # 1, 4, 4

Floats = NDArray[np.floating]


def basis(condition: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the patterns that kernels are made of under a condition: (9, tap), rows orthonormal, the last ones zero.

    Parameters
    ----------
    condition
        `free` or one of `study.vocabulary.rearing.KERNELS`.
    rng
        Draws the parts of `parted` and the patterns of `random_basis`; the others draw nothing.

    Raises
    ------
    ValueError
        When the condition is another one, which shapes no kernel.
    """
    if condition == FREE:
        return np.eye(TAPS)
    if condition not in KERNELS:
        raise ValueError(f"condition = {condition!r}: must be {FREE} or one of {', '.join(KERNELS)}")
    rows = {
        ISOTROPIC: lambda: patterns_of(CENTRE_EDGES_CORNERS),
        PARTED: lambda: patterns_of(random_parts(rng)),
        RANDOM_BASIS: lambda: np.linalg.qr(rng.standard_normal((TAPS, PATTERNS)))[0].T,
    }[condition]()
    return np.concatenate([rows, np.zeros((TAPS - PATTERNS, TAPS))])


def patterns_of(parts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return one pattern a part, (part, tap), of unit norm: the same value at its taps, 0 elsewhere.

    `parts`, (tap,), numbers the part of each tap; no part is empty.
    """
    belongs = (np.arange(parts.max() + 1)[:, None] == parts).astype(np.float64)
    return np.asarray(belongs / np.sqrt(belongs.sum(axis=1, keepdims=True)))


def random_parts(rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the part of each tap, (tap,): one tap, four, and four, every way that is not point-symmetric as likely."""
    while is_point_symmetric(parts := rng.permutation(np.repeat(np.arange(PATTERNS), _SIZES))):
        pass
    return parts


def is_point_symmetric(parts: NDArray[np.integer]) -> bool:
    """Return whether half a turn about the centre maps parts to parts: each to itself, or one to another.

    Source
    ------
    Tap (row, column) goes to (2 - row, 2 - column): tap i of nine to 8 - i. Two taps that share a part must then still do.
    """
    together, turned = parts[:, None] == parts, parts[::-1]
    return bool((together == (turned[:, None] == turned)).all())


def coefficients(kernels: Floats, patterns: Floats) -> NDArray[np.float64]:
    """Return the initial weights of patterns, (9, channel, filter), for kernels as a free network begins with.

    The projection of the kernels onto the patterns, as many times larger as makes up for the variance that lies outside:
    taps that are independent with one variance keep that variance on average over the nine.

    Parameters
    ----------
    kernels
        (3, 3, channel, filter).
    patterns
        (9, tap), orthonormal rows but for those that are zero, from `basis`.
    """
    n_patterns = int(np.any(patterns, axis=1).sum())
    return np.asarray(
        np.sqrt(TAPS / n_patterns) * np.einsum("pt,tcf->pcf", patterns, kernels.reshape(TAPS, *kernels.shape[2:]))
    )
