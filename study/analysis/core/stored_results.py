"""Results as they are stored, back to the records that reports are made of: what `results_dataset` wrote, read again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import xarray as xr

from study.analysis.core.ledger import registered_test
from study.analysis.core.registry import questions
from study.analysis.core.results import HypothesisResult, LayerResult, PublishedLayer, QuestionResult, SecondSet
from study.registration import Hypothesis, Registration
from study.vocabulary.errors import StudyError, shown

_OF_LAYER: Final = tuple(
    field.name for field in dataclasses.fields(LayerResult) if field.name not in ("layer", "ci_low", "ci_high")
)
_REGISTERED: Final = (
    "claim",
    "estimand",
    "alternative",
    "layers_required",
    "status",
    "null_value",
    "smallest_effect",
    "alpha",
)
_NEEDED: Final = ("reason", "published_note", "hypothesis_verdict")
Rows = list[dict[str, Any]]


def stored_questions(results: xr.Dataset, registration: Registration, *, source: str) -> tuple[QuestionResult, ...]:
    """Return the questions of a study from its group `results` alone, in the order in which they are stored.

    What a store keeps of no result is not there: points of single networks, figures, notes and checks of learning.

    Parameters
    ----------
    results
        As `results_dataset` makes it.
    registration
        What it was judged by, which holds every hypothesis there.
    source
        Where they are stored, for messages.

    Raises
    ------
    StudyError
        When a hypothesis is not registered, or was when judged registered otherwise, its question is unknown, or an earlier
        version wrote the results.
    """
    if missing := [name for name in _NEEDED if name not in results]:
        raise StudyError(
            f"{source}: results without {missing[0]!r}, which versions before 0.10 did not store; run `python -m study report`"
        )
    grouped: dict[str, list[HypothesisResult]] = {}
    for name, rows in _rows_by_hypothesis(results).items():
        hypothesis = registration.hypotheses.get(name)
        if hypothesis is None or hypothesis.question not in questions():
            raise StudyError(
                f"{source}: hypothesis {shown(name)} of its results is not registered; name what registers it"
            )
        if changed := [field for field in _REGISTERED if getattr(hypothesis, field) != rows[0][field]]:
            raise StudyError(
                f"{source}: hypothesis {shown(name)} was judged with another {changed[0]} than is registered; restore the"
                " registration that it was judged by"
            )
        grouped.setdefault(hypothesis.question, []).append(_result(hypothesis, rows))
    return tuple(
        QuestionResult(
            name, questions()[name].title, questions()[name].paper_section, questions()[name].claim, tuple(group)
        )
        for name, group in grouped.items()
    )


def _rows_by_hypothesis(results: xr.Dataset) -> Mapping[str, Rows]:
    """Return a store's rows as plain values, those of a hypothesis together."""
    ordered = results.sel(ci_bound=["low", "high"]).transpose("result", "ci_bound")
    columns = {str(name): one.values.tolist() for name, one in ordered.variables.items() if "result" in one.dims}
    grouped: dict[str, Rows] = {}
    for place in range(ordered.sizes["result"]):
        row = {name: values[place] for name, values in columns.items()}
        grouped.setdefault(row["hypothesis"], []).append(row)
    return grouped


def _result(hypothesis: Hypothesis, rows: Rows) -> HypothesisResult:
    """Return the result of one hypothesis, its layers those that are stored."""
    first = rows[0]
    hypothesis = dataclasses.replace(hypothesis, layers=tuple(row["layer"] for row in rows))
    estimand = questions()[hypothesis.question].estimands.get(hypothesis.measure)
    return HypothesisResult(
        hypothesis,
        tuple(_layer(row) for row in rows),
        first["hypothesis_verdict"],
        first["reason"],
        first["published_verdict"],
        tuple(_published(row) for row in rows if row["published_layer_verdict"]),
        _second(rows),
        published_test=first["published_test"],
        difference=first["difference"],
        pvalue=first["hypothesis_pvalue"],
        registered_test=registered_test(hypothesis),
        quantity=None if estimand is None else estimand.quantity,
    )


def _layer(row: Mapping[str, Any], prefix: str = "") -> LayerResult:
    low, high = row[f"{prefix}ci"]
    return LayerResult(
        layer=row["layer"], ci_low=low, ci_high=high, **{name: row[f"{prefix}{name}"] for name in _OF_LAYER}
    )


def _second(rows: Rows) -> SecondSet | None:
    """Return the second set of initialisations; None where the hypothesis was not tested in one."""
    if not rows[0]["second_hypothesis_verdict"]:
        return None
    layers = tuple(_layer(row, "second_") for row in rows if row["second_verdict"])
    return SecondSet(layers, rows[0]["second_hypothesis_verdict"], "", rows[0]["agreement"])


def _published(row: Mapping[str, Any]) -> PublishedLayer:
    return PublishedLayer(
        row["layer"],
        row["published_estimate"],
        row["published_pvalue"],
        row["published_layer_verdict"],
        row["published_note"],
    )
