"""Ablation: what silencing the more selective half costs, in units of what random halves cost."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
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
    Figure,
)
from study.analysis.questions import questions
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
from study.analysis.questions.ablation.tables import (
    BY_CHANCE,
    BY_GOSI,
    accuracy_table,
    bars_table,
    clamps_table,
    classes_table,
    curves_table,
    differences_table,
    distances_table,
    rivals_table,
)
from study.analysis.questions.ablation.words import CLAMP_WORDS, CONTROL_WORDS, HALF_WORDS, ORDER_WORDS
from study.config import CLAMPS
from study.report.charts import charts
from tests.example_networks import BLOCKS, by_block
from tests.example_study import LAYERS, analysed, conclusion, registered, replaced, untested_results, verdicts
from tests.example_study import example_study as any_study

ALL = [name for name, one in registered().hypotheses.items() if one.question == "ablation"]
CLAIMED = ("conv2", "conv3")
CLAMPED = ("ablation-relu-zero", "ablation-mean-clamp", "ablation-resample")


def example_study(**options: Any) -> xr.DataTree:
    """Return a study that used every clamp."""
    return any_study(clamps=CLAMPS, **options)


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks."""
    return example_study(silent=0.1)


def with_effect(study: xr.DataTree, top: np.ndarray, bottom: np.ndarray) -> xr.DataTree:
    """Return a study where clamping costs given losses (network, layer), under every clamp and on either images.

    Random halves differ with standard deviation 0.2, so that a difference of 0.2 is a standardised effect of about 1.
    """
    ablation = study["ablation"].to_dataset()
    halves = np.stack([top, bottom], axis=-1) + ablation["baseline_loss"].values[:, None, None]
    null = 0.2 * np.random.default_rng(0).normal(size=ablation["null_effect"].shape)
    blocks = by_block(np.random.default_rng(1), halves)
    intact = ablation["baseline_loss"].values[:, None] + np.zeros(BLOCKS)
    return replaced(
        study,
        "ablation",
        loss=halves[:, None],
        baseline_loss_by_block=intact,
        loss_by_block=blocks[:, None],
        null_target_loss=halves,
        null_target_loss_by_block=blocks,
        null_effect=null,
    )


def losses_of(study: xr.DataTree) -> np.ndarray:
    """Return a copy of the losses (network, clamp, layer, target)."""
    return study["ablation"].to_dataset()["loss"].values.copy()


def costs(mean: Any, spread: float = 0.02, seed: int = 0) -> np.ndarray:
    """Return losses (network, layer) around a mean, or a mean for each layer."""
    noise = np.random.default_rng(seed).normal(0, spread, (24, len(LAYERS)))
    return np.asarray(mean) + noise - noise.mean(axis=0)


def notes(study: xr.DataTree) -> tuple[str, ...]:
    """Return the notes of the question."""
    question = questions()["ablation"]
    return question.notes(study, untested_results("ablation"), root_seed=0)


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


def without(study: xr.DataTree, **kept: list[str]) -> xr.DataTree:
    """Return a study whose ablation has some layers or clamps only."""
    groups = {f"/{name}": study[name].to_dataset() for name in study.children}
    groups["/ablation"] = groups["/ablation"].sel(kept)
    if "layer" in kept:
        halves = groups["/halves"]
        groups["/halves"] = halves.where(halves["layer"].isin(kept["layer"]), 0)
    return xr.DataTree.from_dict(groups)


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
        shown = [layer for layer in CLAIMED if layer in layers] if figure.id == "ablation-classes" else layers
        assert set(figure.table["layer"]) == set(shown), figure.id
        if len(figure.table):
            json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False)
    assert len(question.notes) == 6 + len(kept.get("clamp", CLAMPS))
    assert ("nothing can be said" in question.notes[-1]) == (layers == ["conv4"])


# Figures and notes


@pytest.fixture(scope="module")
def figures(study: xr.DataTree) -> tuple[Figure, ...]:
    """Return the figures of the study of 24 networks."""
    question = questions()["ablation"]
    return question.figures(study, untested_results("ablation"), root_seed=0)


@pytest.fixture(scope="module")
def drawn(figures: tuple[Figure, ...]) -> dict[str, pd.DataFrame]:
    """Return the table of every figure by its id."""
    return {figure.id: figure.table for figure in figures}


def test_the_papers_figure_and_its_second_set_are_named(figures: tuple[Figure, ...]) -> None:
    """Fig. 5 and, of the second set of initialisations, Fig. A7a; nothing else has a counterpart."""
    named = {figure.id: (figure.paper_figure, figure.second_paper_figure) for figure in figures}
    assert {name: pair for name, pair in named.items() if pair != ("", "")} == {
        "ablation-loss": ("Fig. 5", "Fig. A7a"),
        "ablation-null": ("Fig. 5", "Fig. A7a"),
    }


