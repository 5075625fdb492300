"""Breadth: what is stored of hand-made responses, what a layer's mean is, what is undefined."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from study.analysis.questions.breadth import QUESTION, mean_breadth
from study.analysis.questions.breadth.simulator import SIMULATORS
from study.experiment.measurements.breadth import MEASUREMENT


def store(breadth: list[list[float]]) -> xr.DataTree:
    """Return the store of networks with two units in conv1 and one in fc1."""
    labels = {"network": ["a", "b"], "layer": ("unit", ["conv1", "conv1", "fc1"])}
    return xr.DataTree.from_dict({"/breadth": xr.Dataset({"breadth": (("network", "unit"), breadth)}, labels)})


def test_breadth_is_the_share_of_gratings_at_half_of_the_peak() -> None:
    """Three of four gratings, one of four, and none that is defined of a silent unit."""
    responses = np.array([[4.0, 2.0, 2.0, 1.0], [0.0, 0.0, 9.0, 4.0], [0.0, 0.0, 0.0, 0.0]]).reshape(3, 2, 1, 2)
    assert MEASUREMENT.once_analysed is not None
    arrays = MEASUREMENT.once_analysed(SimpleNamespace(responses=responses), {})
    np.testing.assert_array_equal(arrays["breadth"], [0.75, 0.25, np.nan])


def test_a_layer_has_the_mean_of_its_units_that_are_not_silent() -> None:
    """A layer of silent units alone has none."""
    means = mean_breadth(store([[0.2, 0.4, 0.5], [0.2, np.nan, np.nan]]))
    assert means.sel(layer="conv1").values == pytest.approx([0.3, 0.2])
    np.testing.assert_array_equal(means.sel(layer="fc1"), [0.5, np.nan])


def test_the_figure_draws_layers_whose_values_are_undefined() -> None:
    """A row a layer, NaN where no network has a value."""
    (figure,) = QUESTION.figures(store([[0.2, 0.4, np.nan], [0.2, 0.6, np.nan]]), (), root_seed=0)
    assert figure.table["layer"].tolist() == ["conv1", "fc1"]
    assert figure.table["value"].tolist() == pytest.approx([0.35, np.nan], nan_ok=True)
    assert set(SIMULATORS) == set(QUESTION.estimands)
