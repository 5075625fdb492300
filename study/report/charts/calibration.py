"""Error rates and power of the registered tests, from simulated studies."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, by_shape, intervals, numbers, upright_intervals
from study.report.charts.panels import PANEL_HEIGHT, panels
from study.report.charts.theme import INK, in_order

_PANEL_WIDTH = 270  # a heading holds a whole id
_SHARES = ("share", "ci_low", "ci_high")


def type_one_errors(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw how often each analysis finds what is not there, a row a hypothesis; ceilings as ticks.

    Parameters
    ----------
    table
        Columns `hypothesis`, `analysis`, `share`, `ci_low`, `ci_high`, `alpha`, at which a dashed rule stands, and
        `ceiling`, 1 where nothing is promised.
    """
    hypotheses, analyses = in_order(table, "hypothesis"), in_order(table, "analysis")
    colour = by_colour("analysis", analyses)
    base = alt.Chart(table).encode(
        alt.Y("hypothesis:N", sort=hypotheses, title=None, axis=alt.Axis(labelLimit=280)),
        alt.YOffset("analysis:N", sort=analyses, scale=alt.Scale(domain=analyses, paddingOuter=0.6)),
        tooltip=["hypothesis:N", "analysis:N", *numbers(*_SHARES, form=".3f")],
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        alt.X(
            "share:Q",
            title="share of studies that find what is not there (square-root scale)",
            scale=alt.Scale(type="sqrt", domain=[0, 1]),
            axis=alt.Axis(values=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 1], format=".2~f"),
        ),
        color=colour,
        shape=by_shape("analysis", analyses),
    )
    rules = intervals(base.encode(color=colour), table, alt.X, stroke_width=1.5)
    alphas = table[["alpha"]].drop_duplicates()
    rule = alt.Chart(alphas).mark_rule(color=INK, opacity=0.6, strokeDash=[5, 4]).encode(alt.X("alpha:Q"))
    promised = "datum.ceiling < 1 && datum.ceiling != datum.alpha"
    ceilings = (
        base.transform_filter(promised).mark_tick(thickness=2, height=12).encode(alt.X("ceiling:Q"), color=colour)
    )
    return alt.layer(rule, *rules, ceilings, points).properties(width=520, height=26 * len(hypotheses))


def power_curves(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw power against the number of networks, a panel a hypothesis.

    Parameters
    ----------
    table
        Columns `hypothesis`, `networks`, `kind` of power, `share`, `ci_low`, `ci_high`, and `minimum`, the registered
        fewest networks, where a dashed rule stands.
    """
    kinds = in_order(table, "kind")
    base = alt.Chart(table).encode(
        alt.X(
            "networks:Q",
            title="networks",
            scale=alt.Scale(type="log", nice=False, padding=8),
            axis=alt.Axis(tickCount=4),
        ),
        alt.Y("share:Q", title="share of studies", scale=alt.Scale(domain=[0, 1])),
        by_colour("kind", kinds),
        tooltip=["networks:Q", "kind:N", *numbers(*_SHARES, form=".2f")],
    )
    points = base.mark_point(filled=True, size=45, opacity=1).encode(by_shape("kind", kinds))
    rule = (
        alt.Chart(table)
        .transform_filter(f"datum.kind === '{kinds[0]}'")
        .mark_rule(color=INK, opacity=0.4, strokeDash=[5, 4])
        .encode(alt.X("minimum:Q"))
    )
    layers = [rule, *upright_intervals(base, table, stroke_width=1), base.mark_line(strokeWidth=1.5), points]
    panel = alt.layer(*layers, data=table).properties(width=_PANEL_WIDTH, height=PANEL_HEIGHT)
    return panels(panel, table, "hypothesis", columns=3)
