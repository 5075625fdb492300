"""The ledger's cells as a reader sees them: p-values on one line, and what became of the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import (
    DIFFERENT_VERDICTS,
    NOT_COMPARED,
    NOT_INFORMATIVE,
    NOT_TESTED,
    SUPPORTED,
    LedgerRow,
)
from study.report.wording import pvalue_text

_MOST_LISTED = 3  # p-values that stand one by one
_MOST_NAMED = 5  # layers named one by one


def pvalues_sentence(pvalues: Sequence[tuple[str, float]], kind: str) -> str:
    """Return p-values by layer in one line: one by one while they are few, else the least and the greatest.

    Parameters
    ----------
    pvalues
        (layer, p), NaN where there is none.
    kind
        What they are called at the start of a line: "p" or "Adjusted p".
    """
    defined = [(layer, pvalue) for layer, pvalue in pvalues if not math.isnan(pvalue)]
    if not defined:
        return f"No {kind.lower()}."
    without = [layer for layer, pvalue in pvalues if math.isnan(pvalue)]
    missing = f"; none in {_layers(without)}" if without else ""
    return f"{kind}: {_listed(defined)}{missing}."


def _listed(pvalues: Sequence[tuple[str, float]]) -> str:
    if len(pvalues) <= _MOST_LISTED:
        return ", ".join(f"{layer} {pvalue_text(pvalue)}" for layer, pvalue in pvalues)
    (least_in, least), (greatest_in, greatest) = (bound(pvalues, key=lambda entry: entry[1]) for bound in (min, max))
    if pvalue_text(least) == pvalue_text(greatest):
        return f"{pvalue_text(least)} in each of {len(pvalues)} layers"
    return f"{pvalue_text(least)} ({least_in}) to {pvalue_text(greatest)} ({greatest_in}), {len(pvalues)} layers"


def layers_text(row: LedgerRow) -> str:
    """Return the layers that a claim is about: one by one while they are few, else how many there are."""
    return _layers(row.layers)


def _layers(layers: Sequence[str]) -> str:
    if len(layers) <= _MOST_NAMED:
        return ", ".join(layers)
    return f"{layers[0]} to {layers[-1]}, {len(layers)} layers"


def absence_label(row: LedgerRow) -> str:
    """Return what to think of a published absence: how it was read, where the published analysis supports it; else ''."""
    if not row.absence or row.published_verdict != SUPPORTED:
        return ""
    if all(math.isnan(pvalue) for _, pvalue in row.published_pvalues):
        return "absence read without a test"
    return "absence read from a large p, which is no evidence of it"


def outcome_sentence(row: LedgerRow) -> str:
    """Return what the difference between the analyses did to the verdict here."""
    published, registered = row.published_verdict, row.registered_verdict
    if row.comparison == NOT_COMPARED:
        if NOT_INFORMATIVE in (registered, published):
            return f"Not informative here, by either analysis: {row.untested.rstrip('.')}."
        side = "registered" if registered == NOT_TESTED else "published"
        return f"The {side} analysis gives no verdict here: {row.untested.rstrip('.')}."
    if row.comparison == DIFFERENT_VERDICTS:
        return f"The verdict changes here: {published} as published, {registered} as registered."
    if registered == published:
        return f"The verdict stays the same here: {registered} by either analysis."
    return f"Neither analysis supports the claim here: {published} as published, {registered} as registered."


def disagreements(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return the claims that come out differently by the published and by the registered analysis."""
    return [row for row in rows if row.comparison == DIFFERENT_VERDICTS]


def uncompared(rows: Sequence[LedgerRow]) -> list[tuple[str, list[LedgerRow]]]:
    """Return (reason, claims) of those that an analysis gives no verdict on: each reason once."""
    reasons: dict[str, list[LedgerRow]] = {}
    for row in rows:
        if row.comparison == NOT_COMPARED:
            reasons.setdefault(row.untested.rstrip(".") or "no reason is recorded", []).append(row)
    return list(reasons.items())
