"""Whether the networks learnt, and whether rearing took, in words: the checks of a report, and what fails them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.analysis.core.results import LearningCheck, ManipulationCheck, QuestionResult
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
    return (
        f"The networks of arm {one.arm}, {_ordinal(one)} set of initialisations, did not learn: median {one.measure}"
        f" {medians_text(failed)}, needed {number_text(one.needed)}."
    )


def _ordinal(check: LearningCheck) -> str:
    return _ORDINALS.get(check.initialization_set, f"{check.initialization_set}th")


def learning_rows(checks: Sequence[LearningCheck]) -> list[tuple[tuple[str, ...], bool]]:
    """Return a row for each arm and set of initialisations, and whether it passed in every stratum.

    A row holds arm, set, medians by stratum, what is needed, the accuracy of guessing, networks in all, what is measured.
    """
    places = dict.fromkeys((check.arm, check.initialization_set, check.measure) for check in checks)
    return [
        _row([check for check in checks if (check.arm, check.initialization_set, check.measure) == place])
        for place in places
    ]


def _row(checks: Sequence[LearningCheck]) -> tuple[tuple[str, ...], bool]:
    one = checks[0]
    cells = (
        one.arm,
        _ordinal(one),
        medians_text(checks),
        number_text(one.needed),
        _NONE if math.isnan(one.chance) else number_text(one.chance),
        str(sum(check.networks for check in checks)),
        one.measure,
    )
    return cells, all(check.passed for check in checks)


def medians_text(checks: Sequence[LearningCheck]) -> str:
    """Return the median of each stratum, with the stratum's name where there are several."""
    texts = (number_text(check.median) + ("" if check.stratum == _ALL else f" ({check.stratum})") for check in checks)
    return ", ".join(texts)


def manipulation_sentence(check: ManipulationCheck) -> str:
    """Return what rearing changed under one condition, beside the condition it is compared with and what is needed."""
    said = "as registered" if check.passed else "not as registered, so that nothing is concluded from it"
    return (
        f"{_named(check.condition)} against {_named(check.against)} in {check.layers}: {number_text(check.median)} against"
        f" {number_text(check.median_against)}, {said}."
    )


def manipulation_rows(checks: Sequence[ManipulationCheck]) -> list[tuple[tuple[str, ...], bool]]:
    """Return a row for each check of what rearing changed, and whether it passed.

    A row holds condition, what it is compared with, layers, both medians, the median difference, what is needed, the
    number of seeds with both networks, what is measured.
    """
    return [
        (
            (
                _named(one.condition),
                _named(one.against),
                one.layers,
                number_text(one.median),
                number_text(one.median_against),
                number_text(one.difference),
                f"{number_text(one.needed)} {one.side}",
                str(one.pairs),
                one.measure,
            ),
            one.passed,
        )
        for one in checks
    ]


def _named(condition: str) -> str:
    return condition.replace("_", " ")
