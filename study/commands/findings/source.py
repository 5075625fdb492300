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
from study.store import RESULTS, StudyFolder, open_published, open_study
from study.vocabulary.errors import StudyError, shown


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
    """Open a study's store inside the block: `study.zarr.zip`, which others have, or else `study.zarr`.

    With what is published a whole folder says the same as one in which nothing else is left.

    Raises
    ------
    StudyError
        When there is neither, it cannot be read or holds no results, or what registers it is missing or another one.
    """
    folder = StudyFolder(DATA / name)
    whole, published = folder.compacted, folder.published
    store = published if published.exists() else whole
    with open_published(published) if store == published else open_study(whole) as tree:
        if RESULTS not in tree.children:
            raise StudyError(f"{shown(store)}: holds no results yet; run `python -m study report {shown(name)}`")
        registration, config = _registered(folder, published=store == published)
        results = tree[RESULTS].to_dataset().load()
        yield FoundStudy(name, store, tree, stored_questions(results, registration, source=str(store)), config)


def _registered(folder: StudyFolder, *, published: bool) -> tuple[Registration, Config | None]:
    """Return what a study was registered with and its settings.

    Of a published one the frozen registration and, where it is named for one, its profile; else what its record says.
    """
    frozen, name = folder.path / REGISTRATION, folder.path.name
    if published and frozen.exists():
        return read_registration(frozen), resolve(name) if name in PROFILES else None
    study, _ = recorded_study(name)
    return study.registration, study.config
