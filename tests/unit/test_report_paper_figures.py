"""Which figure of the paper is which here: every one is found, or its absence is explained."""

from __future__ import annotations

import dataclasses

import pytest

from study.report.content import Report
from study.report.paper_figures import Counterpart, PlacedFigure, counterparts, panels
from tests.example_report import example_report

# Of the 7-layer network, in the paper.
FIGURES = [
    "1",
    "2",
    "3a",
    "3b",
    "3c",
    "4a",
    "4b",
    "4c",
    "5",
    "6a",
    "6b",
    "A1",
    "A2",
    "A3a",
    "A4a",
    "A5a",
    "A5b",
    "A6a",
    "A6b",
    "A6c",
    "A7a",
    "A8",
]


def by_number(*placed: PlacedFigure, report: Report | None = None) -> dict[str, Counterpart]:
    """Return the counterparts by the paper's number."""
    rows = counterparts(report or example_report(), placed)
    return {row.paper_figure.removeprefix("Fig. "): row for row in rows}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Fig. 5", ("5",)),
        ("Fig. A4a", ("A4a",)),
        ("Fig. 4a, b", ("4a", "4b")),
        ("Fig. 4b and c", ("4b", "4c")),
        ("Figs. 3a, b and c", ("3a", "3b", "3c")),
        ("Figs. 5 and A7a", ("5", "A7a")),
        ("", ()),
    ],
)
def test_figures_and_panels_are_read_from_words(text: str, named: tuple[str, ...]) -> None:
    """Numbers and letters, one by one."""
    assert panels(text) == named


def test_every_figure_of_the_7_layer_network_has_a_row() -> None:
    """In the paper's order, those of the 20-layer network left out; each is found or explained, never both."""
    rows = by_number()
    assert list(rows) == FIGURES
    assert all(bool(row.links) != bool(row.reason) for row in rows.values())


def test_a_figure_is_found_by_its_panel_its_whole_or_a_panel_of_it() -> None:
    """Fig. 3 here stands for all its panels, Fig. 5a for Fig. 5, Fig. 4a for itself alone."""
    rows = by_number(
        PlacedFigure("f1", "Courses", "Fig. 3", second=False),
        PlacedFigure("f2", "Losses", "Fig. 5a", second=False),
        PlacedFigure("f3", "Points", "Fig. 4a", second=False),
        PlacedFigure("f4", "Points again", "Fig. 4a", second=False),
        PlacedFigure("f5", "Ours alone", "", second=False),
    )
    assert [rows[number].links for number in ("3a", "3b", "3c")] == [(("f1", "Courses"),)] * 3
    assert rows["5"].links == (("f2", "Losses"),)
    assert rows["4a"].links == (("f3", "Points"), ("f4", "Points again"))
    assert rows["4b"].links == ()


def test_figures_of_the_second_set_are_not_those_of_the_first() -> None:
    """Fig. 6 shows both sets in the paper: here each panel is found in its own set."""
    rows = by_number(
        PlacedFigure("f1", "Variation", "Fig. 6", second=False), PlacedFigure("s1", "Variation", "Fig. 6b", second=True)
    )
    assert rows["6a"].links == (("f1", "Variation"),)
    assert rows["6b"].links == (("s1", "Variation"),)
    assert by_number(PlacedFigure("f1", "Variation", "Fig. 6", second=False))["6b"].links == ()


def test_the_stimulus_sheet_is_figure_a1() -> None:
    """It is a section of every report."""
    assert by_number()["A1"].links == (("stimuli", "Stimuli"),)


def test_absence_is_explained() -> None:
    """No such question, no second set, no such networks in it, a question not measured, or simply not drawn."""
    report = example_report()
    rows = by_number(report=report)
    asked = tuple(question for question in report.questions if question.question != "maturation")
    unasked = by_number(report=dataclasses.replace(report, questions=asked))
    assert unasked["3a"].reason == "Nothing is registered for this question, so it was not asked."
    assert rows["6a"].reason == "Registered, not run: this version does not measure shifts."
    assert rows["A3a"].reason.startswith("The second set of initialisations has no networks")
    assert rows["A7a"].reason == rows["2"].reason == "No figure of this report shows it."
    alone = by_number(report=example_report(second=False))
    assert {alone[name].reason for name in ("6b", "A4a", "A7a")} == {"This study has no second set of initialisations."}
    assert dataclasses.replace(report, questions=()).has_second_set is False
