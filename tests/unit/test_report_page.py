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

from study.analysis.core.ledger import ledger
from study.report.answer import MOST_WORDS
from study.report.content import Report, Stimuli
from study.report.folds import script_source, unpacked
from study.report.page import render, write_report
from study.report.verdict_marks import VERDICT_MARKS, class_name
from study.vocabulary.errors import StudyError
from tests.example_report import example_report
from tests.example_results import HOSTILE
from tests.opened_page import opened_page
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


def with_claims(report: Report) -> Report:
    """Return a report with its ledger."""
    return dataclasses.replace(report, ledger=ledger(report.questions))


@pytest.fixture(scope="module")
def page() -> str:
    """Return the example report, rendered."""
    return render(example_report())


@pytest.fixture(scope="module")
def opened(page: str) -> str:
    """Return the same with every fold opened."""
    return opened_page(page)


def outline_of(text: str) -> Outline:
    """Return a page's elements, all of which end."""
    outline = Outline()
    outline.feed(text)
    outline.close()
    assert outline.open == []
    return outline


@pytest.fixture(scope="module")
def outline(opened: str) -> Outline:
    """Return the elements of the page with every fold opened."""
    return outline_of(opened)


def test_page_is_small_and_the_same_every_time(page: str) -> None:
    """One report gives one text, under two megabytes, with one copy of the chart library, packed."""
    assert len(page.encode()) < 2_000_000
    assert page.count('id="chart-library"') == 1
    assert "vega-embed-wrapper" not in page
    assert render(example_report()) == page


def test_little_is_there_before_anything_is_opened(page: str) -> None:
    """Elements before a fold is opened: a browser builds what somebody reads, and no table at all."""
    elements = outline_of(page).elements
    assert len(elements) < 6_000
    assert not [tag for tag, _ in elements if tag == "table"]


def test_anchors_are_unique_and_every_link_has_its_target(outline: Outline) -> None:
    """Every link leads somewhere, also into what is folded."""
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] or "" for tag, attrs in outline.elements if tag in ("a", "use")]
    assert links
    assert [link for link in links if not (link.startswith("#") and link[1:] in ids)] == []


def test_a_fold_names_the_places_that_links_lead_to(page: str, opened: str) -> None:
    """What a link leads to is in the page itself, or named by the fold that holds it."""
    held = set(" ".join(re.findall(r'data-holds="([^"]*)"', page)).split())
    here = set(re.findall(r' id="([^"]+)"', page))
    targets = {link for link in re.findall(r'<a href="#([^"]+)"', opened)}
    assert len(held) > 20
    assert targets <= held | here


def test_nothing_is_loaded_from_anywhere(outline: Outline) -> None:
    """No element refers outside the file, and the page forbids itself to ask."""
    for tag, attrs in outline.elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert (attrs.get(name) or "data:").startswith("data:"), (tag, name)
        if tag == "link":
            assert (attrs["href"] or "").startswith("data:")


def test_scripts_are_allowed_by_their_digest_alone(page: str, outline: Outline) -> None:
    """The policy names the page's script and the chart library; none is written into an element."""
    policy = next(
        attrs["content"] for tag, attrs in outline.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    sources = re.findall(r"script-src ([^;]*);", policy)[0].split()
    run = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    library = unpacked(re.findall(r'id="chart-library">(.*?)</script>', page)[0])
    assert sources == [script_source(run[0]), script_source(library)]
    assert len(run) == 1
    assert not [name for _, attrs in outline.elements for name in attrs if name.startswith("on")]


def test_hostile_text_stays_text(page: str, opened: str, outline: Outline) -> None:
    """Text that ends a script or opens an image does neither, in prose, in attributes and in chart data."""
    for text in (page, opened):
        assert HOSTILE not in text
        assert text.count("</script>") == text.count("<script")
    assert all("src" not in attrs for tag, attrs in outline.elements if tag == "script")
    assert "{{ 7 * 7 }}" in opened


def test_headings_are_in_order(page: str) -> None:
    """There is one first heading, and none skips a level."""
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_answer_comes_first(page: str) -> None:
    """The question, then at most forty words with a number, then what they stand on; no table above the evidence."""
    found = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)
    assert found is not None
    assert len(found[1].split()) <= MOST_WORDS
    assert page.index("<h1>") < found.start() < page.index('id="trust"') < page.index('<section class="question"')


