"""The picture of one unit and the gallery of units: what is drawn, what the script is told, and how large both are."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from study.report.pictures import GALLERY_SCRIPT, hero, unit_gallery
from study.report.pictures.grating_images import LARGEST, picture_uri, sheet
from tests.example_results import HOSTILE, NAN
from tests.example_units import FREQUENCIES, ORIENTATIONS, gratings_of, unit_of, units_of_layers

MOST_BYTES = 60_000


def data_of(markup: str) -> Any:
    """Return the data that the script reads."""
    return json.loads(markup.split('<script type="application/json">')[1].split("</script>")[0])


def tags(markup: str) -> set[str]:
    """Return the names of all elements."""
    return set(re.findall(r"<([a-zA-Z]+)", markup))


def test_every_orientation_has_its_grating_on_both_sides_of_the_circle() -> None:
    """Drawn once and shown twice, the preferred one with a ring; small enough for a first screen."""
    picture = hero(units_of_layers("conv1", "conv2"), gratings_of(32), "hero")
    assert picture is not None
    for svg in (picture.wide, picture.narrow):
        assert len(svg) < MOST_BYTES
        assert svg.count("<image") == svg.count("<use") == len(ORIENTATIONS)
        assert svg.count('class="grating"') == 2 * len(ORIENTATIONS)
        assert len(re.findall(r'<circle r="[\d.]+" fill="none" stroke="currentColor" stroke-width="3"/>', svg)) == 2
        (curve,) = [one for one in ElementTree.fromstring(svg).iter() if one.get("class") == "curve"]
        assert (curve.get("d") or "").count("L") == 2 * len(ORIENTATIONS) - 1
    assert "responds most at 45.0 degrees" in picture.description
    names = [re.findall(r' id="([^"]+)"', svg) for svg in (picture.wide, picture.narrow)]
    assert len({*names[0], *names[1]}) == len(names[0]) + len(names[1])


def test_without_a_selective_unit_there_is_no_picture() -> None:
    """Nor of a unit that answers to nothing; without stored responses the band alone is missing."""
    units = units_of_layers("conv1")
    assert hero(dataclasses.replace(units, example=None), gratings_of(), "hero") is None
    silent = unit_of("conv1", 0, 0.5, curve=(0.0,) * len(ORIENTATIONS))
    assert hero(dataclasses.replace(units, example=silent), gratings_of(), "hero") is None
    without_band = dataclasses.replace(units, example=unit_of("conv1", 0, 0.5, band=(NAN, NAN)))
    picture = hero(without_band, gratings_of(), "hero")
    assert picture is not None and 'class="band"' not in picture.wide and 'class="curve"' in picture.wide


def test_a_picture_of_a_grating_is_small_and_like_it() -> None:
    """Sixteen greys: no pixel is off by more than half a step; large gratings are made smaller."""
    image = gratings_of(32).images[0, 0]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture_uri(image).partition(",")[2]))).convert("L"))
    assert np.abs(shown.astype(int) - image).max() <= 9
    uri, side = sheet(gratings_of(100))
    assert side == LARGEST
    assert Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).size == (
        LARGEST * len(ORIENTATIONS),
        LARGEST * len(FREQUENCIES),
    )


def test_the_gallery_begins_at_the_example_and_holds_every_unit() -> None:
    """Its controls are hidden until the script shows them; what it says is there without it."""
    units = units_of_layers("conv1", "conv2", most=5)
    markup = unit_gallery(units, gratings_of(), "gallery")
    data = data_of(markup)
    assert [layer["name"] for layer in data["layers"]] == ["conv1", "conv2"]
    assert all(len(layer["units"]) == 5 for layer in data["layers"])
    assert 'data-layer="1" data-unit="2"' in markup
    assert '<div class="controls" hidden>' in markup and markup.count('type="range"') == 2
    assert "Unit 2: gOSI 0.50, of its shuffled responses 0.12 on average (p &lt; 0.001)." in markup
    assert "9 of 32 units of conv2 are selective, 2 silent." in markup
    unit = data["layers"][0]["units"][0]
    assert max(unit["curve"] + unit["band"]) == 1000 and unit["grating"] == [3, 1]


def test_a_layer_without_a_responding_unit_is_left_out() -> None:
    """And a network without any has no gallery."""
    units = units_of_layers("conv1", "conv2")
    silent = dataclasses.replace(units.layers[1], units=(), silent=32, selective=0)
    some = dataclasses.replace(units, layers=(units.layers[0], silent), example=None)
    assert len(data_of(unit_gallery(some, gratings_of(), "gallery"))["layers"]) == 1
    assert unit_gallery(dataclasses.replace(units, layers=(silent,)), gratings_of(), "gallery") == ""


def test_undefined_numbers_are_no_json() -> None:
    """A unit whose shuffles are not known has no band and no interval, and the data can still be read."""
    unit = unit_of("conv1", 0, 0.5, null_mean=NAN, null_sd=NAN, pvalue=NAN, band=(NAN, NAN))
    units = units_of_layers("conv1")
    layer = dataclasses.replace(units.layers[0], units=(unit,))
    markup = unit_gallery(dataclasses.replace(units, layers=(layer,), example=unit), gratings_of(), "gallery")
    shown = data_of(markup)["layers"][0]["units"][0]
    assert shown["band"] == [] and shown["null"] == [None, None]
    assert "NaN" not in markup and "nan" not in markup.replace("nance", "")


@pytest.mark.parametrize("kernel", [True, False])
def test_the_kernel_is_shown_where_it_is_stored(kernel: bool) -> None:
    """A square a weight, in its colour; hidden elsewhere."""
    units = units_of_layers("conv1", kernel=kernel)
    markup = unit_gallery(units, gratings_of(), "gallery")
    assert ("<svg hidden" in markup) != kernel
    assert ('fill="#ff007f"' in markup) == kernel


def test_names_of_layers_are_text() -> None:
    """In the marks, in the data and in the script's words."""
    markup = unit_gallery(units_of_layers(HOSTILE, "conv2"), gratings_of(), "gallery")
    assert markup.count("<script") == 1 and markup.count("</script>") == 1
    assert "hostile = true</" not in markup.replace("&lt;/", "")
    assert tags(markup) <= {
        *("div", "p", "label", "input", "output", "script", "svg", "g", "path", "rect", "circle", "text", "image"),
    }
    assert "innerHTML" not in GALLERY_SCRIPT


def test_seven_layers_of_units_fit_into_a_page() -> None:
    """With the gratings of a study: less than a tenth of what a report may have."""
    markup = unit_gallery(units_of_layers(*(f"conv{place}" for place in range(7)), most=24), gratings_of(32), "gallery")
    assert len(markup) < 200_000 and markup.count("<") < 300
