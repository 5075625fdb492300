"""Verdicts follow from the registered tests, each at its bound, and from nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    VERDICTS,
    LayerResult,
)
from study.analysis.core.testing import untested_layer
from study.analysis.core.verdict import (
    hypothesis_pvalue,
    hypothesis_verdict,
    layer_verdict,
    layers_needed,
    published_verdict,
    reason,
)
from study.registration import Hypothesis
from tests.example_study import registered

NAN = math.nan
S, OP, R, P, U, N = SUPPORTED, OPPOSITE, RULED_OUT, EFFECT_PRESENT, INCONCLUSIVE, NOT_TESTED


def hypothesis(name: str = "existence-selective-units", **changes: Any) -> Hypothesis:
    """Return a registered hypothesis, with some fields changed."""
    return dataclasses.replace(registered().hypotheses[name], **changes)


def layer(
    name: str = "conv1",
    verdict: str = "",
    note: str = "",
    *,
    estimate: float = 0.0,
    pvalues: tuple[float, float, float] = (NAN, NAN, NAN),
) -> LayerResult:
    """Return a layer's result; the p-values are adjusted ones: of the claim, the opposite, and of ruling it out."""
    return dataclasses.replace(
        untested_layer(name, note, 8, 0),
        estimate=estimate,
        verdict=verdict,
        pvalue_adjusted=pvalues[0],
        pvalue_opposite_adjusted=pvalues[1],
        pvalue_ruled_out_adjusted=pvalues[2],
    )


@pytest.mark.parametrize(
    ("name", "estimate", "pvalues", "expected"),
    [
        # an effect above 0 that must reach .05
        ("existence-selective-units", 0.30, (0.01, 1.0, 1.0), S),
        ("existence-selective-units", 0.05, (0.05, 1.0, 0.5), S),
        ("existence-selective-units", 0.30, (0.051, 1.0, 1.0), U),
        ("existence-selective-units", 0.04, (0.001, 1.0, 0.2), U),  # small, and an effect that matters not excluded
        ("existence-selective-units", 0.02, (0.001, 1.0, 0.001), R),
        ("existence-selective-units", -0.3, (1.0, 0.01, 0.001), OP),
        ("existence-selective-units", -0.3, (1.0, 0.06, 0.05), R),
        ("existence-selective-units", 0.02, (1.0, 1.0, 0.06), U),
        # a share against one half: the bound of the claim rules it out from the other side
        ("spatial_frequency-range-zero", 0.70, (0.01, NAN, 1.0), S),
        ("spatial_frequency-range-zero", 0.52, (0.01, NAN, 1.0), S),
        ("spatial_frequency-range-zero", 0.40, (0.99, NAN, 0.01), R),
        ("spatial_frequency-range-zero", 0.52, (0.30, NAN, 0.7), U),
        ("untrained-few", 0.20, (0.01, NAN, 1.0), S),
        ("untrained-few", 0.70, (1.00, NAN, 0.01), R),
        # a negative effect
        ("generalization-lower-layers", -0.5, (0.01, 1.0, 1.0), S),
        ("generalization-lower-layers", -0.1, (0.2, 0.8, 0.04), R),
        ("generalization-lower-layers", -0.15, (0.01, 1.0, 0.3), U),
        ("generalization-lower-layers", 0.5, (1.0, 0.001, 0.001), OP),
        # absence, never by a large p
        ("generalization-conv1-absence", 0.0, (0.01, NAN, 1.0), S),
        ("generalization-conv1-absence", 0.0, (0.9, NAN, 0.9), U),
        ("generalization-conv1-absence", -0.6, (1.0, NAN, 0.01), P),
        ("ablation-other-layers-absence", 0.9, (1.00, NAN, 0.05), P),
        ("ablation-other-layers-absence", 0.1, (0.40, NAN, 1.0), U),
    ],
)
def test_registered_tests_decide_a_layer(
    name: str, estimate: float, pvalues: tuple[float, float, float], expected: str
) -> None:
    """Every kind of decision that is registered, at and on either side of alpha and of what an estimate must reach."""
    assert layer_verdict(hypothesis(name), layer(estimate=estimate, pvalues=pvalues)) == expected


@pytest.mark.parametrize("name", list(registered().hypotheses))
def test_undefined_quantities_decide_nothing(name: str) -> None:
    """NaN throughout is inconclusive, never support and never a finding against the claim."""
    assert layer_verdict(hypothesis(name), layer(estimate=NAN)) == INCONCLUSIVE


def test_the_adjusted_p_value_counts_not_the_raw_one() -> None:
    """A raw p of .01 that Holm turns into .07 supports nothing, and a raw interval excludes nothing."""
    values = dataclasses.replace(
        layer(estimate=0.3, pvalues=(0.07, 0.07, 0.07)), pvalue=0.01, pvalue_opposite=0.01, pvalue_ruled_out=0.01
    )
    assert layer_verdict(hypothesis(), values) == INCONCLUSIVE


