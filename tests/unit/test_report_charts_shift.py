"""Charts of shift invariance and of the association asked for in other ways: pure, ordered, whole when nothing is defined."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.report.charts import charts
from study.report.drawing import figure_drawing
from tests.example_results import HOSTILE
from tests.example_study import LAYERS, analysed, example_study, replaced

NEW = ("group_slopes", "correlation_ways", "shift_bars", "shift_ratios", "shift_consistency")


@functools.cache
def figures() -> dict[str, Figure]:
    """Return the figures of a study with noise in every association, by chart."""
    study = example_study(fc1_log_ratio={"conv2": 0.3})
    rng = np.random.default_rng(0)
    loss = rng.normal(1.5, 0.3, 24)
    study = replaced(study, "training", test_loss=loss, final_train_loss=0.5 * loss + rng.normal(0, 0.1, 24))
    questions = analysed(study, "generalization-lower-layers", "shift_invariance-fc1")
    return {figure.chart: figure for question in questions for figure in question.figures}


def specification(name: str, table: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return what a chart draws of its own table, or of another."""
    drawn: dict[str, Any] = charts()[Chart(name)](figures()[name].table if table is None else table).to_dict()
    return drawn


@pytest.mark.parametrize("name", NEW)
def test_chart_leaves_its_table_alone_and_is_the_same_every_time(name: str) -> None:
    """Drawing changes no table and depends on nothing but the table."""
    table = figures()[name].table
    before = table.copy(deep=True)
    first, second = (specification(name) for _ in range(2))
    pd.testing.assert_frame_equal(table, before)
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("name", NEW)
def test_chart_is_drawn_with_its_words(name: str) -> None:
    """The static drawing names the axis with its unit, the panels and what the colours are."""
    drawing = figure_drawing(figures()[name], "f1-1")
    assert drawing is not None
    words = {
        "group_slopes": ("test loss (nat)", "mean gOSI", "pooled", "common slope within augmentation", "shift_flip"),
        "correlation_ways": ("rank correlation", "nat per standard deviation of gOSI", "as published", "registered"),
        "shift_bars": (
            "coefficient of variation under shifts",
            "conv2 ablated",
            "conv3 ablated",
            "random half ablated",
        ),
        "shift_ratios": ("coefficients of variation", "top half / random half, registered", "conv3 ablated"),
        "shift_consistency": ("predictions unchanged", "vertical shift", "both shifts", "conv3, bottom half ablated"),
    }
    for text in words[name]:
        assert text in drawing.svg, text


@pytest.mark.parametrize("name", NEW)
def test_table_without_values_or_rows_does_not_break_its_chart(name: str) -> None:
    """Undefined values leave gaps; a table without rows is not drawn."""
    figure = figures()[name]
    fractions = [column for column in figure.table.columns if figure.table[column].dtype.kind == "f"]
    undefined = figure.table.assign(**dict.fromkeys(fractions, np.nan))
    assert figure_drawing(dataclasses.replace(figure, table=undefined), "f1-1") is not None
    assert figure_drawing(dataclasses.replace(figure, table=figure.table.iloc[:0]), "f1-1") is None


@pytest.mark.parametrize("name", NEW)
def test_text_hostile_to_html_is_escaped(name: str) -> None:
    """Labels come from data: a layer's name cannot close the drawing."""
    figure = figures()[name]
    column = (
        "layer"
        if "layer" in figure.table.columns
        else "condition"
        if "condition" in figure.table.columns
        else "ablated"
    )
    drawing = figure_drawing(dataclasses.replace(figure, table=figure.table.assign(**{column: HOSTILE})), "f1-1")
    assert drawing is not None
    assert "<script" not in drawing.svg
    assert "<img" not in drawing.svg


def test_panels_keep_the_order_of_layers() -> None:
    """Layers stand as given, from the first to the last of the network, not by the alphabet."""
    table = figures()["correlation_ways"].table
    above, below = specification("correlation_ways")["vconcat"]
    assert above["facet"]["sort"] == list(LAYERS)
    assert below["layer"][-1]["encoding"]["y"]["sort"] == list(LAYERS)
    backwards = specification("correlation_ways", table.iloc[::-1])["vconcat"][0]
    assert backwards["facet"]["sort"] == list(LAYERS)[::-1]
    bars = specification("shift_bars")
    assert bars["facet"]["sort"] == ["conv2 ablated", "conv3 ablated"]
    assert bars["spec"]["layer"][0]["encoding"]["x"]["sort"] == list(LAYERS)


def test_a_layer_whose_sign_flips_says_so_in_its_heading() -> None:
    """The flag of the table, and nothing else, is in the heading."""
    table = figures()["group_slopes"].table
    table = table.assign(layer_flips=table["layer"] == "conv3")
    headings = specification("group_slopes", table)["facet"]["sort"]
    assert headings == ["conv3: sign flips" if layer == "conv3" else layer for layer in LAYERS]


def test_ways_without_a_slope_are_the_correlations_alone() -> None:
    """Nothing stands below them, and no empty axis."""
    table = figures()["correlation_ways"].table
    alone = specification("correlation_ways", table[table["scale"] == "rank correlation"])
    assert "vconcat" not in alone
    assert alone["facet"]["sort"] == list(LAYERS)


def test_ratios_lie_on_a_logarithmic_axis_with_points_spread_within_their_row() -> None:
    """Twice as much and half as much are equally far from 1; no point leaves its row, means stand in the middle."""
    drawn = specification("shift_ratios")
    points = next(layer for layer in drawn["spec"]["layer"] if layer["mark"]["type"] == "point")
    assert points["encoding"]["x"]["scale"]["type"] == "log"
    rows = pd.DataFrame(next(iter(drawn["datasets"].values())))
    assert rows["spread"].abs().max() < 0.5
    assert (rows.loc[rows["kind"] == "mean", "spread"] == 0).all()
    single = rows[rows["kind"] == "network"]
    assert single.groupby(["ablated", "comparison"])["spread"].nunique().eq(24).all()
