"""Static drawings: what is dropped from them is not seen, and both sets of initialisations are in one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
import vl_convert

from study.analysis.core.results import HypothesisResult
from study.report import drawing
from study.report.drawing import figure_drawing, interval_drawing
from tests.example_report import example_report
from tests.example_results import NAN

RESULTS = {result.hypothesis.id: result for result in example_report().hypotheses}


def rows_of(result: HypothesisResult) -> list[dict[str, Any]]:
    """Return the rows a hypothesis' drawing rests on."""
    drawn = interval_drawing(result, "a")
    assert drawn is not None
    sets = drawn.specification["datasets"].values()
    return max(sets, key=len)


def encodings(specification: Any) -> Iterator[dict[str, Any]]:
    """Yield every encoding of a specification."""
    if isinstance(specification, dict):
        if "encoding" in specification:
            yield specification["encoding"]
        for value in specification.values():
            yield from encodings(value)
    elif isinstance(specification, list):
        for value in specification:
            yield from encodings(value)


def test_both_sets_are_in_one_drawing_told_apart_by_colour_and_shape() -> None:
    """A row for each layer and set; without a second set, colour and shape are the verdict."""
    both, alone = RESULTS["existence-shuffle"], dataclasses.replace(RESULTS["existence-shuffle"], second=None)
    assert len(rows_of(both)) == 14
    assert [row["set"] for row in rows_of(both)] == ["first set"] * 7 + ["second set"] * 7
    assert len(rows_of(alone)) == 7
    for result, column in ((both, "set"), (alone, "verdict")):
        drawn = interval_drawing(result, "a")
        assert drawn is not None
        told = [encoding for encoding in encodings(drawn.specification) if "shape" in encoding]
        assert {(encoding["color"]["field"], encoding["shape"]["field"]) for encoding in told} == {(column, column)}
        assert all(len(set(encoding["color"]["scale"]["range"])) > 1 for encoding in told)
        assert any("yOffset" in encoding for encoding in told) == (column == "set")


def test_a_second_set_alone_is_drawn() -> None:
    """The first set may have no estimate at all."""
    result = RESULTS["existence-shuffle"]
    undefined = tuple(dataclasses.replace(layer, estimate=NAN, ci_low=NAN, ci_high=NAN) for layer in result.layers)
    assert interval_drawing(dataclasses.replace(result, layers=undefined), "a") is not None
    assert interval_drawing(dataclasses.replace(result, layers=undefined, second=None), "a") is None


@pytest.mark.parametrize("place", [0, 2, 4])
def test_what_is_dropped_from_a_drawing_is_not_seen(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one pixel differs, in half the text; only positions are rounded."""
    pairs: list[tuple[str, str]] = []
    compact = drawing._compact

    def watched(svg: str) -> str:
        pairs.append((svg, compact(svg)))
        return pairs[-1][1]

    monkeypatch.setattr(drawing, "_compact", watched)
    question = example_report().questions[place]
    for figure in question.figures:
        drawn = figure_drawing(figure, "a")
        assert drawn is None or drawn.svg
    for result in question.hypotheses:
        drawn = interval_drawing(result, "a")
        assert drawn is None or drawn.svg
    assert len(pairs) > 1
    for whole, short in pairs:
        rounded = drawing._GEOMETRY.sub(lambda match: drawing._LONG_FRACTION.sub(r"\1", match.group()), whole)
        assert vl_convert.svg_to_png(rounded) == vl_convert.svg_to_png(short)
        assert len(short) < 0.75 * len(whole)
        assert re.findall(r">([^<>]+)<", short) == re.findall(r">([^<>]+)<", whole)


def test_a_name_that_would_abort_the_chart_library_is_drawn_as_an_escape() -> None:
    """The library ends the whole process at a control character, which no test of Python's can catch."""
    result = example_report().questions[0].hypotheses[0]
    hostile = dataclasses.replace(result.layers[0], layer="conv\x07\x00\ufffe\udce9")
    drawn = interval_drawing(dataclasses.replace(result, layers=(hostile,), second=None), "a")
    assert drawn is not None
    assert r"conv\x07\x00\ufffe\udce9" in drawn.svg
