"""Shift invariance: FC 1 behind ablated halves against other halves and against the intact network, and depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study.analysis.core.results import INCONCLUSIVE, NOT_SUPPORTED, NOT_TESTED, OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.questions.shift_invariance import estimands
from study.vocabulary.schema import conditions
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

FC1, BOTTOM, DEPTH, CONSISTENCY = (
    "shift_invariance-fc1",
    "shift_invariance-fc1-bottom-half",
    "shift_invariance-depth",
    "shift_invariance-consistency",
)
ROWS = {name: row for row, name in enumerate(conditions(["conv2", "conv3"]))}
BOTH = {"conv2": 0.2, "conv3": 0.2}


def changed(study: xr.DataTree, variable: str, factor: float = 1.0, term: float = 0.0, **at: Any) -> xr.DataTree:
    """Return a study with some values of the group multiplied and added to; `at` names condition, layer or shift."""
    values = study["shift_invariance"][variable].copy(deep=True)
    values.loc[at] = values.loc[at] * factor + term
    return replaced(study, "shift_invariance", **{variable: values})


# Measures


def test_log_ratios_by_hand() -> None:
    """Each network's FC 1, at the layer ablated; the intact network is the same for both."""
    study = example_study(seeds=2)
    cv = study["shift_invariance"]["cv_mean"].values[..., -1]
    for half, reference in (("top", "random"), ("top", "bottom"), ("random", "intact")):
        ratio = estimands.last_layer_log_ratio(study, half, reference)
        assert ratio.transpose("network", "layer").shape == (8, 2)
        for layer in ("conv2", "conv3"):
            below = cv[:, ROWS["intact" if reference == "intact" else f"{layer}_{reference}"]]
            np.testing.assert_allclose(ratio.sel(layer=layer), np.log(cv[:, ROWS[f"{layer}_{half}"]] / below))


def test_depth_correlation_is_scipys() -> None:
    """Rho of the position of a layer and its intact coefficient, one a network, recorded at FC 1."""
    study = example_study(seeds=2)
    cv = np.random.default_rng(0).random((8, 7, 7))
    rho = estimands.depth_correlation(replaced(study, "shift_invariance", cv_mean=cv))
    assert rho["layer"].values.tolist() == ["fc1"]
    expected = [scipy.stats.spearmanr(np.arange(7), row).statistic for row in cv[:, 0]]
    np.testing.assert_allclose(rho.sel(layer="fc1"), expected)


def test_consistency_difference_is_of_means_over_shifts() -> None:
    """Top half minus random half of the same layer."""
    study = example_study(seeds=2)
    values = study["shift_invariance"]["prediction_consistency"].values
    difference = estimands.consistency_difference(study, "top", "random")
    for layer in ("conv2", "conv3"):
        top, random = (values[:, ROWS[f"{layer}_{half}"]].mean(axis=1) for half in ("top", "random"))
        np.testing.assert_allclose(difference.sel(layer=layer), top - random)


# Planted and absent effects


def test_a_planted_rise_is_found_against_every_reference() -> None:
    """The top half of both layers raises FC 1's coefficient by a fifth beyond any other half."""
    study = example_study(fc1_log_ratio=BOTH)
    for name in (FC1, BOTTOM):
        result = conclusion(study, name)
        assert result.verdict == SUPPORTED
        assert [layer.estimate for layer in result.layers] == pytest.approx([0.2, 0.2], abs=0.03)
        assert {layer.n for layer in result.layers} == {24}


def test_what_any_half_does_is_published_support_and_registered_none() -> None:
    """All halves raise the coefficient alike: above the intact network, as published, and not above a random half."""
    result = conclusion(example_study(), FC1)
    assert result.published_verdict == SUPPORTED
    assert all(layer.estimate > 0.05 for layer in result.published_layers)
    assert result.verdict == RULED_OUT
    assert conclusion(example_study(), BOTTOM).verdict == RULED_OUT


def test_a_fall_is_opposite_and_supports_neither_analysis() -> None:
    """Silencing the top half makes FC 1 less variable than intact."""
    result = conclusion(example_study(fc1_log_ratio={"conv2": -0.5, "conv3": -0.5}), FC1)
    assert (result.verdict, result.published_verdict) == (OPPOSITE, NOT_SUPPORTED)


