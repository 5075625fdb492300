"""The study that findings are about: its store, whole or as it is published, and what it was judged by."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from study.analysis.core.results import QuestionResult
from study.analysis.core.stored_results import stored_questions
from study.commands.arguments import REGISTRATION
from study.commands.run.described import recorded_study
from study.commands.study_folder import DATA
from study.config import PROFILES, Config, resolve
from study.registration import Registration, read_registration
from study.store import RESULTS, StudyFolder, open_study
from study.vocabulary.errors import StudyError, one_line, shown
from study.vocabulary.schema import REGISTRATION_DIGEST, SCHEMA_VERSION

PUBLISHED = "study.zarr.zip"


@dataclass(frozen=True)
class FoundStudy:
    """A study whose results are stored: its name, its store, what was concluded, and its settings where they are known."""

    name: str
    store: Path
    tree: xr.DataTree
    questions: tuple[QuestionResult, ...]
    config: Config | None

    @property
    def networks(self) -> int:
        """Return how many networks were trained."""
        return int(self.tree["training"].sizes["network"])

    def says(self, attribute: str) -> bool:
        """Return whether the results say of themselves that they are `interim` or a `demonstration`."""
        return bool(self.tree[RESULTS].attrs.get(attribute, 0))


@contextlib.contextmanager
def found_study(name: str) -> Iterator[FoundStudy]:
    """Open a study's store inside the block: `study.zarr`, or else `study.zarr.zip`.

    Raises
    ------
    StudyError
        When there is neither, it cannot be read or holds no results, or what registers it is missing or another one.
    """
    folder = StudyFolder(DATA / name)
    whole, published = folder.compacted, folder.path / PUBLISHED
    store = whole if whole.exists() or not published.exists() else published
    with open_study(whole) if store == whole else _opened_zip(store) as tree:
        if RESULTS not in tree.children:
            raise StudyError(f"{shown(store)}: holds no results yet; run `python -m study report {shown(name)}`")
        registration, config = _registered(folder)
        stored = str(tree.attrs.get(REGISTRATION_DIGEST, ""))
        if stored != registration.digest:
            raise StudyError(
                f"{shown(store)}: registered under digest {shown(stored[:12])}, {shown(folder.path)} registers"
                f" {registration.digest[:12]}; restore the registration that it was begun with"
            )
        results = tree[RESULTS].to_dataset().load()
        yield FoundStudy(name, store, tree, stored_questions(results, registration, source=str(store)), config)


def _opened_zip(path: Path) -> xr.DataTree:
    """Return a published store, values read when asked for; `zip` checks each as it is read."""
    try:
        tree = xr.open_datatree(path, engine="zarr")
    except Exception as error:  # of a file that anybody may have put there, whatever the readers raise
        raise StudyError(f"{shown(path)}: cannot be read ({one_line(error)}); restore the file") from error
    if (version := tree.attrs.get("schema_version")) != SCHEMA_VERSION:
        raise StudyError(f"{shown(path)}: schema version {shown(version)}, this program reads {SCHEMA_VERSION}")
    return tree


def _registered(folder: StudyFolder) -> tuple[Registration, Config | None]:
    """Return what a study was registered with and its settings: from its record, or else from the frozen registration."""
    if folder.record_path.exists():
        study, _ = recorded_study(folder.path.name)
        return study.registration, study.config
    frozen, name = folder.path / REGISTRATION, folder.path.name
    config = resolve(name) if name in PROFILES else None
    return read_registration(frozen), config
