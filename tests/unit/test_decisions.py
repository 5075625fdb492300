"""The language of decision rules: comparisons that hold, and what is undefined."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from study.registration.decisions import QUANTITIES, Rule
from tests.example_registration import block, register


def quantities(**values: float) -> dict[str, float]:
    """Return every quantity a rule may name, NaN where not given."""
    return dict.fromkeys(QUANTITIES, math.nan) | values


def rule(text: str) -> Rule:
    """Return the rule a block registers."""
    return register(block(supported=text)).hypotheses["made-up"].supported


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("pvalue <= alpha", {"pvalue": 0.05, "alpha": 0.05}, True),
        ("pvalue < alpha", {"pvalue": 0.05, "alpha": 0.05}, False),
        ("estimate >= smallest_effect", {"estimate": 0.1, "smallest_effect": 0.1}, True),
        ("estimate > smallest_effect", {"estimate": 0.1, "smallest_effect": 0.1}, False),
        ("estimate <= -0.2", {"estimate": -0.3}, True),
        ("estimate<=-0.2", {"estimate": -0.1}, False),
        ("0.5 < ci_low", {"ci_low": 0.6}, True),
        ("ci_low > -0.3 and ci_high < 0.3", {"ci_low": -0.2, "ci_high": 0.2}, True),
        ("ci_low > -0.3 and ci_high < 0.3", {"ci_low": -0.2, "ci_high": 0.4}, False),
        (
            "pvalue <= alpha and estimate > 0 and ci_low > 0",
            {"pvalue": 0.01, "alpha": 0.05, "estimate": 1, "ci_low": 1},
            True,
        ),
        (
            "pvalue <= alpha and estimate > 0 and ci_low > 0",
            {"pvalue": 0.01, "alpha": 0.05, "estimate": 1, "ci_low": 0},
            False,
        ),
        ("estimate > 1e-3", {"estimate": 0.01}, True),
        ("ci_low > 0.5 or ci_high < -0.5", {"ci_low": 0.6, "ci_high": 0.9}, True),
        ("ci_low > 0.5 or ci_high < -0.5", {"ci_low": -0.9, "ci_high": -0.6}, True),
        ("ci_low > 0.5 or ci_high < -0.5", {"ci_low": -0.6, "ci_high": 0.6}, False),
        (
            "pvalue <= alpha and estimate > 0 or ci_low > 1",
            {"pvalue": 1, "alpha": 0.05, "estimate": -1, "ci_low": 2},
            True,
        ),
        (
            "ci_low > 1 or pvalue <= alpha and estimate > 0",
            {"pvalue": 1, "alpha": 0.05, "estimate": 1, "ci_low": 0},
            False,
        ),
        ("ci_low > 1 or estimate > 0", {"estimate": 1}, True),
    ],
)
def test_rules_compare_quantities_and_numbers(text: str, values: Mapping[str, float], expected: bool) -> None:
    """Every clause must hold, `and` binding before `or`; either side may be a number; an undefined clause is false."""
    assert rule(text).holds(quantities(**values)) is expected


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("text", ["estimate {} 0", "0 {} estimate", "estimate {} estimate"])
def test_an_undefined_quantity_satisfies_no_rule(symbol: str, text: str) -> None:
    """NaN on either side, or on both."""
    assert not rule(text.format(symbol)).holds(quantities())
