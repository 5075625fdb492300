"""The dose of selectivity: halves as they were ablated, slopes against statsmodels, the test by permutation over units."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

from study.analysis.core.results import SUPPORTED
from study.analysis.questions import questions
from study.analysis.questions.dose import estimands
from study.analysis.questions.dose.estimands import FREQUENCY, GOSI, QUANTITIES, Halves, halves_of
from study.analysis.questions.dose.figures import slopes_table
from study.experiment.measurements.dose.doses import DESIGNED
from study.report.charts import charts
from tests.example_study import conclusion, example_study, replaced, untested_results, verdicts

DRAWS = 20
LAYERS = {"conv2": 24, "conv3": 28, "fc1": 30}  # more units than quantities, or these determine each other


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return eight networks in which what a half costs has nothing to do with its members; a tenth of the units silent."""
    return example_study(seeds=2, silent=0.1, draws=DRAWS, layers=LAYERS)


def by_definition(study: xr.DataTree, network: int, layer: str) -> np.ndarray:
    """Return the slopes of one network, fitted by statsmodels to means taken half by half."""
    units = (study["other_tuning"]["layer"] == layer).values
    of_units = {name: study["activity"][name].values[network, units] for name in QUANTITIES[3:]}
    of_units[FREQUENCY] = study["other_tuning"][FREQUENCY].values[network, units]
    for name in (GOSI, "gosi_null_mean"):
        of_units[name] = study["tuning"][name].sel(state="analysed").values[network, units]
    dose = study["dose"].isel(network=network).sel(layer=layer)
    members = [np.flatnonzero(np.unpackbits(row.astype(np.uint8))) for row in dose["membership"].values]
    doses = np.array([[np.mean(of_units[name][half]) for name in QUANTITIES] for half in members])
    random = study["ablation"]["null_loss"].isel(network=network).sel(layer=layer).values.ravel()
    costs = np.concatenate([random, dose["designed_loss"].values])
    fitted = sm.OLS(costs, sm.add_constant(doses)).fit().params[1:]
    return np.asarray(fitted * doses[: 2 * DRAWS].std(axis=0) / random.std())


@pytest.mark.parametrize("layer", ["conv2", "fc1"])
def test_slopes_are_those_of_statsmodels(study: xr.DataTree, layer: str) -> None:
    """All quantities in one fit over random and designed halves, in standard deviations over random ones."""
    slopes = estimands.all_slopes(study, [layer])
    for network in (0, 5):
        np.testing.assert_allclose(slopes.values[network, 0], by_definition(study, network, layer), rtol=1e-6)


def test_the_measures_are_the_slope_and_the_difference_of_two(study: xr.DataTree) -> None:
    """In every ablated layer; the sides are what is compared."""
    slopes = estimands.all_slopes(study)
    gosi, frequency = slopes.sel(quantity=GOSI), slopes.sel(quantity=FREQUENCY)
    of = questions()["dose"].estimands
    np.testing.assert_allclose(of["gosi_slope"].values(study), gosi)
    np.testing.assert_allclose(of["gosi_slope_beyond_frequency"].values(study), gosi - frequency)
    assert of["gosi_slope_beyond_frequency"].sides is not None
    sides = of["gosi_slope_beyond_frequency"].sides(study).transpose("network", "layer", "side")
    np.testing.assert_allclose(sides, np.stack([gosi, frequency], axis=-1))


def halves(rng: np.random.Generator, worth_of: str, *, networks: int = 8, units: int = 24) -> Halves:
    """Return random halves whose cost is the sum of one quantity of their units, and a little of each half's own."""
    values = rng.normal(size=(networks, len(QUANTITIES), units)) + rng.normal(size=(networks, 1, units))
    members = rng.permuted(np.tile(np.arange(units) < units // 2, (networks, 60, 1)), axis=-1)
    worth = values[:, QUANTITIES.index(worth_of)]
    costs = np.einsum("nhu,nu->nh", members.astype(float), worth)
    return Halves(members, costs + 0.1 * rng.normal(size=costs.shape), 60, values)


@pytest.mark.parametrize("worth_of", [GOSI, FREQUENCY, "gosi_null_mean"])
def test_the_quantity_that_decides_has_the_slope(worth_of: str) -> None:
    """Though all quantities go with each other: near 1 for that one, near 0 for the others."""
    slopes = estimands.standardized_slopes(halves(np.random.default_rng(0), worth_of)).mean(axis=0)
    expected = [float(name == worth_of) for name in QUANTITIES]
    np.testing.assert_allclose(slopes, expected, atol=0.1)


def test_networks_in_which_gosi_decides_are_found_by_permutation_over_units() -> None:
    """And those in which sparseness does are not, though the two go together."""
    rng = np.random.default_rng(1)
    options = {"n_resamples": 99, "rng": rng}
    assert (estimands.permutation_pvalues(halves(rng, GOSI), **options) <= 0.05).all()
    others = estimands.permutation_pvalues(halves(rng, "gosi_null_mean", networks=40), **options)
    assert (others <= 0.05).mean() < 0.2


def test_a_unit_without_a_quantity_counts_as_average() -> None:
    """A mean that left it out would be one of fewer units; silent units are in no half at all."""
    data = halves(np.random.default_rng(2), GOSI, networks=1)
    data.members[:, :, 0] = False
    data.units[0, :, 0] = np.nan
    data.units[0, 3, 5] = np.nan
    filled = data.units.copy()
    filled[0, 3, 5] = np.nanmean(data.units[0, 3, 1:])
    sums = np.einsum("hu,qu->hq", data.members[0, :, 1:].astype(float), filled[0, :, 1:])
    centre = filled[0, :, 1:].mean(axis=1)
    size = data.members[0].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(data.doses[0], (sums - size * centre) / size + centre)
    assert np.isfinite(estimands.permutation_pvalues(data, n_resamples=9, rng=np.random.default_rng(0))).all()


def test_halves_that_all_cost_the_same_have_no_slope(study: xr.DataTree) -> None:
    """There is no standard deviation to take slopes in; the page says in how many networks."""
    flat = replaced(study, "ablation", null_loss=1.0 + 0 * study["ablation"]["null_loss"])
    assert estimands.all_slopes(flat).isnull().all()
    results = untested_results("dose")
    assert slopes_table(flat, root_seed=0)["value"].isna().all()
    assert any("without a slope" in note for note in questions()["dose"].notes(flat, results, root_seed=0))


def test_networks_whose_halves_cost_by_gosi_support_the_claim(study: xr.DataTree) -> None:
    """From stored members to the verdict; and the figure draws every quantity in every layer."""
    losses, designed = study["ablation"]["null_loss"].copy(deep=True), study["dose"]["designed_loss"].copy(deep=True)
    for place, layer in enumerate(study["dose"]["layer"].values.tolist()):
        data = halves_of(study, layer)
        costs = data.doses[..., 0] + 0.01 * np.random.default_rng(place).normal(size=data.costs.shape)
        losses[:, place] = costs[:, : 2 * DRAWS].reshape(-1, DRAWS, 2)
        designed[:, place] = costs[:, 2 * DRAWS :]
        assert data.members.shape[1] == 2 * DRAWS + DESIGNED
    planted = replaced(replaced(study, "ablation", null_loss=losses), "dose", designed_loss=designed)
    assert set(verdicts(conclusion(planted, "dose-orientation")).values()) == {SUPPORTED}
    figure = questions()["dose"].figures(planted, untested_results("dose"), root_seed=0)[0]
    assert len(figure.table) == len(LAYERS) * len(QUANTITIES)
    charts()[figure.chart](figure.table).to_dict()
