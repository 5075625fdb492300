"""Tests and bootstrap of all layers of 400 networks: ours against `scipy.stats` doing the same.

Both permute within four strata, studentised, resample networks within them, and flip signs and resample for a bootstrap-t
of the mean, 10,000 times each, and give the same p-values and intervals up to chance. SciPy knows no strata, so each
stratum is a sample of its own. It is asked twice: with the statistic of one sample, called once a resample, and with one
vectorised by hand, which for the permutation needs no ranking. Layer by layer, with a hundredth and a tenth of the
resamples; its seconds are scaled by how often the statistic is evaluated, the 400 times of the jackknife included. All on
one thread.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats

from study import stats

N_NETWORKS, N_LAYERS, N_RESAMPLES = 400, 7, 10_000
SHARES = {"once a resample": 100, "vectorised": 10}
OPTIONS: dict[str, Any] = {"n_resamples": N_RESAMPLES}
INTERVAL: dict[str, Any] = {"confidence_level": 0.95, "method": "BCa"}


def main() -> None:
    """Time all, print seconds and ratios, and how far the results are apart."""
    rng = np.random.default_rng(0)
    strata = np.arange(N_NETWORKS) % 4
    loss = rng.normal(size=N_NETWORKS) + strata
    gosi = -0.15 * loss * np.arange(N_LAYERS)[:, None] / N_LAYERS + rng.normal(size=(N_LAYERS, N_NETWORKS)) - strata
    print(
        f"{N_LAYERS} layers of {N_NETWORKS} networks in four strata, {N_RESAMPLES:,} resamples; seconds on one thread"
    )
    print("                                              processor    clock   this / ours (processor)")
    ours = {
        "stratified permutation": lambda: stats.stratified_permutation_tests(
            gosi, loss, strata=strata, alternative="less", rng=rng, **OPTIONS
        ),
        "test of the mean": lambda: stats.mean_tests(
            gosi, null_value=-1.6, alternative="greater", exchangeable=False, rng=rng, **OPTIONS
        ),
        "bootstrap of networks": lambda: stats.correlation_intervals(
            gosi, loss, strata=strata, rng=rng, **INTERVAL, **OPTIONS
        ),
    }
    peers: dict[str, tuple[Callable[..., Any], int]] = {
        "stratified permutation": (_scipy_permuted, 0),
        "test of the mean": (_scipy_mean, 0),
        "bootstrap of networks": (_scipy_interval, N_NETWORKS),
    }
    total = np.zeros((3, 2))
    for name, run in ours.items():
        results, *seconds = _timed(run)
        total[0] += seconds
        print(f"{name:24}{'ours':18}{seconds[0]:12.2f} {seconds[1]:8.2f}")
        for i, (kind, share) in enumerate(SHARES.items(), start=1):
            peer, jackknife = peers[name]
            options = {"vectorized": kind == "vectorised", "n_resamples": N_RESAMPLES // share, "rng": rng}
            expected, *times = _timed(partial(_by_layer, peer, gosi, loss, strata, **options))
            evaluations = (N_RESAMPLES + jackknife) / (N_RESAMPLES // share + jackknife)
            total[i] += (scaled := evaluations * np.array(times))
            apart = np.abs(_numbers(results) - np.array(expected)).max()
            print(
                f"{'':24}SciPy, {kind:15}{scaled[0]:8.1f} {scaled[1]:8.1f} {scaled[0] / seconds[0]:8.0f}"
                f"   largest difference of a number {apart:.3f}"
            )
    for kind, both in zip(("ours", *(f"SciPy, {kind}" for kind in SHARES)), total, strict=True):
        print(f"{'all':24}{kind:22}{both[0]:8.2f} {both[1]:8.2f} {both[0] / total[0, 0]:8.0f}")
    milliseconds = 1000 * _small(gosi[:, :24], loss[:24], strata[:24], rng)
    print(f"{N_LAYERS} layers of 24 networks, 999 resamples: test and interval in {milliseconds:.2f} ms (processor)")


def _by_layer(peer: Callable[..., Any], gosi: np.ndarray, *others: np.ndarray, **options: Any) -> list[Any]:
    return [peer(values, *others, **options) for values in gosi]


def _numbers(results: tuple[Any, ...]) -> np.ndarray:
    """Return the p-values of tests, or the ends of intervals."""
    return np.array([one.pvalue if isinstance(one, stats.TestOutcome) else (one.low, one.high) for one in results])


def _timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    processor, clock = time.process_time(), time.perf_counter()
    results = run()
    return results, time.process_time() - processor, time.perf_counter() - clock


def _ranks(values: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """Return centred ranks within strata along the last axis."""
    ranks = np.empty(values.shape)
    for rows in members:
        ranks[..., rows] = scipy.stats.rankdata(values[..., rows], axis=-1) / (rows.size + 1) - 0.5
    return ranks


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1) / np.sqrt(np.sum(a * a, axis=-1) * np.sum(b * b, axis=-1))


def _scipy_permuted(x: np.ndarray, y: np.ndarray, strata: np.ndarray, **options: Any) -> float:
    """Return SciPy's p-value: each stratum is a sample whose pairings with y are permuted."""
    members = [np.flatnonzero(strata == label) for label in np.unique(strata)]
    y_ranks = _ranks(y, members)

    def once(*samples: np.ndarray) -> float:
        together = np.empty(x.size)
        for rows, values in zip(members, samples, strict=True):
            together[rows] = values
        terms = _ranks(together, members) * y_ranks
        return float(np.sum(terms) / np.sqrt(np.sum(terms**2)))

    def studentised(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        terms = [a * y_ranks[rows] for a, rows in zip(samples, members, strict=True)]
        squares = sum(np.sum(term**2, axis=axis) for term in terms)
        return np.asarray(sum(np.sum(term, axis=axis) for term in terms) / np.sqrt(squares))

    kept = _ranks(x, members) if options["vectorized"] else x
    return float(
        scipy.stats.permutation_test(
            tuple(kept[rows] for rows in members),
            studentised if options["vectorized"] else once,
            permutation_type="pairings",
            alternative="less",
            batch=100,
            **options,
        ).pvalue
    )


def _scipy_mean(x: np.ndarray, _y: np.ndarray, _strata: np.ndarray, **options: Any) -> float:
    """Return the larger of SciPy's p-value over sign flips and that of t among its bootstrap distribution."""
    differences = x + 1.6
    centred = differences - differences.mean()

    def t(values: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(np.mean(values, axis=axis) / np.std(values, axis=axis))

    def once(values: np.ndarray) -> float:
        return float(np.mean(values) / np.std(values))

    flipped = scipy.stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        alternative="greater",
        batch=100,
        n_resamples=options["n_resamples"],
        rng=options["rng"],
        vectorized=options["vectorized"],
    ).pvalue
    null = scipy.stats.bootstrap(
        (centred,), t if options["vectorized"] else once, method="percentile", batch=100, **options
    ).bootstrap_distribution
    return max(float(flipped), float((np.sum(null >= t(differences)) + 1) / (null.size + 1)))


def _scipy_interval(x: np.ndarray, y: np.ndarray, strata: np.ndarray, **options: Any) -> tuple[float, float]:
    """Return SciPy's BCa interval: each stratum is a sample of indices, ranked anew in every resample."""
    samples = tuple(np.flatnonzero(strata == label) for label in np.unique(strata))

    def rho(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        rows = np.concatenate(drawn, axis=axis)
        ends = np.cumsum([one.shape[axis] for one in drawn])
        members = np.split(np.arange(ends[-1]), ends[:-1])
        return _correlation(_ranks(x[rows], members), _ranks(y[rows], members))

    def once(*drawn: np.ndarray) -> np.ndarray:
        return rho(*drawn)

    interval = scipy.stats.bootstrap(
        samples, rho if options["vectorized"] else once, batch=100, **INTERVAL, **options
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _small(gosi: np.ndarray, loss: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> float:
    """Return the least processor time, of ten rounds, that the test and the interval of a small study take."""
    rounds = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(20):
            stats.stratified_permutation_tests(gosi, loss, strata=strata, alternative="less", n_resamples=999, rng=rng)
            stats.correlation_intervals(gosi, loss, strata=strata, n_resamples=999, rng=rng, **INTERVAL)
        rounds.append((time.process_time() - started) / 20)
    return min(rounds)


if __name__ == "__main__":
    main()
