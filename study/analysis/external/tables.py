"""Tables of one network's layers as charts take them, and which of its layers get a panel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.results import Figure, QuestionResult
from study.analysis.questions import questions

MOST_PANELS = 24  # layers with a panel of their own; figures with all layers on one axis show the others
PVALUE = 0.05


def spread_layers(layers: Sequence[str], most: int = MOST_PANELS) -> list[str]:
    """Return at most so many layers, at even steps from the first to the last."""
    return [layers[i] for i in np.unique(np.linspace(0, len(layers) - 1, min(most, len(layers))).round().astype(int))]


def in_panels(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows of the layers that get a panel, and a sentence where others do not."""
    layers = list(dict.fromkeys(table["layer"]))
    drawn = spread_layers(layers)
    if len(drawn) == len(layers):
        return table, ""
    said = f" {len(drawn)} of {len(layers)} layers are drawn, at even steps; the figure of all layers has the others."
    return table[table["layer"].isin(drawn)].reset_index(drop=True), said


def dots(
    table: pd.DataFrame, columns: Mapping[str, Mapping[str, str]], references: Mapping[str, float]
) -> pd.DataFrame:
    """Return a row for each layer, quantity and series; `columns` names the column of `table` by quantity and series."""
    rows = [
        {
            "layer": layer,
            "quantity": quantity,
            "series": series,
            "value": value,
            "ci_low": math.nan,
            "ci_high": math.nan,
            "reference": references.get(quantity, math.nan),
        }
        for quantity, by_series in columns.items()
        for series, column in by_series.items()
        for layer, value in zip(table["layer"], table[column], strict=True)
    ]
    return pd.DataFrame(rows)


def follows(study: xr.DataTree, figure: str, of_vgg16: str) -> str:
    """Return the paper's figure that one here follows."""
    return of_vgg16 if study["tuning"].attrs.get("model") == "vgg16" else figure


def question_result(name: str, *, figures: tuple[Figure, ...], notes: tuple[str, ...]) -> QuestionResult:
    """Return what one network says of a question: nothing is tested."""
    question = questions()[name]
    return QuestionResult(
        name, question.title, question.paper_section, question.claim, (), figures=figures, notes=notes
    )
