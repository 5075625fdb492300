"""A folder that holds a study goes on with the settings it was made with, whichever version recorded them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from study.config import Config, measured_settings, resolve
from study.errors import StudyError
from study.run import _check_record
from study.schema import SCHEMA_VERSION
from study.store import StudyFolder, write_record

IMAGES: Any = SimpleNamespace(fingerprint="f" * 64)
NOTHING = ("multiverse.readouts=[]", "multiverse.gratings=[]")


def recorded(place: Path, settings: dict[str, Any]) -> StudyFolder:
    """Return a study's folder whose record holds these settings."""
    folder = StudyFolder(place / "study")
    folder.path.mkdir()
    record = {"schema_version": SCHEMA_VERSION, "images": {"fingerprint": "f" * 64}, "measured_settings": settings}
    write_record(folder, record)
    return folder


def refusal(folder: StudyFolder, config: Config) -> str:
    """Return the one line with which a folder is refused."""
    with pytest.raises(StudyError) as caught:
        _check_record(folder, config, IMAGES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_study_made_before_a_section_existed_goes_on(tmp_path: Path) -> None:
    """Its record lacks the section; nothing of that section is asked for."""
    config = resolve("quick", assignments=NOTHING)
    settings = measured_settings(config)
    del settings["multiverse"]
    _check_record(recorded(tmp_path, settings), config, IMAGES)


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
    _check_record(folder, config, IMAGES)
    message = refusal(folder, resolve("quick", assignments=("training.epochs=3", "probe.readout=max")))
    assert "training.epochs = 6 there, 3 here; probe.readout = 'mean' there, 'max' here" in message
