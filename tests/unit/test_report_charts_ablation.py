"""Charts of the ablation: what is drawn is what the table holds, undefined values leave gaps, nothing is drawn twice."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.analysis.questions import questions
from study.analysis.questions.ablation.conclusions import SAME
from study.analysis.questions.ablation.tables import BY_CHANCE
from study.analysis.questions.ablation.words import CLAMP_WORDS, HALF_WORDS
from study.config import CLAMPS
from study.report.charts import charts
from study.report.charts.theme import LAVENDER, OLIVE, ROSE, TEAL
from study.report.drawing import figure_drawing
from tests.example_study import LAYERS, example_study, untested_results

ROWS_AT_MOST = 2000
IDS = [
    "ablation-loss",
    "ablation-null",
    "ablation-responses",
    "ablation-accuracy",
    "ablation-classes",
    "ablation-curve",
    "ablation-curve-distance",
    "ablation-clamps",
    "ablation-differences",
    "ablation-rivals",
    "ablation-conclusion",
    "ablation-conclusion-further",
]
OF_THE_CLAIM = ("ablation-classes", "ablation-conclusion", "ablation-conclusion-further")
NOT_A_PLACE = re.compile(r'(?:\bd|transform|[xy][12]?|width|height)="[^"]*(?:NaN|Infinity)')
OPPOSITE, CANNOT_TELL = "opposite conclusion", "cannot tell"


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    """Return the figures of eight networks under all clamps, by id."""
    question = questions()["ablation"]
    return {
        figure.id: figure
        for figure in question.figures(example_study(seeds=2, clamps=CLAMPS), untested_results("ablation"), root_seed=0)
    }


def scales(specification: Any, channel: str, key: str = "range") -> set[tuple[Any, ...]]:
    """Return every scale's range (or domain) that a specification gives a channel."""
    ranges = set()
    if isinstance(specification, dict):
        for name, value in specification.items():
            if name == channel and isinstance(value, dict) and key in (value.get("scale") or {}):
                ranges.add(tuple(tuple(one) if isinstance(one, list) else one for one in value["scale"][key]))
            ranges |= scales(value, channel, key)
    elif isinstance(specification, list):
        ranges |= set().union(*(scales(value, channel, key) for value in specification), set())
    return ranges


def svg(figure: Figure) -> str:
    """Return the static drawing of a figure."""
    drawing = figure_drawing(figure, "a")
    assert drawing is not None
    return drawing.svg


def test_these_are_the_figures(figures: dict[str, Figure]) -> None:
    """In this order; every chart of the ablation alone is used, beside the two that it shares with other questions."""
    assert list(figures) == IDS
    used = {figure.chart for figure in figures.values()}
    shared = {Chart.NETWORK_DOTS, Chart.FRACTION_CURVES}
    assert used == shared | {chart for chart in Chart if chart.startswith("ablation_")}


@pytest.mark.parametrize("name", IDS)
def test_chart_is_pure_small_and_drawn(figures: dict[str, Figure], name: str) -> None:
    """The table stays as it was; the same table gives the same chart; the drawing names every layer that is drawn."""
    figure = figures[name]
    before = figure.table.copy(deep=True)
    first, second = (json.dumps(charts()[figure.chart](figure.table).to_dict(), allow_nan=False) for _ in range(2))
    pd.testing.assert_frame_equal(figure.table, before)
    assert first == second
    assert 0 < len(figure.table) <= ROWS_AT_MOST
    drawn = svg(figure)
    for layer in ("conv2", "conv3") if name in OF_THE_CLAIM else LAYERS:
        assert f">{layer}<" in drawn


@pytest.mark.parametrize("name", IDS)
def test_undefined_values_leave_gaps(figures: dict[str, Figure], name: str) -> None:
    """All fractions undefined: still drawn, without a number that is not one; no rows: not drawn."""
    table = figures[name].table.copy()
    table[[column for column in table if table[column].dtype.kind == "f"]] = np.nan
    assert not NOT_A_PLACE.search(svg(dataclasses.replace(figures[name], table=table)))
    assert figure_drawing(dataclasses.replace(figures[name], table=table.iloc[:0]), "a") is None


