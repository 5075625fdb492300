"""The report of a whole quick study keeps its bounds: one simulated here, and the real one where a study was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.simulated_report import simulated_report
from study.config import resolve
from study.report.page import write_report
from tests.browser.bounds import (
    SCREENS,
    check_axe,
    check_controls,
    check_first_screen,
    check_folds_open,
    check_is_light,
    check_marks,
    check_printed,
    check_without_scripts,
)
from tests.example_study import registered

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REAL = Path(__file__).parents[2] / "reports" / "quick.html"  # where a study was made here
NETWORKS = 8  # in most questions of a quick study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["simulated", "made here"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a report of the profile quick."""
    if request.param == "made here":
        if not REAL.is_file():
            pytest.skip("no study was made here: reports/quick.html is not there")
        return REAL.as_uri()
    path: Path = tmp_path_factory.mktemp("simulated") / "quick.html"
    write_report(simulated_report(resolve("quick"), registered()), path)
    return path.as_uri()


def test_the_first_screens_and_the_weight_of_the_quick_report(browser: Browser, address: str) -> None:
    """Under 4 MB, 25,000 nodes and six screens plus one a question; the first screen at either width."""
    check_is_light(browser, address)
    for width, height in SCREENS:
        check_first_screen(browser, address, width, height)


def test_every_question_of_the_quick_report_shows_its_networks(browser: Browser, address: str) -> None:
    """Each has at least a mark a network."""
    check_marks(browser, address, least=NETWORKS)


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_every_fold_of_the_quick_report_opens(browser: Browser, address: str, width: int, scheme: str) -> None:
    """In silence, at either width and in either scheme."""
    check_folds_open(browser, address, width, scheme)


def test_every_control_of_the_quick_report_works(browser: Browser, address: str) -> None:
    """By the keyboard alone."""
    check_controls(browser, address)


def test_the_quick_report_without_scripts_and_in_print(browser: Browser, address: str) -> None:
    """Pictures and answers are there; at most 25 pages."""
    for width, _ in SCREENS:
        check_without_scripts(browser, address, width)
    check_printed(browser, address)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_is_content_with_the_quick_report(browser: Browser, address: str, scheme: str) -> None:
    """Nothing serious or critical, with every chart and table of a question opened."""
    check_axe(browser, address, scheme, question="spatial-frequency")