def test_every_question_has_one_anatomy(page: str) -> None:
    """Claim, answer, picture, what it says here and what would support or contradict, the paper's verdict, folds."""
    sections = re.findall(r'<section class="question".*?</section>', page, re.DOTALL)
    assert len(sections) == len(example_report().questions)
    parts = ('class="paper-claim"', 'class="finding"', '<figure class="main"', ">Here<", ">Would support<")
    whole = [text for text in sections if '<figure class="main"' in text and 'class="beside-paper"' in text]
    assert len(whole) >= 5
    for text in whole:
        places = [text.index(part) for part in (*parts, ">Would contradict<", 'class="beside-paper"', "<details")]
        assert places == sorted(places)
        assert text.count('<figure class="main"') == 1


def test_both_sets_stand_in_one_row(opened: str) -> None:
    """Estimate, interval, adjusted p and verdict of either set, then what was published; counts in a sentence."""
    groups, columns, *layers = rows_of(opened, 'aria-label="Numbers per layer: In most layers')
    assert groups == ["", "Registered test, first set", "The same test, second set", "As published"]
    of_a_set = ["estimate", "interval", "adjusted p", "verdict"]
    assert columns == ["layer", *of_a_set, *of_a_set, "estimate", "p", "verdict"]
    first = ["0.410", "[0.320, 0.500]", "< 0.001", "supported"]
    second = ["0.460", "[0.380, 0.540]", "< 0.001", "supported"]
    assert layers[1] == ["conv2", *first, *second, "0.500", "< 0.001", "supported"]
    assert "Networks in the first set: 24 in every layer. In the second set: 12 in every layer." in opened
    assert "The second set's result is exploratory" in opened


def test_every_side_of_a_hypothesis_is_in_its_details(opened: str) -> None:
    """The table shows the p of the side that decided; the details every side's, and how each was registered."""
    _, _, first, *_ = rows_of(opened, "Numbers per layer: In every layer, more than half")
    assert first[:5] == ["conv1", "0.420", "[0.370, 0.470]", "< 0.001", "opposite"]
    sides, _, layer, *_ = rows_of(opened, "P-values of every side: In every layer, more than half")
    assert sides == ["first set", "supported", "opposite", "ruled out"]
    assert layer == ["conv1", "1.00", "1.00", "< 0.001", "< 0.001", "1.00", "1.00"]
    assert "<dt>Opposite when</dt><dd>Holm-adjusted p at most 0.05, one-sided, for an effect below 0.5</dd>" in opened
    assert "<dt>Ruled out when</dt><dd>Holm-adjusted p at most 0.05, one-sided, for an effect below 0.55</dd>" in opened
    assert "As a whole, p of support 1.00: the largest of its layers&#39; adjusted p-values." in opened


def test_every_verdict_has_its_line_in_the_legend(page: str) -> None:
    """Word, glyph and meaning, behind a button of the first screen."""
    legend = page[page.index('<ul class="legend"') : page.index("</ul>", page.index('<ul class="legend"'))]
    for mark in VERDICT_MARKS.values():
        assert f'href="#mark-{class_name(mark.verdict)}"' in legend
        assert mark.meaning in legend
        assert f'<symbol id="mark-{class_name(mark.verdict)}"' in page


def test_both_sets_stand_side_by_side_in_the_comparison() -> None:
    """Every hypothesis that was repeated, its verdicts, the agreement, and in how many layers it holds."""
    opened = opened_page(render(with_claims(example_report())))
    _, *both = rows_of(opened, 'aria-label="Verdicts in both sets of initialisations"')
    agreements = ["the sets agree", "the sets disagree", "the sets agree", "cannot tell", "the sets agree"]
    assert [row[3] for row in both] == [*agreements, "cannot tell", "the sets agree"]
    assert both[1][4] == "1 of 7"


def test_without_a_second_set_nothing_of_it_appears() -> None:
    """But where figures of the paper have no counterpart."""
    alone = opened_page(render(with_claims(example_report(second=False))))
    assert "data numbers two-sets" not in alone
    assert "Second set of initialisations</summary>" not in alone
    assert "Both sets" not in alone


def test_a_layer_of_one_set_only_keeps_the_other_sets_place() -> None:
    """A second set without one of the layers leaves its cells empty, and says so."""
    report = example_report()
    question = report.questions[0]
    (one,) = question.hypotheses
    assert one.second is not None
    fewer = dataclasses.replace(one, second=dataclasses.replace(one.second, layers=one.second.layers[1:]))
    questions = (dataclasses.replace(question, hypotheses=(fewer,), figures=(), second_figures=()),)
    opened = opened_page(render(dataclasses.replace(report, questions=questions)))
    _, _, first, second, *_ = rows_of(opened, "Numbers per layer")
    assert first[5] == "not registered for this layer"
    assert len(first) == len(second) - 3


