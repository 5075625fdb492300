"""Untrained networks: a few selective units, fewer than after training, compared within each network."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.results import INCONCLUSIVE, NOT_SUPPORTED, NOT_TESTED, RULED_OUT, SUPPORTED
from study.analysis.questions.existence.tables import STATE_NAMES
from study.analysis.questions.untrained import gosi_gain
from study.vocabulary.schema import NORMALISED
from tests.example_study import LAYERS, analysed, conclusion, example_study, replaced, verdicts

ALIKE = dict.fromkeys(LAYERS, 0.45)


def shifted(study: xr.DataTree, per_network: np.ndarray) -> xr.DataTree:
    """Return a study whose units' analysed gOSI is their initial gOSI plus a constant for each network."""
    gosi = study["tuning"].to_dataset()["gosi"].values.copy()
    gosi[:, 1], gosi[:, -1] = gosi[:, 0], gosi[:, 0] + per_network[:, None]
    return replaced(study, "tuning", gosi=gosi, silent=np.isnan(gosi))


@pytest.mark.parametrize("untrained", ["initial", "initial_normalised"])
def test_the_gain_is_that_of_pandas(untrained: str) -> None:
    """Mean gOSI of a layer's units with analysed minus with initial weights, each without its silent units."""
    study = example_study(silent=0.2)
    gosi = study["tuning"].to_dataset()["gosi"]
    frame = gosi.reset_coords(drop=True).to_dataframe().reset_index()
    frame["layer"] = gosi["layer"].values[frame["unit"]]
    means = frame.groupby(["network", "layer", "state"])["gosi"].mean().unstack()
    expected = (means["analysed"] - means[untrained]).unstack().loc[gosi["network"].values, list(LAYERS)]
    gain = gosi_gain(study, untrained=untrained).transpose("network", "layer")
    np.testing.assert_allclose(gain, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("gain", "noise", "verdict"), [(0.2, 0.02, SUPPORTED), (0.0, 0.02, RULED_OUT), (0.06, 0.4, INCONCLUSIVE)]
)
def test_planted_gains_come_out_as_registered(gain: float, noise: float, verdict: str) -> None:
    """Far more selective, no more selective, or sometimes one and sometimes the other."""
    study = example_study(initial_gosi=ALIKE, silent=0.0)
    per_network = gain + noise * np.random.default_rng(0).normal(size=24)
    result = conclusion(shifted(study, per_network), "untrained-weaker")
    assert set(verdicts(result).values()) == {verdict}
    assert result.verdict == verdict
    assert result.layers[0].estimate == pytest.approx(per_network.mean())


def test_the_comparison_is_paired() -> None:
    """Networks differ by far more than training changes them; within each the gain is the same, and is found."""
    levels = [dict.fromkeys(LAYERS, 0.1 + 0.12 * seed) for seed in range(6)]
    study = example_study(vary=lambda augmentation, seed: {"initial_gosi": levels[seed]}, silent=0.0)
    result = conclusion(shifted(study, 0.1 + 0.01 * np.random.default_rng(1).normal(size=24)), "untrained-weaker")
    assert result.verdict == SUPPORTED


@pytest.mark.parametrize(("level", "verdict"), [(0.15, SUPPORTED), (0.5, RULED_OUT)])
def test_few_means_less_than_half(level: float, verdict: str) -> None:
    """Units around gOSI .15 are mostly not selective, units around .5 mostly are."""
    study = example_study(initial_gosi=dict.fromkeys(LAYERS, level))
    assert conclusion(study, "untrained-few").verdict == verdict


def test_some_means_more_than_shuffled_in_any_layer() -> None:
    """Present in one layer is enough; absent in all of them rules it out."""
    study = example_study(initial_gosi=ALIKE)
    tuning = study["tuning"].to_dataset()
    selective = (tuning["gosi"].values > 0.33).astype(float)
    rng = np.random.default_rng(2)
    as_shuffled = np.where(np.isnan(tuning["gosi"].values), np.nan, selective + rng.normal(0, 0.002, (24, 1, 1)))
    none = replaced(study, "tuning", gosi_null_selective=as_shuffled)
    assert conclusion(none, "untrained-present").verdict == RULED_OUT
    in_one = np.where(tuning["layer"].values == "conv6", 0.2 * as_shuffled, as_shuffled)
    result = conclusion(replaced(study, "tuning", gosi_null_selective=in_one), "untrained-present")
    assert verdicts(result)["conv6"] == SUPPORTED
    assert result.verdict == SUPPORTED


