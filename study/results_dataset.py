"""Results as a labelled dataset, for the `results` group of the compacted study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from study.analysis.results import QuestionResult

_NUMBERS = {
    "estimate": ("f8", "registered estimate"),
    "pvalue": ("f8", "p-value of the registered test"),
    "pvalue_adjusted": ("f8", "p-value adjusted within its family"),
    "n": ("i8", "networks in the test"),
    "n_excluded": ("i8", "networks excluded by the registered rule"),
}


def results_dataset(questions: Sequence[QuestionResult]) -> xr.Dataset:
    """Return one row per hypothesis and layer, dimension `result`, with interval, p-values, n and verdicts.

    NaN marks what is undefined; `note` says why.
    """
    rows = [(result, layer) for question in questions for result in question.hypotheses for layer in result.layers]
    text = {
        "hypothesis": [result.hypothesis.id for result, _ in rows],
        "question": [result.hypothesis.question for result, _ in rows],
        "result_layer": [layer.layer for _, layer in rows],
    }
    dataset = xr.Dataset(coords={name: ("result", np.array(values, dtype=object)) for name, values in text.items()})
    for name, (dtype, meaning) in _NUMBERS.items():
        values = np.array([getattr(layer, name) for _, layer in rows], dtype=dtype)
        dataset[name] = ("result", values, {"long_name": meaning, "units": "1"})
    bounds = np.array([(layer.ci_low, layer.ci_high) for _, layer in rows], dtype="f8").reshape(len(rows), 2)
    dataset["ci"] = (("result", "ci_bound"), bounds, {"long_name": "confidence interval over networks", "units": "1"})
    words = {
        "ci_kind": ([layer.ci_kind for _, layer in rows], "how the interval was made"),
        "verdict": ([layer.verdict for _, layer in rows], "verdict in the layer, by the registered rule"),
        "hypothesis_verdict": ([result.verdict for result, _ in rows], "verdict of the hypothesis"),
        "published_verdict": ([result.published_verdict for result, _ in rows], "verdict of the analysis as published"),
        "note": ([layer.note for _, layer in rows], "why a value is undefined"),
    }
    for name, (entries, meaning) in words.items():
        dataset[name] = ("result", np.array(entries, dtype=object), {"long_name": meaning, "units": "1"})
    levels = np.array([result.hypothesis.confidence_level for result, _ in rows])
    dataset["confidence_level"] = ("result", levels, {"long_name": "nominal coverage of ci", "units": "1"})
    return dataset.assign_coords(ci_bound=np.array(["low", "high"], dtype=object))
