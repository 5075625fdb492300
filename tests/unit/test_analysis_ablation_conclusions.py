"""Specifications of the ablation: what each would say of the paper's conclusion, found where planted and not elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.results import CANNOT_TELL
from study.analysis.questions import questions
from study.analysis.questions.ablation.conclusions import (
    AS_PUBLISHED,
    BOTTOM_COSTS_MORE,
    OPPOSITE,
    SAME,
    TOP_COSTS_MORE,
    answer,
    conclusions_sentence,
    conclusions_table,
    ratio_of_means,
    specifications,
)
from study.analysis.questions.ablation.estimands import (
    control_effect,
    curve_distance,
    curve_increase,
    half_difference,
    half_responses,
    random_scale,
    response_contrast,
)
from study.analysis.questions.ablation.words import CLAMP_WORDS, CONTROL_WORDS
from study.config import CLAMPS
from study.vocabulary.schema import CONTROLS
from tests.example_study import LAYERS, example_study, replaced, untested_results

CLAIMED = ("conv2", "conv3")
LOSS, ACCURACY = AS_PUBLISHED, "accuracy in place of loss"
NULL, REGISTERED = "on the images of the random halves", "in units of random halves (registered)"
RANDOM, ALL_FRACTIONS = "a random half in place of the less selective one", "mean over all fractions of the units"
FRACTIONS = [f"{fraction} of the units in place of half" for fraction in ("10 %", "25 %", "75 %", "90 %")]
EFFECT = {"conv2": 0.3, "conv3": -0.3}


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks: the more selective half costs more in conv2, less in conv3, the same elsewhere."""
    return example_study(
        clamps=CLAMPS,
        log_ratio=EFFECT,
        control_log_ratio={"class_selectivity": {"conv3": 0.3}, "matched_activity": dict.fromkeys(LAYERS, 0.0)},
    )


@pytest.fixture(scope="module")
def table(study: xr.DataTree) -> pd.DataFrame:
    """Return its specifications."""
    return conclusions_table(study, CLAIMED, root_seed=0)


def row(table: pd.DataFrame, layer: str, specification: str) -> Any:
    """Return one row."""
    (entry,) = table[(table["layer"] == layer) & (table["specification"] == specification)].itertuples()
    return entry


def of(study: xr.DataTree, name: str) -> NDArray[np.float64]:
    """Return a variable of the ablation."""
    return study["ablation"].to_dataset()[name].values.copy()


# The rule


@pytest.mark.parametrize(
    ("low", "high", "claimed", "elsewhere"),
    [
        (0.1, 0.3, SAME, TOP_COSTS_MORE),
        (-0.3, -0.1, OPPOSITE, BOTTOM_COSTS_MORE),
        (-0.1, 0.3, CANNOT_TELL, CANNOT_TELL),
        (0.0, 0.3, CANNOT_TELL, CANNOT_TELL),
        (-0.3, 0.0, CANNOT_TELL, CANNOT_TELL),
        (np.nan, np.nan, CANNOT_TELL, CANNOT_TELL),
    ],
)
def test_the_interval_alone_answers(low: float, high: float, claimed: str, elsewhere: str) -> None:
    """Above 0, below 0, or neither; where the paper claims nothing there is no conclusion to agree with."""
    assert answer(low, high, claimed=True) == claimed
    assert answer(low, high, claimed=False) == elsewhere


def test_the_rule_is_wrong_as_often_as_the_figure_says() -> None:
    """Of 600 simulated samples of 24 networks without an effect 8 % get an answer; of 8 networks 12 %."""
    rng = np.random.default_rng(7)
    for n, stated in ((24, 0.08), (8, 0.12)):
        answers = []
        for _ in range(600):
            interval = stats.mean_interval(
                rng.normal(size=n), confidence_level=0.95, n_resamples=999, method="BCa", rng=rng
            )
            answers.append(answer(interval.low, interval.high, claimed=True))
        wrong = np.mean([one != CANNOT_TELL for one in answers])
        assert wrong == pytest.approx(stated, abs=3 * np.sqrt(stated * (1 - stated) / 600))


@pytest.mark.parametrize(
    ("top", "bottom", "ratio"),
    [
        ([1.0, 3.0], [0.5, 0.5], 4.0),
        ([1.0, 3.0], [-0.5, 0.5], np.nan),
        ([-1.0, -3.0], [-0.5, -0.5], np.nan),
        ([], [], np.nan),
    ],
)
def test_the_ratio_is_that_of_means(top: list[float], bottom: list[float], ratio: float) -> None:
    """Means first, as the paper does; undefined unless both are positive, also where two negatives would look fine."""
    assert ratio_of_means(np.array(top), np.array(bottom)) == pytest.approx(ratio, nan_ok=True)