def test_only_the_initial_state_is_asked_whether_few_are_selective() -> None:
    """What training makes of the units does not matter."""
    low = {"initial_gosi": dict.fromkeys(LAYERS, 0.15)}
    selective, flat = (example_study(analysed_gosi=dict.fromkeys(LAYERS, level), **low) for level in (0.9, 0.05))
    for name in ("untrained-few", "untrained-present"):
        layers = zip(conclusion(selective, name).layers, conclusion(flat, name).layers, strict=True)
        assert all(one.estimate == pytest.approx(other.estimate, abs=0.05) for one, other in layers)
    assert conclusion(flat, "untrained-few").verdict == SUPPORTED


def test_seven_networks_are_not_tested() -> None:
    """Fewer than registered: not tested, with the number there is."""
    result = conclusion(example_study(seeds=7, augmentations=("none",)), "untrained-weaker")
    assert result.verdict == NOT_TESTED
    assert "at least 8 networks" in result.reason
    assert "there are 7" in result.reason


def test_figures_show_every_state_of_every_network() -> None:
    """One line a network and layer, over three states, and the mean of all networks."""
    study = example_study(seeds=2)
    (question,) = analysed(study, "untrained-weaker")
    means = next(figure.table for figure in question.figures if figure.chart == "layer_means")
    assert (means["kind"] == "mean").sum() == len(LAYERS) * 3
    single = means[means["kind"] == "network"]
    assert len(single) == 8 * len(LAYERS) * 3
    wide = single.pivot(index=["layer", "network"], columns="state", values="gosi")
    whole = means[means["kind"] == "mean"].pivot(index="layer", columns="state", values="gosi")
    for untrained in ("initial", NORMALISED):
        gain, named = gosi_gain(study, untrained=untrained), STATE_NAMES[untrained]
        for (layer, network), row in wide.iterrows():
            assert row["analysed"] - row[named] == pytest.approx(float(gain.sel(layer=layer, network=network)))
        np.testing.assert_allclose((whole["analysed"] - whole[named])[list(LAYERS)], gain.mean("network"))


def test_each_hypothesis_reads_its_state_before_training() -> None:
    """The registered gain is from networks with moments of training images, the other from networks as initialised."""
    study = example_study(silent=0.0)
    gosi = study["tuning"].to_dataset()["gosi"].values.copy()
    gosi[:, 0], gosi[:, 1], gosi[:, 2] = 0.2, 0.4, 0.5
    study = replaced(study, "tuning", gosi=gosi, silent=False)
    for name, value in (
        ("untrained-weaker", 0.1),
        ("untrained-weaker-identity", 0.3),
        ("untrained-few", 0.0),
        ("untrained-few-normalised", 1.0),
    ):
        assert all(layer.estimate == pytest.approx(value) for layer in conclusion(study, name).layers), name


def test_the_note_says_what_the_moments_do() -> None:
    """Mean gOSI with them minus without: a tenth less in these studies."""
    (question,) = analysed(example_study(initial_gosi=dict.fromkeys(LAYERS, 0.4)), "untrained-few")
    assert "conv1 -0.04" in question.notes[0]


def test_the_published_analysis_compares_by_eye() -> None:
    """A higher mean after training supports; some but less than half before it supports."""
    study = example_study()
    assert conclusion(study, "untrained-weaker").published_verdict == SUPPORTED
    few = conclusion(study, "untrained-few").published_layers
    assert {layer.layer: layer.verdict for layer in few} == {
        layer.layer: SUPPORTED if 0 < layer.estimate < 0.5 else NOT_SUPPORTED for layer in few
    }
