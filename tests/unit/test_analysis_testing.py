"""From one value per network and layer to a verdict: missing networks, families, findings."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import xarray as xr
from statsmodels.stats.multitest import multipletests

from study.analysis.core import testing
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    LayerResult,
)
from study.registration import TEST_KINDS, Hypothesis
from tests.example_study import AUGMENTATIONS, registered

MEASURED = list(registered().hypotheses)
REFUTED = "refuted"
NORMAL = scipy.stats.norm.ppf((np.arange(24) + 0.5) / 24)  # 24 values, mean 0, symmetric, standard deviation near 1


def hypothesis(name: str = "existence-selective-units", **changes: Any) -> Hypothesis:
    """Return a registered hypothesis, with some fields changed."""
    return dataclasses.replace(registered().hypotheses[name], **changes)


def labelled(values: np.ndarray, layers: tuple[str, ...] = (), groups: tuple[str, ...] = AUGMENTATIONS) -> xr.DataArray:
    """Return values (layer, network), or (network,), of networks spread over the groups in turn."""
    count = values.shape[-1]
    coords: dict[str, Any] = {
        "network": [f"n{i}" for i in range(count)],
        "augmentation": ("network", np.array([groups[i % len(groups)] for i in range(count)], np.dtypes.StringDType())),
        "seed": ("network", [i % len(groups) for i in range(count)]),
    }
    if layers:
        coords["layer"] = list(layers)
    return xr.DataArray(values, dims=("layer", "network") if layers else ("network",), coords=coords)


def measured(
    one: Hypothesis, values: np.ndarray, against: np.ndarray | None = None, **options: Any
) -> tuple[LayerResult, ...]:
    """Return the test of given values (layer, network) of a hypothesis' layers."""
    layers = options.pop("layers", one.layers)
    array = labelled(np.asarray(values, float), layers, **options)
    other = None if against is None else labelled(np.asarray(against, float), **options)
    evidence = Evidence(array, None if other is None else other.values, pairs=paired(array) if one.kind.pairs else None)
    return testing.tested_layers(one, evidence, root_seed=0)


def paired(values: xr.DataArray) -> xr.DataArray:
    """Return similarities whose diagonal are the values, and which are scattered about 0 elsewhere."""
    n = values.sizes["network"]
    others = np.random.default_rng(n).normal(0, 0.1, size=(values.sizes["layer"], n, n))
    others[:, np.arange(n), np.arange(n)] = values.values
    return xr.DataArray(others, dims=("layer", "network", "partner"), coords={"layer": values["layer"]})


def concluded(one: Hypothesis, values: np.ndarray, against: np.ndarray | None = None) -> tuple[str, list[str]]:
    """Return the verdict of a hypothesis and those of its layers."""
    layers = measured(one, values, against)
    (result,) = testing.with_verdicts({one.id: testing.Tested(one, layers, ())}).values()
    return result.verdict, [layer.verdict for layer in result.layers]


# Every registered hypothesis, every verdict


def arrangement(rho: float, size: int) -> np.ndarray:
    """Return an order of 0 .. size - 1 whose rank correlation with it is close to `rho`."""
    tried = np.random.default_rng(size).permuted(np.tile(np.arange(size), (5000, 1)), axis=1)
    centred = np.arange(size) - (size - 1) / 2
    return tried[np.abs(tried @ centred / (centred @ centred) - rho).argmin()]


def correlated(rho: float, size: int, n_layers: int, *, strata: str) -> tuple[np.ndarray, np.ndarray]:
    """Return values (layer, network) and what they correlate with at `rho`, within each of four strata if there are any.

    Strata then differ so much, the other way, that whoever pools them is misled.
    """
    order = arrangement(rho, size) if abs(rho) < 1 else np.arange(size)[:: int(rho)]
    column = order.repeat(4) + 0.0
    shift = np.tile([0.0, 100.0, 200.0, 300.0] if strata != "none" else [0.0] * 4, size)
    return np.tile(column + shift, (n_layers, 1)), np.arange(size).repeat(4) - shift


