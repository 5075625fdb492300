"""The registered multiverse: what a block may hold, how it is refused, and that a change of it is a deviation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from study.analysis import check_registration
from study.analysis.multiverse import multiverses
from study.registration import Registration, parsed_registration
from study.registration.deviations import differences
from study.vocabulary.errors import StudyError

TEXT = (Path(__file__).parents[2] / "preregistration.md").read_text(encoding="utf-8")
HEAD = TEXT[: TEXT.index("## Multiverse")]


def registered(block: str) -> Registration:
    """Return the project's registration with another multiverse."""
    return parsed_registration(f"{HEAD}\n```toml multiverse\n{block}\n```\n", source="pre.md")


def refusal(block: str) -> str:
    """Return the one line with which a block is refused, by the parser or by the analysis."""
    with pytest.raises(StudyError) as caught:
        check_registration(registered(block), source="pre.md")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("pre.md, multiverse block")
    return message


def test_the_projects_own_names_every_choice_there_is() -> None:
    """Each question that can be asked otherwise, all factors and levels, the registered choice first."""
    multiverse_of = parsed_registration(TEXT, source="preregistration.md").multiverse
    assert multiverse_of == {name: dict(multiverse.factors) for name, multiverse in multiverses().items()}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            '[colour]\ncontrol = ["none"]',
            "'colour' has no analysis of its own to vary; questions that have are ablation, dose, existence, ",
        ),
        ("existence = 3", "existence = 3 must be a table of factors"),
        ("[existence]", "existence = {} must be a table of factors"),
        (
            '[existence]\ncontrol = "none"',
            "factor 'control': 'none' must be a list of names, the registered choice first",
        ),
        ("[existence]\ncontrol = []", "factor 'control': [] must be a list of names"),
        ("[existence]\ncontrol = [1]", "factor 'control': [1] must be a list of names"),
        ('[existence]\ncontrol = ["own_shuffle", "own_shuffle"]', "names a level twice"),
        (
            '[replication]\ncontrol = ["none"]',
            "'replication' has no analysis of its own to vary; questions that have are",
        ),
        (
            '[existence]\nshape = ["round"]',
            "factor 'shape' is unknown; factors are summary, control, silent_units, readout, gratings",
        ),
        (
            '[existence]\ncontrol = ["own_shuffle", "chance"]',
            "level 'chance' is unknown; levels are own_shuffle, orientation_shuffle, none",
        ),
        (
            '[existence]\ncontrol = ["none", "own_shuffle"]',
            "the first level is 'none', but must be the registered level: measure 'selective_excess' is 'own_shuffle'",
        ),
        ("[existence", "not valid TOML"),
    ],
)
def test_what_there_is_none_of_is_refused(block: str, reason: str) -> None:
    """Unknown questions, factors and levels, and a first level that is not what the registered measure does."""
    assert reason in refusal(block)


def test_there_is_one_block() -> None:
    """Two might contradict each other."""
    with pytest.raises(StudyError, match="there are 2 such blocks; write all questions into one"):
        registered('[existence]\ncontrol = ["own_shuffle"]\n```\n\n```toml multiverse')


def test_a_question_needs_the_hypothesis_whose_test_is_repeated() -> None:
    """Without it there is no null value, no direction and no registered choice to mark."""
    whole = registered('[maturation]\nepochs = ["first_50"]')
    kept = {name: one for name, one in whole.hypotheses.items() if one.question != "maturation"}
    with pytest.raises(StudyError, match="no hypothesis of the question has measure 'gosi_against_validation_loss'"):
        check_registration(dataclasses.replace(whole, hypotheses=kept), source="pre.md")


def test_a_changed_level_is_a_deviation() -> None:
    """The digest covers the block; one line names question, factor, before and after."""
    before = registered('[existence]\ncontrol = ["own_shuffle", "none"]\nsilent_units = ["left_out"]')
    after = registered('[existence]\ncontrol = ["own_shuffle"]\n[untrained]\ncontrol = ["none"]')
    assert before.digest != after.digest
    assert differences(before.as_record(), after) == [
        "multiverse of existence: control was ['own_shuffle', 'none'], is now ['own_shuffle']",
        "multiverse of existence: silent_units was ['left_out'], is now not registered",
        "multiverse of untrained: control was not registered, is now ['none']",
    ]


def test_a_study_begun_before_there_was_a_multiverse_says_so() -> None:
    """A record without the block is one in which nothing was registered."""
    now = registered('[existence]\ncontrol = ["own_shuffle"]')
    stored = {key: value for key, value in now.as_record().items() if key != "multiverse"} | {"digest": "another"}
    assert differences(stored, now) == ["multiverse of existence: control was not registered, is now ['own_shuffle']"]
