"""Charts of rearing, and units of networks reared under several conditions side by side: pure, ordered, light."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.reared_units import MOST_UNITS, reared_units
from study.analysis.core.results import SUPPORTED, Figure, HypothesisResult
from study.analysis.core.tuned_units import RearedUnits, UnitsOfCondition
from study.report.charts import charts
from study.report.drawing import figure_drawing
from study.report.pictures import rearing_gallery, strip_rows
from tests.example_rearing import SPAN, THREE, reared_study
from tests.example_study import analysed
from tests.example_units import ORIENTATIONS, gratings_of, unit_of
from tests.unit.test_report_strip import question, result_of

NEW = ("reared_scores", "reared_checks")
PENALTY = (("discouraged", "conv2-conv3"), ("discouraged_sham", "conv2-conv3"))


@functools.cache
def study() -> xr.DataTree:
    """Return a study of kernels and of one penalty."""
    return reared_study(seeds=3, kinds=(*THREE, *PENALTY), lost=[("parted", 0)])


@functools.cache
def figures() -> tuple[Figure, ...]:
    """Return its figures: scores and checks of kernels, then of the penalty."""
    (shown,) = analysed(study(), "necessity-test-loss")
    return shown.figures


@pytest.mark.parametrize("name", NEW)
def test_chart_leaves_its_table_alone_and_is_the_same_every_time(name: str) -> None:
    """Drawing changes no table and depends on nothing but the table."""
    table = next(figure.table for figure in figures() if figure.chart == name)
    before = table.copy(deep=True)
    first, second = (charts()[Chart(name)](table).to_dict() for _ in range(2))
    pd.testing.assert_frame_equal(table, before)
    assert json.dumps(first) == json.dumps(second)


def test_charts_are_drawn_with_their_words() -> None:
    """Conditions, shams before what they are the shams of; scores with their unit; every check in its own panel."""
    drawn = [figure_drawing(figure, f"f1-{place}") for place, figure in enumerate(figures())]
    words = (
        ("free", "parted", "isotropic", "test loss (nat)", "generalisation gap (nat)"),
        ("gOSI beyond shuffles", "orientation, decoded linearly", "silent units (share)", "selectivity for class"),
        ("free", "discouraged sham", "discouraged"),
        ("effective rank of responses", "conv6"),
    )
    for drawing, expected in zip(drawn, words, strict=True):
        assert drawing is not None
        assert all(word in drawing.svg for word in expected)
        assert "Infinity" not in drawing.svg and "NaN" not in drawing.svg
    assert figures()[0].table["condition"].unique().tolist() == ["free", "parted", "isotropic"]
    assert figures()[2].table["condition"].unique().tolist() == ["free", "discouraged sham", "discouraged"]


@pytest.mark.parametrize("chart", NEW)
def test_values_that_are_all_alike_have_no_interval_and_a_scale_nevertheless(chart: str) -> None:
    """A share of silent units of 0 everywhere; an axis without extent makes a browser complain."""
    table = next(figure.table for figure in figures() if figure.chart == chart)
    alike = table.assign(value=0.0, ci_low=np.nan, ci_high=np.nan)
    values: Any = charts()[Chart(chart)](alike).to_dict()["datasets"]
    rows = [row for rows in values.values() for row in rows if row.get("kind", "mean") == "mean"]
    assert rows
    assert all(row["ci_low"] == row["ci_high"] == 0 for row in rows)


# The gallery


def test_units_are_those_of_the_first_seed_with_the_most_conditions() -> None:
    """Seed 0 lost its parted network; kernels in every layer, coloured in the first alone; no silent units; gOSI rising."""
    units = reared_units(study())
    assert units is not None
    assert (units.seed, units.span) == (1, SPAN)
    assert [one.condition for one in units.conditions] == ["free", *(name for name, _ in (*THREE[1:], *PENALTY))]
    for one in units.conditions:
        assert [layer for layer, _ in one.layers] == ["conv1", "conv2", "conv3"]
        for layer, members in one.layers:
            gosi = [unit.gosi for unit in members]
            assert 0 < len(members) <= MOST_UNITS and gosi == sorted(gosi)
            assert all(np.shape(unit.kernel) == (3, 3, 3) and unit.layer == layer for unit in members)
            assert all((np.ptp(unit.kernel, axis=-1).max() > 0) == (layer == "conv1") for unit in members)
        assert len(dict(one.layers)["conv1"]) == 3  # of four, one of which is silent


def test_without_networks_that_were_reared_there_is_no_gallery() -> None:
    """Free ones alone, or no tuning at all."""
    assert reared_units(reared_study(seeds=2, kinds=THREE[:1])) is None
    assert reared_units(xr.DataTree()) is None


def test_a_gallery_holds_every_condition_of_every_layer_and_stays_light() -> None:
    """Eight conditions of six units in three layers: gratings stand once, kernels are a picture a condition."""
    kernel = (((0, 0, 0),) * 3,) * 3
    names = ("free", "isotropic", "parted", "random_basis", "discouraged", "encouraged", "discouraged_sham")
    conditions = tuple(
        UnitsOfCondition(
            name,
            tuple(
                (layer, tuple(unit_of(layer, n, 0.1 * n, kernel=kernel if layer == "conv1" else ()) for n in range(6)))
                for layer in ("conv1", "conv2", "conv3")
            ),
        )
        for name in names
    )
    gallery = rearing_gallery(RearedUnits(3, SPAN, ORIENTATIONS, conditions), gratings_of(), "reared")
    assert gallery.count('class="reared"') == 3 * len(names)
    assert gallery.count('id="reared-gratings"') == 1
    assert gallery.count('class="kernels"') == len(names)
    assert gallery.count('href="#reared-gratings"') == 3 * 6 * len(names)
    assert "random basis (kernels of three numbers, in a random three-dimensional basis)" in gallery
    assert len(re.findall("<[a-z]", gallery)) < 1200 and len(gallery) < 120_000
    assert gallery == rearing_gallery(RearedUnits(3, SPAN, ORIENTATIONS, conditions), gratings_of(), "reared")


def test_layers_without_units_that_respond_are_left_out() -> None:
    """And nothing is drawn where no layer has any."""
    silent = UnitsOfCondition("isotropic", (("conv1", ()), ("conv2", ())))
    heard = UnitsOfCondition("free", (("conv1", (unit_of("conv1", 0, 0.3),)), ("conv2", ())))
    some = rearing_gallery(RearedUnits(0, "conv1-conv2", ORIENTATIONS, (heard, silent)), gratings_of(), "r")
    assert some.count('class="reared"') == 1
    assert rearing_gallery(RearedUnits(0, "conv1", ORIENTATIONS, (silent,)), gratings_of(), "r") == ""


def test_the_verdict_of_a_span_stands_in_each_of_its_layers() -> None:
    """Conv1-conv3 fills three columns of the strip and adds none; a span of a network without these layers stands for itself."""
    whole: HypothesisResult = result_of("a", SUPPORTED, "conv1", "conv2", "conv3", "conv4")
    rows = strip_rows([question("one", whole), question("two", result_of("b", SUPPORTED, SPAN))])
    assert [name for name, _ in rows[1].cells] == ["conv1", "conv2", "conv3"]
    (alone,) = strip_rows([question("two", result_of("b", SUPPORTED, SPAN))])
    assert [name for name, _ in alone.cells] == [SPAN]
