"""The report in a real browser: silent, self-contained, drawn, and fit for a narrow screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from study.report.page import write_report
from study.report.verdict_marks import VERDICT_MARKS, class_name
from tests.example_report import example_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

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
    """Write the example report and return its address."""
    path: Path = tmp_path_factory.mktemp("reports") / "example.html"
    write_report(example_report(), path)
    return path.as_uri()


def opened(browser: Browser, address: str, width: int, scheme: str) -> tuple[Page, list[str]]:
    """Open the report, wait until every chart is drawn, and return the page with all it asked for or complained of."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    events: list[str] = []
    page.on("console", lambda message: events.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"error: {error}"))
    page.on("request", lambda request: events.append(request.url) if request.url != address else None)
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.charts === 'drawn'", timeout=60_000)
    return page, events


def open_second_sets(page: Page) -> None:
    """Open what is closed about the second set of initialisations and wait until its charts are drawn."""
    summaries = page.locator(".second-figures > summary")
    assert summaries.count() > 1
    for place in range(summaries.count()):
        summaries.nth(place).click()
    page.wait_for_function(
        "[...document.querySelectorAll('.second-figures .chart')].every(c => c.classList.contains('is-live'))",
        timeout=60_000,
    )


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_every_chart_is_drawn_in_silence(browser: Browser, address: str, width: int, scheme: str) -> None:
    """No request, no console message, no sideways scrolling; every chart is a drawing with a size, once it is opened."""
    page, events = opened(browser, address, width, scheme)
    assert page.locator(".second-figures .chart.is-live").count() == 0
    open_second_sets(page)
    assert events == []
    sizes = page.evaluate(
        "[...document.querySelectorAll('.chart')].map(c => {"
        " const b = c.querySelector('.live svg').getBoundingClientRect();"
        " return [b.width, b.height, getComputedStyle(c.querySelector('.still')).display] })"
    )
    assert len(sizes) == page.evaluate("document.querySelectorAll('script[type=\"application/json\"]').length") > 10
    assert all(wide > 100 and high > 50 and still == "none" for wide, high, still in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.hostile") is None
    page.close()


def test_links_lead_to_their_sections_and_keys_reach_tables(browser: Browser, address: str) -> None:
    """Following each link of the contents moves there; scrolling tables take the keyboard's focus."""
    page, _ = opened(browser, address, 1400, "light")
    links = page.locator("nav a")
    for place in range(links.count()):
        target = links.nth(place).get_attribute("href")
        links.nth(place).click()
        assert page.evaluate("location.hash") == target
        assert page.locator(str(target)).is_visible()
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))"
    )
    page.close()


def test_chart_menu_saves_pictures_and_nothing_else(browser: Browser, address: str) -> None:
    """A chart can be saved as SVG and PNG; no menu entry leads to a web site."""
    page, events = opened(browser, address, 1400, "light")
    chart = page.locator(".chart").first
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


def test_a_link_to_a_closed_figure_opens_it_and_draws_it(browser: Browser, address: str) -> None:
    """From the list of the paper's figures to the second set's: its section opens, its chart is drawn."""
    page, events = opened(browser, address, 1400, "light")
    link = page.locator("#paper-figures tr", has_text="Fig. A4a").locator("a")
    target = str(link.get_attribute("href"))
    assert page.locator(target).locator(".live svg").count() == 0
    link.click()
    page.locator(target).locator(".live svg").first.wait_for(timeout=60_000)
    assert page.locator(target).is_visible()
    assert events == []
    page.close()


def test_tables_of_both_sets_stay_within_the_page(browser: Browser, address: str) -> None:
    """Estimates and verdicts of both sets are seen at once on a wide screen; only what was published may need scrolling."""
    page, _ = opened(browser, address, 1400, "light")
    for place in range(page.locator(".two-sets").count()):
        table = page.locator(".two-sets").nth(place)
        frame = table.locator("xpath=..").bounding_box()
        verdict = table.locator("tbody tr").first.locator("td:has(.verdict)").nth(1).bounding_box()
        assert frame is not None
        assert verdict is not None
        assert verdict["x"] + verdict["width"] <= frame["x"] + frame["width"] + 1
    assert page.locator(".two-sets").count() > 2
    page.close()


@pytest.mark.parametrize("width", [1400, 400])
def test_charts_are_there_without_scripts(browser: Browser, address: str, width: int) -> None:
    """A reader without scripts sees the fixed drawings."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(address)
    for place in range(page.locator(".second-figures > summary").count()):
        page.locator(".second-figures > summary").nth(place).click()
    drawings = page.locator(".chart .still svg")
    assert drawings.count() > 10
    for place in range(drawings.count()):
        box = drawings.nth(place).bounding_box()
        assert box is not None
        assert box["width"] > 100
        assert box["height"] > 20
        assert box["x"] + box["width"] <= width
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_of_verdicts_have_their_colours(browser: Browser, address: str, scheme: str) -> None:
    """As registered for either page, in the legend, where each word stands beside its drawn glyph."""
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address, wait_until="domcontentloaded")
    for mark in VERDICT_MARKS.values():
        word = page.locator(f".legend .verdict.{class_name(mark.verdict)}")
        expected = mark.light if scheme == "light" else mark.dark
        channels = ", ".join(str(int(expected[place : place + 2], 16)) for place in (1, 3, 5))
        assert word.evaluate("element => getComputedStyle(element).color") == f"rgb({channels})"
        box = word.locator("svg").bounding_box()
        assert box is not None
        assert box["width"] > 8
    page.close()


def test_print_shows_the_fixed_drawings(browser: Browser, address: str) -> None:
    """On paper the fixed drawings replace the live ones, in dark ink."""
    page, _ = opened(browser, address, 1400, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".chart .still").first.is_visible()
    assert not page.locator(".chart .live").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    page.close()
