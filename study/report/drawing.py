"""From a chart and its table to what the page embeds: a compact specification and a static drawing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

from study.analysis.core.results import Figure, HypothesisResult
from study.report.charts import charts
from study.report.charts.intervals import layer_intervals
from study.report.charts.theme import CONFIG, FONT
from study.report.hypothesis_words import margins
from study.vocabulary.text import showable

_DIGITS = 6  # significant digits kept in a drawing; the store keeps all of them
_GEOMETRY = re.compile(r'\b(?:d|transform|x1|x2|y1|y2)="[^"<>]*"')
_TAG = re.compile(r"<[a-z]+ [^<>]*>")
# What no picture shows: names for machines (the drawing has one label), what is so by default, and frames without ink.
_SILENT = re.compile(
    r' (?:aria-[a-z]+|role|class|pointer-events|font-family)="[^"]*"'
    r'| (?:opacity|stroke-width)="1"| font-weight="normal"| [xy]2="0"'
)
_UNSEEN = re.compile(r'<path class="(?:background|foreground)"(?: (?:aria-hidden|d|pointer-events|display)="[^"]*")*/>')
_LONG_FRACTION = re.compile(r"(\.\d\d)\d+")
_LOCAL_NAME = re.compile(r'((?:\bid="|url\(#|href="#))([^")]+)')


@dataclass(frozen=True)
class Drawing:
    """One chart as the page embeds it: `specification`, from which it is drawn when a reader opens it."""

    anchor: str
    description: str
    specification: dict[str, Any]

    @cached_property
    def svg(self) -> str:
        """Return the chart as a still drawing, for print and for readers without scripts."""
        svg = vl_convert.vegalite_to_svg(self.specification, vl_version=vegalite_version(), allowed_base_urls=[])
        # Every drawing numbers its clips from zero; in one page those names must not meet.
        return _compact(_LOCAL_NAME.sub(rf"\1{self.anchor}-\2", svg))


def vegalite_version() -> str:
    """Return the Vega-Lite version (major and minor) that Altair writes, so that both renderers read the same one."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def figure_drawing(figure: Figure, anchor: str) -> Drawing | None:
    """Return the drawing of a figure, or None when its table has no rows.

    Raises
    ------
    KeyError
        When the figure names no chart of `study.report.charts`: a programming error, not a user's.
    """
    chart = charts()[figure.chart]
    if figure.table.empty:
        return None
    return _drawing(chart(rounded(figure.table)), anchor, f"{figure.title}. {figure.shows}")


def interval_drawing(result: HypothesisResult, anchor: str) -> Drawing | None:
    """Return the drawing of a hypothesis' estimates and intervals, or None when no layer has a finite estimate.

    The layers of a second set of initialisations stand beside those of the first.
    """
    sets = [("first set", result.layers)]
    if result.second is not None:
        sets.append(("second set", result.second.layers))
    if not any(np.isfinite(layer.estimate) for _, layers in sets for layer in layers):
        return None
    table = pd.DataFrame(
        [
            (layer.layer, name, layer.estimate, layer.ci_low, layer.ci_high, layer.verdict)
            for name, layers in sets
            for layer in layers
        ],
        columns=["layer", "set", "estimate", "ci_low", "ci_high", "verdict"],
    )
    smallest, *other = margins(result)
    table = table.assign(null_value=result.hypothesis.null_value, smallest_effect=smallest)
    table = table.assign(other_margin=other[0] if other else np.nan)
    table = table.replace([np.inf, -np.inf], np.nan)
    if result.quantity is not None:
        table = table.assign(axis=result.quantity.axis)
    description = f"Estimate and interval per layer for: {result.hypothesis.claim}"
    return _drawing(layer_intervals(rounded(table)), anchor, description)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with floating columns rounded to six significant digits; NaN and infinity stay."""
    fractions = [name for name in table.columns if table[name].dtype.kind == "f"]
    return table.assign(**{name: [float(f"{value:.{_DIGITS}g}") for value in table[name]] for name in fractions})


def _drawing(chart: alt.TopLevelMixin, anchor: str, description: str) -> Drawing:
    # Not validated, as its parts were; the whole is in the tests of charts.
    specification: dict[str, Any] = _showable(chart.to_dict(validate=False))
    specification |= {"config": CONFIG, "description": showable(description)}
    return Drawing(anchor, showable(description), specification)


def _showable(value: Any) -> Any:
    """Return a specification with every text as it can be drawn: a control character would abort the whole process."""
    if isinstance(value, dict):
        return {_showable(key): _showable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_showable(item) for item in value]
    return showable(value) if isinstance(value, str) else value


def _compact(svg: str) -> str:
    """Return the drawing without what nobody sees, positions to a hundredth of a pixel: a third of the text."""
    seen = _TAG.sub(lambda tag: _SILENT.sub("", tag.group()), _UNSEEN.sub("", svg))
    short = _GEOMETRY.sub(lambda attribute: _LONG_FRACTION.sub(r"\1", attribute.group()), seen)
    return short.replace("<svg ", f'<svg font-family="{FONT}" ', 1)
