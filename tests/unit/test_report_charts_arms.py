"""The charts of networks probed through training and of networks that learnt corrupted labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.report.charts import charts
from study.report.drawing import figure_drawing

LAYERS = ("conv1", "conv2", "fc1")
EPOCHS = 6
RATES = (0.0, 0.4, 1.0)
FITS, DOES_NOT_FIT = "fits its labels", "does not fit its labels (left out)"
NAN = float("nan")
MODULES = ("maturation", "memorization")


def _losses() -> pd.DataFrame:
    rows = [
        (kind, epoch, 2 / epoch + shift, 1.9 / epoch + shift, 2.2 / epoch + shift)
        for kind, shift in (("training", 0.1), ("validation", 0.3))
        for epoch in range(1, EPOCHS + 1)
    ]
    return pd.DataFrame(rows, columns=["kind", "epoch", "loss", "low", "high"])


def _curves() -> pd.DataFrame:
    rows = [(layer, epoch, 0.1 * epoch, 0.09 * epoch, 0.12 * epoch) for layer in LAYERS for epoch in range(EPOCHS + 1)]
    return pd.DataFrame(rows, columns=["layer", "epoch", "gosi", "low", "high"])


def _points() -> pd.DataFrame:
    rows = [
        (layer, f"seed {seed}", epoch, 0.1 * epoch + 0.01 * seed, 2.0 / epoch)
        for layer in LAYERS
        for seed in range(2)
        for epoch in range(1, EPOCHS + 1)
    ]
    return pd.DataFrame(rows, columns=["layer", "network", "epoch", "gosi", "validation_loss"])


def _correlations() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [
        (layer, f"n{i}", -0.9 + 0.1 * i, "network", NAN, NAN) for layer in LAYERS for i in range(5)
    ]
    rows += [(layer, "mean", -0.7, "mean", -0.85, -0.55) for layer in LAYERS]
    return pd.DataFrame(rows, columns=["layer", "network", "rho", "kind", "ci_low", "ci_high"])


def _single_networks() -> pd.DataFrame:
    rows = [(layer, kind, 3, 8, 3 / 8, 0.2, 50, 4.5) for layer in LAYERS for kind in ("naive", "circular shift")]
    columns = ["layer", "kind", "below", "networks", "share", "median_pvalue", "epochs", "effective_epochs"]
    return pd.DataFrame(rows, columns=columns)


def _corruption() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for layer in LAYERS:
        for rate in RATES:
            fits = FITS if rate < 1 else DOES_NOT_FIT
            rows += [
                (layer, rate, f"n{rate}-{i}", 0.6 - 0.2 * rate + 0.01 * i, fits, "network", NAN, NAN) for i in (0, 1)
            ]
            mean = 0.6 - 0.2 * rate if rate < 1 else NAN
            rows.append((layer, rate, "mean", mean, FITS, "mean", mean - 0.02, mean + 0.02))
    columns = ["layer", "label_corruption", "network", "gosi", "fits", "kind", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _accuracy() -> pd.DataFrame:
    rows = [
        (scores, rate, "mean" if kind == "mean" else f"n{rate}", top - slope * rate, kind)
        for scores, top, slope in (("training images", 1.0, 0.1), ("test images", 0.7, 0.6))
        for kind in ("network", "mean")
        for rate in RATES
    ]
    return pd.DataFrame(rows, columns=["scores", "label_corruption", "network", "accuracy", "kind"]).assign(bound=0.95)


TABLES = {
    "maturation_loss": _losses(),
    "maturation_gosi": _curves(),
    "maturation_points": _points(),
    "maturation_correlations": _correlations(),
    "maturation_single_networks": _single_networks(),
    "corruption_gosi": _corruption(),
    "corruption_excess": _corruption(),
    "corruption_accuracy": _accuracy(),
}


def specified(name: str, table: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return a chart's specification."""
    return charts()[Chart(name)](TABLES[name] if table is None else table).to_dict()


def static(name: str, table: pd.DataFrame) -> str:
    """Return a chart's drawing as text, or nothing where there is none."""
    drawing = figure_drawing(
        Figure(
            id="f",
            chart=Chart(name),
            title="Title",
            shows="Shown.",
            supports="For.",
            contradicts="Against.",
            table=table,
        ),
        "f1-1",
    )
    return "" if drawing is None else drawing.svg


