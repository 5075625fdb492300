"""Figures of memorization: every network once, rates in order, and the second set's beside the first's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from study.analysis.core import networks as networks_module
from study.analysis.core.layers import layer_gosi
from study.analysis.core.results import (
    OPPOSITE,
    SUPPORTED,
)
from study.analysis.questions.memorization import estimands
from study.analysis.questions.memorization.estimands import layer_excess
from study.analysis.questions.memorization.tables import DOES_NOT_FIT, FITS, TEST, TRAIN
from study.vocabulary.schema import MEMORIZATION
from tests.example_networks import example_arrays
from tests.example_study import (
    LAYERS,
    analysed,
    conclusion,
    replaced,
    study_of,
)
from tests.unit.test_analysis_memorization import RATES, TREND, WIDE, corrupted, drawn, falling, not_fitting, told


@pytest.fixture(scope="module")
def some_do_not_fit() -> xr.DataTree:
    """Return 24 networks of which five do not fit: one at 60 %, all four at full corruption."""
    return corrupted(not_fitting(lambda rate, seed: rate == 1.0 or (rate, seed) == (0.6, 2)))


def test_figures_are_the_papers() -> None:
    """Fig. 4c, which Fig. A6c repeats, and two of our own."""
    figures = drawn(corrupted(seeds=1)).values()
    assert [figure.paper_figure for figure in figures] == ["Fig. 4c", "", ""]
    assert [figure.chart for figure in figures] == ["corruption_gosi", "corruption_excess", "corruption_accuracy"]
    assert [figure.second_paper_figure for figure in figures] == ["Fig. A6c", "", ""]


@pytest.mark.parametrize(("name", "values"), [("gosi", layer_gosi), ("excess", layer_excess)])
def test_every_network_is_a_point_and_in_the_mean_of_its_rate(
    some_do_not_fit: xr.DataTree, name: str, values: Callable[[xr.DataTree], xr.DataArray]
) -> None:
    """Those that do not fit are marked, and in the means like the others."""
    table = drawn(some_do_not_fit)[name].table
    points = table[(table["kind"] == "network") & (table["layer"] == "conv3")]
    gosi = values(some_do_not_fit).sel(layer="conv3")
    np.testing.assert_array_equal(points["gosi"], gosi)
    assert (points["fits"] == DOES_NOT_FIT).sum() == 5
    assert set(points.loc[points["fits"] == DOES_NOT_FIT, "label_corruption"]) == {0.6, 1.0}
    means = table[(table["kind"] == "mean") & (table["layer"] == "conv3")].set_index("label_corruption")
    at = estimands.label_corruption(some_do_not_fit).values == 0.6
    assert means.loc[0.6, "gosi"] == pytest.approx(gosi.values[at].mean())
    assert ((means["ci_low"] <= means["gosi"]) & (means["gosi"] <= means["ci_high"])).all()
    assert set(means["fits"]) == {FITS}


def test_accuracies_are_those_on_labels_learnt_and_on_true_ones(some_do_not_fit: xr.DataTree) -> None:
    """Of every network, fitting or not, beside the bound."""
    table = drawn(some_do_not_fit)["accuracy"].table
    points = table[table["kind"] == "network"]
    for scores, name in ((TRAIN, "final_train_accuracy"), (TEST, "test_accuracy")):
        np.testing.assert_array_equal(
            points.loc[points["scores"] == scores, "accuracy"], some_do_not_fit["training"][name]
        )
    means = table[(table["kind"] == "mean") & (table["scores"] == TRAIN)].set_index("label_corruption")["accuracy"]
    assert means[0.6] == pytest.approx((3 * 0.99 + 0.9) / 4)
    assert means[1.0] == pytest.approx(0.9)
    assert set(table["bound"]) == {0.95}


def test_of_many_networks_an_even_share_of_each_rate_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Means stay those of all; the figure says how many are drawn."""
    study = corrupted(seeds=3, layers=dict.fromkeys(LAYERS, 2))
    whole = drawn(study)
    monkeypatch.setattr(networks_module, "MOST_DRAWN", 12)
    for name, figure in drawn(study).items():
        points = figure.table[figure.table["kind"] == "network"]
        assert points.drop_duplicates("network")["label_corruption"].value_counts().to_dict() == dict.fromkeys(RATES, 2)
        assert "12 of the 18 networks are drawn, an even share of each rate" in figure.shows
        assert "are drawn" not in whole[name].shows
        mean, of_all = (one.table[one.table["kind"] == "mean"].reset_index(drop=True) for one in (figure, whole[name]))
        assert mean.equals(of_all)


def test_a_layer_silent_in_one_network_is_left_out_there() -> None:
    """Counted in that layer, in no mean, and without a warning."""
    study = corrupted(falling(0.3))
    gosi = study["tuning/gosi"].values.copy()
    gosi[7, -1, study["tuning/layer"].values == "conv2"] = np.nan
    study = replaced(study, "tuning", gosi=gosi)
    layers = {layer.layer: layer for layer in conclusion(study, TREND).layers}
    assert (layers["conv2"].n, layers["conv2"].n_missing) == (23, 1)
    assert (layers["conv3"].n, layers["conv3"].n_missing) == (24, 0)
    assert told(study)
    table = drawn(study)["gosi"].table
    assert table.loc[table["layer"] == "conv2", "gosi"].isna().sum() == 1


def test_the_second_set_has_its_own_figures_and_verdict() -> None:
    """24 networks of each set: the same test again, on the second alone."""
    sets = []
    for of, slope in ((1, 0.3), (2, -0.3)):
        rows = [(seed, rate) for seed in range(4) for rate in RATES]
        sets += [
            example_arrays(
                np.random.default_rng([seed, round(10 * rate), of]),
                arm=MEMORIZATION,
                label_corruption=rate,
                seed=seed,
                initialization_set=of,
                layers=WIDE,
                epochs=2,
                silent=0.0,
                **falling(slope)(rate, seed),
            )
            for seed, rate in rows
        ]
    (result,) = analysed(study_of(sets), TREND)
    (one,) = result.hypotheses
    assert one.second is not None
    assert (one.verdict, one.second.verdict) == (SUPPORTED, OPPOSITE)
    first, second = (figures[0].table for figures in (result.figures, result.second_figures))
    assert not set(first.loc[first["kind"] == "network", "network"]) & set(second["network"])
    assert result.second_figures[0].second_paper_figure == "Fig. A6c"
