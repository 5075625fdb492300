"""From the text of `preregistration.md` to what it registers; its prose stands around the blocks for people.

Seven kinds of fenced blocks are read: `toml hypotheses`, and once each `toml defaults`, `toml settings`, `toml learning`,
`toml manipulation`, `toml calibration` and `toml multiverse`. A hypothesis is a table, named by its id, in a block of
hypotheses::

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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.registration.blocks import only_table
from study.registration.ceilings import parsed_ceilings
from study.registration.fields import FIELDS, checked_hypothesis
from study.registration.hypotheses import ALL_LAYERS, ANY_NETWORK, MOST_PRIMARY, Hypothesis, Registration
from study.registration.learning import parsed_learning, parsed_manipulation
from study.registration.multiverse import parsed_factors
from study.registration.profiles import registered_profiles
from study.vocabulary.digests import digest
from study.vocabulary.errors import StudyError, quoted, shown
from study.vocabulary.reading import parse_toml, read_text
from study.vocabulary.text import checked_name, meant

DECISION = "decision"
MOST_BYTES = 2_000_000
KINDS = ("defaults", "hypotheses", "settings", "learning", "manipulation", "calibration", "multiverse")

Blocks = Mapping[str, Sequence[str]]  # kind to the contents of its blocks


def read_registration(path: Path) -> Registration:
    """Return what `path` registers.

    Raises
    ------
    StudyError
        When the file is missing, or a block is malformed: the message names file, block and field.
    """
    return parsed_registration(_text(path), source=shown(path))


def text_digest(path: Path) -> str:
    """Return the digest of a registration's whole text, blocks and prose.

    Raises
    ------
    StudyError
        When the file is missing or cannot be read.
    """
    return hashlib.sha256(_text(path).encode()).hexdigest()


def _text(path: Path) -> str:
    try:
        return read_text(path, remedy="give a registration with --preregistration FILE", most_bytes=MOST_BYTES)
    except StudyError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise StudyError(
                f"{shown(path)} does not exist: nothing is tested that is not registered; run from the project's folder, or"
                " give the file with --preregistration FILE"
            ) from None
        raise


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
    blocks = _blocks(text, source)
    hypotheses = _hypotheses(blocks, source)
    settings = _settings(blocks, source)
    sizes = {name: dict(values) for name, values in (registered_profiles() if profiles is None else profiles).items()}
    multiverse = parsed_factors(*_tables(blocks, "multiverse", source))
    learning = parsed_learning(*_tables(blocks, "learning", source))
    ceilings = parsed_ceilings(*_tables(blocks, "calibration", source))
    manipulation = parsed_manipulation(*_tables(blocks, "manipulation", source))
    of_text = hashlib.sha256(text.encode()).hexdigest()
    registered = Registration(hypotheses, settings, sizes, "", of_text, multiverse, learning, ceilings, manipulation)
    machine_readable = {key: value for key, value in registered.as_record().items() if not key.endswith("digest")}
    return dataclasses.replace(registered, digest=digest(machine_readable))


def _blocks(text: str, source: str) -> Blocks:
    """Return the fenced blocks by kind.

    Refused are a block of a kind that is not read, since what stands in it would go unregistered without a word, and one
    that is not closed, since it would swallow what follows it.
    """
    blocks: dict[str, list[str]] = {kind: [] for kind in KINDS}
    kind = ""
    content: list[str] | None = None  # of the block that is open
    for line in [*text.split("\n"), "```end"]:
        if not line.startswith("```"):
            if content is not None:
                content.append(line)
        elif content is not None:
            if line[3:].strip():
                number = len(blocks[kind]) + 1
                raise StudyError(
                    f"{source}, {kind} block {number}: is not closed; end it with ``` on a line of its own"
                )
            blocks[kind].append("\n".join(content))
            content = None
        elif line.startswith("```toml ") and (kind := line[8:].strip()):
            if kind not in KINDS:
                raise StudyError(
                    f"{source}: a block opens with ```toml {shown(kind)}; kinds are {', '.join(KINDS)}, and ```toml alone"
                    " for prose"
                )
            content = []
    return blocks


def _tables(blocks: Blocks, kind: str, source: str) -> tuple[list[dict[str, Any]], str]:
    """Return the tables of every block of a kind that may stand once, and their place."""
    where = f"{source}, {kind} block"
    return [parse_toml(block, what=where) for block in blocks[kind]], where


@dataclass(frozen=True)
class _Defaults:
    """What stands once: fields that are the same nearly everywhere, and those of each named decision."""

    fields: Mapping[str, Any]
    decisions: Mapping[str, Mapping[str, Any]]


def _defaults(blocks: Blocks, source: str) -> _Defaults:
    tables, where = _tables(blocks, "defaults", source)
    fields = dict(only_table(tables, where, remedy="write all defaults into one"))
    decisions = fields.pop(DECISION, {})
    if not isinstance(decisions, dict) or not all(isinstance(decision, dict) for decision in decisions.values()):
        raise StudyError(f"{where}: decision = {quoted(decisions)} must be tables such as [decision.effect_above]")
    for name, known in {"": fields, **decisions}.items():
        place = f"{where}, [decision.{name}]" if name else where
        if unknown := sorted(set(known) - set(FIELDS)):
            raise StudyError(
                f"{place}: field {quoted(unknown[0])} is unknown; a hypothesis has {', '.join(FIELDS)}{meant(unknown[0], FIELDS)}"
            )
    return _Defaults(fields, decisions)


def _hypotheses(blocks: Blocks, source: str) -> dict[str, Hypothesis]:
    """Return all hypotheses by id, in the order of the file."""
    defaults = _defaults(blocks, source)
    hypotheses: dict[str, Hypothesis] = {}
    families: dict[str, Hypothesis] = {}
    for index, block in enumerate(blocks["hypotheses"], start=1):
        where = f"{source}, hypotheses block {index}"
        contents = parse_toml(block, what=where)
        shared = {key: value for key, value in contents.items() if not isinstance(value, dict)}
        tables = {key: value for key, value in contents.items() if isinstance(value, dict)}
        if not tables:
            raise StudyError(
                f"{where}: names no hypothesis; write its id in brackets above its fields, [question-claim]"
            )
        for name, table in tables.items():
            if name in hypotheses:
                raise StudyError(f"{where}: id {quoted(name)} is taken by an earlier block")
            checked_name(name, what=f"{where}: the id", remedy="give it another", longest=100)
            hypothesis = _hypothesis(name, shared | table, defaults, f"{where}, [{name}]")
            _check_family(hypothesis, families.setdefault(hypothesis.family, hypothesis), f"{where}, [{name}]")
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
        raise StudyError(
            f"{where}, field 'id': {quoted(written['id'])} has no place here; the id is the name in brackets"
        )
    decision: Mapping[str, Any] = {}
    if DECISION in written:
        if not isinstance(written[DECISION], str) or written[DECISION] not in defaults.decisions:
            raise StudyError(
                f"{where}, field 'decision': {quoted(written[DECISION])} is unknown; decisions are"
                f" {', '.join(defaults.decisions) or 'none: add [decision.NAME] to the defaults block'}"
            )
        decision = defaults.decisions[written[DECISION]]
    derived = {"id": name, "question": name.partition("-")[0], "family": name}
    if written.get("layers") == ALL_LAYERS:
        derived["network"] = ANY_NETWORK
    fields = {**defaults.fields, **decision, **derived, **written}
    fields.pop(DECISION, None)
    return checked_hypothesis(fields, where)


def _check_family(hypothesis: Hypothesis, first: Hypothesis, where: str) -> None:
    """Refuse a hypothesis that is adjusted in another way than the first of its family."""
    if first.adjustment != hypothesis.adjustment:
        raise StudyError(
            f"{where}, field 'adjustment': {quoted(hypothesis.adjustment)}, but {quoted(first.id)} of the same family"
            f" {quoted(first.family)} has {quoted(first.adjustment)}; a family has one"
        )


def _settings(blocks: Blocks, source: str) -> dict[str, Any]:
    """Return the registered settings, `section.key` to value."""
    tables, where = _tables(blocks, "settings", source)
    flat: dict[str, Any] = {}
    for table in tables:
        for section, settings in table.items():
            if section == "profile":
                raise StudyError(f"{where}: [profile] has no place here; sizes are those of the profiles' own files")
            if not isinstance(settings, dict):
                raise StudyError(
                    f"{where}: {quoted(section)} stands outside a section; write [training] above batch_size = 32"
                )
            flat |= {f"{section}.{key}": value for key, value in settings.items()}
    for key, value in flat.items():
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, (str, int, float)) for item in items):
            raise StudyError(f"{where}: {shown(key)} = {quoted(value)} must be text, a number or a list")
        for text in (key, *(item for item in items if isinstance(item, str) and item)):
            checked_name(text, what=f"{where}: in {shown(key)}", remedy="write it anew")
    return flat
