"""Ablation: what silencing the more selective half costs, in units of what random halves cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from study.analysis.ablation import effect, log2_ratio, loss_increase, response_contrast, standardized_effect
from study.analysis.results import CONTRADICTED, INCONCLUSIVE, NOT_TESTED, SUPPORTED
from tests.example_study import LAYERS, analysed, conclusion, example_study, registered, replaced, verdicts

ALL = [name for name, one in registered().hypotheses.items() if one.question == "ablation"]
CLAIMED = ("conv2", "conv3")


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks."""
    return example_study(silent=0.1)


def with_effect(study: xr.DataTree, top: np.ndarray, bottom: np.ndarray) -> xr.DataTree:
    """Return a study where clamping costs given losses (network, layer), under either clamp and on either images.

    Random halves differ with standard deviation 0.2, so that a difference of 0.2 is a standardised effect of about 1.
    """
    ablation = study["ablation"].to_dataset()
    halves = np.stack([top, bottom], axis=-1) + ablation["baseline_loss"].values[:, None, None]
    null = 0.2 * np.random.default_rng(0).normal(size=ablation["null_effect"].shape)
    return replaced(study, "ablation", loss=halves[:, None], null_target_loss=halves, null_effect=null)


def costs(mean: Any, spread: float = 0.02, seed: int = 0) -> np.ndarray:
    """Return losses (network, layer) around a mean, or a mean for each layer."""
    noise = np.random.default_rng(seed).normal(0, spread, (24, len(LAYERS)))
    return np.asarray(mean) + noise - noise.mean(axis=0)


# Measures


def test_increases_are_above_the_intact_loss(study: xr.DataTree) -> None:
    """Clamped minus baseline, each network by its own."""
    ablation = study["ablation"].to_dataset()
    expected = ablation["loss"].values - ablation["baseline_loss"].values[:, None, None, None]
    np.testing.assert_allclose(loss_increase(study).transpose("network", "clamp", "layer", "target"), expected)


def test_the_effect_is_standardised_by_the_networks_own_null(study: xr.DataTree) -> None:
    """T over the root mean square of the drawn effects, on the same images; not by their standard deviation."""
    ablation = study["ablation"].to_dataset()
    target, null = ablation["null_target_loss"].values, ablation["null_effect"].values
    expected = (target[..., 0] - target[..., 1]) / np.sqrt((null**2).mean(axis=-1))
    found = standardized_effect(study)
    assert found.dims == ("network", "layer")
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_exchanging_the_halves_changes_the_sign_alone(study: xr.DataTree) -> None:
    """Of every measure."""
    ablation = study["ablation"].to_dataset()
    swapped = replaced(
        study, "ablation", loss=ablation["loss"].values[..., ::-1], ablated=-ablation["ablated"].values,
        null_target_loss=ablation["null_target_loss"].values[..., ::-1],
    )  # fmt: skip
    for measure in (
        standardized_effect, response_contrast, lambda s: log2_ratio(s, "output_zero"), lambda s: effect(s, "relu_zero"),
    ):  # fmt: skip
        np.testing.assert_allclose(measure(swapped), -measure(study), atol=1e-12)


def test_a_null_without_variation_leaves_the_effect_undefined(study: xr.DataTree) -> None:
    """All random halves cost the same: no scale to measure by; excluded and counted, in that layer alone."""
    null = study["ablation"].to_dataset()["null_effect"].values.copy()
    null[3, 1] = 0
    changed = replaced(study, "ablation", null_effect=null)
    found = standardized_effect(changed)
    assert np.argwhere(np.isnan(found.values)).tolist() == [[3, 1]]
    layers = {layer.layer: layer for layer in conclusion(changed, "ablation-effect").layers}
    assert (layers["conv2"].n, layers["conv2"].n_excluded) == (23, 1)
    assert (layers["conv3"].n, layers["conv3"].n_excluded) == (24, 0)


def test_the_ratio_is_on_the_log_scale() -> None:
    """Twice is 1, half is -1, four times is 2."""
    study = with_effect(example_study(), np.tile([0.2, 0.1, 0.4, 0.1, 0.3, 0.6, 0.8], (24, 1)), np.full((24, 7), 0.2))
    found = log2_ratio(study, "output_zero").isel(network=0)
    np.testing.assert_allclose(found, np.log2([1, 0.5, 2, 0.5, 1.5, 3, 4]), atol=1e-9)


@pytest.mark.parametrize(("top", "bottom"), [(0.0, 0.2), (-0.1, 0.2), (0.2, 0.0), (0.2, -0.1), (-0.2, -0.1)])
def test_the_ratio_is_undefined_where_an_increase_is_not_positive(top: float, bottom: float) -> None:
    """Also where both are negative, whose ratio would look like one; excluded, counted, noted, and without a warning."""
    tops, bottoms = costs(0.4), costs(0.2, seed=1)
    tops[:5, 1], bottoms[:5, 1] = top, bottom
    base = example_study()
    study = with_effect(replaced(base, "ablation", baseline_loss=0.0), tops, bottoms)
    assert np.isnan(log2_ratio(study, "output_zero").sel(layer="conv2").values[:5]).all()
    (question,) = analysed(study, "ablation-twofold")
    layers = {layer.layer: layer for layer in question.hypotheses[0].layers}
    assert (layers["conv2"].n, layers["conv2"].n_excluded) == (19, 5)
    assert any("conv2 5, conv3 0" in note for note in question.notes)


