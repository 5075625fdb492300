"""The digest covers what is registered; what departs from it is listed, a line each."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from study.config import as_record, resolve
from study.registration import Registration, parsed_registration, read_registration
from study.registration.deviations import differences, is_as_stored, network_deviations, setting_deviations
from study.registration.profiles import registered_profiles
from tests.example_registration import FIELDS, block, register

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"


@pytest.fixture(scope="module")
def registered() -> Registration:
    """Return what preregistration.md registers."""
    return read_registration(PREREGISTRATION)


def test_the_digest_stands_when_only_prose_changes() -> None:
    """Prose, spacing and the order of keys and blocks: the machine-readable part is the same, the text is not."""
    before = register(block("a"), block("b"))
    after = parsed_registration(f"Rewritten.\n{block('b')}\n\nElsewhere\n{block('a')}", source="other.md")
    assert after.digest == before.digest
    assert after.text_digest != before.text_digest
    assert differences(before.as_record(), after) == [
        "The prose of preregistration.md changed; no machine-readable block did."
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 0.01},
        {"claim": "It is not so."},
        {"layers": ["conv1"]},
        {"estimate_reaches": "smallest_effect"},
        {"status": "exploratory"},
        {"smallest_effect": 0.2},
        {"exclusions": "some"},
    ],
)
def test_the_digest_covers_every_field(changes: dict[str, Any]) -> None:
    """Any change of a block is a change of the digest, and one line names hypothesis, field, before and after."""
    before, after = register(block()), register(block(**changes))
    ((key, value),) = changes.items()
    assert after.digest != before.digest
    assert differences(before.as_record(), after) == [f"made-up: {key} was {FIELDS[key]!r}, is now {value!r}"]


def test_the_digest_covers_the_settings() -> None:
    """A registered setting that changes is a deviation too."""
    texts = [f"```toml settings\n[training]\nepochs = {epochs}\n```\n" for epochs in (8, 9)]
    before, after = (register(text, block()) for text in texts)
    assert before.digest != after.digest
    lines = differences(before.as_record(), after)
    assert lines == ["registered settings: were {'training.epochs': 8}, are now {'training.epochs': 9}"]


def test_the_digest_covers_the_profiles_sizes() -> None:
    """They stand in the profiles' files; one that changes there is a deviation."""
    sizes = registered_profiles()
    changed = sizes | {"quick": sizes["quick"] | {"training.epochs": 7}}
    before, after = (parsed_registration(block(), source="pre.md", profiles=profiles) for profiles in (sizes, changed))
    assert before.digest == register(block()).digest
    assert before.digest != after.digest
    assert before.text_digest == after.text_digest
    (line,) = differences(before.as_record(), after)
    assert line.startswith("registered profile settings: were {'quick': ")


def test_added_and_removed_hypotheses_are_listed() -> None:
    """One line each, and no line for what stayed."""
    before, after = register(block("gone"), block("kept")), register(block("kept"), block("new"))
    assert differences(before.as_record(), after) == [
        "gone: registered when the first network started, removed since",
        "new: registered after the first network started",
    ]


def test_every_difference_has_a_line() -> None:
    """Two fields of one hypothesis, one of another."""
    before = register(block("a"), block("b"))
    after = register(block("a", alpha=0.01, ruled_out_at="nothing"), block("b", minimum_networks=9))
    lines = differences(json.loads(json.dumps(before.as_record())), after)
    assert lines == [
        "a: alpha was 0.05, is now 0.01",
        "a: ruled_out_at was 'smallest_effect', is now 'nothing'",
        "b: minimum_networks was 8, is now 9",
    ]


def test_settings_that_depart_are_listed(registered: Registration) -> None:
    """One line a setting: registered for all profiles or for this one, or registered nowhere and not the program's own.

    How the work is spread is free, but for how many networks learn as one model.
    """
    config = resolve(
        "quick",
        assignments=[
            "training.epochs=2",
            "network.padding=same",
            "population.augmentations=none",
            "study.seed=5",
            "training.precision=bfloat16",
            "execution.workers=3",
            "execution.networks_per_program=3",
        ],
    )
    assert sorted(setting_deviations(registered, as_record(config))) == [
        "execution.networks_per_program is 3, 1 where nothing is registered",
        "network.padding is 'same', registered is 'valid'",
        "population.augmentations is ['none'], registered is ['none', 'shift', 'flip', 'shift_flip']",
        "study.seed is 5, registered is 0",
        "training.epochs is 2, registered is 5",
        "training.precision is 'bfloat16', 'float32' where nothing is registered",
    ]


