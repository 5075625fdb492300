"""How often each test rejects, where the truth is known. Seeds are fixed: a failure is a change, not chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from study import stats

SIMULATIONS = 2000
N_RESAMPLES = 199  # makes (k + 1) / (n_resamples + 1) attain .05 exactly


def rejections(pvalues: list[float], alpha: float = 0.05) -> float:
    """Return the share of p-values at or below `alpha`."""
    return float(np.mean(np.array(pvalues) <= alpha * (1 + 1e-9)))


def assert_rate(rate: float, truth: float = 0.05) -> None:
    """Assert that `rate` of SIMULATIONS is what a true rate gives in all but 1 of 1,000 runs."""
    low, high = (float(scipy.stats.binom.ppf(q, SIMULATIONS, truth)) / SIMULATIONS for q in (0.0005, 0.9995))
    assert low <= rate <= high, f"rate {rate} is outside [{low}, {high}], where a true rate of {truth} belongs"


def simpson(n: int, rng: np.random.Generator, effect: float = 0.0) -> tuple[Any, Any, Any]:
    """Return x, y and labels of four groups whose means rise together while rows in a group have slope `effect`."""
    strata = np.repeat(np.arange(4), n // 4)
    x = rng.normal(size=n)
    y = effect * x + rng.normal(size=n)
    return x + 1.5 * strata, y + 1.5 * strata, strata


def permutation_pvalues(n: int, *, effect: float = 0.0, simulations: int = SIMULATIONS, **options: Any) -> list[float]:
    """Return p-values of the stratified permutation test on simulated groups."""
    rng = np.random.default_rng(n)
    pvalues = []
    for _ in range(simulations):
        x, y, strata = simpson(n, rng, effect)
        outcome = stats.stratified_permutation_test(x, y, strata=strata, n_resamples=N_RESAMPLES, rng=rng, **options)
        pvalues.append(outcome.pvalue)
    return pvalues


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_stratified_permutation_holds_its_level_under_simpson(alternative: Any) -> None:
    """24 rows in four groups, no association within any: rejected in .050 and .052 of samples."""
    assert_rate(rejections(permutation_pvalues(24, alternative=alternative)))


def test_unrestricted_spearman_does_not_hold_its_level_under_simpson() -> None:
    """On the same data the textbook p-value rejects every time: the reason why permutation is restricted."""
    rng = np.random.default_rng(24)
    samples = [simpson(24, rng)[:2] for _ in range(300)]
    assert rejections([float(scipy.stats.spearmanr(x, y).pvalue) for x, y in samples]) > 0.9


def test_four_groups_of_two_can_never_reject_at_five_per_cent() -> None:
    """8 rows in four groups have 16 arrangements: p is at least 1/16, and just that in .060 of samples."""
    pvalues = permutation_pvalues(8, alternative="greater")
    assert min(pvalues) == 1 / 16
    assert rejections(pvalues) == 0
    assert_rate(rejections(pvalues, 1 / 16), 1 / 16)


@pytest.mark.parametrize("n", [6, 24])
@pytest.mark.parametrize("tails", ["normal", "cauchy"])
def test_sign_flips_hold_their_level(n: int, tails: str) -> None:
    """Symmetric values, light- or heavy-tailed: .031 and .035 rejected for n = 6, .062 and .052 for n = 24."""
    rng = np.random.default_rng(n)
    scale = np.linspace(1, 5, n)
    draw = rng.normal if tails == "normal" else rng.standard_cauchy
    pvalues = [
        stats.sign_flip_test(
            2 + scale * draw(size=n), null_value=2, alternative="two-sided", n_resamples=N_RESAMPLES, rng=rng
        ).pvalue
        for _ in range(SIMULATIONS)
    ]
    # Six values have 64 flips, of which the two extreme ones make p = 2/64: the level attained is 1/32.
    assert_rate(rejections(pvalues), 0.05 if n == 24 else 2 / 64)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_combined_randomization_holds_its_level(alternative: Any) -> None:
    """24 units with 100 exchangeable lognormal draws each: .041 two-sided, .043 one-sided."""
    rng = np.random.default_rng(7)
    pvalues = []
    for _ in range(SIMULATIONS):
        values = rng.lognormal(sigma=1.0, size=(24, 101)) * rng.lognormal(size=(24, 1))
        outcome = stats.combined_randomization_test(
            values[:, 0], values[:, 1:], alternative=alternative, n_resamples=N_RESAMPLES, rng=rng
        )
        pvalues.append(outcome.pvalue)
    assert_rate(rejections(pvalues))


def test_randomization_pvalue_holds_its_level() -> None:
    """One unit among 99 exchangeable draws: .044."""
    values = np.random.default_rng(7).lognormal(size=(SIMULATIONS, 100))
    pvalues = stats.randomization_pvalue(values[:, 0], values[:, 1:], alternative="greater")
    assert_rate(rejections(list(pvalues)))


def test_real_association_within_groups_is_found_against_the_groups() -> None:
    """A within-group slope of -1 under rising group means is found in .90; the plain rho points the other way."""
    options: dict[str, Any] = {"effect": -1.0, "simulations": 300, "alternative": "less"}
    assert rejections(permutation_pvalues(24, **options)) > 0.85
    x, y, strata = simpson(24, np.random.default_rng(0), -1.0)
    assert stats.spearman(x, y).statistic > 0 > stats.stratified_spearman(x, y, strata).statistic


def test_real_effects_are_found_by_the_other_tests() -> None:
    """Shifted values, units above their own draws, and a mean well below a bound are found nearly always."""
    rng = np.random.default_rng(1)
    options: dict[str, Any] = {"n_resamples": N_RESAMPLES, "rng": rng}
    flips, combined, means = [], [], []
    for _ in range(300):
        values = rng.normal(1.0, 1.0, size=24)
        flips.append(stats.sign_flip_test(values, null_value=0, alternative="two-sided", **options).pvalue)
        draws = rng.normal(size=(24, 100))
        combined.append(stats.combined_randomization_test(values, draws, alternative="greater", **options).pvalue)
        means.append(stats.mean_test(values, null_value=2, alternative="less", exchangeable=False, **options).pvalue)
    assert rejections(flips) > 0.98 and rejections(combined) > 0.98 and rejections(means) > 0.95
