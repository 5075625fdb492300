"""Ablation: what silencing the more selective half costs, in units of what random halves cost."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import (
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
)
from study.analysis.questions.ablation.estimands import (
    effect,
    effect_by_block,
    effect_by_clamp,
    effect_by_clamp_and_block,
    log2_ratio,
    log2_ratio_by_block,
    loss_increase,
    response_contrast,
    standardized_effect,
    standardized_effect_by_block,
)
from study.config import CLAMPS
from study.report.charts import charts
from tests.example_ablation_study import costs, example_study, notes, with_effect, without
from tests.example_networks import BLOCKS
from tests.example_study import LAYERS, analysed, conclusion, registered, replaced, verdicts
from tests.example_study import example_study as any_study

ALL = [name for name, one in registered().hypotheses.items() if one.question == "ablation"]
CLAIMED = ("conv2", "conv3")
CLAMPED = ("ablation-relu-zero", "ablation-mean-clamp", "ablation-resample")


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks."""
    return example_study(silent=0.1)


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
    standardized = standardized_effect(study)
    assert standardized.dims == ("network", "layer")
    np.testing.assert_allclose(standardized, expected, rtol=1e-12)


def test_exchanging_the_halves_changes_the_sign_alone(study: xr.DataTree) -> None:
    """Of every measure."""
    ablation = study["ablation"].to_dataset()
    swapped = replaced(
        study,
        "ablation",
        loss=ablation["loss"].values[..., ::-1],
        loss_by_block=ablation["loss_by_block"].values[..., ::-1, :],
        null_target_loss_by_block=ablation["null_target_loss_by_block"].values[..., ::-1, :],
        null_target_loss=ablation["null_target_loss"].values[..., ::-1],
    )
    swapped = replaced(swapped, "halves", ablated=-study["halves"]["ablated"].values)
    for measure in (
        standardized_effect,
        response_contrast,
        lambda s: log2_ratio(s, "output_zero"),
        lambda s: effect(s, "relu_zero"),
        lambda s: effect(s, "mean"),
        lambda s: effect(s, "resample"),
        effect_by_clamp,
        effect_by_clamp_and_block,
        standardized_effect_by_block,
        lambda s: log2_ratio_by_block(s, "output_zero"),
    ):
        np.testing.assert_allclose(measure(swapped), -measure(study), atol=1e-12)


def test_the_mean_over_blocks_of_images_is_the_value_of_all(study: xr.DataTree) -> None:
    """Of every measure that has blocks; they differ, or there would be nothing to learn of images."""
    for values, blocks in (
        (standardized_effect(study), standardized_effect_by_block(study)),
        (effect(study, "mean"), effect_by_block(study, "mean")),
        (log2_ratio(study, "output_zero"), log2_ratio_by_block(study, "output_zero")),
        (effect_by_clamp(study), effect_by_clamp_and_block(study)),
    ):
        assert blocks.dims == (*values.dims, "block")
        np.testing.assert_allclose(blocks.mean("block", skipna=False), values, rtol=1e-9, atol=1e-12)
        assert float(blocks.std("block").min()) > 0


def test_a_block_moves_the_ratio_as_its_images_do(study: xr.DataTree) -> None:
    """One block whose increase of the top half is a thousandth higher raises the ratio by log2(1.001 / 1)."""
    ablation = study["ablation"].to_dataset()
    loss, intact = ablation["loss"].values, ablation["baseline_loss"].values
    blocks = np.repeat(loss[..., None], BLOCKS, axis=-1)
    blocks[..., 0, 4] += 0.001 * (loss[..., 0] - intact[:, None, None])
    changed = replaced(
        study,
        "ablation",
        loss=blocks.mean(axis=-1),
        loss_by_block=blocks,
        baseline_loss_by_block=np.repeat(intact[:, None], BLOCKS, axis=1),
    )
    moved = log2_ratio_by_block(changed, "output_zero") - log2_ratio(study, "output_zero")
    expected = np.log2(1.001) * (np.arange(BLOCKS) == 4)
    np.testing.assert_allclose(moved, np.broadcast_to(expected, moved.shape), atol=1e-4 * np.log2(1.001) * 6)


def test_a_clamp_that_was_not_used_has_no_effect_in_any_layer() -> None:
    """Of the three clamps of one claim the others keep theirs."""
    effects = effect_by_clamp(any_study(clamps=("output_zero", "mean")))
    assert effects["condition"].values.tolist() == ["output_zero", "mean", "resample"]
    assert effects.isnull().all(("network", "layer")).values.tolist() == [False, False, True]


