"""Whatever kills the program or fails under it, at whichever step: nothing published is lost, and a rerun completes."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.store import (
    StudyFolder,
    compacted_damage,
    damage,
    faults,
    network_state,
    open_study,
    read_journal,
    read_network,
    read_record,
    remade_sentences,
    sweep_staging,
)
from study.store.faults import (
    COMPACTING,
    DROPPING,
    JOURNAL,
    LOCKING,
    PUBLISHING,
    REPLACING,
    RESULTS,
    SETTING_ASIDE,
    STEPS,
    SWEEPING,
)
from study.vocabulary.errors import StudyError
from tests import children
from tests.children import NO_PROCESS, REFUSALS, in_child, key_of
from tests.pipeline.tiny_study import snapshot

WHOLE = (0, 1)  # seeds of the networks that are there and whole
HURT, NEW = 2, 3  # of one that is damaged, and of one that is still to do

# What is done to a folder, with what, and the steps it goes through.
ACTIONS: dict[str, tuple[Callable[..., None], tuple[Any, ...], tuple[str, ...]]] = {
    "publish": (children.publish, (NEW,), PUBLISHING),
    "compact": (children.gather, ([key_of(seed) for seed in WHOLE], 1), COMPACTING),
    "results": (children.conclude, (2.0,), RESULTS + REPLACING),
    "mend": (children.mend, ([key_of(WHOLE[0])],), COMPACTING + SETTING_ASIDE),
    "drop": (children.drop, ([key_of(WHOLE[0])],), DROPPING),
    "record": (children.record, (2,), REPLACING),
    "journal": (children.journal, (2,), JOURNAL),
    "set aside": (children.put_aside, (key_of(HURT),), SETTING_ASIDE),
    "sweep": (children.leave_and_sweep, (), SWEEPING),
    "lock": (children.hold, (), LOCKING),
}
CASES = [(action, step) for action, (_, _, steps) in ACTIONS.items() for step in steps]

ALTERING = ("mend", "drop")  # actions that first alter what others must not

COUNTS_AS_DONE = {
    "network renamed",
    "study renamed",
    "old study removed",
    "set aside",
    "journal written",
    "journal synced",
}
Uninterrupted = dict[str, tuple[dict[str, object], tuple[str, ...]]]  # what is left, and the steps that were reached


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with two whole networks and a damaged one, a record, a journal, and a compacted store with results."""
    folder = StudyFolder(tmp_path_factory.mktemp("prepared"))
    for seed in (*WHOLE, HURT):
        children.publish(folder, seed)
    children.record(folder, 1)
    children.journal(folder, 1)
    children.gather(folder, [key_of(WHOLE[0])])
    children.conclude(folder, 1.0)
    chunk = folder.networks / f"{key_of(HURT)}.zarr" / "tuning/gosi/c/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    return folder.path


