"""Simulated networks: what is planted is what the measures find, in the store's own schema."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_means
from study.analysis.core.question import Estimand
from study.analysis.questions import questions
from study.analysis.questions.generalization.simulator import pearson_of
from study.analysis.questions.memorization.estimands import FITTING_ACCURACY
from study.analysis.questions.memorization.simulator import slope_of
from study.analysis.simulation import Design, Size, Truth, cases, effect_case, is_simulated, simulator_of
from study.analysis.simulation.courses import autocorrelated, falling_loss, following, unrelated_course, weight_of
from study.analysis.simulation.population import deviations, group_offsets, kept_within
from study.config import AUGMENTATIONS
from study.registration import (
    AS_ASSUMED,
    DEPENDENT_RANKS,
    HEAVILY_SKEWED_EFFECTS,
    OPPOSITE_STRATA,
    SKEWED_EFFECTS,
    Hypothesis,
)
from study.vocabulary.discovery import declared_where_present
from study.vocabulary.schema import NETWORK_COORDINATES, UNIT_COORDINATES, variables_by_group
from study.vocabulary.seeding import stream
from tests.example_networks import CNN7
from tests.example_study import registered

UNITS, RATES = Size(16).units, Size(16).label_corruptions
SIMULATED = {one.measure: one for one in registered().hypotheses.values() if is_simulated(one)}
MEANS = sorted(name for name, one in SIMULATED.items() if one.expected_sd > 0)
CORRELATIONS = sorted(set(SIMULATED) - set(MEANS))


def estimand_of(one: Hypothesis) -> Estimand:
    """Return what a hypothesis is about."""
    question = questions()[one.question]
    return question.estimands[one.measure]


def networks(
    one: Hypothesis, theta: float, *, studies: int = 1, size: int = 16, departure: str = AS_ASSUMED, side: int = 1
) -> tuple[xr.DataTree, Design]:
    """Return simulated studies with a planted value."""
    question, simulator = questions()[one.question], simulator_of(one)
    assert simulator is not None
    design = Design(studies, Size(size), question.arm, question.initialization_set, departure, side)
    rng = stream(0, "test", f"{one.id}/{theta}")
    return simulator(rng, design, Truth(one.layers, theta, one.expected_sd)), design


def by_layer(one: Hypothesis, tree: xr.DataTree) -> np.ndarray:
    """Return the measure's values (network, layer) in the registered layers, under the condition that is planted first."""
    values = estimand_of(one).values(tree).sel(layer=list(one.layers))
    if "condition" in values.dims:
        values = values.isel(condition=0)
    return np.asarray(values.transpose("network", "layer").values, dtype=float)


def thetas(one: Hypothesis) -> list[float]:
    """Return every value that a calibration plants."""
    return sorted({case.theta for case in (*cases(one, Size(16)), effect_case(one, Size(16)))})


def test_every_registered_measure_of_the_seven_layer_network_is_simulated() -> None:
    """What is left out is about VGG16, and no simulation is without a hypothesis."""
    left_out = [one.id for one in registered().hypotheses.values() if not is_simulated(one)]
    assert left_out
    assert all("vgg16" in name for name in left_out)
    declared = declared_where_present("study.analysis.questions", "simulator", "SIMULATORS")
    assert set(SIMULATED) == {measure for simulators in declared.values() for measure in simulators}


def test_layers_are_those_of_the_architecture_with_as_many_units() -> None:
    """Layer by layer, of the default architecture unless another is named; random numbers do not tell them apart."""
    assert dict(UNITS) == dict(CNN7)
    other = Size(16, units={"first": 3, "last": 5})
    assert Design(1, other).layers == ("first", "last")
    assert Design(1, other).unit_counts(["last", "first"]).tolist() == [5, 3]
    assert repr(other) == repr(Size(16))


