"""The specification curve: every specification is drawn, the registered one marked, undefined values leave gaps."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.analysis.core.charts import SPECIFICATION_COLUMNS, Chart
from study.analysis.multiverse import multiverses
from study.analysis.multiverse.specification import in_words
from study.report.charts import charts
from study.report.charts.theme import VERDICT_COLOURS
from study.report.drawing import figure_drawing
from tests.example_multiverse import curve_figure, curve_table

NOT_A_PLACE = re.compile(r'(?:\bd|transform|[xy][12]?|width|height)="[^"]*(?:NaN|Infinity)')
draw = charts()[Chart.SPECIFICATION_CURVE]


def svg(table: pd.DataFrame) -> str:
    """Return the static drawing of a table."""
    drawing = figure_drawing(dataclasses.replace(curve_figure(), table=table), "a")
    assert drawing is not None
    return drawing.svg


@pytest.fixture(scope="module")
def drawn() -> str:
    """Return the static drawing of the made-up curve."""
    return svg(curve_table())


def values_of(specification: Any, key: str) -> list[Any]:
    """Return every value of a key anywhere in a specification, its data left out."""
    if isinstance(specification, list):
        return [value for one in specification for value in values_of(one, key)]
    if not isinstance(specification, dict):
        return []
    inner = [value for name, one in specification.items() if name != "datasets" for value in values_of(one, key)]
    return [specification[key], *inner] if key in specification else inner


def test_chart_is_pure_and_small() -> None:
    """The table stays as it was, the same table gives the same chart, and no data stand in it twice."""
    table = curve_table()
    before = table.copy(deep=True)
    first, second = (draw(table).to_dict() for _ in range(2))
    pd.testing.assert_frame_equal(table, before)
    assert json.dumps(first) == json.dumps(second)
    assert sum(len(rows) for rows in first["datasets"].values()) == len(table)


def test_no_choice_is_called_what_a_result_is() -> None:
    """Factors are the columns that describe no result, so that their names may not meet; chart and analysis agree."""
    assert list(curve_table().columns[: len(SPECIFICATION_COLUMNS)]) == list(SPECIFICATION_COLUMNS)
    for multiverse in multiverses().values():
        assert not set(SPECIFICATION_COLUMNS) & {in_words(factor) for factor in multiverse.factors}
    assert values_of(draw(curve_table()).to_dict(validate=False), "fold")[0] == ["summary", "control"]


def test_layers_stand_side_by_side_and_levels_below(drawn: str) -> None:
    """Every layer once, levels of every factor that varies in the order of their first use; one that does not is left out."""
    for layer in ("conv1", "conv2", "conv3", "conv4", "fc1"):
        assert drawn.count(f">{layer}<") == 1
    rows = [
        "summary: mean gOSI",
        "summary: share above 0.33",
        "summary: share above 0.5",
        "control: none",
        "control: own shuffle",
    ]
    for row in rows:
        assert drawn.count(f">{row}<") == 2  # once in each row of panels
    assert "gratings:" not in drawn
    domains = [domain for domain in values_of(draw(curve_table()).to_dict(), "domain") if isinstance(domain, list)]
    assert rows in domains


def test_verdicts_are_colours_and_shapes(drawn: str) -> None:
    """Those that occur, in one legend."""
    for verdict in ("supported", "opposite", "inconclusive", "not tested"):
        assert drawn.count(f">{verdict}<") == 1
        assert VERDICT_COLOURS[verdict] in drawn


def test_the_registered_specification_is_marked() -> None:
    """A ring and a line in each panel above, a line in each below; none where none is registered."""
    table = curve_table(("conv2", "fc1"))
    dashed = svg(table).count('stroke-dasharray="3,2"')
    assert dashed == 2 * table["layer"].nunique()
    assert 'stroke-dasharray="3,2"' not in svg(table.assign(registered=False))


def test_undefined_values_leave_gaps() -> None:
    """Of a single specification, of a whole layer, and of everything."""
    table = curve_table(("conv2", "fc1"))
    numbers = ["effect", "ci_low", "ci_high", "estimate", "pvalue"]
    for rows in ([0], table.index[table["layer"] == "conv2"], table.index):
        gaps = table.copy()
        gaps.loc[rows, numbers] = np.nan
        assert not NOT_A_PLACE.search(svg(gaps))
    assert figure_drawing(dataclasses.replace(curve_figure(), table=table.iloc[:0]), "a") is None


def test_the_axis_is_shared_and_logarithmic_only_where_effects_are_large() -> None:
    """Rank correlations and small effects stand on a plain axis that holds 0, effects of hundreds on a symlog one."""
    table = curve_table(("conv2", "fc1"))
    assert "symlog" not in json.dumps(draw(table).to_dict())
    large = table.assign(effect=100 * table["effect"], ci_low=100 * table["ci_low"], ci_high=100 * table["ci_high"])
    specification = draw(large).to_dict()
    domains = [scale["domain"] for scale in values_of(specification, "scale") if scale.get("type") == "symlog"]
    assert len({tuple(domain) for domain in domains}) == 1
    assert domains[0][0] < 0 < domains[0][1]
    assert "rank correlation" in json.dumps(draw(table.assign(unit="rank correlation")).to_dict())


def test_a_single_layer_without_choices_is_drawn() -> None:
    """Two panels wide at most, and no matrix where no factor varies."""
    table = curve_table(("conv2",)).iloc[:1]
    assert "summary:" not in svg(table)
