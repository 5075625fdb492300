"""How single units and whole layers answer to orientation."""

from __future__ import annotations

import altair as alt
import pandas as pd

from study.report.charts.marks import by_colour, numbers
from study.report.charts.panels import PANEL_HEIGHT, PANEL_WIDTH, panels
from study.report.charts.theme import GREY, INK, ROSE, TEAL, in_order

SELECTIVE = 0.33  # the published bound above which a unit counts as orientation selective


def tuning_curves(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw example units' responses against orientation, one panel a unit.

    Parameters
    ----------
    table
        Columns `layer`, `unit` (its name), `orientation` (degree, 0 to 165), `response` (activation), `gosi`.

    Returns
    -------
    alt.TopLevelMixin
        Panels in order of appearance, each with its own response axis from zero.

    Source: Fig. 1 of the paper.
    """
    labelled = table.assign(
        panel=[_unit_title(unit, gosi) for unit, gosi in zip(table["unit"], table["gosi"], strict=True)]
    )
    curve = alt.Chart().encode(
        alt.X(
            "orientation:Q",
            title="orientation (degrees)",
            scale=alt.Scale(domain=[0, 180]),
            axis=alt.Axis(values=[0, 45, 90, 135, 180]),
        ),
        alt.Y("response:Q", title="response", scale=alt.Scale(zero=True, nice=3), axis=alt.Axis(tickCount=3)),
        tooltip=["unit:N", "orientation:Q", *numbers("response", form=".3g"), *numbers("gosi", form=".2f")],
    )
    layers = alt.layer(
        curve.mark_line(color=TEAL, strokeWidth=2),
        curve.mark_point(color=TEAL, filled=True, size=28, opacity=1),
        data=labelled,
    ).properties(width=PANEL_WIDTH, height=100)
    return panels(layers, labelled, "panel", free_scale="y")


def _unit_title(unit: str, gosi: float) -> str:
    return f"{unit}, gOSI {'undefined' if pd.isna(gosi) else f'{gosi:.2f}'}"


def gosi_histogram(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the distribution of gOSI in each layer, measured (filled) against shuffled (outline).

    Parameters
    ----------
    table
        Columns `layer`, `bin_start`, `bin_end` (gOSI), `measured`, `shuffled` (share of the layer's units in the bin); and
        `untrained`, the measured share before training, where that is known.

    Returns
    -------
    alt.TopLevelMixin
        One panel a layer, with a rule at the bound of selectivity.

    Source: Fig. 2 and Fig. A8 of the paper.
    """
    outlines = {name: colour for name, colour in (("shuffled", ROSE), ("untrained", GREY)) if name in table}
    colour = by_colour("kind", ["measured", *outlines], [TEAL, *outlines.values()])
    outline = pd.concat([table, _closing_steps(table)], ignore_index=True).assign(bound=SELECTIVE)
    share = alt.Axis(format="%", tickCount=4)
    base = alt.Chart()
    bars = (
        base.transform_filter("isValid(datum.measured)")
        .transform_calculate(kind="'measured'")
        .mark_bar(opacity=0.55, binSpacing=0)
        .encode(
            alt.X(
                "bin_start:Q",
                title="gOSI",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], labelExpr="format(datum.value, '~g')"),
            ),
            alt.X2("bin_end:Q"),
            alt.Y("measured:Q", title="share of units", axis=share),
            y2=alt.datum(0),
            color=colour,
            tooltip=[
                "layer:N",
                *numbers("bin_start", "bin_end", form=".2f"),
                *numbers("measured", *outlines, form=".1%"),
            ],
        )
    )
    steps = [
        base.transform_calculate(kind=f"'{name}'")
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(alt.X("bin_start:Q"), alt.Y(f"{name}:Q"), color=colour)
        for name in outlines
    ]
    bound = base.mark_rule(color=INK, strokeDash=[3, 3], opacity=0.7).encode(alt.X("min(bound):Q"))
    layers = alt.layer(bars, *steps, bound, data=outline).properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
    return panels(layers, table, "layer")


def _closing_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a layer that closes the outline at the last bin's end; a step mark would stop at its start."""
    last = table.sort_values("bin_end", kind="stable").drop_duplicates("layer", keep="last")
    return last.assign(bin_start=last["bin_end"], measured=float("nan"))


def range_histogram(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw, per layer, how far a unit's preferred orientation moves over spatial frequency.

    Parameters
    ----------
    table
        Columns `layer`, `range` (degree), `share` (of the group's units), `group`.

    Returns
    -------
    alt.TopLevelMixin
        One panel a layer, the groups side by side.

    Source: Fig. A2 of the paper.
    """
    groups = in_order(table, "group")
    bars = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            alt.X(
                "range:O",
                title="range (degrees)",
                axis=alt.Axis(labelExpr="datum.value % 45 == 0 ? format(datum.value, 'd') : ''", labelOverlap=False),
            ),
            alt.XOffset("group:N", sort=groups),
            alt.Y("share:Q", title="share of units", axis=alt.Axis(format="%", tickCount=4)),
            color=by_colour("group", groups, [TEAL, ROSE]),
            tooltip=["layer:N", "group:N", "range:Q", *numbers("share", form=".1%")],
        )
        .properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
    )
    return panels(bars, table, "layer")


def layer_means(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw each network's layer-mean gOSI before and after training, paired, with the mean over networks.

    Parameters
    ----------
    table
        Columns `layer`, `network`, `state` (in the order to draw them), `gosi` (mean over the layer's units), `kind`
        ("network" for one network's, "mean" for the mean over networks); and `quantity`, what `gosi` holds where it is
        not the mean gOSI itself.

    Returns
    -------
    alt.TopLevelMixin
        One panel a layer; thin lines are networks, the thick one their mean.

    Source: section A.3 of the paper, which compares histograms only.
    """
    states, quantity = in_order(table, "state"), in_order(table, "quantity")[0] if "quantity" in table else "mean gOSI"
    base = alt.Chart().encode(
        alt.X("state:N", sort=states, title=None, scale=alt.Scale(padding=0.35), axis=alt.Axis(labelAngle=0))
    )
    networks = (
        base.transform_filter("datum.kind == 'network'")
        .mark_line(color=GREY, opacity=0.5, strokeWidth=1, point=alt.OverlayMarkDef(size=14, color=GREY))
        .encode(
            alt.Y("gosi:Q", title=quantity, axis=alt.Axis(tickCount=4)),
            detail="network:N",
            tooltip=["layer:N", "network:N", "state:N", *numbers("gosi", form=".3f")],
        )
    )
    mean = (
        base.transform_filter("datum.kind == 'mean'")
        .mark_line(color=TEAL, strokeWidth=3, point=alt.OverlayMarkDef(size=70, color=TEAL, opacity=1))
        .encode(
            alt.Y("gosi:Q"),
            tooltip=["layer:N", "state:N", alt.Tooltip("gosi:Q", format=".3f", title="mean over networks")],
        )
    )
    lines = alt.layer(networks, mean, data=table).properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
    return panels(lines, table, "layer")
