"""The pictures in a real browser: the gallery by keyboard, text that can be read, nothing beyond the page's width."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from study.report.pictures import GALLERY_SCRIPT, PICTURE_STYLE, estimation_plot, hero, unit_gallery
from study.report.verdict_marks import verdict_style
from tests.example_points import COMPARED, CORRELATED, result_with_points
from tests.example_results import LAYERS
from tests.example_units import gratings_of, units_of_layers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LEAST_TEXT = 14.0
MARKS = """() => [...document.querySelectorAll(".unit-gallery svg *")].map((mark) =>
  [...mark.attributes].map((one) => one.value).join(" ") + (mark.localName === "text" ? mark.textContent : ""))"""
SIZES = """() => [...document.querySelectorAll("svg text")].filter((text) => text.getClientRects().length)
  .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"""
BEYOND = """() => [...document.querySelectorAll(".picture svg text, .unit-gallery svg text")].filter((text) => {
  const own = text.getBoundingClientRect(), box = text.ownerSVGElement.getBoundingClientRect();
  return own.width && (own.right > box.right + 1 || own.left < box.left - 1); }).map((text) => text.textContent)"""


def page_with(script: str) -> str:
    """Return a page with every kind of picture."""
    units, gratings = units_of_layers("conv1", "conv2", kernel=True), gratings_of()
    pictures = [
        hero(units, gratings, "hero"),
        estimation_plot(result_with_points(LAYERS, 8, COMPARED), "seven"),
        estimation_plot(result_with_points(LAYERS[:2], 8, COMPARED), "two"),
        estimation_plot(result_with_points(LAYERS[:3], 12, CORRELATED, strata=("flip", "none")), "scatter"),
    ]
    drawn = "".join(picture.markup for picture in pictures if picture is not None)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>:root {{ --page: white; --ink: black; --sans: sans-serif }} body {{ margin: 16px }}{verdict_style()}"
        f"{PICTURE_STYLE}</style>{drawn}{unit_gallery(units, gratings, 'gallery')}<script>{script}</script>"
    )


def opened(browser: Browser, folder: Path, script: str, width: int) -> tuple[Any, list[str]]:
    """Return the page at a width, and what it complained of."""
    path = folder / f"pictures-{width}-{len(script)}.html"
    path.write_text(page_with(script), encoding="utf-8")
    page, complaints = browser.new_page(viewport={"width": width, "height": 900}), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    return page, complaints


@pytest.mark.parametrize("width", [1400, 390])
def test_text_can_be_read_and_nothing_is_cut(browser: Browser, tmp_path: Path, width: int) -> None:
    """At either width every text has 14 px or more and lies within its picture, and the page does not scroll sideways."""
    page, complaints = opened(browser, tmp_path, GALLERY_SCRIPT, width)
    sizes = page.evaluate(SIZES)
    assert len(sizes) > 60 and min(sizes) >= LEAST_TEXT - 0.01
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_the_gallery_moves_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    """Its first state is the same with and without the script; arrow keys change unit and layer, and the words with them."""
    without, _ = opened(browser, tmp_path, "", 1400)
    page, complaints = opened(browser, tmp_path, GALLERY_SCRIPT, 1400)
    still, moving = without.evaluate(MARKS), page.evaluate(MARKS)
    assert without.locator(".controls").is_hidden() and page.locator(".controls").is_visible()
    assert len(still) == len(moving)
    assert sum(one != other for one, other in zip(still, moving, strict=True)) <= 3  # halves are rounded either way
    before = page.locator(".said").inner_text()
    page.locator("#gallery-unit").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".said").inner_text() != before
    assert page.evaluate(MARKS) != moving
    page.locator("#gallery-layer").focus()
    page.keyboard.press("Home")
    assert page.locator("output").first.inner_text() == "conv1"
    assert page.locator("svg.kernel").is_visible() and page.locator(".kernel-pixels rect").count() == 4
    page.keyboard.press("End")
    assert page.locator("svg.kernel").is_hidden()
    assert complaints == []
