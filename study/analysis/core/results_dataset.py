"""Results as a labelled dataset, for the `results` group of the compacted study."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from study.analysis.core.results import HypothesisResult, LayerResult, PublishedLayer, QuestionResult
from study.analysis.core.testing import untested_layer

_NUMBERS = {
    "estimate": ("f8", "registered estimate"),
    "pvalue": ("f8", "one-sided p-value of the claim"),
    "pvalue_adjusted": ("f8", "one-sided p-value of the claim, adjusted within its family"),
    "pvalue_opposite": ("f8", "one-sided p-value of an effect beyond the null value on the other side"),
    "pvalue_opposite_adjusted": (
        "f8",
        "one-sided p-value of an effect beyond the null value on the other side, adjusted within its family",
    ),
    "pvalue_ruled_out": (
        "f8",
        "one-sided p-value against an effect that matters; of absence, of one beyond the margin",
    ),
    "pvalue_ruled_out_adjusted": (
        "f8",
        "one-sided p-value against an effect that matters; of absence, of one beyond the margin; adjusted within its family",
    ),
    "n": ("i8", "networks in the test"),
    "n_missing": ("i8", "networks without a value there: failed, or undefined"),
}
_REGISTERED_NUMBERS = {
    "null_value": "value of the estimate without an effect, in the estimate's unit",
    "smallest_effect": "smallest effect that matters, in the estimate's unit",
    "alpha": "level of the hypothesis' tests",
    "confidence_level": "nominal coverage of ci",
}
_REGISTERED_WORDS = {
    "claim": "what is claimed",
    "estimand": "what is estimated",
    "alternative": "side of the null value that the claim is on",
    "layers_required": "how many layers the claim needs: every, most or any",
    "status": "weight of the hypothesis: primary, confirmatory or exploratory",
}
_SECOND = "second_"  # the same of the second set of initialisations
_ABSENT = dataclasses.replace(untested_layer("", "", 0, 0), ci_kind="", verdict="")  # the second set has no test of it
_UNPUBLISHED = PublishedLayer("", float("nan"), float("nan"), "")  # the published analysis says nothing of the layer


def results_dataset(questions: Sequence[QuestionResult]) -> xr.Dataset:
    """Return one row per hypothesis and layer, dimension `result`, with interval, p-values, n and verdicts.

    NaN marks what is undefined; `note` says why. Variables that begin with `second_` hold the same test in the second
    set of initialisations: NaN, 0 networks and empty texts where there is none; `agreement` compares the sets.
    """
    rows = [(result, layer) for question in questions for result in question.hypotheses for layer in result.layers]
    again = [_second_layer(result, layer.layer) for result, layer in rows]
    text = {
        "hypothesis": ([result.hypothesis.id for result, _ in rows], "registered hypothesis"),
        "question": ([result.hypothesis.question for result, _ in rows], "question that the hypothesis belongs to"),
        "layer": ([layer.layer for _, layer in rows], "layer that is tested"),
    }
    dataset = xr.Dataset(coords={name: _texts(values, meaning) for name, (values, meaning) in text.items()})
    dataset = dataset.merge(_layer_columns([layer for _, layer in rows], "", ""))
    dataset = dataset.merge(_layer_columns(again, _SECOND, ", in the second set of initialisations"))
    dataset = dataset.merge(_published_columns([_published_layer(result, layer.layer) for result, layer in rows]))
    words = _registered_words(rows) | {
        "hypothesis_verdict": ([result.verdict for result, _ in rows], "verdict of the hypothesis"),
        "reason": ([result.reason for result, _ in rows], "why the verdict of the hypothesis is what it is"),
        "published_verdict": ([result.published_verdict for result, _ in rows], "verdict of the analysis as published"),
        "published_test": ([result.published_test for result, _ in rows], "analysis as published, in words"),
        "difference": ([result.difference for result, _ in rows], "what sets the registered analysis apart from it"),
        "second_hypothesis_verdict": (
            [result.second.verdict if result.second else "" for result, _ in rows],
            "verdict of the hypothesis, in the second set of initialisations",
        ),
        "agreement": (
            [result.second.agreement if result.second else "" for result, _ in rows],
            "whether the hypothesis gets the same verdict in both sets of initialisations",
        ),
    }
    dataset = dataset.assign({name: _texts(entries, meaning) for name, (entries, meaning) in words.items()})
    wholes = np.array([result.pvalue for result, _ in rows])
    meaning = "p-value of the hypothesis as a whole; of primary ones adjusted across these"
    dataset["hypothesis_pvalue"] = ("result", wholes, {"long_name": meaning, "units": "1"})
    for name, meaning in _REGISTERED_NUMBERS.items():
        values = np.array([getattr(result.hypothesis, name) for result, _ in rows], dtype="f8")
        dataset[name] = ("result", values, {"long_name": meaning, "units": "1"})
    bounds = ("ci_bound", np.array(["low", "high"], dtype=object), {"long_name": "end of the interval", "units": "1"})
    dataset = dataset.assign_coords(ci_bound=bounds)
    for name in ("estimate", "ci", "null_value", "smallest_effect", "second_estimate", "second_ci"):
        dataset[name].attrs["units"] = "estimate_unit"
    return dataset.assign_attrs(title="What was registered, tested and concluded: a row a hypothesis and layer")


def _registered_words(rows: Sequence[tuple[HypothesisResult, LayerResult]]) -> dict[str, tuple[list[str], str]]:
    """Return what is registered of each row's hypothesis, and in which unit its estimate is."""
    words = {
        name: ([str(getattr(result.hypothesis, name)) for result, _ in rows], meaning)
        for name, meaning in _REGISTERED_WORDS.items()
    }
    units = [result.quantity.unit if result.quantity else "" for result, _ in rows]
    axes = [result.quantity.axis if result.quantity else "" for result, _ in rows]
    rules = [result.registered_test for result, _ in rows]
    return words | {
        "estimate_unit": (units, "unit of the estimate, its interval, the null value and the smallest effect"),
        "axis": (axes, "words of the axis that the estimate is drawn on"),
        "rule": (rules, "registered test, in words"),
    }


