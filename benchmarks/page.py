"""What a report costs its reader: bytes, elements, screens, seconds until it is ready, printed pages.

    .venv/bin/python -m benchmarks.page reports/quick.html            # one report
    .venv/bin/python -m benchmarks.page reports/quick.html OLD.html   # beside another one, such as an earlier version's

Needs Chromium; opens each page several times in turn at the size of a desk's screen and of a telephone.
"""

from __future__ import annotations

import argparse
import re
import shutil
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

SCREENS = {"desk": (1400, 900), "telephone": (390, 844)}
_SHEET = re.compile(rb"/Type\s*/Page\b")
_SETTLED = "document.readyState === 'complete'"


def measured(browser: Browser, report: Path, rounds: int) -> dict[str, float]:
    """Return what a report costs, seconds as medians over rounds."""
    costs: dict[str, float] = {"bytes": report.stat().st_size}
    for name, (width, height) in SCREENS.items():
        seconds = []
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": width, "height": height})
            start = time.perf_counter()
            page.goto(report.resolve().as_uri(), wait_until="load")
            page.wait_for_function(_SETTLED)
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            seconds.append(time.perf_counter() - start)
            costs[f"screens, {name}"] = page.evaluate("document.documentElement.scrollHeight") / height
            costs["elements"] = page.evaluate("document.getElementsByTagName('*').length")
            if name == "desk":
                costs["printed pages"] = len(_SHEET.findall(page.pdf(format="A4", print_background=True)))
            page.close()
        costs[f"seconds until painted, {name}"] = float(np.median(seconds))
    return costs


def main() -> None:
    """Print what each report costs, and how many times as much as the first the others do."""
    parser = argparse.ArgumentParser(description="What a report costs its reader.")
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT.html")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        costs = {report: measured(browser, report, arguments.rounds) for report in arguments.reports}
        browser.close()
    first, *others = arguments.reports
    for name, value in costs[first].items():
        beside = "".join(f"   {costs[other][name]:12,.2f} ({costs[other][name] / value:.2f})" for other in others)
        print(f"{name:34}{value:14,.2f}{beside}")


if __name__ == "__main__":
    main()
