"""Permutation test and bootstrap of all layers of 400 networks: ours against `scipy.stats` doing the same.

Both permute within four strata and resample networks within them, 10,000 times, and give the same p-values and
intervals up to chance. SciPy has neither strata nor a statistic that is fast in an array, so it gets both as a vectorised
statistic of the networks' indices, one layer after another, with a tenth of the resamples, and its seconds are taken
times ten. Processor time of one thread and the time by the clock.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from study import stats

N_NETWORKS, N_LAYERS, N_RESAMPLES, SHARE = 400, 7, 10_000, 10
OPTIONS: dict[str, Any] = {"n_resamples": N_RESAMPLES}
INTERVAL: dict[str, Any] = {"confidence_level": 0.95, "method": "BCa"}


def main() -> None:
    """Time both, print seconds and ratios, and how far the results are apart."""
    rng = np.random.default_rng(0)
    strata = np.arange(N_NETWORKS) % 4
    loss = rng.normal(size=N_NETWORKS) + strata
    gosi = -0.15 * loss * np.arange(N_LAYERS)[:, None] / N_LAYERS + rng.normal(size=(N_LAYERS, N_NETWORKS)) - strata
    print(
        f"{N_LAYERS} layers of {N_NETWORKS} networks in four strata, {N_RESAMPLES:,} resamples; seconds on one thread"
    )
    print("                        ours: processor  clock   SciPy: processor  clock   ratio (processor)")
    permuted, p_scipy, first = _row(
        "stratified permutation",
        lambda: stats.stratified_permutation_tests(
            gosi, loss, strata=strata, statistic="within", alternative="less", rng=rng, **OPTIONS
        ),
        lambda: [_scipy_permuted(values, loss, strata, rng) for values in gosi],
    )
    intervals, ends_scipy, second = _row(
        "bootstrap of networks",
        lambda: stats.correlation_intervals(gosi, loss, strata=strata, rng=rng, **INTERVAL, **OPTIONS),
        lambda: [_scipy_interval(values, loss, strata, rng) for values in gosi],
    )
    print(f"both {first[0] + second[0]:35.2f} {first[1] + second[1]:6.2f} {first[2] + second[2]:18.1f}"
          f" {first[3] + second[3]:6.1f} {(first[2] + second[2]) / (first[0] + second[0]):7.0f}")  # fmt: skip
    p_ours = np.array([outcome.pvalue for outcome in permuted])
    ends_ours = np.array([(interval.low, interval.high) for interval in intervals])
    print(f"largest difference of a p-value {np.abs(p_ours - p_scipy).max():.3f}, of an end of an interval"
          f" {np.abs(ends_ours - ends_scipy).max():.3f}")  # fmt: skip
    small = gosi[:, :24], loss[:24], strata[:24]
    seconds = _small(*small, rng)
    print(f"{N_LAYERS} layers of 24 networks, 999 resamples: test and interval in {1000 * seconds:.2f} ms (processor)")


def _row(name: str, ours: Callable[[], Any], peer: Callable[[], Any]) -> tuple[Any, Any, tuple[float, ...]]:
    """Run both, print their seconds, and return what they found and the four times."""
    found, processor, clock = _timed(ours)
    expected, *times = _timed(peer)
    scaled = [SHARE * seconds for seconds in times]
    print(f"{name:24}{processor:16.2f} {clock:6.2f} {scaled[0]:18.1f} {scaled[1]:6.1f} {scaled[0] / processor:7.0f}")
    return found, np.array(expected), (processor, clock, *scaled)


def _timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    processor, clock = time.process_time(), time.perf_counter()
    found = run()
    return found, time.process_time() - processor, time.perf_counter() - clock


def _ranks(values: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """Return centred ranks within strata along the last axis."""
    ranks = np.empty(values.shape)
    for rows in members:
        ranks[..., rows] = scipy.stats.rankdata(values[..., rows], axis=-1) / (rows.size + 1) - 0.5
    return ranks


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1) / np.sqrt(np.sum(a * a, axis=-1) * np.sum(b * b, axis=-1))


def _scipy_permuted(x: np.ndarray, y: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> float:
    """Return SciPy's p-value: each stratum is a sample whose pairings are permuted, the statistic sums over strata."""
    members = [np.flatnonzero(strata == label) for label in np.unique(strata)]
    x_ranks, y_ranks = _ranks(x, members), _ranks(y, members)

    def products(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        return sum(np.sum(a * y_ranks[rows], axis=axis) for a, rows in zip(samples, members, strict=True))

    samples = tuple(x_ranks[rows] for rows in members)
    return float(scipy.stats.permutation_test(
        samples, products, permutation_type="pairings", vectorized=True, alternative="less", rng=rng,
        n_resamples=N_RESAMPLES // SHARE, batch=100,
    ).pvalue)  # fmt: skip


def _scipy_interval(x: np.ndarray, y: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return SciPy's BCa interval: each stratum is a sample of indices, ranked anew in every resample."""
    samples = tuple(np.flatnonzero(strata == label) for label in np.unique(strata))

    def rho(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        rows = np.concatenate(drawn, axis=-1)
        ends = np.cumsum([one.shape[-1] for one in drawn])
        members = np.split(np.arange(ends[-1]), ends[:-1])
        return _correlation(_ranks(x[rows], members), _ranks(y[rows], members))

    interval = scipy.stats.bootstrap(
        samples, rho, vectorized=True, n_resamples=N_RESAMPLES // SHARE, batch=100, rng=rng, **INTERVAL
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _small(gosi: np.ndarray, loss: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> float:
    """Return the least processor time, of ten rounds, that the test and the interval of a small study take."""
    rounds = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(20):
            stats.stratified_permutation_tests(
                gosi, loss, strata=strata, statistic="within", alternative="less", n_resamples=999, rng=rng
            )
            stats.correlation_intervals(gosi, loss, strata=strata, n_resamples=999, rng=rng, **INTERVAL)
        rounds.append((time.process_time() - started) / 20)
    return min(rounds)


if __name__ == "__main__":
    main()
