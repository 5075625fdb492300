"""Partial slopes against least squares of statsmodels, and what has no slope."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from study import stats


def drawn(seed: int = 0, *, rows: int = 3, n: int = 40, q: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes and correlated quantities on scales of their own."""
    rng = np.random.default_rng(seed)
    quantities = rng.normal(size=(rows, n, q)) + rng.normal(size=(rows, n, 1))
    quantities = quantities * 10.0 ** np.arange(-2, q - 2) + 5
    return quantities @ rng.normal(size=q) + rng.normal(size=(rows, n)), quantities


def test_slopes_are_those_of_statsmodels() -> None:
    """Row by row, all quantities at once, an intercept beside them."""
    outcome, quantities = drawn()
    slopes = stats.partial_slopes(outcome, quantities)
    for row in range(3):
        fitted = sm.OLS(outcome[row], sm.add_constant(quantities[row])).fit()
        np.testing.assert_allclose(slopes[row], fitted.params[1:], rtol=1e-7)


def test_a_quantity_that_the_others_determine_has_no_slope() -> None:
    """Nor has a constant one; the others keep theirs, as if one copy of what is redundant were not there."""
    outcome, quantities = drawn(rows=1)
    quantities[..., 3] = 2 * quantities[..., 1] - 1
    quantities[..., 4] = 7.0
    slopes = stats.partial_slopes(outcome, quantities)[0]
    alone = stats.partial_slopes(outcome, quantities[..., :3])[0]
    assert np.isnan(slopes[[1, 3, 4]]).all()
    np.testing.assert_allclose(slopes[[0, 2]], alone[[0, 2]], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_undefined_value_leaves_the_row_without_slopes(value: float) -> None:
    """Only its own."""
    outcome, quantities = drawn()
    quantities[1, 3, 0] = value
    slopes = stats.partial_slopes(outcome, quantities)
    assert np.isnan(slopes[1]).all()
    assert np.isfinite(slopes[[0, 2]]).all()


def test_too_few_sets_have_no_slopes() -> None:
    """As many parameters as sets fit anything."""
    outcome, quantities = drawn(n=6)
    assert np.isnan(stats.partial_slopes(outcome, quantities)).all()


def test_shapes_must_agree() -> None:
    """A transposed array is refused."""
    outcome, quantities = drawn()
    with pytest.raises(ValueError, match="quantities has shape"):
        stats.partial_slopes(outcome, np.swapaxes(quantities, 1, 2))


def units(seed: int = 1) -> dict[str, np.ndarray]:
    """Return 30 random halves of 20 units, their costs, a quantity and two covariates."""
    rng = np.random.default_rng(seed)
    members = np.array([rng.permutation(20) < 10 for _ in range(30)])
    covariates = rng.normal(size=(2, 20))
    quantity = covariates[0] + rng.normal(size=20)
    return {"members": members, "quantity": quantity, "covariates": covariates, "outcome": members @ quantity}


def test_units_that_decide_the_cost_are_found() -> None:
    """No permutation goes with it as well: the least p there is."""
    data = units()
    options = {"alternative": "greater", "n_resamples": 99, "rng": np.random.default_rng(0)}
    assert stats.unit_permutation_pvalue(**data, **options) == 1 / 100
    assert stats.unit_permutation_pvalue(**(data | {"outcome": -data["outcome"]}), **options) == 1


def test_what_covariates_determine_has_no_pvalue() -> None:
    """A quantity that is a covariate in other units, a cost that covariates explain, a value that is missing."""
    data, options = units(), {"alternative": "greater", "n_resamples": 9, "rng": np.random.default_rng(0)}
    spoilt = (
        {"quantity": 3 * data["covariates"][1] + 1},
        {"outcome": data["members"] @ data["covariates"][0]},
        {"quantity": np.where(np.arange(20) == 4, np.nan, data["quantity"])},
    )
    for change in spoilt:
        assert np.isnan(stats.unit_permutation_pvalue(**(data | change), **options))
