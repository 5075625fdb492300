"""Existence: selective units in every layer, against each unit's own shuffled responses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from study.analysis.core.layers import layer_sums, tuning_of
from study.analysis.core.results import INCONCLUSIVE, NOT_SUPPORTED, NOT_TESTED, OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.questions.existence.estimands import gosi_excess, selective_excess, selective_share
from study.analysis.questions.existence.tables import STATE_NAMES, histogram_table
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

NAMES = ("existence-selective-units", "existence-above-shuffle", "existence-above-orientation-shuffle")


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks."""
    return example_study(silent=0.1)


def table(study: xr.DataTree, state: str = "analysed") -> pd.DataFrame:
    """Return one row per network and unit, silent units left out."""
    tuning = study["tuning"].to_dataset().sel(state=state)
    names = ["gosi", "gosi_null_mean", "gosi_null_selective", "gosi_orientation_null_mean", "silent"]
    frame = tuning[names].reset_coords(drop=True).to_dataframe().reset_index()
    frame["layer"] = tuning["layer"].values[frame["unit"]]
    return frame[~frame["silent"]]


def by_layer(values: pd.Series, study: xr.DataTree) -> np.ndarray:
    """Return a series indexed by network and layer as an array (network, layer) in the study's order."""
    return values.unstack().loc[study["tuning"]["network"].values, list(LAYERS)].to_numpy(dtype=float)


def test_states_are_told_apart(study: xr.DataTree) -> None:
    """Initial and analysed weights have other gOSI."""
    initial, analysed = (tuning_of(study, state)["gosi"].values for state in ("initial", "analysed"))
    assert initial.shape == analysed.shape == (24, sum(LAYERS.values()))
    assert np.nanmean(initial) < np.nanmean(analysed)


def test_measures_are_those_of_pandas(study: xr.DataTree) -> None:
    """Share of selective units, its excess over shuffled ones, and the two noise-corrected gOSI."""
    frame = table(study)
    groups = frame.assign(
        selective=frame["gosi"] > 0.33,
        excess=frame["gosi"] - frame["gosi_null_mean"],
        orientation=frame["gosi"] - frame["gosi_orientation_null_mean"],
    ).groupby(["network", "layer"], sort=False)
    tuning = tuning_of(study, "analysed")
    share = by_layer(groups["selective"].mean(), study)
    shuffled = by_layer(groups["gosi_null_selective"].mean(), study)
    for measure, expected in (
        (selective_share(tuning), share),
        (selective_excess(tuning), share - shuffled),
        (gosi_excess(tuning, "gosi_null_mean"), by_layer(groups["excess"].mean(), study)),
        (gosi_excess(tuning, "gosi_orientation_null_mean"), by_layer(groups["orientation"].mean(), study)),
    ):
        np.testing.assert_allclose(measure.transpose("network", "layer").astype(float), expected, rtol=1e-10)


def test_the_threshold_itself_is_not_selective() -> None:
    """More than 0.33, as in visual neuroscience."""
    study = example_study(seeds=1)
    gosi = np.full((4, 3, sum(LAYERS.values())), 0.33)
    assert not selective_share(tuning_of(replaced(study, "tuning", gosi=gosi, silent=False), "analysed")).any()
    above = replaced(study, "tuning", gosi=np.nextafter(gosi, 1), silent=False)
    assert (selective_share(tuning_of(above, "analysed")) == 1).all()


def planted(verdict: str) -> xr.DataTree:
    """Return a study whose units are far more selective than shuffled, just as selective, or sometimes either."""
    study = example_study(analysed_gosi=dict.fromkeys(LAYERS, 0.6))
    tuning = study["tuning"].to_dataset()
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01 if verdict == RULED_OUT else 0.6, (24, 1, 1))
    gosi = tuning["gosi"].values
    null, share = gosi + noise, np.where(np.isnan(gosi), np.nan, gosi > 0.33) + noise
    if verdict == SUPPORTED:
        null, share = 0.2 + 0.05 * noise + 0 * gosi, 0.1 + 0.05 * noise + 0 * gosi
    return replaced(study, "tuning", gosi_null_mean=null, gosi_orientation_null_mean=null, gosi_null_selective=share)


@pytest.mark.parametrize("verdict", [SUPPORTED, RULED_OUT, INCONCLUSIVE])
def test_planted_selectivity_comes_out_as_registered(verdict: str) -> None:
    """All three hypotheses, from units to verdict."""
    study = planted(verdict)
    for name in NAMES:
        result = conclusion(study, name)
        assert result.verdict == verdict, name
        assert set(verdicts(result).values()) == {verdict}
        assert all(layer.n == 24 and layer.n_missing == 0 for layer in result.layers)