def test_bars_hold_every_clamp_and_points_every_network(study: xr.DataTree, drawn: dict[str, pd.DataFrame]) -> None:
    """A bar for each clamp, layer and half; a point for each network and layer, and their mean."""
    bars, null = drawn["ablation-loss"], drawn["ablation-null"]
    assert len(bars) == len(CLAMPS) * len(LAYERS) * 2
    increase = loss_increase(study)
    clamps, halves = ({words: name for name, words in of.items()} for of in (CLAMP_WORDS, HALF_WORDS))
    for row in bars.itertuples():
        values = increase.sel(layer=row.layer, clamp=clamps[row.clamp])
        assert row.loss_increase == pytest.approx(float(values.sel(target=halves[row.target]).mean()))
        assert row.ci_low <= row.loss_increase <= row.ci_high
        top, bottom = (float(values.sel(target=target).mean()) for target in ("top", "bottom"))
        assert row.twofold == (top > 2 * bottom)
    points = null[null["kind"] == "network"]
    assert len(points) == 24 * len(LAYERS)
    means = points.groupby("layer", sort=False)["z"].mean()
    np.testing.assert_allclose(null[null["kind"] == "mean"]["z"], means)


def test_more_than_twice_is_marked(drawn: dict[str, pd.DataFrame]) -> None:
    """Where the mean increases are 0.5 and 0.2, not where they are 0.3 and 0.2, nor where one is negative."""
    tops = costs([0.5, 0.3, 0.5, 0.5, 0.3, 0.5, 0.5])
    bars = bars_table(
        with_effect(example_study(), tops, costs([0.2, 0.2, -0.2, 0.2, 0.2, 0.2, 0.2], seed=1)), root_seed=0
    )
    assert bars.groupby("layer", sort=False)["twofold"].first().tolist() == [
        True,
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert not drawn["ablation-loss"]["twofold"].any()


def test_accuracy_is_lost_in_percentage_points(study: xr.DataTree, drawn: dict[str, pd.DataFrame]) -> None:
    """Intact minus ablated, times 100."""
    ablation = study["ablation"].to_dataset()
    expected = 100 * (
        ablation["baseline_accuracy"] - ablation["accuracy"].sel(clamp="mean", layer="conv3", target="top")
    )
    table = drawn["ablation-accuracy"].set_index(["clamp", "layer", "target"])
    row = table.loc[(CLAMP_WORDS["mean"], "conv3", HALF_WORDS["top"])]
    assert row["accuracy_loss"] == pytest.approx(float(expected.mean()))
    assert row["ci_low"] < row["accuracy_loss"] < row["ci_high"]


def test_silence_shows_both_halves_and_what_is_tested(study: xr.DataTree, drawn: dict[str, pd.DataFrame]) -> None:
    """Means of the halves' responses, and the registered estimate of their contrast."""
    table = drawn["ablation-responses"].set_index(["series", "layer"])["value"]
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    half, layer = study["halves"].to_dataset()["ablated"].values, tuning["layer"].values
    responses = np.where((half == 1) & (layer == "conv2"), tuning["mean_response"].values, np.nan)
    assert table[HALF_WORDS["top"], "conv2"] == pytest.approx(np.nanmean(responses, axis=1).mean(), rel=1e-6)
    for layer_result in conclusion(study, "ablation-silence").layers:
        assert table["contrast", layer_result.layer] == pytest.approx(layer_result.estimate, rel=1e-9)


def test_classes_are_charged_what_was_planted() -> None:
    """Silencing the more selective half costs the first class four times what it costs another; the mean is the whole."""
    study = example_study(class_cost={"top": [4.0] + 9 * [1.0]}, log_ratio={"conv2": 0.3})
    table = classes_table(study, CLAIMED, root_seed=0)
    assert table["class"].drop_duplicates().tolist() == [str(number) for number in range(10)]
    one = table[(table["layer"] == "conv2") & (table["target"] == HALF_WORDS["top"])].set_index("class")
    for column in ("accuracy_loss", "loss_increase"):
        np.testing.assert_allclose(one[column]["0"] / one[column].drop("0"), 4.0)
    whole = accuracy_table(study, root_seed=0).set_index(["clamp", "layer", "target"])["accuracy_loss"]
    assert one["accuracy_loss"].mean() == pytest.approx(whole[CLAMP_WORDS["output_zero"], "conv2", HALF_WORDS["top"]])


def test_classes_are_called_by_their_names_where_the_study_has_them() -> None:
    """An attribute of the group; a list that does not fit is not used."""
    study = example_study(seeds=1)
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    study["ablation"].attrs["class_names"] = names
    assert classes_table(study, CLAIMED, root_seed=0)["class"].drop_duplicates().tolist() == names
    study["ablation"].attrs["class_names"] = names[:3]
    assert classes_table(study, CLAIMED, root_seed=0)["class"].drop_duplicates().tolist() == [str(i) for i in range(10)]


def test_curves_rise_and_their_order_is_what_was_planted() -> None:
    """Most selective first lies above, by what was planted; the mean distance is that of the planted curves."""
    study = example_study(log_ratio={"conv2": 0.3}, curve_tilt={"conv2": 0.2})
    table = curves_table(study, root_seed=0)
    curves = table.pivot_table(index=["layer", "fraction"], columns="order", values="loss_increase")
    assert len(table) == len(LAYERS) * 3 * 19
    first, last, chance = (ORDER_WORDS[order] for order in ("descending", "ascending", "random"))
    conv2, conv4 = curves.loc["conv2"], curves.loc["conv4"]
    assert (conv2[first] > conv2[chance]).all() and (conv2[chance] > conv2[last]).all()
    np.testing.assert_allclose(conv4[first], conv4[last], atol=0.03)
    assert (np.diff(conv4[chance]) > 0).all()
    distances = distances_table(study, root_seed=0).set_index(["series", "layer"])
    whole = distances.loc[(f"{first}, minus {last}", "conv2")]
    assert whole["value"] == pytest.approx((conv2[first] - conv2[last]).mean(), rel=1e-6)
    assert whole["ci_low"] > 0.2
    flat = distances.loc[(f"{first}, minus {last}", "conv4")]
    assert abs(flat["value"]) < 0.02


def test_a_fraction_of_no_unit_is_left_out() -> None:
    """Its loss is the intact network's: not a cost of 0, but none; networks that have it are counted."""
    study = example_study()
    size = study["ablation"].to_dataset()["curve_size"].values.copy()
    size[:, 1, :2], size[:4, 1, 2] = 0, 0
    table = curves_table(replaced(study, "ablation", curve_size=size), root_seed=0)
    conv2 = table[(table["layer"] == "conv2") & (table["order"] == ORDER_WORDS["random"])]
    assert conv2["networks"].tolist() == [0, 0, 20] + 16 * [24]
    assert conv2["loss_increase"].isna().tolist() == [True, True] + 17 * [False]


def test_rivals_are_in_units_of_random_halves(study: xr.DataTree, drawn: dict[str, pd.DataFrame]) -> None:
    """Each control's difference over the network's own scale; halves by gOSI are the registered estimate."""
    table = drawn["ablation-rivals"].set_index(["series", "layer"])
    ablation = study["ablation"].to_dataset()
    loss = ablation["control_loss"].sel(control="matched_weight_norm", layer="conv3")
    scale = np.sqrt((ablation["null_effect"].sel(layer="conv3").values ** 2).mean(axis=1))
    expected = ((loss.sel(target="top").values - loss.sel(target="bottom").values) / scale).mean()
    assert table.loc[(CONTROL_WORDS["matched_weight_norm"], "conv3"), "value"] == pytest.approx(expected)
    for layer in conclusion(study, "ablation-effect").layers:
        assert table.loc[(BY_GOSI, layer.layer), "value"] == pytest.approx(layer.estimate)


def test_tables_count_the_networks_they_leave_out(study: xr.DataTree) -> None:
    """Where random halves have no scale there is no effect by gOSI, by a control, or by chance; where no ratio, no ratio."""
    null, loss = study["ablation"].to_dataset()["null_effect"].values.copy(), losses_of(study)
    null[:3, 1], loss[:4, 0, 1, 0] = 0, 0.0
    changed = replaced(study, "ablation", null_effect=null, loss=loss)
    rivals = rivals_table(changed, root_seed=0)
    conv2 = rivals[rivals["layer"] == "conv2"]
    assert (conv2["networks"] == 21).all() and (conv2["undefined"] == 3).all()
    assert (rivals[rivals["layer"] != "conv2"]["undefined"] == 0).all()
    clamps = clamps_table(changed, root_seed=0).set_index(["quantity", "series", "layer"])["undefined"]
    ratio, difference = "log2 of the ratio of increases", "difference of test loss (nat)"
    assert clamps[ratio, CLAMP_WORDS["output_zero"], "conv2"] == 4
    assert clamps[ratio].sum() == 4 and clamps[difference].sum() == 0


def test_random_halves_scatter_as_means_of_so_many_networks_do(drawn: dict[str, pd.DataFrame]) -> None:
    """About 0, within 1.96 / sqrt(24) of it: each network's random differences have a root mean square of 1."""
    rivals = drawn["ablation-rivals"]
    chance = rivals[rivals["series"] == BY_CHANCE]
    assert (chance["value"] == 0).all()
    np.testing.assert_allclose(chance["ci_high"], 1.96 / np.sqrt(24), rtol=0.15)
    np.testing.assert_allclose(chance["ci_low"], -1.96 / np.sqrt(24), rtol=0.15)


def test_clamps_are_told_apart(drawn: dict[str, pd.DataFrame]) -> None:
    """A row for each layer, clamp and quantity; the planted clamp alone shows an effect."""
    assert len(drawn["ablation-clamps"]) == 2 * len(CLAMPS) * len(LAYERS)
    study = with_effect(example_study(), costs(0.2), costs(0.2, seed=1))
    loss = losses_of(study)
    loss[:, CLAMPS.index("resample"), :, 0] += 0.6
    table = clamps_table(replaced(study, "ablation", loss=loss), root_seed=0).set_index(["quantity", "series", "layer"])
    for clamp in CLAMPS:
        difference = table.loc[("difference of test loss (nat)", CLAMP_WORDS[clamp], "conv2"), "value"]
        ratio = table.loc[("log2 of the ratio of increases", CLAMP_WORDS[clamp], "conv2"), "value"]
        assert difference == pytest.approx(0.6 if clamp == "resample" else 0.0, abs=0.02)
        assert ratio == pytest.approx(2.0 if clamp == "resample" else 0.0, abs=0.1)


def test_what_else_the_halves_differ_in_is_found() -> None:
    """Planted: units with higher gOSI are less active and further from zero, and no more; by pandas."""
    study = example_study(unit_slope={"mean_activity": -4.0, "mean_output": 4.0}, silent=0.1)
    table = differences_table(study, root_seed=0).set_index(["series", "layer"])
    assert table.loc[("mean activity", "conv2"), "ci_high"] < -0.5
    assert table.loc[("distance of the mean output from zero", "conv2"), "ci_low"] > 0.5  # of either sign
    assert abs(table.loc["weight norm"]["value"].mean()) < 0.2
    activity, half = study["activity"].to_dataset()["mean_activity"], study["halves"].to_dataset()["ablated"].values
    frame = pd.DataFrame(
        {
            "network": np.repeat(np.arange(24), activity.sizes["unit"]),
            "value": activity.values.ravel(),
            "layer": np.tile(activity["layer"].values, 24),
            "half": half.ravel(),
        }
    ).query("half != 0 and layer == 'conv3'")
    means = frame.groupby(["network", "half"])["value"].mean().unstack()
    expected = (means[1] - means[-1]) / frame.groupby("network")["value"].std(ddof=0)
    assert table.loc[("mean activity", "conv3"), "value"] == pytest.approx(expected.mean())


def test_notes_count_networks_that_stand_out_from_their_own_null() -> None:
    """All 24 in conv2, none in conv3; the combined p agrees; silent units are counted."""
    tops = costs(0.2 + 3.0 * (np.array(list(LAYERS)) == "conv2") - 3.0 * (np.array(list(LAYERS)) == "conv3"))
    said = notes(with_effect(example_study(), tops, costs(0.2, seed=1)))
    standing_out, combined = said[:2]
    assert "of 24" in standing_out
    assert "conv2 24, conv3 0" in standing_out
    assert "conv2 0.0001" in combined
    assert "conv3 1.0000" in combined
    assert any(note.startswith("Silent units per network") for note in said)


def test_notes_count_what_is_undefined() -> None:
    """Random halves that all cost the same, controls without units, ratios under each clamp: by layer."""
    study = example_study()
    ablation = study["ablation"].to_dataset()
    null, size, loss = (ablation[name].values.copy() for name in ("null_effect", "control_size", "loss"))
    null[:2, 0], size[:3, 1, 2], loss[:5, CLAMPS.index("mean"), 4, 1] = 0, 0, 0.0
    said = notes(replaced(study, "ablation", null_effect=null, control_size=size, loss=loss))
    others = ", conv3 0, conv4 0, conv5 0, conv6 0, fc1 0."
    assert any("all random halves cost the same: conv1 2, conv2 0" + others in note for note in said)
    assert any("its halves hold no unit: conv1 2, conv2 3" + others in note for note in said)
    (under_mean,) = (note for note in said if f"({CLAMP_WORDS['mean']})" in note)
    assert "conv4 0, conv5 5, conv6 0" in under_mean
    assert sum("conv5 5" in note for note in said) == 1
