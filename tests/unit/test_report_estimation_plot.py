"""The estimation plot of a hypothesis: its marks counted, in both widths, for whatever layers and networks there are."""

from __future__ import annotations

import dataclasses
import math
import re
from xml.etree import ElementTree

import pytest

from study.analysis.core.points import Quantity
from study.analysis.core.results import HypothesisResult, SecondSet
from study.report.drawing import interval_drawing
from study.report.pictures import NARROW, WIDE, Picture, estimation_plot
from study.report.pictures.axis import axis_over
from study.report.pictures.columns import MOST_LINES
from study.report.verdict_marks import class_name
from tests.example_points import ALONE, COMPARED, CORRELATED, result_with_points
from tests.example_results import HOSTILE, LAYERS, NAN, undefined_layer

LEAST_TEXT = 14
MOST_BYTES, MOST_NODES = 40_000, 400
KINDS = {"alone": ALONE, "compared": COMPARED, "correlated": CORRELATED}


def plot(result: HypothesisResult) -> Picture:
    """Return the plot of a result that has one."""
    picture = estimation_plot(result, "made-up")
    assert picture is not None
    return picture


def marks(svg: str, name: str) -> list[ElementTree.Element]:
    """Return the marks of a class."""
    return [one for one in ElementTree.fromstring(svg).iter() if one.get("class") == name]


def dots(svg: str, name: str = "networks") -> int:
    """Return how many dots the paths of a class have."""
    paths = [one.get("d") or "" for one in marks(svg, name)]
    return sum(path.count("h0") or path.count("M") for path in paths)


@pytest.mark.parametrize("networks", [1, 2, 8, 200])
def test_every_network_is_a_point_and_every_interval_a_line(networks: int) -> None:
    """In both widths; one null line a row of columns, and the band of effects that are too small."""
    picture = plot(result_with_points(LAYERS, networks, ALONE))
    for svg in (picture.wide, picture.narrow):
        assert dots(svg) == networks * len(LAYERS)
        assert len(marks(svg, "interval")) == len(marks(svg, "effect")) == len(LAYERS)
        assert len(marks(svg, "null")) == len(marks(svg, "too-small")) >= 1


