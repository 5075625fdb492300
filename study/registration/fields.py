"""The fields of a hypothesis, checked one by one: each refusal names block, field, value and what is allowed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from study.registration.hypotheses import (
    ADJUSTMENTS,
    ALL_LAYERS,
    ALTERNATIVES,
    ANY_NETWORK,
    BOUNDS,
    COMBINATIONS,
    NOTHING,
    NULL_VALUE,
    STATUSES,
    STRATA,
    Hypothesis,
)
from study.registration.test_kinds import TEST_KINDS
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.text import checked_name, meant

FIELDS: Final = {field.name: str(field.type) for field in dataclasses.fields(Hypothesis)}  # name to type
LONGEST_TEXT: Final = 4_000  # characters
MAY_BE_EMPTY: Final = ("exchangeable",)
ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "alternative": ALTERNATIVES,
    "test": tuple(TEST_KINDS),
    "layers_required": COMBINATIONS,
    "status": STATUSES,
    "experimental_unit": ("network",),
    "adjustment": ADJUSTMENTS,
    "strata": STRATA,
    "estimate_reaches": BOUNDS,
    "opposite_beyond": (NULL_VALUE, NOTHING),
    "ruled_out_at": BOUNDS,
}
RANGES: Final = {
    "n_resamples": (999, 1_000_000),
    "minimum_networks": (2, 100_000),
    "minimum_per_stratum": (1, 100_000),
    "smallest_effect": (-1e6, 1e6),
    "null_value": (-1e6, 1e6),
    "expected_sd": (0.0, 1e6),
}
OPEN_RANGES: Final = {"alpha": (0.0, 0.5), "confidence_level": (0.5, 1.0)}  # the ends are not allowed


def checked_hypothesis(written: Mapping[str, Any], where: str) -> Hypothesis:
    """Return the hypothesis that these fields make.

    Parameters
    ----------
    written
        Every field to its value in TOML.
    where
        The hypothesis' place, for messages.

    Raises
    ------
    StudyError
        On a missing or unknown field, or a value that is not allowed.
    """
    for problem, names in (("unknown", set(written) - set(FIELDS)), ("missing", set(FIELDS) - set(written))):
        if names:
            hint = meant(min(names), FIELDS) if problem == "unknown" else ""
            raise StudyError(
                f"{where}: field {quoted(min(names))} is {problem}{hint}; a hypothesis has {', '.join(FIELDS)}"
            )
    values: dict[str, Any] = {key: _converted(key, written[key], hint, where) for key, hint in FIELDS.items()}
    _check_values(values, where)
    _check_layers(values, where)
    _check_effect(values, where)
    _check_decision(values, where)
    return Hypothesis(**values)


def _converted(key: str, value: Any, hint: str, where: str) -> Any:
    """Return a field's value in its type, or refuse it by name."""
    if hint == "tuple[str, ...]":
        if value == ALL_LAYERS:
            return (ALL_LAYERS,)
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            for item in value:
                _check_text(key, item, where)
            return tuple(value)
        raise StudyError(
            f'{where}, field {quoted(key)}: {quoted(value)} must be "{ALL_LAYERS}" or a non-empty list of names'
        )
    if hint == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    kind = {"int": int, "float": float}.get(hint, str)  # the literal types are text
    if not isinstance(value, kind) or isinstance(value, bool):
        raise StudyError(f"{where}, field {quoted(key)}: {quoted(value)} must be of type {hint}")
    if isinstance(value, str):
        _check_text(key, value, where)
    return value


def _check_text(key: str, text: str, where: str) -> None:
    """Refuse a text that no page could hold, and an empty one."""
    if text.strip():
        checked_name(text, what=f"{where}, field {quoted(key)}:", remedy="write it anew", longest=LONGEST_TEXT)
    elif key not in MAY_BE_EMPTY:
        raise StudyError(f"{where}, field {quoted(key)}: is empty; write what is registered")


