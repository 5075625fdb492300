"""A folder that holds a study goes on with the settings it was made with, whichever version recorded them.

The multiverse is the section that came last, so it is the example.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from study.commands.run.record import check_record
from study.config import Config, as_record, changed_settings, measured_settings, resolve
from study.registration import read_registration
from study.store import StudyFolder, read_record, write_record
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import SCHEMA_VERSION

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"
IMAGES: Any = SimpleNamespace(fingerprint="f" * 64)
NOTHING = ("multiverse.readouts=[]", "multiverse.gratings=[]")


def recorded(place: Path, settings: dict[str, Any]) -> StudyFolder:
    """Return a study's folder whose record holds these settings."""
    folder = StudyFolder(place / "study")
    folder.path.mkdir()
    record = {
        "schema_version": SCHEMA_VERSION,
        "config": {"study": {"seed": 0}},
        "config_digest": "c",
        "images": {
            "description": "images",
            "fingerprint": "f" * 64,
            "class_names": [],
            **dict.fromkeys(("train", "validation", "test"), 1),
        },
        "environment": {"python": "3", "cpu": "a", "cores": 1, "platform": "b", "packages": {}},
        "git": None,
        "measured_settings": settings,
        "registration": read_registration(PREREGISTRATION).as_record(),
    }
    write_record(folder, record)
    return folder


def refusal(folder: StudyFolder, config: Config) -> str:
    """Return the one line with which a folder is refused."""
    with pytest.raises(StudyError) as caught:
        check_record(folder, config, IMAGES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_study_made_before_a_section_existed_goes_on(tmp_path: Path) -> None:
    """Its record lacks the section; nothing of that section is asked for."""
    config = resolve("quick", assignments=NOTHING)
    settings = measured_settings(config)
    del settings["multiverse"]
    check_record(recorded(tmp_path, settings), config, IMAGES)


def test_a_study_made_before_a_section_existed_does_not_measure_it_halfway(tmp_path: Path) -> None:
    """What would be measured in some networks alone is refused, with both values and what to do."""
    settings = measured_settings(resolve("quick", assignments=NOTHING))
    del settings["multiverse"]
    asking = resolve("quick", assignments=("multiverse.readouts=max", "multiverse.gratings=fixed"))
    message = refusal(recorded(tmp_path, settings), asking)
    assert "multiverse.readouts = [] there, ['max'] here" in message
    assert "use another --name" in message


def test_a_study_with_the_same_settings_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    """Every setting counts, in the sections that are recorded too."""
    config = resolve("quick")
    folder = recorded(tmp_path, measured_settings(config))
    check_record(folder, config, IMAGES)
    message = refusal(folder, resolve("quick", assignments=("training.epochs=3", "probe.readout=max")))
    assert "training.epochs = 5 there, 3 here; probe.readout = 'mean' there, 'max' here" in message


def test_a_record_whose_registration_was_edited_is_refused(tmp_path: Path) -> None:
    """What was registered when the networks were trained cannot be put right afterwards; the line says which file."""
    config = resolve("quick")
    folder = recorded(tmp_path, measured_settings(config))
    record = read_record(folder)
    assert record is not None
    record["registration"]["hypotheses"]["existence-above-shuffle"]["alpha"] = 0.5
    write_record(folder, record)
    message = refusal(folder, config)
    assert str(folder.record_path) in message
    assert "was edited" in message and "--name" in message


def test_a_study_recorded_before_a_setting_existed_was_made_with_its_default() -> None:
    """A section or a key the record does not know, as a version without it wrote it: nothing changed, no line."""
    config = resolve("quick", assignments=NOTHING)
    recorded = measured_settings(config)
    del recorded["multiverse"], recorded["training"]["precision"]
    assert changed_settings(recorded, config) == []
    asking = resolve("quick", assignments=["multiverse.readouts=max", "multiverse.gratings=fixed"])
    assert changed_settings(recorded, asking) == [
        "multiverse.readouts = [] there, ['max'] here",
        "multiverse.gratings = [] there, ['fixed'] here",
        "multiverse.permutations = 100 there, 20 here",
    ]
    exact = dataclasses.replace(config, training=dataclasses.replace(config.training, precision="bfloat16"))
    assert changed_settings(recorded, exact) == ["training.precision = 'float32' there, 'bfloat16' here"]


def test_a_changed_setting_is_named_with_both_values() -> None:
    """What is recorded is compared; names, paths and the way the work is spread are not."""
    config = resolve("quick")
    recorded = measured_settings(config)
    assert changed_settings(recorded, resolve("quick", assignments=["study.name=b", "execution.workers=3"])) == []
    other = resolve("quick", assignments=["study.seed=3", "training.epochs=9"])
    assert changed_settings(recorded, other) == ["study.seed = 0 there, 3 here", "training.epochs = 5 there, 9 here"]


def test_permutations_of_readings_nobody_asks_for_decide_nothing() -> None:
    """A study without other readings is the same whatever a profile gives for them."""
    quick = [resolve("quick", assignments=[f"multiverse.permutations={n}", *NOTHING]) for n in (20, 50)]
    assert measured_settings(quick[0]) == measured_settings(quick[1])
    assert as_record(quick[1])["multiverse"]["permutations"] == 50


@pytest.mark.parametrize(
    ("assignments", "key"),
    [
        (("multiverse.readouts=max", "multiverse.gratings=[]"), "gratings"),
        (("multiverse.gratings=fixed", "multiverse.readouts=[]"), "readouts"),
    ],
)
def test_readouts_and_gratings_are_asked_for_together(assignments: tuple[str, str], key: str) -> None:
    """One without the other would measure nothing; the line names the empty list, the other, and what it may hold."""
    with pytest.raises(StudyError) as caught:
        resolve("quick", assignments=assignments)
    message = str(caught.value)
    assert message.startswith(
        f"--set {assignments[1]}: multiverse.{key} = [] is not allowed: it must be a non-empty list"
    )
    assert assignments[0].split("=")[1] in message and "or both empty" in message
