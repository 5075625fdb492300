"""Where each number of a report lies in the store: the exact expression of xarray, and the numbers that it gives.

The page prints these expressions; a test executes them against a store and compares what they give with what is printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from study.analysis.core.results import HypothesisResult, LayerResult
from study.report.content import Report

# What is shown of a layer: the variable of the store and the field of `LayerResult`, or the bound of its interval.
_SHOWN = (
    ("estimate", "estimate", ""),
    ("ci", "ci_low", "low"),
    ("ci", "ci_high", "high"),
    ("pvalue_adjusted", "pvalue_adjusted", ""),
    ("n", "n", ""),
)


@dataclass(frozen=True)
class Address:
    """One number of the report: whose it is, its name, its value, and the expression that gives it from `results`."""

    hypothesis: str
    layer: str
    name: str
    value: float
    expression: str


def opening(store: str) -> str:
    """Return the line that opens the results of a store, which every expression begins from."""
    return f'results = xarray.open_datatree({store!r}, engine="zarr")["results"].to_dataset()'


def addresses(result: HypothesisResult) -> Iterator[Address]:
    """Yield the address of every number that is shown of a hypothesis, layer by layer.

    Undefined ones have none, nor has a layer that no network entered.
    """
    for layer in (layer for layer in result.layers if layer.n):
        for variable, field, bound in _SHOWN:
            value = float(getattr(layer, field))
            if math.isfinite(value):
                yield Address(
                    result.hypothesis.id, layer.layer, field, value, _expression(result, layer, variable, bound)
                )


def report_addresses(report: Report) -> list[list[str | float]]:
    """Return hypothesis, layer, name, value and expression of every number of a report, for programs that check it."""
    every = (address for result in report.hypotheses for address in addresses(result))
    return [[one.hypothesis, one.layer, one.name, one.value, one.expression] for one in every]


def _expression(result: HypothesisResult, layer: LayerResult, variable: str, bound: str) -> str:
    rows = f"(results.hypothesis == {result.hypothesis.id!r}) & (results.layer == {layer.layer!r})"
    ends = f".sel(ci_bound={bound!r})" if bound else ""
    return f"results.{variable}{ends}[({rows}).values].item()"