def _check_values(values: Mapping[str, Any], where: str) -> None:
    """Refuse a value outside its set or range; NaN lies in no range."""
    for key, allowed in ALLOWED.items():
        if values[key] not in allowed:
            raise StudyError(f"{where}, field {quoted(key)}: {quoted(values[key])} must be one of {', '.join(allowed)}")
    for key, (low, high) in (RANGES | OPEN_RANGES).items():
        if not (low < values[key] < high if key in OPEN_RANGES else low <= values[key] <= high):
            raise StudyError(f"{where}, field {quoted(key)}: {quoted(values[key])} must be between {low} and {high}")


def _check_layers(values: Mapping[str, Any], where: str) -> None:
    """Refuse layers named twice, and names of layers without the network that has them."""
    layers, name = list(values["layers"]), f"{where}, field 'layers'"
    if len(set(layers)) < len(layers):
        raise StudyError(f"{name}: {quoted(layers)} names a layer twice")
    if ALL_LAYERS in layers and len(layers) > 1:
        raise StudyError(
            f'{name}: {quoted(layers)} names layers beside all of them; write layers = "{ALL_LAYERS}" or name each'
        )
    if values["network"] == ANY_NETWORK and ALL_LAYERS not in layers:
        raise StudyError(
            f"{where}, field 'network': '{ANY_NETWORK}' must be the name of an architecture, because the layers {quoted(layers)}"
            f' are those of one; or write layers = "{ALL_LAYERS}"'
        )


def _check_effect(values: Mapping[str, Any], where: str) -> None:
    """Refuse a smallest effect that no result could exceed in the way the test asks, and a spread it cannot have."""
    kind, alternative, name = TEST_KINDS[values["test"]], values["alternative"], f"{where}, field 'smallest_effect'"
    null_value, effect = values["null_value"], values["smallest_effect"]
    if kind.absence:
        if effect <= 0:
            raise StudyError(f"{name}: {effect!r} must be above 0, the half-width of an equivalence margin")
        if kind.correlates and abs(null_value) + effect >= 1:
            raise StudyError(
                f"{name}: {effect!r} around null_value {null_value!r} leaves -1 to 1, where a correlation lies; choose a"
                " smaller margin"
            )
    else:
        side, beyond = ("above", effect > null_value) if alternative == "greater" else ("below", effect < null_value)
        if not beyond:
            raise StudyError(
                f"{name}: {effect!r} must be {side} null_value, {null_value!r}, for alternative {alternative!r}: it is the"
                " value of the estimand from which on an effect matters"
            )
    if (values["expected_sd"] == 0) != kind.correlates:
        needed = "0, as in every correlation over networks" if kind.correlates else "above 0"
        raise StudyError(
            f"{where}, field 'expected_sd': {quoted(values['expected_sd'])} must be {needed}, for test {kind.name!r}: the standard"
            " deviation over networks of the estimand"
        )


def _check_decision(values: Mapping[str, Any], where: str) -> None:
    """Refuse a direction that the test does not have, and findings that a claim of absence, or of an effect, cannot have."""
    kind, alternative = TEST_KINDS[values["test"]], values["alternative"]
    allowed = ("two-sided",) if kind.absence else ("less", "greater")
    if alternative not in allowed:
        raise StudyError(
            f"{where}, field 'alternative': {alternative!r} must be {' or '.join(allowed)} for test {kind.name!r}:"
            f" {'absence lies between two margins' if kind.absence else 'a claim of an effect has a direction'}"
        )
    for field in ("estimate_reaches", "opposite_beyond", "ruled_out_at"):
        if kind.absence and values[field] != NOTHING:
            raise StudyError(
                f"{where}, field {quoted(field)}: {quoted(values[field])} must be {NOTHING!r} for test {kind.name!r}:"
                " its margins decide"
            )
    if values["exchangeable"] and kind.name != "mean":
        raise StudyError(
            f"{where}, field 'exchangeable': a reason has no place here, test {kind.name!r} flips no signs alone; leave it"
            " empty"
        )
