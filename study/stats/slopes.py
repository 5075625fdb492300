"""Slopes of an outcome of sets on the mean quantities of their members, each given the others; one experimental unit a row."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import Alternative, require_alternative, require_resamples
from study.stats.tails import tail_pvalue

Floats = NDArray[np.float64]
_DETERMINED: Final = 1e-8  # share of a quantity's variance over sets, less the others', below which it has no slope


def partial_slopes(outcome: ArrayLike, quantities: ArrayLike) -> Floats:
    """Return the slope of an outcome on each quantity given all others, by least squares with an intercept: (..., q).

    Parameters
    ----------
    outcome
        (..., n): one value a set.
    quantities
        (..., n, q).

    Returns
    -------
    ndarray
        NaN for a quantity that is constant or that the others determine, for all of a row with NaN or infinity, and where
        n is not above q + 1.

    Raises
    ------
    ValueError
        If shapes differ.

    Source
    ------
    Frisch and Waugh (1933): the slope on what the others leave of a quantity.
    """
    y, x = np.asarray(outcome, dtype=np.float64), np.asarray(quantities, dtype=np.float64)
    if x.shape[:-1] != y.shape:
        raise ValueError(f"quantities has shape {x.shape}: it must be {(*y.shape, 'q')}")
    n, q = x.shape[-2:]
    finite = np.isfinite(y).all(axis=-1) & np.isfinite(x).all(axis=(-2, -1)) & (n > q + 1)
    y, x = np.where(finite[..., None], y, 0.0), np.where(finite[..., None, None], x, 0.0)
    x = x - x.mean(axis=-2, keepdims=True)
    scale = np.linalg.norm(x, axis=-2)
    x = np.divide(x, scale[..., None, :], out=np.zeros_like(x), where=scale[..., None, :] > 0)
    gram, along = np.swapaxes(x, -1, -2) @ x, np.einsum("...nq,...n->...q", x, y - y.mean(axis=-1, keepdims=True))
    slopes = np.full(along.shape, np.nan)
    for place in range(q):
        others = np.delete(np.arange(q), place)
        inverse = np.linalg.pinv(gram[..., others[:, None], others], rcond=_DETERMINED, hermitian=True)
        weights = np.einsum("...j,...jk->...k", gram[..., place, others], inverse)
        left = gram[..., place, place] - (weights * gram[..., others, place]).sum(axis=-1)
        rest = along[..., place] - (weights * along[..., others]).sum(axis=-1)
        known = finite & (left > _DETERMINED)
        np.divide(rest, left * scale[..., place], out=slopes[..., place], where=known)
    return slopes


def unit_permutation_pvalue(
    outcome: ArrayLike,
    members: ArrayLike,
    quantity: ArrayLike,
    covariates: ArrayLike,
    *,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> float:
    """Test whether the outcome of sets of units goes with their mean quantity, by permuting the quantity over units.

    The sets share units: permuting outcomes over sets takes them for independent. Here what the covariates leave of the
    quantity is permuted over units, and means are taken anew. The statistic is the partial correlation over sets.

    Parameters
    ----------
    outcome
        (set,).
    members
        (set, unit): bool, sets of one size. They must not have been chosen by the quantity.
    quantity
        (unit,), of all units of which sets are made.
    covariates
        (q, unit); q may be 0.
    alternative, n_resamples, rng
        Of the permutations, which are always random: p = (k + 1) / (n + 1).

    Returns
    -------
    float
        NaN where the covariates determine the quantity or the outcome, or where a value is NaN.

    Raises
    ------
    ValueError
        If shapes differ, or `alternative` or `n_resamples` is not allowed.

    Assumes that what units are worth beyond their covariates is exchangeable over units under the null hypothesis.

    Source: as Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292-298, with the residuals of the quantity.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    y, sets, values, others = (np.asarray(one, dtype=np.float64) for one in (outcome, members, quantity, covariates))
    others = np.atleast_2d(others)
    if sets.shape != (y.size, values.size) or others.shape[1] != values.size:
        raise ValueError(
            f"members has shape {sets.shape}: it must be ({y.size}, {values.size}), as covariates have units"
        )
    if not all(np.isfinite(array).all() for array in (y, values, others)):
        return float("nan")
    left = _without(values, _basis(others.T))
    basis = _basis(sets @ others.T)
    rest = _without(y, basis)
    if not (left.any() and rest.any()):
        return float("nan")
    permuted = rng.permuted(np.broadcast_to(left, (n_resamples, left.size)), axis=1)
    correlations = _correlations(_without(np.concatenate([left[None], permuted]) @ sets.T, basis), rest)
    return tail_pvalue(float(correlations[0]), correlations[1:], alternative=alternative, exact=False)


def _correlations(doses: Floats, rest: Floats) -> Floats:
    """Return the correlation, but for a common factor, of each row of centred doses, (k, n), with centred values (n,)."""
    norms = np.linalg.norm(doses, axis=1)
    return np.asarray(np.divide(doses @ rest, norms, out=np.zeros_like(norms), where=norms > 0))


def _basis(columns: Floats) -> Floats:
    """Return an orthonormal basis, (n, rank), of the space of the columns, (n, q), and a constant."""
    centred = columns - columns.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    scaled = centred[:, norms > 0] / norms[norms > 0]
    vectors, scales, _ = np.linalg.svd(
        np.column_stack([np.full(len(columns), len(columns) ** -0.5), scaled]), full_matrices=False
    )
    return np.asarray(vectors[:, scales > _DETERMINED])


def _without(values: Floats, basis: Floats) -> Floats:
    """Return values (..., n) less what the basis explains, 0 where only rounding is left."""
    rest = values - (values @ basis) @ basis.T
    whole = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.where(np.linalg.norm(rest, axis=-1, keepdims=True) > _DETERMINED * whole, rest, 0.0)
