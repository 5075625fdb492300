"""A page in headless Chromium: opened with all that it asks for or complains of, unfolded, and examined by axe."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


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


def serious_violations(page: Page) -> list[tuple[str, str]]:
    """Return what axe finds serious or critical in a page as it stands: the rule, and the first element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    violations = axe.Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in ("serious", "critical")]