def test_networks_without_a_value_are_no_points() -> None:
    """As the test leaves them out."""
    assert dots(plot(result_with_points(LAYERS, 8, ALONE, without_value=3)).wide) == 5 * len(LAYERS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_undefined_estimate_has_no_mark_and_an_undefined_interval_no_line(kind: str) -> None:
    """Its layer keeps its place, its networks and its verdict; without any estimate there is no picture."""
    result = result_with_points(LAYERS, 8, KINDS[kind])
    alone = dataclasses.replace(result.layers[1], ci_low=NAN, ci_high=math.inf)
    some = dataclasses.replace(result, layers=(undefined_layer("conv1", ""), alone, *result.layers[2:]))
    svg = plot(some).wide
    assert (len(marks(svg, "effect")), len(marks(svg, "interval"))) == (len(LAYERS) - 1, len(LAYERS) - 2)
    assert "NaN" not in svg and "nan" not in re.sub(r"aria-label=\"[^\"]*\"", "", svg) and "inf" not in svg
    none = dataclasses.replace(result, layers=tuple(undefined_layer(layer, "") for layer in LAYERS))
    assert estimation_plot(none, "made-up") is None


def test_the_sides_of_a_network_are_joined() -> None:
    """Top, random and bottom half: a line of three places a network and layer, with the mean of each side."""
    layers = ("conv2", "conv3")
    picture = plot(result_with_points(layers, 8, COMPARED))
    for svg in (picture.wide, picture.narrow):
        joined = marks(svg, "joined")
        assert len(joined) == len(layers)
        assert all(re.fullmatch(r"(M[^ML]+L[^ML]+L[^ML]+){8}", one.get("d") or "") for one in joined)
        assert len(marks(svg, "mean")) == 3 * len(layers)
        assert len(marks(svg, "published")) == len(layers)


def test_a_correlation_has_its_scatter_beside_it() -> None:
    """A point a network, in the shape of its stratum; the effect stands by itself, as a network has no correlation."""
    result = result_with_points(("conv2", "conv3"), 12, CORRELATED, strata=("flip", "none", "shift"))
    for svg in (plot(result).wide, plot(result).narrow):
        assert dots(svg) >= 12 * 2
        assert len(marks(svg, "networks")) == 3 * 2
        assert len(marks(svg, "interval")) == 2


def test_colour_is_the_verdict_of_the_layer_and_of_nothing_else() -> None:
    """Every mark is in the colour of the text but for the intervals, and the words of the verdicts."""
    svg = plot(result_with_points(LAYERS, 8, COMPARED)).wide
    classes = {one.get("class") for one in ElementTree.fromstring(svg).iter("g")}
    assert classes == {class_name("supported"), class_name("inconclusive")}
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", svg)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "networks"), [(7, 8), (7, 200), (3, 200), (50, 8), (1, 1)])
def test_a_picture_is_compact_and_its_text_is_large(kind: str, layers: int, networks: int) -> None:
    """Few bytes and nodes; no text smaller than can be read; no mark beyond the picture's width."""
    picture = plot(result_with_points([f"block{place}_conv" for place in range(layers)], networks, KINDS[kind]))
    for svg, width in ((picture.wide, WIDE), (picture.narrow, NARROW)):
        if layers <= 7:
            assert len(svg) < MOST_BYTES
            assert len(list(ElementTree.fromstring(svg).iter())) < MOST_NODES
        sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', svg)]
        assert sizes and min(sizes) >= LEAST_TEXT
        root = ElementTree.fromstring(svg)
        assert float(root.get("width", 0)) == width
        xs = [float(x) for x in re.findall(r"[ML](-?[\d.]+),", svg)]
        assert min(xs) >= 0 and max(xs) <= width


@pytest.mark.parametrize("kind", ["compared", "correlated"])
def test_without_points_the_effects_stand_alone(kind: str) -> None:
    """As where a record holds none: no empty panel, no network in the legend."""
    result = dataclasses.replace(result_with_points(("conv2", "conv3"), 8, KINDS[kind]), points=())
    svg = plot(result).wide
    assert len(marks(svg, "interval")) == 2
    assert "Each network" not in svg and "network<" not in svg and not marks(svg, "joined")


def test_many_networks_are_drawn_as_points_but_not_all_as_lines() -> None:
    """The legend says how many lines there are."""
    svg = plot(result_with_points(("conv2",), 200, COMPARED)).wide
    assert dots(svg) == 200
    assert (marks(svg, "joined")[0].get("d") or "").count("M") == MOST_LINES
    assert f"{MOST_LINES} of 200 networks" in svg


def test_names_from_outside_are_escaped() -> None:
    """A layer's name, a stratum's and the words of a quantity are text, whatever they hold."""
    quantity = Quantity(label=HOSTILE, unit="<b>", higher=HOSTILE, lower="x", sides=(HOSTILE, "b"), sides_label="<i>")
    layers = (HOSTILE, "a\x00b\u202e", "é" * 500)
    picture = plot(result_with_points(layers, 3, quantity, strata=(HOSTILE,)))
    for svg in (picture.wide, picture.narrow):
        assert {one.tag for one in ElementTree.fromstring(svg).iter()} <= {"svg", "g", "path", "rect", "circle", "text"}
        assert "<script" not in svg and "\x00" not in svg and "\u202e" not in svg


def test_the_estimate_of_the_weakest_condition_has_its_own_points() -> None:
    """Of several conditions in a layer the estimate is of one: its networks are drawn, and it is named."""
    result = result_with_points(("conv2",), 8, ALONE)
    weak = [dataclasses.replace(point, condition="resample", value=0.3) for point in result.points]
    strong = [dataclasses.replace(point, condition="output_zero", value=2.0) for point in result.points]
    svg = plot(dataclasses.replace(result, points=(*strong, *weak))).wide
    assert dots(svg) == 8
    assert ">resample<" in svg and "output" not in svg


def test_the_second_set_is_drawn_where_there_is_one() -> None:
    """From its own layers and points."""
    result = result_with_points(("conv2",), 8, ALONE)
    assert estimation_plot(result, "made-up", second=True) is None
    second = SecondSet(result.layers, "supported", "", "the sets agree", result.points[:5])
    again = estimation_plot(dataclasses.replace(result, second=second), "made-up", second=True)
    assert again is not None and dots(again.wide) == 5


def test_a_description_says_what_every_layer_shows() -> None:
    """For readers who do not see it: estimate, interval, networks and verdict of each layer."""
    picture = plot(result_with_points(("conv2",), 8, ALONE))
    assert picture.description == (
        "mean breadth (share of gratings), estimate and interval by layer: conv2 0.300 [0.200, 0.400], 24 networks,"
        " inconclusive."
    )
    assert picture.markup.count(picture.description) == 2


@pytest.mark.parametrize("values", [[0.0], [0.3, 0.3], [1e-17, -1e-17], [NAN], [-5.0, 1e6], [1e-300, 0.0]])
def test_an_axis_holds_whatever_values_there_are(values: list[float]) -> None:
    """Alike, tiny, undefined or far apart: a few ticks, none of them a negative zero or a number with an exponent."""
    axis = axis_over(values, start=100, end=0, most_ticks=5)
    assert all(0 <= axis.at(value) <= 100 for value in values if math.isfinite(value))
    words = [said for _, said in axis.ticks]
    assert 1 <= len(words) <= 8
    assert all(said not in ("-0", "\N{MINUS SIGN}0", "\N{MINUS SIGN}0.0") and "e" not in said for said in words)


def test_the_axis_of_intervals_has_the_words_of_the_estimand() -> None:
    """Also where both sets stand side by side in the fold: no axis says estimate."""
    drawn = interval_drawing(result_with_points(("conv2",), 8, ALONE), "made-up")
    assert drawn is not None
    assert ">mean breadth (share of gratings)<" in drawn.svg and ">estimate<" not in drawn.svg
