"""Networks without a value: left out and counted, too few, missing where they would have spoken against a finding."""

from __future__ import annotations

import numpy as np
import pytest

from study.analysis.core import testing
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    NOT_TESTED,
)
from tests.example_values import NORMAL, correlated, hypothesis, labelled, measured


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
