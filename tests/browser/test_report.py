"""The report in a real browser: silent, self-contained, answered on its first screen, made when it is opened."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from study.analysis.core.ledger import ledger
from study.report.content import Access, ArmTrust, Report
from study.report.page import write_report
from study.report.verdict_marks import VERDICT_MARKS, class_name
from tests.example_report import example_report
from tests.example_results import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MOST_NODES, MOST_BYTES, MOST_PRINTED = 25_000, 4_000_000, 25
SCREEN, OTHER_SCREENS = 900, 6  # pixels; screens beside one a question
SMALLEST_TEXT = 14  # pixels, in pictures on a wide screen
REAL = Path(__file__).parents[2] / "reports" / "quick.html"  # where a study was made here

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser once."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


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


def loaded(
    browser: Browser, address: str, width: int, scheme: str = "light", height: int = 900
) -> tuple[Page, list[str]]:
    """Open a report and return the page with all it asked for or complained of."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    events: list[str] = []
    page.on("console", lambda message: events.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"error: {error}"))
    page.on("request", lambda request: events.append(request.url) if request.url != address else None)
    page.goto(address)
    page.wait_for_function("() => document.documentElement.dataset.page === 'ready'", timeout=30_000)
    return page, events


def open_folds(page: Page, within: str = "body") -> None:
    """Open every fold of a part of the page, and every fold inside of one, and wait until all are made."""
    closed = f"{within} details.fold:not([open])"
    while page.locator(closed).count():
        page.evaluate("where => document.querySelectorAll(where).forEach(fold => { fold.open = true; })", closed)
        page.wait_for_function(
            "where => [...document.querySelectorAll(where)].every(fold => fold.dataset.filled)",
            arg=f"{within} details.fold[open]",
            timeout=240_000,
        )
    assert page.locator(f"{within} details.fold[data-filled=no]").count() == 0


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_the_first_screen_holds_the_answer(browser: Browser, address: str, width: int, height: int) -> None:
    """Question, answer, what it rests on, every question's verdict and the buttons are seen without scrolling."""
    page, events = loaded(browser, address, width, height=height)
    parts = page.locator("h1, .answer, .status, .hero, .questions, .buttons > details > summary")
    assert parts.count() >= 5
    for place in range(parts.count()):
        box = parts.nth(place).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width
    assert page.locator("header table").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert events == []
    page.close()


def test_before_anything_is_opened_the_page_is_short_and_light(browser: Browser, address: str) -> None:
    """Nodes and screens are few, no chart library runs, and no picture has small letters."""
    page, events = loaded(browser, address, 1400)
    questions = page.locator("section.question").count()
    assert page.evaluate("document.getElementsByTagName('*').length") < MOST_NODES
    assert page.evaluate("document.documentElement.scrollHeight") <= (OTHER_SCREENS + questions) * SCREEN
    assert page.evaluate("window.vegaEmbed") is None
    sizes = page.evaluate(
        "[...document.querySelectorAll('figure.main svg text')].filter(text => text.getClientRects().length).map(text => {"
        " const svg = text.ownerSVGElement, scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;"
        " return parseFloat(getComputedStyle(text).fontSize) * scale })"
    )
    assert min(sizes) > SMALLEST_TEXT - 0.5
    assert events == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_every_fold_opens_in_silence(browser: Browser, address: str, width: int, scheme: str) -> None:
    """No request, no console message, no sideways scrolling; every chart is a drawing with a size, once it is opened."""
    page, events = loaded(browser, address, width, scheme)
    open_folds(page)
    assert events == []
    sizes = page.evaluate(
        "[...document.querySelectorAll('.chart')].map(chart => {"
        " const box = chart.querySelector('.live svg').getBoundingClientRect(); return [box.width, box.height] })"
    )
    assert len(sizes) > 10
    assert all(wide > 100 and high > 50 for wide, high in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.hostile") is None
    page.close()


@pytest.mark.slow
def test_no_table_is_cut_or_scrolls_on_a_wide_screen(browser: Browser, address: str) -> None:
    """Every table is as wide as its frame, or narrower."""
    page, _ = loaded(browser, address, 1400)
    open_folds(page)
    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(frame => frame.scrollWidth > frame.clientWidth + 1)"
        ".map(frame => frame.getAttribute('aria-label'))"
    )
    assert wide == []
    page.close()


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


@pytest.mark.parametrize("width", [1400, 390])
def test_answers_and_pictures_are_there_without_scripts(browser: Browser, address: str, width: int) -> None:
    """A reader without scripts sees them, and is told that what is folded needs scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(address)
    assert "<noscript>" in page.content()
    assert "Scripts are off." in page.content()
    assert page.locator(".answer").is_visible()
    drawings = page.locator("figure.main svg:visible")
    assert drawings.count() > 4
    for place in range(drawings.count()):
        box = drawings.nth(place).bounding_box()
        assert box is not None
        assert box["width"] > 100
        assert box["height"] > 20
        assert box["x"] + box["width"] <= width + 1
    context.close()


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


def test_print_is_short_dark_ink_with_whole_pictures(browser: Browser, address: str) -> None:
    """At most 25 pages; pictures are kept whole."""
    page, _ = loaded(browser, address, 1400, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('figure.main')).breakInside") == "avoid"
    printed = page.pdf(format="A4")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed)) <= MOST_PRINTED
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, scheme: str) -> None:
    """Neither in the page as it opens nor in what is folded under a question."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page, _ = loaded(browser, address, 1400, scheme)
    open_folds(page, "section.question:nth-of-type(2) .folds > :first-child")
    violations = axe.Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in ("serious", "critical")]
    assert serious == []
    page.close()


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="no study was made here: reports/quick.html is not there")
def test_the_quick_report_keeps_its_bounds(browser: Browser) -> None:
    """Bytes, nodes, screens and printed pages of a real report, and its first screen at either width."""
    assert REAL.stat().st_size < MOST_BYTES
    page, events = loaded(browser, REAL.as_uri(), 1400)
    questions = page.locator("section.question").count()
    assert page.evaluate("document.getElementsByTagName('*').length") < MOST_NODES
    assert page.evaluate("document.documentElement.scrollHeight") <= (OTHER_SCREENS + questions) * SCREEN
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= MOST_PRINTED
    assert events == []
    page.close()
    test_the_first_screen_holds_the_answer(browser, REAL.as_uri(), 1400, 900)
    test_the_first_screen_holds_the_answer(browser, REAL.as_uri(), 390, 844)
