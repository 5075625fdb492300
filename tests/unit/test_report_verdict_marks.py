"""Every verdict has a mark that is its alone: in grey by its glyph, in colour for every reader, on either page."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from study import analysis, commands, report
from study.analysis.core.results import PUBLISHED_VERDICTS, VERDICTS
from study.report.charts.theme import CATEGORIES, GREY, VERDICT_COLOURS, VERDICT_SHAPES
from study.report.glossary import GLOSSARY
from study.report.verdict_marks import VERDICT_MARKS, verdict_style

PAGES = {"light": ("#ffffff", "#f6f7f8"), "dark": ("#14171b", "#1c2026"), "chart": ("#f6f7f8", "#1c2026")}
LEAST_CONTRAST = {"light": 4.5, "dark": 4.5, "chart": 3.0}  # of words and of shapes (WCAG 2.1)
LEAST_DISTANCE = {"light": 15.0, "dark": 15.0, "chart": 12.0}  # in CIELAB; about 2 is just seen
# Machado, Oliveira and Fernandes (2009), IEEE Trans. Vis. Comput. Graph. 15:1291-1298; severity 1, on linear RGB.
SEEN_WITH = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> np.ndarray:
    """Return the linear RGB of a colour such as #1a2b3c."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return the CIELAB of linear RGB, white of D65."""
    ratio = XYZ @ np.clip(rgb, 0, 1) / WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.1)."""
    light, dark = sorted((float(XYZ[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_verdict_has_a_mark() -> None:
    """The registered ones and those of the analysis as published, and no other, in the order of the verdicts."""
    assert list(VERDICT_MARKS)[: len(VERDICTS)] == list(VERDICTS)
    assert set(VERDICT_MARKS) == {*VERDICTS, *PUBLISHED_VERDICTS}


def test_glyphs_and_shapes_are_all_different() -> None:
    """So that verdicts are told apart without any colour; no glyph holds a colour but the word's and the page's."""
    marks = VERDICT_MARKS.values()
    assert len({mark.glyph for mark in marks}) == len({mark.shape for mark in marks}) == len(VERDICT_MARKS)
    for mark in marks:
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', mark.glyph)) <= {"currentColor", "none", "var(--page)"}


@pytest.mark.parametrize("page", PAGES)
def test_colours_stand_out_from_their_page(page: str) -> None:
    """Words as words must, points as points must."""
    for mark in VERDICT_MARKS.values():
        for background in PAGES[page]:
            assert contrast(getattr(mark, page), background) >= LEAST_CONTRAST[page], mark.verdict


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("eye", SEEN_WITH)
def test_colours_of_registered_verdicts_are_told_apart_by_every_eye(page: str, eye: str) -> None:
    """Also with one kind of cone missing."""
    seen = {verdict: lab(SEEN_WITH[eye] @ linear(getattr(VERDICT_MARKS[verdict], page))) for verdict in VERDICTS}
    for one, other in itertools.combinations(VERDICTS, 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= LEAST_DISTANCE[page], (one, other)


@pytest.mark.parametrize("series", [colour for colour in CATEGORIES if colour != GREY])
def test_no_series_of_a_chart_has_the_colour_of_a_verdict(series: str) -> None:
    """Green, blue or purple in a chart mean a verdict or nothing; grey is what stands back."""
    for mark in VERDICT_MARKS.values():
        for colour in (mark.light, mark.dark, mark.chart):
            assert np.linalg.norm(lab(linear(series)) - lab(linear(colour))) >= 20, mark.verdict


def test_charts_have_the_marks() -> None:
    """Colour and shape of points are those of the verdict."""
    for verdict, mark in VERDICT_MARKS.items():
        assert (VERDICT_COLOURS[verdict], VERDICT_SHAPES[verdict]) == (mark.chart, mark.shape)


def test_style_colours_each_word_on_each_page() -> None:
    """Light, dark and printed: three times each colour's name is set, and once it is used."""
    style = verdict_style()
    for verdict in VERDICT_MARKS:
        name = verdict.replace(" ", "-")
        assert len(re.findall(rf"--{name}: #[0-9a-f]{{6}};", style)) == 3
        assert f".{name} {{ color: var(--{name}); }}" in style


def test_the_glossary_explains_every_verdict() -> None:
    """In the words of the legend."""
    meanings = dict(GLOSSARY)
    for verdict, mark in VERDICT_MARKS.items():
        assert meanings[verdict.capitalize()].lower() == f"{mark.meaning}.".lower()


def test_no_text_says_that_a_claim_is_contradicted() -> None:
    """The word hid two findings, that an effect is opposite and that a large one is ruled out."""
    folders = [Path(str(room.__file__)).parent for room in (analysis, commands, report)]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".css", ".js")]
    assert len(files) > 100
    assert [path.name for path in files if re.search("contradicted", path.read_text("utf-8"), re.IGNORECASE)] == []
