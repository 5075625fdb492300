"""Profiles that are none, or not what they should be."""

from __future__ import annotations

from tests.bad_input.corpus import rows_of, typed, written

_PROFILES = {
    "unknown name": (typed("--profile", "nope"), ("'nope'", "quick, cifar10-small, cifar10, paper", ".toml")),
    "missing file": (typed("--profile", "nope.toml"), ("nope.toml", "no such file")),
    "that is no TOML": (
        written("torn.toml", "[training\nepochs = 1\n", "--profile", "torn.toml"),
        ("torn.toml", "not valid TOML", "line 1"),
    ),
    "with an unknown section": (
        written("section.toml", "[trainin]\nepochs = 1\n", "--profile", "section.toml"),
        ("section.toml", "'trainin'", "training"),
    ),
    "with an unknown key": (
        written("key.toml", "[training]\nepoch = 1\n", "--profile", "key.toml"),
        ("key.toml", "'training.epoch'", "epochs"),
    ),
    "with a value out of range": (
        written("value.toml", "[training]\nepochs = 0\n", "--profile", "value.toml"),
        ("value.toml", "training.epochs = 0", "1 to 10000"),
    ),
    "with a key outside a section": (
        written("outside.toml", "epochs = 1\n", "--profile", "outside.toml"),
        ("outside.toml", "'epochs'", "sections"),
    ),
    "whose name is no study's": (
        written("two words.toml", "", "--profile", "two words.toml"),
        ("'two words'", "letters"),
    ),
}

ROWS = rows_of("profile", _PROFILES)
