"""Any history of publishing, compacting, concluding, dying, harming and setting aside: the store is what a model says."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from study.store import (
    DamagedNetworkError,
    StudyFolder,
    compacted_damage,
    faults,
    network_state,
    open_study,
    read_network,
    set_aside,
    sweep_staging,
)
from study.store.faults import COMPACTING, PUBLISHING, RESULTS, SETTING_ASIDE
from study.store.seals import data_damage
from study.vocabulary.errors import StudyError
from tests import children
from tests.children import in_child, key_of

SEEDS = (0, 1, 2)
seeds = st.sampled_from(SEEDS)


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@cache
def measured(seed: int) -> xr.DataTree:
    """Return what is published under a seed."""
    return children.small_network(seed)


@cache
def manifest(seed: int) -> bytes:
    """Return the manifest of a seed's network when nothing disturbs its publishing."""
    with tempfile.TemporaryDirectory() as place:
        folder = StudyFolder(Path(place))
        children.publish(folder, seed)
        return manifest_path(folder, seed).read_bytes()


def manifest_path(folder: StudyFolder, seed: int) -> Path:
    """Return where the manifest of a seed's network lies."""
    return folder.networks / f"{key_of(seed)}.zarr" / "manifest.json"


def harmed(place: Path, how: str, data: st.DataObject) -> set[str]:
    """Let something happen to a file of a folder, and return the names of those that it happened to."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    names, content = {file.relative_to(place).as_posix()}, bytearray(file.read_bytes())
    if how == "flip":
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        file.write_bytes(content)
    elif how == "cut":
        file.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    elif how == "remove":
        file.unlink()
    elif how == "add":
        file.with_name("more").write_bytes(content)
    else:
        other = data.draw(st.sampled_from([other for other in files if other.read_bytes() != content]))
        names.add(other.relative_to(place).as_posix())
        other.rename(file)
    return names


HARMS = st.sampled_from(("flip", "cut", "remove", "add", "swap"))


def refusal(action: Callable[..., None], *arguments: Any) -> str:
    """Return what a user would be told, '' if it is not refused."""
    try:
        action(*arguments)
    except StudyError as error:
        return str(error)
    return ""


class StoreMachine(RuleBasedStateMachine):
    """The store beside a model: which networks are there, which are harmed or set aside, what the study was made of."""

    @initialize()
    def begin(self) -> None:
        """Start with nothing."""
        self.folder = StudyFolder(Path(tempfile.mkdtemp()) / "study")
        self.whole: set[int] = set()
        self.harmed: set[int] = set()
        self.aside: list[str] = []
        self.compacted: tuple[list[int], int] | None = None
        self.altered = ""  # the part of the compacted study that is not what was written: data or results
        self.results: float | None = None
        self.version = 0

    def teardown(self) -> None:
        """Leave nothing on the disk."""
        shutil.rmtree(self.folder.path.parent)

    @rule(seed=seeds)
    def publish(self, seed: int) -> None:
        """A worker publishes a network; one that is there, harmed or not, stays."""
        children.publish(self.folder, seed)
        self.whole |= {seed} - self.harmed

    @rule(seed=seeds, step=st.sampled_from(PUBLISHING))
    def worker_dies_while_publishing(self, seed: int, step: str) -> None:
        """Its network is there if it had been renamed, and only then; without a rename there is nothing to die at."""
        there = seed in self.whole | self.harmed
        ended = in_child(children.publish, self.folder, seed, step=step)
        assert ended.code == (0 if there and step == "network renamed" else -9)
        if step == "network renamed":
            self.whole |= {seed} - self.harmed

    @rule(seed=seeds, step=st.sampled_from(PUBLISHING), number=st.sampled_from(children.REFUSALS))
    def disk_refuses_while_publishing(self, seed: int, step: str, number: int) -> None:
        """The same with an error; nothing is left in staging by a process that lives."""
        there = seed in self.whole | self.harmed

        def refuse(reached: str) -> None:
            if reached == step:
                raise OSError(number, os.strerror(number))

        faults.hook = refuse
        try:
            said = refusal(children.publish, self.folder, seed)
        finally:
            faults.hook = None
        assert (os.strerror(number) in said) == (not (there and step == "network renamed"))
        if step == "network renamed":
            self.whole |= {seed} - self.harmed

    @precondition(lambda self: self.whole)
    @rule(data=st.data(), how=HARMS)
    def harm(self, data: st.DataObject, how: str) -> None:
        """Something happens to a file of a network that was whole."""
        seed = data.draw(st.sampled_from(sorted(self.whole)))
        harmed(manifest_path(self.folder, seed).parent, how, data)
        self.whole.remove(seed)
        self.harmed.add(seed)

    @rule()
    def resume(self) -> None:
        """A run begins: it sweeps, and sets aside what is damaged."""
        sweep_staging(self.folder)
        assert not self.folder.staging.exists() or list(self.folder.staging.iterdir()) == []
        for seed in sorted(self.harmed):
            assert network_state(self.folder, key_of(seed)) == "damaged"
            self.aside.append(set_aside(self.folder, key_of(seed)).name)
        self.harmed.clear()

    @precondition(lambda self: self.compacted and not self.altered)
    @rule(data=st.data(), how=HARMS)
    def alter_the_study(self, data: st.DataObject, how: str) -> None:
        """Somebody changes the compacted study, or its results."""
        names = harmed(self.folder.compacted, how, data)
        of_results = all(name.split("/")[0].split(".")[0] == "results" for name in names)
        self.altered = "results" if of_results or not data_damage(self.folder.compacted) else "data"

    @precondition(lambda self: self.compacted and not self.altered)
    @rule(estimate=st.sampled_from((1.0, 2.0)))
    def conclude(self, estimate: float) -> None:
        """Results are written."""
        children.conclude(self.folder, estimate)
        self.results = estimate

    @precondition(lambda self: self.compacted and not self.altered)
    @rule(step=st.sampled_from(RESULTS))
    def parent_dies_while_concluding(self, step: str) -> None:
        """There are the old results, none, or the new ones."""
        assert in_child(children.conclude, self.folder, 3.0, step=step).code == -9
        if step == "results listed":
            self.results = 3.0
        elif step not in ("results staged", "results written"):
            self.results = None
        sweep_staging(self.folder)

    @rule(again=st.booleans())
    def compact(self, again: bool) -> None:
        """The study is made of all that is whole, or is kept if it already was."""
        self.version += again
        keys = [key_of(seed) for seed in sorted(self.whole)]
        if not keys:
            assert "no network to compact" in refusal(children.gather, self.folder, keys, self.version)
            return
        said = children.gather(self.folder, keys, self.version)
        same = self.compacted == (sorted(self.whole), self.version)
        assert len(said) == (self.altered == "data" or (same and self.altered == "results"))
        if not same or self.altered:
            self.results = None
        self.was_put_in_place(sorted(self.whole))

    def was_put_in_place(self, held: list[int]) -> None:
        """Note that the compacted study is whole, and that one which was altered is set aside."""
        if self.altered == "data":
            self.was_set_aside()
        self.compacted, self.altered = (held, self.version), ""

    def was_set_aside(self) -> None:
        """Note that an altered study lies with what is damaged, and none in its place."""
        number = sum(name.startswith("study.zarr.") for name in self.aside) + 1
        self.aside.append(f"study.zarr.{number}")
        self.compacted, self.altered, self.results = None, "", None

    @precondition(lambda self: self.whole)
    @rule(step=st.sampled_from(COMPACTING + SETTING_ASIDE))
    def parent_dies_while_compacting(self, step: str) -> None:
        """Before the new study is in its place the old one stays, or comes back with the next sweep.

        Only one that is altered is set aside, and does not come back.
        """
        self.version += 1
        wanted = sorted(self.whole)
        ended = in_child(children.gather, self.folder, [key_of(seed) for seed in wanted], self.version, step=step)
        lives = step in SETTING_ASIDE and self.altered != "data"
        assert ended.code == (0 if lives else -9)
        if lives or step in ("study renamed", "old study removed"):
            self.results = None
            self.was_put_in_place(wanted)
        elif self.altered == "data" and step in ("set aside", "old study moved"):
            self.was_set_aside()
        sweep_staging(self.folder)

    @precondition(lambda self: self.harmed)
    @rule(data=st.data())
    def compact_what_is_harmed(self, data: st.DataObject) -> None:
        """Harmed data does not get into the study, and what was there before stays."""
        keys = [key_of(seed) for seed in sorted(self.whole | {data.draw(st.sampled_from(sorted(self.harmed)))})]
        with pytest.raises(DamagedNetworkError):
            children.gather(self.folder, keys, self.version + 1)

    @invariant()
    def networks_are_the_models(self) -> None:
        """Whole networks have the very bytes, harmed ones are refused, others are to do."""
        for seed in SEEDS:
            state = "done" if seed in self.whole else "damaged" if seed in self.harmed else "to do"
            assert network_state(self.folder, key_of(seed)) == state
            if state == "done":
                assert manifest_path(self.folder, seed).read_bytes() == manifest(seed)
            elif state == "damaged":
                with pytest.raises(DamagedNetworkError):
                    read_network(self.folder, key_of(seed))

    @invariant()
    def what_is_set_aside_stays(self) -> None:
        """Every network that was ever set aside is still there."""
        damaged = sorted(path.name for path in self.folder.damaged.iterdir()) if self.folder.damaged.exists() else []
        assert damaged == sorted(self.aside)

    @invariant()
    def study_is_the_models(self) -> None:
        """The compacted study holds exactly what it was made of, value for value, and its results, or is refused."""
        if self.compacted is None:
            assert not self.folder.compacted.exists()
            return
        assert bool(compacted_damage(self.folder)) == bool(self.altered)
        if self.altered:
            with pytest.raises(StudyError, match="was changed"):
                open_study(self.folder.compacted)
            return
        held, version = self.compacted
        with open_study(self.folder.compacted) as study:
            assert study.attrs["version"] == version
            assert study["training"]["network"].values.tolist() == [key_of(seed) for seed in held]
            for group in ("training", "tuning"):
                dataset = study[group].to_dataset()
                for index, seed in enumerate(held):
                    for name, array in measured(seed)[group].data_vars.items():
                        assert dataset[name].values[index].tobytes() == array.values.tobytes(), name
            stored = study["results/estimate"].values.tolist() if "results" in study.children else None
            assert stored == (None if self.results is None else [[self.results] * 2])


StoreMachine.TestCase.settings = settings(
    max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStore = pytest.mark.slow(StoreMachine.TestCase)
