"""The report in a real browser: silent, self-contained, answered on its first screen, made when it is opened."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from study.analysis.core.ledger import ledger
from study.report.content import Access, ArmTrust, Report
from study.report.page import write_report
from study.report.verdict_marks import VERDICT_MARKS, class_name
from tests.browser.bounds import (
    SCREENS,
    check_axe,
    check_first_screen,
    check_folds_open,
    check_is_light,
    check_printed,
    check_without_scripts,
)
from tests.browser.chromium import loaded
from tests.example_report import example_report
from tests.example_results import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the example report, with names hostile to HTML, and return its address."""
    path: Path = tmp_path_factory.mktemp("reports") / "example.html"
    write_report(hostile_report(), path)
    return path.as_uri()


def hostile_report() -> Report:
    """Return a report in which every name from outside is hostile: markup, braces, quotes, right to left, very long."""
    report = example_report()
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    names = (
        HOSTILE,
        "\N{HEBREW LETTER ALEF}\N{ARABIC LETTER MEEM}" * 40,
        "w" * 300,
        "{% raw %}{{ x }}",
        "a\N{COMBINING ACUTE ACCENT}" * 60,
    )
    arm = ArmTrust(
        arm=HOSTILE,
        initialization_set=1,
        learnt=True,
        learning=HOSTILE,
        accuracy=np.linspace(0.1, 0.9, 12).reshape(2, 6),
        chance=0.1,
        trained=2,
        planned=3,
        missing=(HOSTILE,),
        power=((HOSTILE, False),),
    )
    return dataclasses.replace(
        report,
        name=names[1],
        ledger=ledger(report.questions),
        examples=tuple((name, pixels) for name in names),
        networks=report.networks.assign(network=[names[place % len(names)] for place in range(len(report.networks))]),
        trust=(arm,),
        access=Access(
            citation=HOSTILE, bibtex=HOSTILE, command="w" * 300, store=HOSTILE, load=HOSTILE, registration=HOSTILE
        ),
    )


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_first_screen_holds_the_answer(browser: Browser, address: str, width: int, height: int) -> None:
    """Question, answer, what it rests on, every question's verdict and the buttons are seen without scrolling."""
    check_first_screen(browser, address, width, height)


def test_before_anything_is_opened_the_page_is_short_and_light(browser: Browser, address: str) -> None:
    """Nodes and screens are few, no chart library runs, and no picture has small letters."""
    check_is_light(browser, address)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_every_fold_opens_in_silence(browser: Browser, address: str, width: int, scheme: str) -> None:
    """No request, no console message, no sideways scrolling, no table cut; every chart is a drawing, once it is opened."""
    check_folds_open(browser, address, width, scheme)


@pytest.mark.parametrize("width", [1400, 390])
def test_answers_and_pictures_are_there_without_scripts(browser: Browser, address: str, width: int) -> None:
    """A reader without scripts sees them, and is told that what is folded needs scripts."""
    check_without_scripts(browser, address, width)


def test_print_is_short_dark_ink_with_whole_pictures(browser: Browser, address: str) -> None:
    """At most 25 pages; pictures are kept whole."""
    check_printed(browser, address)


def test_links_lead_into_what_is_folded(browser: Browser, address: str) -> None:
    """From the claims that come out differently to their question, and to a folded figure by its address alone."""
    page, events = loaded(browser, address, 1400)
    holder = page.locator("details[data-holds*='-']").nth(3)
    target = str(holder.get_attribute("data-holds")).split()[0]
    page.evaluate("target => { location.hash = target; }", target)
    page.locator(f"#{target}").wait_for(timeout=60_000)
    assert page.locator(f"#{target}").is_visible()
    page.goto(f"{address}#methods")
    page.wait_for_function("() => document.querySelector('#methods').dataset.filled === 'yes'", timeout=60_000)
    assert page.locator("#methods p").first.is_visible()
    assert [event for event in events if not event.startswith(address)] == []
    page.close()


def test_chart_menu_saves_pictures_and_nothing_else(browser: Browser, address: str) -> None:
    """A chart can be saved as SVG and PNG; no menu entry leads to a web site."""
    page, events = loaded(browser, address, 1400)
    page.locator("section.question details.fold").first.locator("summary").first.click()
    chart = page.locator(".chart.is-live").first
    chart.wait_for(timeout=60_000)
    chart.hover()
    chart.locator("summary").click()
    assert chart.locator(".vega-actions a").all_inner_texts() == ["Save as SVG", "Save as PNG"]
    for place, ending in enumerate((".svg", ".png")):
        with page.expect_download() as download:
            chart.locator(".vega-actions a").nth(place).click()
        assert download.value.suggested_filename.endswith(ending)
        assert Path(download.value.path()).stat().st_size > 1_000
    assert [event for event in events if not event.startswith(("data:", "blob:"))] == []
    page.close()


def test_the_keyboard_reaches_everything(browser: Browser, address: str) -> None:
    """The first stop skips to the evidence; a fold opens with Enter, with its focus seen; a term shows what it means."""
    page, _ = loaded(browser, address, 1400)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    summary = page.locator("section.question details.fold > summary").first
    summary.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('section.question details.fold').dataset.filled === 'yes'", timeout=60_000
    )
    term = page.locator(".term").first
    term.focus()
    assert term.locator(".tip").is_visible()
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    assert not term.locator(".tip").is_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_of_verdicts_have_their_colours(browser: Browser, address: str, scheme: str) -> None:
    """As registered for either page, in the legend, where each word stands beside its drawn glyph."""
    page, _ = loaded(browser, address, 1400, scheme)
    page.locator("details.button summary", has_text="What the verdicts mean").click()
    for mark in VERDICT_MARKS.values():
        word = page.locator(f".legend .verdict.{class_name(mark.verdict)}")
        expected = mark.light if scheme == "light" else mark.dark
        channels = ", ".join(str(int(expected[place : place + 2], 16)) for place in (1, 3, 5))
        assert word.evaluate("element => getComputedStyle(element).color") == f"rgb({channels})"
        box = word.locator("svg").bounding_box()
        assert box is not None
        assert box["width"] > 8
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, scheme: str) -> None:
    """In the page as it opens; a whole report's folds are opened elsewhere."""
    check_axe(browser, address, scheme, question=None)