# The specifications


def test_every_specification_is_there_once_and_changes_one_thing(study: xr.DataTree, table: pd.DataFrame) -> None:
    """As published first; then clamps, accuracy, images, units, rivals, controls and fractions; in every layer."""
    names = [specification.name for specification in specifications(study)]
    clamps, controls = [CLAMP_WORDS[name] for name in CLAMPS[1:]], [CONTROL_WORDS[name] for name in CONTROLS]
    assert names == [LOSS, *clamps, ACCURACY, NULL, REGISTERED, RANDOM, *controls, *FRACTIONS, ALL_FRACTIONS]
    assert len(table) == len(names) * len(LAYERS)
    layers = table["layer"].drop_duplicates().tolist()
    assert layers == ["conv2", "conv3", "conv1", "conv4", "conv5", "conv6", "fc1"]
    assert set(table[table["in_the_claim"]]["layer"]) == {"conv2", "conv3"}
    assert (table["networks"] == 24).all() and (table["undefined"] == 0).all()


def test_planted_effects_are_found_and_absent_ones_are_not(table: pd.DataFrame) -> None:
    """The same conclusion in conv2, the opposite in conv3, but for the control that was planted otherwise."""
    changed = {RANDOM, CONTROL_WORDS["class_selectivity"], CONTROL_WORDS["matched_activity"]}
    for layer, planted in (("conv2", SAME), ("conv3", OPPOSITE)):
        others = table[(table["layer"] == layer) & ~table["specification"].isin(changed)]
        assert set(others["answer"]) == {planted}
    assert row(table, "conv2", CONTROL_WORDS["class_selectivity"]).answer == CANNOT_TELL
    assert row(table, "conv3", CONTROL_WORDS["class_selectivity"]).answer == SAME
    elsewhere = table[~table["layer"].isin(list(EFFECT)) & (table["specification"] != RANDOM)]
    assert (elsewhere["answer"] == CANNOT_TELL).mean() > 0.8
    assert set(elsewhere["answer"]) <= {CANNOT_TELL, TOP_COSTS_MORE, BOTTOM_COSTS_MORE}


def test_a_row_is_the_statistics_of_its_differences(study: xr.DataTree, table: pd.DataFrame) -> None:
    """Mean, interval, two-sided sign-flip p, ratio of means and standard deviation, by hand."""
    increase = of(study, "loss")[:, 0, 1] - of(study, "baseline_loss")[:, None]
    differences, entry = increase[:, 0] - increase[:, 1], row(table, "conv2", LOSS)
    assert entry.effect == pytest.approx(differences.mean())
    assert entry.ci_low < entry.effect < entry.ci_high
    assert entry.ratio == pytest.approx(increase[:, 0].mean() / increase[:, 1].mean())
    assert entry.above_twofold == ("yes" if entry.ratio > 2 else "no")
    spread = differences.std(ddof=1)
    for scaled, raw in (("in_sd", "effect"), ("low_in_sd", "ci_low"), ("high_in_sd", "ci_high")):
        assert getattr(entry, scaled) == pytest.approx(getattr(entry, raw) / spread)
    assert entry.pvalue_unadjusted == pytest.approx(2 / 10_000)  # 9,999 random flips, none as large: never 0
    assert 0.01 < table["pvalue_unadjusted"].max() <= 1


@pytest.mark.parametrize(
    ("specification", "unit", "top", "bottom"),
    [
        ("output held at its mean", "nat", lambda s: of(s, "loss")[:, 2, 1, 0], lambda s: of(s, "loss")[:, 2, 1, 1]),
        (
            ACCURACY,
            "share of images",
            lambda s: -of(s, "accuracy")[:, 0, 1, 0],
            lambda s: -of(s, "accuracy")[:, 0, 1, 1],
        ),
        (NULL, "nat", lambda s: of(s, "null_target_loss")[:, 1, 0], lambda s: of(s, "null_target_loss")[:, 1, 1]),
        (RANDOM, "nat", lambda s: of(s, "null_target_loss")[:, 1, 0], lambda s: of(s, "null_loss")[:, 1].mean((1, 2))),
        (
            CONTROL_WORDS["matched_weight_norm"],
            "nat",
            lambda s: of(s, "control_loss")[:, 1, 3, 0],
            lambda s: of(s, "control_loss")[:, 1, 3, 1],
        ),
        (FRACTIONS[1], "nat", lambda s: of(s, "curve_loss")[:, 1, 1, 4], lambda s: of(s, "curve_loss")[:, 1, 0, 4]),
        (FRACTIONS[3], "nat", lambda s: of(s, "curve_loss")[:, 1, 1, 17], lambda s: of(s, "curve_loss")[:, 1, 0, 17]),
    ],
)
def test_a_specification_is_the_difference_it_says(
    study: xr.DataTree, table: pd.DataFrame, specification: str, unit: str, top: Any, bottom: Any
) -> None:
    """Taken from the stored arrays by position."""
    entry = row(table, "conv2", specification)
    assert entry.effect == pytest.approx((top(study) - bottom(study)).mean())
    assert entry.unit == unit


