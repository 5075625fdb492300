"""Figures of maturation: the courses of networks, their correlations, and the second set's beside the first's."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from study.analysis.core import networks as networks_module
from study.analysis.core.results import (
    OPPOSITE,
    SUPPORTED,
)
from study.analysis.questions import maturation, questions
from study.analysis.questions.maturation import estimands
from study.analysis.questions.maturation.estimands import (
    gosi_against_validation_loss,
    residual_similarities,
)
from study.vocabulary.schema import MATURATION
from tests.example_networks import example_arrays
from tests.example_study import (
    LAYERS,
    analysed,
    study_of,
)
from tests.unit.test_analysis_maturation import NAME, drawn, everywhere, matured


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return eight networks of 50 epochs whose gOSI rises as validation loss falls."""
    return matured()


def test_figures_are_the_papers() -> None:
    """Fig. 3a twice, 3b, 3c, and two of our own; Fig. A5 repeats the last two of the paper's."""
    figures = drawn(matured(3, 6)).values()
    assert [figure.paper_figure for figure in figures] == ["Fig. 3a", "Fig. 3a", "Fig. 3b", "Fig. 3c", "", ""]
    assert [figure.second_paper_figure for figure in figures] == ["", "", "Fig. A5a", "Fig. A5b", "", ""]


def test_the_link_is_drawn_beside_the_correlation_with_other_networks(study: xr.DataTree) -> None:
    """Means over networks of the diagonal, and of what stands beside it."""
    table = drawn(study)["link"].table.set_index(["layer", "series"])["value"]
    rho = residual_similarities(study).sel(layer="conv2").values
    assert table["conv2", "its own loss"] == pytest.approx(np.diagonal(rho).mean())
    others = rho[~np.eye(len(rho), dtype=bool)].mean()
    assert table["conv2", "the loss of the other networks"] == pytest.approx(others)


def test_curves_hold_every_epoch_and_the_untrained_network(study: xr.DataTree) -> None:
    """Mean over networks within the band from the lowest to the highest of them."""
    figures = drawn(study)
    gosi, loss = figures["gosi"].table, figures["loss"].table
    assert gosi["epoch"].drop_duplicates().tolist() == list(range(51))
    assert loss["epoch"].drop_duplicates().tolist() == list(range(1, 51))
    untrained = estimands.maturing_gosi(study).sel(layer="conv2", epoch=0).values
    row = gosi[(gosi["layer"] == "conv2") & (gosi["epoch"] == 0)].iloc[0]
    assert row[["gosi", "low", "high"]].tolist() == pytest.approx([untrained.mean(), untrained.min(), untrained.max()])
    validation = study["training/validation_loss"].values[:, 4]
    row = loss[(loss["kind"] == "validation") & (loss["epoch"] == 5)].iloc[0]
    assert row[["loss", "low", "high"]].tolist() == pytest.approx(
        [validation.mean(), validation.min(), validation.max()]
    )
    assert set(loss["kind"]) == {"training", "validation"}


def test_points_are_those_of_a_few_networks(study: xr.DataTree) -> None:
    """The three of lowest seed, a point an epoch and layer; the figure says which."""
    figure = drawn(study)["points"]
    table = figure.table
    assert table["network"].drop_duplicates().tolist() == ["seed 0", "seed 1", "seed 2"]
    assert len(table) == 3 * 50 * len(LAYERS)
    one = table[(table["network"] == "seed 1") & (table["layer"] == "fc1")]
    np.testing.assert_allclose(one["gosi"], estimands.maturing_gosi(study).sel(layer="fc1").values[1, 1:])
    np.testing.assert_allclose(one["validation_loss"], study["training/validation_loss"].values[1])
    assert "seed 0, seed 1, seed 2, of 8" in figure.shows


def test_the_correlations_drawn_are_those_measured(study: xr.DataTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A point a network, of many an even share; the mean of all with its interval."""
    rho = gosi_against_validation_loss(study)
    whole = drawn(study)["correlation"].table
    points = whole[whole["kind"] == "network"]
    np.testing.assert_allclose(points["rho"], rho.transpose("layer", "network").values.ravel())
    means = whole[whole["kind"] == "mean"]
    np.testing.assert_allclose(means["rho"], rho.mean("network"))
    assert ((means["ci_low"] <= means["rho"]) & (means["rho"] <= means["ci_high"])).all()
    monkeypatch.setattr(networks_module, "MOST_DRAWN", 4)
    fewer = drawn(study)["correlation"]
    assert (fewer.table["kind"] == "network").sum() == 4 * len(LAYERS)
    np.testing.assert_array_equal(fewer.table[fewer.table["kind"] == "mean"]["rho"], means["rho"])
    assert "4 of the 8 networks are drawn" in fewer.shows


def test_tables_stay_small_however_long_the_training() -> None:
    """300 epochs: curves are drawn at an even share of them, first and last included; points stop at epoch 50."""
    for name, figure in drawn(matured(4, 300)).items():
        assert 0 < len(figure.table) <= 2000
        if name == "gosi":
            assert (figure.table["epoch"].min(), figure.table["epoch"].max()) == (0, 300)
        if name == "points":
            assert figure.table["epoch"].max() == 50


def test_the_second_set_has_its_own_figures_and_verdict() -> None:
    """Eight networks of each set: the same test again, on the second alone."""
    networks = [
        example_arrays(
            np.random.default_rng([seed, of]),
            arm=MATURATION,
            augmentation="shift_flip",
            seed=seed,
            epochs=20,
            initialization_set=of,
            layers=LAYERS,
            silent=0.0,
            gosi_follows=everywhere(1.0 if of == 1 else -1.0),
        )
        for of in (1, 2)
        for seed in range(8)
    ]
    (result,) = analysed(study_of(networks), NAME)
    (one,) = result.hypotheses
    assert one.second is not None
    assert (one.verdict, one.second.verdict) == (SUPPORTED, OPPOSITE)
    assert [figure.id for figure in result.second_figures] == [figure.id for figure in result.figures]
    first, second = (figures[3].table for figures in (result.figures, result.second_figures))
    assert first.loc[first["kind"] == "mean", "rho"].max() < 0 < second.loc[second["kind"] == "mean", "rho"].min()


def test_the_question_is_asked_of_its_arm() -> None:
    """Of the first set of the maturation arm."""
    question = questions()["maturation"]
    assert question is maturation.QUESTION
    assert (question.arm, question.initialization_set) == (MATURATION, 1)
