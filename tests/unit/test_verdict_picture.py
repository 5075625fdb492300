"""The picture of the verdicts as a file of its own: well formed, readable on light and dark pages, and said in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from study.analysis.core.results import VERDICTS
from study.report.pictures.strip import StripRow
from study.report.pictures.verdict_picture import picture_words, verdict_picture
from study.report.verdict_marks import VERDICT_MARKS
from tests.example_results import HOSTILE, LAYERS

SVG = "{http://www.w3.org/2000/svg}"


def rows() -> list[StripRow]:
    """Return a row for every verdict, in fewer and fewer layers."""
    return [
        StripRow(f"q{i}", f"Question {i}?", f"h{i}", verdict, tuple((layer, verdict) for layer in LAYERS[i:]))
        for i, verdict in enumerate(VERDICTS)
    ]


def test_a_row_has_its_glyphs_and_its_word() -> None:
    """One glyph a layer of its claim, the word once, and every layer named above."""
    root = ElementTree.fromstring(verdict_picture(rows(), study="published"))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert all(texts.count(verdict) == 1 for verdict in VERDICTS)
    assert all(layer in texts for layer in LAYERS)
    glyphs = [element for element in root.iter(f"{SVG}g") if element.get("transform")]
    assert len(glyphs) == sum(len(row.cells) for row in rows())
    (desc,) = root.iter(f"{SVG}desc")
    assert desc.text == picture_words(rows())


def test_it_brings_its_ground_and_both_sets_of_colours() -> None:
    """Nothing is left to the page: no variable, no reference; what is cut out of a glyph has the ground's colour."""
    picture = verdict_picture(rows(), study="published")
    assert "var(" not in picture and "href" not in picture and "url(" not in picture
    light, dark = picture.split("prefers-color-scheme: dark")
    for mark in VERDICT_MARKS.values():
        assert mark.light in light and mark.dark in dark
    grounds = [re.search(r"\.page\{fill:(#\w+);.*?\.cut\{stroke:(#\w+)\}", part) for part in (light, dark)]
    assert all(found and found[1] == found[2] for found in grounds)
    assert len({found[1] for found in grounds if found}) == 2


def test_a_long_title_is_whole_and_a_hostile_one_harmless() -> None:
    """Of two lines the row is higher; text from outside is text."""
    short, long = (StripRow("q", "word " * count, "h", VERDICTS[0], ()) for count in (3, 25))
    low, high = (ElementTree.fromstring(verdict_picture([row], study="a")) for row in (short, long))
    assert float(high.get("height", 0)) > float(low.get("height", 0))
    assert " ".join(element.text or "" for element in high.iter(f"{SVG}text")).count("word") == 25
    hostile = verdict_picture([StripRow("q", HOSTILE, "h", HOSTILE, (("conv1", HOSTILE),))], study=HOSTILE)
    assert {element.tag for element in ElementTree.fromstring(hostile).iter()} <= {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "style", "rect", "path", "text", "g", "circle")
    }


def test_the_words_name_layers_by_verdict_where_they_differ() -> None:
    """A question whose layers are alike needs its verdict alone."""
    mixed = StripRow("q", "Is it so?", "h", "inconclusive", (("conv1", "supported"), ("conv2", "inconclusive")))
    assert picture_words([mixed]) == "Is it so: inconclusive (supported in conv1; inconclusive in conv2)."
    assert picture_words([mixed], layers=False) == "Is it so: inconclusive."
