"""Figures, tables and notes of the question on ablation show what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from study.analysis.core.results import (
    Figure,
)
from study.analysis.questions import questions
from study.analysis.questions.ablation.estimands import (
    loss_increase,
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
from tests.example_ablation_study import costs, example_study, losses_of, notes, with_effect
from tests.example_study import LAYERS, conclusion, replaced, untested_results

CLAIMED = ("conv2", "conv3")


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks."""
    return example_study(silent=0.1)


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
