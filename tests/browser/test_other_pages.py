"""The pages of `probe_model` and `calibrate` in a real browser keep the manners of the study's own report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from study.analysis.core.unit_choice import tuned_units
from study.analysis.external.existence import layer_table
from study.analysis.external.network import described
from study.analysis.simulation import FINDINGS, Found, Tally
from study.commands.calibrate import PROFILES
from study.commands.calibration_cases import calibrations, planned, requests
from study.commands.calibration_words import calibration_page
from study.config import resolve
from study.report.calibration import render_calibration
from study.report.external import ExternalPage, render_external
from tests.browser.chromium import loaded, open_folds, serious_violations
from tests.example_external_network import external_study
from tests.example_results import HOSTILE
from tests.example_study import registered
from tests.example_units import gratings_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KINDS = ("external", "calibration")
MOST_NODES, MOST_BYTES = 25_000, 4_000_000
LAYERS = {f"block{block}_conv{place}": 8 for block in (1, 2) for place in (1, 2)}
HYPOTHESES = 6  # of the registered ones on the page of a calibration


def external_page() -> str:
    """Return the page of a network of four layers, ablated on photographs, with remarks hostile to HTML."""
    study = external_study(np.random.default_rng(3), layers=LAYERS, draws=20)
    return render_external(
        ExternalPage(
            title="What the units of mine prefer",
            name="mine",
            generated="2030-01-01 12:00 UTC",
            summary=(
                "Of the 31 units that answer at all, 60% answer strongly to one orientation and little to others (gOSI above"
                " 0.33); 20% would if each unit's answers were shuffled.",
                "The network is a file, with its own weights. Its 32 units in 4 hidden layers were measured.",
            ),
            remarks=("Its weights are random.", HOSTILE),
            questions=described(study, None, root_seed=0),
            layers=layer_table(study),
            stimuli=gratings_of(),
            stimuli_words="Shown: each as the network receives it.",
            methods=(("Network", "A network of four layers."), ("Hostile", HOSTILE)),
            settings=(("layers", ", ".join(LAYERS)), ("seed", "0")),
            provenance=(("key", "f" * 64),),
            units=tuned_units(study, root_seed=0),
        )
    )


def calibration() -> str:
    """Return the page of some registered tests, of which each is found to err in three of a hundred studies."""
    registration, profiles = registered(), {name: resolve(name) for name in PROFILES}
    chosen = tuple(registration.hypotheses.values())[:HYPOTHESES]
    plans = planned(chosen, registration.ceilings, profiles, PROFILES[1], networks=(8, 24, 80), whole=False)
    wanted = requests(plans, studies=400, whole=False)
    tallies = {one.case.name: tally_of(one.studies, len(one.case.hypothesis.layers)) for one in wanted}
    return render_calibration(
        calibration_page(
            calibrations(plans, tallies, registration.ceilings),
            chosen,
            registration,
            command="python -m study calibrate",
            studies=400,
            profile=PROFILES[1],
            architecture="cnn7",
            seed=0,
            seconds=60.0,
        )
    )


def tally_of(studies: int, layers: int) -> Tally:
    """Return a tally in which three of a hundred studies found something."""
    few = 3 * studies // 100
    found = Found((few,) * layers, few, few)
    return Tally(
        studies=studies,
        findings=dict.fromkeys(FINDINGS, found),
        significant=found,
        untested=0,
        intervals=studies * layers,
        covered=studies * layers - few,
        published=studies,
        published_supported=few,
    )


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write both pages and return their addresses."""
    place: Path = tmp_path_factory.mktemp("pages")
    for kind, text in zip(KINDS, (external_page(), calibration()), strict=True):
        (place / f"{kind}.html").write_text(text, encoding="utf-8")
    return {kind: (place / f"{kind}.html").as_uri() for kind in KINDS}


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_screen_answers(
    browser: Browser, addresses: dict[str, str], kind: str, width: int, height: int
) -> None:
    """Question and answer, and the picture of a unit, are seen without scrolling, and no table; the page is light."""
    page, events = loaded(browser, addresses[kind], width, height=height)
    parts = page.locator("h1, .answer, .hero")
    assert parts.count() == (3 if kind == "external" else 2)
    boxes = [parts.nth(place).bounding_box() for place in range(parts.count())]
    assert all(box and box["y"] + box["height"] <= height and box["x"] + box["width"] <= width for box in boxes)
    assert page.locator("header table").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.getElementsByTagName('*').length") < MOST_NODES
    assert len(page.content()) < MOST_BYTES
    assert events == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
@pytest.mark.parametrize("kind", KINDS)
def test_every_fold_opens_in_silence_and_axe_is_content(
    browser: Browser, addresses: dict[str, str], kind: str, width: int, scheme: str
) -> None:
    """No request, no console message, no sideways scrolling, nothing cut; every chart is drawn once it is opened."""
    page, events = loaded(browser, addresses[kind], width, scheme)
    open_folds(page)
    assert events == []
    sizes: Sequence[tuple[float, float]] = page.evaluate(
        "[...document.querySelectorAll('.chart')].map(chart => {"
        " const box = chart.querySelector('.live svg').getBoundingClientRect(); return [box.width, box.height] })"
    )
    assert sizes
    assert all(wide > 100 and high > 50 for wide, high in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.hostile") is None
    if scheme == "light":  # axe takes its time
        assert serious_violations(page) == []
    page.close()