def test_one_layer_without_selective_units_decides_against_every_layer() -> None:
    """ "In every layer" is ruled out by one; "in most layers" is not."""
    study = planted(SUPPORTED)
    tuning = study["tuning"].to_dataset()
    gosi = tuning["gosi"].values.copy()
    members = tuning["layer"].values == "conv4"
    gosi[..., members] *= 0.2 / np.nanmean(gosi[..., members], axis=-1, keepdims=True)
    study = replaced(study, "tuning", gosi=np.clip(gosi, 0, 0.3 + 0.7 * ~members))
    units, shuffle = (conclusion(study, name) for name in NAMES[:2])
    assert verdicts(units)["conv4"] == OPPOSITE
    assert units.verdict == RULED_OUT
    assert verdicts(shuffle)["conv4"] == RULED_OUT
    assert shuffle.verdict == SUPPORTED


def silenced(study: xr.DataTree, layer: str, networks: slice) -> xr.DataTree:
    """Return a study where a layer of some networks responds to nothing."""
    tuning = study["tuning"].to_dataset()
    mask = np.zeros(tuning["gosi"].shape, dtype=bool)
    mask[networks, -1, :] = tuning["layer"].values == layer
    names = ("gosi", "gosi_null_mean", "gosi_orientation_null_mean", "gosi_null_selective")
    changed = {name: np.where(mask, np.nan, tuning[name].values) for name in names}
    return replaced(study, "tuning", silent=tuning["silent"].values | mask, **changed)


def test_a_silent_layer_excludes_the_network_there_and_is_counted() -> None:
    """Two networks whose conv3 is silent: 22 enter the test, 2 are counted as missing."""
    study = silenced(planted(SUPPORTED), "conv3", slice(0, 2))
    for name in NAMES:
        layers = {layer.layer: layer for layer in conclusion(study, name).layers}
        assert (layers["conv3"].n, layers["conv3"].n_missing) == (22, 2)
        assert (layers["conv2"].n, layers["conv2"].n_missing) == (24, 0)


def test_a_layer_silent_everywhere_is_not_tested() -> None:
    """With its reason, in the registered and in the published analysis; the question still has figures and notes."""
    study = silenced(planted(SUPPORTED), "conv3", slice(None))
    (question,) = analysed(study, *NAMES)
    for result in question.hypotheses:
        assert verdicts(result)["conv3"] == NOT_TESTED
        assert "there are 0" in next(layer.note for layer in result.layers if layer.layer == "conv3")
        published = {layer.layer: layer.verdict for layer in result.published_layers}
        assert published["conv3"] == NOT_TESTED
        assert np.isnan(next(layer.estimate for layer in result.published_layers if layer.layer == "conv3"))
    assert "conv3 100.0%" in question.notes[1]


def test_the_published_analysis_looks_at_means_without_a_test() -> None:
    """Any selective unit is existence; a mean above the shuffled mean is "much larger"; no p-value."""
    study = planted(INCONCLUSIVE)
    result = conclusion(study, "existence-selective-units")
    assert result.published_verdict == SUPPORTED
    assert result.verdict == INCONCLUSIVE
    assert all(np.isnan(layer.pvalue) for layer in result.published_layers)
    excess = conclusion(study, "existence-above-shuffle").published_layers
    frame = table(study)
    expected = (frame["gosi"] - frame["gosi_null_mean"]).groupby([frame["network"], frame["layer"]]).mean()
    expected = expected.groupby("layer").mean()
    for layer in excess:
        assert layer.estimate == pytest.approx(expected[layer.layer])
        assert layer.verdict == (SUPPORTED if layer.estimate > 0 else NOT_SUPPORTED)
    assert conclusion(study, "existence-above-orientation-shuffle").published_verdict == NOT_TESTED