def test_networks_of_another_architecture_are_simulated_too() -> None:
    """A hypothesis about layers of a network of three is planted in those."""
    size = Size(400, units={"first": 30, "middle": 40, "fc1": 50})
    for name, one in SIMULATED.items():
        simulator, question = simulator_of(one), questions()[one.question]
        assert simulator is not None
        assert question is not None
        layers = ("fc1",) if name == "cv_against_depth" else ("first",)
        design = Design(1, size, question.arm, question.initialization_set)
        tree = simulator(stream(0, "test", name), design, Truth(layers, one.null_value, one.expected_sd))
        values = question.estimands[one.measure].values(tree).sel(layer=list(layers))
        assert values.sizes["network"] == 400
        assert np.isfinite(values).mean() > 0.9, name


@pytest.mark.parametrize("measure", sorted(SIMULATED))
def test_a_simulated_study_has_the_schema_of_the_store(measure: str) -> None:
    """Variables have the schema's dimensions, kinds and NaN, networks and units their labels."""
    one = SIMULATED[measure]
    tree, design = networks(one, thetas(one)[0], studies=2, size=12)
    assert tree.children
    conditions = len(estimand_of(one).compared or (None,))  # of rearing, each with a network a seed
    for name, child in tree.children.items():
        dataset = child.to_dataset()
        assert dataset.sizes["network"] == conditions * design.rows == conditions * 24
        assert {"network", *NETWORK_COORDINATES} <= set(dataset.coords)
        assert ("unit" not in dataset.dims) or set(UNIT_COORDINATES) <= set(dataset.coords)
        for key, array in dataset.data_vars.items():
            variable = variables_by_group()[name][str(key)]
            assert array.dims == ("network", *variable.dims), key
            assert array.dtype.kind == variable.kind, key
            assert array.attrs["units"] == variable.units
            assert variable.nan_allowed or variable.kind != "f" or np.isfinite(array.values).all(), key


@pytest.mark.parametrize("measure", MEANS)
def test_the_planted_mean_is_what_the_measure_gives(measure: str) -> None:
    """Within four and a half standard errors, without an effect and with one; its spread is at least the expected one."""
    one = SIMULATED[measure]
    for theta in thetas(one):
        tree, _ = networks(one, theta, studies=25)
        values = by_layer(one, tree)
        error = np.nanstd(values, axis=0) / math.sqrt(len(values))
        assert np.abs((np.nanmean(values, axis=0) - theta) / error).max() < 4.5, (theta, values.mean(axis=0))
        assert (np.nanstd(values, axis=0) > 0.75 * one.expected_sd).all()
        assert np.isfinite(values).mean() > 0.95


@pytest.mark.parametrize("measure", CORRELATIONS)
def test_the_planted_correlation_is_what_the_measure_gives(measure: str) -> None:
    """Of 1,200 networks, to within .1; pooled over augmentations it is far below, whatever is planted."""
    one = SIMULATED[measure]
    for theta in thetas(one):
        tree, _ = networks(one, theta, size=1200)
        against = estimand_of(one).against
        assert against is not None
        other, values = against(tree), by_layer(one, tree)
        strata = np.zeros(len(values)) if one.strata == "none" else other[one.strata].values.astype(object)
        for column in values.T:
            defined = np.isfinite(column)
            pairs = column[defined], other.values[defined]
            assert stats.stratified_spearman(*pairs, strata[defined]).statistic == pytest.approx(theta, abs=0.1)
            if one.strata == "augmentation" and not estimand_of(one).across_networks:
                assert stats.spearman(*pairs).statistic < theta - 0.3


def test_augmentations_have_different_means_that_add_up_to_nothing() -> None:
    """In a study of 16 networks, and of 10, in which two augmentations have fewer."""
    for size in (16, 10):
        offsets = group_offsets(Design(3, Size(size))).reshape(3, size)
        assert np.allclose(offsets.mean(axis=1), 0)
        assert np.allclose(offsets.std(axis=1), 1)
        assert len(np.unique(offsets[0])) == len(AUGMENTATIONS)
    assert not group_offsets(Design(1, Size(8, augmentations=("none",)))).any()