def test_a_demonstration_says_so_on_its_first_screen(page: str) -> None:
    """A study that proves nothing says so beside its answer; a full one does not."""
    assert page.index("This run demonstrates; it does not prove") < page.index('id="trust"')
    short = short_report()
    assert "it does not prove" in render(short)
    assert "it does not prove" not in render(dataclasses.replace(short, demonstration=False))


def test_an_interim_report_says_so_beside_every_status() -> None:
    """On the first screen and at each hypothesis: nothing in it is confirmatory."""
    short = short_report()
    pages = [render(dataclasses.replace(short, interim=interim)) for interim in (False, True)]
    final, interim = map(opened_page, pages)
    statuses = re.findall(r"<span>(?:primary|confirmatory|exploratory)</span>", final)
    assert len(statuses) == len(short.hypotheses)
    assert re.findall(r"<span>(?:primary|confirmatory|exploratory), interim</span>", interim) == [
        status.replace("</span>", ", interim</span>") for status in statuses
    ]
    assert "Interim: no verdict here is confirmatory." in pages[1]
    assert "Interim: no verdict here is confirmatory." not in pages[0]


def test_what_verdicts_stand_on_stands_above_them(page: str) -> None:
    """Each heading with its sentence, before the questions."""
    words, question = page.index("<dt>Interim</dt><dd>Networks planned: 40"), page.index('<section class="question"')
    assert words < page.index("<dt>Primary hypotheses</dt>") < question


def test_networks_that_did_not_learn_are_said_first(page: str, opened: str) -> None:
    """On the first screen, with a table of medians; their results, as published too, are no verdict."""
    assert page.index('<a href="#trust">1 arm did not learn</a>') < page.index('id="trust"')
    columns, *rows = rows_of(opened, 'id="learning"')
    assert columns[:5] == ["arm", "set", "learnt", "median (stratum)", "needed"]
    assert [row[:7] for row in rows] == [
        ["generalization", "first", "yes", "0.710 (none), 0.660 (shift)", "0.200", "0.100", "12"],
        ["maturation", "first", "not informative", "\N{MINUS SIGN}0.120", "0.500", "\N{EN DASH}", "8"],
    ]
    _, _, layer, *_ = rows_of(opened, "Numbers per layer: Over training gOSI")
    assert layer[1:6] == ["\N{MINUS SIGN}0.500", "[\N{MINUS SIGN}0.700, \N{MINUS SIGN}0.300]", "\N{EN DASH}", "24", "0"]


def test_undefined_values_are_a_dash_with_their_reason(opened: str) -> None:
    """An undefined test shows no number and says why; no number is called undefined."""
    assert "fewer than 6 networks have a selective unit that answers to two frequencies" in opened
    assert not re.search(r"<td[^>]*>\s*([Nn]a[Nn]|undefined)\s*<", opened)


def test_study_without_questions_networks_or_failures_is_still_a_page() -> None:
    """The page holds when there is nothing to show."""
    empty = dataclasses.replace(
        example_report(), questions=(), networks=pd.DataFrame({"key": []}), deviations=(), failures=(), methods=()
    )
    text = render(empty)
    assert "No hypothesis is registered, so nothing is decided." in text
    assert "None: every planned network was trained and measured." in text


def test_figure_without_rows_says_so() -> None:
    """A figure for which no network gave a value keeps its place and its caption."""
    question = example_report().questions[1]
    figure = dataclasses.replace(question.figures[0], table=question.figures[0].table.iloc[:0])
    report = dataclasses.replace(example_report(), questions=(dataclasses.replace(question, figures=(figure,)),))
    assert "Nothing to draw: no network gave a value for this figure." in opened_page(render(report))


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


def test_agreement_of_other_analyses_stands_in_a_table(opened: str) -> None:
    """A row a layer, shares in percent and in numbers; none where nothing compares; explained once for the page."""
    label = 'aria-label="Agreement of other analyses with the registered one"'
    columns, first, second = rows_of(opened, label)
    assert columns[-3:] == ["Other specifications", "Same sign", "Same verdict"]
    shares = ["11", "82 % (9 of 11)", "45 % (5 of 11)"]
    assert first == ["Do orientation-selective units exist?", "conv1", "supported", *shares]
    assert second == ["fc1", "not tested", "11", "70 % (7 of 10)", "none"]
    assert '<a href="#multiverse">' in opened
    assert opened.count("Every combination that can be computed from what is stored was") == 1
