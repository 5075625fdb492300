"""Results as a labelled dataset: one row a hypothesis and layer."""

from __future__ import annotations

import numpy as np
import pytest

from study.analysis.results import NOT_TESTED, VERDICTS, QuestionResult
from study.results_dataset import results_dataset
from tests.example_study import analysed, example_study


@pytest.fixture(scope="module")
def questions() -> tuple[QuestionResult, ...]:
    """Return the results of a small study: some hypotheses tested, some not."""
    return analysed(example_study(seeds=2))


def test_every_layer_of_every_hypothesis_has_a_row(questions: tuple[QuestionResult, ...]) -> None:
    """In order, with every number and word of its result; NaN where undefined."""
    dataset = results_dataset(questions)
    rows = [(one, layer) for question in questions for one in question.hypotheses for layer in one.layers]
    assert dataset.sizes == {"result": len(rows), "ci_bound": 2}
    for i, (one, layer) in enumerate(rows):
        row = dataset.isel(result=i)
        assert row["hypothesis"].item() == one.hypothesis.id
        assert row["question"].item() == one.hypothesis.question
        assert row["result_layer"].item() == layer.layer
        for name in ("estimate", "pvalue", "pvalue_adjusted", "n", "n_excluded", "verdict", "ci_kind", "note"):
            np.testing.assert_equal(row[name].item(), getattr(layer, name), err_msg=name)
        np.testing.assert_array_equal(row["ci"], [layer.ci_low, layer.ci_high])
        assert row["hypothesis_verdict"].item() == one.verdict
        assert row["published_verdict"].item() == one.published_verdict
        assert row["confidence_level"].item() == one.hypothesis.confidence_level


def test_untested_rows_say_why(questions: tuple[QuestionResult, ...]) -> None:
    """No p-value, no interval, a reason; tested rows have all three numbers."""
    dataset = results_dataset(questions)
    untested = dataset["verdict"].values == NOT_TESTED
    assert 0 < untested.sum() < untested.size
    assert np.isnan(dataset["pvalue"].values[untested]).all()
    assert all(dataset["note"].values[untested])
    assert np.isfinite(dataset["pvalue_adjusted"].values[~untested]).all()
    assert set(dataset["verdict"].values.tolist()) <= set(VERDICTS)


def test_every_variable_says_what_it_is(questions: tuple[QuestionResult, ...]) -> None:
    """Meaning and units on each, bounds by name, counts as whole numbers."""
    dataset = results_dataset(questions)
    for name, variable in dataset.data_vars.items():
        assert variable.attrs["long_name"] and variable.attrs["units"], name
    assert dataset["ci_bound"].values.tolist() == ["low", "high"]
    assert dataset["n"].dtype.kind == dataset["n_excluded"].dtype.kind == "i"


def test_no_results_are_an_empty_dataset() -> None:
    """The same variables, no rows."""
    dataset = results_dataset(())
    assert dataset.sizes == {"result": 0, "ci_bound": 2}
    assert dataset["estimate"].dtype == float