@pytest.mark.parametrize("freedom", [None, 4.0])
def test_networks_deviate_by_one_standard_deviation_around_nothing(freedom: float | None) -> None:
    """Layers of a network go together; Student's t has heavier tails than the normal distribution."""
    values = deviations(np.random.default_rng(0), Design(500, Size(16)), 3, freedom=freedom)
    assert np.abs(values.mean(axis=0)).max() < 0.05
    assert values.std(axis=0) == pytest.approx(1, abs=0.08)
    assert (np.corrcoef(values.T)[np.triu_indices(3, 1)] > 0.25).all()
    assert (scipy.stats.kurtosis(values).min() > 1) == (freedom is not None)


def test_some_units_are_silent_and_undefined() -> None:
    """About one in 25, and gOSI is NaN there and nowhere else."""
    tree, _ = networks(SIMULATED["gosi_gain"], 0.0, studies=4)
    tuning = tree["tuning"].to_dataset()
    assert float(tuning["silent"].mean()) == pytest.approx(0.04, abs=0.005)
    assert (tuning["gosi"].isnull() == tuning["silent"]).all()


def test_halves_are_of_one_size_without_silent_units() -> None:
    """In each layer as many units in the top as in the bottom half, at most one left over."""
    tree, _ = networks(SIMULATED["response_contrast"], 0.0, studies=2)
    half, silent = tree["halves"]["ablated"], tree["tuning"]["silent"].sel(state="analysed")
    assert (half.where(silent, 0) == 0).all()
    for layer in ("conv2", "conv3"):
        units = np.flatnonzero(half["layer"].values == layer)
        assert units.size == UNITS[layer]
        assert (half.isel(unit=units).sum("unit") == 0).all()
        assert ((half.isel(unit=units) == 0) & ~silent.isel(unit=units)).sum("unit").max() <= 1


def test_effects_of_ablation_have_heavy_tails() -> None:
    """More extreme networks than a normal distribution has."""
    tree, _ = networks(SIMULATED["standardized_effect"], 0.0, studies=100)
    assert scipy.stats.kurtosis(by_layer(SIMULATED["standardized_effect"], tree)).min() > 1


def test_networks_that_do_not_fit_are_at_high_rates_and_those_of_a_seed_go_together() -> None:
    """None below a rate of .5; a quarter of the variance of a layer and more is that of seeds."""
    tree, _ = networks(SIMULATED["gosi_against_label_corruption"], 0.0, size=1200)
    training = tree["training"].to_dataset()
    unfit = (training["final_train_accuracy"] < FITTING_ACCURACY).values
    rates = training["label_corruption"].values
    assert unfit[rates < 0.5].sum() == 0
    assert unfit[rates == 1].mean() > unfit[rates == 0.6].mean() > 0
    gosi = layer_means(tree["tuning"]["gosi"].isel(state=0)).sel(layer="conv4").values
    of_seeds = gosi.reshape(200, 6)
    assert training["seed"].values.reshape(200, 6).std(axis=1).max() == 0
    assert 0.15 < np.corrcoef(of_seeds.T)[np.triu_indices(6, 1)].mean() < 0.6


