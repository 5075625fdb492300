"""Networks reared under two conditions: one value a seed, checks of what rearing changed, and no verdict without either."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study.analysis.core.evidence import evidence_of
from study.analysis.core.networks import networks_of
from study.analysis.core.rearing import by_seed, manipulation_checks, of_spans, spans_of, why_not_manipulated
from study.analysis.core.results import (
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
    QuestionResult,
)
from study.analysis.questions import questions
from study.analysis.questions.necessity.estimands import SCORES
from study.registration import LearningRule
from study.report.learning_words import manipulation_rows, manipulation_sentence
from tests.example_rearing import SPAN, THREE, reared_study
from tests.example_study import analysed, conclusion, registered

PRIMARY, ABSENCE, BASIS = "necessity-test-loss", "necessity-test-loss-absence", "necessity-random-basis"
QUESTION = questions()["necessity"]
ALIKE = {"free": 1.2, "isotropic": 1.3, "parted": 1.3}


def result(study: xr.DataTree, name: str = PRIMARY) -> HypothesisResult:
    """Return what one hypothesis concludes, without checks and figures."""
    return conclusion(study, name)


def concluded(study: xr.DataTree, *names: str) -> QuestionResult:
    """Return the question's result with some of its hypotheses."""
    (question,) = analysed(study, *names)
    return question


def of_arm(study: xr.DataTree) -> xr.DataTree:
    """Return the networks that the question sees."""
    networks = networks_of(study, "rearing", 1)
    assert networks is not None
    return networks


# One value a seed


def test_a_value_is_the_difference_of_the_networks_of_one_seed_and_the_test_is_the_paired_one() -> None:
    """Against pandas and scipy: isotropic minus parted of each seed, their mean, and sign flips of the differences."""
    study = reared_study(seeds=8)
    scores = study["training"].to_dataset()["test_loss"].to_series().reset_index(drop=True)
    training = study["training"].to_dataset()
    table = scores.groupby([training["seed"].values, training["rearing"].values.tolist()]).first().unstack()
    differences = (table["isotropic"] - table["parted"]).to_numpy()
    values = QUESTION.estimands["test_loss_against_parted"].values(of_arm(study))
    np.testing.assert_allclose(values.sel(layer=SPAN).values, differences)
    (layer,) = result(study).layers
    assert (layer.n, layer.n_missing) == (8, 0)
    assert layer.estimate == pytest.approx(differences.mean())
    flips = scipy.stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", alternative="greater", n_resamples=10_000
    )
    assert layer.pvalue >= flips.pvalue - 1e-12  # the larger of sign flips and a bootstrap-t
    assert layer.pvalue == pytest.approx(2**-8, abs=0.003)


@pytest.mark.parametrize("score", sorted(SCORES))
def test_every_score_is_of_the_variable_that_it_names(score: str) -> None:
    """Row by row: the gap is test less training loss, the cost of shifts that of shifted less unshifted images."""
    networks = of_arm(reared_study(seeds=2))
    training, checks = (networks[name].to_dataset() for name in ("training", "rearing_checks"))
    expected = {
        "test_loss": training["test_loss"],
        "training_loss": training["final_train_loss"],
        "generalisation_gap": training["test_loss"] - training["final_train_loss"],
        "test_accuracy": training["test_accuracy"],
        "shifted_loss": checks["shifted_loss"],
        "cost_of_shifts": checks["shifted_loss"] - training["test_loss"],
    }
    xr.testing.assert_allclose(SCORES[score](networks), expected[score])


def test_a_free_network_stands_for_every_span_and_a_condition_that_is_not_there_for_none() -> None:
    """Two spans: each has its own isotropic networks, the free one is the same; random bases were not trained."""
    kinds = [*THREE, ("isotropic", "conv1"), ("parted", "conv1")]
    networks = of_arm(reared_study(seeds=3, kinds=kinds))
    assert spans_of(networks, ("isotropic", "parted")) == [SPAN, "conv1"]
    assert spans_of(networks, ("parted", "free")) == [SPAN, "conv1"]
    assert spans_of(networks, ("isotropic", "random_basis")) == []
    values = networks["training"].to_dataset()["test_loss"]
    free = by_seed(networks, values, "free", [SPAN, "conv1"])
    np.testing.assert_array_equal(free.sel(layer=SPAN), free.sel(layer="conv1"))
    isotropic = by_seed(networks, values, "isotropic", [SPAN, "conv1"])
    assert not np.isclose(isotropic.sel(layer=SPAN), isotropic.sel(layer="conv1")).any()


