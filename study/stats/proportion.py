"""The interval of a probability from how often it came true."""

from __future__ import annotations

from study.stats.outcomes import Interval, require_confidence_level


def proportion_interval(count: int, n: int, *, confidence_level: float) -> Interval:
    """Return the interval of a probability that `n` independent trials leave, of which it came true in `count`.

    Raises
    ------
    ValueError
        If `count` is not between 0 and `n`, `n` is below 1 or `confidence_level` is not between 0 and 1.

    Source: Clopper and Pearson (1934), Biometrika 26:404-413, through `scipy.stats.binomtest`.
    """
    from scipy.stats import binomtest

    require_confidence_level(confidence_level)
    low, high = binomtest(count, n).proportion_ci(confidence_level, method="exact")
    return Interval(float(low), float(high), confidence_level, "Clopper-Pearson", "")