def test_a_null_without_variation_leaves_the_effect_undefined(study: xr.DataTree) -> None:
    """All random halves cost the same: no scale to measure by; excluded and counted, in that layer alone."""
    null = study["ablation"].to_dataset()["null_effect"].values.copy()
    null[3, 1] = 0
    changed = replaced(study, "ablation", null_effect=null)
    standardized = standardized_effect(changed)
    assert np.argwhere(np.isnan(standardized.values)).tolist() == [[3, 1]]
    layers = {layer.layer: layer for layer in conclusion(changed, "ablation-effect").layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (23, 1)
    assert (layers["conv3"].n, layers["conv3"].n_missing) == (24, 0)


def test_the_ratio_is_on_the_log_scale() -> None:
    """Twice is 1, half is -1, four times is 2."""
    study = with_effect(example_study(), np.tile([0.2, 0.1, 0.4, 0.1, 0.3, 0.6, 0.8], (24, 1)), np.full((24, 7), 0.2))
    ratio = log2_ratio(study, "output_zero").isel(network=0)
    np.testing.assert_allclose(ratio, np.log2([1, 0.5, 2, 0.5, 1.5, 3, 4]), atol=1e-9)


@pytest.mark.parametrize(("top", "bottom"), [(0.0, 0.2), (-0.1, 0.2), (0.2, 0.0), (0.2, -0.1), (-0.2, -0.1)])
def test_the_ratio_is_undefined_where_an_increase_is_not_positive(top: float, bottom: float) -> None:
    """Also where both are negative, whose ratio would look like one; excluded, counted, noted, and without a warning."""
    tops, bottoms = costs(0.4), costs(0.2, seed=1)
    tops[:5, 1], bottoms[:5, 1] = top, bottom
    base = example_study()
    study = with_effect(replaced(base, "ablation", baseline_loss=0.0), tops, bottoms)
    assert np.isnan(log2_ratio(study, "output_zero").sel(layer="conv2").values[:5]).all()
    layers = {layer.layer: layer for layer in conclusion(study, "ablation-twofold").layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (19, 5)
    assert any("conv2 5, conv3 0" in note for note in notes(study))


def test_the_contrast_is_that_of_pandas(study: xr.DataTree) -> None:
    """(top - bottom) / (top + bottom) of mean responses with the analysed weights; units in neither half left out."""
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    frame = tuning[["mean_response"]].reset_coords(drop=True).to_dataframe().reset_index()
    frame["layer"] = tuning["layer"].values[frame["unit"]]
    frame["half"] = study["halves"].to_dataset()["ablated"].values.ravel()
    means = frame.groupby(["network", "layer", "half"])["mean_response"].mean().unstack()
    contrast = ((means[1] - means[-1]) / (means[1] + means[-1])).unstack()
    expected = contrast.loc[tuning["network"].values, list(LAYERS)]
    np.testing.assert_allclose(response_contrast(study).transpose("network", "layer"), expected, rtol=1e-6)


# Verdicts


def test_a_planted_effect_is_supported_under_every_reading() -> None:
    """The top half costs four times the bottom half: effect, twofold, under every clamp by itself and under three at once."""
    study = with_effect(example_study(), costs(0.8), costs(0.2, seed=1))
    for name in ("ablation-effect", "ablation-twofold", "ablation-clamps", *CLAMPED):
        result = conclusion(study, name)
        assert verdicts(result) == dict.fromkeys(CLAIMED, SUPPORTED)
        assert result.verdict == SUPPORTED
    absence = conclusion(study, "ablation-other-layers-absence")
    assert absence.verdict == EFFECT_PRESENT
    assert absence.published_verdict == NOT_SUPPORTED
    assert conclusion(study, "ablation-effect").published_verdict == SUPPORTED


def test_equal_halves_rule_the_effect_out_and_support_its_absence() -> None:
    """No difference, measured precisely."""
    study = with_effect(example_study(), costs(0.4), costs(0.4, seed=1))
    for name in ("ablation-effect", "ablation-twofold", "ablation-clamps", *CLAMPED):
        assert conclusion(study, name).verdict == RULED_OUT
    absence = conclusion(study, "ablation-other-layers-absence")
    assert absence.verdict == SUPPORTED
    assert absence.published_verdict == SUPPORTED


def test_a_reversed_effect_is_opposite_to_presence_and_present_for_absence() -> None:
    """The bottom half costs more: the other side of the claim, no absence elsewhere; a bound of twofold has no other side."""
    study = with_effect(example_study(), costs(0.2), costs(0.8, seed=1))
    for name in ("ablation-effect", "ablation-clamps", *CLAMPED):
        assert conclusion(study, name).verdict == OPPOSITE
    assert conclusion(study, "ablation-twofold").verdict == RULED_OUT
    assert conclusion(study, "ablation-other-layers-absence").verdict == EFFECT_PRESENT


def test_an_effect_below_twofold_is_an_effect_but_not_twofold() -> None:
    """Half as much again."""
    study = with_effect(example_study(), costs(0.6), costs(0.4, seed=1))
    assert conclusion(study, "ablation-effect").verdict == SUPPORTED
    assert conclusion(study, "ablation-twofold").verdict == RULED_OUT
    assert conclusion(study, "ablation-twofold").published_verdict == NOT_SUPPORTED


def test_networks_that_disagree_are_inconclusive() -> None:
    """A mean difference of half a null's deviation, that varies between networks by ten times as much."""
    study = with_effect(example_study(), costs(2.1, spread=0.7), costs(2.0, spread=0.7, seed=1))
    for name in ("ablation-effect", "ablation-clamps", *CLAMPED, "ablation-other-layers-absence"):
        assert conclusion(study, name).verdict == INCONCLUSIVE


def with_clamp(study: xr.DataTree, clamp: str, shift: float) -> xr.DataTree:
    """Return a study in which the top half costs so many nat more under one clamp, in every block of images alike."""
    ablation = study["ablation"].to_dataset()
    loss, blocks = ablation["loss"].copy(deep=True), ablation["loss_by_block"].copy(deep=True)
    loss.loc[{"clamp": clamp, "target": "top"}] += shift
    blocks.loc[{"clamp": clamp, "target": "top"}] += shift
    return replaced(study, "ablation", loss=loss, loss_by_block=blocks)


@pytest.mark.parametrize("clamp", ["output_zero", "mean", "resample"])
def test_one_clamp_that_says_otherwise_rules_a_claim_of_three_out(clamp: str) -> None:
    """The effect turns around under one of them: that one is shown, and the claim, which is about all three, falls."""
    study = with_clamp(with_effect(example_study(), costs(0.5), costs(0.2, seed=1)), clamp, -0.5)
    result = conclusion(study, "ablation-clamps")
    assert result.verdict == RULED_OUT
    for layer in result.layers:
        assert layer.estimate == pytest.approx(-0.2, abs=0.02)
        assert f"weakest of output_zero, mean, resample: {clamp}" in layer.note
        assert layer.pvalue > 0.9


def test_another_clamp_has_no_part_in_the_claim_of_three() -> None:
    """That of the response before normalisation may say what it likes."""
    study = with_clamp(with_effect(example_study(), costs(0.5), costs(0.2, seed=1)), "relu_zero", -1.0)
    assert conclusion(study, "ablation-clamps").verdict == SUPPORTED
    assert conclusion(study, "ablation-relu-zero").verdict == OPPOSITE


def test_images_that_disagree_leave_an_effect_undecided() -> None:
    """All networks alike, but a few images make the whole effect: with other images it might not be there."""
    study = with_effect(example_study(), costs(0.6), costs(0.4, seed=1))
    blocks = study["ablation"].to_dataset()["null_target_loss_by_block"].values.copy()
    swing = np.where(np.arange(BLOCKS) < 2, 18.0, -2.0)  # sums to 0: no network's value changes
    blocks[..., 0, :] += 0.2 * swing
    result = conclusion(replaced(study, "ablation", null_target_loss_by_block=blocks), "ablation-effect")
    certain = conclusion(study, "ablation-effect")
    for layer, beside in zip(result.layers, certain.layers, strict=True):
        assert layer.estimate == pytest.approx(beside.estimate)
        assert layer.ci_low < 0 < beside.ci_low
        assert layer.pvalue > 0.05 > beside.pvalue
    assert (result.verdict, certain.verdict) == (INCONCLUSIVE, SUPPORTED)


def test_one_of_two_layers_is_not_enough() -> None:
    """An effect in conv2 that is ruled out in conv3 rules a claim about both out."""
    tops = costs(0.2 + 0.6 * (np.array(list(LAYERS)) == "conv2"))
    result = conclusion(with_effect(example_study(), tops, costs(0.2, seed=1)), "ablation-effect")
    assert verdicts(result) == {"conv2": SUPPORTED, "conv3": RULED_OUT}
    assert result.verdict == RULED_OUT


@pytest.mark.parametrize(
    ("factor", "verdict", "published"), [(0.5, SUPPORTED, SUPPORTED), (2.0, OPPOSITE, NOT_SUPPORTED)]
)
def test_silence_is_read_from_the_halves_responses(factor: float, verdict: str, published: str) -> None:
    """The more selective half responds half as much, or twice as much."""
    study = example_study()
    half = study["halves"].to_dataset()["ablated"].values
    rng = np.random.default_rng(3)
    responses = np.where(half == 1, factor, 1.0) * rng.uniform(0.9, 1.1, half.shape)
    result = conclusion(replaced(study, "tuning", mean_response=responses[:, None]), "ablation-silence")
    assert result.verdict == verdict
    assert result.published_verdict == published
    assert result.layers[0].estimate == pytest.approx((factor - 1) / (factor + 1), abs=0.03)


@pytest.mark.parametrize("name", ALL)
def test_seven_networks_are_not_tested(name: str) -> None:
    """Fewer than registered, said so, with the number there is."""
    result = conclusion(example_study(seeds=7, augmentations=("shift",)), name)
    assert result.verdict == NOT_TESTED
    assert "there are 7" in result.reason or "not in the paper" in result.reason


def test_the_published_ratio_is_that_of_mean_increases() -> None:
    """Means over networks first, ratio after; marked above 2, no test; undefined is not tested."""
    tops, bottoms = costs([0.4, 0.5, 0.3, 0.4, 0.4, 0.4, 0.4], 0.1), costs(0.2, 0.1, seed=1)
    study = with_effect(replaced(example_study(), "ablation", baseline_loss=0.0), tops, bottoms)
    layers = {layer.layer: layer for layer in conclusion(study, "ablation-effect").published_layers}
    assert layers["conv2"].estimate == pytest.approx(tops[:, 1].mean() / bottoms[:, 1].mean())
    assert layers["conv2"].verdict == SUPPORTED
    assert layers["conv3"].verdict == NOT_SUPPORTED
    assert np.isnan(layers["conv2"].pvalue)
    undefined = conclusion(with_effect(study, tops, bottoms - 1), "ablation-effect")
    assert undefined.published_verdict == NOT_TESTED
    assert all(np.isnan(layer.estimate) for layer in undefined.published_layers)


# Studies that measured less


@pytest.mark.parametrize("name", ALL)
def test_a_study_of_one_clamp_is_analysed(study: xr.DataTree, name: str) -> None:
    """`ablation.clamps = ["output_zero"]` is a valid setting: what the other clamps would say is not tested."""
    result = conclusion(without(study, clamp=["output_zero"]), name)
    assert (result.verdict == NOT_TESTED) == (name in ("ablation-clamps", *CLAMPED))


@pytest.mark.parametrize(("clamp", "name"), list(zip(CLAMPS[1:], CLAMPED, strict=True)))
def test_each_clamp_has_a_hypothesis_of_its_own(clamp: str, name: str) -> None:
    """An effect under one clamp alone supports what is registered of that clamp, and of no other."""
    study = with_effect(example_study(), costs(0.2), costs(0.2, seed=1))
    changed = with_clamp(study, clamp, 0.3)
    assert [other for other in CLAMPED if conclusion(changed, other).verdict == SUPPORTED] == [name]
    assert conclusion(changed, name).layers[0].estimate == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("name", ALL)
def test_a_study_of_some_layers_is_analysed(study: xr.DataTree, name: str) -> None:
    """`ablation.layers = ["conv2", "fc1"]` is a valid setting: the other layers are not tested."""
    result = conclusion(without(study, layer=["conv2", "fc1"]), name)
    for layer in result.layers:
        assert (layer.verdict == NOT_TESTED) == (layer.layer not in ("conv2", "fc1")), layer.layer


@pytest.mark.parametrize(
    "kept",
    [{"clamp": ["output_zero"]}, {"layer": ["conv2", "fc1"]}, {"layer": ["conv4"]}],
    ids=["clamp", "layers", "none claimed"],
)
def test_a_study_that_measured_less_has_figures_and_notes(kept: dict[str, list[str]]) -> None:
    """They show what there is; without conv2 and conv3 there is nothing to say of the claim."""
    (question,) = analysed(without(example_study(seeds=2), **kept), "ablation-effect")
    layers = kept.get("layer", list(LAYERS))
    for figure in question.figures:
        of_claim = figure.id in ("ablation-classes", "ablation-conclusion-further")
        shown = [layer for layer in CLAIMED if layer in layers] if of_claim else layers
        assert set(figure.table["layer"]) == set(shown), figure.id
        if len(figure.table):
            json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False)
    assert len(question.notes) == 6 + len(kept.get("clamp", CLAMPS))
    assert ("nothing can be said" in question.notes[-1]) == (layers == ["conv4"])
