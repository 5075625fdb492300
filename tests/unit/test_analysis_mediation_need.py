"""Mediation and need: estimands by hand, verdicts of planted studies, what is undefined, figures and simulators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.registry import questions
from study.analysis.core.results import NOT_TESTED, OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.questions.mediation import estimands as mediation
from study.analysis.questions.mediation.simulator import SIMULATORS as OF_MEDIATION
from study.analysis.questions.need import estimands as need
from study.analysis.questions.need.simulator import SIMULATORS as OF_NEED
from study.analysis.simulation.population import Design, Simulator, Size, Truth
from study.vocabulary.schema import RECEIVED, WAYS
from tests.example_study import conclusion, example_study, replaced, verdicts

CLAIMED = ("conv2", "conv3")
SIMULATORS: Mapping[str, Mapping[str, Simulator]] = {"mediation": OF_MEDIATION, "need": OF_NEED}


@cache
def base() -> xr.DataTree:
    """Return an example of twelve networks, made once."""
    return example_study(seeds=3)


def with_losses(
    study: xr.DataTree, group: str, top: Mapping[str, float], *, spread: float = 0.02, seed: int = 0
) -> xr.DataTree:
    """Return a study whose every loss is 1 nat and noise, but the top half's, which is more by label of `received` or `way`."""
    rng = np.random.default_rng(seed)
    dataset, labels = study[group].to_dataset(), "received" if group == "mediation" else "way"
    extra = xr.DataArray([top.get(name, 0.0) for name in dataset[labels].values.tolist()], {labels: dataset[labels]})
    arrays = {}
    for name in ("loss", "random_loss"):
        blocks = dataset["loss_by_block"].sizes["null_block"]
        common = xr.DataArray(rng.normal(0, 0.01, blocks), dims="null_block")
        noise = xr.DataArray(rng.normal(0, spread, dataset[name].shape), dims=dataset[name].dims)
        values = 1 + noise
        if name == "loss":
            values = values + extra * xr.DataArray([1.0, 0.0], {"target": ["top", "bottom"]})
        values = values.transpose(*dataset[name].dims)
        mean = values.mean(("draw", "half")) if name == "random_loss" else values
        by_block = (mean + common - common.mean()).transpose(*dataset[f"{name}_by_block"].dims)
        arrays |= {name: values, f"{name}_by_block": by_block}
    return replaced(study, group, **arrays)


def test_estimands_of_mediation_by_hand() -> None:
    """Loss minus restored loss of the top half, minus the same mean over random halves."""
    study = base()
    losses = study["mediation"].to_dataset()
    top, random = losses["loss"].values[:, :, 0], losses["random_loss"].values.mean((2, 3))
    for received in ("unshifted", "own", "exchanged"):
        place, restored = RECEIVED.index(received), RECEIVED.index("restored")
        by_hand = top[..., place] - top[..., restored] - (random[..., place] - random[..., restored])
        values = mediation.carried_beyond(study, mediation.RANDOM, received)
        np.testing.assert_allclose(values.transpose("network", "layer"), by_hand)


def test_estimands_of_need_by_hand() -> None:
    """Loss of the top half minus that of the bottom half, and minus the mean of random halves, way by way."""
    study = base()
    losses = study["need"].to_dataset()
    top, bottom = losses["loss"].values[..., 0], losses["loss"].values[..., 1]
    random = losses["random_loss"].values.mean((-2, -1))
    for reference, values in (("bottom", bottom), (need.RANDOM, random)):
        difference = need.by_way(need.top_minus(study, reference))
        assert difference.dims == ("network", "layer", "condition")
        np.testing.assert_allclose(difference, (top - values)[..., 1:])


def test_a_loss_by_variation_is_found_and_its_absence_refuted() -> None:
    """The top half's loss is more on its own inputs, and with another image's deviations, than on restored ones."""
    study = with_losses(base(), "mediation", {"own": 0.3, "exchanged": 0.3, "unshifted": 0.3})
    for name in ("mediation-loss", "mediation-deviations", "mediation-bottom-half", "mediation-unshifted"):
        result = conclusion(study, name)
        assert result.verdict == SUPPORTED, name
        assert [layer.estimate for layer in result.layers] == pytest.approx([0.3, 0.3], abs=0.03)
        assert result.published_verdict == NOT_TESTED
    assert conclusion(study, "mediation-loss-absence").verdict != SUPPORTED