def test_the_contrast_is_that_of_pandas(study: xr.DataTree) -> None:
    """(top - bottom) / (top + bottom) of mean responses with the analysed weights; units in neither half left out."""
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    frame = tuning[["mean_response"]].reset_coords(drop=True).to_dataframe().reset_index()
    frame["layer"] = tuning["unit_layer"].values[frame["unit"]]
    frame["half"] = study["ablation"].to_dataset()["ablated"].values.ravel()
    means = frame.groupby(["network", "layer", "half"])["mean_response"].mean().unstack()
    contrast = ((means[1] - means[-1]) / (means[1] + means[-1])).unstack()
    expected = contrast.loc[tuning["network"].values, list(LAYERS)]
    np.testing.assert_allclose(response_contrast(study).transpose("network", "layer"), expected, rtol=1e-6)


# Verdicts


def test_a_planted_effect_is_supported_under_every_reading() -> None:
    """The top half costs four times the bottom half: effect, twofold, and after the other clamp too."""
    study = with_effect(example_study(), costs(0.8), costs(0.2, seed=1))
    for name in ("ablation-effect", "ablation-twofold", "ablation-relu-zero"):
        result = conclusion(study, name)
        assert verdicts(result) == dict.fromkeys(CLAIMED, SUPPORTED)
        assert result.verdict == SUPPORTED
    absence = conclusion(study, "ablation-other-layers-absence")
    assert absence.verdict == CONTRADICTED
    assert absence.published_verdict == CONTRADICTED
    assert conclusion(study, "ablation-effect").published_verdict == SUPPORTED


def test_equal_halves_contradict_the_effect_and_support_its_absence() -> None:
    """No difference, measured precisely."""
    study = with_effect(example_study(), costs(0.4), costs(0.4, seed=1))
    for name in ("ablation-effect", "ablation-twofold", "ablation-relu-zero"):
        assert conclusion(study, name).verdict == CONTRADICTED
    absence = conclusion(study, "ablation-other-layers-absence")
    assert absence.verdict == SUPPORTED
    assert absence.published_verdict == SUPPORTED


def test_a_reversed_effect_contradicts_presence_and_absence_alike() -> None:
    """The bottom half costs more: no support for the claim, and no absence elsewhere."""
    study = with_effect(example_study(), costs(0.2), costs(0.8, seed=1))
    for name in ("ablation-effect", "ablation-twofold", "ablation-relu-zero", "ablation-other-layers-absence"):
        assert conclusion(study, name).verdict == CONTRADICTED


def test_an_effect_below_twofold_is_an_effect_but_not_twofold() -> None:
    """Half as much again."""
    study = with_effect(example_study(), costs(0.6), costs(0.4, seed=1))
    assert conclusion(study, "ablation-effect").verdict == SUPPORTED
    assert conclusion(study, "ablation-twofold").verdict == CONTRADICTED
    assert conclusion(study, "ablation-twofold").published_verdict == CONTRADICTED


def test_networks_that_disagree_are_inconclusive() -> None:
    """A mean difference of half a null's deviation, that varies between networks by ten times as much."""
    study = with_effect(example_study(), costs(2.1, spread=0.7), costs(2.0, spread=0.7, seed=1))
    for name in ("ablation-effect", "ablation-relu-zero", "ablation-other-layers-absence"):
        assert conclusion(study, name).verdict == INCONCLUSIVE


def test_one_of_two_layers_is_not_enough() -> None:
    """An effect in conv2 and none in conv3 contradicts a claim about both."""
    tops = costs(0.2 + 0.6 * (np.array(list(LAYERS)) == "conv2"))
    result = conclusion(with_effect(example_study(), tops, costs(0.2, seed=1)), "ablation-effect")
    assert verdicts(result) == {"conv2": SUPPORTED, "conv3": CONTRADICTED}
    assert result.verdict == CONTRADICTED


@pytest.mark.parametrize(("factor", "verdict"), [(0.5, SUPPORTED), (2.0, CONTRADICTED)])
def test_silence_is_read_from_the_halves_responses(factor: float, verdict: str) -> None:
    """The more selective half responds half as much, or twice as much."""
    study = example_study()
    half = study["ablation"].to_dataset()["ablated"].values
    rng = np.random.default_rng(3)
    responses = np.where(half == 1, factor, 1.0) * rng.uniform(0.9, 1.1, half.shape)
    result = conclusion(replaced(study, "tuning", mean_response=responses[:, None]), "ablation-silence")
    assert result.verdict == verdict
    assert result.published_verdict == verdict
    assert result.layers[0].estimate == pytest.approx((factor - 1) / (factor + 1), abs=0.03)


