"""Maturation: each network's rank correlation over epochs, tested over networks, and what one network's epochs say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study import stats
from study.analysis.core.networks import networks_of
from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    Figure,
)
from study.analysis.questions import maturation
from study.analysis.questions.maturation import estimands
from study.analysis.questions.maturation.estimands import (
    gosi_against_validation_loss,
    link_within_networks,
    residual_similarities,
)
from study.analysis.questions.maturation.published import naive_pvalue
from study.analysis.questions.maturation.simulator import linked
from study.analysis.questions.maturation.tables import NAIVE, SHIFTED, single_networks
from study.analysis.simulation import Design, Size, Truth
from study.vocabulary.schema import MATURATION
from tests.example_study import (
    LAYERS,
    analysed,
    conclusion,
    example_study,
    replaced,
    untested_results,
    verdicts,
)

NAME, HIGHER = "maturation-correlation", "maturation-higher-layers-absence"
LINK = "maturation-link"
CLAIMED = ("conv1", "conv2", "conv3", "conv4", "conv5")


def matured(networks: int = 8, epochs: int = 50, **options: Any) -> xr.DataTree:
    """Return a study of the maturation arm alone."""
    defaults = {"arm": MATURATION, "augmentations": ("shift_flip",), "silent": 0.0, "epochs": epochs}
    return example_study(seeds=networks, **{**defaults, **options})


def everywhere(agreement: float) -> dict[str, float]:
    """Return the same agreement of gOSI with validation loss in every layer."""
    return dict.fromkeys(LAYERS, agreement)


def by_hand(gosi: Any, loss: Any) -> xr.DataTree:
    """Return networks with given gOSI (network, epoch, unit), epoch 0 first, units in two layers, and loss (network, epoch)."""
    gosi, loss = np.asarray(gosi, float), np.asarray(loss, float)
    study = matured(len(gosi), loss.shape[1], layers={"conv1": gosi.shape[2] - 1, "conv2": 1})
    return replaced(replaced(study, "maturation", gosi=gosi), "training", validation_loss=loss)


def told(study: xr.DataTree) -> str:
    """Return the notes as one text."""
    networks = networks_of(study, MATURATION, 1)
    assert networks is not None
    return " ".join(maturation.QUESTION.notes(networks, untested_results("maturation"), root_seed=0))


def drawn(study: xr.DataTree) -> dict[str, Figure]:
    """Return the figures by name."""
    networks = networks_of(study, MATURATION, 1)
    assert networks is not None
    return {
        figure.id.removeprefix("maturation-"): figure
        for figure in maturation.QUESTION.figures(networks, untested_results("maturation"), root_seed=0)
    }


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return eight networks of 50 epochs whose gOSI rises as validation loss falls."""
    return matured()


# The measure


def test_rho_is_that_of_layer_means_and_loss_epoch_by_epoch() -> None:
    """By hand: four epochs, ranks 1 3 2 4 against 4 3 2 1 give -0.8; epoch 0 has no loss and does not enter."""
    gosi = [[[0.9, 0.9, 0.9], [0.1, 0.3, 0.1], [0.2, 0.4, 0.3], [0.3, 0.5, 0.2], [0.4, 0.6, 0.4]]]
    rho = gosi_against_validation_loss(by_hand(gosi, [[4, 3, 2, 1]]))
    assert rho.dims == ("network", "layer")
    assert rho.values.tolist() == [[pytest.approx(-1), pytest.approx(-0.8)]]


def test_a_unit_silent_at_an_epoch_is_left_out_of_that_epochs_mean() -> None:
    """Means of conv1 are .2, .3, .1: unit 2 is silent in the second epoch, where unit 1 stands alone."""
    gosi = [[[0.0, 0.0, 0.1], [0.1, 0.3, 0.1], [0.3, np.nan, 0.2], [0.1, 0.1, 0.3]]]
    rho = gosi_against_validation_loss(by_hand(gosi, [[3, 2, 1]]))
    assert rho.sel(layer="conv1").item() == pytest.approx(stats.spearman([0.2, 0.3, 0.1], [3, 2, 1]).statistic)
    assert rho.sel(layer="conv1").item() == pytest.approx(0.5)


