"""Generalization: rank association of gOSI and test loss within augmentation, and the pooled one beside it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study import stats
from study.analysis import generalization
from study.analysis.results import CONTRADICTED, INCONCLUSIVE, NOT_TESTED, SUPPORTED
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

LOWER, ABSENCE = "generalization-lower-layers", "generalization-conv1-absence"


def with_association(
    within: float, between: float, *, seeds: int = 6, layers: tuple[str, ...] = tuple(LAYERS), noise: float = 0.03
) -> xr.DataTree:
    """Return a study whose gOSI falls with test loss by given slopes within and between augmentations.

    Networks stand in the order of seeds, then augmentations; elsewhere than in `layers` gOSI is noise.
    """
    study = example_study(seeds=seeds, silent=0.0)
    rng = np.random.default_rng(0)
    own, group = rng.permuted(np.tile(np.linspace(-1, 1, seeds), (4, 1)), axis=1).T, np.array([-1.5, -0.5, 0.5, 1.5])
    loss = (1.5 + 0.2 * own + 0.6 * group).ravel()
    gosi = (0.5 + 0.03 * within * own + 0.08 * between * group).ravel()
    tuning = study["tuning"].to_dataset()
    planted = np.isin(tuning["unit_layer"].values, layers)
    noisy = rng.normal(0.5, 0.05, (len(gosi), len(LAYERS)))[:, np.repeat(np.arange(len(LAYERS)), list(LAYERS.values()))]
    values = np.where(planted, gosi[:, None], noisy) + rng.normal(0, noise, (len(gosi), planted.size))
    changed = np.broadcast_to(values[:, None], tuning["gosi"].shape)
    return replaced(replaced(study, "tuning", gosi=changed), "training", test_loss=loss)


def test_the_two_variables_are_layer_mean_gosi_and_test_loss() -> None:
    """Layer means of the analysed weights, silent units left out; the test loss as trained."""
    study = example_study(silent=0.2)
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    found = generalization.layer_gosi(study)
    members = tuning["unit_layer"].values == "conv3"
    np.testing.assert_allclose(found.sel(layer="conv3"), np.nanmean(tuning["gosi"].values[:, members], axis=1))
    np.testing.assert_array_equal(generalization.test_loss(study), study["training"]["test_loss"])


@pytest.mark.parametrize(
    ("within", "between", "verdict"),
    [(-1, -1, SUPPORTED), (-1, 1, SUPPORTED), (1, 1, CONTRADICTED), (1, -1, CONTRADICTED)],
)
def test_planted_associations_come_out_as_registered(within: float, between: float, verdict: str) -> None:
    """What counts is the association within augmentation, whatever that between augmentations is."""
    result = conclusion(with_association(within, between), LOWER)
    assert set(verdicts(result).values()) == {verdict}
    assert result.verdict == verdict


def test_no_association_supports_nothing() -> None:
    """Noise in every layer: neither the lower layers' claim nor any of the others is supported."""
    study = with_association(0, 0, layers=(), noise=0.2)
    for name in (LOWER, "generalization-other-layers"):
        assert conclusion(study, name).verdict != SUPPORTED


def test_simpsons_paradox_is_not_support() -> None:
    """Augmentation drives both; within each there is nothing: published as support, registered as none."""
    result = conclusion(with_association(0, -1, noise=0.03), LOWER)
    assert result.published_verdict == SUPPORTED
    assert all(layer.pvalue < 0.05 for layer in result.published_layers)
    assert result.verdict in (INCONCLUSIVE, CONTRADICTED)
    (question,) = analysed(with_association(1, -1), LOWER)
    assert "opposite signs in: " in question.notes[0]
    assert "conv2" in question.notes[0]


def test_every_lower_layer_is_needed() -> None:
    """An association in two of three layers is not support of all three."""
    result = conclusion(with_association(-1, 0, layers=("conv2", "conv3")), LOWER)
    assert [verdicts(result)[name] for name in ("conv2", "conv3")] == [SUPPORTED, SUPPORTED]
    assert verdicts(result)["conv4"] != SUPPORTED
    assert result.verdict != SUPPORTED


