"""A published study as an RO-Crate: a folder for a repository of data, which says of each file what it is and whence it comes."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from study import __version__
from study.commands.run.access import AUTHORS, PAPER, TITLE, repeating_command
from study.commands.run.described import DescribedStudy
from study.commands.run.registered import FROZEN
from study.commands.study_folder import REPORTS
from study.registration.deposit import read_deposit
from study.store import writing
from study.vocabulary.errors import refuse_unless, shown

LICENCE: Final = "https://spdx.org/licenses/MIT"


def check_crate(place: Path, name: str) -> None:
    """Refuse, before anything is published, a folder that holds something, a study without a report, a missing library.

    Raises
    ------
    StudyError
        With the path and the remedy.
    """
    is_installed = importlib.util.find_spec("rocrate") is not None
    refuse_unless(is_installed, f"--crate {shown(place)}: rocrate is not installed; pip install rocrate")
    is_free = not any(place.iterdir()) if place.is_dir() else not place.exists()
    refuse_unless(is_free, f"--crate {shown(place)}: something is there; name another folder, or an empty one")
    report = REPORTS / f"{name}.html"
    refuse_unless(report.is_file(), f"{shown(report)}: is not there; run `python -m study report {shown(name)}`")


def write_crate(place: Path, study: DescribedStudy, record: Mapping[str, Any], registration: bytes) -> None:
    """Write a folder with the published file of a study, its report and registration, and `ro-crate-metadata.json`.

    Parameters
    ----------
    place
        The folder.
    study, record
        Published already.
    registration
        The text that it registered.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate()

    def add(kind: str, identifier: str, **said: Any) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **said}))

    def file(source: Path | io.BytesIO, name: str, kind: str, description: str, **said: Any) -> Any:
        properties = {"name": description, "encodingFormat": kind, "license": crate.license, **said}
        return crate.add_file(source, name, properties=properties, record_size=isinstance(source, Path))

    name, digest = study.config.name, study.registration.digest
    crate.name = f"{TITLE}: study {name}"
    crate.description = (
        f"{len(study.networks)} networks. Images: {record['images']['description']}. Registration {digest}."
    )
    crate.license = add("CreativeWork", LICENCE, name="MIT")
    crate.creator = add("Organization", "#authors", name=AUTHORS)
    crate.root_dataset["citation"] = add("ScholarlyArticle", "#paper", name=PAPER)
    commit = (record["git"] or {}).get("commit", "")
    program = add("SoftwareApplication", "#program", name="study", version=__version__, license=crate.license)
    if commit:
        program["identifier"] = f"commit {commit}"
    deposit = read_deposit(study.folder.path)
    registered = file(io.BytesIO(registration), FROZEN, "text/markdown", "What was registered", identifier=digest)
    if deposit and deposit.is_deposited:
        registered["sameAs"] = deposit.url
    results = [
        file(study.folder.published, study.folder.published.name, "application/zip", "What was measured, a Zarr store"),
        file(REPORTS / f"{name}.html", "report.html", "text/html", "What was concluded"),
    ]
    crate.add_action(program, object=registered, result=results, properties={"name": repeating_command(study.config)})
    with writing(place):
        crate.write(place)
