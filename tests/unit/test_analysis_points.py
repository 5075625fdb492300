"""What a test rested on, network by network: the names of networks and axes, and values that agree with the estimates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from study.analysis import MEASUREMENTS
from study.analysis.core.evidence import evidence_of
from study.analysis.core.networks import network_names, networks_of
from study.analysis.core.point_values import network_points
from study.analysis.core.question import Estimand
from study.analysis.core.unit_choice import tuned_units
from study.analysis.questions import questions
from study.tuning import SELECTIVE
from study.vocabulary.rearing import PENALTIES
from study.vocabulary.schema import GENERALIZATION, MEMORIZATION
from tests.example_networks import example_network
from tests.example_rearing import reared_study
from tests.example_registration import made_up_hypothesis
from tests.example_study import LAYERS, example_study, replaced, study_of

ESTIMANDS = [
    (name, measure, estimand)
    for name, question in questions().items()
    for measure, estimand in question.estimands.items()
]
DIFFERENCES = ("nat", "gOSI", "share of units", "log ratio")


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return four networks, two of each of two augmentations."""
    return example_study(seeds=2, augmentations=("none", "shift_flip"))


@pytest.mark.parametrize(("name", "measure", "estimand"), ESTIMANDS, ids=[f"{a}-{b}" for a, b, _ in ESTIMANDS])
def test_every_estimand_names_its_axis(name: str, measure: str, estimand: Estimand) -> None:
    """In words with a unit, and what either side of the null value means; no axis is called estimate."""
    quantity = estimand.quantity
    assert all((quantity.label, quantity.unit, quantity.higher, quantity.lower)), f"{name}: {measure}"
    assert "estimate" not in quantity.label and "_" not in quantity.label
    assert bool(quantity.against) == bool(quantity.of) == (estimand.against is not None)
    assert bool(quantity.sides) == bool(quantity.sides_label)
    assert estimand.sides is None or quantity.sides


@pytest.mark.parametrize(
    ("name", "measure", "estimand"),
    [one for one in ESTIMANDS if one[2].sides is not None],
    ids=[f"{a}-{b}" for a, b, c in ESTIMANDS if c.sides is not None],
)
def test_the_sides_are_what_the_value_compares(study: xr.DataTree, name: str, measure: str, estimand: Estimand) -> None:
    """One number a side; the difference of the outer ones is the value, where it is a difference."""
    layers, networks = ["conv2", "conv3"], networks_of(study, GENERALIZATION, 1)
    if estimand.compared:  # of networks of one seed, reared in a span of layers
        layers = ["conv2-conv3" if estimand.compared[0] in PENALTIES else "conv1-conv3"]
        kinds = [("free", "none"), *((one, layers[0]) for one in estimand.compared if one != "free")]
        networks = reared_study(seeds=3, kinds=kinds)
    assert networks is not None
    hypothesis = made_up_hypothesis("made-up", measure=measure, layers=layers)
    points = network_points(hypothesis, estimand, evidence_of(estimand, networks), networks)
    assert {point.layer for point in points} == set(layers)
    assert all(len(point.sides) == len(estimand.quantity.sides) for point in points)
    if estimand.quantity.unit in DIFFERENCES:
        first = -2 if estimand.compared else 0  # a free network may stand beside the two that are compared
        outer = [abs(point.sides[first] - point.sides[-1]) for point in points]
        np.testing.assert_allclose(outer, [abs(point.value) for point in points], rtol=1e-9, atol=1e-12)


def test_points_are_named_and_hold_what_the_test_saw(study: xr.DataTree) -> None:
    """Every network of every layer once, by a name for readers, with its stratum and the other variable."""
    networks = networks_of(study, GENERALIZATION, 1)
    assert networks is not None
    estimand = questions()["generalization"].estimands["gosi_against_test_loss"]
    hypothesis = made_up_hypothesis("made-up", layers=["conv1", "missing"], strata="augmentation")
    points = network_points(hypothesis, estimand, evidence_of(estimand, networks), networks)
    assert [point.network for point in points] == [
        "no augmentation · seed 0",
        "shift and flip · seed 0",
        "no augmentation · seed 1",
        "shift and flip · seed 1",
    ]
    assert [point.stratum for point in points] == 2 * ["no augmentation", "shift and flip"]
    np.testing.assert_array_equal([point.against for point in points], networks["training"]["test_loss"].values)


