"""Verdicts follow from the registered rule and from nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import pytest

from study.analysis.core.results import CONTRADICTED, INCONCLUSIVE, NOT_TESTED, SUPPORTED, VERDICTS, LayerResult
from study.analysis.core.verdict import hypothesis_verdict, layer_verdict, reason
from study.registration import Hypothesis
from tests.example_study import registered

NAN = math.nan
S, C, U, N = SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTED


def hypothesis(name: str = "existence-selective-units", **changes: Any) -> Hypothesis:
    """Return a registered hypothesis, with some fields changed."""
    return dataclasses.replace(registered().hypotheses[name], **changes)


def quantities(estimate: float, low: float, high: float, pvalue: float) -> dict[str, float]:
    """Return what a rule may read of one layer."""
    return {"estimate": estimate, "ci_low": low, "ci_high": high, "pvalue": pvalue, "pvalue_adjusted": pvalue}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        # pvalue_adjusted <= alpha and estimate >= smallest_effect (.05); contradicted: ci_high < smallest_effect
        ("existence-selective-units", (0.30, 0.20, 0.40, 0.01), S),
        ("existence-selective-units", (0.05, 0.04, 0.06, 0.05), S),
        ("existence-selective-units", (0.30, -0.1, 0.70, 0.051), U),
        ("existence-selective-units", (0.04, 0.03, 0.06, 0.001), U),
        ("existence-selective-units", (0.02, 0.01, 0.049, 0.001), C),
        ("existence-selective-units", (-0.3, -0.4, -0.2, 1.0), C),
        ("existence-selective-units", (0.02, 0.01, 0.05, 1.0), U),
        # a share against one half
        ("spatial_frequency-range-zero", (0.70, 0.60, 0.80, 0.01), S),
        ("spatial_frequency-range-zero", (0.40, 0.30, 0.49, 0.99), C),
        ("spatial_frequency-range-zero", (0.52, 0.40, 0.60, 0.30), U),
        ("untrained-few", (0.20, 0.10, 0.30, 0.01), S),
        ("untrained-few", (0.70, 0.60, 0.80, 1.00), C),
        # a negative effect
        ("generalization-lower-layers", (-0.5, -0.8, -0.1, 0.01), S),
        ("generalization-lower-layers", (-0.1, -0.19, 0.1, 0.2), C),
        ("generalization-lower-layers", (-0.15, -0.4, 0.1, 0.01), U),
        ("generalization-lower-layers", (0.5, 0.2, 0.8, 1.0), C),
        # absence of a correlation by equivalence, never by a large p
        ("generalization-conv1-absence", (0.0, -0.2, 0.2, 0.01), S),
        ("generalization-conv1-absence", (0.0, -0.4, 0.2, 0.9), U),
        ("generalization-conv1-absence", (0.0, -0.2, 0.2, 0.9), U),
        ("generalization-conv1-absence", (-0.6, -0.8, -0.4, 1.0), C),
        ("generalization-higher-layers-absence", (0.6, 0.4, 0.8, 1.0), C),
        ("memorization-higher-layers-absence", (0.1, -0.1, 0.3, 0.01), S),
        ("maturation-higher-layers-absence", (-0.7, -0.8, -0.6, 1.0), C),
        # absence of an effect by equivalence
        ("ablation-other-layers-absence", (0.1, -0.1, 0.3, 0.01), S),
        ("ablation-other-layers-absence", (0.1, -0.6, 0.8, 0.40), U),
        ("ablation-other-layers-absence", (0.9, 0.6, 1.2, 1.00), C),
        ("ablation-other-layers-absence", (-0.9, -1.2, -0.6, 1.00), C),
        # more than twofold
        ("ablation-twofold", (1.5, 1.2, 1.8, 0.01), S),
        ("ablation-twofold", (0.8, 0.6, 0.99, 0.9), C),
        ("ablation-twofold", (1.0, 0.6, 1.4, 0.5), U),
    ],
)
def test_registered_rules_decide_a_layer(name: str, values: tuple[float, float, float, float], expected: str) -> None:
    """Every shape of rule that is registered, at and on either side of its bounds."""
    assert layer_verdict(hypothesis(name), quantities(*values)) == expected


@pytest.mark.parametrize("name", list(registered().hypotheses))
def test_undefined_quantities_decide_nothing(name: str) -> None:
    """NaN throughout is inconclusive by any registered rule, never support and never contradiction."""
    assert layer_verdict(hypothesis(name), quantities(NAN, NAN, NAN, NAN)) == INCONCLUSIVE


def test_the_adjusted_p_value_counts_not_the_raw_one() -> None:
    """A raw p of .01 that Holm turns into .07 supports nothing."""
    values = quantities(0.3, 0.2, 0.4, 0.01) | {"pvalue_adjusted": 0.07}
    assert layer_verdict(hypothesis(), values) == INCONCLUSIVE


def test_no_registered_rule_supports_and_contradicts_at_once() -> None:
    """Over a grid of estimates, half-widths and p-values that are possible together, at most one rule holds.

    Where both could, support would win silently.
    """
    for one in registered().hypotheses.values():
        known = {"alpha": one.alpha, "null_value": one.null_value, "smallest_effect": one.smallest_effect}
        for estimate, half in itertools.product([x / 20 for x in range(-40, 41)], [0.01, 0.1, 0.3, 1.0]):
            for pvalue in (0.001, 0.2, 1.0):
                if one.kind.absence and abs(estimate) >= one.smallest_effect and pvalue < 0.5:
                    continue  # a mean outside the margins is not equivalent
                values = known | quantities(estimate, estimate - half, estimate + half, pvalue)
                assert not (one.supported.holds(values) and one.contradicted.holds(values)), (one.id, values)


@pytest.mark.parametrize(
    ("required", "layers", "expected"),
    [
        ("every", [S, S, S], S),
        ("every", [S, S, U], U),
        ("every", [S, S, N], U),
        ("every", [S, C, S], C),
        ("every", [U, C, N], C),
        ("every", [U, U, U], U),
        ("every", [S], S),
        ("most", [S, S, U], S),
        ("most", [S, S, C], S),
        ("most", [S, S, C, C], U),
        ("most", [S, U, N], U),
        ("most", [C, C, S], C),
        ("most", [C, C, N, N], U),
        ("most", [S, S, N, N], U),
        ("any", [S, C, C], S),
        ("any", [C, C, C], C),
        ("any", [C, C, N], U),
        ("any", [C, C, U], U),
        ("any", [U, N, N], U),
    ],
)
def test_layers_combine_as_registered(required: str, layers: list[str], expected: str) -> None:
    """What every, most or any layers are; an untested layer counts against support and contradiction alike."""
    for order in itertools.permutations(layers):
        assert hypothesis_verdict(required, order) == expected


@pytest.mark.parametrize("required", ["every", "most", "any"])
@pytest.mark.parametrize("n_layers", [1, 2, 7])
def test_nothing_tested_is_not_tested(required: str, n_layers: int) -> None:
    """No layer could be tested: no verdict but that."""
    assert hypothesis_verdict(required, [N] * n_layers) == NOT_TESTED


@pytest.mark.parametrize("required", ["every", "most", "any"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_unanimous_layers_decide(required: str, verdict: str) -> None:
    """Whatever is required, what all layers are the hypothesis is."""
    assert hypothesis_verdict(required, [verdict] * 3) == verdict


def layer(name: str, verdict: str, note: str = "") -> LayerResult:
    """Return a layer's result of which only the verdict matters."""
    return LayerResult(name, 0.0, 0.0, 0.0, "BCa", 0.5, 0.5, 8, 0, verdict, note)


def test_the_reason_names_layers_and_what_support_needs() -> None:
    """Grouped by verdict, in the order of verdicts."""
    layers = [layer("conv1", C), layer("conv2", S), layer("conv3", S), layer("fc1", N)]
    assert reason(hypothesis(layers_required="most"), INCONCLUSIVE, layers) == (
        "supported in conv2, conv3; contradicted in conv1; not tested in fc1"
        " (support needs more than half of the layers)"
    )


def test_the_reason_for_not_testing_is_that_of_its_layers() -> None:
    """Each reason once; some reason always."""
    layers = [layer("conv1", N, "too few"), layer("conv2", N, "too few"), layer("conv3", N, "not measured")]
    assert reason(hypothesis(), NOT_TESTED, layers) == "too few; not measured"
    assert reason(hypothesis(), NOT_TESTED, [layer("conv1", N)]) == "no layer could be tested"
