"""What every report of a study keeps to in a browser: what is seen at first, how light it is, what opens, what is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from tests.browser.chromium import loaded, open_folds, serious_violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_NODES, MOST_BYTES, MOST_PRINTED = 25_000, 4_000_000, 25
SCREEN, OTHER_SCREENS = 900, 6  # pixels; screens beside one a question
SMALLEST_TEXT = 14  # pixels, in pictures on a wide screen
SCREENS = ((1400, 900), (390, 844))


def check_first_screen(browser: Browser, address: str, width: int, height: int) -> None:
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
    assert scroll_width(page) <= width
    assert events == []
    page.close()


def check_is_light(browser: Browser, address: str) -> None:
    """Bytes, nodes and screens are few, no chart library runs before it is asked for, no picture has small letters."""
    assert Path(unquote(urlparse(address).path)).stat().st_size < MOST_BYTES
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


def check_folds_open(browser: Browser, address: str, width: int, scheme: str) -> None:
    """No request, no console message, no sideways scrolling; no table cut where it is wide; every chart is a drawing."""
    page, events = loaded(browser, address, width, scheme)
    open_folds(page)
    assert events == []
    sizes: Sequence[tuple[float, float]] = page.evaluate(
        "[...document.querySelectorAll('.chart')].map(chart => {"
        " const box = chart.querySelector('.live svg').getBoundingClientRect(); return [box.width, box.height] })"
    )
    assert len(sizes) > 10
    assert all(wide > 100 and high > 50 for wide, high in sizes)
    assert scroll_width(page) <= width
    assert page.evaluate("window.hostile") is None
    if width == SCREENS[0][0]:
        assert wide_tables(page) == []
    page.close()


def check_controls(browser: Browser, address: str) -> None:
    """Every button, slider and link within the page does what it does in silence, and by the keyboard alone."""
    page, events = loaded(browser, address, 1400)
    for place in range(page.locator(".buttons > details > summary").count()):
        summary = page.locator(".buttons > details > summary").nth(place)
        summary.focus()
        page.keyboard.press("Enter")
        assert summary.evaluate("summary => summary.parentElement.open")
        page.keyboard.press("Enter")
    sliders = page.locator("input[type=range]:visible")
    for place in range(sliders.count()):
        sliders.nth(place).focus()
        for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
            page.keyboard.press(key)
    targets = page.evaluate("[...new Set([...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1)))]")
    assert targets
    for target in targets:
        page.evaluate("target => { location.hash = target; }", target)
        page.locator(f"[id='{target}']").wait_for(timeout=60_000, state="attached")
    assert [event for event in events if not event.startswith(address)] == []
    page.close()


def check_marks(browser: Browser, address: str, *, least: int) -> None:
    """Every question with a verdict has one main picture in which each network is a mark; the strip has a glyph a layer."""
    page, _ = loaded(browser, address, 1400)
    marks: dict[str, int] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('section.question')].filter("
        "section => section.querySelector('figure.main')).map(section => [section.id,"
        " Math.max(...[...section.querySelectorAll('figure.main svg')].map(svg =>"
        " svg.querySelectorAll('circle, path, use').length))]))"
    )
    bare = page.locator("section.question:not(:has(figure.main))")
    assert bare.count() == bare.filter(has_text="not tested").count()
    assert len(marks) > bare.count()
    assert min(marks.values()) >= least, marks
    assert page.locator(".questions svg:visible").count() >= 2 * len(marks)
    page.close()


def check_without_scripts(browser: Browser, address: str, width: int) -> None:
    """A reader without scripts sees answers and pictures, and is told that what is folded needs scripts."""
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


def check_printed(browser: Browser, address: str) -> None:
    """Print is short, dark ink, and pictures are kept whole."""
    page, _ = loaded(browser, address, 1400, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('figure.main')).breakInside") == "avoid"
    printed = page.pdf(format="A4")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed)) <= MOST_PRINTED
    page.close()


def check_axe(browser: Browser, address: str, scheme: str, *, question: str | None) -> None:
    """Nothing serious or critical in a page as it opens, or with all that is folded under a question made."""
    page, _ = loaded(browser, address, 1400, scheme)
    if question is not None:
        open_folds(page, f"section.question[id$='{question}']")
        assert page.locator(".chart.is-live").count() > 0
    assert serious_violations(page) == []
    page.close()


def scroll_width(page: Page) -> int:
    """Return how wide the page is, in pixels, with what it scrolls sideways to."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def wide_tables(page: Page) -> list[str]:
    """Return the names of tables that are wider than their frame."""
    names: list[str] = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(frame => frame.scrollWidth > frame.clientWidth + 1)"
        ".map(frame => frame.getAttribute('aria-label'))"
    )
    return names