def test_the_mean_over_fractions_is_the_area_between_the_curves(study: xr.DataTree, table: pd.DataFrame) -> None:
    """Over fractions of which at least one unit is clamped; the same as the distance that is drawn."""
    curves, size = of(study, "curve_loss")[:, 1], of(study, "curve_size")[:, 1]
    difference = np.where(size > 0, curves[:, 1] - curves[:, 0], np.nan)
    expected = np.nanmean(difference, axis=1)
    assert row(table, "conv2", ALL_FRACTIONS).effect == pytest.approx(expected.mean())
    np.testing.assert_allclose(curve_distance(study, "descending", "ascending").sel(layer="conv2"), expected)


def test_exchanging_the_sides_turns_every_answer_around(study: xr.DataTree, table: pd.DataFrame) -> None:
    """Top for bottom and descending for ascending: the mirror image, but where a random half is compared with."""
    ends = {"class_loss": -2, "class_accuracy": -2}
    turned = {
        name: np.flip(of(study, name), axis=ends.get(name, -1))
        for name in ("loss", "accuracy", "null_target_loss", "control_loss", "control_accuracy", *ends)
    }
    curves = of(study, "curve_loss")[:, :, [1, 0, 2]]
    mirrored = conclusions_table(replaced(study, "ablation", curve_loss=curves, **turned), CLAIMED, root_seed=0)
    kept = (table["specification"] != RANDOM).values
    np.testing.assert_allclose(mirrored["effect"][kept], -table["effect"][kept], atol=1e-12)
    assert row(mirrored, "conv2", LOSS).answer == OPPOSITE
    assert row(mirrored, "conv3", LOSS).answer == SAME


def test_more_than_twice_is_said_beside_the_answer() -> None:
    """A difference may be there without being twofold; where a mean is not positive there is no ratio."""
    study = example_study(clamps=("output_zero",))
    halves = np.ones((24, len(LAYERS), 2)) + np.array([[0.5, 0.2]])
    halves[:, 2] = 1.3, 1.2
    halves[:, 3] = 1.3, 0.9
    halves = halves + np.random.default_rng(0).normal(0, 0.01, halves.shape)
    table = conclusions_table(
        replaced(study, "ablation", baseline_loss=1.0, loss=halves[:, None]), CLAIMED, root_seed=0
    )
    assert [row(table, layer, LOSS).above_twofold for layer in ("conv2", "conv3", "conv4")] == [
        "yes",
        "no",
        "undefined",
    ]
    assert row(table, "conv3", LOSS).answer == SAME
    assert np.isnan(row(table, "conv4", LOSS).ratio)


# What is not there


def test_networks_without_a_value_are_counted(study: xr.DataTree) -> None:
    """No half, no unit in a control, no unit in a fraction, no scale: undefined there, and not a difference of 0."""
    half, control, curve, null = (
        of(study, name) for name in ("half_size", "control_size", "curve_size", "null_effect")
    )
    half[:2, 1], control[:3, 1, 1], curve[:4, 1, 4], null[:5, 1] = 0, 0, 0, 0
    table = conclusions_table(
        replaced(study, "ablation", half_size=half, control_size=control, curve_size=curve, null_effect=null),
        CLAIMED,
        root_seed=0,
        layers=("conv2",),
    )
    counted = table.set_index("specification")["undefined"].to_dict()
    expected = dict.fromkeys(counted, 0)
    expected |= dict.fromkeys([LOSS, ACCURACY, NULL, RANDOM, *(CLAMP_WORDS[clamp] for clamp in CLAMPS[1:])], 2)
    assert counted == expected | {CONTROL_WORDS["matched_activity"]: 3, FRACTIONS[1]: 4, REGISTERED: 5}
    assert (table["networks"] + table["undefined"] == 24).all()


def test_a_layer_in_which_nothing_is_defined_cannot_tell(study: xr.DataTree) -> None:
    """No network with a half: no estimate, no interval, no p, and no answer."""
    table = conclusions_table(replaced(study, "ablation", half_size=0), CLAIMED, root_seed=0, layers=("conv2",))
    entry = row(table, "conv2", LOSS)
    assert (entry.networks, entry.undefined, entry.answer) == (0, 24, CANNOT_TELL)
    assert np.isnan([entry.effect, entry.ci_low, entry.pvalue_unadjusted, entry.ratio, entry.in_sd]).all()
    assert entry.above_twofold == "undefined"


