"""What question modules share: means over units, the table of networks, and studies as the store delivers them."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from study import analysis
from study.analysis import questions as question_folders
from study.analysis.core import networks as networks_module
from study.analysis.core.layers import layer_means
from study.analysis.core.networks import drawn_networks, drawn_note, network_table
from study.analysis.core.published import read_as_absence, unpublished
from study.analysis.core.question import Question
from study.analysis.core.results import EFFECT_PRESENT, NOT_TESTED, SUPPORTED, PublishedLayer, QuestionResult
from study.analysis.questions import questions
from study.registration import read_registration
from study.report.charts import charts
from study.store import StudyFolder, compact, open_study, publish_network
from tests.example_networks import example_network
from tests.example_study import (
    AUGMENTATIONS,
    LAYERS,
    analysed,
    concluded,
    example_study,
    registered,
    registered_questions,
    replaced,
    study_of,
    untested_results,
)

NAMES = tuple(questions())


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return 24 networks, six to an augmentation."""
    return replaced(example_study(), "training", test_loss=np.random.default_rng(0).normal(1.5, 0.2, 24))


@pytest.fixture(scope="module")
def results(study: xr.DataTree) -> tuple[QuestionResult, ...]:
    """Return the analysis of everything registered."""
    return analysed(study)


def test_layer_means_are_those_of_pandas(study: xr.DataTree) -> None:
    """Grouped by network and layer, silent units left out, layers in the network's order."""
    gosi = study["tuning"].to_dataset()["gosi"].sel(state="analysed")
    means = layer_means(gosi)
    table = gosi.reset_coords(drop=True).to_dataframe().reset_index()
    table["layer"] = np.tile(gosi["layer"].values, gosi.sizes["network"])
    expected = table.groupby(["network", "layer"], sort=False)["gosi"].mean().unstack().loc[means["network"].values]
    assert means.dims == ("layer", "network")
    assert means["layer"].values.tolist() == list(LAYERS)
    np.testing.assert_allclose(means.transpose("network", "layer"), expected[list(LAYERS)], rtol=1e-12)
    assert means["augmentation"].dims == ("network",)


@pytest.mark.parametrize(
    ("pvalue", "verdict"), [(0.05, SUPPORTED), (0.9, SUPPORTED), (0.049, EFFECT_PRESENT), (float("nan"), NOT_TESTED)]
)
def test_a_published_absence_is_labelled_as_read_from_a_large_p(pvalue: float, verdict: str) -> None:
    """The paper's reading, and said to be one; nothing is read from a p that is undefined."""
    layer = read_as_absence(PublishedLayer("conv1", -0.1, pvalue, SUPPORTED, "pooled"))
    assert layer.verdict == verdict
    assert layer.note == ("absence read from a large p-value; pooled" if verdict == SUPPORTED else "pooled")


