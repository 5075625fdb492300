"""Other ways to analyse mediation, need, dose and rivals: each level by hand, and planted effects where they are seen."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

from study.analysis.multiverse import multiverses
from study.analysis.multiverse.specification import Sample
from study.analysis.questions.dose.estimands import QUANTITIES, halves_of
from study.analysis.questions.need.specifications import NOT_ABLATED
from study.vocabulary.schema import RECEIVED, WAYS
from tests.example_study import example_study, replaced

OWN, RESTORED, UNSHIFTED = (RECEIVED.index(name) for name in ("own", "restored", "unshifted"))


@cache
def base() -> xr.DataTree:
    """Return an example of four networks whose halves by gOSI and by sparseness differ in conv2."""
    layers = {"conv1": 12, "conv2": 24, "conv3": 16}
    rivals = {"sparseness": -0.5}
    return example_study(seeds=1, layers=layers, silent=0.0, log_ratio={"conv2": 0.3}, ranking_log_ratio=rivals)


def sampled(question: str, study: xr.DataTree | None = None, **levels: str) -> np.ndarray:
    """Return what some levels of a question's factors take from a study, the others registered: (network, layer)."""
    multiverse = multiverses()[question]
    sample = multiverse.sampled(base() if study is None else study).sample(multiverse.registered | levels)
    assert isinstance(sample, Sample), sample
    return sample.values


def test_mediation_by_hand() -> None:
    """Against the other half, against the intact network, of the unshifted image, in units of random halves."""
    losses = base()["mediation"].to_dataset()
    top, bottom = (losses["loss"].sel(target=half).values for half in ("top", "bottom"))
    random, intact = losses["random_loss"].values, losses["intact_loss"].values
    by_variation = top[..., OWN] - top[..., RESTORED]
    against = bottom[..., OWN] - bottom[..., RESTORED]
    np.testing.assert_allclose(sampled("mediation", reference="less_selective_half"), by_variation - against)
    of_intact = (intact[:, OWN] - intact[:, RESTORED])[:, None]
    np.testing.assert_allclose(sampled("mediation", reference="intact_network"), by_variation - of_intact)
    unshifted = top[..., UNSHIFTED] - top[..., RESTORED] - (random[..., UNSHIFTED] - random[..., RESTORED]).mean((2, 3))
    np.testing.assert_allclose(sampled("mediation", variation="own_variation_unshifted_image"), unshifted)
    halves = random[..., OWN] - random[..., RESTORED]
    scale = np.sqrt(((halves[..., 0] - halves[..., 1]) ** 2).mean(-1))
    expected = np.divide(sampled("mediation"), scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    np.testing.assert_allclose(sampled("mediation", scale="random_halves"), expected)


def test_need_by_hand() -> None:
    """At output zero, against random halves, in units of the ablation's, and as the ratio of what halves cost."""
    loss = base()["need"]["loss"] * 0 + 1.5
    loss.loc[{"target": "top", "way": "best_constant"}] = 2.0
    loss.loc[{"target": "top", "way": "output_zero"}] = 3.0
    study = replaced(base(), "need", loss=loss, random_loss=base()["need"]["random_loss"] * 0 + 1.25)
    study = replaced(study, "ablation", null_baseline_loss=np.ones(4))
    np.testing.assert_allclose(sampled("need", study), 0.5)
    np.testing.assert_allclose(sampled("need", study, way="output_zero"), 1.5)
    np.testing.assert_allclose(sampled("need", study, way="moments"), 0.0)
    np.testing.assert_allclose(sampled("need", study, reference="random_halves"), 0.75)
    np.testing.assert_allclose(sampled("need", study, scale="log2_ratio"), 1.0)
    np.testing.assert_allclose(sampled("need", study, scale="log2_ratio", way="output_zero"), 2.0)
    null = study["ablation"].to_dataset()["null_effect"].values
    np.testing.assert_allclose(sampled("need", study, scale="random_halves"), 0.5 / np.sqrt((null**2).mean(-1)))
    assert set(multiverses()["need"].factors["way"]) == set(WAYS)


def test_need_of_a_layer_that_is_not_ablated_is_left_out_with_its_reason() -> None:
    """Its intact loss and random halves are the ablation's; the difference in nats needs neither."""
    groups = {f"/{name}": base()[name].to_dataset() for name in base().children}
    groups["/ablation"] = groups["/ablation"].sel(layer=["conv1", "conv2"])
    multiverse = multiverses()["need"]
    some = multiverse.sampled(xr.DataTree.from_dict(groups))
    assert isinstance(some.sample(multiverse.registered), Sample)
    assert some.sample(multiverse.registered | {"scale": "log2_ratio"}) == NOT_ABLATED


def test_rivals_by_hand() -> None:
    """Signs: sparser halves are planted to cost less, by more than selective ones cost more, so that size alone turns it."""
    rival = {"rival": "sparseness"}
    signed, size = (
        sampled("rivals", **rival, compared=how)[:, 1] for how in multiverses()["rivals"].factors["compared"]
    )
    assert (signed > 0).all()
    assert (size < 0).all()
    losses, ablation = base()["rivals"].to_dataset(), base()["ablation"].to_dataset()
    other = losses["ranking_loss"].sel(ranking="sparseness")
    by_gosi = ablation["null_target_loss"]
    effects = [(loss.sel(target="top") - loss.sel(target="bottom")).values for loss in (by_gosi, other)]
    np.testing.assert_allclose(sampled("rivals", **rival, scale="nats"), effects[0] - effects[1])
    held_out = losses["ranking_loss"].sel(ranking="gosi_half_of_gratings")
    from_half = (held_out.sel(target="top") - held_out.sel(target="bottom")).values
    np.testing.assert_allclose(
        sampled("rivals", **rival, scale="nats", gosi="half_of_the_gratings"), from_half - effects[1]
    )


@pytest.mark.parametrize("halves", ["random", "designed"])
def test_a_slope_with_nothing_given_is_a_correlation_of_some_halves(halves: str) -> None:
    """Of each network's cost with the mean gOSI of its halves, over the standard deviations of random ones."""
    slopes = sampled("dose", less_rival="none", halves=halves, given="nothing")
    of_layer = halves_of(base(), "conv2")
    rows = slice(0, of_layer.n_random) if halves == "random" else slice(of_layer.n_random, None)
    doses, costs = of_layer.doses[..., QUANTITIES.index("gosi")], of_layer.costs
    random = slice(of_layer.n_random)
    for network in range(len(costs)):
        slope = np.polyfit(doses[network, rows], costs[network, rows], 1)[0]
        expected = slope * doses[network, random].std() / costs[network, random].std()
        assert slopes[network, 1] == pytest.approx(expected)
    less = sampled("dose", less_rival="sparseness", halves=halves, given="nothing")
    assert (less != slopes).all()
