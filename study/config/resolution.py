"""From a profile, assignments and flags to a config; whatever is refused is refused with where it came from."""

from __future__ import annotations

import itertools
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from study.config.sections import SECTIONS, STUDY_KEYS, Config
from study.vocabulary.errors import Refusals, StudyError, quoted, refuse_unless, shown
from study.vocabulary.reading import parse_toml, read_toml
from study.vocabulary.text import checked_name, meant

PROFILES = ("quick", "cifar10-small", "cifar10", "paper", "published")


def load_profile(profile: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return a profile's name and its settings by section; a file is called by its name, `quick.toml` not `quick`.

    Parameters
    ----------
    profile
        One of `PROFILES`, or the path of a TOML file of one's own.

    Raises
    ------
    StudyError
        When there is no such profile, it is no TOML, or its name could be no label.
    """
    if profile in PROFILES:
        text = (resources.files("study.config") / "profiles" / f"{profile}.toml").read_text(encoding="utf-8")
        return profile, parse_toml(text, what=f"profile {profile}")
    path = Path(profile)
    if path.suffix.casefold() != ".toml":
        raise StudyError(_no_profile(profile))
    name = checked_name(path.name, what="--profile: the file's name", remedy="rename the file", longest=100)
    try:
        return name, read_toml(path, origin="profile")
    except StudyError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            beside = (other.name for other in itertools.islice(path.parent.glob("*.toml"), 1_000))
            raise StudyError(f"--profile {shown(profile)}: there is no such file{meant(name, beside)}") from None
        raise


def _no_profile(text: str) -> str:
    """Return why a text is neither a profile's name nor a TOML file, and what to write."""
    known, beside = f"choose {', '.join(PROFILES)}, or the path of a .toml file", f"{text}.toml"
    if os.path.isdir(text):
        return f"--profile {quoted(text)} is a folder: {known}"
    if os.path.lexists(text):
        return f"--profile {quoted(text)} is a file whose name does not end in .toml: rename it"
    hint = f" (did you mean {shown(beside)}?)" if os.path.isfile(beside) else meant(text, PROFILES)
    return f"--profile {quoted(text)} is unknown{hint}: {known}"


def resolve(
    profile: str, *, assignments: Sequence[str] = (), flags: Mapping[str, tuple[str, Any]] | None = None
) -> Config:
    """Return the config: defaults, then the profile, then `--set` assignments, then flags, the later winning.

    Parameters
    ----------
    profile
        A profile's name or file.
    assignments
        `section.key=value`, values in TOML (a bare word is taken as text).
    flags
        A flag such as `--workers` to its (`section.key`, value); value None means the flag was not given.

    Raises
    ------
    StudyError
        On an unknown key, a value of the wrong type or out of range: the message says which, and where it came from. All
        that are wrong are refused at once, a line each.
    """
    name, settings = load_profile(profile)
    refusals = Refusals()
    values: dict[str, tuple[Any, str]] = {"study.name": (_study_name(name), "the profile's name")}
    origin = f"profile {shown(profile)}"
    for section, table in settings.items():
        with refusals.kept():
            refuse_unless(
                isinstance(table, dict),
                f"{origin}: {quoted(section)} stands outside a section; sections: study, {', '.join(SECTIONS)}",
            )
            values |= {f"{section}.{key}": (value, origin) for key, value in table.items()}
    for assignment in assignments:
        with refusals.kept():
            key, value = _parsed_assignment(assignment)
            values[key] = (value, f"--set {shown(assignment)}")
    values |= {key: (value, flag) for flag, (key, value) in (flags or {}).items() if value is not None}
    return _assembled(name, values, refusals)


def _study_name(profile: str) -> str:
    """Return what a study of a profile is called: the profile's name, the file's without its suffix."""
    return profile if profile in PROFILES else Path(profile).stem


def recorded_config(record: Mapping[str, Mapping[str, Any]], *, source: str) -> Config:
    """Return the config of which `study.config.as_record` is stored; a setting that it does not know has its default.

    Raises
    ------
    StudyError
        As `resolve`.
    """
    if not isinstance(record, Mapping) or not all(isinstance(keys, Mapping) for keys in record.values()):
        raise StudyError(f"{source}: its sections must be tables of settings")
    values = {f"{section}.{key}": (value, source) for section, keys in record.items() for key, value in keys.items()}
    profile, _ = values.pop("study.profile", ("", source))
    return _assembled(str(profile), values, Refusals())


def _parsed_assignment(assignment: str) -> tuple[str, Any]:
    key, equals, text = assignment.partition("=")
    if not equals or "." not in key:
        raise StudyError(f"--set {quoted(assignment)}: write section.key=value, such as --set training.epochs=12")
    if len(assignment.splitlines()) > 1:
        raise StudyError(f"--set {quoted(assignment)} holds a line break: give every setting a --set of its own")
    try:
        return key.strip(), parse_toml(f"value = {text}", what="--set")["value"]
    except StudyError:  # it is no TOML: a bare word
        return key.strip(), text


def _assembled(profile: str, values: dict[str, tuple[Any, str]], refusals: Refusals) -> Config:
    """Return the config of these values; all that are wrong are refused at once, with what was refused before."""
    sections: dict[str, dict[str, Any]] = {section: {} for section in ("study", *SECTIONS)}
    for key, (value, origin) in values.items():
        with refusals.kept():
            section, name, hint = _setting(key, origin)
            sections[section][name] = _converted(key, value, hint, origin)
    origins = {key: origin for key, (_, origin) in values.items()}
    study = sections.pop("study")
    factories = typing.cast("dict[str, Any]", Config.__dataclass_fields__)
    built = {
        name: _section(name, factories[name].default_factory, keys, origins, refusals)
        for name, keys in sections.items()
    }
    architecture = sections["network"].get("architecture", built["network"].architecture)
    if architecture != built["network"].architecture:  # it was refused: nobody can tell which layers there are
        built |= {name: factories[name].default_factory() for name in ("ablation", "shift_invariance")}
    whole = _section("study", Config, {"profile": profile, **study, **built}, origins, refusals)
    refusals.check()
    return whole  # type: ignore[no-any-return]


def _section(
    section: str, make: Callable[..., Any], keys: dict[str, Any], origins: Mapping[str, str], refusals: Refusals
) -> Any:
    """Build a section; a value that is refused is left out and the rest looked at again, so that all are found.

    What is refused only because something else was left out is not said. Where nothing helps, defaults are returned.
    """
    while True:
        try:
            return make(**keys)
        except StudyError as error:
            named = str(error).split(" ", 1)[0]
            where, _, key = named.partition(".")
            others = {name: value for name, value in keys.items() if (section, name) != (where, key)}
            if where in keys and keys[where] != type(keys[where])():
                others = {**keys, where: type(keys[where])()}
            if others != keys or not refusals.errors:
                refusals.errors.append(StudyError(f"{origins.get(named, 'default')}: {error}"))
            if others == keys:
                return make()
            keys = others


def _setting(key: str, origin: str) -> tuple[str, str, Any]:
    """Return the section and name of a setting, and its type.

    Raises
    ------
    StudyError
        When there is no such setting.
    """
    section, _, name = key.partition(".")
    allowed = _fields(section, origin)
    refuse_unless(
        name in allowed,
        f"{origin}: {quoted(key)} is no setting; {section} has {', '.join(sorted(allowed))}{meant(name, allowed)}",
    )
    return section, name, allowed.get(name)


def _fields(section: str, origin: str) -> dict[str, Any]:
    if section == "study":
        hints = typing.get_type_hints(Config)
        return {key: hints[key] for key in STUDY_KEYS}
    if section not in SECTIONS:
        raise StudyError(
            f"{origin}: there is no section {quoted(section)}; sections: study, {', '.join(SECTIONS)}"
            f"{meant(section, SECTIONS)}"
        )
    factory = typing.get_type_hints(Config)[section]
    return typing.get_type_hints(factory)


def _converted(key: str, value: Any, hint: Any, origin: str) -> Any:
    """Return `value` as its field's type, or refuse it naming the allowed type or set."""
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if value in allowed:
            return value
        raise StudyError(f"{origin}: {key} = {quoted(value)} is not allowed: it must be one of {', '.join(allowed)}")
    words: tuple[str, ...] = ()
    if typing.get_origin(hint) is typing.Union:  # words in place of a number
        words, hint = typing.get_args(typing.get_args(hint)[0]), typing.get_args(hint)[1]
        if value in words:
            return value
    if typing.get_origin(hint) is tuple:
        return _converted_list(key, value, typing.get_args(hint)[0], origin)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    kinds = {int: "a whole number", float: "a number", str: "text"}
    raise StudyError(
        f"{origin}: {key} = {quoted(value)} is not allowed: it must be {' or '.join((*words, kinds[hint]))}"
    )


def _converted_list(key: str, value: Any, kind: type, origin: str) -> tuple[Any, ...]:
    """Return a list of names or of numbers as a tuple; text is cut at its commas."""
    items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    if isinstance(value, str) and kind is float:
        items = [_number(item) for item in items]
    allowed = (str,) if kind is str else (int, float)
    if isinstance(items, (list, tuple)) and all(
        isinstance(item, allowed) and not isinstance(item, bool) for item in items
    ):
        return tuple(kind(item) for item in items)
    of = "names" if kind is str else "numbers"
    raise StudyError(f"{origin}: {key} = {quoted(value)} is not allowed: it must be a list of {of}")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
