"""Statistics on plain arrays: rank correlation, randomisation tests, bootstrap, equivalence, multiplicity, power."""

from study.stats.bootstrap import bootstrap_interval, correlation_interval, mean_interval
from study.stats.clusters import cluster_interval, crossed_interval
from study.stats.correlation import fisher_interval, spearman, stratified_spearman
from study.stats.equivalence import correlation_equivalence_test, equivalence_test
from study.stats.meta import RandomEffects, random_effects_mean
from study.stats.mixed import MixedSlope, random_intercept_slope
from study.stats.multiplicity import adjusted_pvalues
from study.stats.outcomes import Alternative, Correlation, Interval, TestOutcome
from study.stats.partial import partial_interval, partial_permutation_test, partial_spearman
from study.stats.permutation import (
    combined_randomization_test,
    randomization_pvalue,
    sign_flip_test,
    stratified_permutation_test,
)
from study.stats.power import Power, power_of, proportion_interval
from study.stats.series import EffectiveSampleSize, circular_shift_test, effective_sample_size

__all__ = [
    "Alternative",
    "Correlation",
    "EffectiveSampleSize",
    "Interval",
    "MixedSlope",
    "Power",
    "RandomEffects",
    "TestOutcome",
    "adjusted_pvalues",
    "bootstrap_interval",
    "circular_shift_test",
    "cluster_interval",
    "combined_randomization_test",
    "correlation_equivalence_test",
    "correlation_interval",
    "crossed_interval",
    "effective_sample_size",
    "equivalence_test",
    "fisher_interval",
    "mean_interval",
    "partial_interval",
    "partial_permutation_test",
    "partial_spearman",
    "power_of",
    "proportion_interval",
    "random_effects_mean",
    "random_intercept_slope",
    "randomization_pvalue",
    "sign_flip_test",
    "spearman",
    "stratified_permutation_test",
    "stratified_spearman",
]
