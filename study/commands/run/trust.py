"""Whether a run can be trusted, arm by arm: what was learnt, how many networks there are, and what their tests can find."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from study.analysis.core.results import LearningCheck, QuestionResult
from study.analysis.questions import questions as registered_questions
from study.commands.power import STUDIES, PowerLine, power_lines, share_text
from study.commands.run.completeness import Completeness, planned_counts
from study.commands.run.described import DescribedStudy
from study.report.content import ArmTrust
from study.report.learning_words import learning_checks, manipulation_sentence, medians_text
from study.report.wording import number_text
from study.vocabulary.errors import StudyError
from study.vocabulary.provenance import usable_cores
from study.vocabulary.reading import read_json
from study.vocabulary.schema import REARING, SECOND_SET, class_names_of

POWER_FILE: Final = "power.json"
Power = Mapping[
    str, tuple[str, bool]
]  # by hypothesis: what it can find, in words, and whether at least as often as not
_TEN_CLASSES = 10


def arms_trust(
    plan: DescribedStudy,
    study: xr.DataTree,
    questions: Sequence[QuestionResult],
    missing: Completeness,
    *,
    failures: Sequence[str],
    power: Power,
) -> tuple[ArmTrust, ...]:
    """Return whether each arm's networks can be relied on, in the order of the plan.

    Parameters
    ----------
    plan, study, questions
        What was planned, stored and concluded.
    missing, failures
        Planned networks that are not there, and a sentence for each.
    power
        Of the primary hypotheses.
    """
    training = study["training"].to_dataset()
    checks = learning_checks(questions)
    sentences = dict(zip((network.key for network in (*missing.failed, *missing.not_run)), failures, strict=True))
    lost = {network.key: (network.arm, network.initialization_set) for network in (*missing.failed, *missing.not_run)}
    return tuple(
        _arm(
            place,
            training.sel(network=_of(training, place)),
            [check for check in checks if (check.arm, check.initialization_set) == place],
            number,
            tuple(sentences[key] for key, at in lost.items() if at == place),
            _excluded(questions, place, number - int(_of(training, place).sum()), plan),
            tuple(power[name] for name in power if _place(name, plan) == place),
            _manipulation(questions) if place == (REARING, 1) else "",
        )
        for place, number in planned_counts(plan.networks).items()
    )


def _arm(
    place: tuple[str, int],
    networks: xr.Dataset,
    checks: Sequence[LearningCheck],
    planned: int,
    missing: tuple[str, ...],
    excluded: tuple[str, ...],
    power: tuple[tuple[str, bool], ...],
    manipulation: str,
) -> ArmTrust:
    classes = len(class_names_of(networks.attrs)) or _TEN_CLASSES
    return ArmTrust(
        arm=place[0],
        initialization_set=place[1],
        learnt=all(check.passed for check in checks) if checks else None,
        learning=_learning(checks),
        accuracy=_accuracies(networks),
        chance=1 / classes,
        trained=networks.sizes["network"],
        planned=planned,
        missing=missing,
        excluded=excluded,
        power=power,
        manipulation=manipulation,
    )


def _manipulation(questions: Sequence[QuestionResult]) -> str:
    checks = [check for question in questions for check in question.manipulation]
    return " ".join([f"Median {checks[0].measure}.", *map(manipulation_sentence, checks)]) if checks else ""


def _of(training: xr.Dataset, place: tuple[str, int]) -> npt.NDArray[np.bool_]:
    return ((training["arm"] == place[0]) & (training["initialization_set"] == place[1])).values


def _accuracies(networks: xr.Dataset) -> npt.NDArray[np.float64]:
    """Return the validation accuracy after each epoch that any of the networks has: (network, epoch)."""
    values = networks["validation_accuracy"].transpose("network", "epoch").values.astype(np.float64)
    return values[:, np.isfinite(values).any(axis=0)]


def _learning(checks: Sequence[LearningCheck]) -> str:
    if not checks:
        return ""
    one = checks[0]
    guessing = "" if math.isnan(one.chance) else f", guessing gives {number_text(one.chance)}"
    return f"Median {one.measure} {medians_text(checks)}; needed {number_text(one.needed)}{guessing}."


def _excluded(
    questions: Sequence[QuestionResult], place: tuple[str, int], lost: int, plan: DescribedStudy
) -> tuple[str, ...]:
    """Return a phrase for each test that leaves out networks which are there; `lost` are not."""
    phrases = []
    for result in (result for question in questions for result in question.hypotheses):
        arm, initialization_set = _place(result.hypothesis.id, plan)
        here = {(arm, initialization_set): result.layers}
        if result.second is not None:
            here[arm, SECOND_SET] = result.second.layers
        counts = [(layer.layer, layer.n_missing - lost) for layer in here.get(place, ())]
        if without := [f"{count} in {layer}" for layer, count in counts if count > 0]:
            phrases.append(f"{result.hypothesis.id} without a value: {', '.join(without)}")
    return tuple(phrases)


def _place(name: str, plan: DescribedStudy) -> tuple[str, int]:
    question = registered_questions()[plan.registration.hypotheses[name].question]
    return question.arm, question.initialization_set


def primary_ids(plan: DescribedStudy) -> list[str]:
    """Return the ids of the primary hypotheses."""
    return [one.id for one in plan.registration.hypotheses.values() if one.is_primary]


def primary_power(plan: DescribedStudy, *, keep: bool, watch: Callable[[int], None] = lambda more: None) -> Power:
    """Return what each primary test can find with the networks planned, as the dry run prints it.

    Parameters
    ----------
    plan
        The study.
    keep
        Whether what is simulated is kept in the study's folder, where the next asks; it replaces what is there for
        another registration, other settings or another number of studies.
    watch
        Is told how many more studies are simulated.
    """
    primary = primary_ids(plan)
    path = plan.folder.path / POWER_FILE
    made_for = [plan.registration.digest, plan.config.profile, len(plan.networks), plan.config.seed, STUDIES]
    kept = _kept(path, made_for, primary)
    if kept is not None:
        return kept
    lines = power_lines(plan.registration, plan.config, workers=usable_cores(), only=primary, watch=watch)
    power = {line.hypothesis.id: (_sentence(line), line.answers) for line in lines}
    if keep:
        with contextlib.suppress(OSError):  # a disk that takes no more has its own message where the report is written
            path.write_text(json.dumps({"made_for": made_for, "power": power}, indent=1), encoding="utf-8")
    return power


def _kept(path: Any, made_for: list[Any], primary: Sequence[str]) -> Power | None:
    if not path.is_file():
        return None
    try:
        content = read_json(path, origin=str(path), remedy="delete it")
    except StudyError:
        return None
    if not isinstance(content, Mapping) or content.get("made_for") != made_for:
        return None
    power = content.get("power")
    if not isinstance(power, Mapping) or set(power) != set(primary):
        return None
    if not all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], bool)
        for pair in power.values()
    ):
        return None
    return {name: (words, finds) for name, (words, finds) in power.items()}


def _sentence(line: PowerLine) -> str:
    if line.tally is None:
        return f"{line.hypothesis.id}: {line.remark}."
    share = share_text(line.tally.significant.hypothesis, line.tally.studies)
    return f"{line.hypothesis.id} finds the smallest effect in {share} of simulated studies."