@pytest.mark.parametrize("name", IDS)
def test_one_undefined_interval_does_not_break_a_chart(figures: dict[str, Figure], name: str) -> None:
    """Some layer or class without an interval."""
    table = figures[name].table.copy()
    ends = [column for column in table if column in ("ci_low", "ci_high", "low_in_sd", "high_in_sd")]
    table.loc[table.index[:3], ends] = np.nan
    assert not NOT_A_PLACE.search(svg(dataclasses.replace(figures[name], table=table)))


def test_bars_have_a_panel_for_each_way_of_silencing(figures: dict[str, Figure]) -> None:
    """In the order of the config, in words; halves in the same colours in both charts."""
    for name in ("ablation-loss", "ablation-accuracy"):
        specification = charts()[figures[name].chart](figures[name].table).to_dict()
        assert specification["facet"]["sort"] == [CLAMP_WORDS[clamp] for clamp in CLAMPS]
        assert scales(specification, "color") == {(TEAL, ROSE)}
        assert scales(specification, "color", "domain") == {tuple(HALF_WORDS.values())}


def test_more_than_twofold_is_marked_without_an_asterisk(figures: dict[str, Figure]) -> None:
    """One mark for each such layer and clamp, though a layer has two bars; an asterisk would be read as p < .05."""
    figure = figures["ablation-loss"]
    marked = figure.table.assign(twofold=figure.table["layer"].isin(["conv2", "fc1"]))
    assert svg(dataclasses.replace(figure, table=marked)).count(">&gt; 2×<") == 2 * len(CLAMPS)
    assert svg(dataclasses.replace(figure, table=marked.assign(twofold=False))).count(">&gt; 2×<") == 0


def test_dots_of_many_series_are_told_apart(figures: dict[str, Figure]) -> None:
    """As many colours and shapes as series, of which there are up to seven; random halves last."""
    table = figures["ablation-rivals"].table
    for drawn in (table, table[table["series"] != table["series"].iloc[0]]):
        specification = charts()[Chart.NETWORK_DOTS](drawn).to_dict()
        for channel in ("color", "shape"):
            (used,) = scales(specification, channel)
            assert len(set(used)) == drawn["series"].nunique()
        (domain,) = scales(specification, "color", "domain")
        assert domain[-1] == BY_CHANCE


def test_dots_have_one_rule_a_panel_where_there_is_a_reference(figures: dict[str, Figure]) -> None:
    """One of two panels of the halves' responses; both of the clamps'; none without a reference."""

    def dashed(figure: Figure) -> int:
        lines = re.findall(r"<line [^>]*stroke-dasharray[^>]*>", svg(figure))
        return sum(' opacity="0"' not in line for line in lines)

    assert dashed(figures["ablation-responses"]) == 1
    assert dashed(figures["ablation-clamps"]) == 2
    table = figures["ablation-clamps"].table.assign(reference=np.nan)
    assert dashed(dataclasses.replace(figures["ablation-clamps"], table=table)) == 0


def test_every_panel_of_dots_has_its_own_scale(figures: dict[str, Figure]) -> None:
    """A difference in nat and a logarithm of a ratio share no axis."""
    resolved = charts()[Chart.NETWORK_DOTS](figures["ablation-clamps"].table).to_dict()["resolve"]["scale"]
    assert resolved == {"y": "independent", "xOffset": "independent"}


def test_classes_are_in_their_own_order(figures: dict[str, Figure]) -> None:
    """As numbered, not by the alphabet; a dot for each half."""
    table = figures["ablation-classes"].table.copy()
    names = [f"class {letter}" for letter in "zyxwvutsrq"]
    table["class"] = [names[int(number)] for number in table["class"]]
    drawn = svg(dataclasses.replace(figures["ablation-classes"], table=table))
    places = [drawn.index(f">{name}<") for name in names]
    assert places == sorted(places)
    assert (scales(charts()[Chart.ABLATION_CLASSES](table).to_dict(), "y", "domain")) == {tuple(names)}