@pytest.mark.parametrize("curve", [[0.4, 0.4, 0.4], [0.1, np.nan, 0.3]], ids=["constant", "silent at one epoch"])
def test_no_curve_no_correlation(curve: list[float]) -> None:
    """NaN in that network and layer alone, without a warning."""
    gosi = np.tile(np.linspace(0.1, 0.6, 4)[:, None], (2, 1, 3))
    gosi[1, 1:, 2] = curve
    rho = gosi_against_validation_loss(by_hand(gosi, [[3, 2, 1], [3, 2, 1]]))
    np.testing.assert_allclose(rho, [[-1, -1], [-1, np.nan]])


def test_an_epoch_at_which_every_unit_of_every_network_is_silent_counts() -> None:
    """It is not passed over as if it had not been: the correlation over these epochs is undefined."""
    gosi = np.tile(np.linspace(0.1, 0.6, 5)[:, None], (2, 1, 3))
    gosi[:, 2] = np.nan
    networks = networks_of(by_hand(gosi, [[4, 3, 2, 1]] * 2), MATURATION, 1)
    assert networks is not None
    assert gosi_against_validation_loss(networks).isnull().all()


def test_epochs_after_the_fiftieth_do_not_enter() -> None:
    """Whatever gOSI does later, the correlation is that of the paper's epochs."""
    longer = matured(epochs=60)
    gosi = longer["maturation/gosi"].values.copy()
    expected = gosi_against_validation_loss(longer)
    gosi[:, 51:] = np.random.default_rng(0).random(gosi[:, 51:].shape)
    xr.testing.assert_equal(gosi_against_validation_loss(replaced(longer, "maturation", gosi=gosi)), expected)
    gosi[:, 50] = 1 - gosi[:, 50]
    assert not gosi_against_validation_loss(replaced(longer, "maturation", gosi=gosi)).equals(expected)


# What is left when all networks' common course is subtracted


def test_the_similarity_is_that_of_residual_curves_of_any_two_networks() -> None:
    """By SciPy, from curves less their means over networks; the link is each network's with its own loss."""
    study = matured(4, 12)
    gosi, loss = estimands.paired_curves(study)
    rho = residual_similarities(study)
    assert rho.dims == ("network", "layer", "partner")
    assert rho["partner"].values.tolist() == rho["network"].values.tolist()
    left, left_of_loss = gosi.values - gosi.values.mean(axis=0), loss.values - loss.values.mean(axis=0)
    for network, partner in ((0, 0), (1, 3), (3, 1)):
        expected = scipy.stats.spearmanr(left[network, 2], left_of_loss[partner]).statistic
        assert float(rho[network, 2, partner]) == pytest.approx(expected)
    np.testing.assert_array_equal(link_within_networks(study), np.diagonal(rho, axis1=0, axis2=2).T)


def test_what_all_networks_do_alike_leaves_no_link() -> None:
    """A rise of gOSI and a fall of loss, the same in every network, change no residual correlation."""
    study = matured(5, 10)
    gosi, loss = study["maturation/gosi"].values, study["training/validation_loss"].values
    trend = np.linspace(0, 0.4, 11)[:, None]
    moved = replaced(study, "maturation", gosi=gosi + trend)
    moved = replaced(moved, "training", validation_loss=loss - 2 * np.linspace(0, 1, 10))
    assert not np.allclose(gosi_against_validation_loss(moved), gosi_against_validation_loss(study))
    np.testing.assert_allclose(residual_similarities(moved), residual_similarities(study), atol=0.2)
    np.testing.assert_allclose(link_within_networks(moved), link_within_networks(study), atol=0.2)


def test_a_network_silent_at_an_epoch_has_no_link_and_disturbs_no_other() -> None:
    """Its row of similarities is NaN in that layer; the others' means at that epoch are without it."""
    gosi = np.random.default_rng(0).random((4, 6, 3))
    loss = np.random.default_rng(1).random((4, 5))
    gosi[1, 3, 2] = np.nan
    rho = residual_similarities(by_hand(gosi, loss))
    assert np.isnan(rho.sel(layer="conv2").values).all(axis=1).tolist() == [False, True, False, False]
    assert np.isfinite(rho.sel(layer="conv1")).all()
    assert np.isfinite(np.delete(rho.sel(layer="conv2").values, 1, axis=0)).all()


