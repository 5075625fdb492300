"""What is planted is found, and nothing where nothing is: hand-made networks through the whole pipeline.

The networks are the study's own, with weights set by hand in place of trained ones: Gabor and round filters in the first
layer, whose rectified signals the other layers pass on, and a read-out of signals that is known. They are probed, ablated,
stored and analysed by the code that every study runs. What must come out is worked out here from the filters, without it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.stats

from study.analysis.core.results import EFFECT_PRESENT, INCONCLUSIVE, OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.questions.ablation.estimands import standardized_effect
from study.tuning import SELECTIVE
from study.tuning.gratings import ORIENTATIONS, spatial_frequencies
from tests.example_study import replaced, verdicts
from tests.planted.filters import predicted_tuning
from tests.planted.networks import ablated_scores
from tests.planted.populations import (
    AUGMENTATIONS,
    N_SIGNALS,
    Population,
    colour_reading,
    concluded,
    equal_parts,
    oriented_reading,
    population,
    random_parts,
    read_anew,
)

STEP = 15.0  # degrees between the orientations of the gratings
FREQUENCIES = spatial_frequencies(32)
PASSING = ("conv1", "conv2", "conv3")  # where all signals are
ABLATED = ("conv2", "conv3")
BEHIND = ("conv4", "conv5", "conv6", "fc1")
EXISTENCE = ("existence-selective-units", "existence-above-shuffle", "existence-above-orientation-shuffle")
EFFECTS = ("ablation-effect", "ablation-clamps", "ablation-relu-zero", "ablation-mean-clamp", "ablation-resample")
ABSENCE = "ablation-other-layers-absence"
ASSOCIATION = "generalization-lower-layers"


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def oriented(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """Return twelve networks that read orientation; the more oriented signals within an augmentation, the better."""
    place = tmp_path_factory.mktemp("oriented")
    return population(oriented_reading, place, name="oriented", augmentations=",".join(AUGMENTATIONS), seeds=3)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """Return eight networks that read colour; oriented signals end in the third layer."""
    return population(
        colour_reading, tmp_path_factory.mktemp("coloured"), name="coloured", augmentations="none", seeds=8
    )


@pytest.fixture(scope="module")
def equal(coloured: Population) -> Population:
    """Return the eight networks with as many oriented as unoriented signals read."""
    return read_anew(coloured, equal_parts)


@pytest.fixture(scope="module")
def random(coloured: Population) -> Population:
    """Return the eight networks with signals read that are drawn without regard to orientation."""
    return read_anew(coloured, random_parts)


def unit_values(planted: Population, name: str, layer: str) -> np.ndarray:
    """Return a quantity of the units of a layer that hold a signal, after planting: (network, unit)."""
    tuned = planted.of("tuning").sel(state="analysed")
    return tuned[name].isel(unit=np.flatnonzero(tuned["layer"].values == layer)[:N_SIGNALS]).values


def stacked(planted: Population, name: str) -> np.ndarray:
    """Return a field of the filters: (network, unit)."""
    return np.stack([getattr(network.filters, name) for network in planted.networks.values()])


def groups_and_losses(planted: Population) -> tuple[np.ndarray, np.ndarray]:
    """Return augmentation and test loss, both (network,)."""
    training = planted.of("training")
    return np.array(training["augmentation"].values.tolist()), training["test_loss"].values.copy()


def predictions(planted: Population) -> tuple[np.ndarray, np.ndarray]:
    """Return what theory says gOSI and preferred spatial frequency are, both (network, unit)."""
    means = np.stack(
        [predicted_tuning(network.filters, ORIENTATIONS, FREQUENCIES) for network in planted.networks.values()]
    )
    best = means.max(axis=2).argmax(axis=2)
    curve = np.take_along_axis(means, best[..., None, None], axis=3)[..., 0]
    vector = (curve * np.exp(2j * np.deg2rad(ORIENTATIONS))).sum(axis=-1)
    return np.abs(vector) / curve.sum(axis=-1), FREQUENCIES[best]


@pytest.mark.slow
def test_every_network_passes_through_the_store(oriented: Population) -> None:
    """Twelve networks of the schema, in four groups of three; none was trained, all answer well before ablating."""
    training = oriented.of("training")
    assert training["network"].values.tolist() == list(oriented.networks)
    assert Counter(training["augmentation"].values.tolist()) == dict.fromkeys(AUGMENTATIONS, 3)
    assert (training["test_accuracy"].values > 0.9).all()
    intact = np.zeros(N_SIGNALS, dtype=bool)
    expected = np.array([ablated_scores(network, intact) for network in oriented.networks.values()])
    np.testing.assert_allclose(training["test_loss"].values, expected[:, 0], rtol=1e-3)
    np.testing.assert_allclose(training["test_accuracy"].values, expected[:, 1], atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("layer", PASSING)
def test_selectivity_is_what_linear_theory_says(oriented: Population, layer: str) -> None:
    """GOSI within 0.03, preferred orientation and frequency within a step, of every filter of every network.

    In the third layer the frequency of oriented units alone: round filters of little preference respond most to what
    its small maps favour.
    """
    expected, frequency = predictions(oriented)
    np.testing.assert_allclose(unit_values(oriented, "gosi", layer), expected, atol=0.03)
    preferred, is_oriented = unit_values(oriented, "preferred_orientation", layer), stacked(oriented, "oriented")
    away = np.abs(preferred - stacked(oriented, "orientations"))[is_oriented] % 180
    assert np.minimum(away, 180 - away).max() <= STEP
    steps = np.abs(unit_values(oriented, "preferred_spatial_frequency", layer) - frequency) / FREQUENCIES[0]
    assert steps[is_oriented | (layer != "conv3")].max() < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("layer", PASSING)
def test_oriented_units_stand_out_from_their_shuffles_and_no_others_do(oriented: Population, layer: str) -> None:
    """All oriented units are selective beyond both shuffles; round ones are not, whatever is shuffled."""
    is_oriented = stacked(oriented, "oriented")
    gosi = unit_values(oriented, "gosi", layer)
    assert gosi[is_oriented].min() > SELECTIVE
    assert gosi[~is_oriented].max() < 0.02
    for name in ("gosi_pvalue", "gosi_orientation_pvalue"):
        pvalue = unit_values(oriented, name, layer)
        assert pvalue[is_oriented].max() <= 0.05
        assert pvalue[~is_oriented].min() > 0.5


@pytest.mark.slow
def test_units_without_a_signal_are_silent_and_counted(oriented: Population) -> None:
    """Half of the third layer holds no signal: silent, gOSI undefined, in neither half; none is silent below."""
    tuned = oriented.of("tuning").sel(state="analysed")
    conv3 = tuned.isel(unit=np.flatnonzero(tuned["layer"].values == "conv3"))
    expected = np.arange(64) >= N_SIGNALS
    assert (conv3["silent"].values == expected).all() and (np.isnan(conv3["gosi"].values) == expected).all()
    ablation = oriented.of("ablation")
    assert (ablation["silent_units"].sel(layer=list(ABLATED)).values == [0, 32]).all()
    assert (ablation["half_size"].values == 16).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oriented", "coloured", "equal", "random"])
def test_ablating_costs_what_the_read_out_says(name: str, request: pytest.FixtureRequest) -> None:
    """Loss and accuracy with either half at zero are those of the read-out without these signals, in both layers."""
    planted: Population = request.getfixturevalue(name)
    ablation, halves = planted.of("ablation"), planted.of("halves")
    for index, network in enumerate(planted.networks.values()):
        one, units = ablation.isel(network=index), halves.isel(network=index)
        for layer in ABLATED:
            half = units["ablated"].values[units["layer"].values == layer][:N_SIGNALS]
            for target, side in (("top", 1), ("bottom", -1)):
                loss, accuracy = ablated_scores(network, half == side)
                for clamp in ("output_zero", "relu_zero"):
                    measured = one.sel(layer=layer, target=target, clamp=clamp)
                    assert float(measured["loss"]) == pytest.approx(loss, rel=1e-3)
                    assert float(measured["accuracy"]) == pytest.approx(accuracy, abs=1e-9)


@pytest.mark.slow
def test_where_orientation_is_read_the_effect_is_supported(oriented: Population) -> None:
    """Under every clamp; without its oriented signals a network guesses, without as many others it loses nothing."""
    increase = oriented.of("ablation")["loss"] - oriented.of("ablation")["baseline_loss"]
    at_zero = increase.sel(clamp="output_zero")
    assert float(at_zero.sel(target="top").min()) > 0.5
    assert float(np.abs(at_zero.sel(target="bottom")).max()) < 1e-4
    results = concluded(oriented.study, dict.fromkeys((*EFFECTS, ABSENCE), ABLATED))
    for name in EFFECTS:
        assert verdicts(results[name]) == dict.fromkeys(ABLATED, SUPPORTED)
        assert max(layer.pvalue_adjusted for layer in results[name].layers) <= 0.01
    assert min(layer.estimate for layer in results["ablation-effect"].layers) > 2
    assert verdicts(results[ABSENCE]) == dict.fromkeys(ABLATED, EFFECT_PRESENT)


def test_where_colour_is_read_the_effect_is_opposite(coloured: Population) -> None:
    """The same filters, the other half read: every clamp gives an effect of the opposite sign."""
    results = concluded(coloured.study, dict.fromkeys((*EFFECTS, ABSENCE), ABLATED))
    for name in EFFECTS:
        assert verdicts(results[name]) == dict.fromkeys(ABLATED, OPPOSITE)
        assert max(layer.ci_high for layer in results[name].layers) < 0
        assert min(layer.pvalue for layer in results[name].layers) == 1.0
    assert verdicts(results[ABSENCE]) == dict.fromkeys(ABLATED, EFFECT_PRESENT)


@pytest.mark.slow
def test_an_equal_part_in_the_read_out_is_absence_by_equivalence(equal: Population) -> None:
    """Selective units are there and matter no more than others: absence is supported, and an effect that matters ruled out.

    It may besides be on the other side of 0 in all eight networks: equal parts of signals are not equal parts of the loss.
    """
    results = concluded(equal.study, dict.fromkeys((EXISTENCE[0], "ablation-effect", ABSENCE), ABLATED))
    assert verdicts(results[EXISTENCE[0]]) == dict.fromkeys(ABLATED, SUPPORTED)
    for layer in results["ablation-effect"].layers:
        assert layer.verdict in (RULED_OUT, OPPOSITE) and layer.pvalue_ruled_out_adjusted <= 0.05
    assert verdicts(results[ABSENCE]) == dict.fromkeys(ABLATED, SUPPORTED)
    for layer in results[ABSENCE].layers:
        assert abs(layer.estimate) < 0.5 and layer.pvalue_adjusted <= 0.05


@pytest.mark.slow
def test_a_large_p_is_not_absence_where_parts_are_drawn_at_random(random: Population) -> None:
    """Each network's effect is one of its own random halves': no effect is found, and none is declared absent."""
    results = concluded(random.study, dict.fromkeys((EXISTENCE[0], "ablation-effect", ABSENCE), ABLATED))
    assert verdicts(results[EXISTENCE[0]]) == dict.fromkeys(ABLATED, SUPPORTED)
    for layer in results["ablation-effect"].layers:
        assert layer.pvalue > 0.05 and layer.verdict != SUPPORTED
    effects = standardized_effect(random.study)
    assert ((effects < 0).any("network") & (effects > 0).any("network")).all()
    assert verdicts(results[ABSENCE]) == dict.fromkeys(ABLATED, INCONCLUSIVE)


@pytest.mark.slow
def test_selectivity_exists_where_it_is_passed_on_and_nowhere_behind(coloured: Population) -> None:
    """Supported up to the third layer and not from the fourth on, which only round filters reach.

    Not one unit of any network is selective there, so that the first measure is 0 in all of them.
    """
    results = concluded(coloured.study, dict.fromkeys(EXISTENCE, (*PASSING, *BEHIND)))
    shares, *excesses = (verdicts(results[name]) for name in EXISTENCE)
    for by_layer in (shares, *excesses):
        assert {layer: by_layer[layer] for layer in PASSING} == dict.fromkeys(PASSING, SUPPORTED)
    for by_layer in excesses:
        assert {by_layer[layer] for layer in BEHIND} <= {RULED_OUT, OPPOSITE}  # below their shuffles, or by too little
    assert SUPPORTED not in {shares[layer] for layer in BEHIND}
    estimates = {layer.layer: layer.estimate for layer in results[EXISTENCE[0]].layers}
    assert [estimates[layer] for layer in BEHIND] == [0.0] * len(BEHIND)


@pytest.mark.slow
def test_an_association_within_groups_is_recovered_against_the_pooled_one(oriented: Population) -> None:
    """More oriented signals, lower loss within every augmentation; pooled, it looks the other way round.

    The correlation is that of the number of oriented signals with the loss: with groups alike in size, the mean of the
    groups' own.
    """
    layers = ("conv2", "conv3", "conv4")
    result = concluded(oriented.study, {ASSOCIATION: layers})[ASSOCIATION]
    assert verdicts(result) == dict.fromkeys(layers, SUPPORTED)
    groups, losses = groups_and_losses(oriented)
    planted = stacked(oriented, "oriented").sum(axis=1)
    within = [
        scipy.stats.spearmanr(planted[groups == name], losses[groups == name]).statistic for name in AUGMENTATIONS
    ]
    assert [layer.estimate for layer in result.layers] == pytest.approx([np.mean(within)] * len(layers))
    assert np.mean(within) < -0.8
    assert scipy.stats.spearmanr(planted, losses).statistic > 0
    assert min(layer.estimate for layer in result.published_layers) > 0
    assert result.published_verdict != SUPPORTED


@pytest.mark.slow
def test_no_association_is_found_once_losses_are_dealt_out_anew(oriented: Population) -> None:
    """The same losses, given to networks at random within their augmentation: nothing is left to find.

    One deal in twenty gives p <= 0.05 by the meaning of p; the seed here gives one of the others.
    """
    groups, losses = groups_and_losses(oriented)
    rng = np.random.default_rng(3)
    for group in AUGMENTATIONS:
        losses[groups == group] = rng.permutation(losses[groups == group])
    dealt = replaced(oriented.study, "training", test_loss=losses)
    result = concluded(dealt, {ASSOCIATION: ("conv2", "conv3", "conv4")})[ASSOCIATION]
    for layer in result.layers:
        assert layer.pvalue > 0.05 and layer.verdict != SUPPORTED