def test_one_layer_is_not_enough() -> None:
    """The claim needs Conv 2 and Conv 3."""
    result = conclusion(example_study(fc1_log_ratio={"conv2": 0.2}), FC1)
    assert verdicts(result) == {"conv2": SUPPORTED, "conv3": RULED_OUT}
    assert result.verdict == RULED_OUT


def not_alike(study: xr.DataTree) -> xr.DataTree:
    """Return a study in half of whose networks two layers change places: were rho 1 in all, a mean would have no error."""
    cv = study["shift_invariance"]["cv_mean"].values.copy()
    cv[::2, 0, :2] = cv[::2, 0, 1::-1]
    return replaced(study, "shift_invariance", cv_mean=cv)


def test_depth_is_found_where_it_is() -> None:
    """The example falls with depth; turned round it is the opposite, shuffled in every network it supports nothing."""
    study = not_alike(example_study())
    assert conclusion(study, DEPTH).verdict == conclusion(study, DEPTH).published_verdict == SUPPORTED
    cv = study["shift_invariance"]["cv_mean"].values
    turned = cv[..., ::-1]
    rising = conclusion(replaced(study, "shift_invariance", cv_mean=turned), DEPTH)
    assert (rising.verdict, rising.published_verdict) == (OPPOSITE, NOT_SUPPORTED)
    shuffled = np.random.default_rng(0).permuted(cv, axis=-1)
    assert conclusion(replaced(study, "shift_invariance", cv_mean=shuffled), DEPTH).verdict != SUPPORTED


def test_lost_predictions_are_found() -> None:
    """Five in a hundred fewer predictions survive behind the top halves; by default none fewer."""
    study = example_study()
    fewer = changed(study, "prediction_consistency", term=-0.05, condition=["conv2_top", "conv3_top"])
    result = conclusion(fewer, CONSISTENCY)
    assert result.verdict == SUPPORTED
    assert [layer.estimate for layer in result.layers] == pytest.approx([-0.05, -0.05], abs=0.015)
    assert conclusion(study, CONSISTENCY).verdict in (RULED_OUT, INCONCLUSIVE)
    assert result.published_verdict == NOT_TESTED


