"""Known answers as readers see them: what others published of such networks, where they say so, and ours beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import xarray as xr

from study.analysis.known_answers import Publication, known_answers, own_values
from study.analysis.known_answers.ours import OwnValue
from study.report.content import KnownRow
from study.report.wording import interval_text, number_text


def known_rows(study: xr.DataTree) -> tuple[KnownRow, ...]:
    """Return a row for each fact that others published: what they say and where, ours, and what could not be had of them."""
    return tuple(
        KnownRow(
            fact=fact.name,
            published=tuple(map(_published, fact.published)),
            here=f"{fact.quantity}, {fact.unit}: {own_text(own_values(fact, study))}",
            missing=fact.missing,
        )
        for fact in known_answers()
    )


def _published(one: Publication) -> str:
    quotation = f"\N{LEFT DOUBLE QUOTATION MARK}{one.quotation}\N{RIGHT DOUBLE QUOTATION MARK}"
    number = f"{one.number}: " if one.number else ""
    return f"{number}{one.networks}. {quotation} ({one.source}, {one.place})"


def own_text(values: Sequence[OwnValue]) -> str:
    """Return the means of this study's networks, with intervals where there are any, and n once where all share it."""
    if not values:
        return "not measured in this study"
    said = []
    for state in dict.fromkeys(value.state for value in values):
        group = [value for value in values if value.state == state]
        counts = {value.n for value in group}
        n = f" ({counts.pop()} networks{'' if len(group) == 1 else ' each'})" if len(counts) == 1 else ""
        each = ", ".join(_own(value, with_n=not n) for value in group)
        said.append(f"{state}: {each}{n}" if state else f"{each}{n}")
    return "; ".join(said)


def _own(value: OwnValue, *, with_n: bool) -> str:
    interval = f" {interval_text(value.low, value.high)}" if math.isfinite(value.low) else ""
    return f"{value.of} {number_text(value.mean)}{interval}{f' (n {value.n})' if with_n else ''}"
