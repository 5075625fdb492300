"""Generalization: rank association of gOSI and test loss within augmentation, and the pooled one beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
)
from study.analysis.questions.generalization import association
from study.analysis.questions.generalization.estimands import gosi_given_training_loss
from study.analysis.questions.generalization.estimands import test_loss as loss_of_test
from study.analysis.questions.generalization.estimands import (
    test_loss_given_training_loss as loss_given_training_loss,
)
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

LOWER, ABSENCE = "generalization-lower-layers", "generalization-conv1-absence"
GIVEN = "generalization-given-training-loss"


def with_association(
    within: float, between: float, *, seeds: int = 6, layers: tuple[str, ...] = tuple(LAYERS), noise: float = 0.03
) -> xr.DataTree:
    """Return a study whose gOSI falls with test loss by given slopes within and between augmentations.

    Networks stand in the order of seeds, then augmentations; elsewhere than in `layers` gOSI is noise.
    """
    study = example_study(seeds=seeds, silent=0.0)
    rng = np.random.default_rng(0)
    deviation, group = (
        rng.permuted(np.tile(np.linspace(-1, 1, seeds), (4, 1)), axis=1).T,
        np.array([-1.5, -0.5, 0.5, 1.5]),
    )
    loss = (1.5 + 0.2 * deviation + 0.6 * group).ravel()
    gosi = (0.5 + 0.03 * within * deviation + 0.08 * between * group).ravel()
    tuning = study["tuning"].to_dataset()
    planted = np.isin(tuning["layer"].values, layers)
    noisy = rng.normal(0.5, 0.05, (len(gosi), len(LAYERS)))[:, np.repeat(np.arange(len(LAYERS)), list(LAYERS.values()))]
    values = np.where(planted, gosi[:, None], noisy) + rng.normal(0, noise, (len(gosi), planted.size))
    changed = np.broadcast_to(values[:, None], tuning["gosi"].shape)
    return replaced(replaced(study, "tuning", gosi=changed), "training", test_loss=loss)


def test_the_two_variables_are_layer_mean_gosi_and_test_loss() -> None:
    """Layer means of the analysed weights, silent units left out; the test loss as trained."""
    study = example_study(silent=0.2)
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    gosi = layer_gosi(study)
    members = tuning["layer"].values == "conv3"
    np.testing.assert_allclose(gosi.sel(layer="conv3"), np.nanmean(tuning["gosi"].values[:, members], axis=1))
    np.testing.assert_array_equal(loss_of_test(study), study["training"]["test_loss"])


@pytest.mark.parametrize(
    ("within", "between", "verdict"),
    [(-1, -1, SUPPORTED), (-1, 1, SUPPORTED), (1, 1, OPPOSITE), (1, -1, OPPOSITE)],
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
    assert result.verdict in (INCONCLUSIVE, OPPOSITE, RULED_OUT)
    (question,) = analysed(with_association(1, -1), LOWER)
    assert "opposite signs in: " in question.notes[0]
    assert "conv2" in question.notes[0]


def test_every_lower_layer_is_needed() -> None:
    """An association in two of three layers is not support of all three."""
    result = conclusion(with_association(-1, 0, layers=("conv2", "conv3")), LOWER)
    assert [verdicts(result)[name] for name in ("conv2", "conv3")] == [SUPPORTED, SUPPORTED]
    assert verdicts(result)["conv4"] != SUPPORTED
    assert result.verdict != SUPPORTED


def test_absence_needs_equivalence_not_a_large_p_value() -> None:
    """24 networks without association in conv1 are too few to ask, 40 too few to tell; 120 are enough."""
    few = conclusion(with_association(0, 0, layers=(), noise=0.2), ABSENCE)
    assert few.verdict == NOT_TESTED
    assert "at least 36 networks" in few.reason
    assert few.published_verdict == SUPPORTED
    assert few.published_layers[0].note.startswith("absence read from a large p-value; pooled over augmentations")
    undecided = conclusion(with_association(0, 0, layers=(), noise=0.2, seeds=10), ABSENCE)
    assert undecided.layers[0].pvalue > 0.05
    assert undecided.verdict == INCONCLUSIVE
    many = example_study(seeds=30, layers=dict.fromkeys(LAYERS, 2), draws=2)
    rng = np.random.default_rng(3)
    many = replaced(many, "training", test_loss=rng.normal(2, 0.1, 120))
    many = replaced(many, "tuning", gosi=rng.random((120, 1, 14)), silent=False)
    assert conclusion(many, ABSENCE).verdict == SUPPORTED


def test_opposite_associations_whose_mean_is_none_are_no_absence() -> None:
    """Falling in two augmentations, rising in the other two, 200 networks: the mean lies within the margin, and says nothing."""
    study = example_study(seeds=50, layers=dict.fromkeys(LAYERS, 2), draws=2)
    rng, sign = np.random.default_rng(7), np.tile([-1, -1, 1, 1], 50)
    loss = rng.normal(size=200)
    gosi = 0.5 + 0.05 * (0.8 * sign * loss + 0.6 * rng.normal(size=200))
    study = replaced(study, "training", test_loss=2 + 0.1 * loss)
    layer = conclusion(replaced(study, "tuning", gosi=gosi[:, None, None], silent=False), ABSENCE).layers[0]
    assert abs(layer.estimate) < 0.15
    assert -0.3 < layer.ci_low < layer.ci_high < 0.3
    assert layer.verdict == INCONCLUSIVE
    assert "strata differ (Cochran's Q" in layer.note


@pytest.mark.parametrize("direction", [-1, 1])
def test_an_association_in_conv1_is_an_effect_where_none_was_claimed(direction: float) -> None:
    """In either direction, in conv1 and in the higher layers."""
    study = with_association(direction, 0, seeds=14)
    for name in (ABSENCE, "generalization-higher-layers-absence"):
        assert set(verdicts(conclusion(study, name)).values()) == {EFFECT_PRESENT}


def test_estimates_are_those_of_the_statistics() -> None:
    """Within augmentation as registered; pooled, as published, as SciPy gives it with its asymptotic p."""
    study = example_study()
    study = replaced(study, "training", test_loss=np.random.default_rng(2).normal(2, 0.3, 24))
    gosi, loss = layer_gosi(study), loss_of_test(study).values
    result = conclusion(study, LOWER)
    for layer, published in zip(result.layers, result.published_layers, strict=True):
        values = gosi.sel(layer=layer.layer).values
        within = stats.stratified_spearman(values, loss, np.array(gosi["augmentation"].values.tolist()))
        assert layer.estimate == pytest.approx(within.statistic)
        rho, pvalue = scipy.stats.spearmanr(values, loss)
        assert published.estimate == pytest.approx(rho)
        assert published.pvalue == pytest.approx(pvalue)
        expected = (SUPPORTED if rho < 0 else OPPOSITE) if pvalue < 0.05 else INCONCLUSIVE
        assert published.verdict == expected


def fitted(study: xr.DataTree, train_loss: np.ndarray) -> xr.DataTree:
    """Return the study with other training losses, (network,)."""
    return replaced(study, "training", final_train_loss=train_loss)


def test_given_training_loss_the_estimate_is_that_of_the_residual_ranks() -> None:
    """As `partial_spearman` has it but for ranking again what is left; a layer without gOSI leaves the others alone."""
    study = noisy_study()
    train_loss = np.random.default_rng(5).normal(1, 0.1, 24)
    study = fitted(study, train_loss)
    gosi, loss = layer_gosi(study), loss_of_test(study).values
    strata = np.array(gosi["augmentation"].values.tolist())
    left, left_of_loss = gosi_given_training_loss(study), loss_given_training_loss(study).values
    assert left.dims == ("network", "layer")
    for layer in conclusion(study, GIVEN).layers:
        expected = stats.partial_spearman(gosi.sel(layer=layer.layer).values, loss, train_loss, strata=strata)
        residuals = left.sel(layer=layer.layer).values
        assert np.corrcoef(residuals, left_of_loss)[0, 1] == pytest.approx(expected.statistic)
        assert layer.estimate == pytest.approx(stats.stratified_spearman(residuals, left_of_loss, strata).statistic)
        assert layer.estimate == pytest.approx(expected.statistic, abs=0.25)


def test_what_training_loss_explains_is_not_an_association_given_it() -> None:
    """Both follow it closely: associated within augmentation, and not given training loss; the claim is another one."""
    study = with_association(-1, 0, seeds=20)
    explained = fitted(study, loss_of_test(study).values)
    unrelated = fitted(study, np.random.default_rng(6).normal(1, 0.1, 80))
    assert conclusion(explained, LOWER).verdict == conclusion(unrelated, LOWER).verdict == SUPPORTED
    assert conclusion(explained, GIVEN).verdict != SUPPORTED
    assert conclusion(unrelated, GIVEN).verdict == SUPPORTED


def test_networks_with_a_silent_layer_are_excluded_and_counted() -> None:
    """One network of each augmentation whose conv2 is silent: 20 enter the test there."""
    study = with_association(-1, 0)
    tuning = study["tuning"].to_dataset()
    gosi = tuning["gosi"].values.copy()
    gosi[:4, -1, tuning["layer"].values == "conv2"] = np.nan
    layers = {layer.layer: layer for layer in conclusion(replaced(study, "tuning", gosi=gosi), LOWER).layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (20, 4)
    assert (layers["conv3"].n, layers["conv3"].n_missing) == (24, 0)


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
    scatter, bars = (figure.table for figure in question.figures[:2])
    assert [(figure.paper_figure, figure.second_paper_figure) for figure in question.figures] == [
        ("Fig. 4a", "Fig. A6a"),
        ("Fig. 4b", "Fig. A6b"),
        ("", ""),
        ("", ""),
    ]
    assert len(scatter) == 24 * len(LAYERS)
    row = scatter[scatter["layer"] == "conv4"].set_index("network")
    gosi = layer_gosi(study).sel(layer="conv4")
    np.testing.assert_allclose(row.loc[gosi["network"].values, "gosi"], gosi)
    wide = bars.pivot(index="layer", columns="kind", values="estimate")
    assert (wide[association.POOLED] > 0).all()
    assert (wide[association.WITHIN] < 0).all()
    assert list(dict.fromkeys(bars["layer"])) == list(LAYERS)
    inside = (bars["ci_low"] <= bars["estimate"]) & (bars["estimate"] <= bars["ci_high"])
    assert (inside | bars["ci_low"].isna()).all()


# The same question asked in other ways


def noisy_study(within: float = -0.5, between: float = 1.0, *, train: float = 0.5) -> xr.DataTree:
    """Return a study whose associations are far from -1 and 1; training loss is `train` times test loss, and noise."""
    study = with_association(within, between, noise=0.12)
    loss = study["training"]["test_loss"].values
    noise = np.random.default_rng(8).normal(0, 0.05, loss.size)
    return replaced(study, "training", final_train_loss=train * loss + noise)


def ways(study: xr.DataTree, layer: str) -> pd.DataFrame:
    """Return the rows of one layer in the figure of all ways, by way."""
    (question,) = analysed(study, LOWER)
    table = question.figures[3].table
    return table[table["layer"] == layer].set_index("way")


def test_every_way_is_its_own_statistic() -> None:
    """Each row against the library or the statistic it names, in one layer."""
    study = noisy_study()
    table = ways(study, "conv3")
    groups = np.array(study["training"]["augmentation"].values.tolist())
    gosi = layer_gosi(study).sel(layer="conv3").values
    loss, train = (study["training"][name].values for name in ("test_loss", "final_train_loss"))
    pooled = scipy.stats.spearmanr(gosi, loss)
    assert table.loc[association.POOLED, ["estimate", "pvalue"]].tolist() == pytest.approx(list(pooled))
    within = stats.stratified_spearman(gosi, loss, groups).statistic
    assert table.loc[association.WITHIN, "estimate"] == pytest.approx(within)
    partial = stats.partial_spearman(gosi, loss, train, strata=groups).statistic
    assert table.loc[association.PARTIAL, "estimate"] == pytest.approx(partial)
    assert abs(partial - within) > 0.01
    rhos = []
    for name in ("none", "shift", "flip", "shift_flip"):
        rho = scipy.stats.spearmanr(gosi[groups == name], loss[groups == name]).statistic
        assert table.loc[f"augmentation {name} alone", ["estimate", "networks"]].tolist() == pytest.approx([rho, 6])
        rhos.append(rho)
    combined = stats.random_effects_mean(rhos, [6] * 4, confidence_level=0.95)
    expected = [combined.mean, combined.interval.low, combined.interval.high]
    assert table.loc[association.COMBINED, ["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(expected)
    mixed = stats.random_intercept_slope((gosi - gosi.mean()) / gosi.std(ddof=1), loss, groups, confidence_level=0.95)
    assert table.loc[association.MIXED, "estimate"] == pytest.approx(mixed.slope)
    assert table.loc[association.MIXED, "note"].startswith("converged")
    assert len(table) == 9
    defined = table["interval"] != "undefined"
    assert (table["ci_low"] <= table["estimate"])[defined].all()
    assert (table["estimate"] <= table["ci_high"])[defined].all()
    assert (table["pvalue"].dropna() > 0).all()


def test_an_association_through_training_loss_is_gone_given_it() -> None:
    """Both follow training loss in groups of 30: correlated within augmentation, hardly so given training loss."""
    study = example_study(seeds=30, layers=dict.fromkeys(LAYERS, 2), draws=2, silent=0.0)
    rng = np.random.default_rng(5)
    train = rng.normal(1, 0.2, 120)
    gosi = 0.5 - 0.1 * (train - 1) + rng.normal(0, 0.01, 120)
    study = replaced(study, "training", final_train_loss=train, test_loss=train + rng.normal(0, 0.1, 120))
    study = replaced(study, "tuning", gosi=gosi[:, None, None], silent=False)
    table = ways(study, "conv2")
    assert table.loc[association.WITHIN, "estimate"] < -0.7
    assert table.loc[association.WITHIN, "pvalue"] < 0.01
    assert abs(table.loc[association.PARTIAL, "estimate"]) < 0.25
    assert table.loc[association.PARTIAL, "ci_high"] > 0


def test_an_association_beside_training_loss_stays_given_it() -> None:
    """Training loss is noise: what is given it is what is not."""
    table = ways(noisy_study(-1, 0, train=0.0), "conv3")
    assert table.loc[association.PARTIAL, "estimate"] == pytest.approx(
        table.loc[association.WITHIN, "estimate"], abs=0.15
    )
    assert table.loc[association.PARTIAL, "pvalue"] < 0.05


def test_simpsons_paradox_is_flagged_where_it_is() -> None:
    """Within each augmentation falling, pooled rising: every line but the pooled one is opposite; not the other way."""
    (question,) = analysed(noisy_study(-1, 1), LOWER)
    table = question.figures[2].table
    assert table["layer_flips"].all()
    by_line = table.groupby("line")["opposite_to_pooled"].mean()
    assert by_line["pooled"] == 0
    assert by_line[association.COMMON] == 1
    assert "conv2 (" in question.notes[1] and "of 4)" in question.notes[1]
    (question,) = analysed(with_association(-1, -1, noise=0.01), LOWER)
    assert not question.figures[2].table["layer_flips"].any()
    assert question.notes[1].endswith("none in any layer.")


def test_lines_are_those_of_least_squares() -> None:
    """Slopes and ends by SciPy; the common slope by a regression with an intercept for each augmentation."""
    study = noisy_study()
    (question,) = analysed(study, LOWER)
    table = question.figures[2].table
    table = table[table["layer"] == "conv2"]
    groups = np.array(study["training"]["augmentation"].values.tolist())
    gosi, loss = layer_gosi(study).sel(layer="conv2").values, study["training"]["test_loss"].values
    for line, members in (("pooled", groups == groups), ("flip", groups == "flip")):
        expected = scipy.stats.linregress(gosi[members], loss[members])
        ends = table[table["line"] == line]
        np.testing.assert_allclose(ends["slope"], expected.slope)
        np.testing.assert_allclose(ends["gosi"], [gosi[members].min(), gosi[members].max()])
        np.testing.assert_allclose(ends["test_loss"], expected.intercept + expected.slope * ends["gosi"])
    design = np.column_stack([gosi, groups[:, None] == np.unique(groups)])
    slope = np.linalg.lstsq(design, loss, rcond=None)[0][0]
    np.testing.assert_allclose(table[table["line"] == association.COMMON]["slope"], slope)


def test_a_mixed_model_without_variance_between_augmentations_says_so() -> None:
    """Augmentation moves both along one line: no variance is left between, the slope is the pooled one, and a note."""
    (question,) = analysed(with_association(0, -1, noise=0.03), LOWER)
    table = question.figures[3].table
    row = table[(table["way"] == association.MIXED) & (table["layer"] == "conv2")].iloc[0]
    assert "estimated as 0" in row["note"]
    assert "finds no variance between augmentations" in question.notes[3]
    assert "conv2" in question.notes[3]
    lines = question.figures[2].table
    pooled = lines[(lines["layer"] == "conv2") & (lines["line"] == "pooled")]["slope"].iloc[0]
    gosi = layer_gosi(with_association(0, -1, noise=0.03)).sel(layer="conv2")
    assert row["estimate"] == pytest.approx(pooled * float(gosi.std("network", ddof=1)), rel=1e-3)


def test_layers_without_a_value_are_undefined_in_every_way() -> None:
    """Conv 1 silent in all networks, conv2 in all but two: no number, a reason, and no warning."""
    study = noisy_study()
    tuning = study["tuning"].to_dataset()
    gosi, layers = tuning["gosi"].values.copy(), tuning["layer"].values
    gosi[:, :, layers == "conv1"] = np.nan
    gosi[2:, :, layers == "conv2"] = np.nan
    (question,) = analysed(replaced(study, "tuning", gosi=gosi), LOWER)
    table = question.figures[3].table
    for layer in ("conv1", "conv2"):
        rows = table[table["layer"] == layer]
        assert rows[["estimate", "ci_low", "ci_high", "pvalue"]].isna().all(axis=None)
        assert (rows["note"] != "").all()
    assert question.figures[2].table.set_index("layer").loc["conv1", "slope"].isna().all()
    assert "is undefined in conv1, conv2" in question.notes[3]


def test_notes_say_how_small_the_groups_are() -> None:
    """Six networks an augmentation: adjusting for training loss is partial, and the reader is told."""
    (question,) = analysed(noisy_study(), LOWER)
    assert "the smallest group has 6" in question.notes[2]
    assert "in part only" in question.notes[2]
