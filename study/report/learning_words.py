"""Whether the networks learnt, in words: the checks of a report, and what fails them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import LearningCheck, QuestionResult
from study.report.wording import number_text

_ORDINALS = {1: "first", 2: "second"}
_ALL = "all"  # the stratum of checks that have none
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
    """Return a sentence for each arm and set of initialisations that fails: it says which medians, beside what is needed."""
    failed = [check for check in checks if not check.passed]
    return [
        _unlearnt([check for check in failed if (check.arm, check.initialization_set) == place])
        for place in dict.fromkeys((check.arm, check.initialization_set) for check in failed)
    ]


def _unlearnt(failed: Sequence[LearningCheck]) -> str:
    one = failed[0]
    medians = ", ".join(
        number_text(check.median) + ("" if check.stratum == _ALL else f" ({check.stratum})") for check in failed
    )
    return (
        f"The networks of arm {one.arm}, {_ordinal(one)} set of initialisations, did not learn: median {one.measure} {medians},"
        f" needed {number_text(one.needed)}."
    )


def _ordinal(check: LearningCheck) -> str:
    return _ORDINALS.get(check.initialization_set, f"{check.initialization_set}th")


def learning_rows(checks: Sequence[LearningCheck]) -> list[tuple[tuple[str, ...], bool]]:
    """Return (arm, set, stratum, median, needed, accuracy of guessing, networks, what is measured) and whether it passed."""
    return [
        (
            (
                check.arm,
                _ordinal(check),
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