@pytest.fixture(scope="module")
def uninterrupted(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    """What each action leaves behind when nothing interrupts it, and the steps it went through."""
    left = {}
    for name, (action, arguments, _) in ACTIONS.items():
        folder = StudyFolder(shutil.copytree(prepared, tmp_path_factory.mktemp("left") / "study"))
        ended = in_child(action, folder, *arguments)
        assert (ended.code, ended.said) == (0, "")
        left[name] = (left_in(folder), ended.steps)
    return left


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Iterator[StudyFolder]:
    """A copy of the prepared study; whatever happened, its whole networks are as they were, to the time of writing."""
    made = StudyFolder(shutil.copytree(prepared, tmp_path / "study"))
    places = [made.networks / f"{key_of(seed)}.zarr" for seed in WHOLE]
    before = [snapshot(place, times=True) for place in places]
    yield made
    assert [snapshot(place, times=True) for place in places] == before


def left_in(folder: StudyFolder) -> dict[str, object]:
    """Return all that lies in a study's folder; of what was found altered, that it was said."""
    left = snapshot(folder.path)
    said = {sentence.split(": ", 1)[1] for sentence in remade_sentences(folder)}
    entries = [entry for entry in (folder.journal.read_bytes().splitlines()) if b"remade" not in entry]
    return {**left, folder.journal.name: (entries, {sentence.replace(str(folder.path), "") for sentence in said})}


def assert_readable(folder: StudyFolder, action: str) -> None:
    """Assert that everything can be read, as it was before the action or as it is after it; no part of it is lost.

    Of the compacted study that somebody altered it is said why it cannot, or it is set aside.
    """
    assert [damage(folder, key_of(seed)) for seed in WHOLE] == ["", ""]
    assert network_state(folder, key_of(NEW)) in ("to do", "done")
    assert read_record(folder) in ({"version": 1}, {"version": 2})
    assert read_journal(folder) in ([{"key": "1"}], [{"key": "1"}, {"key": "2"}])
    if action in ALTERING and compacted_damage(folder) != []:
        with pytest.raises(StudyError, match="was changed"):
            open_study(folder.compacted)
        return
    if action in ALTERING and not folder.compacted.exists():
        assert (folder.damaged / "study.zarr.1/notes").exists()
        return
    with open_study(folder.compacted) as study:
        for key in study["training"]["network"].values:
            published = read_network(folder, str(key))["tuning/gosi"].values
            np.testing.assert_array_equal(study["tuning/gosi"].sel(network=key).values, published)
        if "results" in study.children:
            assert study["results/estimate"].values.tolist() in ([[1.0, 1.0]], [[2.0, 2.0]])


def done_already(folder: StudyFolder, action: str) -> bool:
    """Return whether what was interrupted need not, or must not, be done again: only the journal grows every time."""
    return action == "journal" and len(read_journal(folder)) == 2


def test_every_step_is_reached_by_what_it_belongs_to(uninterrupted: Uninterrupted) -> None:
    """No step is only a name: each action goes through all of its own, and together they are all there are."""
    for action, (_, _, steps) in ACTIONS.items():
        assert set(steps) <= set(uninterrupted[action][1]), action
    assert {step for _, reached in uninterrupted.values() for step in reached} == set(STEPS)
    assert len(STEPS) == len(set(STEPS))


def test_only_tests_have_a_hook() -> None:
    """No module of the package puts a function there, and the store names no step that is not listed."""
    assert faults.hook is None
    named = []
    for path in Path(faults.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reached":
                named.append(ast.literal_eval(node.args[0]))
            if isinstance(node, ast.Attribute) and node.attr == "hook":
                assert path == Path(faults.__file__)
    assert sorted(named) == sorted(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize(("action", "step"), CASES)
def test_killed_at_a_step_nothing_is_lost(
    folder: StudyFolder, uninterrupted: Uninterrupted, action: str, step: str
) -> None:
    """Killed there, the first and the last time: all can be read, and after sweeping and redoing nothing tells of it."""
    do, arguments, _ = ACTIONS[action]
    left, reached = uninterrupted[action]
    whole = shutil.copytree(folder.path, folder.path.parent / "whole")
    for occurrence in sorted({1, reached.count(step)}):
        shutil.rmtree(folder.path)
        shutil.copytree(whole, folder.path)
        assert in_child(do, folder, *arguments, step=step, occurrence=occurrence).code == -9
        if action == "publish":
            assert network_state(folder, key_of(NEW)) == ("done" if step == "network renamed" else "to do")
        sweep_staging(folder)
        assert list(folder.staging.iterdir()) == []
        assert_readable(folder, action)
        if not done_already(folder, action):
            do(folder, *arguments)
        assert left_in(folder) == left


@pytest.mark.slow
@pytest.mark.parametrize(("action", "step"), CASES)
def test_refused_at_a_step_it_is_one_line_and_nothing_is_lost(
    folder: StudyFolder, uninterrupted: Uninterrupted, monkeypatch: pytest.MonkeyPatch, action: str, step: str
) -> None:
    """Full, over quota, failing, read-only: one line with reason and remedy; all can be read, and redoing completes.

    A step after which the work counts as done is reached once, with one of the four; so is what takes long.
    """
    do, arguments, _ = ACTIONS[action]
    left, _ = uninterrupted[action]
    first = STEPS.index(step) % len(REFUSALS)
    once = step in COUNTS_AS_DONE or action in ("compact", "results", *ALTERING)
    for number in (*REFUSALS[first:], *REFUSALS[:first])[: 1 if once else None]:

        def refuse(reached: str, number: int = number) -> None:
            if reached == step:
                raise OSError(number, os.strerror(number))

        monkeypatch.setattr(faults, "hook", refuse)
        with pytest.raises(StudyError, match="cannot be written") as refusal:
            do(folder, *arguments)
        monkeypatch.setattr(faults, "hook", None)
        said = str(refusal.value)
        assert said.startswith(str(folder.path))
        assert f" cannot be written ({os.strerror(number)}); " in said
        assert "\n" not in said
        assert_readable(folder, action)
        _end_of_process(folder)
    if not done_already(folder, action):
        do(folder, *arguments)
    assert left_in(folder) == left


def _end_of_process(folder: StudyFolder) -> None:
    """Make what this process left in staging that of a dead one, and sweep it."""
    for entry in folder.staging.iterdir():
        entry.rename(entry.with_suffix(f".{NO_PROCESS}"))
    sweep_staging(folder)
