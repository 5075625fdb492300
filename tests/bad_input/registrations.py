"""Registrations that register something malformed: the real one, changed in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.bad_input.corpus import Make, rows_of

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
    "setting of no allowed type": (r"batch_size = 32", "batch_size = 2020-01-01", ["settings block", "batch_size"]),
    "last block that is not closed": (r"```(?!(?s:.*)```)", "", ["closed"]),
}

ROWS = rows_of(
    "registration",
    {
        what: (changed(pattern, replacement), ("mine.md", *named))
        for what, (pattern, replacement, named) in _CHANGES.items()
    },
)