def test_names_of_networks_say_what_sets_them_apart() -> None:
    """The rate of corrupted labels where that varies, and the second set of initialisations."""
    rng = np.random.default_rng(0)
    corrupted = example_network(rng, arm=MEMORIZATION, label_corruption=0.4, seed=1, layers=LAYERS)
    second = example_network(rng, augmentation="flip", initialization_set=2, seed=3, layers=LAYERS)
    names = network_names(study_of([corrupted, second])["training"].to_dataset())
    assert names == ("40 % corrupted · seed 1", "second set · flip · seed 3")


def test_units_are_chosen_by_the_rule_that_is_said(study: xr.DataTree) -> None:
    """At even steps of gOSI in every layer; the example has the median gOSI of the selective units of its layer."""
    units = tuned_units(study, root_seed=0)
    assert units is not None and units.example is not None
    assert units.network == "no augmentation · seed 0"
    assert [layer.layer for layer in units.layers] == list(LAYERS)
    tuning = study["tuning"].to_dataset().sel(state="analysed").isel(network=0)
    shares = {layer.layer: layer.selective / layer.n for layer in units.layers}
    assert shares[units.example.layer] == max(shares.values())
    gosi = tuning["gosi"].values[tuning["layer"].values == units.example.layer]
    selective = np.sort(gosi[gosi > SELECTIVE])
    assert units.example.gosi == pytest.approx(selective[len(selective) // 2])
    for layer in units.layers:
        shown = [unit.gosi for unit in layer.units]
        assert shown == sorted(shown) and sum(layer.preferred) == layer.selective
    assert all(np.isnan(unit.band).all() for layer in units.layers for unit in layer.units)


def test_bands_are_of_the_units_own_responses() -> None:
    """Where responses are stored: between the least and the largest of them; the same seed gives the same band."""
    network = example_network(np.random.default_rng(0), layers=LAYERS)
    study = study_of([network], groups=(*MEASUREMENTS, "responses"))
    once, again = (tuned_units(study, root_seed=0) for _ in range(2))
    assert once is not None and once == again
    largest = network["responses"]["response"].sel(state="analysed").max(("orientation", "spatial_frequency", "phase"))
    for layer in once.layers:
        for unit in layer.units:
            low, high = unit.band
            place = int(np.flatnonzero((network["tuning"]["layer"] == layer.layer).values)[unit.channel])
            assert 0 <= low <= high <= float(largest[place]) * (1 + 1e-6)


def test_units_of_the_first_layer_have_their_kernel_where_it_is_stored() -> None:
    """As colours about a mid-grey, the largest weight at an end; none in other layers, none where a weight is not a number."""
    network = example_network(np.random.default_rng(0), layers=LAYERS, specifications=("max/min_max",))
    study = study_of([network])
    units = tuned_units(study, root_seed=0)
    assert units is not None
    first, *others = units.layers
    assert all(np.shape(unit.kernel) == (3, 3, 3) for unit in first.units)
    assert all({0, 255} & set(np.ravel(unit.kernel)) for unit in first.units)
    assert not any(unit.kernel for layer in others for unit in layer.units)
    undefined = tuned_units(replaced(study, "kernels", kernel=np.array(np.nan)), root_seed=0)
    assert undefined is not None and not any(unit.kernel for unit in undefined.layers[0].units)


def test_a_study_without_tuning_has_no_units() -> None:
    """Nothing to show is no fault."""
    assert tuned_units(xr.DataTree(), root_seed=0) is None


def test_a_question_that_repeats_another_has_its_words() -> None:
    """The second set's estimands are the first set's, quantities included."""
    again = questions()["replication"].estimands
    first = questions()["ablation"].estimands["standardized_effect"]
    assert again["second_set_standardized_effect"].quantity == first.quantity
    assert again["vgg16_standardized_effect"].quantity == dataclasses.replace(first.quantity)