# The registered test


@pytest.mark.parametrize(("agreement", "verdict"), [(1.0, SUPPORTED), (-1.0, OPPOSITE), (0.0, RULED_OUT)])
def test_planted_agreement_comes_out_as_registered(agreement: float, verdict: str) -> None:
    """Rising as loss falls supports; falling with it, or having nothing to do with it, rules out a rho of -0.3."""
    result = conclusion(matured(gosi_follows=everywhere(agreement)), NAME)
    assert set(verdicts(result).values()) == {verdict}
    assert result.verdict == verdict
    assert {layer.n for layer in result.layers} == {8}


def test_every_claimed_layer_is_needed_and_no_other() -> None:
    """conv4 without agreement refutes a claim about conv1 to conv5; conv6 and fc1 are not in it."""
    without = conclusion(matured(20, gosi_follows={"conv4": 0.0}), NAME)
    assert {name for name, verdict in verdicts(without).items() if verdict == SUPPORTED} == set(CLAIMED) - {"conv4"}
    assert without.verdict == RULED_OUT
    assert conclusion(matured(gosi_follows={"conv6": -1.0, "fc1": -1.0}), NAME).verdict == SUPPORTED


@pytest.mark.parametrize(("theta", "verdict"), [(-0.7, SUPPORTED), (0.7, OPPOSITE)])
def test_a_link_within_networks_comes_out_as_planted(theta: float, verdict: str) -> None:
    """Beside trends that all networks have; the trends alone support the correlation, and no link."""
    design = Design(1, Size(10, epochs=30), MATURATION)
    planted, trends = (linked(np.random.default_rng(1), design, Truth(CLAIMED, value, 0.0)) for value in (theta, 0.0))
    result = conclusion(planted, LINK)
    assert set(verdicts(result).values()) == {verdict}
    values = link_within_networks(planted).sel(layer="conv2").values
    assert result.layers[1].estimate == pytest.approx(values.mean())
    assert conclusion(trends, NAME).verdict == SUPPORTED
    assert SUPPORTED not in verdicts(conclusion(trends, LINK)).values()


def test_networks_that_disagree_support_nothing() -> None:
    """Half of them rise, half fall: every network's own p is tiny, and the test over networks finds nothing."""
    study = matured(vary=lambda augmentation, seed: {"gosi_follows": everywhere(1.0 if seed % 2 else -1.0)})
    result = conclusion(study, NAME)
    assert set(verdicts(result).values()) == {INCONCLUSIVE}
    single = single_networks(study)
    assert {naive_pvalue(*curves, alternative="two-sided") < 1e-6 for curves in pairs(study)} == {True}
    assert (single["naive"] < 1e-6).mean() == 0.5


@pytest.mark.parametrize(("agreement", "verdict"), [(0.0, SUPPORTED), (1.0, EFFECT_PRESENT), (-1.0, EFFECT_PRESENT)])
def test_absence_above_conv5_is_a_small_mean_rho(agreement: float, verdict: str) -> None:
    """Curves that have nothing to do with each other support it; either direction is an effect."""
    result = conclusion(matured(12, gosi_follows=everywhere(agreement)), HIGHER)
    assert verdicts(result) == {"conv6": verdict, "fc1": verdict}


def test_networks_that_disagree_show_no_absence() -> None:
    """Their mean rho is near 0 as well, and says nothing: each of them has a strong one."""
    study = matured(vary=lambda augmentation, seed: {"gosi_follows": everywhere(1.0 if seed % 2 else -1.0)})
    result = conclusion(study, HIGHER)
    assert set(verdicts(result).values()) == {INCONCLUSIVE}
    assert result.published_verdict == EFFECT_PRESENT


