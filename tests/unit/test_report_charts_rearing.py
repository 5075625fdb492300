"""The charts of the rearing arm, drawn from what its question tells of networks by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from study.analysis.core.charts import Chart
from study.report.charts import charts
from tests.example_rearing import reared_study
from tests.example_study import analysed


def table_of(chart: Chart, *, lost: tuple[tuple[str, int], ...] = ()) -> pd.DataFrame:
    """Return the table of the first figure of a form."""
    (question,) = analysed(reared_study(seeds=4, lost=lost), "necessity-test-loss")
    return next(figure.table for figure in question.figures if figure.chart == chart)


@pytest.mark.parametrize("chart", [Chart.REARED_SCORES, Chart.REARED_CHECKS])
@pytest.mark.parametrize("lost", [(), (("isotropic", 1),)])
def test_a_chart_is_valid_with_and_without_a_lost_network(chart: Chart, lost: tuple[tuple[str, int], ...]) -> None:
    """Whatever is drawn is plain JSON, and the table stays what it was."""
    table = table_of(chart, lost=lost)
    before = table.copy()
    drawn = json.dumps(charts()[chart](table).to_dict(), allow_nan=False)
    assert "isotropic" in drawn
    pd.testing.assert_frame_equal(table, before)