def _second_layer(result: HypothesisResult, layer: str) -> LayerResult:
    layers = result.second.layers if result.second else ()
    return next((one for one in layers if one.layer == layer), _ABSENT)


def _published_layer(result: HypothesisResult, layer: str) -> PublishedLayer:
    return next((one for one in result.published_layers if one.layer == layer), _UNPUBLISHED)


def _published_columns(layers: Sequence[PublishedLayer]) -> xr.Dataset:
    """Return what the analysis as published gave in each layer: (result,)."""
    numbers = {"estimate": "estimate of the analysis as published", "pvalue": "p-value of the analysis as published"}
    columns: dict[str, tuple[object, ...]] = {
        f"published_{name}": (
            "result",
            np.array([getattr(layer, name) for layer in layers], dtype="f8"),
            {"long_name": meaning, "units": "1"},
        )
        for name, meaning in numbers.items()
    }
    columns["published_layer_verdict"] = _texts(
        (layer.verdict for layer in layers), "verdict in the layer of the analysis as published"
    )
    columns["published_note"] = _texts(
        (layer.note for layer in layers), "why the analysis as published has no value, or what else is to be said of it"
    )
    return xr.Dataset(columns)


def _layer_columns(layers: Sequence[LayerResult], prefix: str, suffix: str) -> xr.Dataset:
    """Return what the test gave in each layer, names with a prefix, meanings with a suffix: (result,)."""
    columns: dict[str, tuple[object, ...]] = {}
    for name, (dtype, meaning) in _NUMBERS.items():
        values = np.array([getattr(layer, name) for layer in layers], dtype=dtype)
        columns[prefix + name] = ("result", values, {"long_name": meaning + suffix, "units": "1"})
    bounds = np.array([(layer.ci_low, layer.ci_high) for layer in layers], dtype="f8").reshape(len(layers), 2)
    described = {"long_name": f"confidence interval over networks{suffix}", "units": "1"}
    columns[f"{prefix}ci"] = (("result", "ci_bound"), bounds, described)
    for name, meaning in (
        ("ci_kind", "how the interval was made"),
        ("verdict", "verdict in the layer, by the registered rule"),
        ("note", "why a value is undefined"),
    ):
        columns[prefix + name] = _texts((getattr(layer, name) for layer in layers), meaning + suffix)
    return xr.Dataset(columns)


def _texts(entries: Iterable[str], meaning: str) -> tuple[object, ...]:
    return "result", np.array(list(entries), dtype=object), {"long_name": meaning, "units": "1"}
