"""The record of a study: what it was made with, and whether a command may go on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study.commands.study_folder import check_shape, readable_record, software_attributes
from study.config import Config, as_record, changed_settings, config_digest, measured_settings
from study.config.population import PlannedNetwork
from study.images.image_set import ImageSet
from study.images.preparation.split import Split
from study.registration import Registration
from study.registration.deviations import is_as_stored
from study.store import StudyFolder
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import NETWORK_COORDINATES
from study.vocabulary.shapes import ANY

# What is read of a record of whichever version; the registration's digest vouches for the rest of it.
_RECORD = {
    "config": {"study": {"seed": int}},
    "config_digest": str,
    "images": {
        "description": str,
        "fingerprint": str,
        "class_names": [str],
        "train": int,
        "validation": int,
        "test": int,
    },
    "measured_settings": {ANY: {}},
    "registration": {"digest": str},
}


def recorded_study(folder: StudyFolder) -> dict[str, Any] | None:
    """Return the record of a study, or None where there is none yet.

    Raises
    ------
    StudyError
        As `readable_record`, and when it is no record of a study.
    """
    record = readable_record(folder)
    if record is not None:
        check_shape(folder, record, _RECORD)
        check_shape(folder, {"images": {"remarks": [], **record["images"]}}, {"images": {"remarks": [str]}})
    return record


def check_record(folder: StudyFolder, config: Config, images: ImageSet) -> None:
    """Refuse a folder that holds another study: other settings, other images, another schema, an edited registration.

    Raises
    ------
    StudyError
        With what is there, what is here, and the remedy.
    """
    record = recorded_study(folder)
    if record is None:
        return
    if record["images"]["fingerprint"] != images.fingerprint:
        raise StudyError(
            f"{folder.path} was made from other images (fingerprint {str(record['images']['fingerprint'])[:12]}, now"
            f" {images.fingerprint[:12]}{_why_other(record['images'], images)}); use another --name, or those images"
        )
    if not is_as_stored(record["registration"]):
        raise StudyError(
            f"{folder.record_path} was edited: its registration is not what its digest"
            f" {str(record['registration'].get('digest'))[:12]} was taken of; restore the file, or use another --name"
        )
    if changed := changed_settings(record["measured_settings"], config):
        raise StudyError(
            f"{folder.path} holds a study of another config: {'; '.join(changed)}; use another --name, or the settings it"
            " was made with"
        )


def _why_other(recorded: Mapping[str, Any], images: ImageSet) -> str:
    """Return what may be why images differ from those that an earlier version of the program read in the same files."""
    if "remarks" in recorded or images.source != "folder":
        return ""
    return (
        "; it was made before 0.8, since when more formats and layouts are read, images are turned upright as EXIF says and"
        f" transparency is laid over grey{''.join(f'; {line}' for line in images.remarks[:2])}"
    )


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
            "remarks": list(images.remarks),
            "class_names": list(images.class_names),
            **split.sizes,
        },
        "registration": registration.as_record(),
    }


def compaction_attributes(record: Mapping[str, Any], *, failed: Sequence[PlannedNetwork]) -> dict[str, Any]:
    """Return what every group of the compacted store says of the study.

    Parameters
    ----------
    record
        The study's.
    failed
        Planned networks that failed whenever they were tried: they are missing values, and what they would have shown
        may be why.
    """
    return {
        "config_digest": record["config_digest"],
        "registration_digest": record["registration"]["digest"],
        "image_fingerprint": record["images"]["fingerprint"],
        "class_names": record["images"]["class_names"],
        "failed_networks": [{name: network.attributes[name] for name in NETWORK_COORDINATES} for network in failed],
        **software_attributes(record),
    }