def test_other_images_than_the_profile_names_are_a_deviation(registered: Registration) -> None:
    """Whatever their number: hypotheses are registered for images of a kind; the profile's own are none."""
    config = resolve("quick", flags={"--images": ("images.source", "folder"), "--data-dir": ("images.data_dir", "d")})
    expected = "images.source is 'folder', profile quick has 'shapes'"
    assert setting_deviations(registered, as_record(config)) == [expected]
    assert setting_deviations(registered, as_record(resolve("quick"))) == []


@pytest.mark.parametrize("name", ["mine", "quick"])
def test_a_profile_of_ones_own_is_a_deviation(registered: Registration, tmp_path: Path, name: str) -> None:
    """One line says that its sizes are registered nowhere, also where it bears a registered name; the general hold."""
    path = tmp_path / f"{name}.toml"
    path.write_text('[training]\nepochs = 3\nselection = "last"\n', encoding="utf-8")
    assert setting_deviations(registered, as_record(resolve(str(path)))) == [
        f"profile {name}.toml is not a registered one, so that its sizes are not registered; registered are quick,"
        " cifar10-small, cifar10, paper, published",
        "training.selection is 'last', registered is 'validation_accuracy'",
    ]


def test_a_copy_of_a_registered_profile_is_said_and_nothing_else(registered: Registration, tmp_path: Path) -> None:
    """A file with the very sizes is none the digest covers; no size of it is called another one."""
    path = tmp_path / "quick.toml"
    path.write_bytes((resources.files("study.config") / "profiles" / "quick.toml").read_bytes())
    (line,) = setting_deviations(registered, as_record(resolve(str(path))))
    assert line.startswith("profile quick.toml is not a registered one")


def test_the_digest_covers_the_seed(registered: Registration) -> None:
    """Seeds cannot be tried one after the other until one pleases: one is registered, for every profile."""
    assert registered.settings["study.seed"] == 0
    texts = [f"```toml settings\n[study]\nseed = {seed}\n```\n" for seed in (0, 1)]
    before, after = (register(text, block()) for text in texts)
    assert before.digest != after.digest
    config = resolve("quick", flags={"--seed": ("study.seed", 1)})
    assert "study.seed is 1, registered is 0" in setting_deviations(before, as_record(config))
    assert "study.seed is 1, 0 where nothing is registered" in setting_deviations(register(block()), as_record(config))


def test_a_profile_may_register_a_seed_of_its_own(registered: Registration) -> None:
    """The published study's networks are none that a pilot trained; the pilots' seed is a deviation there, and nowhere else."""
    seed = resolve("published").seed
    assert seed not in {resolve(name).seed for name in ("quick", "cifar10-small", "cifar10", "paper")}
    again = resolve("published", flags={"--seed": ("study.seed", 0)})
    assert setting_deviations(registered, as_record(again)) == [f"study.seed is 0, registered is {seed}"]


def test_a_stored_registration_that_was_edited_is_known(registered: Registration) -> None:
    """As it comes back from a file it is as stored; one number less, a hypothesis less, a setting more, and it is not."""
    stored = json.loads(json.dumps(registered.as_record()))
    assert is_as_stored(stored)
    first = next(iter(stored["hypotheses"]))
    for edited in (
        stored | {"hypotheses": stored["hypotheses"] | {first: stored["hypotheses"][first] | {"alpha": 0.5}}},
        stored | {"hypotheses": {name: one for name, one in stored["hypotheses"].items() if name != first}},
        stored | {"settings": stored["settings"] | {"study.seed": 7}},
        {part: value for part, value in stored.items() if part != "digest"},
    ):
        assert not is_as_stored(edited)


def test_networks_of_another_registration_are_counted() -> None:
    """One line a digest that is not the record's, with how many; those that say nothing are told of, too."""
    recorded, present, other = "a" * 64, "b" * 64, "c" * 64
    assert network_deviations([recorded] * 3, recorded=recorded, present=present) == []
    assert network_deviations([present, other, recorded, "", other], recorded=recorded, present=present) == [
        "1 of 5 networks were trained under another registration (digest bbbbbbbbbbbb, which is the present one) than the"
        " study's record holds (aaaaaaaaaaaa)",
        "2 of 5 networks were trained under another registration (digest cccccccccccc) than the study's record holds"
        " (aaaaaaaaaaaa)",
        "1 of 5 networks do not say under which registration they were trained",
    ]