def test_a_seed_without_its_partner_is_left_out_and_counted_once() -> None:
    """Of twelve seeds one has no parted network, one has none at all, one lost its free network, which is not compared."""
    lost = [("parted", 3), ("free", 7), *((name, 9) for name, _ in THREE)]
    study = reared_study(lost=lost)
    (layer,) = result(study).layers
    assert (layer.n, layer.n_missing) == (10, 2)
    values = QUESTION.estimands["test_loss_against_parted"].values(of_arm(study))
    assert values["network"].values[np.isnan(values.values[:, 0])].tolist() == ["seed 3", "seed 9"]
    evidence = evidence_of(QUESTION.estimands["test_loss_against_parted"], of_arm(study))
    assert evidence.failed == ()
    assert any("Of 12 seeds 10 have" in note for note in concluded(study, PRIMARY).notes)


def test_partners_lost_for_what_they_show_do_not_make_support_easier() -> None:
    """Four of twelve seeds: each missing difference is set to the smallest that was observed, which here is negative."""
    study = reared_study(losses={"isotropic": 1.36, "parted": 1.3}, noise=0.06)
    whole = result(study)
    differences = QUESTION.estimands["test_loss_against_parted"].values(of_arm(study)).values[:, 0]
    low = np.argsort(differences)[1:5]  # those that speak against it, but one
    fewer = result(study_without(study, low.tolist()))
    assert fewer.layers[0].estimate > whole.layers[0].estimate
    assert fewer.layers[0].pvalue > whole.layers[0].pvalue
    kept = np.delete(differences, low)
    assert fewer.layers[0].pvalue > scipy.stats.ttest_1samp(kept, 0, alternative="greater").pvalue
    assert "most adverse observed value" in fewer.layers[0].note


def study_without(study: xr.DataTree, seeds: list[int]) -> xr.DataTree:
    """Return a study without the parted networks of some seeds, whose rows hold NaN."""
    groups = {f"/{name}": child.to_dataset() for name, child in study.children.items()}
    training = groups["/training"]
    gone = (training["rearing"].values == "parted") & np.isin(training["seed"].values, seeds)
    groups["/training"] = training.assign(test_loss=training["test_loss"].where(~xr.DataArray(gone, dims="network")))
    return xr.DataTree.from_dict(groups)


# Verdicts


def test_a_cost_beyond_the_shams_is_needed_and_its_absence_is_not_claimed() -> None:
    """Isotropic networks lose .15 nat more than parted ones."""
    study = reared_study()
    assert result(study).verdict == SUPPORTED
    assert result(study, ABSENCE).verdict not in (SUPPORTED, INCONCLUSIVE)
    assert result(study, "necessity-lost-freedom").verdict == SUPPORTED


def test_the_same_cost_as_the_sham_is_absence_within_the_margin() -> None:
    """Both lose .1 nat: the claim is ruled out, the equivalence supported, and lost freedom is what costs."""
    study = reared_study(losses=ALIKE)
    assert result(study).verdict == RULED_OUT
    assert result(study, ABSENCE).verdict == SUPPORTED
    assert result(study, "necessity-lost-freedom").verdict == SUPPORTED


def test_a_gain_is_opposite() -> None:
    """Isotropic networks lose less than parted ones."""
    assert result(reared_study(losses={"isotropic": 1.2, "parted": 1.3})).verdict == OPPOSITE


def test_seeds_of_opposite_effects_decide_nothing() -> None:
    """Half of the seeds lose .2 nat, half win as much: no cost, no gain, and no absence either."""
    study = reared_study(losses=ALIKE)
    training = study["training"].to_dataset()
    isotropic = training["rearing"].values == "isotropic"
    apart = np.where(training["seed"].values % 2 == 0, 0.2, -0.2) * isotropic
    groups = {f"/{name}": child.to_dataset() for name, child in study.children.items()}
    groups["/training"] = training.assign(test_loss=training["test_loss"] + xr.DataArray(apart, dims="network"))
    opposed = xr.DataTree.from_dict(groups)
    assert {result(opposed, name).verdict for name in (PRIMARY, ABSENCE)} == {INCONCLUSIVE}


def test_few_seeds_and_conditions_that_were_not_reared_are_not_tested() -> None:
    """Seven seeds are fewer than registered; random bases, and other spans, were not trained."""
    assert result(reared_study(seeds=7)).verdict == NOT_TESTED
    study = reared_study()
    for name in (BASIS, "necessity-first-layer", "necessity-discouraged"):
        assert result(study, name).verdict == NOT_TESTED


# No verdict without learning, nor without what rearing was to change