# What is undefined or absent


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_networks_without_a_ratio_are_excluded_and_counted(value: float) -> None:
    """One network whose FC 1 does not vary, or has no active component, behind one random half."""
    study = example_study(fc1_log_ratio=BOTH)
    cv = study["shift_invariance"]["cv_mean"].values.copy()
    cv[3, ROWS["conv2_random"], -1] = value
    study = replaced(study, "shift_invariance", cv_mean=cv)
    layers = {layer.layer: layer for layer in conclusion(study, FC1).layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (23, 1)
    assert (layers["conv3"].n, layers["conv3"].n_missing) == (24, 0)
    (question,) = analysed(study, FC1)
    ratios = question.figures[1].table
    means = ratios[(ratios["kind"] == "mean") & (ratios["ablated"] == "conv2 ablated")].set_index("comparison")
    assert means.loc["top half / random half, registered", "networks"] == 23
    assert means.loc["top half / bottom half", "networks"] == 24


def test_a_layer_without_halves_is_not_compared() -> None:
    """With fewer than two units that respond to gratings nothing was ablated: no difference of 0, but none."""
    study = example_study(fc1_log_ratio=BOTH)
    tuning = study["tuning"].to_dataset()
    silent, members = tuning["silent"].values.copy(), np.flatnonzero(tuning["layer"].values == "conv2")
    silent[:, -1, members] = False
    silent[:5, -1, members[1:]] = True
    silent[5, -1, members[2:]] = True
    study = replaced(study, "tuning", silent=silent)
    for name in (FC1, BOTTOM, CONSISTENCY):
        layers = {layer.layer: layer for layer in conclusion(study, name).layers}
        assert (layers["conv2"].n, layers["conv2"].n_missing) == (19, 5)
        assert (layers["conv3"].n, layers["conv3"].n_missing) == (24, 0)


def test_a_fall_with_depth_without_exception_is_found() -> None:
    """Rho is -1 in all eight networks: there is no spread, and one arrangement of signs in 256 is as far from 0."""
    falling = np.broadcast_to(np.linspace(1.0, 0.1, 7), (8, 7, 7))
    result = conclusion(replaced(example_study(seeds=2), "shift_invariance", cv_mean=falling), DEPTH)
    assert (result.layers[0].estimate, result.layers[0].pvalue) == (-1.0, pytest.approx(2**-8))
    assert result.verdict == SUPPORTED


def test_a_layer_without_a_coefficient_leaves_the_network_without_a_depth_correlation() -> None:
    """Not a correlation of the other layers: undefined, excluded, counted."""
    study = example_study()
    cv = study["shift_invariance"]["cv_mean"].values.copy()
    cv[5, 0, 2] = np.nan
    (layer,) = conclusion(replaced(study, "shift_invariance", cv_mean=cv), DEPTH).layers
    assert (layer.n, layer.n_missing) == (23, 1)


def test_a_layer_that_was_not_ablated_is_not_tested() -> None:
    """Conv 3 alone was ablated: Conv 2 was not measured, and the claim, which needs both, is not tested."""
    study = example_study(fc1_log_ratio=BOTH)
    group = study["shift_invariance"].to_dataset()
    alone = group.sel(condition=["intact", "conv3_top", "conv3_bottom", "conv3_random"])
    trees = {f"/{name}": study[name].to_dataset() for name in study.children} | {"/shift_invariance": alone}
    study = xr.DataTree.from_dict(trees)
    result = conclusion(study, FC1)
    assert verdicts(result) == {"conv2": NOT_TESTED, "conv3": SUPPORTED}
    assert "conv2 was not measured" in result.layers[0].note
    assert [layer.verdict for layer in result.published_layers] == [NOT_TESTED, SUPPORTED]
    (question,) = analysed(study, FC1)
    assert set(question.figures[0].table["ablated"]) == {"conv3 ablated"}


def test_silencing_fc1_itself_says_nothing_of_fc1() -> None:
    """Its own responses are watched in front of where it is ablated: a ratio of 1 by construction is left out."""
    study = example_study(seeds=2)
    group = study["shift_invariance"].to_dataset()
    names = [name.replace("conv3", "fc1") for name in group["condition"].values.tolist()]
    trees = {f"/{name}": study[name].to_dataset() for name in study.children}
    study = xr.DataTree.from_dict(trees | {"/shift_invariance": group.assign_coords(condition=names)})
    assert estimands.ablated_layers(study) == ["conv2"]
    assert estimands.last_layer_log_ratio(study, "top", "random")["layer"].values.tolist() == ["conv2"]


def test_ablating_fc1_alone_leaves_nothing_to_compare() -> None:
    """No figure, a note that says so, and every layer not measured."""
    study = not_alike(example_study(fc1_log_ratio=BOTH))
    group = study["shift_invariance"].to_dataset().isel(condition=slice(4))
    group = group.assign_coords(condition=["intact", "fc1_top", "fc1_bottom", "fc1_random"])
    trees = {f"/{name}": study[name].to_dataset() for name in study.children} | {"/shift_invariance": group}
    (question,) = analysed(xr.DataTree.from_dict(trees), FC1, DEPTH)
    assert [result.verdict for result in question.hypotheses] == [NOT_TESTED, SUPPORTED]
    assert question.figures == ()
    assert question.notes[0].startswith("Ablated layers: none.")


def test_too_few_networks_are_not_tested() -> None:
    """Four networks: nothing is tested, and it says why; the published analysis needs no number."""
    result = conclusion(example_study(seeds=1, fc1_log_ratio=BOTH), FC1)
    assert result.verdict == NOT_TESTED
    assert "at least 8 networks" in result.reason
    assert result.published_verdict == SUPPORTED


# Figures and notes


def test_the_layers_figure_holds_means_over_networks() -> None:
    """Two panels of seven layers and four conditions; up to the ablated layer the bars are equal."""
    study = example_study(fc1_log_ratio={"conv2": 0.3})
    (question,) = analysed(study, FC1)
    figure = question.figures[0]
    assert (figure.paper_figure, figure.second_paper_figure) == ("Fig. 6a", "Fig. 6b")
    table = figure.table.set_index(["ablated", "condition", "layer"])
    assert len(table) == 2 * 4 * 7
    assert list(dict.fromkeys(figure.table["layer"])) == list(LAYERS)
    cv = study["shift_invariance"]["cv_mean"].values
    for (ablated, condition, layer), row in table.iterrows():
        half = condition.split()[0]
        name = "intact" if half == "intact" else f"{ablated.split()[0]}_{half}"
        assert row["cv"] == pytest.approx(cv[:, ROWS[name], list(LAYERS).index(layer)].mean())
        assert row["ci_low"] <= row["cv"] <= row["ci_high"]
        assert row["networks"] == 24
    front = figure.table[(figure.table["ablated"] == "conv3 ablated") & (figure.table["layer"] == "conv3")]
    assert front["cv"].nunique() == 1
    fc1 = figure.table[figure.table["layer"] == "fc1"].set_index(["ablated", "condition"])["cv"]
    assert fc1["conv2 ablated", "top half ablated"] > 1.2 * fc1["conv2 ablated", "random half ablated"]


def test_the_ratios_figure_holds_each_network_and_the_geometric_mean() -> None:
    """A point a network in every comparison; intervals on the means alone, around them."""
    study = example_study(fc1_log_ratio=BOTH)
    (question,) = analysed(study, FC1)
    table = question.figures[1].table
    single, means = table[table["kind"] == "network"], table[table["kind"] == "mean"]
    assert len(single) == 24 * 4 * 2
    assert len(means) == 4 * 2
    expected = np.exp(estimands.last_layer_log_ratio(study, "top", "bottom").mean("network"))
    ratios = means[means["comparison"] == "top half / bottom half"].set_index("ablated")["ratio"]
    for layer in ("conv2", "conv3"):
        assert ratios[f"{layer} ablated"] == pytest.approx(float(expected.sel(layer=layer)))
    assert ((means["ci_low"] < means["ratio"]) & (means["ratio"] < means["ci_high"])).all()
    assert single["ci_low"].isna().all()


def test_no_figure_grows_with_the_study() -> None:
    """Of 104 networks a hundred are drawn one by one; the figure says so."""
    study = example_study(seeds=26, layers=dict.fromkeys(LAYERS, 2), draws=2)
    (question,) = analysed(study, FC1)
    assert [len(figure.table) for figure in question.figures] == [56, 4 * 2 * 101, 21]
    assert "100 of the 104 networks are drawn" in question.figures[1].shows


def test_consistency_is_shown_by_shift_and_condition() -> None:
    """Three shifts, seven conditions, shares between 0 and 1."""
    study = example_study()
    (question,) = analysed(study, CONSISTENCY)
    table = question.figures[2].table
    assert list(dict.fromkeys(table["shift"])) == ["vertical shift", "horizontal shift", "both shifts"]
    assert list(dict.fromkeys(table["condition"]))[:2] == ["intact", "conv2, top half ablated"]
    values = study["shift_invariance"]["prediction_consistency"].values.mean(axis=0)
    np.testing.assert_allclose(table["consistency"], values.T.ravel())


def test_notes_count_inactive_components() -> None:
    """Their share in every layer, intact, and in FC 1 behind either top half; what is equal by construction."""
    study = example_study()
    inactive = study["shift_invariance"]["n_inactive"].values.copy()
    total = inactive + study["shift_invariance"]["n_components"].values
    inactive[:, 0, 6], inactive[:, ROWS["conv3_top"], 6] = 7, 14  # of FC 1's fourteen units
    study = replaced(study, "shift_invariance", n_inactive=inactive, n_components=total - inactive)
    (question,) = analysed(study, FC1)
    construction, counted, *_ = question.notes
    assert "conv2, conv3" in construction and "by construction" in construction
    assert "fc1 50.0%" in counted
    assert "100.0% in fc1 with the top half of conv3 ablated" in counted


def test_the_second_set_is_analysed_alike() -> None:
    """With both sets, every test and figure stands twice, and the sets agree on a planted rise."""
    options = {"seeds": 2, "fc1_log_ratio": BOTH}
    first, second = example_study(**options), example_study(**options, initialization_set=2)
    both = {
        f"/{name}": xr.concat([first[name].to_dataset(), second[name].to_dataset()], dim="network")
        for name in first.children
    }
    (question,) = analysed(xr.DataTree.from_dict(both), FC1)
    (result,) = question.hypotheses
    assert result.verdict == SUPPORTED
    assert result.second is not None
    assert result.second.verdict == SUPPORTED
    assert [figure.id for figure in question.second_figures] == [figure.id for figure in question.figures]