def layers_of(specification: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers of a chart or of its panels."""
    return list(specification.get("spec", specification)["layer"])


def legend(specification: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the words and colours of the first layer that has a scale of colours."""
    encodings = [layer.get("encoding", {}).get("color", {}) for layer in layers_of(specification)]
    scale = next(one["scale"] for one in encodings if "scale" in one)
    return scale["domain"], scale["range"]


def test_every_chart_of_the_arms_is_drawn_here() -> None:
    """A chart nobody draws is not tested."""
    assert {name for name, chart in charts().items() if chart.__module__.rpartition(".")[2] in MODULES} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_chart_leaves_its_table_alone_and_is_the_same_every_time(name: str) -> None:
    """Drawing changes no table and depends on nothing but the table."""
    before = TABLES[name].copy(deep=True)
    assert json.dumps(specified(name), allow_nan=False) == json.dumps(specified(name), allow_nan=False)
    pd.testing.assert_frame_equal(TABLES[name], before)


@pytest.mark.parametrize("name", TABLES)
def test_drawings_hold_marks_and_words_with_units(name: str) -> None:
    """The static drawing has something on it, and says what its axes are."""
    svg = static(name, TABLES[name])
    titles = {
        "maturation_loss": ("loss (nat)", "epoch"),
        "maturation_gosi": ("mean gOSI", "epoch"),
        "maturation_points": ("mean gOSI", "validation loss (nat)"),
        "maturation_correlations": ("rank correlation with validation loss",),
        "maturation_single_networks": ("networks with p at most .05",),
        "corruption_gosi": ("mean gOSI", "labels corrupted"),
        "corruption_excess": ("gOSI minus shuffled",),
        "corruption_accuracy": ("accuracy", "labels corrupted"),
    }
    for title in titles[name]:
        assert f">{title}</text>" in svg
    assert "NaN" not in svg and "Infinity" not in svg


@pytest.mark.parametrize("name", TABLES)
def test_table_without_values_or_rows_does_not_break_its_chart(name: str) -> None:
    """Undefined values leave gaps; a table without rows is not drawn."""
    undefined = TABLES[name].copy()
    undefined[[column for column in undefined.columns if undefined[column].dtype.kind == "f"]] = np.nan
    assert static(name, undefined).startswith("<svg")
    assert static(name, TABLES[name].iloc[:0]) == ""


@pytest.mark.parametrize("name", ["maturation_gosi", "maturation_points", "corruption_gosi", "corruption_excess"])
def test_panels_keep_the_order_of_layers(name: str) -> None:
    """Layers stand as given, not by the alphabet."""
    backwards = TABLES[name].iloc[::-1]
    assert specified(name)["facet"]["sort"] == list(LAYERS)
    assert specified(name, backwards)["facet"]["sort"] == list(LAYERS[::-1])


def test_networks_that_do_not_fit_look_different_whatever_the_order_of_rows() -> None:
    """Networks that fit have the first colour and shape, as the means' rows say which word is theirs."""
    for table in (TABLES["corruption_gosi"], TABLES["corruption_gosi"].iloc[::-1]):
        words, colours = legend(specified("corruption_gosi", table))
        assert words == [FITS, DOES_NOT_FIT]
        assert len(set(colours)) == 2
    points = layers_of(specified("corruption_gosi"))[0]
    assert len(set(points["encoding"]["shape"]["scale"]["range"])) == 2


def test_intervals_are_drawn_only_where_there_are_any() -> None:
    """One network a rate or a layer has none; an empty scale would make the browser complain."""
    for name in ("corruption_gosi", "maturation_correlations"):
        without = TABLES[name].assign(ci_low=NAN, ci_high=NAN)
        assert len(layers_of(specified(name, without))) == len(layers_of(specified(name))) - 1


def test_a_line_through_means_is_drawn_only_where_there_is_one() -> None:
    """Where no network fits its labels there is none; a line through nothing would make the browser complain."""
    table = TABLES["corruption_gosi"]
    without = table.assign(gosi=table["gosi"].where(table["kind"] == "network"), ci_low=NAN, ci_high=NAN)
    assert "line" in [layer["mark"]["type"] for layer in layers_of(specified("corruption_gosi"))]
    assert [layer["mark"]["type"] for layer in layers_of(specified("corruption_gosi", without))] == ["point"]


def test_accuracies_stand_beside_their_bound() -> None:
    """The rule is where the table says, and both axes show the whole range."""
    specification = specified("corruption_accuracy")
    bound, line, _ = layers_of(specification)
    assert bound["encoding"]["y"]["field"] == "bound"
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert line["encoding"]["x"]["scale"]["domain"] == [0, 1]


def test_points_of_one_layer_do_not_hide_each_other() -> None:
    """Networks of a layer stand side by side, symmetric about its middle; correlations have the whole axis."""
    specification = specified("maturation_correlations")
    networks = next(layer for layer in layers_of(specification) if layer["mark"]["type"] == "point")
    rows = pd.DataFrame(specification["datasets"][networks["data"]["name"]])
    spread = rows[rows["layer"] == "conv2"]["spread"]
    assert spread.nunique() == 5
    assert spread.mean() == pytest.approx(0)
    assert spread.abs().max() < 0.5
    assert networks["encoding"]["y"]["scale"]["domain"] == [-1, 1]


def test_hostile_names_are_escaped() -> None:
    """Text of a table is text in the drawing."""
    hostile = TABLES["maturation_points"].assign(network="</script><img src=x onerror='y'>")
    svg = static("maturation_points", hostile)
    assert "<img" not in svg and "<script" not in svg