@pytest.mark.parametrize("name", ALL)
def test_seven_networks_are_not_tested(name: str) -> None:
    """Fewer than registered, said so, with the number there is."""
    result = conclusion(example_study(seeds=7, augmentations=("shift",)), name)
    assert result.verdict == NOT_TESTED
    assert "there are 7" in result.reason or "not in the paper" in result.reason


def test_the_published_ratio_is_that_of_mean_increases() -> None:
    """Means over networks first, ratio after; an asterisk above 2, no test; undefined is not tested."""
    tops, bottoms = costs([0.4, 0.5, 0.3, 0.4, 0.4, 0.4, 0.4], 0.1), costs(0.2, 0.1, seed=1)
    study = with_effect(replaced(example_study(), "ablation", baseline_loss=0.0), tops, bottoms)
    layers = {layer.layer: layer for layer in conclusion(study, "ablation-effect").published_layers}
    assert layers["conv2"].estimate == pytest.approx(tops[:, 1].mean() / bottoms[:, 1].mean())
    assert layers["conv2"].verdict == SUPPORTED
    assert layers["conv3"].verdict == CONTRADICTED
    assert np.isnan(layers["conv2"].pvalue)
    undefined = conclusion(with_effect(study, tops, bottoms - 1), "ablation-effect")
    assert undefined.published_verdict == NOT_TESTED
    assert all(np.isnan(layer.estimate) for layer in undefined.published_layers)


# Studies that measured less


def without(study: xr.DataTree, **kept: list[str]) -> xr.DataTree:
    """Return a study whose ablation has some layers or clamps only."""
    groups = {f"/{name}": study[name].to_dataset() for name in study.children}
    ablation = groups["/ablation"].sel(kept)
    if "layer" in kept:
        elsewhere = ~np.isin(ablation["unit_layer"].values, kept["layer"])
        ablation["ablated"] = ablation["ablated"].where(~xr.DataArray(elsewhere, dims="unit"), 0)
    groups["/ablation"] = ablation
    return xr.DataTree.from_dict(groups)


@pytest.mark.parametrize("name", ALL)
def test_a_study_of_one_clamp_is_analysed(study: xr.DataTree, name: str) -> None:
    """`ablation.clamps = ["output_zero"]` is a valid setting: what the other clamp would say is not tested."""
    result = conclusion(without(study, clamp=["output_zero"]), name)
    assert (result.verdict == NOT_TESTED) == (name == "ablation-relu-zero")


@pytest.mark.parametrize("name", ALL)
def test_a_study_of_some_layers_is_analysed(study: xr.DataTree, name: str) -> None:
    """`ablation.layers = ["conv2", "fc1"]` is a valid setting: the other layers are not tested."""
    result = conclusion(without(study, layer=["conv2", "fc1"]), name)
    for layer in result.layers:
        assert (layer.verdict == NOT_TESTED) == (layer.layer not in ("conv2", "fc1")), layer.layer


@pytest.mark.parametrize("kept", [{"clamp": ["output_zero"]}, {"layer": ["conv2", "fc1"]}], ids=["clamp", "layers"])
def test_a_study_that_measured_less_has_figures_and_notes(study: xr.DataTree, kept: dict[str, list[str]]) -> None:
    """They show what there is."""
    (question,) = analysed(without(study, **kept), *ALL)
    bars, null = (figure.table for figure in question.figures)
    assert set(bars["layer"]) == set(null["layer"]) == set(kept.get("layer", LAYERS))
    assert len(question.notes) == 4


# Figures and notes


def test_figures_hold_both_clamps_and_every_network(study: xr.DataTree) -> None:
    """A bar for each clamp, layer and half; a point for each network and layer, and their mean."""
    (question,) = analysed(study, "ablation-effect")
    bars, null = (figure.table for figure in question.figures)
    assert len(bars) == 2 * len(LAYERS) * 2
    increase = loss_increase(study)
    for row in bars.itertuples():
        values = increase.sel(layer=row.layer, clamp=row.clamp, target=row.target)
        assert row.loss_increase == pytest.approx(float(values.mean()))
        assert row.ci_low <= row.loss_increase <= row.ci_high
        top, bottom = (
            float(increase.sel(layer=row.layer, clamp=row.clamp, target=t).mean()) for t in ("top", "bottom")
        )
        assert row.asterisk == (top > 2 * bottom)
    points = null[null["kind"] == "network"]
    assert len(points) == 24 * len(LAYERS)
    means = points.groupby("layer", sort=False)["z"].mean()
    np.testing.assert_allclose(null[null["kind"] == "mean"]["z"], means)


def test_notes_count_networks_that_stand_out_from_their_own_null() -> None:
    """All 24 in conv2, none in conv3; the combined p agrees; silent units are counted."""
    tops = costs(0.2 + 3.0 * (np.array(list(LAYERS)) == "conv2") - 3.0 * (np.array(list(LAYERS)) == "conv3"))
    (question,) = analysed(with_effect(example_study(), tops, costs(0.2, seed=1)), "ablation-effect")
    own, combined = question.notes[:2]
    assert "of 24" in own
    assert "conv2 24, conv3 0" in own
    assert "conv2 0.0001" in combined
    assert "conv3 1.0000" in combined
    assert "Silent units per network" in question.notes[3]
