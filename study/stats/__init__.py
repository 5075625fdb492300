"""Statistics on plain arrays: rank correlation, randomisation tests, bootstrap, equivalence, multiplicity."""

from study.stats.bootstrap import bootstrap_interval, correlation_interval, mean_interval
from study.stats.correlation import fisher_interval, spearman, stratified_spearman
from study.stats.equivalence import equivalence_test
from study.stats.multiplicity import adjusted_pvalues
from study.stats.outcomes import Alternative, Correlation, Interval, TestOutcome
from study.stats.permutation import (
    combined_randomization_test,
    randomization_pvalue,
    sign_flip_test,
    stratified_permutation_test,
)

__all__ = [
    "Alternative",
    "Correlation",
    "Interval",
    "TestOutcome",
    "adjusted_pvalues",
    "bootstrap_interval",
    "combined_randomization_test",
    "correlation_interval",
    "equivalence_test",
    "fisher_interval",
    "mean_interval",
    "randomization_pvalue",
    "sign_flip_test",
    "spearman",
    "stratified_permutation_test",
    "stratified_spearman",
]
