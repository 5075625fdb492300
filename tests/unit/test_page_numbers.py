"""The numbers of a page against the same page made again: folds are opened, pixels left aside, the last digit tolerated."""

from __future__ import annotations

import json

import pytest

from study.report.folds import packed
from study.report.numbers import page_differences, readable

FOLD = "<article id='x'></article><p id=\"deep\">n = 24, 0.512 [0.401, 0.623]</p>"
PIXELS = "data:image/png;base64,AAAA"


def page(visible: str = "1.25 of 3 layers", folded: str = FOLD, pixels: str = PIXELS) -> str:
    """Return a small page with a fold in a fold, pixels, a style and a program."""
    inner = f'<p>see</p><script type="application/gzip">{packed(folded)}</script>'
    outer = f'<script type="application/gzip">{packed(inner)}</script>'
    return (
        f'<style>p {{ margin: 1.5em }}</style><h2 id="first">{visible}</h2><img src="{pixels}">{outer}'
        "<script>var n = 7;</script>"
    )


def test_the_same_page_has_no_differences() -> None:
    """Every number is counted, those in folds as well, those of style and program not."""
    differences = page_differences(page(), page())
    assert differences.lines == ()
    assert differences.compared == 6


@pytest.mark.parametrize(
    ("changed", "place", "told"),
    [
        ({"visible": "1.35 of 3 layers"}, "first", "1.35 of 3 layers"),
        ({"visible": "1.25 of 4 layers"}, "first", "1.25 of 4 layers"),
        ({"visible": "1.25 of 3 layers, or so"}, "first", "or so"),
        ({"visible": "-1.25 of 3 layers"}, "first", "-1.25"),
        ({"folded": FOLD.replace("0.512", "0.612")}, "deep", "0.612"),
        ({"folded": FOLD.replace("24", "25")}, "deep", "n = 25"),
        ({"folded": f"{FOLD}<p>one line more</p>"}, "deep", "one line more"),
    ],
)
def test_what_differs_is_named_with_its_place(changed: dict[str, str], place: str, told: str) -> None:
    """In visible text and in a fold within a fold: a number, a count, a sign, a word, a line."""
    (line,) = page_differences(page(**changed), page()).lines
    assert line.startswith(f"{place}: ")
    assert told in line


@pytest.mark.parametrize(
    "changed",
    [
        {"visible": "1.26 of 3 layers"},
        {"folded": FOLD.replace("0.401", "0.402")},
        {"pixels": PIXELS.replace("AAAA", "AAAB")},
    ],
)
def test_the_last_digit_and_pixels_may_differ(changed: dict[str, str]) -> None:
    """Values that differ in their last bits may be rounded to neighbours; pictures are not compared."""
    assert page_differences(page(**changed), page()).lines == ()


@pytest.mark.parametrize(("cell", "same"), [("0.383597", True), ("0.383599", False), ("0.383596", True)])
def test_tables_that_a_script_puts_in_place_have_the_same_tolerance(cell: str, same: bool) -> None:
    """They lie in the page as text for a script, in which a number follows an escaped bracket: it is a number all the same."""
    pages = []
    for value in ("0.383596", cell):
        table = json.dumps(f"<table><td>{value}</td></table>").replace("<", "\\u003c").replace(">", "\\u003e")
        inner = f'<section id="deep"></section><script type="application/json">{table}</script>'
        pages.append(f'<script type="application/gzip">{packed(inner)}</script>')
    differences = page_differences(*pages)
    assert differences.compared == 1 and (not differences.lines) == same
    assert all(line.startswith("deep: '0.383596' is, recomputed, '0.383599'") for line in differences.lines)


def test_scientific_numbers_have_the_tolerance_of_their_last_digit() -> None:
    """One unit of the last digit of the mantissa, whatever the exponent."""
    assert page_differences("<p>p 1.2e-5</p>", "<p>p 1.3e-5</p>").lines == ()
    assert len(page_differences("<p>p 1.2e-5</p>", "<p>p 1.4e-5</p>").lines) == 1


def test_style_program_and_library_are_no_numbers() -> None:
    """They are left out of what is compared."""
    text = readable(f'{page()}<script type="application/gzip" id="chart-library">{packed("n = 1")}</script>')
    assert "margin" not in text
    assert "var n" not in text
    assert "n = 1" not in text
    assert "0.512" in text
