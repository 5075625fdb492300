"""Whether the networks learnt, in words: the checks of a report, and what fails them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.learning import why_not_informative
from study.analysis.core.results import LearningCheck, QuestionResult
from study.report.wording import number_text

ORDINALS = {1: "first", 2: "second"}
_NONE = "\N{EN DASH}"


def learning_checks(questions: Sequence[QuestionResult]) -> tuple[LearningCheck, ...]:
    """Return the checks of some questions, each once: questions that rest on the same networks share them."""
    checks = {
        (check.arm, check.initialization_set, check.stratum, check.measure): check
        for question in questions
        for check in question.learning
    }
    return tuple(checks.values())


def unlearnt_sentences(checks: Sequence[LearningCheck]) -> list[str]:
    """Return a sentence for each arm and set of initialisations that fails: it says which medians, and what follows."""
    sentences = []
    for arm, initialization_set in dict.fromkeys((check.arm, check.initialization_set) for check in checks):
        of_set = [check for check in checks if (check.arm, check.initialization_set) == (arm, initialization_set)]
        if why := why_not_informative(of_set):
            ordinal = ORDINALS.get(initialization_set, str(initialization_set))
            sentences.append(f"In the {ordinal} set of initialisations {why}.")
    return sentences


def learning_rows(checks: Sequence[LearningCheck]) -> list[tuple[tuple[str, ...], bool]]:
    """Return (arm, set, stratum, median, needed, accuracy of guessing, networks, what is measured) and whether it passed."""
    return [
        (
            (
                check.arm,
                ORDINALS.get(check.initialization_set, str(check.initialization_set)),
                check.stratum,
                number_text(check.median),
                number_text(check.needed),
                _NONE if math.isnan(check.chance) else number_text(check.chance),
                str(check.networks),
                check.measure,
            ),
            check.passed,
        )
        for check in checks
    ]
