"""From p-values to verdicts: families, claims about several conditions, primary hypotheses, absence over strata."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from study.analysis.core import testing
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    RULED_OUT,
    SUPPORTED,
    LayerResult,
)
from study.registration import Hypothesis
from tests.example_values import NORMAL, arrangement, concluded, hypothesis, labelled, measured


def results(one: Hypothesis, pvalues: list[float]) -> tuple[LayerResult, ...]:
    """Return layer results with given raw p-values; NaN was not tested."""
    layers = []
    for name, p in zip(one.layers, pvalues, strict=True):
        verdict, note = (NOT_TESTED, "few") if math.isnan(p) else ("", "")
        layer = testing.untested_layer(name, note, 24, 0)
        layers.append(dataclasses.replace(layer, estimate=1.0, pvalue=p, verdict=verdict))
    return tuple(layers)


def adjusted(*families: tuple[Hypothesis, list[float]]) -> dict[str, list[float]]:
    """Return the adjusted p-values by hypothesis."""
    tests = [testing.Tested(one, results(one, pvalues), ()) for one, pvalues in families]
    outcomes = testing.with_verdicts({test.hypothesis.id: test for test in tests})
    return {name: [layer.pvalue_adjusted for layer in result.layers] for name, result in outcomes.items()}


def test_p_values_are_adjusted_within_the_family() -> None:
    """Seven layers of one hypothesis: Holm's values as statsmodels gives them."""
    pvalues = [0.001, 0.04, 0.011, 0.2, 0.012, 0.9, 0.0005]
    one = hypothesis()
    np.testing.assert_allclose(adjusted((one, pvalues))[one.id], multipletests(pvalues, method="holm")[1])


def test_a_family_may_span_hypotheses() -> None:
    """Two hypotheses of one family are adjusted together, one of another family is left out of it."""
    first, second = (hypothesis(id=name, family="shared", layers=("conv1", "conv2")) for name in ("a", "b"))
    alone = hypothesis(id="c", family="own", layers=("conv1", "conv2"))
    pvalues = adjusted((first, [0.01, 0.02]), (alone, [0.01, 0.02]), (second, [0.03, 0.001]))
    expected = multipletests([0.01, 0.02, 0.03, 0.001], method="holm")[1]
    np.testing.assert_allclose(pvalues["a"] + pvalues["b"], expected)
    np.testing.assert_allclose(pvalues["c"], multipletests([0.01, 0.02], method="holm")[1])


def test_untested_layers_do_not_count_in_the_family() -> None:
    """What was not tested needs no correction and gets none."""
    one = hypothesis(layers=("conv1", "conv2", "conv3"))
    pvalues = adjusted((one, [0.02, math.nan, 0.03]))[one.id]
    np.testing.assert_allclose(pvalues, [0.04, math.nan, 0.04])


def test_a_family_without_adjustment_keeps_its_p_values() -> None:
    """`adjustment = "none"` is what it says."""
    one = hypothesis(adjustment="none")
    pvalues = [0.001, 0.04, 0.011, 0.2, 0.012, 0.9, 0.0005]
    np.testing.assert_allclose(adjusted((one, pvalues))[one.id], pvalues)


def test_the_verdict_reads_the_adjusted_p_value() -> None:
    """Raw p-values of .03 in seven layers support nothing: Holm makes them .21."""
    one = hypothesis()
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, results(one, [0.03] * 7), ())}).values()
    assert {layer.verdict for layer in result.layers} == {INCONCLUSIVE}
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, results(one, [0.007] * 7), ())}).values()
    assert {layer.verdict for layer in result.layers} == {SUPPORTED}
    assert result.verdict == SUPPORTED


def test_untested_layers_stay_untested() -> None:
    """Whatever the rule would say of their numbers; and they keep a hypothesis of every layer from being supported."""
    one = hypothesis(layers=("conv1", "conv2"))
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, results(one, [0.001, math.nan]), ())}).values()
    assert [layer.verdict for layer in result.layers] == [SUPPORTED, NOT_TESTED]
    assert result.verdict == INCONCLUSIVE
    assert "not tested in conv2" in result.reason


# Conditions, primary hypotheses, networks that did not learn