@pytest.mark.parametrize("state", ["initial", "analysed"])
def test_the_histogram_counts_every_unit_once(study: xr.DataTree, state: str) -> None:
    """Shares of all networks' units in twenty bins, and of their shuffles from twice as many; each sums to 1."""
    histogram = histogram_table(study, state)
    counts = layer_sums(tuning_of(study, state)["gosi_null_count"].sum("network"))
    frame = table(study, state)
    assert len(histogram) == 20 * len(LAYERS)
    for layer, rows in histogram.groupby("layer", sort=False):
        assert rows["measured"].sum() == pytest.approx(1)
        assert rows["shuffled"].sum() == pytest.approx(1)
        values = frame.loc[frame["layer"] == layer, "gosi"]
        for row in rows.itertuples():
            inside = ((values >= row.bin_start) & (values < row.bin_end)).mean()
            assert row.measured == pytest.approx(inside, abs=1e-9)
        pairs = counts.sel(layer=layer).values.reshape(20, 2).sum(axis=1)
        np.testing.assert_allclose(rows["shuffled"], pairs / pairs.sum())


def test_the_notes_count_silent_units(study: xr.DataTree) -> None:
    """Layer by layer, as a share of the units."""
    (question,) = analysed(study, NAMES[0])
    silent = study["tuning"].to_dataset().sel(state="analysed")["silent"]
    share = silent.values[:, silent["layer"].values == "fc1"].mean()
    assert f"fc1 {share:.1%}" in question.notes[1]


def test_example_curves_run_from_low_to_high_selectivity(study: xr.DataTree) -> None:
    """Ten units of the first network, five to a layer, each with its twelve responses."""
    (question,) = analysed(study, NAMES[0])
    curves = next(figure.table for figure in question.figures if figure.chart == "tuning_curves")
    assert len(curves) == 120
    for _, rows in curves.groupby("layer", sort=False):
        gosi = rows.drop_duplicates("unit")["gosi"].to_numpy()
        assert len(gosi) == 5
        assert (np.diff(gosi) >= 0).all()


@pytest.mark.parametrize(
    ("name", "untrained"),
    [
        ("existence-comes-with-training", "initial_normalised"),
        ("existence-comes-with-training-identity", "initial"),
    ],
)
def test_what_training_adds_is_the_excess_after_less_that_before(study: xr.DataTree, name: str, untrained: str) -> None:
    """Of the same network, by pandas, layer by layer."""
    result = conclusion(study, name)
    excesses = []
    for state in ("analysed", untrained):
        frame = table(study, state)
        excess = (frame["gosi"] - frame["gosi_null_mean"]).groupby([frame["network"], frame["layer"]]).mean()
        excesses.append(excess.groupby("layer").mean())
    for layer in result.layers:
        assert layer.estimate == pytest.approx(excesses[0][layer.layer] - excesses[1][layer.layer])


def test_networks_that_were_as_selective_before_training_support_nothing_about_training() -> None:
    """Every claim about trained networks alone is supported, and that it comes with training is ruled out."""
    study = planted(SUPPORTED)
    tuning = study["tuning"].to_dataset()
    names = ("gosi", "gosi_null_mean", "gosi_orientation_null_mean", "gosi_null_selective", "silent")
    untrained = {name: np.repeat(tuning[name].values[:, -1:], 3, axis=1) for name in names}
    study = replaced(study, "tuning", **untrained)
    assert [conclusion(study, name).verdict for name in NAMES] == [SUPPORTED] * 3
    noise = np.random.default_rng(1).normal(0, 0.01, (24, 1))
    untrained["gosi"] = untrained["gosi"].copy()
    untrained["gosi"][:, 1] += noise
    assert conclusion(replaced(study, "tuning", **untrained), "existence-comes-with-training").verdict == RULED_OUT
    untrained["gosi"][:, 1] -= 0.2
    assert conclusion(replaced(study, "tuning", **untrained), "existence-comes-with-training").verdict == SUPPORTED


def test_untrained_networks_stand_in_the_same_figures_and_the_same_sentence(study: xr.DataTree) -> None:
    """As an outline in the histogram, as states beside the trained one, and in the first note."""
    (question,) = analysed(study, NAMES[0])
    figures = {figure.id: figure.table for figure in question.figures}
    histogram = figures["existence-histogram"]
    before = histogram_table(study, "initial_normalised")
    np.testing.assert_array_equal(histogram["untrained"], before["measured"])
    means = figures["existence-training"]
    assert list(dict.fromkeys(means["state"])) == ["initial", "normalised", "analysed"]
    for state, named in STATE_NAMES.items():
        excess = gosi_excess(tuning_of(study, state), "gosi_null_mean").sel(layer="conv3").mean()
        row = means[(means["state"] == named) & (means["layer"] == "conv3") & (means["kind"] == "mean")]
        assert row["gosi"].item() == pytest.approx(float(excess))
        assert f"{float(excess):.3f}" in question.notes[0]