def test_figures_draw_at_most_so_many_networks(study: xr.DataTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """All where they are few; else the same share of every augmentation, and the figure says so."""
    total = study["training"].sizes["network"]
    assert drawn_networks(study).tolist() == list(range(total))
    assert drawn_note(study) == ""
    means = _table(study, "untrained", "layer_means")
    monkeypatch.setattr(networks_module, "MOST_DRAWN", 8)
    drawn = study["training"].to_dataset().isel(network=drawn_networks(study))
    assert sorted(drawn["augmentation"].values.tolist()) == sorted(2 * AUGMENTATIONS)
    assert drawn_note(study).startswith(f" 8 of the {total} networks are drawn")
    for name, chart in (
        ("untrained", "layer_means"),
        ("generalization", "correlation_scatter"),
        ("ablation", "ablation_null"),
    ):
        table = _table(study, name, chart)
        table = table[table["kind"] == "network"] if "kind" in table else table
        assert set(table["network"]) == set(drawn["network"].values.tolist())
    few = _table(study, "untrained", "layer_means")
    pd.testing.assert_frame_equal(*(table[table["kind"] == "mean"].reset_index(drop=True) for table in (means, few)))


def _table(study: xr.DataTree, name: str, chart: str) -> pd.DataFrame:
    question = questions()[name]
    return next(
        figure.table for figure in question.figures(study, untested_results(name), root_seed=0) if figure.chart == chart
    )


def test_layer_means_of_silent_units_alone_are_undefined() -> None:
    """NaN without a warning, in that layer only; the mean over what is left elsewhere."""
    values = xr.DataArray(
        [[1.0, np.nan, np.nan, np.nan, 5.0]],
        dims=("network", "unit"),
        coords={"layer": ("unit", ["a", "a", "b", "b", "c"])},
    )
    np.testing.assert_array_equal(layer_means(values).transpose("network", "layer"), [[1, np.nan, 5]])


def test_means_of_masked_flags_are_numbers() -> None:
    """A share of true flags, where some are masked, is a floating-point number."""
    flags = xr.DataArray([True, False, True], dims="unit", coords={"layer": ("unit", ["a"] * 3)})
    share = layer_means(flags.where(xr.DataArray([True, True, False], dims="unit")))
    assert share.astype(float).values.tolist() == [0.5]
    assert share.dtype.kind == "f"


def test_the_network_table_holds_one_row_a_network(study: xr.DataTree) -> None:
    """Test scores and what identifies the network; no epochs."""
    table = network_table(study)
    assert table["test_loss"].dims == ("network",)
    assert "epoch" not in table.dims
    assert set(table["augmentation"].values.tolist()) == {"none", "shift", "flip", "shift_flip"}


def test_what_is_not_in_the_paper_is_not_tested_by_it(study: xr.DataTree) -> None:
    """One row a layer, undefined."""
    rows = unpublished(study, ("conv1", "fc1"), root_seed=0)
    assert [(row.layer, row.verdict) for row in rows] == [("conv1", NOT_TESTED), ("fc1", NOT_TESTED)]
    assert all(np.isnan(row.estimate) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_question_is_named_as_its_folder(name: str) -> None:
    """One name for registration, folder, store and report; nothing is estimated that is not registered."""
    question = questions()[name]
    assert isinstance(question, Question)
    measures = {one.measure for one in registered().hypotheses.values() if one.question == name}
    assert measures == set(question.estimands) == set(question.published)


def test_every_folder_is_a_question() -> None:
    """The folders are the list of questions, and each is registered."""
    folders = {path.parent.name for path in Path(question_folders.__path__[0]).glob("*/__init__.py")}
    assert folders == set(NAMES) == set(registered_questions())


def test_every_registered_hypothesis_has_a_result(results: tuple[QuestionResult, ...]) -> None:
    """In the registration's order, each in all its layers; questions in the order of their first hypotheses."""
    assert [result.question for result in results] == list(registered_questions())
    hypotheses = [one for result in results for one in result.hypotheses]
    assert {one.hypothesis.id for one in hypotheses} == set(registered().hypotheses)
    for one in hypotheses:
        assert tuple(layer.layer for layer in one.layers) == one.hypothesis.layers
        assert one.reason


def test_the_same_seed_gives_the_same_results(study: xr.DataTree, results: tuple[QuestionResult, ...]) -> None:
    """A hypothesis has a stream of its own: analysed alone it comes out as among all others, but for what others decide.

    The p-value of a primary hypothesis as a whole is adjusted across the primary ones.
    """
    for name in ("generalization-lower-layers", "ablation-effect", "ablation-silence"):
        alone = concluded(study, name)[name]
        (among,) = (one for result in results for one in result.hypotheses if one.hypothesis.id == name)
        assert among.pvalue >= alone.pvalue
        assert among.hypothesis.is_primary or among.pvalue == alone.pvalue
        assert repr(dataclasses.replace(alone, pvalue=among.pvalue)) == repr(among)


def test_the_order_of_networks_does_not_decide(study: xr.DataTree) -> None:
    """The same networks in another order: the same estimates, and p-values that differ by resampling alone."""
    shuffled = xr.DataTree.from_dict(
        {
            f"/{name}": study[name].to_dataset().isel(network=np.random.default_rng(0).permutation(24))
            for name in study.children
        }
    )
    for name in ("existence-above-shuffle", "generalization-lower-layers"):
        one, other = (concluded(tree, name)[name] for tree in (study, shuffled))
        for a, b in zip(one.layers, other.layers, strict=True):
            assert a.estimate == pytest.approx(b.estimate, abs=1e-12)
            assert a.pvalue == pytest.approx(b.pvalue, abs=0.03)


def test_figures_can_be_drawn(results: tuple[QuestionResult, ...]) -> None:
    """Each names a chart that exists, its id starts with its question, its table is small enough and is drawn."""
    for result in results:
        for figure in result.figures:
            assert figure.id.startswith(result.question)
            assert 0 < len(figure.table) <= 5000
            assert figure.shows and figure.supports and figure.contradicts
            json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False)
    assert sum(len(result.figures) for result in results) >= 8


def test_the_analysis_leaves_the_study_alone(study: xr.DataTree) -> None:
    """Measures, tests, figures and notes change no value."""
    before = study.copy(deep=True)
    analysed(study, "ablation-silence", "existence-above-shuffle")
    xr.testing.assert_identical(study, before)


def test_a_study_in_memory_is_what_the_store_delivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published, compacted and opened, the same networks give the same results as stacked in a test."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    small = dict.fromkeys(LAYERS, 4)
    networks = [
        example_network(np.random.default_rng(i), layers=small, epochs=2, draws=5, seed=i // 4, augmentation=name)
        for i, name in enumerate(["none", "shift", "flip"])
    ]
    folder = StudyFolder(tmp_path / "study")
    for tree in networks:
        publish_network(folder, tree.attrs["key"], tree)
    compact(folder, [tree.attrs["key"] for tree in networks], {"config_digest": "d"})
    with open_study(folder.compacted) as opened:
        stored, stacked = (
            analysed(tree, "existence-above-shuffle", "untrained-weaker")
            for tree in (opened.load(), study_of(networks))
        )
    assert repr([one.hypotheses for one in stored]) == repr([one.hypotheses for one in stacked])
    for one, other in zip(stored, stacked, strict=True):
        assert one.notes == other.notes
        for a, b in zip(one.figures, other.figures, strict=True):
            pd.testing.assert_frame_equal(a.table, b.table, check_dtype=False)


@pytest.mark.parametrize("count", [1, 3])
def test_a_study_of_few_networks_is_described_not_tested(count: int) -> None:
    """Every verdict is "not tested" with a reason, nothing crashes, nothing warns, every figure is drawn."""
    study = example_study(seeds=1, augmentations=("none", "shift", "flip")[:count])
    for result in analysed(study):
        for one in result.hypotheses:
            assert one.verdict == NOT_TESTED
            assert one.reason
        for figure in result.figures:
            json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False)


def test_a_study_of_silent_units_is_not_tested_where_nothing_is_defined() -> None:
    """All units of all networks silent: no crash, no warning; what needs a gOSI is not tested."""
    study = example_study(seeds=2, silent=1.0)
    ablation = study["ablation"].to_dataset()
    study = replaced(
        study, "ablation", null_effect=0.0, null_target_loss=ablation["null_baseline_loss"].values[:, None, None]
    )
    for result in analysed(study):
        for one in result.hypotheses:
            if one.hypothesis.measure not in ("log2_ratio", "effect_relu_zero", "cv_against_depth"):
                assert one.verdict == NOT_TESTED, one.hypothesis.id
        for figure in result.figures:
            if len(figure.table):
                json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False)


def test_a_network_of_other_layers_is_tested_in_all_of_them() -> None:
    """Claims about all layers are about its own; those that name another architecture's layers are not tested there."""
    names = ("stem", "block1", "block1_sum", "block2", "dense")
    levels = {"initial_gosi": dict.fromkeys(names, 0.2), "analysed_gosi": dict.fromkeys(names, 0.6)}
    study = example_study(layers=dict.fromkeys(names, 8), **levels)
    study.attrs["architecture"] = "another"
    registration = read_registration(Path(__file__).parents[2] / "preregistration.md")
    concluded = analysis.analyse(study, registration, root_seed=0)
    results = {one.hypothesis.id: one for question in concluded for one in question.hypotheses}
    everywhere = results["existence-selective-units"]
    assert tuple(layer.layer for layer in everywhere.layers) == names
    assert NOT_TESTED not in {layer.verdict for layer in everywhere.layers}
    elsewhere = results["ablation-effect"]
    assert (elsewhere.verdict, elsewhere.reason) == (NOT_TESTED, "registered for cnn7")
    assert {layer.layer for layer in elsewhere.layers} == {"conv2", "conv3"}
