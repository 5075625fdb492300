"""The record of a study: what it was made with, and whether a command may go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.commands.run.plan import StudyPlan
from study.commands.study_folder import readable_record, software_attributes
from study.config import Config, as_record, changed_settings, config_digest, measured_settings
from study.images.image_set import ImageSet
from study.images.preparation.split import Split
from study.registration import Registration
from study.store import StudyFolder
from study.vocabulary.errors import StudyError


def check_record(folder: StudyFolder, config: Config, images: ImageSet) -> None:
    """Refuse a folder that holds another study: other settings, other images or another schema.

    Raises
    ------
    StudyError
        With what is there, what is here, and the remedy.
    """
    record = readable_record(folder)
    if record is None:
        return
    if not isinstance(record.get("images"), dict) or not isinstance(record.get("measured_settings"), dict):
        raise StudyError(f"{folder.record_path} is no record of a study; use another --name, or restore the file")
    if record["images"]["fingerprint"] != images.fingerprint:
        raise StudyError(
            f"{folder.path} was made from other images (fingerprint {record['images']['fingerprint'][:12]},"
            f" now {images.fingerprint[:12]}); use another --name, or those images"
        )
    if changed := changed_settings(record["measured_settings"], config):
        raise StudyError(
            f"{folder.path} holds a study of another config: {'; '.join(changed)}; use another --name, or the settings it"
            " was made with"
        )


def check_plan(plan: StudyPlan) -> None:
    """Refuse a plan whose folder holds another study."""
    check_record(plan.folder, plan.config, plan.images)


def record_content(config: Config, registration: Registration, images: ImageSet, split: Split) -> dict[str, Any]:
    """Return what a study's record says of the study: settings, images, and the registration as it is now."""
    return {
        "config": as_record(config),
        "config_digest": config_digest(config),
        "measured_settings": measured_settings(config),
        "images": {
            "description": images.description,
            "fingerprint": images.fingerprint,
            "official": images.official,
            "class_names": list(images.class_names),
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        "registration": registration.as_record(),
    }


def compaction_attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every group of the compacted store says of the study."""
    return {
        "config_digest": record["config_digest"],
        "registration_digest": record["registration"]["digest"],
        "image_fingerprint": record["images"]["fingerprint"],
        "class_names": record["images"]["class_names"],
        **software_attributes(record),
    }