def pairs(study: xr.DataTree) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the two curves of every network and layer."""
    gosi, loss = estimands.paired_curves(study)
    return [
        (curve, loss_curve) for curves, loss_curve in zip(gosi.values, loss.values, strict=True) for curve in curves
    ]


def test_networks_with_a_silent_layer_are_excluded_and_counted() -> None:
    """conv2 silent at one epoch in one of nine networks: eight enter the test there; the notes say so."""
    study = matured(9)
    gosi = study["maturation/gosi"].values.copy()
    gosi[3, 20, study["maturation/layer"].values == "conv2"] = np.nan
    study = replaced(study, "maturation", gosi=gosi)
    layers = {layer.layer: layer for layer in conclusion(study, NAME).layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (8, 1)
    assert (layers["conv3"].n, layers["conv3"].n_missing) == (9, 0)
    assert "or its mean never changed: conv2 1." in told(study)
    table = drawn(study)["single-networks"].table
    assert set(table.loc[table["layer"] == "conv2", "networks"]) == {8}


def test_too_few_networks_and_no_networks_are_not_tested() -> None:
    """Seven are one too few; a study without the arm says so and draws nothing."""
    few = conclusion(matured(7, 6), NAME)
    assert few.verdict == NOT_TESTED
    assert "at least 8 networks with a value; there are 7" in few.reason
    (without,) = analysed(example_study(seeds=1), NAME)
    assert without.hypotheses[0].verdict == NOT_TESTED
    assert "no networks of arm maturation" in without.hypotheses[0].reason
    assert without.claim and not without.figures and not without.notes


# As published


def test_the_published_analysis_is_that_of_one_network(study: xr.DataTree) -> None:
    """That of the lowest seed, wherever it stands, with the textbook's p, which is called naive."""
    backwards = xr.DataTree.from_dict(
        {f"/{name}": study[name].to_dataset().isel(network=slice(None, None, -1)) for name in study.children}
    )
    gosi = study["maturation"].to_dataset()["gosi"]
    for tree in (study, backwards):
        published = conclusion(tree, NAME).published_layers
        assert [row.layer for row in published] == list(CLAIMED)
        for row in published:
            curve = gosi[0, 1:, gosi["layer"].values == row.layer].mean("unit").values
            rho, pvalue = scipy.stats.spearmanr(curve, study["training/validation_loss"].values[0])
            assert row.estimate == pytest.approx(rho)
            assert row.pvalue == pytest.approx(pvalue)
            assert row.verdict == SUPPORTED
            assert "naive" in row.note


@pytest.mark.parametrize(("sign", "verdict"), [(-1, SUPPORTED), (1, OPPOSITE)])
def test_a_perfect_correlation_has_a_p_value(sign: int, verdict: str) -> None:
    """Never 0: two of the n! orders are as extreme. A single network is enough for the paper, not for the test."""
    curve = np.linspace(0.2, 0.6, 51)[None, :, None] * np.ones(3)
    result = conclusion(by_hand(curve, sign * np.linspace(1, 2, 50)[None]), NAME)
    assert [row.verdict for row in result.published_layers[:2]] == [verdict] * 2
    assert result.published_layers[0].pvalue == pytest.approx(2 / math.factorial(50))
    assert result.published_layers[2].verdict == NOT_TESTED  # no conv3 in this network
    assert result.verdict == NOT_TESTED


def test_a_weak_correlation_of_one_network_is_inconclusive_as_published() -> None:
    """Four epochs, rho -0.8, p .2."""
    gosi = np.array([0.1, 0.1, 0.3, 0.2, 0.4])[None, :, None] * np.ones(2)
    row = conclusion(by_hand(gosi, [[4, 3, 2, 1]]), NAME).published_layers[0]
    assert (row.estimate, row.pvalue) == (pytest.approx(-0.8), pytest.approx(0.2))
    assert row.verdict == INCONCLUSIVE


def test_the_naive_p_is_scipys_and_one_sided_where_asked() -> None:
    """Towards a negative rho; undefined where rho is."""
    x, y = np.random.default_rng(0).normal(size=(2, 12))
    for alternative in ("two-sided", "less", "greater"):
        expected = scipy.stats.spearmanr(x, y, alternative=alternative).pvalue
        assert naive_pvalue(x, y, alternative=alternative) == pytest.approx(expected)
    assert naive_pvalue(np.arange(4.0), -np.arange(4.0), alternative="less") == pytest.approx(1 / 24)
    assert naive_pvalue(np.arange(4.0), np.arange(4.0), alternative="less") == 1
    assert math.isnan(naive_pvalue(np.ones(4), np.arange(4.0), alternative="less"))


