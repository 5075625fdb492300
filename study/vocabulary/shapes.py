"""Whether a value that was read from JSON has the shape that this program wrote: a few lines in place of a library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from study.vocabulary.errors import shown

# The shape of a value: a type of this table; a mapping of the keys that an object must have to their shapes, `ANY` for
# every other key; or a list of one shape, which every item has.
Shape = Any
ANY: Final = ""
NUMBER: Final = (int, float)
_LARGEST: Final = 1e15  # of numbers: what is larger neither counts nor measures anything here
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    NUMBER: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


def shape_problem(value: Any, shape: Shape, where: str = "") -> str:
    """Return '' for a value of a shape, else what in it is something else, and what it must be.

    Parameters
    ----------
    value
        As `json.loads` returns it.
    shape
        See `Shape`. Texts must be ones that can be encoded; numbers finite, and of a size that something can have.
    where
        Key of the value, with dots; '' for the outermost.
    """
    if isinstance(shape, list):
        inner = [(f"{where}[{index}]", item, shape[0]) for index, item in enumerate(value)] if _is(value, list) else []
        return _wrong(value, list, where) or _first_problem(inner)
    if isinstance(shape, Mapping):
        if problem := _wrong(value, dict, where):
            return problem
        if missing := [key for key in shape if key != ANY and key not in value]:
            return f"{_below(where, missing[0])} is missing"
        shapes = {key: shape[key] if key in shape else shape.get(ANY) for key in value}
        return _first_problem([(_below(where, key), value[key], one) for key, one in shapes.items() if one is not None])
    return _wrong(value, shape, where)


def _first_problem(parts: list[tuple[str, Any, Shape]]) -> str:
    return next(filter(None, (shape_problem(value, shape, where) for where, value, shape in parts)), "")


def _wrong(value: Any, kind: Any, where: str) -> str:
    if _is(value, kind):
        return ""
    present = next((words for kind, words in _WORDS.items() if _is(value, kind)), "")
    present = present or ("text that cannot be encoded" if isinstance(value, str) else "a number no study can have")
    return f"{where or 'it'} is {present}, must be {_WORDS[kind]}"


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, str) and kind is str:
        return not any(0xD800 <= ord(character) <= 0xDFFF for character in value)
    if isinstance(value, (int, float)) and kind in (int, NUMBER):
        return isinstance(value, kind) and abs(value) <= _LARGEST and math.isfinite(value)
    return isinstance(value, kind)


def _below(where: str, key: str) -> str:
    return f"{where}.{shown(key)}" if where else shown(key)
