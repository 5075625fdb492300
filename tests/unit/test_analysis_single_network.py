"""One network is described: estimates and what holds within it, and no test over networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import NOT_TESTED
from study.analysis.external.ablation import halves_table
from study.analysis.external.existence import layer_table
from study.analysis.external.network import described
from study.analysis.external.tables import MOST_PANELS, spread_layers
from study.registration import read_registration
from tests.example_external_network import external_study

REGISTRATION = read_registration(Path(__file__).parents[2] / "preregistration.md")
VGG16_LAYERS = REGISTRATION.hypotheses["replication-vgg16-existence"].layers
SMALL = {"first": 9, "second": 12}


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return a network of two layers, a fifth of its units silent, with photographs."""
    return external_study(np.random.default_rng(3), layers=SMALL, silent=0.2, draws=30)


@pytest.fixture(scope="module")
def vgg16() -> xr.DataTree:
    """Return a small network with the layers of VGG16."""
    return external_study(np.random.default_rng(4), model="vgg16", layers=dict.fromkeys(VGG16_LAYERS, 8), draws=20)


def test_a_row_a_layer_counts_its_units(study: xr.DataTree) -> None:
    """Shares are of the units that are not silent, as pandas has them."""
    table = layer_table(study).set_index("layer")
    tuning = study["tuning"].to_dataset().isel(network=0, state=0)[["gosi", "silent", "gosi_pvalue"]].to_dataframe()
    assert table["units"].to_dict() == SMALL
    for layer, units in tuning.groupby("layer"):
        heard = units[~units["silent"]]
        assert table.loc[layer, "silent"] == pytest.approx(units["silent"].mean())
        assert table.loc[layer, "selective"] == pytest.approx((heard["gosi"] > 0.33).mean())
        assert table.loc[layer, "p at most 0.05"] == pytest.approx((heard["gosi_pvalue"] <= 0.05).mean())
    assert 0 < tuning["silent"].sum() < len(tuning)


def test_halves_are_compared_with_the_network_s_own_random_halves(study: xr.DataTree) -> None:
    """By hand p = (k + 1) / (n + 1), and Holm's adjustment of two."""
    ablation = study["ablation"].to_dataset().isel(network=0)
    table = halves_table(study)
    for row, layer in enumerate(SMALL):
        top, bottom = ablation["null_target_loss"].sel(layer=layer).values
        drawn = ablation["null_effect"].sel(layer=layer).values
        assert table["effect"][row] == pytest.approx(top - bottom)
        assert table["p"][row] == pytest.approx((1 + (drawn >= top - bottom).sum()) / 31)
    least, most = sorted(table["p"])
    assert sorted(table["p, Holm"]) == pytest.approx(sorted([min(1, 2 * least), min(1, max(2 * least, most))]))


def test_a_layer_without_halves_has_no_p_value(study: xr.DataTree) -> None:
    """Nothing was silenced there, so that nothing was found."""
    empty = study.copy(deep=True)
    empty["ablation"]["half_size"][:, 0] = 0
    table = halves_table(empty)
    assert table[["effect", "p", "p, Holm"]].isna().all(axis=1).tolist() == [True, False]
    assert "no halves: first" in described(empty, None, root_seed=0)[2].notes[-1]


def test_no_question_has_a_verdict(study: xr.DataTree) -> None:
    """All questions that one network can say something of are described; without photographs those on ablation are not."""
    questions = described(study, None, root_seed=0)
    of_photographs = ["ablation", "rivals", "mediation", "need"]
    assert [one.question for one in questions] == ["existence", "spatial_frequency", *of_photographs]
    assert not any(one.hypotheses for one in questions)
    assert all(figure.table.notna().any(axis=None) for one in questions for figure in one.figures)
    assert "10.7% of all responses, in 9 of 21 units" in questions[0].notes[-1]
    alone = external_study(np.random.default_rng(3), layers=SMALL, photographs=False)
    assert [one.question for one in described(alone, None, root_seed=0)] == ["existence", "spatial_frequency"]


def test_what_is_registered_for_vgg16_is_estimated_and_not_tested(vgg16: xr.DataTree) -> None:
    """Every layer that is registered has an estimate, none a p-value, and the published reading no verdict either."""
    results = described(vgg16, REGISTRATION, root_seed=0)[-1].hypotheses
    assert [one.hypothesis.id for one in results] == [name for name in REGISTRATION.hypotheses if "-vgg16-" in name]
    for result in results:
        assert (result.verdict, result.published_verdict) == (NOT_TESTED, NOT_TESTED)
        assert [layer.layer for layer in result.layers] == list(result.hypothesis.layers)
        assert all(np.isfinite(layer.estimate) and np.isnan(layer.pvalue) for layer in result.layers)
        assert "needs at least 8 networks" in result.reason
    table = layer_table(vgg16).set_index("layer")
    estimates = {layer.layer: layer.estimate for layer in results[0].layers}
    assert estimates["fc1"] == pytest.approx(table.loc["fc1", "selective"] - table.loc["fc1", "selective, shuffled"])


def test_another_network_with_a_layer_of_that_name_is_not_vgg16() -> None:
    """Many networks call a layer fc1: nothing that is registered for VGG16 is said of them."""
    other = external_study(np.random.default_rng(5), model="mine", layers={"fc1": 8}, draws=20)
    assert "vgg16" not in {question.question for question in described(other, REGISTRATION, root_seed=0)}


def test_a_deep_network_has_panels_for_some_layers_only() -> None:
    """At even steps, the first and the last among them; and the figure says so."""
    names = [f"layer{number}" for number in range(60)]
    drawn = spread_layers(names)
    assert (len(drawn), drawn[0], drawn[-1]) == (MOST_PANELS, "layer0", "layer59")
    assert spread_layers(names[:5]) == names[:5]
    deep = external_study(np.random.default_rng(6), layers=dict.fromkeys(names, 2), photographs=False)
    layers, _, histogram = described(deep, None, root_seed=0)[0].figures
    assert layers.table["layer"].nunique() == 60
    assert histogram.table["layer"].unique().tolist() == drawn
    assert "24 of 60 layers are drawn" in histogram.shows
