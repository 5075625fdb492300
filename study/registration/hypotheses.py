"""Hypotheses, parsed from `preregistration.md`: what is not written there is not tested as confirmatory.

A hypothesis is a fenced block that opens with ```` ```toml hypothesis ````; its prose stands around it for people. The
decision rule is part of the block, in a language of its own small enough to read at a glance::

    supported    = "pvalue_adjusted <= alpha and estimate >= smallest_effect"
    contradicted = "ci_high < smallest_effect"

`study.registration.rules` says what it understands.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from study.registration.multiverse import Choices, parsed_choices, plain_choices
from study.registration.rules import Rule, parsed_rule
from study.vocabulary.errors import StudyError

QUESTIONS = (
    "existence",
    "spatial_frequency",
    "untrained",
    "maturation",
    "generalization",
    "memorization",
    "ablation",
    "shift_invariance",
    "replication",
)
Alternative = Literal["two-sided", "less", "greater"]
Adjustment = Literal["holm", "none"]
ALTERNATIVES, ADJUSTMENTS = get_args(Alternative), get_args(Adjustment)
CNN7_LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")
VGG16_LAYERS = tuple(
    f"block{block}_{part}"
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1)
    for part in (*(f"conv{index}" for index in range(1, convolutions + 1)), "pool")
) + ("fc1", "fc2")
KNOWN_LAYERS = tuple(dict.fromkeys(CNN7_LAYERS + VGG16_LAYERS))
TESTS = ("sign_flip", "stratified_permutation", "equivalence", "correlation_equivalence")
CORRELATION_TESTS = ("stratified_permutation", "correlation_equivalence")  # of two variables, over networks
EQUIVALENCE_TESTS = ("equivalence", "correlation_equivalence")
COMBINATIONS = ("every", "most", "any")
STATUSES = ("confirmatory", "exploratory")


@dataclass(frozen=True)
class Hypothesis:
    """One registered hypothesis. The experimental unit is the network throughout.

    `measure` names the function of the question's analysis module that gives the estimand, one value per network and
    layer. `null_value` is the estimand under the null, `smallest_effect` the registered smallest effect of interest: a
    value of the estimand beyond `null_value`, or the half-width of an equivalence margin around it. `expected_sd` is the
    standard deviation over networks of the estimand that power calculations assume; 0 for correlations over networks.
    """

    id: str
    question: str
    paper_section: str
    claim: str
    estimand: str
    measure: str
    experimental_unit: str
    layers: tuple[str, ...]
    layers_required: str
    test: str
    alternative: Alternative
    n_resamples: int
    strata: str
    confidence_level: float
    alpha: float
    family: str
    adjustment: Adjustment
    null_value: float
    smallest_effect: float
    expected_sd: float
    supported: Rule
    contradicted: Rule
    exclusions: str
    minimum_networks: int
    minimum_per_stratum: int
    status: str

    def as_record(self) -> dict[str, Any]:
        """Return the fields as plain JSON types, rules as their text."""
        record = dataclasses.asdict(self)
        return record | {
            "layers": list(self.layers),
            "supported": self.supported.text,
            "contradicted": self.contradicted.text,
        }


@dataclass(frozen=True)
class Registration:
    """Everything registered: hypotheses by id, and the settings they were registered for.

    `settings` holds `section.key` of the config to the registered value for every profile, `profile_settings` the same
    by profile. `multiverse` holds, by question, the levels of each factor of its analysis, the registered choice first.
    `digest` covers the machine-readable part, `text_digest` the whole file.
    """

    hypotheses: dict[str, Hypothesis]
    settings: dict[str, Any]
    profile_settings: dict[str, dict[str, Any]]
    digest: str
    text_digest: str
    multiverse: Choices = dataclasses.field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """Return what is stored with the data when the first network starts."""
        return {
            "digest": self.digest,
            "text_digest": self.text_digest,
            "hypotheses": {name: hypothesis.as_record() for name, hypothesis in self.hypotheses.items()},
            "settings": self.settings,
            "profile_settings": self.profile_settings,
            "multiverse": plain_choices(self.multiverse),
        }


def read_registration(path: Path) -> Registration:
    """Return what `path` registers.

    Raises
    ------
    StudyError
        When the file is missing, or a block is malformed: the message names file, block and field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(
            f"{path} does not exist: nothing is tested that is not registered; run from the project's folder, or give the"
            " file with --preregistration FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    return parsed_registration(text, source=str(path))


def parsed_registration(text: str, *, source: str) -> Registration:
    """Return what a text registers; see `read_registration`.

    Parameters
    ----------
    text
        The whole file.
    source
        The file's name, for messages.
    """
    hypotheses: dict[str, Hypothesis] = {}
    for index, block in enumerate(_blocks(text, "hypothesis", source), start=1):
        hypothesis = _hypothesis(
            _toml(block, f"{source}, hypothesis block {index}"), f"{source}, hypothesis block {index}"
        )
        for other in hypotheses.values():
            if other.family == hypothesis.family and other.adjustment != hypothesis.adjustment:
                raise StudyError(
                    f"{source}, hypothesis block {index} ({hypothesis.id}), field 'adjustment': {hypothesis.adjustment!r}, but"
                    f" {other.id!r} of the same family {hypothesis.family!r} has {other.adjustment!r}; a family has one"
                )
        if hypothesis.id in hypotheses:
            raise StudyError(f"{source}, hypothesis block {index}: id {hypothesis.id!r} is taken by an earlier block")
        hypotheses[hypothesis.id] = hypothesis
    if not hypotheses:
        raise StudyError(f"{source} holds no block that opens with ```toml hypothesis: nothing is registered")
    tables = [_toml(block, f"{source}, settings block") for block in _blocks(text, "settings", source)]
    where = f"{source}, settings block"
    settings = _flat({key: value for table in tables for key, value in table.items() if key != "profile"}, where)
    by_profile = [table.get("profile", {}) for table in tables]
    for entry in by_profile:
        if not isinstance(entry, dict):
            raise StudyError(f"{where}: profile = {entry!r} must be tables such as [profile.quick.training]")
    profiles = {name: _flat(table, where) for entry in by_profile for name, table in entry.items()}
    where = f"{source}, multiverse block"
    multiverse = parsed_choices([_toml(one, where) for one in _blocks(text, "multiverse", source)], QUESTIONS, where)
    machine_readable = {
        "hypotheses": {name: hypothesis.as_record() for name, hypothesis in hypotheses.items()},
        "settings": settings,
        "profile_settings": profiles,
        "multiverse": plain_choices(multiverse),
    }
    canonical = json.dumps(machine_readable, sort_keys=True, separators=(",", ":"))
    return Registration(hypotheses, settings, profiles, _sha256(canonical), _sha256(text), multiverse)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _blocks(text: str, kind: str, source: str) -> list[str]:
    """Return the fenced blocks of a kind; one that is not closed would swallow what follows it, so it is refused."""
    blocks = []
    fence = re.compile(r"^```(.*)$", re.MULTILINE)
    for index, opening in enumerate(re.finditer(rf"^```toml {kind}[^\S\n]*\n", text, re.MULTILINE), start=1):
        closing = fence.search(text, opening.end())
        if closing is None or closing[1].strip():
            raise StudyError(f"{source}, {kind} block {index}: is not closed; end it with ``` on a line of its own")
        blocks.append(text[opening.end() : closing.start()])
    return blocks


def _toml(block: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(block)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{where}: not valid TOML: {error}") from None


def _flat(table: Any, where: str) -> dict[str, Any]:
    """Return `{section: {key: value}}` as `{"section.key": value}`."""
    if not isinstance(table, dict):
        raise StudyError(f"{where}: {table!r} must be a table of sections, such as [profile.quick.training]")
    for section, keys in table.items():
        if not isinstance(keys, dict):
            raise StudyError(f"{where}: {section!r} stands outside a section; write [training] and epochs = 8 below it")
    flat = {f"{section}.{key}": value for section, keys in table.items() for key, value in keys.items()}
    for key, value in flat.items():
        if not isinstance(value, (str, int, float, list)):
            raise StudyError(f"{where}: {key} = {value!r} must be text, a number or a list")
    return flat


def _hypothesis(fields: dict[str, Any], where: str) -> Hypothesis:
    where = f"{where} ({fields['id']})" if isinstance(fields.get("id"), str) else where
    hints = {field.name: str(field.type) for field in dataclasses.fields(Hypothesis)}
    if missing := sorted(set(hints) - set(fields)):
        raise StudyError(f"{where}: field {missing[0]!r} is missing; a hypothesis has {', '.join(hints)}")
    if unknown := sorted(set(fields) - set(hints)):
        raise StudyError(f"{where}: field {unknown[0]!r} is unknown; a hypothesis has {', '.join(hints)}")
    values = {key: _converted(key, fields[key], hint, where) for key, hint in hints.items()}
    _check_values(values, where)
    return Hypothesis(**values)


def _converted(key: str, value: Any, hint: str, where: str) -> Any:
    """Return a field's value in its type, or refuse it by name."""
    if hint == "Rule":
        return parsed_rule(value, f"{where}, field {key!r}")
    if hint == "tuple[str, ...]":
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise StudyError(f"{where}, field {key!r}: {value!r} must be a non-empty list of names")
    if hint == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    kind = {"int": int, "float": float}.get(hint, str)  # the literal types are text
    if not isinstance(value, kind) or isinstance(value, bool):
        raise StudyError(f"{where}, field {key!r}: {value!r} must be of type {hint}")
    if isinstance(value, str) and not value.strip():
        raise StudyError(f"{where}, field {key!r}: is empty; write what is registered")
    return value


def _check_values(values: dict[str, Any], where: str) -> None:
    allowed_sets = {
        "question": QUESTIONS,
        "alternative": ALTERNATIVES,
        "test": TESTS,
        "layers_required": COMBINATIONS,
        "status": STATUSES,
        "experimental_unit": ("network",),
        "adjustment": ADJUSTMENTS,
        "strata": ("augmentation", "label_corruption", "none"),
    }
    for key, allowed in allowed_sets.items():
        if values[key] not in allowed:
            raise StudyError(f"{where}, field {key!r}: {values[key]!r} must be one of {', '.join(allowed)}")
    for layer in values["layers"]:
        if layer not in KNOWN_LAYERS:
            raise StudyError(f"{where}, field 'layers': {layer!r} is no layer; layers are {', '.join(KNOWN_LAYERS)}")
    if len(set(values["layers"])) < len(values["layers"]):
        raise StudyError(f"{where}, field 'layers': {list(values['layers'])!r} names a layer twice")
    ranges = {
        "alpha": (0.0, 0.5),
        "confidence_level": (0.5, 1.0),
        "n_resamples": (999, 10_000_000),
        "minimum_networks": (2, 100_000),
        "minimum_per_stratum": (1, 100_000),
        "smallest_effect": (-1e6, 1e6),
        "null_value": (-1e6, 1e6),
        "expected_sd": (0.0, 1e6),
    }
    for key, (low, high) in ranges.items():
        open_range = key in ("alpha", "confidence_level")
        if not (low < values[key] < high if open_range else low <= values[key] <= high):
            raise StudyError(f"{where}, field {key!r}: {values[key]!r} must be between {low} and {high}")
    _check_effect(values, where)


def _check_effect(values: dict[str, Any], where: str) -> None:
    """Refuse a smallest effect that no result could exceed in the way the test asks, and a spread it cannot have."""
    test, alternative, name = values["test"], values["alternative"], f"{where}, field 'smallest_effect'"
    null_value, effect = values["null_value"], values["smallest_effect"]
    if test in EQUIVALENCE_TESTS:
        if effect <= 0:
            raise StudyError(f"{name}: {effect!r} must be above 0, the half-width of an equivalence margin")
        if test == "correlation_equivalence" and abs(null_value) + effect >= 1:
            raise StudyError(
                f"{name}: {effect!r} around null_value {null_value!r} leaves -1 to 1, where a correlation lies; choose a"
                " smaller margin"
            )
    else:
        side, beyond = {
            "greater": ("above", effect > null_value),
            "less": ("below", effect < null_value),
            "two-sided": ("different from", effect != null_value),
        }[alternative]
        if not beyond:
            raise StudyError(
                f"{name}: {effect!r} must be {side} null_value, {null_value!r}, for alternative {alternative!r}: it is the"
                " value of the estimand from which on an effect matters"
            )
    if (values["expected_sd"] == 0) != (test in CORRELATION_TESTS):
        needed = "0, as in every correlation over networks" if test in CORRELATION_TESTS else "above 0"
        raise StudyError(
            f"{where}, field 'expected_sd': {values['expected_sd']!r} must be {needed}, for test {test!r}: the standard"
            " deviation over networks of the estimand"
        )