def test_curves_have_a_panel_a_layer_and_a_line_an_order(figures: dict[str, Figure]) -> None:
    """From none of the units to all of them; told apart by colour and dash."""
    specification = charts()[Chart.FRACTION_CURVES](figures["ablation-curve"].table).to_dict()
    assert specification["facet"]["sort"] == list(LAYERS)
    assert scales(specification, "x", "domain") == {(0, 1)}
    (dashes,) = scales(specification, "strokeDash")
    assert len({tuple(dash) for dash in dashes}) == 3
    drawn = svg(figures["ablation-curve"])
    assert len(re.findall(r'<path [^>]*stroke-width="2" stroke-dasharray', drawn)) == 3 * len(LAYERS)


def test_a_layer_without_a_value_has_no_panel_of_curves(figures: dict[str, Figure]) -> None:
    """Others keep theirs; a few undefined fractions take nothing else away."""
    table = figures["ablation-curve"].table.copy()
    numbers = ["loss_increase", "ci_low", "ci_high"]
    table.loc[table["layer"] == "conv4", numbers] = np.nan
    table.loc[(table["layer"] == "conv5") & (table["fraction"] < 0.12), numbers] = np.nan
    specification = charts()[Chart.FRACTION_CURVES](table).to_dict()
    assert specification["facet"]["sort"] == [layer for layer in LAYERS if layer != "conv4"]
    assert "NaN" not in svg(dataclasses.replace(figures["ablation-curve"], table=table))


def forest(answers: list[str], *, claim: bool = True) -> pd.DataFrame:
    """Return a row a specification of conv2, and one of conv1, which is not in the claim."""
    rows = [
        {
            "layer": layer,
            "specification": f"specification {place}",
            "answer": answer,
            "effect": 0.1,
            "ci_low": 0.0,
            "ci_high": 0.2,
            "unit": "nat",
            "pvalue_unadjusted": 0.04,
            "networks": 8,
            "ratio": 1.5,
            "in_sd": 0.5,
            "low_in_sd": 0.1,
            "high_in_sd": 0.9,
            "in_the_claim": claim and layer == "conv2",
        }
        for layer in ("conv2", "conv1")
        for place, answer in enumerate(answers)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("answers", "colours"),
    [
        ([SAME, OPPOSITE, CANNOT_TELL], (OLIVE, ROSE, LAVENDER)),
        ([CANNOT_TELL, SAME], (LAVENDER, OLIVE)),
        ([OPPOSITE], (ROSE,)),
    ],
)
def test_an_answer_has_its_colour_whichever_comes_first(answers: list[str], colours: tuple[str, ...]) -> None:
    """And a shape of its own."""
    specification = charts()[Chart.ABLATION_FOREST](forest(answers)).to_dict()
    assert scales(specification, "color") == {colours}
    (marks,) = scales(specification, "shape")
    assert len(set(marks)) == len(answers)


def test_the_forest_draws_the_layers_of_the_claim() -> None:
    """Others are in the table alone; where none of the claim was ablated, all are drawn."""

    def layers(table: pd.DataFrame) -> set[str]:
        (values,) = charts()[Chart.ABLATION_FOREST](table).to_dict()["datasets"].values()
        return {value["layer"] for value in values}

    assert layers(forest([SAME])) == {"conv2"}
    assert layers(forest([SAME], claim=False)) == {"conv2", "conv1"}


def test_the_forest_draws_every_reading_in_order_and_one_rule_a_layer(figures: dict[str, Figure]) -> None:
    """As in the table; the rule at 0 once, not once a row."""
    figure = figures["ablation-conclusion"]
    drawn = svg(figure)
    places = [drawn.index(f">{specification}<") for specification in figure.table["specification"].drop_duplicates()]
    assert places == sorted(places)
    assert len(re.findall(r"<line [^>]*stroke-dasharray", drawn)) == 2
