"""The digest covers what is registered; what departs from it is listed, a line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from study.config import as_record, resolve
from study.registration import Registration, parsed_registration, read_registration
from study.registration.deviations import differences, setting_deviations
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
        {"supported": "pvalue_adjusted < alpha"},
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
    after = register(block("a", alpha=0.01, test="equivalence"), block("b", minimum_networks=9))
    lines = differences(json.loads(json.dumps(before.as_record())), after)
    assert lines == [
        "a: test was 'sign_flip', is now 'equivalence'",
        "a: alpha was 0.05, is now 0.01",
        "b: minimum_networks was 8, is now 9",
    ]


def test_settings_that_depart_are_listed(registered: Registration) -> None:
    """One line a setting, for what is registered for all profiles and for this one; unregistered settings are free."""
    config = resolve(
        "quick",
        assignments=[
            "training.epochs=2",
            "network.padding=same",
            "population.augmentations=none",
            "study.seed=5",
            "execution.workers=3",
        ],
    )
    assert sorted(setting_deviations(registered, as_record(config))) == [
        "network.padding is 'same', registered is 'valid'",
        "population.augmentations is ['none'], registered is ['none', 'shift', 'flip', 'shift_flip']",
        "training.epochs is 2, registered is 6",
    ]


def test_a_profile_of_ones_own_answers_to_the_general_settings(registered: Registration, tmp_path: Path) -> None:
    """Nothing is registered for its sizes; the primary readings hold for it as well."""
    path = tmp_path / "mine.toml"
    path.write_text('[training]\nepochs = 3\nselection = "last"\n', encoding="utf-8")
    assert setting_deviations(registered, as_record(resolve(str(path)))) == [
        "training.selection is 'last', registered is 'validation_accuracy'"
    ]
