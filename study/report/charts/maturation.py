"""Loss and selectivity in the course of training."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, close_axis, networks_and_means, numbers, side_by_side
from study.report.charts.panels import PANEL_HEIGHT, PANEL_WIDTH, panels, scatter_panels
from study.report.charts.theme import INK, ROSE, TEAL, in_order

_LEVEL = 0.05  # the share of small p-values that a test which keeps its level gives without any effect


def maturation_loss(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw training and validation loss against epoch, mean over networks in a band of all networks.

    Parameters
    ----------
    table
        Columns `kind` ("training" or "validation"), `epoch` (from 1), `loss` (mean over networks), `low`, `high` (lowest
        and highest network; all in nat).

    Returns
    -------
    alt.TopLevelMixin
        A line and a band for each kind; the loss axis does not start at zero.

    Source: Fig. 3a of the paper, top.
    """
    kinds = in_order(table, "kind")
    stroke = alt.Legend(symbolOpacity=1, symbolType="stroke")
    base = alt.Chart(table).encode(
        alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
        color=by_colour("kind", kinds, [ROSE, TEAL], title="loss", legend=stroke),
        tooltip=["kind:N", "epoch:Q", *numbers("loss", "low", "high", form=".3f")],
    )
    loss = alt.Y("loss:Q", title="loss (nat)", scale=alt.Scale(zero=False))
    band = base.mark_area(opacity=0.22).encode(alt.Y("low:Q", title="loss (nat)"), alt.Y2("high:Q"))
    line = base.mark_line(strokeWidth=2).encode(loss, strokeDash=alt.StrokeDash("kind:N", sort=kinds, legend=None))
    return alt.layer(band, line).properties(width=640, height=PANEL_HEIGHT * 1.6)


def maturation_gosi(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw layer-mean gOSI against epoch, mean over networks in a band of all networks, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `epoch` (0 is before training), `gosi` (mean over networks of the layer's mean), `low`, `high`
        (lowest and highest network; NaN where undefined).

    Returns
    -------
    alt.TopLevelMixin
        Panels with the same axis of gOSI, which starts at zero.

    Source: Fig. 3a of the paper, bottom.
    """
    base = alt.Chart().encode(
        alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickCount=4, tickMinStep=1)),
        tooltip=["layer:N", "epoch:Q", *numbers("gosi", "low", "high", form=".3f")],
    )
    title = "mean gOSI"
    band = base.mark_area(color=TEAL, opacity=0.22).encode(alt.Y("low:Q", title=title), alt.Y2("high:Q"))
    line = base.mark_line(color=TEAL, strokeWidth=2).encode(alt.Y("gosi:Q", title=title, axis=alt.Axis(tickCount=4)))
    layers = alt.layer(band, line, data=table).properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
    return panels(layers, table, "layer")


def maturation_points(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw layer-mean gOSI against validation loss, a point an epoch, one panel a layer.

    Parameters
    ----------
    table
        Columns `layer`, `network` (its name), `epoch`, `gosi` (mean over the layer's units), `validation_loss` (nat).

    Returns
    -------
    alt.TopLevelMixin
        The network is colour and shape; axes do not start at zero, and each panel has its own range of gOSI.

    Source: Fig. 3b of the paper.
    """
    return scatter_panels(
        table,
        close_axis(alt.X, "validation_loss", "validation loss (nat)"),
        close_axis(alt.Y, "gosi", "mean gOSI"),
        "network",
        size=30,
        opacity=0.75,
        tooltip=["layer:N", "network:N", "epoch:Q", *numbers("gosi", "validation_loss", form=".3f")],
        free_scale="y",
    )


def maturation_correlations(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each network's rank correlation of gOSI and validation loss over epochs, and their mean, layer by layer.

    Parameters
    ----------
    table
        Columns `layer`, `network`, `rho` (-1 to 1), `kind` ("network" for one network's point, "mean" for the mean over
        networks), `ci_low`, `ci_high` (finite on "mean" rows, otherwise NaN).

    Returns
    -------
    alt.TopLevelMixin
        Points spread sideways by rank so that none hides another; the mean as a bar with its interval.

    Source: Fig. 3c of the paper, which has one network.
    """
    value = alt.Y("rho:Q", title="rank correlation with validation loss", scale=alt.Scale(domain=[-1, 1]))
    return networks_and_means(table, value, "rho", form=".3f", width=720, height=260)


def maturation_single_networks(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the share of networks whose p-value is at most .05, per layer and kind of p-value.

    Parameters
    ----------
    table
        Columns `layer`, `kind`, `share` (of the networks with a correlation; NaN where there is none), `below` and
        `networks` (their numbers), `median_pvalue`, `effective_epochs` (median over networks).

    Returns
    -------
    alt.TopLevelMixin
        Paired bars; a dashed rule at the share that a test which keeps its level gives without any effect.
    """
    share = alt.Y(
        "share:Q",
        title="networks with p at most .05",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5),
    )
    bars = side_by_side(
        alt.Chart(table),
        table,
        "kind",
        share,
        by_colour("kind", in_order(table, "kind"), [ROSE, TEAL]),
        tooltip=[
            *("layer:N", "kind:N", "below:Q", "networks:Q"),
            *numbers("median_pvalue", form=".2g"),
            *numbers("effective_epochs", form=".1f"),
        ],
    )
    level = alt.Chart(table.iloc[:1]).mark_rule(color=INK, strokeDash=[5, 4], opacity=0.7).encode(y=alt.datum(_LEVEL))
    return alt.layer(*bars, level).properties(width=720, height=PANEL_HEIGHT * 1.6)
