"""Charts of the calibration: drawn, ordered as given, and with the rules that they are read by."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.report.charts import charts

LEVELS = pd.DataFrame(
    [
        ("b-claim", "as assumed", 0.04, 0.03, 0.05, 0.05, 0.05),
        ("b-claim", "worst case", 0.09, 0.08, 0.1, 0.05, 0.12),
        ("b-claim", "as published", 0.9, 0.8, 1.0, 0.05, 0.05),
        ("a-claim", "as assumed", 0.0, 0.0, 0.01, 0.05, 0.05),
    ],
    columns=["hypothesis", "analysis", "share", "ci_low", "ci_high", "alpha", "ceiling"],
)
POWER = pd.DataFrame(
    [
        (name, networks, kind, share, share - 0.1, share + 0.1, 8)
        for name in ("b-claim", "a-claim")
        for kind, share in (("adjusted p at most alpha", 0.6), ("the whole rule says supported", 0.3))
        for networks in (8, 80)
    ],
    columns=["hypothesis", "networks", "kind", "share", "ci_low", "ci_high", "minimum"],
)


@pytest.mark.parametrize(("name", "table"), [("type_one_errors", LEVELS), ("power_curves", POWER)])
def test_chart_is_valid_and_leaves_its_table_alone(name: str, table: pd.DataFrame) -> None:
    """The same specification every time, with nothing that is not JSON."""
    before = table.copy(deep=True)
    first, second = (
        json.dumps(charts()[Chart(name)](table).to_dict(), allow_nan=False, sort_keys=True) for _ in range(2)
    )
    pd.testing.assert_frame_equal(table, before)
    assert first == second


def test_hypotheses_keep_their_order_and_alpha_stands_as_a_rule() -> None:
    """As registered, not by the alphabet."""
    chart = charts()[Chart.TYPE_ONE_ERRORS](LEVELS).to_dict()
    rule, _, ceilings, points = chart["layer"]
    assert ceilings["encoding"]["x"]["field"] == "ceiling"
    assert points["encoding"]["y"]["sort"] == ["b-claim", "a-claim"]
    assert rule["encoding"]["x"]["field"] == "alpha"


def test_power_has_a_panel_a_hypothesis_and_a_rule_at_the_minimum() -> None:
    """In the registration's order; one rule a panel."""
    chart = charts()[Chart.POWER_CURVES](POWER).to_dict()
    assert chart["facet"]["sort"] == ["b-claim", "a-claim"]
    rule = chart["spec"]["layer"][0]
    assert rule["encoding"]["x"]["field"] == "minimum"
