"""From the text of `preregistration.md` to what it registers; its prose stands around the blocks for people.

Six kinds of fenced blocks are read: `toml defaults` (once), `toml hypotheses`, `toml settings`, `toml learning`, `toml
calibration` and `toml multiverse` (once each). A hypothesis is a table, named by its id, in a block of hypotheses::

    [existence-above-shuffle]
    claim = "The gOSI is much larger than that of shuffled responses in most layers."
    decision = "effect_above"
    smallest_effect = 0.1

What it does not say itself stands, in this order, at the top of its block (for all hypotheses of the block), in its
decision, `[decision.effect_above]` of the defaults, or at the top of the defaults. The question is the id's part before
the first hyphen, the family the id, unless the table says otherwise.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.registration.blocks import only_table
from study.registration.ceilings import parsed_ceilings
from study.registration.fields import FIELDS, checked_hypothesis
from study.registration.hypotheses import ALL_LAYERS, ANY_NETWORK, MOST_PRIMARY, Hypothesis, Registration
from study.registration.learning import parsed_learning
from study.registration.multiverse import parsed_factors
from study.registration.profiles import registered_profiles
from study.vocabulary.digests import digest
from study.vocabulary.errors import StudyError

DECISION = "decision"
KINDS = ("defaults", "hypotheses", "settings", "learning", "calibration", "multiverse")


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


def parsed_registration(
    text: str, *, source: str, profiles: Mapping[str, Mapping[str, Any]] | None = None
) -> Registration:
    """Return what a text registers; see `read_registration`.

    Parameters
    ----------
    text
        The whole file.
    source
        The file's name, for messages.
    profiles
        Registered settings by profile, `section.key` to value; those of the profiles' files where not given.
    """
    _check_kinds(text, source)
    hypotheses = _hypotheses(text, source)
    settings = _settings(text, source)
    sizes = {name: dict(values) for name, values in (registered_profiles() if profiles is None else profiles).items()}
    where = f"{source}, multiverse block"
    multiverse = parsed_factors([_toml(block, where) for block in _blocks(text, "multiverse", source)], where)
    where = f"{source}, learning block"
    learning = parsed_learning([_toml(block, where) for block in _blocks(text, "learning", source)], where)
    where = f"{source}, calibration block"
    ceilings = parsed_ceilings([_toml(block, where) for block in _blocks(text, "calibration", source)], where)
    text_digest = hashlib.sha256(text.encode()).hexdigest()
    registered = Registration(hypotheses, settings, sizes, "", text_digest, multiverse, learning, ceilings)
    machine_readable = {key: value for key, value in registered.as_record().items() if not key.endswith("digest")}
    return dataclasses.replace(registered, digest=digest(machine_readable))


def _check_kinds(text: str, source: str) -> None:
    """Refuse a block of a kind that is not read: what stands in it would go unregistered without a word."""
    for kind in re.findall(r"^```toml +(\S.*?)\s*$", text, re.MULTILINE):
        if kind not in KINDS:
            raise StudyError(
                f"{source}: a block opens with ```toml {kind}; kinds are {', '.join(KINDS)}, and ```toml alone for prose"
            )


def _blocks(text: str, kind: str, source: str) -> list[str]:
    """Return the fenced blocks of a kind; one that is not closed would swallow what follows it, so it is refused."""
    contents = []
    fence = re.compile(r"^```(.*)$", re.MULTILINE)
    for index, opening in enumerate(re.finditer(rf"^```toml {kind}[^\S\n]*\n", text, re.MULTILINE), start=1):
        closing = fence.search(text, opening.end())
        if closing is None or closing[1].strip():
            raise StudyError(f"{source}, {kind} block {index}: is not closed; end it with ``` on a line of its own")
        contents.append(text[opening.end() : closing.start()])
    return contents


def _toml(block: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(block)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{where}: not valid TOML: {error}") from None


@dataclass(frozen=True)
class _Defaults:
    """What stands once: fields that are the same nearly everywhere, and those of each named decision."""

    fields: Mapping[str, Any]
    decisions: Mapping[str, Mapping[str, Any]]


def _defaults(text: str, source: str) -> _Defaults:
    where = f"{source}, defaults block"
    tables = [_toml(block, where) for block in _blocks(text, "defaults", source)]
    fields = dict(only_table(tables, where, remedy="write all defaults into one"))
    decisions = fields.pop(DECISION, {})
    if not isinstance(decisions, dict) or not all(isinstance(decision, dict) for decision in decisions.values()):
        raise StudyError(f"{where}: decision = {decisions!r} must be tables such as [decision.effect_above]")
    for name, known in {"": fields, **decisions}.items():
        place = f"{where}, [decision.{name}]" if name else where
        if unknown := sorted(set(known) - set(FIELDS)):
            raise StudyError(f"{place}: field {unknown[0]!r} is unknown; a hypothesis has {', '.join(FIELDS)}")
    return _Defaults(fields, decisions)


def _hypotheses(text: str, source: str) -> dict[str, Hypothesis]:
    """Return all hypotheses by id, in the order of the file."""
    defaults = _defaults(text, source)
    hypotheses: dict[str, Hypothesis] = {}
    for index, block in enumerate(_blocks(text, "hypotheses", source), start=1):
        where = f"{source}, hypotheses block {index}"
        contents = _toml(block, where)
        shared = {key: value for key, value in contents.items() if not isinstance(value, dict)}
        tables = {key: value for key, value in contents.items() if isinstance(value, dict)}
        if not tables:
            raise StudyError(
                f"{where}: names no hypothesis; write its id in brackets above its fields, [question-claim]"
            )
        for name, table in tables.items():
            if name in hypotheses:
                raise StudyError(f"{where}: id {name!r} is taken by an earlier block")
            hypothesis = _hypothesis(name, shared | table, defaults, f"{where}, [{name}]")
            _check_family(hypothesis, hypotheses.values(), f"{where}, [{name}]")
            hypotheses[name] = hypothesis
    primary = [name for name, hypothesis in hypotheses.items() if hypothesis.is_primary]
    if len(primary) > MOST_PRIMARY:
        raise StudyError(
            f"{source}: {len(primary)} hypotheses have status 'primary' ({', '.join(primary)}); at most {MOST_PRIMARY} may, make"
            " the others confirmatory"
        )
    if not hypotheses:
        raise StudyError(f"{source} holds no block that opens with ```toml hypotheses: nothing is registered")
    return hypotheses


def _hypothesis(name: str, written: Mapping[str, Any], defaults: _Defaults, where: str) -> Hypothesis:
    """Return a hypothesis: what is written for it, then its decision, then the defaults."""
    if "id" in written:
        raise StudyError(f"{where}, field 'id': {written['id']!r} has no place here; the id is the name in brackets")
    decision: Mapping[str, Any] = {}
    if DECISION in written:
        if not isinstance(written[DECISION], str) or written[DECISION] not in defaults.decisions:
            raise StudyError(
                f"{where}, field 'decision': {written[DECISION]!r} is unknown; decisions are"
                f" {', '.join(defaults.decisions) or 'none: add [decision.NAME] to the defaults block'}"
            )
        decision = defaults.decisions[written[DECISION]]
    derived = {"id": name, "question": name.partition("-")[0], "family": name}
    if written.get("layers") == ALL_LAYERS:
        derived["network"] = ANY_NETWORK
    fields = {**defaults.fields, **decision, **derived, **written}
    fields.pop(DECISION, None)
    return checked_hypothesis(fields, where)


def _check_family(hypothesis: Hypothesis, others: Iterable[Hypothesis], where: str) -> None:
    """Refuse a hypothesis whose family is adjusted in another way elsewhere."""
    for other in others:
        if other.family == hypothesis.family and other.adjustment != hypothesis.adjustment:
            raise StudyError(
                f"{where}, field 'adjustment': {hypothesis.adjustment!r}, but {other.id!r} of the same family"
                f" {hypothesis.family!r} has {other.adjustment!r}; a family has one"
            )


def _settings(text: str, source: str) -> dict[str, Any]:
    """Return the registered settings, `section.key` to value."""
    where = f"{source}, settings block"
    flat: dict[str, Any] = {}
    for block in _blocks(text, "settings", source):
        for section, settings in _toml(block, where).items():
            if section == "profile":
                raise StudyError(f"{where}: [profile] has no place here; sizes are those of the profiles' own files")
            if not isinstance(settings, dict):
                raise StudyError(
                    f"{where}: {section!r} stands outside a section; write [training] above batch_size = 32"
                )
            flat |= {f"{section}.{key}": value for key, value in settings.items()}
    for key, value in flat.items():
        if not isinstance(value, (str, int, float, list)):
            raise StudyError(f"{where}: {key} = {value!r} must be text, a number or a list")
    return flat
