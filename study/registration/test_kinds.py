"""The statistical tests that a hypothesis may register, one row each: everything that depends on the kind reads it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StatisticalTest:
    """A kind of test.

    `correlates`: it is of a rank correlation of two variables over networks, not of a mean over networks. `pairs`: it
    compares curves of one network with those of others. `absence`: it asks whether an effect lies within a margin, so that a
    small p-value speaks for absence. `sentence` says in words what is tested; its fields are `null_value`, `low` and `high`
    (the margins), `by` (how a mean is tested), `within` and `permuted` (the strata).
    """

    name: str
    correlates: bool
    absence: bool
    sentence: str
    pairs: bool = False


TEST_KINDS: Mapping[str, StatisticalTest] = {
    kind.name: kind
    for kind in (
        StatisticalTest(
            name="mean",
            correlates=False,
            absence=False,
            sentence="Mean over networks against {null_value:g}, by {by}",
        ),
        StatisticalTest(
            name="rank_correlation",
            correlates=True,
            absence=False,
            sentence="Rank correlation over networks, ranks taken and permuted {permuted}, studentised",
        ),
        StatisticalTest(
            name="pairing",
            correlates=False,
            absence=False,
            pairs=True,
            sentence="Mean over networks of a similarity of two of its curves, against pairing them across networks",
        ),
        StatisticalTest(
            name="mean_equivalence",
            correlates=False,
            absence=True,
            sentence="Equivalence: the mean over networks lies within {low:g} and {high:g}, by {by}",
        ),
        StatisticalTest(
            name="correlation_equivalence",
            correlates=True,
            absence=True,
            sentence="Equivalence: the rank correlation over networks{within} lies within {low:g} and {high:g}, on"
            " Fisher's z",
        ),
    )
}