def test_an_interval_that_misses_the_smallest_effect_decides_nothing() -> None:
    """-0.48 [-1.25, 0.34] against a smallest effect of .5 is inconclusive where its adjusted p is not small."""
    values = dataclasses.replace(layer(estimate=-0.48, pvalues=(0.85, 0.30, 0.06)), ci_low=-1.25, ci_high=0.34)
    assert layer_verdict(hypothesis("ablation-effect"), values) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("required", "layers", "expected"),
    [
        ("every", [S, S, S], S),
        ("every", [S, S, U], U),
        ("every", [S, S, N], U),
        ("every", [S, OP, S], R),
        ("every", [U, R, N], R),
        ("every", [OP, OP, OP], OP),
        ("every", [OP, OP, R], R),
        ("every", [U, P, S], P),
        ("every", [U, U, U], U),
        ("every", [S], S),
        ("every", [OP], OP),
        ("most", [S, S, U], S),
        ("most", [S, S, OP], S),
        ("most", [S, S, R, R], R),  # of four, three are needed and two can be had
        ("most", [S, U, N], U),
        ("most", [R, R, S], R),
        ("most", [OP, OP, S], OP),
        ("most", [OP, R, S], R),
        ("most", [R, U, N, N], U),
        ("any", [S, OP, OP], S),
        ("any", [OP, OP, OP], OP),
        ("any", [R, OP, R], R),
        ("any", [OP, OP, N], U),
        ("any", [OP, OP, U], U),
        ("any", [U, N, N], U),
        ("every", [S, NOT_SUPPORTED, S], NOT_SUPPORTED),
        ("any", [NOT_SUPPORTED, NOT_SUPPORTED], NOT_SUPPORTED),
    ],
)
def test_layers_combine_as_registered(required: str, layers: list[str], expected: str) -> None:
    """What every, most or any layers are; an untested layer counts on no side."""
    for order in itertools.permutations(layers):
        assert hypothesis_verdict(required, order) == expected


def test_an_analysis_as_published_rules_nothing_out() -> None:
    """One layer of the other sign among those of the claim: not supported; all of them: opposite."""
    assert published_verdict("every", [S, OP, S]) == NOT_SUPPORTED
    assert published_verdict("every", [OP, OP]) == OP
    assert published_verdict("any", [U, OP]) == U


@pytest.mark.parametrize("required", ["every", "most", "any"])
@pytest.mark.parametrize("n_layers", [1, 2, 7])
def test_nothing_tested_is_not_tested(required: str, n_layers: int) -> None:
    """No layer could be tested: no verdict but that; networks that learnt nothing say so."""
    assert hypothesis_verdict(required, [N] * n_layers) == NOT_TESTED
    assert hypothesis_verdict(required, [N] * (n_layers - 1) + [NOT_INFORMATIVE]) == NOT_INFORMATIVE


@pytest.mark.parametrize("required", ["every", "most", "any"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_unanimous_layers_decide(required: str, verdict: str) -> None:
    """Whatever is required, what all layers are the hypothesis is."""
    assert hypothesis_verdict(required, [verdict] * 3) == verdict


@pytest.mark.parametrize("required", ["every", "most", "any"])
@pytest.mark.parametrize("n_layers", range(1, 8))
def test_support_and_the_p_value_of_the_whole_agree(required: str, n_layers: int) -> None:
    """Enough layers have small adjusted p-values exactly when the p-value of the claim as a whole is small."""
    rng = np.random.default_rng(n_layers)
    for row in rng.choice([0.01, 0.04, 0.06, 0.5], size=(50, n_layers)):
        verdicts = [S if pvalue <= 0.05 else U for pvalue in row]
        whole = hypothesis_pvalue(required, [layer(pvalues=(pvalue, NAN, NAN)) for pvalue in row])
        assert (hypothesis_verdict(required, verdicts) == S) == (whole <= 0.05)


def test_the_p_value_of_the_whole_is_largest_smallest_or_in_between() -> None:
    """An untested layer counts as 1; without any test there is none."""
    layers = [layer(pvalues=(pvalue, NAN, NAN)) for pvalue in (0.2, 0.01, 0.03)]
    assert [hypothesis_pvalue(required, layers) for required in ("every", "most", "any")] == [0.2, 0.03, 0.01]
    assert hypothesis_pvalue("every", [*layers, layer()]) == 1.0
    assert math.isnan(hypothesis_pvalue("any", [layer(), layer()]))


def test_a_claim_about_most_layers_needs_more_than_half() -> None:
    """Of an even number one more than half."""
    assert [layers_needed("most", n) for n in (1, 2, 3, 4, 7)] == [1, 2, 2, 3, 4]
    assert (layers_needed("every", 5), layers_needed("any", 5)) == (5, 1)


def test_the_reason_names_layers_and_what_support_needs() -> None:
    """Grouped by verdict, in the order of verdicts."""
    layers = [layer("conv1", R), layer("conv2", S), layer("conv3", S), layer("conv4", OP), layer("fc1", N)]
    assert reason(hypothesis(layers_required="most"), INCONCLUSIVE, layers) == (
        "supported in conv2, conv3; opposite in conv4; ruled out in conv1; not tested in fc1"
        " (support needs more than half of the layers)"
    )


def test_the_reason_for_not_testing_is_that_of_its_layers() -> None:
    """Each reason once; some reason always."""
    layers = [layer("conv1", N, "too few"), layer("conv2", N, "too few"), layer("conv3", N, "not measured")]
    assert reason(hypothesis(), NOT_TESTED, layers) == "too few; not measured"
    assert reason(hypothesis(), NOT_TESTED, [layer("conv1", N)]) == "no layer could be tested"
