"""The page: one file, everything in it, nothing hostile alive."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.report.content import Report, Stimuli
from study.report.page import render, write_report
from study.report.verdict_marks import VERDICT_MARKS, class_name
from study.vocabulary.errors import StudyError
from tests.example_report import example_report
from tests.example_results import HOSTILE
from tests.page_tables import rows_of

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Outline(HTMLParser):
    """Collects elements and checks that they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element and expect its end."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element that ends where it starts."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Expect the innermost open element."""
        assert self.open.pop() == tag


def short_report() -> Report:
    """Return a report without figures, which take nearly all of the time of a page."""
    report = example_report()
    questions = tuple(
        dataclasses.replace(question, figures=(), second_figures=()) for question in report.questions[-2:]
    )
    return dataclasses.replace(report, questions=questions)


@pytest.fixture(scope="module")
def page() -> str:
    """Return the example report, rendered."""
    return render(example_report())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    """Return the page's elements."""
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    return outline


def test_page_is_small_and_the_same_every_time(page: str) -> None:
    """One report gives one text, under four megabytes, with one copy of the chart library."""
    assert len(page.encode()) < 4_000_000
    assert page.count("vega-embed-wrapper") == 1
    assert render(example_report()) == page


def test_anchors_are_unique_and_every_link_has_its_target(outline: Outline) -> None:
    """The table of contents and the verdict table lead somewhere."""
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] or "" for tag, attrs in outline.elements if tag in ("a", "use")]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_nothing_is_loaded_from_anywhere(outline: Outline) -> None:
    """No element refers outside the file, and the page forbids itself to ask."""
    for tag, attrs in outline.elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert (attrs.get(name) or "data:").startswith("data:"), (tag, name)
        if tag == "link":
            assert (attrs["href"] or "").startswith("data:")
    policy = next(
        attrs["content"] for tag, attrs in outline.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy


def test_hostile_text_stays_text(page: str, outline: Outline) -> None:
    """Text that ends a script or opens an image does neither, in prose, in attributes and in chart data."""
    assert HOSTILE not in page
    assert "onerror" not in {name for _, attrs in outline.elements for name in attrs}
    assert all("src" not in attrs for tag, attrs in outline.elements if tag == "script")
    assert page.count("</script>") == page.count("<script")
    assert "{{ 7 * 7 }}" in page


def test_headings_are_in_order(page: str) -> None:
    """There is one first heading, and none skips a level."""
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_verdict_table_comes_before_everything_else(page: str) -> None:
    """The verdicts stand first, each as a word."""
    table, first_question = page.index('<table class="verdict-table">'), page.index('<section class="question"')
    assert table < first_question
    for word in ("supported", "ruled out", "effect present", "inconclusive", "not informative", "not tested"):
        assert re.search(
            rf'class="verdict {word.replace(" ", "-")}">.*?{word}</span>', page[table:first_question], re.DOTALL
        )


def test_both_sets_stand_in_one_row(page: str) -> None:
    """Estimate, interval, adjusted p and verdict of either set, then what was published; counts in a sentence."""
    groups, columns, *layers = rows_of(page, 'aria-label="Numbers per layer: In most layers')
    assert groups == ["", "Registered test, first set", "The same test, second set", "As published"]
    of_a_set = ["estimate", "interval", "adjusted p", "verdict"]
    assert columns == ["layer", *of_a_set, *of_a_set, "estimate", "p", "verdict"]
    assert layers[1] == [
        "conv2",
        "0.410",
        "[0.320, 0.500]",
        "< 0.001",
        "supported",
        "0.460",
        "[0.380, 0.540]",
        "< 0.001",
        "supported",
        "0.500",
        "< 0.001",
        "supported",
    ]
    assert "Networks in the first set: 24 in every layer. In the second set: 12 in every layer." in page
    assert "The second set's result is exploratory" in page


def test_every_side_of_a_hypothesis_is_in_its_details(page: str) -> None:
    """The table shows the p of the side that decided; the details every side's, and how each was registered."""
    _, _, first, *_ = rows_of(page, "Numbers per layer: In every layer, more than half")
    assert first[:5] == ["conv1", "0.420", "[0.370, 0.470]", "< 0.001", "opposite"]
    sides, _, layer, *_ = rows_of(page, "P-values of every side: In every layer, more than half")
    assert sides == ["first set", "supported", "opposite", "ruled out"]
    assert layer == ["conv1", "1.00", "1.00", "< 0.001", "< 0.001", "1.00", "1.00"]
    assert "<dt>Opposite when</dt><dd>Holm-adjusted p at most 0.05, one-sided, for an effect below 0.5</dd>" in page
    assert "<dt>Ruled out when</dt><dd>Holm-adjusted p at most 0.05, one-sided, for an effect below 0.55</dd>" in page
    assert "As a whole, p of support 1.00: the largest of its layers&#39; adjusted p-values." in page


def test_every_verdict_has_its_line_in_the_legend(page: str) -> None:
    """Word, glyph and meaning, below the table of verdicts and before the ledger."""
    legend = page[page.index('<ul class="legend"') : page.index("</ul>", page.index('<ul class="legend"'))]
    for mark in VERDICT_MARKS.values():
        assert f'href="#mark-{class_name(mark.verdict)}"' in legend
        assert mark.meaning in legend
        assert f'<symbol id="mark-{class_name(mark.verdict)}"' in page


def test_overview_tells_the_second_sets_verdict_and_agreement(page: str) -> None:
    """A column of the table of verdicts, and every hypothesis that was repeated in the table of both sets."""
    header, *rows = rows_of(page, '<section class="verdicts" id="verdicts"')
    assert header[:4] == ["Claim", "Registered verdict", "As published", "Second set"]
    cells = {row[0].split(".")[0]: row[1:4] for row in rows}
    assert cells[
        "In every layer, more than half of the selective units prefer one orientation at all spatial frequencies"
    ] == ["ruled out", "supported", "supported the sets disagree"]
    assert cells["Ablating the top half of conv2 makes fc1 less shift invariant"][2] == "not repeated"
    _, *both = rows_of(page, "<h3>Both sets side by side</h3>")
    assert [row[3] for row in both] == [
        "the sets agree",
        "the sets disagree",
        "the sets agree",
        "cannot tell",
        "the sets agree",
        "cannot tell",
        "the sets agree",
    ]
    assert both[1][4] == "1 of 7"
    assert "in 4 cases the sets agree, in 1 case the sets disagree and" in " ".join(page.split())


def test_figures_of_the_second_set_are_there_but_closed(page: str) -> None:
    """In a section that is closed until asked for, each with its own drawing and table."""
    sections = re.findall(r'<details class="second-figures"( open)?>(.*?)</figure>\s*</details>', page, re.DOTALL)
    assert len(sections) == 4  # of the questions with more than one figure
    assert all(not is_open and 'class="chart"' in body and "<table" in body for is_open, body in sections)


def test_without_a_second_set_nothing_of_it_appears() -> None:
    """But for one sentence where replication is asked for, and where figures of the paper have no counterpart."""
    alone = render(example_report(second=False))
    body = alone[alone.index("<body>") : alone.index('<section id="paper-figures"')]
    said = "This study has no second set of initialisations, so nothing could be repeated in one."
    assert body.count(said) == 1
    reason = "this study has no networks of arm generalization in the second set of initialisations"
    assert "second set of" not in body.replace(said, "").replace(reason, "").replace("A second set of", "").replace(
        "Does a second set of", ""
    )
    assert "two-sets" not in body
    assert "second-figures" not in body
    assert "Both sets" not in body


def test_a_layer_of_one_set_only_keeps_the_other_sets_place() -> None:
    """A second set without one of the layers leaves its cells empty, and says so."""
    report = example_report()
    question = report.questions[0]
    (one,) = question.hypotheses
    assert one.second is not None
    fewer = dataclasses.replace(one, second=dataclasses.replace(one.second, layers=one.second.layers[1:]))
    questions = (dataclasses.replace(question, hypotheses=(fewer,), figures=(), second_figures=()),)
    _, _, first, second, *_ = rows_of(render(dataclasses.replace(report, questions=questions)), "Numbers per layer")
    assert first[5] == "not registered for this layer"
    assert len(first) == len(second) - 3


def test_banner_stands_on_a_demonstration_only(page: str) -> None:
    """A study that proves nothing says so above its verdicts; a full one carries no such banner."""
    assert page.index("This run demonstrates; it does not prove.") < page.index('<table class="verdict-table">')
    short = short_report()
    assert "it does not prove" in render(short)
    assert "it does not prove" not in render(dataclasses.replace(short, demonstration=False))


def test_an_interim_report_says_so_beside_every_status() -> None:
    """In the table of verdicts and at each hypothesis: nothing in it is confirmatory."""
    short = short_report()
    final, interim = (render(dataclasses.replace(short, interim=interim)) for interim in (False, True))
    statuses = re.findall(r"<span>(?:primary|confirmatory|exploratory)</span>", final)
    assert len(statuses) == 2 * len(short.hypotheses)
    assert re.findall(r"<span>(?:primary|confirmatory|exploratory), interim</span>", interim) == [
        status.replace("</span>", ", interim</span>") for status in statuses
    ]


def test_what_verdicts_stand_on_stands_above_them(page: str) -> None:
    """Each heading with its sentence, before the verdicts; a report without any has no such list."""
    words, table = page.index("<dt>Interim</dt><dd>Networks planned: 40"), page.index('<table class="verdict-table">')
    assert words < page.index("<dt>Primary hypotheses</dt>") < table
    assert 'class="standing"' not in render(dataclasses.replace(short_report(), standing=()))


def test_networks_that_did_not_learn_are_said_first(page: str) -> None:
    """Before the summary and every verdict, with a table of medians; their results, as published too, are no verdict."""
    said = page.index("The networks of arm maturation, first set of initialisations, did not learn: median")
    assert said < page.index('<p class="summary">') < page.index('id="learning"') < page.index('id="verdicts"')
    columns, *rows = rows_of(page, 'id="learning"')
    assert columns[:5] == ["arm", "set", "learnt", "median (stratum)", "needed"]
    assert [row[:7] for row in rows] == [
        ["generalization", "first", "yes", "0.710 (none), 0.660 (shift)", "0.200", "0.100", "12"],
        ["maturation", "first", "not informative", "\N{MINUS SIGN}0.120", "0.500", "\N{EN DASH}", "8"],
    ]
    verdicts = {row[0].split(":")[0]: row[1:4] for row in rows_of(page, '<section class="verdicts" id="verdicts"')}
    assert verdicts["Over training gOSI rises while validation loss falls"] == [
        "not informative",
        "not informative",
        "not repeated",
    ]
    _, _, layer, *_ = rows_of(page, "Numbers per layer: Over training gOSI")
    assert layer[1:6] == ["\N{MINUS SIGN}0.500", "[\N{MINUS SIGN}0.700, \N{MINUS SIGN}0.300]", "\N{EN DASH}", "24", "0"]


def test_a_report_of_networks_without_learning_checks_has_no_such_table() -> None:
    """Neither a table nor a link to one."""
    assert 'id="learning"' not in render(short_report())
    assert 'href="#learning"' not in render(short_report())


def test_undefined_values_are_named_with_their_reason(page: str) -> None:
    """An undefined test shows no number and says why."""
    assert "fewer than 6 networks have a selective unit that answers to two frequencies" in page
    assert not re.search(r">\s*[Nn]a[Nn]\s*<", page)


def test_study_without_questions_networks_or_failures_is_still_a_page() -> None:
    """The page holds when there is nothing to show."""
    empty = dataclasses.replace(
        example_report(), questions=(), networks=pd.DataFrame({"key": []}), deviations=(), failures=(), methods=()
    )
    text = render(empty)
    assert "No hypothesis is registered, so nothing is decided." in text
    assert "0 networks were trained" in text
    assert "None: every planned network was trained and measured." in text


def test_figure_without_rows_says_so() -> None:
    """A figure for which no network gave a value keeps its place and its caption."""
    question = example_report().questions[1]
    figure = dataclasses.replace(question.figures[0], table=question.figures[0].table.iloc[:0])
    report = dataclasses.replace(example_report(), questions=(dataclasses.replace(question, figures=(figure,)),))
    assert "Nothing to draw: no network gave a value for this figure." in render(report)


def test_report_is_written_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    """The folder is made, the old file replaced, and nothing else left behind."""
    path = tmp_path / "reports" / "example.html"
    path.parent.mkdir()
    path.write_text("old")
    write_report(short_report(), path)
    assert path.read_text(encoding="utf-8") == render(short_report())
    assert [entry.name for entry in path.parent.iterdir()] == ["example.html"]


def test_unwritable_target_is_one_line_and_leaves_the_old_report(tmp_path: Path) -> None:
    """A folder where the report belongs is refused by name, and no part of a report stays."""
    path = tmp_path / "example.html"
    path.mkdir()
    with pytest.raises(StudyError, match=re.escape(str(path))) as caught:
        write_report(short_report(), path)
    assert "\n" not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["example.html"]


def test_stimuli_of_another_shape_are_refused() -> None:
    """Labels and pictures must agree."""
    with pytest.raises(ValueError, match="stimuli must be uint8"):
        Stimuli(np.zeros((2, 3, 8, 8), dtype=np.uint8), (0.0, 15.0, 30.0), (0.1, 0.2, 0.3))


def test_agreement_of_other_analyses_stands_in_a_table(page: str) -> None:
    """A row a layer, shares in percent and in numbers, the question linked to its curve; none where nothing compares."""
    columns, first, second = rows_of(page, 'aria-label="Agreement of other analyses with the registered one"')
    assert columns[-3:] == ["Other specifications", "Same sign", "Same verdict"]
    assert first == [
        "Do orientation-selective units exist?",
        "conv1",
        "supported",
        "11",
        "82 % (9 of 11)",
        "45 % (5 of 11)",
    ]
    assert second == ["fc1", "not tested", "11", "70 % (7 of 10)", "none"]
    linked = re.search(r'<th scope="rowgroup"[^>]*><a href="#([^"]+)"', page)
    assert linked is not None
    assert f'<figure id="{linked[1]}">' in page
    assert '<a href="#multiverse">' in page
