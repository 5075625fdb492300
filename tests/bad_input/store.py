"""A study's folder in which something else lies than this program writes: records, journals, locks, places for folders."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from study.vocabulary.schema import SCHEMA_VERSION
from tests.bad_input.corpus import Make, rows_of

RECORD: dict[str, Any] = {
    "schema_version": SCHEMA_VERSION,
    "config": {"study": {"seed": 0}},
    "config_digest": "c",
    "images": {
        "description": "images",
        "fingerprint": "f" * 64,
        "class_names": ["a", "b"],
        "train": 1,
        "validation": 1,
        "test": 1,
    },
    "measured_settings": {"study": {"seed": 0}},
    "registration": {"digest": "d"},
    "environment": {"python": "3", "packages": {"numpy": "2"}, "platform": "p", "cpu": "c", "cores": 1},
    "git": None,
}


def folder(change: Callable[[Path], object], *arguments: str) -> Make:
    """Return how a study's folder is made and changed in one way, and the command line that goes on with it."""

    def make(place: Path) -> Sequence[str]:
        path = place / "data" / "quick"
        path.mkdir(parents=True)
        change(path)
        return arguments

    return make


def record(content: bytes | str) -> Make:
    """Return how a folder is made whose record has this content."""
    return folder(
        lambda path: (path / "study.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    )


def changed(value: Any, *keys: str) -> Make:
    """Return how a folder is made whose record has another value under some keys."""
    content = json.loads(json.dumps(RECORD))
    functools.reduce(dict.__getitem__, keys[:-1], content)[keys[-1]] = value
    return record(json.dumps(content))


def without(*keys: str) -> Make:
    """Return how a folder is made whose record lacks a key."""
    content = json.loads(json.dumps(RECORD))
    del functools.reduce(dict.__getitem__, keys[:-1], content)[keys[-1]]
    return record(json.dumps(content))


def beside_a_record(name: str, put: Callable[[Path], object]) -> Make:
    """Return how a folder with a record is made in which something is put in the place of what has a name."""

    def change(path: Path) -> None:
        (path / "study.json").write_text(json.dumps(RECORD))
        (path / name).unlink(missing_ok=True)
        put(path / name)

    return folder(change)


def sparse(path: Path) -> None:
    """Make a file that says to hold a terabyte."""
    with path.open("wb") as file:
        file.truncate(10**12)


def link(target: str) -> Callable[[Path], object]:
    """Return how a link is made."""
    return lambda path: path.symlink_to(target)


def instead(name: str) -> dict[str, tuple[Make, Sequence[str]]]:
    """Return the rows on what may lie where a file is expected."""
    says = (name, "move it away, or use another --name")
    return {
        f"{name} is a directory": (beside_a_record(name, Path.mkdir), ("is a directory", *says)),
        f"{name} is a pipe": (beside_a_record(name, os.mkfifo), ("is a pipe", *says)),
        f"{name} is a link to a device": (beside_a_record(name, link("/dev/zero")), ("is a device", *says)),
        f"{name} is a link to nothing": (
            beside_a_record(name, link("nothing")),
            ("is a link that leads nowhere", *says),
        ),
        f"{name} is a link to itself": (beside_a_record(name, link(name)), ("is a link that leads nowhere", *says)),
    }


ROWS = (
    *rows_of("place in a study's folder", instead("study.json") | instead("journal.jsonl")),
    *rows_of("place in a study's folder", instead("lock") | instead("workers.log")),
    *rows_of(
        "journal",
        {
            "a terabyte of nothing": (
                beside_a_record("journal.jsonl", sparse),
                ("journal.jsonl", "holds more than 200 MB", "another --name"),
            ),
        },
    ),
    *rows_of(
        "record",
        {
            "empty": (record(""), ("study.json", "is not valid JSON", "restore it, or use another --name")),
            "a list": (record("[]"), ("it is a list, must be an object",)),
            "null": (record("null"), ("it is null, must be an object",)),
            "a number of 5,000 digits": (
                record('{"schema_version": ' + "9" * 5000 + "}"),
                ("is not valid JSON", "4300"),
            ),
            "a version of 4,000 digits": (
                record('{"schema_version": ' + "9" * 4000 + "}"),
                ("has schema version 999",),
            ),
            "100,000 brackets": (record("[" * 100_000), ("is nested deeper than 64",)),
            "a terabyte of nothing": (
                folder(lambda path: sparse(path / "study.json")),
                ("study.json", "holds more than 16 MB"),
            ),
            "bytes that are no text": (record(b"\xff\xfe\xfd"), ("study.json", "is not UTF-8 text")),
            "UTF-16 of another version": (
                record(b"\xff\xfe" + json.dumps({"schema_version": 1}).encode("utf-16-le")),
                ("has schema version 1",),
            ),
            "a byte-order mark, and another version": (
                record(b"\xef\xbb\xbf" + json.dumps({"schema_version": 1}).encode()),
                ("has schema version 1",),
            ),
            "a version that is a list": (changed([4], "schema_version"), ("has schema version [4]",)),
            "no environment": (without("environment"), ("environment is missing", "use another --name")),
            "packages that are a list": (
                changed([], "environment", "packages"),
                ("environment.packages is a list, must be an object",),
            ),
            "a version of a package that is a number": (
                changed(2, "environment", "packages", "numpy"),
                ("environment.packages.numpy is a whole number, must be text",),
            ),
            "a commit that is a number": (
                changed({"commit": 1, "dirty": False}, "git"),
                ("git.commit is a whole number",),
            ),
            "no images": (without("images"), ("images is missing",)),
            "images that are text": (changed("photographs", "images"), ("images is text, must be an object",)),
            "class names that are a number": (
                changed(3, "images", "class_names"),
                ("images.class_names is a whole number, must be a list",),
            ),
            "a class name that is no text": (
                changed(["a", {}], "images", "class_names"),
                ("images.class_names[1] is an object, must be text",),
            ),
            "a description with half a character": (
                changed("\ud800", "images", "description"),
                ("images.description is text that cannot be encoded",),
            ),
            "a fingerprint that is null": (changed(None, "images", "fingerprint"), ("images.fingerprint is null",)),
            "settings that are no tables": (
                changed(1, "measured_settings", "study"),
                ("measured_settings.study is a whole number, must be an object",),
            ),
            "a seed that is a fraction": (changed(0.5, "config", "study", "seed"), ("config.study.seed is a number",)),
            "a seed of 400 digits": (changed(10**400, "config", "study", "seed"), ("config.study.seed is",)),
            "a registration that is a list": (changed([], "registration"), ("registration is a list",)),
            "keys that break lines": (
                changed({"a\nstudy: done\x1b[2J": 1}, "environment", "packages"),
                (r"environment.packages.a\nstudy: done\x1b[2J is a whole number",),
            ),
        },
    ),
    *rows_of(
        "place for a folder",
        {
            "networks is a file": (
                folder(lambda path: (path / "networks").touch()),
                ("holds networks but no study.json", "another --name"),
            ),
            "checkpoints is a link to nothing": (
                folder(lambda path: link("nothing")(path / "checkpoints")),
                ("holds checkpoints but no study.json", "another --name"),
            ),
            "staging is a pipe": (folder(lambda path: os.mkfifo(path / "staging")), ("staging", "Not a directory")),
            "staging is a link to nothing": (
                folder(lambda path: link("nothing")(path / "staging")),
                ("staging", "cannot be written"),
            ),
            "the study's folder is a file": (
                lambda place: ((place / "data").mkdir(), (place / "data/quick").touch(), ())[-1],
                ("data/quick", "Not a directory"),
            ),
            "the report's place is a directory": (
                lambda place: ((place / "reports/quick.html").mkdir(parents=True), ())[-1],
                ("reports/quick.html", "is a directory", "move it away"),
            ),
        },
    ),
)
