"""Profiles that are none, or not what they should be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.bad_input.corpus import Make, rows_of, typed, written

_EPOCHS = "[training]\nepochs = 0\n"  # is read, and then refused


def profile(content: str | bytes, name: str = "mine.toml") -> Make:
    """Return how a profile of one's own is made."""
    return written(name, content, "--profile", name)


def named(name: str, *, called: str = "") -> Make:
    """Return how a profile is made whose file's name matters."""

    def make(place: Path) -> Sequence[str]:
        (place / name).write_text("")
        return ("--profile", called or name)

    return make


def _folder(place: Path) -> Sequence[str]:
    (place / "folder.toml").mkdir()
    return ("--profile", "folder.toml")


def _folder_without_suffix(place: Path) -> Sequence[str]:
    (place / "profiles").mkdir()
    return ("--profile", "profiles")


def _pipe(place: Path) -> Sequence[str]:
    os.mkfifo(place / "pipe.toml")
    return ("--profile", "pipe.toml")


def _device(place: Path) -> Sequence[str]:
    (place / "zero.toml").symlink_to("/dev/zero")
    return ("--profile", "zero.toml")


def _circle(place: Path) -> Sequence[str]:
    (place / "circle.toml").symlink_to("circle.toml")
    return ("--profile", "circle.toml")


def _vast(place: Path) -> Sequence[str]:
    with (place / "vast.toml").open("wb") as file:
        file.truncate(10**12)
    return ("--profile", "vast.toml")


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
    "misspelt name": (typed("--profile", "cifar10-smal"), ("did you mean cifar10-small?",)),
    "name in capitals": (typed("--profile", "QUICK"), ("'QUICK' is unknown", "did you mean quick?")),
    "name of a file without its suffix": (named("mine.toml", called="mine"), ("'mine'", "did you mean mine.toml?")),
    "misspelt file": (named("mine.toml", called="mien.toml"), ("no such file", "did you mean mine.toml?")),
    "file without the suffix": (named("mine.txt"), ("'mine.txt'", "does not end in .toml", "rename it")),
    "folder": (_folder_without_suffix, ("'profiles' is a folder", "choose quick")),
    "folder in place of a file": (_folder, ("folder.toml", "is a directory, must be a file")),
    "pipe": (_pipe, ("pipe.toml", "is a pipe")),
    "device": (_device, ("zero.toml", "is a device")),
    "link to itself": (_circle, ("circle.toml", "cannot be read")),
    "terabyte": (_vast, ("vast.toml", "more than 1 MB")),
    "empty name": (typed("--profile", ""), ("--profile", "unknown", "choose quick")),
    "name of five thousand characters": (typed("--profile", "x" * 5_000), ("'xxx", "choose quick")),
    "file's name of five thousand characters": (typed("--profile", "x" * 5_000 + ".toml"), ("5,005 characters",)),
    "name that forges a line": (typed("--profile", "a\nstudy: b"), (r"'a\nstudy: b' is unknown",)),
    "file's name that forges a line": (named("a\nstudy: b.toml"), (r"a\nstudy: b.toml", "control character", "rename")),
    "file's name that is not UTF-8": (named("caf\udce9.toml"), (r"caf\udce9.toml", "not UTF-8", "rename")),
    "file's name that turns the direction": (named("a\u202eb.toml"), (r"a\u202eb.toml", "direction", "rename")),
    "name with a null character": (typed("--profile", "a\0b"), (r"'a\x00b'", "choose quick")),
    "with a mark of Windows": (profile("\ufeff" + _EPOCHS), ("training.epochs = 0",)),
    "in UTF-16": (profile(("\ufeff" + _EPOCHS).encode("utf-16-le")), ("training.epochs = 0",)),
    "in UTF-16, of the other order": (profile(("\ufeff" + _EPOCHS).encode("utf-16-be")), ("training.epochs = 0",)),
    "in UTF-16 without its mark": (profile(_EPOCHS.encode("utf-16-le")), ("mine.toml", "NUL", "UTF-8")),
    "in Latin-1": (profile("# größe\n".encode("latin-1")), ("mine.toml", "is not UTF-8 text (byte 4)", "UTF-8")),
    "with lines of Windows": (profile(_EPOCHS.replace("\n", "\r\n")), ("training.epochs = 0",)),
    "binary": (profile(bytes(range(256))), ("mine.toml", "UTF-8")),
    "null characters": (profile("a\0b"), ("mine.toml", "NUL")),
    "nested in brackets": (profile("[training]\nepochs = " + "[" * 50_000), ("mine.toml", "nested deeper than 64")),
    "nested in closed brackets": (
        profile("[training]\nepochs = " + "[" * 90 + "]" * 90),
        ("mine.toml", "nested deeper than 64"),
    ),
    "nested in dotted keys": (profile(".".join(["a"] * 300) + " = 1"), ("mine.toml", "nested deeper than 64")),
    "a key of a hundred thousand parts": (profile(".".join(["a"] * 100_000) + " = 1"), ("more than 500 dots",)),
    "nested in tables": (profile("[training.a.b.c]\nd = 1"), ("'training.a' is no setting",)),
    "list of tables": (profile("[[training]]\nepochs = 1"), ("'training' stands outside a section",)),
    "table for a number": (profile("[training.epochs]\na = 1"), ("training.epochs", "a whole number")),
    "list for a number": (profile("[training]\nepochs = [1]"), ("training.epochs = [1]", "a whole number")),
    "date for a number": (profile("[training]\nepochs = 2020-01-01"), ("training.epochs", "a whole number")),
    "list of lists for names": (profile("[ablation]\nlayers = [['conv1']]"), ("ablation.layers", "a list of names")),
    "key written twice": (profile("[training]\nepochs = 1\nepochs = 2"), ("mine.toml", "not valid TOML")),
    "integer of thousands of digits": (profile("[training]\nepochs = " + "9" * 5_000), ("mine.toml", "not valid TOML")),
    "integer of thousands of digits in base 16": (
        profile("[training]\nepochs = 0x" + "f" * 5_000),
        ("mine.toml", "training.epochs is an integer of more than 64 bits"),
    ),
    "integer of four hundred digits": (
        profile("[training]\nlearning_rate = 1" + "0" * 400),
        ("training.learning_rate is an integer of more than 64 bits",),
    ),
    "number beyond all floats": (profile("[training]\nlearning_rate = 1e400"), ("= inf", "above 0, at most 1")),
    "no number": (profile("[training]\nlearning_rate = nan"), ("= nan", "above 0, at most 1")),
    "a key of thousands of characters": (profile("[training]\n" + "k" * 5_000 + " = 1"), ("is no setting", "epochs")),
    "a key that forges a line": (profile('[training]\n"a\\nstudy: b" = 1'), (r"a\nstudy: b' is no setting",)),
    "a section that forges a line": (profile('["a\\nstudy: b"]\nk = 1'), (r"'a\nstudy: b'", "sections: study")),
    "a name that forges a line": (profile('[study]\nname = "a\\nstudy: b"'), (r"'a\nstudy: b'", "letters, digits")),
    "a list of a hundred thousand names": (
        profile("[ablation]\nlayers = [" + '"conv1",' * 100_000 + "]"),
        ("ablation.layers", "without repeats"),
    ),
}

ROWS = rows_of("profile", _PROFILES)
