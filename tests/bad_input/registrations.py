"""Registrations that register something malformed: the real one, changed in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tests.bad_input.corpus import Make, rows_of, typed, written

REGISTRATION = Path(__file__).parents[2] / "preregistration.md"


def changed(pattern: str, replacement: str) -> Make:
    """Return how a registration is made in which one place is another."""

    def make(place: Path) -> Sequence[str]:
        text, count = re.subn(pattern, lambda match: replacement, REGISTRATION.read_text(encoding="utf-8"), count=1)
        assert count == 1, pattern
        (place / "mine.md").write_text(text, encoding="utf-8")
        return ("--preregistration", "mine.md")

    return make


_CHANGES = {
    "no block": (r"(?s).+", "# Nothing is registered here\n", ["toml hypotheses"]),
    "block that is no TOML": (
        r'measure = "selective_excess"',
        "measure = selective_excess",
        ["block 1", "not valid TOML"],
    ),
    "missing field": (r"\nalpha = 0.05\n", "\n", ["existence-selective-units", "'alpha'", "missing"]),
    "unknown field": (r"\nclaim = ", "\nbeta = 1\nclaim = ", ["existence-selective-units", "'beta'", "unknown"]),
    "field of another type": (
        r"\nalpha = 0.05",
        '\nalpha = "small"',
        ["existence-selective-units", "'alpha'", "'small'"],
    ),
    "field out of range": (r"\nalpha = 0.05", "\nalpha = 0.7", ["existence-selective-units", "'alpha'", "0.7", "0.5"]),
    "unknown test": (
        r'test = "mean"',
        'test = "t"',
        ["existence-selective-units", "'test'", "'t'", "rank_correlation"],
    ),
    "unknown question": (r"\[existence-selective-units\]", "[life-units]", ["'question'", "'life'", "existence"]),
    "unknown decision": (
        r'decision = "effect_above"',
        'decision = "effect"',
        ["'decision'", "'effect'", "effect_above"],
    ),
    "unknown layer": (
        r'layers = "all"',
        'layers = ["conv0"]\nnetwork = "cnn7"',
        ["existence-selective-units", "'conv0'", "conv1"],
    ),
    "bound that is none": (
        r'ruled_out_at = "[^"]*"',
        'ruled_out_at = "zero"',
        ["existence-selective-units", "'ruled_out_at'", "'zero'", "smallest_effect"],
    ),
    "id used twice": (r"\[untrained-weaker\]", "[existence-selective-units]", ["hypotheses block", "taken"]),
    "unknown measure": (
        r'measure = "selective_excess"',
        'measure = "hunch"',
        ["existence-selective-units", "'hunch'", "gosi_excess"],
    ),
    "test that does not fit the measure": (
        r"expected_sd = 0.06",
        'test = "rank_correlation"\nexpected_sd = 0.0',
        ["existence-selective-units", "'test'", "does not fit"],
    ),
    "setting outside a section": (
        r"```toml settings\n",
        "```toml settings\nloose = 1\n",
        ["settings block", "'loose'"],
    ),
    "setting of no allowed type": (r"strength = 0.2", "strength = 2020-01-01", ["settings block", "strength"]),
    "last block that is not closed": (r"```(?!(?s:.*)```)", "", ["closed"]),
}


def file(content: str | bytes, name: str = "mine.md") -> Make:
    """Return how a file is made that is given as the registration."""
    return written(name, content, "--preregistration", name)


def block(kind: str, text: str) -> Make:
    """Return how the real registration is made with one more block."""

    def make(place: Path) -> Sequence[str]:
        whole = REGISTRATION.read_text(encoding="utf-8") + f"\n```toml {kind}\n{text}\n```\n"
        (place / "mine.md").write_text(whole, encoding="utf-8")
        return ("--preregistration", "mine.md")

    return make


def field(name: str, value: str) -> Make:
    """Return how the real registration is made with another value of a field where it first stands."""
    return changed(rf"\n{name} = .*", f"\n{name} = {value}")


def _folder(place: Path) -> Sequence[str]:
    return ("--preregistration", ".")


def _pipe(place: Path) -> Sequence[str]:
    os.mkfifo(place / "pipe.md")
    return ("--preregistration", "pipe.md")


def _vast(place: Path) -> Sequence[str]:
    with (place / "vast.md").open("wb") as made:
        made.truncate(10**12)
    return ("--preregistration", "vast.md")


_FILES = {
    "missing": (typed("--preregistration", "none.md"), ("none.md does not exist", "--preregistration")),
    "folder": (_folder, (".", "is a directory", "--preregistration")),
    "pipe": (_pipe, ("pipe.md: is a pipe", "--preregistration")),
    "device": (typed("--preregistration", "/dev/zero"), ("/dev/zero: is a device", "--preregistration")),
    "terabyte": (_vast, ("vast.md: holds more than 2 MB",)),
    "empty": (file(""), ("mine.md", "toml hypotheses")),
    "binary": (file(bytes(range(256)) * 10), ("mine.md: is not UTF-8 text",)),
    "null characters": (file("a\0b"), ("mine.md: holds NUL",)),
    "path of five thousand characters": (typed("--preregistration", "x" * 5_000), ("xxx...xxx", "cannot be read")),
    "path with a null character": (typed("--preregistration", "a\0b"), (r"a\x00b", "cannot be read")),
    "path that forges a line": (typed("--preregistration", "a\nstudy: b"), (r"a\nstudy: b does not exist",)),
    "path that is not UTF-8": (typed("--preregistration", "caf\udce9"), (r"caf\udce9 does not exist",)),
    "file whose name forges a line": (file("", "a\nstudy: b.md"), (r"a\nstudy: b.md holds no block",)),
    "block in UTF-16 that is not closed": (
        file("\ufeff```toml hypotheses\n[a]\n".encode("utf-16-le")),
        ("mine.md, hypotheses block 1", "closed"),
    ),
    "opening line of a megabyte": (file("```toml x" + " " * 1_000_000 + "y"), ("```toml x", "kinds are defaults")),
    "kind that forges a line": (file("```toml a\x1b[31m\n"), (r"```toml a\x1b[31m; kinds",)),
}
_BLOCKS = {
    "nested in brackets": (block("hypotheses", "[a]\nlayers = " + "[" * 50_000), ("nested deeper than 64",)),
    "nested in dotted keys": (block("defaults", ".".join(["a"] * 200) + " = 1"), ("nested deeper than 64",)),
    "integer of thousands of digits": (block("hypotheses", "alpha = " + "9" * 5_000), ("not valid TOML",)),
    "integer beyond 64 bits": (block("learning", "[a]\nat_least = 0x" + "f" * 50), ("a.at_least is an integer",)),
    "key written twice": (block("hypotheses", "alpha = 1\nalpha = 1"), ("not valid TOML",)),
    "list of tables for a hypothesis": (block("hypotheses", "[[existence-a]]"), ("names no hypothesis",)),
    "list of tables for a decision": (
        file("```toml defaults\n[[decision.effect_above]]\n```\n"),
        ("mine.md, defaults block", "must be tables such as"),
    ),
    "list for a field of text": (
        field("claim", "[1]"),
        ("'claim': [1] must be of type str",),
    ),
    "table for a field": (field("claim", "{a = 1}"), ("'claim'", "{'a': 1}")),
    "list for a decision": (field("decision", "[[1]]"), ("'decision': [[1]] is unknown",)),
    "date for a number": (field("alpha", "2020-01-01"), ("'alpha'", "of type float")),
    "text for a list": (changed('layers = "all"', 'layers = "conv1"'), ("'layers'", "non-empty list of names")),
    "lists in a list": (changed('layers = "all"', "layers = [[]]"), ("'layers'", "non-empty list of names")),
    "number that is none": (changed(r"\nalpha = 0.05", "\nalpha = nan"), ("'alpha': nan", "between 0.0 and 0.5")),
    "number beyond all floats": (changed(r"\nalpha = 0.05", "\nalpha = 1e999"), ("'alpha': inf",)),
    "billions of resamples": (changed(r"\nn_resamples = \d+", "\nn_resamples = 9000000000"), ("between 999 and",)),
    "claim with a line break": (
        field("claim", '"a\\nstudy: b"'),
        ("'claim'", r"a\nstudy: b"),
    ),
    "claim that is not to be shown": (
        field("claim", '"a\\u0007b"'),
        (r"'claim': 'a\x07b'", "character 2 is a control character"),
    ),
    "claim that turns the direction": (field("claim", '"a\u202eb"'), ("direction",)),
    "claim without end": (field("claim", f'"{"x" * 5_000}"'), ("5,000 characters",)),
    "id with a line break": (block("hypotheses", '["untrained-a\\nstudy: b"]\n'), ("the id", r"a\nstudy: b")),
    "id of five hundred characters": (block("hypotheses", f"[untrained-{'x' * 500}]\n"), ("the id", "at most 100")),
    "empty id": (block("hypotheses", '[""]\n'), ("the id ''", "is blank")),
    "layer that is not to be shown": (
        changed('layers = "all"', 'layers = ["a\\u0007b"]'),
        (r"'layers': 'a\x07b'", "control character"),
    ),
    "misspelt field": (field("claim", "'a'\nalhpa = 1"), ("'alhpa' is unknown", "did you mean alpha?")),
    "list for a setting's section": (block("settings", "training = [1]"), ("'training' stands outside a section",)),
    "date in a list of settings": (block("settings", "[training]\na = [2020-01-01]"), ("training.a", "must be text")),
    "setting that is not to be shown": (
        block("settings", '[training]\na = ["b", "a\\u0007b"]'),
        (r"'a\x07b'", "control character"),
    ),
    "setting's name that is not to be shown": (
        block("settings", '[training]\n"a\\u0007b" = 1'),
        (r"training.a\x07b", "control character"),
    ),
    "table in a setting": (block("settings", "[training.a]\nb = 1"), ("training.a", "must be text")),
    "list for a learning check": (file("```toml hypotheses\n```\n```toml learning\na = [1]\n```"), ("names no",)),
    "list of tables for factors": (
        changed(r"```toml multiverse\n", "```toml multiverse\na = [1]\n"),
        ("must be a table",),
    ),
    "table for levels": (
        changed(r"```toml multiverse\n", "```toml multiverse\n[a.b]\nc = 1\n"),
        ("factor 'b'", "must be a list of names"),
    ),
    "list of tables for a departure": (
        changed(r"```toml calibration\n", "```toml calibration\nskewed_effects = [1]\n"),
        ("calibration block",),
    ),
    "billions of networks for a ceiling": (
        block("calibration", "[skewed_effects]\nnetworks = 9000000000"),
        ("there are 2 such blocks",),
    ),
}

ROWS = (
    *rows_of(
        "registration",
        {
            what: (changed(pattern, replacement), ("mine.md", *named))
            for what, (pattern, replacement, named) in _CHANGES.items()
        },
    ),
    *rows_of("registration's file", _FILES),
    *rows_of("registration's block", _BLOCKS),
    *rows_of("registration for calibrate", {"pipe": _FILES["pipe"], "empty": _FILES["empty"]}, command="calibrate"),
)
