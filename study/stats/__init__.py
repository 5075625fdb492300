"""Statistics on plain arrays: rank correlation, randomisation tests, bootstrap, tests at bounds, multiplicity.

A function named in the plural (`stratified_permutation_tests`) does for each of several variables, (k, n), what its
singular does for one, (n,): fast, because all share the same permutations or resamples of the n observations. What it
says of one variable does not depend on the others, to the last bit.
"""

from study.stats.bootstrap import mean_interval, mean_intervals
from study.stats.correlation import spearman, stratified_spearman, stratified_spearmans
from study.stats.correlation_bounds import (
    correlation_bound_test,
    correlation_bound_tests,
)
from study.stats.crossed import crossed_intervals, crossed_tests
from study.stats.effect_size import standardized_mean
from study.stats.fisher import fisher_interval, fisher_intervals
from study.stats.means import (
    bootstrap_t_test,
    bootstrap_t_tests,
    mean_test,
    mean_tests,
)
from study.stats.meta import Heterogeneity, RandomEffects, heterogeneity, random_effects_mean
from study.stats.mixed import MixedSlope, random_intercept_slope
from study.stats.multiplicity import Adjustment, adjusted_pvalues
from study.stats.outcomes import Alternative, Correlation, Interval, TestOutcome
from study.stats.pairing import pairing_permutation_tests
from study.stats.partial import partial_interval, partial_permutation_test, partial_ranks, partial_spearman
from study.stats.permutation import (
    stratified_permutation_test,
    stratified_permutation_tests,
)
from study.stats.proportion import proportion_interval
from study.stats.randomization import combined_randomization_test, randomization_pvalue
from study.stats.rank_bootstrap import correlation_interval, correlation_intervals
from study.stats.series import EffectiveSampleSize, circular_shift_test, effective_sample_size
from study.stats.signs import sign_flip_test, sign_flip_tests
from study.stats.slopes import partial_slopes, unit_permutation_pvalue
from study.stats.textbook import student_interval, textbook_spearman

__all__ = [
    "Adjustment",
    "Alternative",
    "Correlation",
    "EffectiveSampleSize",
    "Heterogeneity",
    "Interval",
    "MixedSlope",
    "RandomEffects",
    "TestOutcome",
    "adjusted_pvalues",
    "bootstrap_t_test",
    "bootstrap_t_tests",
    "circular_shift_test",
    "combined_randomization_test",
    "correlation_bound_test",
    "correlation_bound_tests",
    "correlation_interval",
    "correlation_intervals",
    "crossed_intervals",
    "crossed_tests",
    "effective_sample_size",
    "fisher_interval",
    "fisher_intervals",
    "heterogeneity",
    "mean_interval",
    "mean_intervals",
    "mean_test",
    "mean_tests",
    "pairing_permutation_tests",
    "partial_interval",
    "partial_permutation_test",
    "partial_ranks",
    "partial_slopes",
    "partial_spearman",
    "proportion_interval",
    "random_effects_mean",
    "random_intercept_slope",
    "randomization_pvalue",
    "sign_flip_test",
    "sign_flip_tests",
    "spearman",
    "standardized_mean",
    "stratified_permutation_test",
    "stratified_permutation_tests",
    "stratified_spearman",
    "stratified_spearmans",
    "student_interval",
    "textbook_spearman",
    "unit_permutation_pvalue",
]