def planted(one: Hypothesis, verdict: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return values that are plainly, plainly not, or not plainly what a hypothesis claims.

    Refuted is the opposite of an effect, or a bound that lies on the other side, or an effect where absence is claimed.
    """
    n_layers = len(one.layers)
    if one.kind.correlates:
        rho, size = {SUPPORTED: (-1, 6), REFUTED: (0.8, 6), INCONCLUSIVE: (-0.3, 6)}[verdict]
        if one.test == "correlation_equivalence":
            rho, size = {SUPPORTED: (0, 40), REFUTED: (-0.8, 16), INCONCLUSIVE: (-0.3, 16)}[verdict]
        return correlated(rho, size, n_layers, strata=one.strata)
    sign = -1 if one.alternative == "less" else 1
    bound = sign * max(sign * one.null_value, sign * one.smallest_effect)
    centre, spread = {
        SUPPORTED: (bound + sign, 0.1),
        REFUTED: (min(sign * one.null_value, sign * one.smallest_effect) * sign - sign, 0.1),
        INCONCLUSIVE: (bound, 4.0),
    }[verdict]
    if one.test == "mean_equivalence":
        centre, spread = {SUPPORTED: (0.0, 0.1), REFUTED: (-1.5, 0.2), INCONCLUSIVE: (0.3, 2.0)}[verdict]
        alike = np.repeat(NORMAL[2::4], 4)  # the same in each of four strata
        return np.tile(centre + spread * alike, (n_layers, 1)), None
    return np.stack([np.random.default_rng(i).permutation(centre + spread * NORMAL) for i in range(n_layers)]), None


def expected(one: Hypothesis, verdict: str) -> str:
    """Return the word for what was planted: how a claim is refuted depends on what it is."""
    if verdict != REFUTED:
        return verdict
    if one.kind.absence:
        return EFFECT_PRESENT
    return RULED_OUT if one.bound(one.opposite_beyond) is None else OPPOSITE


@pytest.mark.parametrize("verdict", [SUPPORTED, REFUTED, INCONCLUSIVE])
@pytest.mark.parametrize("name", MEASURED)
def test_planted_effects_come_out_as_registered(name: str, verdict: str) -> None:
    """The whole registered path, test to verdict, on 24 networks, in every layer alike."""
    one = hypothesis(name)
    overall, layers = concluded(one, *planted(one, verdict))
    assert set(layers) == {expected(one, verdict)}
    assert overall == expected(one, verdict)


@pytest.mark.parametrize("name", MEASURED)
def test_too_few_networks_are_not_tested(name: str) -> None:
    """One network fewer than registered: not tested, for the reason given, but described by its estimate."""
    one = hypothesis(name)
    values, against = planted(one, SUPPORTED)
    count = one.minimum_networks - 1
    layers = measured(one, values[:, :count], None if against is None else against[:count])
    why = f"the registered test needs at least {one.minimum_networks} networks with a value; there are {count}"
    for layer in layers:
        assert layer.verdict == NOT_TESTED
        assert layer.note == why
        assert layer.n == count
        assert np.isfinite(layer.estimate)
        assert np.isnan([layer.pvalue, layer.pvalue_adjusted, layer.ci_low, layer.ci_high]).all()
    assert concluded(one, values[:, :count], None if against is None else against[:count])[0] == NOT_TESTED


# Exclusions


def test_undefined_networks_are_left_out_and_counted() -> None:
    """Three of 24 in one layer; the other layers keep theirs, and the numbers are those of what is left."""
    one = hypothesis()
    values = np.tile(0.3 + 0.1 * NORMAL, (7, 1))
    values[2, [0, 5, 9]] = [np.nan, np.inf, np.nan]
    layers = measured(one, values)
    assert [layer.n for layer in layers] == [24, 24, 21, 24, 24, 24, 24]
    assert [layer.n_missing for layer in layers] == [0, 0, 3, 0, 0, 0, 0]
    assert layers[2].estimate == pytest.approx(np.delete(values[2], [0, 5, 9]).mean())


def test_a_network_is_left_out_when_either_variable_is_undefined() -> None:
    """Correlations need both."""
    one = hypothesis("generalization-lower-layers")
    values, against = correlated(-1, 6, 3, strata="augmentation")
    values[1, 3], against[7] = np.nan, np.nan
    assert [(layer.n, layer.n_missing) for layer in measured(one, values, against)] == [(23, 1), (22, 2), (23, 1)]


def test_exclusions_can_leave_too_few() -> None:
    """Nine networks of which two are undefined: seven are too few for eight."""
    values = np.tile(0.3 + 0.1 * NORMAL[:9], (7, 1))
    values[0, :2] = np.nan
    layers = measured(hypothesis(), values)
    assert (layers[0].verdict, layers[0].n, layers[0].n_missing) == (NOT_TESTED, 7, 2)
    assert "there are 7" in layers[0].note
    assert all(np.isfinite(layer.pvalue) for layer in layers[1:])


def test_nothing_defined_is_not_tested() -> None:
    """No network has a value: no estimate, no warning, a reason."""
    (layer, *_) = measured(hypothesis(), np.full((7, 24), np.nan))
    assert (layer.verdict, layer.n, layer.n_missing) == (NOT_TESTED, 0, 24)
    assert np.isnan(layer.estimate)


def test_a_thin_stratum_is_named() -> None:
    """Fifteen networks, but only two of one augmentation: not tested, saying which."""
    one = hypothesis("generalization-lower-layers")
    groups = ("none",) * 5 + ("shift",) * 5 + ("flip",) * 3 + ("shift_flip",) * 2
    values, against = np.tile(np.arange(15.0), (3, 1)), np.arange(15.0)
    for layer in measured(one, values, against, groups=groups):
        assert layer.verdict == NOT_TESTED
        assert "'shift_flip' has 2" in layer.note
        assert "at least 3 networks for each augmentation" in layer.note


def test_a_stratum_left_empty_by_exclusions_is_too_few() -> None:
    """All networks of one augmentation undefined: as registered, a stratum with none has fewer than three."""
    one = hypothesis("generalization-lower-layers")
    values, against = correlated(-1, 6, 3, strata="augmentation")
    values[:, 3::4] = np.nan
    for layer in measured(one, values, against):
        assert layer.verdict == NOT_TESTED
        assert "'shift_flip' has 0" in layer.note


def test_strata_do_not_matter_where_none_are_registered() -> None:
    """A mean over networks may come from one augmentation alone."""
    layers = measured(hypothesis(), np.tile(0.3 + 0.1 * NORMAL, (7, 1)), groups=("none",))
    assert all(np.isfinite(layer.pvalue) for layer in layers)


def test_a_layer_that_was_not_measured_is_not_tested() -> None:
    """A study may have measured some of the registered layers only."""
    layers = measured(hypothesis(), np.tile(0.3 + 0.1 * NORMAL, (2, 1)), layers=("conv1", "conv3"))
    assert [layer.layer for layer in layers] == list(hypothesis().layers)
    assert [layer.verdict == NOT_TESTED for layer in layers] == [False, True, False, True, True, True, True]
    assert layers[1].note == "conv2 was not measured in this study"


def test_an_undefined_test_is_not_tested() -> None:
    """The same test loss everywhere: no correlation to test, and the reason is given."""
    one = hypothesis("generalization-lower-layers")
    for layer in measured(one, np.tile(np.arange(24.0), (3, 1)), np.ones(24)):
        assert layer.verdict == NOT_TESTED
        assert "constant" in layer.note


def test_an_untested_hypothesis_says_why_everywhere() -> None:
    """In its reason, and in every layer."""
    result = testing.untested(hypothesis(), "no arm", n=3)
    assert (result.verdict, result.published_verdict, result.reason) == (NOT_TESTED, NOT_TESTED, "no arm")
    assert {(layer.verdict, layer.note, layer.n) for layer in result.layers} == {(NOT_TESTED, "no arm", 3)}
    assert [layer.layer for layer in result.layers] == list(hypothesis().layers)


# Numbers


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_a_mean_is_tested_against_all_sign_flips(alternative: str) -> None:
    """Eight networks: the p-value counted over the 256 flips, of differences from the registered null value."""
    one = hypothesis(
        alternative=alternative, null_value=0.2, layers=("conv1",), exchangeable="by the making of the values"
    )
    values = np.array([0.1, 0.5, 0.35, 0.3, -0.1, 0.6, 0.45, 0.25])
    (layer,) = measured(one, values[None])
    differences = values - 0.2
    means = np.array([np.mean(differences * flips) for flips in itertools.product((1, -1), repeat=8)])
    greater, less = np.mean(means >= differences.mean() - 1e-12), np.mean(means <= differences.mean() + 1e-12)
    expected = {"greater": greater, "less": less, "two-sided": min(1, 2 * min(greater, less))}[alternative]
    assert layer.pvalue == pytest.approx(expected)
    assert layer.estimate == pytest.approx(values.mean())
    assert layer.ci_low < layer.estimate < layer.ci_high
    assert layer.ci_kind == "BCa"


def test_a_correlation_is_taken_and_permuted_within_strata() -> None:
    """Groups that rise together hide that within each of them the association is perfectly negative."""
    one = hypothesis("generalization-lower-layers")
    values, against = correlated(-1, 6, 3, strata="augmentation")
    against = against + 2 * np.tile([0, 100, 200, 300], 6)
    assert scipy.stats.spearmanr(values[0], against).statistic > 0.5
    for layer in measured(one, values, against):
        assert layer.estimate == pytest.approx(-1)
        assert layer.pvalue == pytest.approx(1 / (one.n_resamples + 1))


@pytest.mark.parametrize(("rho", "claimed"), [(0.0, True), (-0.7, False)])
def test_a_correlation_is_absent_when_its_interval_is_within_the_margins(rho: float, claimed: bool) -> None:
    """The p-value is at most .05 exactly when the 90 % interval lies within the null value plus and minus the effect."""
    one = hypothesis(
        "generalization-lower-layers",
        test="correlation_equivalence",
        null_value=-0.05,
        smallest_effect=0.5,
        confidence_level=0.9,
    )
    values, against = correlated(rho, 12, 3, strata="augmentation")
    for layer in measured(one, values, against):
        assert layer.ci_kind == "Fisher z"
        assert (layer.pvalue <= 0.05) == (layer.ci_low > -0.55 and layer.ci_high < 0.45) == claimed
        assert layer.estimate == pytest.approx(rho, abs=0.05)
        assert 0 < layer.pvalue < 1


@pytest.mark.parametrize("test", [kind.name for kind in TEST_KINDS.values() if kind.correlates])
def test_a_correlation_needs_a_second_variable(test: str) -> None:
    """A measure without one is a programmer's mistake, named with the hypothesis and the measure."""
    one = hypothesis("generalization-lower-layers", test=test)
    with pytest.raises(ValueError, match=f"{one.id}.*{one.measure}.*no second variable"):
        measured(one, np.tile(np.arange(24.0), (3, 1)))


def test_dimensions_may_stand_in_any_order() -> None:
    """Layers and networks are told apart by their names."""
    one = hypothesis("generalization-lower-layers")
    values, against = correlated(-0.3, 6, 3, strata="augmentation")
    values[1, 3] = np.nan
    array = labelled(values, one.layers)
    for ordered in (array, array.transpose("network", "layer")):
        tested = testing.tested_layers(one, Evidence(ordered, against), root_seed=0)
        assert repr(tested) == repr(measured(one, values, against))


def test_the_confidence_level_is_the_registered_one() -> None:
    """90 % is narrower than 95 % on the same values."""
    values = np.tile(0.3 + 0.1 * NORMAL, (1, 1))
    widths = [
        layer.ci_high - layer.ci_low
        for level in (0.9, 0.95)
        for layer in measured(hypothesis(layers=("conv1",), confidence_level=level), values)
    ]
    assert widths[0] < widths[1]
    assert widths[1] / widths[0] == pytest.approx(1.96 / 1.645, rel=0.05)


def test_layers_share_the_random_numbers_of_their_hypothesis() -> None:
    """The same values in two layers: one interval, the same on a rerun; another hypothesis has numbers of its own."""
    values = np.tile(0.3 + 0.1 * NORMAL, (7, 1))
    first, again = measured(hypothesis(), values), measured(hypothesis(), values)
    assert repr(first) == repr(again)
    assert len({layer.ci_low for layer in first}) == 1
    other = measured(hypothesis(id="other"), values)[0].ci_low
    assert other != first[0].ci_low and other == pytest.approx(first[0].ci_low, abs=0.02)


@pytest.mark.parametrize("name", ["existence-selective-units", "generalization-lower-layers"])
def test_a_layer_does_not_depend_on_the_others(name: str) -> None:
    """A network that is undefined in one layer, or a layer that was not measured, changes that layer alone."""
    one = hypothesis(name)
    rng = np.random.default_rng(3)
    values, against = rng.normal(0.5, 0.3, size=(len(one.layers), 24)), rng.normal(size=24)
    other = against if one.kind.correlates else None
    complete = measured(one, values, other)
    with_gap = values.copy()
    with_gap[0, 5] = np.nan
    changed, fewer = measured(one, with_gap, other), measured(one, values[1:], other, layers=one.layers[1:])
    assert changed[0].n == 23 and changed[0].ci_low != complete[0].ci_low and fewer[0].verdict == NOT_TESTED
    for layers in (changed, fewer):
        for layer, expected in zip(layers[1:], complete[1:], strict=True):
            assert layer.pvalue == expected.pvalue
            assert (layer.ci_low, layer.ci_high) == pytest.approx((expected.ci_low, expected.ci_high), rel=1e-12)


# Families


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


# Missing networks


def test_few_missing_networks_change_nothing() -> None:
    """One of 24 is below 5 %: p-values are those of the networks that are there."""
    one = hypothesis(layers=("conv1",))
    values = 0.3 + 0.1 * NORMAL[None]
    values[0, 3] = np.nan
    (layer,) = measured(one, values)
    (without,) = measured(one, np.delete(values, 3, axis=1))
    assert (layer.n, layer.n_missing) == (23, 1)
    assert layer.pvalue == pytest.approx(without.pvalue, abs=0.001)


def test_many_missing_networks_must_not_decide() -> None:
    """Six of 24 undefined: p is that with each of them at the smallest value, and the note says so."""
    one = hypothesis(layers=("conv1",), smallest_effect=0.01)
    values = (0.08 + 0.1 * np.random.default_rng(1).permutation(NORMAL))[None]
    values[0, :6] = np.nan
    (layer,) = measured(one, values)
    worst = np.where(np.isnan(values), np.nanmin(values), values)
    assert (layer.n, layer.n_missing) == (18, 6)
    assert layer.pvalue == pytest.approx(measured(one, worst)[0].pvalue, abs=0.02)
    assert layer.pvalue > 3 * measured(one, values[:, 6:])[0].pvalue
    assert layer.estimate == pytest.approx(np.nanmean(values))
    assert "more than 5% of networks are missing" in layer.note


def test_networks_that_failed_are_missing_too() -> None:
    """Planned networks without a row count, and are given the most adverse ranks of their stratum."""
    one = hypothesis("generalization-lower-layers", layers=("conv2",))
    values, against = correlated(-0.8, 6, 1, strata="augmentation")
    failed = tuple({"augmentation": "none", "label_corruption": 0.0} for _ in range(5))
    complete = testing.tested_layers(one, Evidence(labelled(values, one.layers), against), root_seed=0)[0]
    lost = testing.tested_layers(one, Evidence(labelled(values, one.layers), against, failed=failed), root_seed=0)[0]
    assert (complete.n_missing, lost.n_missing, lost.n) == (0, 5, 24)
    assert lost.pvalue > complete.pvalue
    assert lost.estimate == complete.estimate
