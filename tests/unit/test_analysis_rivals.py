"""Rivals of gOSI: effects by hand, what is undefined, figures of a study and of one network."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import OPPOSITE
from study.analysis.external.network import described
from study.analysis.questions import questions
from study.analysis.questions.rivals import RIVALS, estimands
from study.analysis.questions.rivals.tables import MOST_JOINED, joined_networks, sides_table
from study.analysis.questions.rivals.words import RANKING_WORDS
from study.report.charts import charts
from study.vocabulary.schema import RANKINGS
from tests.example_external_network import external_study
from tests.example_study import conclusion, example_study, replaced, untested_results, verdicts

SMALL = {"first": 9, "second": 12}


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return eight networks in which halves by spatial frequency differ in what they cost, and others by chance."""
    return example_study(seeds=2, ranking_log_ratio={"spatial_frequency": 0.4})


def by_hand(study: xr.DataTree, losses: xr.DataArray) -> np.ndarray:
    """Return top minus bottom in units of the network's random halves, (network, layer)."""
    null = study["ablation"]["null_effect"].values
    return (losses.sel(target="top") - losses.sel(target="bottom")).values / np.sqrt((null**2).mean(axis=-1))


@pytest.mark.parametrize(("measure", "rival"), RIVALS.items())
def test_a_rival_is_compared_with_gosi(study: xr.DataTree, measure: str, rival: str) -> None:
    """The effect by gOSI minus that by the rival, both in units of the same random halves; class selectivity as stored there."""
    ablation, rivals = study["ablation"].to_dataset(), study["rivals"].to_dataset()
    losses = (
        ablation["control_loss"].sel(control=rival)
        if rival not in RANKINGS
        else rivals["ranking_loss"].sel(ranking=rival)
    )
    expected = by_hand(study, ablation["null_target_loss"]) - by_hand(study, losses)
    estimand = questions()["rivals"].estimands[measure]
    np.testing.assert_allclose(estimand.values(study).transpose("network", "layer"), expected)
    assert estimand.sides is not None
    sides = estimand.sides(study).transpose("network", "layer", "side").values
    np.testing.assert_allclose(sides[..., 0] - sides[..., 1], expected)


def test_the_held_out_effect_is_that_of_its_own_halves(study: xr.DataTree) -> None:
    """By gOSI from half of the gratings; its sides are what the halves and a random one cost."""
    estimand = questions()["rivals"].estimands["held_out_effect"]
    losses = study["rivals"]["ranking_loss"].sel(ranking="gosi_half_of_gratings")
    np.testing.assert_allclose(estimand.values(study).transpose("network", "layer"), by_hand(study, losses))
    assert estimand.sides is not None
    sides = estimand.sides(study).transpose("network", "layer", "side")
    np.testing.assert_allclose(sides.isel(side=0), losses.sel(target="top") - study["ablation"]["null_baseline_loss"])
    assert sides.sizes["side"] == len(estimand.quantity.sides) == 3


def test_halves_without_a_unit_have_no_effect(study: xr.DataTree) -> None:
    """Nothing was ablated there: no value, not the value 0."""
    size = study["rivals"]["ranking_size"].copy(deep=True)
    size[0, 1, RANKINGS.index("sparseness")] = 0
    effects = estimands.ranking_effect(replaced(study, "rivals", ranking_size=size))
    assert bool(effects.isel(network=0, layer=1).sel(ranking="sparseness").isnull())
    assert int(effects.isnull().sum()) == 1


def test_reliability_is_the_correlation_over_units() -> None:
    """Of the units that both halves of the gratings drive, layer by layer; undefined where nothing varies."""
    study = example_study(seeds=2, silent=0.1)
    other = study["other_tuning"].to_dataset()
    first = other["gosi_first_half"].copy(deep=True)
    first[0, :8] = 0.5
    study = replaced(study, "other_tuning", gosi_first_half=first)
    correlation = estimands.split_half_correlation(study)
    units = (other["layer"] == "fc1").values
    x, y = first.values[3, units], other["gosi_second_half"].values[3, units]
    known = np.isfinite(x) & np.isfinite(y)
    assert float(correlation.isel(network=3).sel(layer="fc1")) == pytest.approx(np.corrcoef(x[known], y[known])[0, 1])
    assert np.isnan(correlation.isel(network=0).sel(layer="conv1"))


def test_a_rival_that_decides_more_refutes_the_claim(study: xr.DataTree) -> None:
    """Halves by spatial frequency differ here and those by gOSI do not."""
    assert set(verdicts(conclusion(study, "rivals-spatial-frequency")).values()) == {OPPOSITE}


def test_every_ranking_of_every_network_is_in_the_figure(study: xr.DataTree) -> None:
    """Top, random and bottom half of seven rankings, joined network by network; the mean beside them."""
    table = sides_table(study, ["conv2", "conv3"], root_seed=0)
    assert len(table) == 2 * len(RANKING_WORDS) * 3 * (8 + 1)
    row = table.query("kind == 'network' and layer == 'conv3' and ranking == 'sparseness' and side == 'bottom half'")
    expected = study["rivals"]["ranking_loss"].sel(ranking="sparseness", layer="conv3", target="bottom")
    np.testing.assert_allclose(row["cost"], expected - study["ablation"]["null_baseline_loss"])
    drawn = charts()["ranking_sides"](table).to_dict()
    assert drawn["columns"] == len(RANKING_WORDS)


def test_a_large_study_draws_some_of_its_networks() -> None:
    """At even steps, all augmentations among them."""
    study = example_study(seeds=12, layers={"conv2": 4, "conv3": 4})
    places = joined_networks(study)
    assert len(places) == MOST_JOINED
    assert len(set(study["training"]["augmentation"].values[places])) == 4


def test_figures_of_a_study_without_values_are_empty(study: xr.DataTree) -> None:
    """Every random half costs the same: there is no unit to measure effects in, and nothing is drawn as 0."""
    flat = replaced(study, "ablation", null_effect=0 * study["ablation"]["null_effect"])
    figures = questions()["rivals"].figures(flat, untested_results("rivals"), root_seed=0)
    assert figures[1].table["value"].isna().all()
    notes = questions()["rivals"].notes(flat, untested_results("rivals"), root_seed=0)
    assert "without an effect" in notes[3]


def test_one_network_is_described_beside_its_ablation() -> None:
    """No verdict; all layers in one figure, some in the other; without photographs nothing."""
    study = external_study(np.random.default_rng(3), layers=SMALL, silent=0.2, draws=30)
    found = next(one for one in described(study, None, root_seed=0) if one.question == "rivals")
    assert not found.hypotheses
    assert set(found.figures[0].table["layer"]) == set(SMALL)
    assert found.figures[0].table["value"].notna().all()
    for figure in found.figures:
        charts()[figure.chart](figure.table).to_dict()
    alone = external_study(np.random.default_rng(3), layers=SMALL, photographs=False)
    assert "rivals" not in [one.question for one in described(alone, None, root_seed=0)]
