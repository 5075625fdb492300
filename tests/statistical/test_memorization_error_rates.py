"""How often a trend over label corruption is found where there is none, networks of a seed being alike. Seeds are fixed."""

from __future__ import annotations

import numpy as np
import pytest

from study import stats

SIMULATIONS, RATES = 600, 6


def rejected(seeds: int, likeness: float, *, of_seed: float = 1.0) -> float:
    """Return the share of studies with p at most .05 in the registered test, on the side of the claim.

    Networks of a seed share a deviation of standard deviation `of_seed`; besides, those at neighbouring rates correlate at
    `likeness`, at distances of more steps at its powers.
    """
    rng = np.random.default_rng([seeds, round(10 * likeness)])
    values = rng.normal(size=(SIMULATIONS, seeds, RATES))
    for place in range(1, RATES):
        values[..., place] *= np.sqrt(1 - likeness**2)
        values[..., place] += likeness * values[..., place - 1]
    values += of_seed * rng.normal(size=(SIMULATIONS, seeds, 1))
    outcomes = stats.stratified_permutation_tests(
        values.reshape(SIMULATIONS, -1),
        np.tile(np.arange(RATES), seeds),
        strata=np.repeat(np.arange(seeds), RATES),
        n_resamples=399,
        alternative="less",
        rng=rng,
    )
    return float(np.mean([outcome.pvalue <= 0.05 for outcome in outcomes]))


@pytest.mark.parametrize("seeds", [2, 10])
def test_what_a_seed_shares_leaves_the_level(seeds: int) -> None:
    """Half of the variance is the seed's: about .05, within what 600 studies allow in all but 1 of 1,000 runs."""
    assert 0.025 <= rejected(seeds, 0.0) <= 0.085


def test_what_neighbouring_rates_share_does_not() -> None:
    """What permutation within seeds cannot hold, and the registration says: .08 at a likeness of .4, to .10 at .6."""
    assert 0.055 <= rejected(10, 0.4) <= 0.115
    assert 0.065 <= rejected(2, 0.6) <= 0.14
