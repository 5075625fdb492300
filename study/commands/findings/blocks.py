"""Parts of a text file that a command writes: each between two comments that no reader sees, the rest is people's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from study.vocabulary.errors import StudyError


def block(name: str, content: str) -> str:
    """Return a part with its markers."""
    return f"{_begin(name)}\n\n{content.strip()}\n\n{_end(name)}"


def with_blocks(text: str, blocks: Mapping[str, str], *, source: str) -> str:
    """Return a text with the parts that it has markers for made new; the others are left out.

    Raises
    ------
    StudyError
        When markers are doubled, one of a pair is missing, or they name no part.
    """
    names = re.findall(r"<!-- /?findings:([^ ]*) -->", text)
    if unknown := [name for name in names if name not in blocks]:
        raise StudyError(f"{source}: marker of {unknown[0]!r}; allowed are {', '.join(blocks)}")
    for name in dict.fromkeys(names):
        pattern = re.compile(f"{re.escape(_begin(name))}.*?{re.escape(_end(name))}", re.DOTALL)
        if text.count(_begin(name)) != 1 or text.count(_end(name)) != 1 or not pattern.search(text):
            raise StudyError(
                f"{source}: the markers of {name!r} are not one pair in order; write {_begin(name)} and {_end(name)} once each"
            )
        made = block(name, blocks[name])
        text = pattern.sub(made.replace("\\", r"\\"), text)
    return text


def has_block(text: str, name: str) -> bool:
    """Return whether a text has a marker of a part."""
    return _begin(name) in text


def differing(text: str, made: str) -> list[str]:
    """Return the names of the parts in which two texts with the same markers differ; '' stands for the rest."""
    parts, others = (_parts(one) for one in (text, made))
    return [name for name in dict.fromkeys([*parts, *others]) if parts.get(name) != others.get(name)]


def _parts(text: str) -> dict[str, str]:
    found = dict(re.findall(r"<!-- findings:([^ ]*) -->(.*?)<!-- /findings:\1 -->", text, re.DOTALL))
    return {**found, "": re.sub(r"<!-- findings:([^ ]*) -->.*?<!-- /findings:\1 -->", "", text, flags=re.DOTALL)}


def _begin(name: str) -> str:
    return f"<!-- findings:{name} -->"


def _end(name: str) -> str:
    return f"<!-- /findings:{name} -->"