# What one network's epochs say


def test_single_networks_are_described_by_the_statistics(study: xr.DataTree) -> None:
    """A row for each layer and network: rho, naive and circular-shift p, and effective number of epochs."""
    gosi, loss = estimands.paired_curves(study)
    table = single_networks(study)
    assert len(table) == len(LAYERS) * 8
    row = table[table["layer"] == "conv3"].iloc[5]
    curve, loss_curve = gosi.sel(layer="conv3").values[5], loss.values[5]
    assert row["rho"] == pytest.approx(gosi_against_validation_loss(study).sel(layer="conv3").values[5])
    assert row["shifted"] == stats.circular_shift_test(curve, loss_curve, alternative="less").pvalue
    assert row["naive"] == naive_pvalue(curve, loss_curve, alternative="less")
    assert row["effective"] == stats.effective_sample_size(curve, loss_curve).n_effective


def test_the_table_counts_networks_below_five_per_cent(study: xr.DataTree) -> None:
    """Per layer and kind of p; the effective number of epochs is the median over networks."""
    table = drawn(study)["single-networks"].table.set_index(["layer", "kind"])
    single = single_networks(study)
    for layer, rows in single.groupby("layer"):
        for kind, column in ((NAIVE, "naive"), (SHIFTED, "shifted")):
            row = table.loc[(layer, kind)]
            assert row["below"] == (rows[column] <= 0.05).sum()
            assert row["share"] == row["below"] / row["networks"] == row["below"] / 8
            assert row["effective_epochs"] == rows["effective"].median()
            assert row["epochs"] == 50


def test_notes_say_in_words_what_the_numbers_cannot_show(study: xr.DataTree) -> None:
    """Epochs are alike; a small circular-shift p means two trends; the two change together, no more."""
    text = told(study)
    assert "over epochs 1 to 50. The untrained network (epoch 0) is drawn" in text
    assert "the naive p-value takes them as independent" in text
    assert "conv1 8 and 8 of 8" in text
    assert "A small circular-shift p then says only that both curves have a trend" in text
    assert "not that one brings the other about" in text
    assert "silent" not in text.replace("silent at", "")
    assert "cannot be below" not in text


def test_a_shorter_course_is_said_to_be_one() -> None:
    """Six epochs in place of 50: no circular shift can give a p below 1/6."""
    text = told(matured(2, 6))
    assert "epochs 1 to 6, where the paper has 50: this study's profile is shorter" in text
    assert "With 6 epochs it cannot be below 0.17, so that no network can reach .05 by itself." in text
    assert "it cannot be below" not in told(matured(2, 20))


def test_silent_units_are_counted_and_the_correlation_shown_without_them() -> None:
    """One of conv1's three units rises by falling silent in the others: the mean follows the loss, its steady unit does not.

    Means are .3, .35, .4 with a unit of .2, then silent; the unit never silent goes .4, .5, .4.
    """
    gosi = [[[0.1, 0.4, 0.5], [0.2, 0.4, 0.5], [0.2, 0.5, 0.5], [np.nan, 0.4, 0.6]]]
    text = told(by_hand(gosi, [[3, 2, 1]]))
    assert "Share of silent unit-epochs" in text
    assert "conv1 16.7% (-1.00; 0.00)." in text
    assert "conv2" not in text[text.index("Share of silent") :]


def test_a_layer_all_of_whose_units_fall_silent_at_times_has_no_steady_mean() -> None:
    """The correlation of the rest is undefined, not a warning."""
    gosi = [[[0.1, 0.4, 0.5], [0.2, np.nan, 0.5], [np.nan, 0.5, 0.5], [0.3, 0.6, 0.6]]]
    assert "(-0.50; nan)" in told(by_hand(gosi, [[3, 2, 1]]))