def test_differences_that_do_not_vary_have_no_interval() -> None:
    """All networks alike: the effect is there, nothing is known of how it varies."""
    study = replaced(example_study(), "ablation", loss=np.array([1.5, 1.2]), baseline_loss=1.0)
    entry = row(conclusions_table(study, CLAIMED, root_seed=0, layers=("conv2",)), "conv2", LOSS)
    assert entry.effect == pytest.approx(0.3)
    assert entry.answer == CANNOT_TELL
    assert np.isnan(entry.ci_low)


def test_a_study_of_one_clamp_and_two_layers_has_fewer_rows() -> None:
    """What was not measured is not a row."""
    study = example_study(clamps=("output_zero",), layers={"conv2": 10, "fc1": 14})
    table = conclusions_table(study, CLAIMED, root_seed=0)
    assert table["layer"].drop_duplicates().tolist() == ["conv2", "fc1"]
    assert not set(table["specification"]) & {CLAMP_WORDS[clamp] for clamp in CLAMPS[1:]}
    assert table["specification"].nunique() == 15


def test_the_sentence_counts_answers(table: pd.DataFrame) -> None:
    """By layer of the claim; without such a layer it says so; it says that it is exploratory."""
    sentence = conclusions_sentence(table, CLAIMED)
    conv2 = table[table["layer"] == "conv2"]["answer"]
    assert f"conv2: of 18 specifications, same conclusion {(conv2 == SAME).sum()}, opposite conclusion 0" in sentence
    assert "Exploratory" in sentence
    assert "nothing can be said" in conclusions_sentence(table[table["layer"] == "fc1"], CLAIMED)


def test_the_figure_says_that_it_is_exploratory_and_how_many_rows_it_looked_at(study: xr.DataTree) -> None:
    """With the rule in words; the table behind it holds all layers."""
    question = questions()["ablation"]
    figures = {figure.id: figure for figure in question.figures(study, untested_results("ablation"), root_seed=0)}
    figure = figures["ablation-conclusion"]
    assert "Exploratory: 18 specifications of the same experiment in 7 layers, 126 rows" in figure.shows
    assert "an interval above 0" in figure.shows
    assert len(figure.table) == 126


# What they are made of


def test_effects_of_single_networks_are_those_by_hand(study: xr.DataTree) -> None:
    """Scale, control and curve of one network and layer."""
    null = of(study, "null_effect")[3, 2]
    scale = np.sqrt((null**2).mean())
    np.testing.assert_allclose(random_scale(study).transpose("network", "layer")[3, 2], scale)
    loss = of(study, "control_loss")[3, 2, 1]
    effect = control_effect(study).transpose("network", "layer", "control")[3, 2, 1]
    np.testing.assert_allclose(effect, (loss[0] - loss[1]) / scale)
    increase = curve_increase(study).transpose("network", "layer", "order", "fraction")[3, 2, 0, 9]
    np.testing.assert_allclose(increase, of(study, "curve_loss")[3, 2, 0, 9] - of(study, "null_baseline_loss")[3])


def test_a_quantity_that_is_the_halves_differs_by_two_deviations(study: xr.DataTree) -> None:
    """1 in the top half and 0 in the bottom half: a difference of 1, a deviation of a half; a constant has none."""
    half = study["halves"].to_dataset()["ablated"]
    np.testing.assert_allclose(half_difference(study, (half == 1).astype(float)), 2.0)
    assert half_difference(study, xr.ones_like(half, dtype=float)).isnull().all()


def test_the_contrast_is_that_of_the_responses_shown(study: xr.DataTree) -> None:
    """One is made of the other."""
    responses = half_responses(study).transpose("network", "layer", "target").values
    expected = (responses[..., 0] - responses[..., 1]) / responses.sum(axis=-1)
    np.testing.assert_allclose(response_contrast(study).transpose("network", "layer"), expected)


def test_the_example_agrees_with_itself(study: xr.DataTree) -> None:
    """Classes average to the whole, a curve passes near the halves, sizes are whole halves: what tests rest on."""
    np.testing.assert_allclose(of(study, "class_loss").mean(-1), of(study, "loss"))
    np.testing.assert_allclose(of(study, "class_accuracy").mean(-1), of(study, "accuracy"))
    np.testing.assert_allclose(of(study, "baseline_class_loss").mean(-1), of(study, "baseline_loss"))
    at_half = of(study, "curve_loss")[..., 9]
    np.testing.assert_allclose(at_half[..., [1, 0]], of(study, "null_target_loss"), atol=0.05)
    assert (of(study, "control_size") == of(study, "half_size")[..., None]).all()
