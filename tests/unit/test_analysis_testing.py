"""From one value per network and layer to a verdict: missing networks, families, findings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

from study.analysis.core import testing
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
)
from study.registration import TEST_KINDS, Hypothesis
from tests.example_study import registered
from tests.example_values import NORMAL, concluded, correlated, hypothesis, labelled, measured

MEASURED = list(registered().hypotheses)
REFUTED = "refuted"


# Every registered hypothesis, every verdict


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
