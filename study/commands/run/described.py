"""A study without its images: what is planned, registered and stored, enough to conclude it and to write its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from study.commands.run.completeness import Counts, registered_counts
from study.commands.run.devices import networks_in
from study.commands.run.registered import registered_by
from study.commands.study_folder import DATA, readable_record
from study.config import Config, recorded_config
from study.config.population import PlannedNetwork
from study.registration import Registration, recorded_registration
from study.registration.deviations import is_as_stored
from study.store import RESULTS, StudyFolder
from study.vocabulary.errors import StudyError, shown


@dataclass(frozen=True, kw_only=True)
class DescribedStudy:
    """Settings, registration, the networks that are planned, and the folder that holds them.

    `fingerprint` is that of the images. `registered` is how many networks are registered for the profile, by arm and set
    of initialisations.
    """

    config: Config
    registration: Registration
    fingerprint: str
    networks: tuple[PlannedNetwork, ...]
    registered: Counts
    folder: StudyFolder


def recorded_study(
    name: str, *, preregistration: Path | None = None, folder: StudyFolder | None = None
) -> tuple[DescribedStudy, dict[str, Any]]:
    """Return the study that a folder's record describes, and the record; no image is read.

    Parameters
    ----------
    name
        Of a folder in `data/`.
    preregistration
        What is registered now; a report lists how it departs from what was registered. None: what was registered when
        the first network started.
    folder
        Where the study lies for now, if not in `data/`.

    Raises
    ------
    StudyError
        When there is no such study, or its record is not what a run wrote.
    """
    folder = folder or StudyFolder(DATA / name)
    record = readable_record(folder)
    if record is None:
        raise StudyError(_missing(folder))
    if "external_network" in record:
        raise StudyError(
            f"{shown(folder.path)} holds one network that `python -m study probe_model` described, not a study: this command"
            " is about studies"
        )
    parts = ("config", "images", "registration")
    if not all(isinstance(record.get(part), Mapping) for part in parts) or not is_as_stored(record["registration"]):
        raise StudyError(f"{folder.record_path} is no record of a study as a run wrote it; restore the file")
    config = recorded_config(record["config"], source=str(folder.record_path))
    if preregistration is None:
        registration = recorded_registration(record["registration"], source=str(folder.record_path))
    else:
        registration = registered_by(preregistration, record, source=str(folder.record_path))
    fingerprint = str(record["images"]["fingerprint"])
    study = DescribedStudy(
        config=config,
        registration=registration,
        fingerprint=fingerprint,
        networks=networks_in(folder, config, fingerprint),
        registered=registered_counts(config, registration),
        folder=folder,
    )
    return study, record


def stored_results(study: DescribedStudy, tree: xr.DataTree) -> xr.Dataset:
    """Return what the last analysis of a study concluded, from its open store, in memory.

    Raises
    ------
    StudyError
        When it has not been analysed.
    """
    if RESULTS not in tree.children:
        raise no_results(study)
    return tree.children[RESULTS].to_dataset().load()


def no_results(study: DescribedStudy) -> StudyError:
    """Return the refusal of a study that has not been analysed."""
    name, store = shown(study.folder.path.name), shown(study.folder.compacted)
    return StudyError(f"{store}: holds no results yet; run `python -m study report {name}`")


def described_names() -> list[str]:
    """Return the names of the studies in `data/`, by name."""
    return sorted(path.parent.name for path in DATA.glob("*/study.json"))


def published_names() -> list[str]:
    """Return the names of the studies of which a published file alone lies in `data/`, by name."""
    return sorted(
        path.parent.name for path in DATA.glob("*/study.zarr.zip") if is_published_alone(StudyFolder(path.parent))
    )


def is_published_alone(folder: StudyFolder) -> bool:
    """Return whether a published file lies in a study's folder and the study itself does not."""
    return folder.published.is_file() and not folder.record_path.exists()


def _missing(folder: StudyFolder) -> str:
    """Return the refusal of a study that is not there, or only as it was published; it names those that are there."""
    if is_published_alone(folder):
        name = shown(folder.path.name)
        return (
            f"{shown(folder.path)} holds {folder.published.name} alone, what was published of a study: `python -m study verify"
            f" {name}` and study.open({name!r}) read it; this command needs the study itself"
        )
    published = (f"{shown(name)} (as published)" for name in published_names())
    there = ", ".join([*map(shown, described_names()), *published]) or "none"
    return f"{shown(folder.path)}: there is no study; {DATA} holds {there}; run `python -m study run` to make one"
