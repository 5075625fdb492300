"""Whether the networks learnt, in words: each arm and set once, and only what fails is said to fail."""

from __future__ import annotations

import dataclasses

from study.analysis.core.results import LearningCheck, QuestionResult
from study.report.learning_words import learning_checks, learning_rows, unlearnt_sentences

NAN = float("nan")
CHECK = LearningCheck("memorization", 1, "0.0", "accuracy on the labels trained on", 0.99, 0.95, 2, 0.1)
FAILED = dataclasses.replace(CHECK, stratum="1.0", median=0.2)
AGAIN = dataclasses.replace(CHECK, initialization_set=2, median=NAN)


def test_questions_that_rest_on_the_same_networks_share_their_checks() -> None:
    """Also where the accuracy of guessing is undefined, which equals nothing."""
    check = dataclasses.replace(CHECK, chance=NAN)
    questions = [
        QuestionResult(name, "", "", "", (), learning=(dataclasses.replace(check, chance=float("nan")), FAILED))
        for name in ("existence", "untrained")
    ]
    assert len(learning_checks(questions)) == 2


def test_what_fails_is_said_by_set_with_the_strata_that_fail() -> None:
    """An undefined median does not pass; strata that pass are not named."""
    assert unlearnt_sentences((CHECK,)) == []
    assert unlearnt_sentences((CHECK, FAILED, AGAIN)) == [
        "The networks of arm memorization, first set of initialisations, did not learn: median accuracy on the labels"
        " trained on 0.200 (1.0), needed 0.950.",
        "The networks of arm memorization, second set of initialisations, did not learn: median accuracy on the labels"
        " trained on \N{EN DASH} (0.0), needed 0.950.",
    ]


def test_a_row_holds_every_stratum_and_fails_with_one() -> None:
    """One row for each arm and set."""
    (first, passed), (again, _) = learning_rows((CHECK, FAILED, AGAIN))
    measured = "accuracy on the labels trained on"
    assert first == ("memorization", "first", "0.990 (0.0), 0.200 (1.0)", "0.950", "0.100", "4", measured)
    assert not passed
    assert again[1:3] == ("second", "\N{EN DASH} (0.0)")
    assert [passed for _, passed in learning_rows((CHECK,))] == [True]
