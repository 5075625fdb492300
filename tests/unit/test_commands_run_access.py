"""How a study is cited, repeated and opened: the command that a report prints makes the same settings again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from study.commands.run.access import access_of, repeating_command
from study.commands.run.arguments import parser
from study.commands.run.plan import _config
from study.config import as_record, resolve
from study.store import StudyFolder

RECORD = {"registration": {"digest": "9a" * 32}}


@pytest.mark.parametrize(
    ("profile", "assignments", "flags"),
    [
        ("quick", (), {}),
        ("quick", ("training.epochs=3", "study.seed=7", 'population.augmentations=["none", "shift"]'), {}),
        ("quick", ("execution.networks_per_program=3",), {}),
        ("cifar10", ("memorization.label_corruptions=[0.0, 1.0]",), {"--data-dir": ("images.data_dir", "a folder/x")}),
    ],
)
def test_the_command_makes_the_same_study(
    profile: str, assignments: tuple[str, ...], flags: dict[str, tuple[str, str]]
) -> None:
    """Every setting, and the name; how the work is spread is nobody's business, but for networks of one program."""
    config = resolve(profile, assignments=(*assignments, "study.name=mine"), flags=flags)
    words = shlex.split(repeating_command(config))
    assert words[:4] == ["python", "-m", "study", "run"]
    again = _config(parser().parse_args(words[4:]))
    assert as_record(again) == as_record(config)


def test_a_folder_of_this_machine_alone_is_not_told(tmp_path: Path) -> None:
    """Reports are published: DIR stands for it."""
    config = resolve("cifar10", flags={"--data-dir": ("images.data_dir", str(tmp_path))})
    assert repeating_command(config) == "python -m study run --profile cifar10 --data-dir DIR"
    assert repeating_command(config, here=True) == f"python -m study run --profile cifar10 --data-dir {tmp_path}"


def test_paths_and_deposit_are_said() -> None:
    """The store by its path in this folder, which registration it has, and that nobody looked whether it is deposited."""
    access = access_of(resolve("quick"), StudyFolder(Path("data/quick")), RECORD)
    assert access.store == "data/quick/study.zarr"
    assert "9a" * 32 in access.registration
    assert "compare the digest" in access.registration
    assert "9a9a9a9a9a9a" in access.citation
    assert "@software" in access.bibtex


def test_a_profile_that_is_not_there_any_more_is_made_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record holds its file's name alone: a report written from another folder must not need the file."""
    profile = tmp_path / "mine.toml"
    profile.write_text('[training]\nepochs = 3\nbatch_size = 16\n[images]\nsource = "shapes"\n', encoding="utf-8")
    config = resolve(str(profile))
    monkeypatch.chdir(tmp_path.parent)
    words = shlex.split(repeating_command(config))
    assert words[4:8] == ["--profile", "quick", "--name", "mine"]
    assignments = [word for before, word in zip(words, words[1:], strict=False) if before == "--set"]
    again = as_record(resolve("quick", assignments=assignments))
    assert {name: again[name] for name in again if name != "study"} == {
        name: keys for name, keys in as_record(config).items() if name != "study"
    }