def test_absence_needs_a_narrow_interval_not_a_large_p_value() -> None:
    """24 networks without association in conv1 are too few to claim absence; 120 are enough."""
    few = conclusion(with_association(0, 0, layers=(), noise=0.2), ABSENCE)
    assert few.verdict == INCONCLUSIVE
    assert few.published_verdict == SUPPORTED
    many = example_study(seeds=30, layers=dict.fromkeys(LAYERS, 2), draws=2)
    rng = np.random.default_rng(1)
    many = replaced(many, "training", test_loss=rng.normal(2, 0.1, 120))
    many = replaced(many, "tuning", gosi=rng.random((120, 2, 14)), silent=False)
    assert conclusion(many, ABSENCE).verdict == SUPPORTED


@pytest.mark.parametrize("direction", [-1, 1])
def test_an_association_in_conv1_contradicts_its_absence(direction: float) -> None:
    """In either direction."""
    assert conclusion(with_association(direction, 0), ABSENCE).verdict == CONTRADICTED


def test_estimates_are_those_of_the_statistics() -> None:
    """Within augmentation as registered; pooled, as published, as SciPy gives it with its asymptotic p."""
    study = example_study()
    study = replaced(study, "training", test_loss=np.random.default_rng(2).normal(2, 0.3, 24))
    gosi, loss = generalization.layer_gosi(study), generalization.test_loss(study).values
    result = conclusion(study, LOWER)
    for layer, published in zip(result.layers, result.published_layers, strict=True):
        values = gosi.sel(layer=layer.layer).values
        within = stats.stratified_spearman(values, loss, np.array(gosi["augmentation"].values.tolist()))
        assert layer.estimate == pytest.approx(within.statistic)
        rho, pvalue = scipy.stats.spearmanr(values, loss)
        assert published.estimate == pytest.approx(rho)
        assert published.pvalue == pytest.approx(pvalue)
        expected = (SUPPORTED if rho < 0 else CONTRADICTED) if pvalue < 0.05 else INCONCLUSIVE
        assert published.verdict == expected


def test_networks_with_a_silent_layer_are_excluded_and_counted() -> None:
    """One network of each augmentation whose conv2 is silent: 20 enter the test there."""
    study = with_association(-1, 0)
    tuning = study["tuning"].to_dataset()
    gosi = tuning["gosi"].values.copy()
    gosi[:4, 1, tuning["unit_layer"].values == "conv2"] = np.nan
    layers = {layer.layer: layer for layer in conclusion(replaced(study, "tuning", gosi=gosi), LOWER).layers}
    assert (layers["conv2"].n, layers["conv2"].n_excluded) == (20, 4)
    assert (layers["conv3"].n, layers["conv3"].n_excluded) == (24, 0)


@pytest.mark.parametrize(
    ("seeds", "augmentations", "why"),
    [
        (2, ("none", "shift", "flip", "shift_flip"), "at least 12 networks with a value; there are 8"),
        (11, ("none",), "at least 12 networks with a value; there are 11"),
    ],
)
def test_too_few_networks_are_not_tested(seeds: int, augmentations: tuple[str, ...], why: str) -> None:
    """The quick study has eight networks: too few for a correlation within augmentation, and it says so."""
    result = conclusion(example_study(seeds=seeds, augmentations=augmentations), LOWER)
    assert result.verdict == NOT_TESTED
    assert why in result.reason


def test_the_same_loss_everywhere_is_not_tested() -> None:
    """No correlation is defined: not tested in either analysis, neither support nor absence, and no warning."""
    study = replaced(example_study(), "training", test_loss=1.0)
    for name in (LOWER, ABSENCE, "generalization-other-layers"):
        result = conclusion(study, name)
        assert result.verdict == NOT_TESTED
        assert result.published_verdict == NOT_TESTED


def test_figures_hold_every_network_and_both_correlations() -> None:
    """A point for each network and layer; two bars a layer, pooled and within, with intervals around them."""
    study = with_association(-1, 1)
    (question,) = analysed(study, LOWER)
    scatter, bars = (figure.table for figure in question.figures)
    assert len(scatter) == 24 * len(LAYERS)
    row = scatter[scatter["layer"] == "conv4"].set_index("network")
    gosi = generalization.layer_gosi(study).sel(layer="conv4")
    np.testing.assert_allclose(row.loc[gosi["network"].values, "gosi"], gosi)
    wide = bars.pivot(index="layer", columns="kind", values="estimate")
    assert (wide[generalization.POOLED] > 0).all()
    assert (wide[generalization.WITHIN] < 0).all()
    assert list(dict.fromkeys(bars["layer"])) == list(LAYERS)
    inside = (bars["ci_low"] <= bars["estimate"]) & (bars["estimate"] <= bars["ci_high"])
    assert (inside | bars["ci_low"].isna()).all()