def test_epochs_go_together_and_losses_fall() -> None:
    """Neighbouring epochs correlate at .8; every loss ends below where it began."""
    rng = np.random.default_rng(0)
    series = autocorrelated(rng, (4000,), 16)
    assert np.corrcoef(series[:, 7], series[:, 8])[0, 1] == pytest.approx(0.8, abs=0.03)
    assert series.std(axis=0) == pytest.approx(1, abs=0.05)
    loss = falling_loss(rng, 500, 16)
    assert (loss[:, -3:].mean(axis=1) < loss[:, 0]).all()


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.3])
def test_curves_follow_a_loss_as_closely_as_planted(rho: float) -> None:
    """The mean rank correlation over 4,000 networks."""
    rng = np.random.default_rng(1)
    loss, apart = falling_loss(rng, 4000, 16), unrelated_course(rng, (4000,), 16)
    curves = following(loss, apart, weight_of(np.full(4000, rho), 16, trends=True))
    correlations = [stats.spearman(curve, of).statistic for curve, of in zip(curves[:1500], loss[:1500], strict=True)]
    assert np.mean(correlations) == pytest.approx(rho, abs=0.05)


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.3])
def test_scales_of_correlation(rho: float) -> None:
    """The bivariate normal correlation, and the slope over the six rates of a seed, that have a given Spearman's rho."""
    rng = np.random.default_rng(2)
    x, noise = rng.standard_normal((2, 40_000))
    closeness = pearson_of(rho)
    y = closeness * x + math.sqrt(1 - closeness**2) * noise
    assert scipy.stats.spearmanr(x, y).statistic == pytest.approx(rho, abs=0.02)
    seeds = np.arange(39_996) // 6
    rates = np.tile(RATES, len(seeds) // 6)
    trend = slope_of(rho, RATES) * rates + noise[: len(seeds)]
    assert stats.stratified_spearman(trend, rates, seeds).statistic == pytest.approx(rho, abs=0.02)


@pytest.mark.parametrize("departure", [SKEWED_EFFECTS, HEAVILY_SKEWED_EFFECTS])
@pytest.mark.parametrize("side", [1, -1])
def test_skewed_networks_deviate_by_one_standard_deviation_around_nothing(departure: str, side: int) -> None:
    """Their long tail lies on the side that is asked for; layers of a network go together."""
    design = Design(4000, Size(16), departure=departure, side=side)
    values = deviations(np.random.default_rng(0), design, 3, freedom=4.0)
    assert np.abs(values.mean(axis=0)).max() < 0.05
    assert values.std(axis=0) == pytest.approx(1, abs=0.15)
    assert (side * scipy.stats.skew(values) > 1.5).all()
    assert (np.corrcoef(values.T)[np.triu_indices(3, 1)] > 0.1).all()


@pytest.mark.parametrize("measure", MEANS)
def test_a_skewed_effect_has_the_planted_mean(measure: str) -> None:
    """Values that are cut on one side only are moved until the mean is right again, so that what is counted is skewness."""
    one = SIMULATED[measure]
    for case in cases(one, Size(16), SKEWED_EFFECTS):
        tree, _ = networks(one, case.theta, studies=60, departure=case.departure, side=case.side)
        values = by_layer(one, tree)
        error = np.nanstd(values, axis=0) / math.sqrt(len(values))
        assert np.abs((np.nanmean(values, axis=0) - case.theta) / error).max() < 4.5, case.planted


def test_what_is_cut_on_one_side_is_made_up_for() -> None:
    """The mean of what is kept is that of what was drawn, as far from the centre as is allowed and no farther."""
    drawn = np.random.default_rng(3).exponential(size=(5000, 2)) - 1
    kept = kept_within(drawn, 0.0, 1.2)
    assert np.abs(kept).max() <= 1.2
    assert kept.mean(axis=0) == pytest.approx(drawn.mean(axis=0), abs=0.01)


def test_opposite_strata_have_opposite_correlations_whose_mean_is_planted() -> None:
    """By augmentation +.6, -.6, +.6, -.6: none on average, and far from none in each."""
    one = SIMULATED["gosi_against_test_loss_absence"]
    tree, _ = networks(one, 0.0, size=1600, departure=OPPOSITE_STRATA)
    against = estimand_of(one).against
    assert against is not None
    other, values = against(tree), by_layer(one, tree)
    strata = other["augmentation"].values.astype(object)
    rho = [stats.spearman(values[strata == name, 0], other.values[strata == name]).statistic for name in AUGMENTATIONS]
    assert rho == pytest.approx([0.6, -0.6, 0.6, -0.6], abs=0.1)


def test_dependent_ranks_do_not_correlate() -> None:
    """Far losses go with scattered gOSI, but the rank correlation is 0."""
    one = SIMULATED["gosi_against_test_loss"]
    tree, _ = networks(one, 0.0, size=2400, departure=DEPENDENT_RANKS)
    against = estimand_of(one).against
    assert against is not None
    other, values = against(tree), by_layer(one, tree)
    for name in AUGMENTATIONS:
        members = other["augmentation"].values.astype(object) == name
        x, y = values[members, 0] - values[members, 0].mean(), np.log(other.values[members])
        assert stats.spearman(x, y).statistic == pytest.approx(0, abs=0.15)
        assert stats.spearman(np.abs(x), np.abs(y - y.mean())).statistic > 0.2
