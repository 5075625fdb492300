"""A registration cannot be slipped past: each way that once worked, tried on networks that nobody trained."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from study.commands.run import conclusion
from study.commands.run.arguments import parser
from study.commands.run.conclusion import conclude
from study.commands.run.plan import StudyPlan, study_plan
from study.commands.run.record import record_content
from study.commands.study_folder import kept_record
from study.execution import scheduling
from study.run import main
from study.store import StudyFolder, append_journal, publish_network, read_looks
from study.vocabulary.schema import REGISTRATION_DIGEST
from tests.example_networks import example_network
from tests.example_study import LAYERS
from tests.pipeline.tiny_study import NAME, WHOLE_REGISTRATION, arguments, some_of_it, tiny_folder

# One hypothesis, since what is concluded is not looked at here.
REGISTRATION = some_of_it(WHOLE_REGISTRATION.read_text(encoding="utf-8"), ("existence-selective-units",))
Said = Callable[..., tuple[int, str, str]]


def planned_in(place: Path, *more: str) -> StudyPlan:
    """Return the plan of the tiny study in a working directory."""
    plan = study_plan(
        parser().parse_args(arguments("--preregistration", str(REGISTRATION), *more)), Console(file=io.StringIO())
    )
    return dataclasses.replace(plan, folder=tiny_folder(place))


def recorded(plan: StudyPlan) -> dict:
    """Return the study's record, written when there is none yet."""
    plan.folder.path.mkdir(parents=True, exist_ok=True)
    return kept_record(plan.folder, lambda: record_content(plan.config, plan.registration, plan.images, plan.split))


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working directory with the tiny study in it, its networks made up; tests copy it."""
    place = tmp_path_factory.mktemp("finished")
    plan = planned_in(place)
    recorded(plan)
    for network in plan.networks:
        tree = example_network(np.random.default_rng(network.seed), layers=LAYERS, epochs=1, draws=3)
        origin = {"architecture": "cnn7", REGISTRATION_DIGEST: plan.registration.digest}
        tree.attrs |= network.attributes | origin
        publish_network(plan.folder, network.key, tree)
    return place


@pytest.fixture
def place(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the finished study, as working directory; pages are not drawn, nothing is trained."""

    def trained(*arguments: object, **options: object) -> None:
        pytest.fail("networks were trained")

    copied = Path(shutil.copytree(finished, tmp_path / "place"))
    monkeypatch.chdir(copied)
    monkeypatch.setattr(scheduling, "run_networks", trained)
    monkeypatch.setattr(conclusion, "write_report", lambda report, path: path)
    return copied


