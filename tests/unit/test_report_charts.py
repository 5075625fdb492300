"""Charts are pure, small, ordered, and readable on white and on black."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.report.charts import charts, drawing_functions, theme
from study.report.drawing import figure_drawing, interval_drawing, rounded
from tests.example_report import example_report
from tests.example_results import HOSTILE, LAYERS, hypothesis

CHARTS_FOLDER = Path(theme.__file__).parent
FIGURES = [figure for question in example_report().questions for figure in question.figures]


def facets(specification: dict[str, Any]) -> list[str]:
    """Return the order of panels a specification asks for."""
    return list(specification["facet"]["sort"])


@pytest.mark.parametrize("figure", FIGURES, ids=[f"{figure.chart}-{figure.id}" for figure in FIGURES])
def test_chart_leaves_its_table_alone_and_is_the_same_every_time(figure: Figure) -> None:
    """Drawing changes no table and depends on nothing but the table."""
    before = figure.table.copy(deep=True)
    first, second = (charts()[figure.chart](figure.table).to_dict() for _ in range(2))
    pd.testing.assert_frame_equal(figure.table, before)
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("name", ["gosi_histogram", "range_histogram", "layer_means", "correlation_scatter"])
def test_panels_keep_the_order_of_layers(name: str) -> None:
    """Layers stand as given, from the first to the last of the network, not by the alphabet."""
    figure = next(figure for figure in FIGURES if figure.chart == name)
    backwards = figure.table.iloc[::-1]
    assert facets(charts()[Chart(name)](figure.table).to_dict()) == list(LAYERS)
    assert facets(charts()[Chart(name)](backwards).to_dict()) == list(LAYERS[::-1])


def test_every_form_of_chart_is_drawn_and_every_drawing_function_is_reached() -> None:
    """Each member of `Chart` by the function of its name; a hypothesis' intervals are the only chart that is no form."""
    assert {chart: function.__name__ for chart, function in charts().items()} == {chart: str(chart) for chart in Chart}
    assert set(drawing_functions()) - {str(chart) for chart in Chart} == {"layer_intervals"}
    public = re.compile(r"^def ([a-z]\w*)\(table: pd\.DataFrame\) -> alt\.", re.MULTILINE)
    written = [name for path in CHARTS_FOLDER.glob("*.py") for name in public.findall(path.read_text(encoding="utf-8"))]
    assert sorted(written) == sorted(drawing_functions())


def test_every_chart_is_drawn_by_a_test() -> None:
    """By the example report, or in another module of tests of charts, by its name or its figure's."""
    others = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_report_charts_*.py"))
    named = {
        chart
        for chart in Chart
        if f"Chart.{chart.name}" in others or f'"{chart}"' in others or f'"{chart.replace("_", "-")}"' in others
    }
    assert {figure.chart for figure in FIGURES} | named == set(Chart)


def test_untrained_networks_are_a_second_outline_where_they_are_known() -> None:
    """One more entry of the legend and one more line; a table without them keeps the two that it had."""
    table = next(figure.table for figure in FIGURES if figure.chart == Chart.GOSI_HISTOGRAM)
    for beside, kinds in ({}, ["measured", "shuffled"]), ({"untrained": 0.05}, ["measured", "shuffled", "untrained"]):
        layers = charts()[Chart.GOSI_HISTOGRAM](table.assign(**beside)).to_dict()["spec"]["layer"]
        assert layers[0]["encoding"]["color"]["scale"]["domain"] == kinds
        lines = [layer["encoding"]["y"]["field"] for layer in layers if layer["mark"]["type"] == "line"]
        assert lines == kinds[1:]


def test_what_a_chart_of_states_holds_is_on_its_axis() -> None:
    """Mean gOSI, or the quantity that the table names."""
    table = next(figure.table for figure in FIGURES if figure.chart == Chart.LAYER_MEANS)
    for beside, title in ({}, "mean gOSI"), ({"quantity": "mean gOSI above shuffles"}, "mean gOSI above shuffles"):
        drawn = charts()[Chart.LAYER_MEANS](table.assign(**beside)).to_dict()
        assert drawn["spec"]["layer"][0]["encoding"]["y"]["title"] == title


def test_undefined_selectivity_is_named_in_the_panel_title() -> None:
    """A silent unit's curve is shown with its gOSI undefined."""
    table = pd.DataFrame(
        {"layer": "conv1", "unit": "conv1 #1", "orientation": [0, 15], "response": 0.0, "gosi": float("nan")}
    )
    assert facets(charts()[Chart.TUNING_CURVES](table).to_dict()) == ["conv1 #1, gOSI undefined"]


def test_static_drawing_holds_text_as_text_and_its_names_apart() -> None:
    """Text hostile to HTML is escaped in the drawing; clip names carry the chart's anchor."""
    figure = next(figure for figure in FIGURES if figure.chart == "tuning_curves")
    drawing = figure_drawing(dataclasses.replace(figure, table=figure.table.assign(unit=HOSTILE)), "f1-1")
    assert drawing is not None
    assert "<script" not in drawing.svg
    assert "<img" not in drawing.svg
    assert 'id="clip' not in drawing.svg
    assert drawing.svg.startswith("<svg")


@pytest.mark.parametrize("figure", FIGURES, ids=[f"{figure.chart}-{figure.id}" for figure in FIGURES])
def test_table_without_values_or_rows_does_not_break_its_chart(figure: Figure) -> None:
    """Undefined values leave gaps; a table without rows is not drawn."""
    undefined = figure.table.copy()
    fractions = [name for name in undefined.columns if undefined[name].dtype.kind == "f"]
    undefined[fractions] = np.nan
    assert figure_drawing(dataclasses.replace(figure, table=undefined), "f1-1") is not None
    assert figure_drawing(dataclasses.replace(figure, table=figure.table.iloc[:0]), "f1-1") is None


def test_six_digits_are_drawn_and_undefined_stays_undefined() -> None:
    """Rounding touches floating columns only."""
    table = pd.DataFrame({"x": [0.123456789, np.nan, np.inf], "n": [1, 2, 3], "t": ["a", "b", "c"]})
    assert rounded(table)["x"].tolist()[0] == 0.123457
    assert rounded(table)["x"].isna().tolist() == [False, True, False]
    assert rounded(table)["n"].tolist() == [1, 2, 3]


def test_hypothesis_without_a_finite_estimate_is_not_drawn() -> None:
    """There is nothing to draw of a test that was not run."""
    results = {result.hypothesis.id: result for result in example_report().hypotheses}
    assert interval_drawing(results["cv-rises"], "a") is None
    assert interval_drawing(results["</script>"], "a") is None
    assert interval_drawing(results["range-zero"], "a") is not None
    assert hypothesis("x", "existence", "c").layers == LAYERS


@pytest.mark.parametrize("colour", sorted({*theme.CATEGORIES, *theme.VERDICT_COLOURS.values()}))
@pytest.mark.parametrize("background", ["#ffffff", "#f6f7f8", "#14171b", "#1c2026"])
def test_colours_stand_out_from_both_backgrounds(colour: str, background: str) -> None:
    """Graphical objects need a contrast of 3 to 1 (WCAG 2.1, success criterion 1.4.11)."""
    light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3.0


def luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.1)."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
