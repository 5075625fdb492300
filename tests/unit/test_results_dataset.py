"""Results as a labelled dataset: one row a hypothesis and layer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from study.analysis.core.ledger import ledger
from study.analysis.core.results import (
    DISAGREE,
    NO_VERDICT,
    NOT_TESTED,
    OPPOSITE,
    SUPPORTED,
    VERDICTS,
    HypothesisResult,
    QuestionResult,
    SecondSet,
)
from study.analysis.core.results_dataset import results_dataset
from study.analysis.core.stored_results import stored_questions
from study.report.answer import answer, finding
from study.report.pictures import strip_rows
from study.vocabulary.errors import StudyError
from tests.example_results import hypothesis, layer_result
from tests.example_study import analysed, example_study, registered

SIDES = ("pvalue", "pvalue_opposite", "pvalue_ruled_out")
NUMBERS = ("estimate", *SIDES, *(f"{side}_adjusted" for side in SIDES), "n", "n_missing")


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
        assert row["layer"].item() == layer.layer
        for name in (*NUMBERS, "verdict", "ci_kind", "note"):
            np.testing.assert_equal(row[name].item(), getattr(layer, name), err_msg=name)
        np.testing.assert_array_equal(row["ci"], [layer.ci_low, layer.ci_high])
        assert row["hypothesis_verdict"].item() == one.verdict
        assert row["published_verdict"].item() == one.published_verdict
        assert row["confidence_level"].item() == one.hypothesis.confidence_level


def test_the_second_set_stands_beside_the_first() -> None:
    """In the row of its hypothesis and layer, by name; nothing where a hypothesis was not repeated."""
    layers = (layer_result("conv1", 1.0, 0.2, 0.03, SUPPORTED), layer_result("conv2", -2.0, 0.2, 0.001, OPPOSITE))
    again = (layer_result("conv2", -3.0, 0.5, 0.004, SUPPORTED, note="a note"),)
    first = HypothesisResult(hypothesis("h", "existence", "c"), layers, OPPOSITE, "", SUPPORTED)
    both = dataclasses.replace(first, second=SecondSet(again, SUPPORTED, "", DISAGREE))
    dataset = results_dataset((QuestionResult("existence", "", "", "", (both, first)),))
    nan = float("nan")
    np.testing.assert_array_equal(dataset["second_estimate"], [nan, -3.0, nan, nan])
    np.testing.assert_array_equal(dataset["second_ci"], [(nan, nan), (-3.5, -2.5), (nan, nan), (nan, nan)])
    np.testing.assert_array_equal(dataset["second_pvalue"], [nan, 0.004, nan, nan])
    np.testing.assert_allclose(dataset["second_pvalue_adjusted"], [nan, 0.028, nan, nan])
    assert dataset["second_n"].values.tolist() == [0, 24, 0, 0]
    assert dataset["second_n_missing"].values.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(dataset["pvalue_opposite_adjusted"], [1.0, 0.007, 1.0, 0.007])
    assert dataset["second_verdict"].values.tolist() == ["", SUPPORTED, "", ""]
    assert dataset["second_ci_kind"].values.tolist() == ["", "BCa", "", ""]
    assert dataset["second_note"].values.tolist() == ["", "a note", "", ""]
    assert dataset["second_hypothesis_verdict"].values.tolist() == [SUPPORTED, SUPPORTED, "", ""]
    assert dataset["agreement"].values.tolist() == [DISAGREE, DISAGREE, "", ""]
    np.testing.assert_array_equal(dataset["estimate"], [1.0, -2.0, 1.0, -2.0])
    assert "second set" in dataset["second_estimate"].attrs["long_name"]
    assert "second set" not in dataset["estimate"].attrs["long_name"]


def test_untested_rows_say_why(questions: tuple[QuestionResult, ...]) -> None:
    """No p-value, no interval, a reason; tested rows have all three numbers."""
    dataset = results_dataset(questions)
    untested = dataset["verdict"].values == NOT_TESTED
    assert 0 < untested.sum() < untested.size
    assert np.isnan(dataset["pvalue"].values[untested]).all()
    assert all(dataset["note"].values[untested])
    assert not set(dataset["verdict"].values[~untested].tolist()) & set(NO_VERDICT)
    assert np.isfinite(dataset["pvalue_adjusted"].values[~untested]).all()
    assert set(dataset["verdict"].values.tolist()) <= set(VERDICTS)


def test_every_variable_says_what_it_is(questions: tuple[QuestionResult, ...]) -> None:
    """Meaning and units on each, bounds by name, counts as whole numbers."""
    dataset = results_dataset(questions)
    for name, variable in dataset.data_vars.items():
        assert variable.attrs["long_name"] and variable.attrs["units"], name
    assert dataset["ci_bound"].values.tolist() == ["low", "high"]
    assert dataset["n"].dtype.kind == dataset["n_missing"].dtype.kind == dataset["second_n"].dtype.kind == "i"


def test_no_results_are_an_empty_dataset() -> None:
    """The same variables, no rows."""
    dataset = results_dataset(())
    assert dataset.sizes == {"result": 0, "ci_bound": 2}
    assert dataset["estimate"].dtype == float


def test_what_is_stored_gives_the_same_words(questions: tuple[QuestionResult, ...]) -> None:
    """Ledger, strip, answer and findings made of the stored rows are those made of the results themselves."""
    again = stored_questions(results_dataset(questions), registered(), source="a store")
    assert [one.question for one in again] == [one.question for one in questions]
    assert str(ledger(again)) == str(ledger(questions))  # as text, in which NaN equals NaN
    assert (strip_rows(again), answer(again)) == (strip_rows(questions), answer(questions))
    for one, other in zip(again, questions, strict=True):
        assert [finding(result) for result in one.hypotheses] == [finding(result) for result in other.hypotheses]


def test_the_second_set_is_read_again() -> None:
    """Its verdict, its layers and whether the sets agree; where there is none it is None."""
    (name, registered_one), *_ = registered().hypotheses.items()
    layers = (layer_result("conv1", 1.0, 0.2, 0.03, SUPPORTED),)
    first = HypothesisResult(registered_one, layers, SUPPORTED, "", SUPPORTED)
    both = dataclasses.replace(first, second=SecondSet(layers, OPPOSITE, "", DISAGREE))
    for result, second in ((first, None), (both, (OPPOSITE, DISAGREE, layers))):
        (again,) = stored_questions(
            results_dataset((QuestionResult("q", "", "", "", (result,)),)), registered(), source="a store"
        )
        (read,) = again.hypotheses
        assert read.hypothesis.id == name
        assert (read.second and (read.second.verdict, read.second.agreement, read.second.layers)) == second


def test_results_that_cannot_be_read_again_are_refused(questions: tuple[QuestionResult, ...]) -> None:
    """In one line: those of a version that did not store the reasons, and those that something else registers."""
    stored = results_dataset(questions)
    with pytest.raises(StudyError, match="a store: results without 'reason'"):
        stored_questions(stored.drop_vars("reason"), registered(), source="a store")
    stored["smallest_effect"][0] = 0.125
    with pytest.raises(StudyError, match="was judged with another smallest_effect than is registered"):
        stored_questions(stored, registered(), source="a store")
    stored["hypothesis"][0] = "unknown"
    with pytest.raises(StudyError, match="hypothesis unknown of its results is not registered"):
        stored_questions(stored, registered(), source="a store")