@pytest.fixture
def said(place: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Return a function that runs the study and returns the exit code and what was said on either stream."""

    def run(*more: str, registration: Path = REGISTRATION) -> tuple[int, str, str]:
        (place / "reports").mkdir(exist_ok=True)
        code = main([*arguments(*more), "--preregistration", str(registration)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def altered(tmp_path: Path) -> Path:
    """Return a registration that was made more lenient."""
    path = tmp_path / "altered.md"
    text = REGISTRATION.read_text(encoding="utf-8")
    assert "\nalpha = 0.05\n" in text
    path.write_text(text.replace("\nalpha = 0.05\n", "\nalpha = 0.2\n"), encoding="utf-8")
    return path


def attributes(folder: StudyFolder, group: str = "results") -> dict:
    """Return the attributes of a group of the compacted study."""
    with xr.open_datatree(folder.compacted, engine="zarr") as study:
        return dict(study[group].attrs)


def lines(out: str, start: str) -> Sequence[str]:
    """Return the lines of the console that begin so."""
    return [line for line in out.splitlines() if line.startswith(start)]


def test_networks_whose_record_was_deleted_are_refused(place: Path, said: Said, altered: Path) -> None:
    """In their folder, or copied into another one: no registration can be put in the place of theirs."""
    folder = tiny_folder(place)
    copied = place / "data" / "copied"
    copied.mkdir()
    shutil.copytree(folder.networks, copied / "networks")
    folder.record_path.unlink()
    for name in (NAME, "copied"):
        code, _, err = said("--name", name, registration=altered)
        assert code == 2
        assert f"data/{name} holds networks but no study.json" in err
        assert "--name" in err
        assert not (place / "data" / name / "study.json").exists()


def test_networks_put_into_a_study_of_another_registration_are_counted(place: Path, said: Said, altered: Path) -> None:
    """The record and the present registration agree, and yet the networks tell of theirs."""
    folder = tiny_folder(place)
    folder.record_path.unlink()
    networks = folder.networks.rename(place / "elsewhere")
    plan = planned_in(place, "--preregistration", str(altered))
    recorded(plan)
    networks.rename(folder.networks)
    code, out, _ = said(registration=altered)
    assert code == 0
    (line,) = (line for line in lines(out, "deviation: ") if "trained under another registration" in line)
    assert "3 of 3 networks" in line
    with xr.open_datatree(folder.compacted, engine="zarr") as study:
        digests = set(study["training"].to_dataset()[REGISTRATION_DIGEST].values.tolist())
    assert digests == {planned_in(place).registration.digest}
    assert plan.registration.digest not in digests


def test_every_look_is_listed_and_a_repeated_one_adds_none(place: Path, said: Said, altered: Path) -> None:
    """Of one set of networks: as registered, again, and by another registration, whose differences are listed."""
    folder = tiny_folder(place)
    for _ in range(2):
        _, out, _ = said()
        (line,) = lines(out, "Look ")
        assert line.startswith("Look 1 of these data (this one): ")
        assert attributes(folder)["look"] == 1
    code, out, _ = said(registration=altered)
    assert code == 0
    first, second = lines(out, "Look ")
    assert first.startswith("Look 1 of these data: ")
    assert second.startswith("Look 2 of these data (this one): ")
    assert len(read_looks(folder)) == 2
    assert any("alpha was 0.05, is now 0.2" in line for line in lines(out, "deviation: "))


def test_another_name_is_no_new_study(place: Path, said: Said) -> None:
    """The same images under another name are told of, with how many networks are the same ones."""
    shutil.copytree(tiny_folder(place).path, place / "data" / "again")
    _, out, _ = said("--name", "again")
    (line,) = lines(out, "another study of these images: ")
    assert f"{NAME}: seed 0, registration" in line
    assert "3 networks, 3 of them the same as here" in line


def test_another_seed_and_a_profile_of_ones_own_are_deviations(place: Path, said: Said, tmp_path: Path) -> None:
    """A dry run does not conclude, so the settings are looked at where they are: in the plan of another study."""
    profile = tmp_path / "quick.toml"
    profile.write_text('[images]\nsource = "shapes"\n', encoding="utf-8")
    folder = tiny_folder(place)
    plan = planned_in(place, "--seed", "3", "--profile", str(profile))
    other = dataclasses.replace(plan, folder=StudyFolder(place / "data" / "other"))
    record = recorded(other)
    shutil.copytree(folder.networks, other.folder.networks)
    console = Console(file=io.StringIO(), width=200)
    done = [network.key for network in planned_in(place).networks]
    conclude(other, done, record, console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "deviation: study.seed is 3, registered is 0" in told
    assert "deviation: profile quick.toml is not a registered one" in told


@pytest.mark.parametrize("failed", [False, True])
def test_what_was_not_run_is_interim_and_what_failed_is_missing(place: Path, failed: bool) -> None:
    """One of three networks is not there: said first, in the table and in the results, unless it failed when tried."""
    plan = planned_in(place, "--set", "population.seeds=2")
    plan = dataclasses.replace(plan, networks=plan.networks[:3], registered={})
    record, lost = recorded(plan), plan.networks[2]
    if failed:
        append_journal(plan.folder, {"key": lost.key, "failure": "its loss is not finite"})
    console = Console(file=io.StringIO(), width=200)
    assert conclude(plan, [network.key for network in plan.networks[:2]], record, console) == 1
    told = console.file.getvalue()  # type: ignore[attr-defined]
    first = next(line for line in told.splitlines() if not line.startswith("step "))
    assert first.startswith("INTERIM, no verdict here is confirmatory: 1 of 3 planned networks") is not failed
    assert ("confirmatory, interim" in told) is not failed
    results = attributes(plan.folder)
    assert (results["interim"], results["demonstration"]) == (not failed, True)
    place_of_lost = {
        "arm": "generalization",
        "augmentation": lost.augmentation,
        "label_corruption": 0.0,
        "seed": 0,
        "initialization_set": 1,
        "rearing": "free",
        "reared_layers": "none",
    }
    listed = json.loads(attributes(plan.folder, "/")["failed_networks"])
    assert listed == ([place_of_lost] if failed else [])
    assert read_looks(plan.folder)[0]["interim"] is not failed