def test_a_claim_about_several_conditions_takes_the_largest_p_and_shows_the_weakest() -> None:
    """The condition with the smallest estimate is shown; p is the largest, and to rule it out the smallest times three."""
    one = hypothesis(layers=("conv1",), exchangeable="")
    values = np.stack([0.3 + 0.1 * NORMAL, 0.02 + 0.3 * NORMAL, 0.1 + 0.1 * NORMAL])
    array = labelled(values, ("a", "b", "c")).rename(layer="condition").expand_dims(layer=["conv1"])
    (layer,) = testing.tested_layers(one, Evidence(array), root_seed=0)
    singles = [measured(one, row[None])[0] for row in values]
    assert layer.estimate == pytest.approx(0.02)
    assert layer.pvalue == pytest.approx(max(single.pvalue for single in singles), abs=0.02)
    assert layer.pvalue_opposite == pytest.approx(max(single.pvalue_opposite for single in singles), abs=0.02)
    assert layer.pvalue_ruled_out == pytest.approx(min(1, 3 * min(s.pvalue_ruled_out for s in singles)), abs=0.06)
    assert layer.note == "weakest of a, b, c: b"


def test_one_condition_of_the_other_sign_rules_a_claim_about_all_of_them_out() -> None:
    """Two conditions of the claimed sign and one plainly of the other: the claim is that none is, and falls."""
    one = hypothesis(layers=("conv1",))
    values = np.stack([0.3 + 0.1 * NORMAL, -0.4 + 0.1 * NORMAL, 0.2 + 0.1 * NORMAL])
    array = labelled(values, ("a", "b", "c")).rename(layer="condition").expand_dims(layer=["conv1"])
    layers = testing.tested_layers(one, Evidence(array), root_seed=0)
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, layers, ())}).values()
    assert result.verdict == RULED_OUT


def wholes(pvalues: dict[str, float], **options: Any) -> dict[str, Any]:
    """Return the results of hypotheses of one layer with given p-values, all of them primary."""
    tests = {
        name: testing.Tested(one, results(one, [pvalue]), (), options.get(name, ""))
        for name, pvalue in pvalues.items()
        for one in [hypothesis(id=name, family=name, layers=("conv1",), status="primary")]
    }
    return testing.with_verdicts(tests)


def test_primary_hypotheses_are_adjusted_across() -> None:
    """Holm over their p-values as wholes; one that is then no longer small is inconclusive, and says so."""
    outcome = wholes({"a": 0.03, "b": 0.04, "c": 0.001})
    np.testing.assert_allclose([outcome[name].pvalue for name in "abc"], [0.06, 0.06, 0.003])
    assert [outcome[name].verdict for name in "abc"] == [INCONCLUSIVE, INCONCLUSIVE, SUPPORTED]
    assert "adjusted across the 3 primary hypotheses p = 0.06" in outcome["a"].reason
    assert outcome["a"].layers[0].verdict == SUPPORTED


def test_networks_that_did_not_learn_have_no_verdict_and_adjust_nothing() -> None:
    """Their hypothesis is not informative, in every layer, for the reason given; the others are adjusted without it."""
    outcome = wholes({"a": 0.03, "b": 0.001}, b="they did not learn")
    assert (outcome["b"].verdict, outcome["b"].reason) == (NOT_INFORMATIVE, "they did not learn")
    assert outcome["b"].published_verdict == NOT_INFORMATIVE
    assert {layer.verdict for layer in outcome["b"].layers} == {NOT_INFORMATIVE}
    assert (outcome["a"].verdict, outcome["a"].pvalue) == (SUPPORTED, 0.03)


# Absence over strata


def opposite_strata(rho: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one layer's values and an outcome that correlate at rho, rho, -rho, -rho in four strata."""
    order = np.arange(size)
    columns = [arrangement(sign * rho, size) for sign in (1, 1, -1, -1)]
    return np.stack(columns, axis=1).reshape(1, -1).astype(float), order.repeat(4).astype(float)


def test_opposite_correlations_are_no_absence() -> None:
    """+.6, +.6, -.6, -.6 by augmentation: the mean is 0, p is 1, the note says why, and the verdict is inconclusive."""
    one = hypothesis("generalization-conv1-absence")
    values, against = opposite_strata(0.6, 30)
    (layer,) = measured(one, values, against)
    assert abs(layer.estimate) < 0.05
    assert layer.pvalue == 1.0
    assert "strata differ (Cochran's Q: p = " in layer.note
    assert concluded(one, values, against)[0] == INCONCLUSIVE
    values, against = opposite_strata(0.0, 30)
    assert concluded(one, values, against)[0] == SUPPORTED
