"""What is registered of effects: bounds that a test can reach, and absence by equivalence alone."""

from __future__ import annotations

import dataclasses
import math

import pytest
import scipy.stats

from study.registration import Hypothesis
from tests.example_study import registered


def test_every_registered_test_can_reach_its_own_alpha() -> None:
    """With the fewest networks, the smallest possible p passes Holm in every layer of the family."""
    for hypothesis in registered().hypotheses.values():
        family = sum(
            len(other.layers) for other in registered().hypotheses.values() if other.family == hypothesis.family
        )
        if hypothesis.network == "vgg16":
            continue  # one network: described, not tested
        if hypothesis.test == "rank_correlation":
            strata = {"augmentation": 4, "seed": 2}.get(hypothesis.strata, 1)
            smallest = 1 / math.factorial(hypothesis.minimum_networks // strata) ** strata
        elif hypothesis.test == "correlation_equivalence":
            smallest = float(
                scipy.stats.norm.sf(math.atanh(hypothesis.smallest_effect) * math.sqrt(freedom(hypothesis)))
            )
        else:
            smallest = 2.0**-hypothesis.minimum_networks
        assert max(smallest, 1 / (hypothesis.n_resamples + 1)) <= hypothesis.alpha / family, hypothesis.id


def freedom(hypothesis: Hypothesis) -> int:
    """Return the degrees of freedom of Fisher's z with the fewest networks that a hypothesis is tested with."""
    return hypothesis.minimum_networks - (6 if hypothesis.strata == "augmentation" else 3)


def test_absence_is_registered_as_equivalence_and_as_nothing_else() -> None:
    """Every equivalence test is one of absence, at two margins, and its interval is the one that they decide alike."""
    absences = {name for name in registered().hypotheses if "absence" in name}
    equivalences = {name for name, hypothesis in registered().hypotheses.items() if hypothesis.kind.absence}
    assert absences == equivalences
    for name in absences:
        hypothesis = registered().hypotheses[name]
        assert hypothesis.alternative == "two-sided"
        assert hypothesis.confidence_level == pytest.approx(1 - 2 * hypothesis.alpha)


def test_sign_flips_stand_alone_only_at_an_exchangeable_null_value_of_0() -> None:
    """Where a reason is registered, the null value is 0 and the test one of a mean."""
    for hypothesis in registered().hypotheses.values():
        if hypothesis.exchangeable:
            assert (hypothesis.null_value, hypothesis.test) == (0.0, "mean"), hypothesis.id


@pytest.mark.parametrize("name", ["generalization-conv1-absence", "generalization-higher-layers-absence"])
def test_fewer_networks_than_registered_could_not_show_absence(name: str) -> None:
    """The minimum is the first multiple of four augmentations with which a rho of 0 passes in every layer."""
    hypothesis = registered().hypotheses[name]
    fewer = dataclasses.replace(hypothesis, minimum_networks=hypothesis.minimum_networks - 4)
    needed = float(scipy.stats.norm.isf(hypothesis.alpha / len(hypothesis.layers)))
    assert math.atanh(hypothesis.smallest_effect) * math.sqrt(freedom(fewer)) < needed
    assert math.atanh(hypothesis.smallest_effect) * math.sqrt(freedom(hypothesis)) >= needed