def test_a_loss_that_stays_when_variation_goes_is_absent() -> None:
    """The top half costs half a nat whatever the dense layer receives: nothing of it runs through variation."""
    study = with_losses(base(), "mediation", dict.fromkeys(RECEIVED, 0.5), spread=0.01, seed=2)
    assert conclusion(study, "mediation-loss").verdict == RULED_OUT
    assert conclusion(study, "mediation-loss-absence").verdict == SUPPORTED


def test_an_image_whose_own_deviations_alone_cost_does_not_pass_the_control() -> None:
    """With another image's deviations the top half costs as little as restored."""
    study = with_losses(base(), "mediation", {"own": 0.3})
    assert conclusion(study, "mediation-loss").verdict == SUPPORTED
    assert conclusion(study, "mediation-deviations").verdict == RULED_OUT


def test_need_asks_for_both_ways() -> None:
    """A difference that is there with moments re-estimated, and gone at the best constants, is ruled out."""
    both = with_losses(base(), "need", {"best_constant": 0.3, "moments": 0.3})
    for name in ("need-ways", "need-random", "need-best-constant", "need-moments"):
        assert conclusion(both, name).verdict == SUPPORTED, name
    surprised = with_losses(base(), "need", {"output_zero": 0.5, "moments": 0.3})
    assert conclusion(surprised, "need-ways").verdict == RULED_OUT
    assert conclusion(surprised, "need-best-constant").verdict == RULED_OUT
    assert conclusion(surprised, "need-moments").verdict == SUPPORTED
    turned = with_losses(base(), "need", {"best_constant": -0.3, "moments": -0.3})
    assert conclusion(turned, "need-ways").verdict == OPPOSITE


def test_what_no_network_has_is_not_tested() -> None:
    """Without a batch normalisation behind a layer there are no moments to re-estimate."""
    study = with_losses(base(), "need", {"best_constant": 0.3, "moments": 0.3})
    values = study["need"]["loss"].copy(deep=True)
    values.loc[{"way": WAYS[-1]}] = np.nan
    result = conclusion(replaced(study, "need", loss=values, loss_by_block=_without_moments(study)), "need-moments")
    assert set(verdicts(result).values()) == {NOT_TESTED}


def _without_moments(study: xr.DataTree) -> xr.DataArray:
    blocks = study["need"]["loss_by_block"].copy(deep=True)
    blocks.loc[{"way": WAYS[-1]}] = np.nan
    return blocks


@pytest.mark.parametrize(("name", "rows"), [("mediation", 2 * (4 * 3 + 3)), ("need", 2 * (3 * 3 + 2 * 3))])
def test_the_figure_has_every_half_and_way_and_survives_a_study_without_values(name: str, rows: int) -> None:
    """A row a layer and series; NaN throughout where nothing was defined; the notes say what there is."""
    study = base()
    n_layers = study[name].sizes["layer"]
    (figure,) = questions()[name].figures(study, (), root_seed=0)
    assert len(figure.table) == rows // 2 * n_layers
    assert figure.table["value"].notna().all()
    dataset = study[name].to_dataset()
    undefined = {key: dataset[key] * np.nan for key in ("loss", "random_loss")}
    (empty,) = questions()[name].figures(replaced(study, name, **undefined), (), root_seed=0)
    assert empty.table["value"].isna().all()
    assert all(questions()[name].notes(study, (), root_seed=0))


@pytest.mark.parametrize(
    ("question", "measure"), [(question, measure) for question in SIMULATORS for measure in SIMULATORS[question]]
)
def test_simulators_plant_the_mean_and_blocks_and_sides_agree(question: str, measure: str) -> None:
    """The first condition has the planted mean and spread over networks; blocks and sides give the same values."""
    design, truth = Design(studies=200, size=Size(networks=20)), Truth(CLAIMED, 0.3, 0.15)
    study = SIMULATORS[question][measure](np.random.default_rng(0), design, truth)
    estimand = questions()[question].estimands[measure]
    values = estimand.values(study)
    assert estimand.blocks is not None
    assert estimand.sides is not None
    np.testing.assert_allclose(estimand.blocks(study).mean("block").transpose(*values.dims), values, atol=1e-9)
    sides = estimand.sides(study)
    difference = sides.isel(side=0) - sides.isel(side=1)
    np.testing.assert_allclose(difference.transpose(*values.dims), values, atol=1e-9)
    first = values.isel(condition=0) if "condition" in values.dims else values
    np.testing.assert_allclose(first.mean("network"), 0.3, atol=0.02)
    assert set(SIMULATORS[question]) == set(questions()[question].estimands)
