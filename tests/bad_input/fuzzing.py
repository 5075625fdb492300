"""What readers are fed: files that were damaged in a few places, and values of other shapes where a value stands."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

TOKENS = (
    *(b"[", b"]", b"{", b"}", b'"', b"'", b'"""', b"=", b".", b",", b":", b"#", b"\n", b"\r", b" ", b"\0", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"nan", b"inf", b"-1", b"1e999", b"9" * 5_000, b"0x" + b"f" * 5_000, b"2020-01-01"),
    *(b"true", b"null", b"[[", b"{}", b"[]", b"[" * 2_000, b"a." * 2_000, b"\x1b[31m", b"\xe2\x80\xae", b"```"),
    *(b"\n```toml hypotheses\n", b"\n```toml multiverse\n", b"\n```\n", b"~nobody/", b"\\ud800", b"\\u0007"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([2**31, 2**63, -(2**63), 10**18, 10**400]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "any", "all", "nothing", "every", "a\nstudy: b", "\x1b[31m", "\x07", "\u202e", "x" * 5_000]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Return a file with one to four places cut, doubled or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 0, 1, 2, 7, 50, 100_000])))
        put = draw(st.sampled_from(TOKENS) | st.binary(max_size=4) | st.just(content[start:end] * 2))
        content = content[:start] + put + content[end:]
    return content


@st.composite
def misshapen(draw: st.DrawFn, value: Any) -> Any:
    """Return a value in which one or two things, however deep, are removed or are something else."""
    whole = [copy.deepcopy(value)]
    for _ in range(draw(st.integers(1, 2))):
        place: Any = whole
        key: Any = 0
        while isinstance(inner := place[key], dict | list) and inner and draw(st.integers(0, 3)):
            place = inner
            keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
            key = draw(st.sampled_from(keys))
        if isinstance(place, dict) and draw(st.booleans()):
            del place[key]
            if not place:
                break
        else:
            place[key] = draw(VALUES)
    return whole[0]


def toml(value: Any) -> str:
    """Return a value as TOML writes it within a line; what TOML does not have, as a date."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {toml(inner)}' for key, inner in value.items())}}}"
    return "2020-01-01"


def toml_tables(tables: dict[str, Any]) -> str:
    """Return tables as a TOML file writes them, a line for each key."""
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{json.dumps(name)}]", *(f"{json.dumps(key)} = {toml(value)}" for key, value in table.items())]
    return "\n".join([*lines, ""])