def test_only_free_networks_must_have_learnt() -> None:
    """That isotropic networks stay at chance is a result; that free ones do leaves everything uninformative."""
    chance = concluded(reared_study(accuracy={"isotropic": 0.1, "parted": 0.1, "free": 0.5}), PRIMARY)
    assert chance.hypotheses[0].verdict == SUPPORTED
    unlearnt = reared_study(accuracy={"isotropic": 0.5, "parted": 0.5, "free": 0.1})
    failed = concluded(unlearnt, PRIMARY, ABSENCE)
    assert {one.verdict for one in failed.hypotheses} == {NOT_INFORMATIVE}
    (check,) = failed.learning
    assert (check.stratum, check.networks, check.passed) == ("free", 12, False)
    everything_lost = reared_study(lost=[("free", seed) for seed in range(12)])
    assert concluded(everything_lost, PRIMARY).hypotheses[0].verdict == NOT_INFORMATIVE


def test_networks_that_are_as_selective_as_their_sham_say_nothing() -> None:
    """.08 lower where .1 is registered; the free networks against the sham have no check and keep their verdict."""
    study = reared_study(selectivity={"free": 0.4, "isotropic": 0.1, "parted": 0.18})
    question = concluded(study, PRIMARY, ABSENCE, "necessity-lost-freedom")
    failed, absence, freedom = question.hypotheses
    assert failed.verdict == NOT_INFORMATIVE
    assert {layer.verdict for layer in failed.layers} == {NOT_INFORMATIVE}
    assert failed.reason == (
        "rearing did not change what is registered: median gOSI beyond that of the units' own shuffles of conv1-conv3 0.1 in"
        " isotropic against 0.18 in parted (needed: 0.1 lower)"
    )
    assert (absence.verdict, freedom.verdict) == (NOT_INFORMATIVE, SUPPORTED)
    assert [check.passed for check in question.manipulation] == [False]


def test_a_check_is_the_median_over_seeds_of_the_mean_over_the_spans_layers() -> None:
    """By hand, of units that respond; NaN does not pass, and a penalty that encourages must raise."""
    networks = of_arm(reared_study(seeds=3, selectivity={"isotropic": -0.05, "parted": 0.15}, noise=0.0))
    rule = registered().manipulation["isotropic"]
    (check,) = manipulation_checks(rule, networks, ("isotropic", "parted"), (SPAN, "conv5-conv6"))
    assert (check.median, check.median_against, check.difference) == pytest.approx((-0.05, 0.15, -0.2))
    assert (check.passed, check.pairs, check.layers) == (True, 3, SPAN)
    assert not dataclasses.replace(check, side="higher").passed
    assert not dataclasses.replace(check, difference=float("nan")).passed
    assert why_not_manipulated([check]) == ""
    said = "isotropic against parted in conv1-conv3: \N{MINUS SIGN}0.050 against 0.150, as registered."
    assert manipulation_sentence(check) == said
    ((cells, passed),) = manipulation_rows([check])
    assert passed
    assert cells[:2] == ("isotropic", "parted")
    assert manipulation_checks(rule, networks, ("isotropic", "random_basis"), (SPAN,)) == ()


def test_a_span_is_the_mean_of_its_layers() -> None:
    """Three of seven; a layer without a value leaves none."""
    values = xr.DataArray(
        [[1.0, 2.0, 6.0, np.nan]], {"layer": ["conv1", "conv2", "conv3", "conv4"]}, ("network", "layer")
    )
    means = of_spans(xr.DataTree(), values, [SPAN, "conv3-conv4"])
    np.testing.assert_array_equal(means.values, [[3.0, np.nan]])


def test_the_registered_checks_are_those_of_this_arm() -> None:
    """Free networks must learn; what takes selectivity away must lower it, and what encourages it must raise it."""
    whole = registered()
    assert whole.learning["rearing"] == LearningRule("validation_accuracy_above_chance", 0.1, "none", "free")
    assert {name: rule.side for name, rule in whole.manipulation.items()} == {
        "isotropic": "lower",
        "discouraged": "lower",
        "encouraged": "higher",
    }


# Figures and notes


def test_every_seed_is_a_line_and_every_layer_has_what_rearing_changed() -> None:
    """Twelve seeds, three conditions and their means in each panel; what is not there has no figure."""
    question = concluded(reared_study(), PRIMARY)
    scores, checks = question.figures
    rows = scores.table[scores.table["quantity"] == "test loss (nat)"]
    assert len(rows) == 3 * (12 + 1)
    assert rows["condition"].unique().tolist() == ["free", "parted", "isotropic"]
    decoded = checks.table[checks.table["quantity"].str.startswith("orientation")]
    assert len(decoded) == 3 * 7
    points = question.hypotheses[0].points
    assert len(points) == 12
    assert all(point.value == pytest.approx(point.sides[2] - point.sides[1]) for point in points)
    said = " ".join(question.notes)
    assert "does not mean that its layer has lost orientation" in said
    assert "Two interventions, two questions" in said
    free_alone = concluded(reared_study(kinds=[("free", "none")]), PRIMARY)
    assert free_alone.figures == ()
    assert free_alone.hypotheses[0].verdict == NOT_TESTED
