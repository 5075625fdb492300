"""Spatial frequency: how many selective units prefer one orientation at every frequency above half peak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import INCONCLUSIVE, NOT_TESTED, RULED_OUT, SUPPORTED
from study.analysis.questions.spatial_frequency.estimands import zero_range_share
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

NAMES = ("spatial_frequency-range-zero", "spatial_frequency-range-zero-two-frequencies")
UNITS = sum(LAYERS.values())


def with_ranges(study: xr.DataTree, rng: np.random.Generator, share: np.ndarray, *, counts: Any = None) -> xr.DataTree:
    """Return a study of selective units of which each network has the given share at range 0; two or more frequencies."""
    shape = (len(study["tuning"]["network"]), 3, UNITS)
    ranges = np.where(rng.random(shape) < share[:, None, None], 0.0, 15.0 * rng.integers(1, 12, shape))
    counts = rng.integers(2, 6, shape) if counts is None else counts
    return replaced(
        study, "tuning", gosi=0.6, silent=False, spatial_frequency_range=ranges, spatial_frequency_count=counts
    )


@pytest.mark.parametrize("fewest", [1, 2, 3])
def test_the_share_is_that_of_pandas(fewest: int) -> None:
    """Among units above 0.33 with enough frequencies; a layer without such a unit has none."""
    study = example_study(silent=0.2, analysed_gosi={"conv1": 0.05})
    rng = np.random.default_rng(0)
    study = replaced(study, "tuning", spatial_frequency_count=rng.integers(0, 4, (24, 3, UNITS)))
    tuning = study["tuning"].to_dataset().sel(state="analysed")
    names = ["gosi", "spatial_frequency_range", "spatial_frequency_count"]
    frame = tuning[names].reset_coords(drop=True).to_dataframe().reset_index()
    frame["layer"] = tuning["layer"].values[frame["unit"]]
    kept = frame[(frame["gosi"] > 0.33) & (frame["spatial_frequency_count"] >= fewest)]
    zero = (kept["spatial_frequency_range"] == 0).groupby([kept["network"], kept["layer"]]).mean().unstack()
    expected = zero.reindex(index=tuning["network"].values, columns=list(LAYERS)).to_numpy(dtype=float)
    share = zero_range_share(study, fewest).transpose("network", "layer").astype(float)
    np.testing.assert_allclose(share, expected, rtol=1e-12)
    assert np.isnan(expected[:, 0]).any()


@pytest.mark.parametrize(
    ("centre", "noise", "verdict"), [(0.85, 0.02, SUPPORTED), (0.2, 0.02, RULED_OUT), (0.5, 0.3, INCONCLUSIVE)]
)
def test_planted_ranges_come_out_as_registered(centre: float, noise: float, verdict: str) -> None:
    """Most units at 0, few units at 0, or half of them, give or take."""
    rng = np.random.default_rng(1)
    study = with_ranges(example_study(), rng, centre + noise * np.tile([1, -1], 12))
    for name in NAMES:
        result = conclusion(study, name)
        assert set(verdicts(result).values()) == {verdict}
        assert result.verdict == verdict


def test_units_with_a_single_frequency_decide_only_where_they_count() -> None:
    """Range 0 by construction: enough for the published claim, set aside by the sharper hypothesis."""
    rng = np.random.default_rng(2)
    single = rng.random((24, 3, UNITS)) < 0.7
    study = with_ranges(example_study(), rng, np.full(24, 0.1), counts=np.where(single, 1, 3))
    ranges = np.where(single, 0.0, study["tuning"].to_dataset()["spatial_frequency_range"].values)
    study = replaced(study, "tuning", spatial_frequency_range=ranges)
    published, sharper = (conclusion(study, name) for name in NAMES)
    assert published.verdict == SUPPORTED
    assert sharper.verdict == RULED_OUT
    assert sharper.published_verdict == NOT_TESTED


def test_a_layer_without_selective_units_is_not_tested() -> None:
    """No unit of conv5 is selective in any network: no range there; five of the other six still make most of seven."""
    study = with_ranges(example_study(), np.random.default_rng(3), np.full(24, 0.85))
    tuning = study["tuning"].to_dataset()
    gosi = np.where(tuning["layer"].values == "conv5", 0.2, tuning["gosi"].values)
    study = replaced(study, "tuning", gosi=gosi)
    result = conclusion(study, NAMES[0])
    assert verdicts(result)["conv5"] == NOT_TESTED
    assert result.verdict == SUPPORTED
    published = {layer.layer: layer.verdict for layer in result.published_layers}
    assert published["conv5"] == NOT_TESTED


def test_networks_without_a_selective_unit_are_excluded_and_counted() -> None:
    """Three networks have none in fc1: 21 enter, 3 are counted."""
    study = with_ranges(example_study(), np.random.default_rng(4), np.full(24, 0.85))
    tuning = study["tuning"].to_dataset()
    gosi = tuning["gosi"].values.copy()
    gosi[:3, :, tuning["layer"].values == "fc1"] = 0.1
    layers = {layer.layer: layer for layer in conclusion(replaced(study, "tuning", gosi=gosi), NAMES[0]).layers}
    assert (layers["fc1"].n, layers["fc1"].n_missing) == (21, 3)
    assert (layers["conv1"].n, layers["conv1"].n_missing) == (24, 0)


def test_the_figure_counts_each_range_once() -> None:
    """Shares over 0, 15 .. 165 degrees sum to 1 in each layer and group."""
    study = with_ranges(example_study(), np.random.default_rng(5), np.full(24, 0.6))
    (question,) = analysed(study, NAMES[0])
    (figure,) = question.figures
    for (layer, _), rows in figure.table.groupby(["layer", "group"], sort=False):
        assert rows["range"].tolist() == list(range(0, 180, 15))
        assert rows["share"].sum() == pytest.approx(1)
        ranges = study["tuning"].to_dataset().sel(state="analysed")["spatial_frequency_range"]
        members = ranges.values[:, ranges["layer"].values == layer]
        assert rows["share"].iloc[0] == pytest.approx((members == 0).mean())


def test_the_notes_say_how_many_have_no_choice() -> None:
    """The share of selective units with a single frequency; and a study without selective units says that."""
    counts = np.where(np.arange(UNITS) % 4 == 0, 1, 2)
    study = with_ranges(example_study(seeds=1), np.random.default_rng(6), np.full(4, 0.6), counts=counts)
    (question,) = analysed(study, NAMES[0])
    assert f"{(counts == 1).mean():.1%} of the selective units" in question.notes[0]
    (question,) = analysed(replaced(study, "tuning", gosi=0.1), NAMES[0])
    assert "No unit of any network" in question.notes[0]
