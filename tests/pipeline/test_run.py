"""A study from images to report: what it leaves behind, and what it says."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study import analysis
from study.config import as_record, resolve
from study.registration import read_registration
from study.run import main
from study.store import network_state, read_journal, read_record
from study.vocabulary.schema import NETWORK_COORDINATES, REGISTRATION_DIGEST, groups_of
from tests.example_networks import POPULATION_GROUPS as GROUPS
from tests.opened_page import opened_page
from tests.pipeline.tiny_study import (
    NAME,
    REGISTRATION,
    WHOLE_REGISTRATION,
    Finished,
    arguments,
    manifests,
    planned,
    snapshot,
)

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")


@pytest.fixture(scope="module")
def study(tiny: Finished) -> xr.DataTree:
    """The tiny study as a user opens it, in memory."""
    return tiny.opened()


def test_study_runs_from_images_to_report(tiny: Finished) -> None:
    """One command ends with exit code 0, the data and the report, and says where they are."""
    assert tiny.code == 0, tiny.err
    assert f"data:   data/{NAME}/study.zarr" in tiny.out
    assert f"report: reports/{NAME}.html" in tiny.out
    assert sorted(path.name for path in tiny.place.iterdir()) == ["data", "reports"]
    assert sorted(path.name for path in (tiny.place / "reports").iterdir()) == sorted(["index.html", f"{NAME}.html"])


def test_nothing_is_said_on_standard_error(tiny: Finished) -> None:
    """No warning of a library, no line of TensorFlow's, not even when another study runs on the machine."""
    assert tiny.err == ""


def test_plain_lines_tell_the_progress_without_a_terminal(tiny: Finished) -> None:
    """One line a network, numbered, with its augmentation, seconds and speed; no escape codes."""
    lines = re.findall(
        r"^\[(\d)/3\] generalization: (\w+), seed 0: \d+ s, \d+ training images a second$", tiny.out, re.MULTILINE
    )
    assert [number for number, _ in lines] == ["1", "2", "3"]
    assert {augmentation for _, augmentation in lines} == {"none", "shift", "flip"}
    assert "\x1b" not in tiny.out


def test_parent_never_imports_tensorflow(tiny: Finished) -> None:
    """Workers alone see TensorFlow: its threads do not survive a fork, and its import takes seconds."""
    assert "study.execution.scheduling" in tiny.modules
    assert not {"tensorflow", "keras", "study.experiment.one_network", "study.experiment.training"} & tiny.modules


def test_every_network_is_published_and_journaled(tiny: Finished) -> None:
    """Networks lie under the planned keys, whole; staging is empty; timings are in the journal."""
    keys = [network.key for network in planned()]
    assert sorted(manifests(tiny.folder)) == sorted(keys)
    assert {network_state(tiny.folder, key) for key in keys} == {"done"}
    assert list(tiny.folder.staging.iterdir()) == []
    assert not tiny.folder.damaged.exists()
    journal = read_journal(tiny.folder)
    assert sorted(entry["key"] for entry in journal) == sorted(keys)
    for entry in journal:
        assert entry["failure"] == ""
        assert set(entry["stages"]) == {"train", "kernels", *groups_of(entry["arm"])}
        assert 0 < sum(entry["stages"].values()) <= entry["seconds"] + 0.1
        assert entry["images_per_second"] > 0
        assert 1e8 < entry["peak_memory_bytes"] < 2e9


def test_record_holds_config_registration_and_images(tiny: Finished) -> None:
    """What decided the study is stored when it begins: the resolved config, the registration's digest, the images."""
    record = read_record(tiny.folder)
    assert record is not None
    found = (f"study.name={NAME}", "execution.workers=2", "execution.device=cpu")
    stored = resolve("quick", assignments=(*_set(arguments()), *found))
    assert record["config"] == as_record(stored)
    assert record["registration"]["digest"] == read_registration(REGISTRATION).digest
    assert record["images"] | {"train": 320, "validation": 100, "test": 200} == record["images"]
    assert record["images"]["official"] is None
    assert len(record["images"]["class_names"]) == 10
    assert str(tiny.place) not in json.dumps(record)


def _set(command_line: list[str]) -> list[str]:
    return [value for flag, value in zip(command_line, command_line[1:], strict=False) if flag == "--set"]


def test_study_opens_with_labelled_groups(study: xr.DataTree) -> None:
    """Every group of the schema is there with a leading dimension `network`, and the results beside."""
    assert set(study.children) == {*GROUPS, "kernels", "results"}
    keys = [network.key for network in planned()]
    for group, variables in GROUPS.items():
        dataset = study[group].to_dataset()
        assert dataset["network"].values.tolist() == keys
        assert dataset["augmentation"].values.tolist() == ["none", "shift", "flip"]
        assert set(NETWORK_COORDINATES) <= set(dataset.coords)
        assert set(dataset[REGISTRATION_DIGEST].values.tolist()) == {read_registration(REGISTRATION).digest}
        for name, variable in variables.items():
            assert dataset[name].dims == ("network", *variable.dims), name
    tuning = study["tuning"].to_dataset()
    assert tuning.sizes["unit"] == 960
    assert tuple(dict.fromkeys(tuning["layer"].values.tolist())) == LAYERS
    assert study["responses"]["response"].shape == (3, 2, 960, 12, 9, 4)
    assert np.isfinite(study["responses"]["response"].values).all()


def test_every_variable_names_its_units(study: xr.DataTree) -> None:
    """Every variable has `units` and `long_name`, and so has every coordinate; each long name stands by itself."""
    for group in study.children:
        dataset = study[group].to_dataset()
        assert len(dataset.data_vars) > 0
        for name in map(str, dataset.variables):
            assert dataset[name].attrs.get("units"), f"{group}/{name}"
            assert dataset[name].attrs.get("long_name"), f"{group}/{name}"
            assert not dataset[name].attrs["long_name"].startswith("the same"), f"{group}/{name}"


def test_every_group_says_what_it_came_from(tiny: Finished, study: xr.DataTree) -> None:
    """Config digest, registration digest, image fingerprint, package versions and commit are on each group."""
    record = read_record(tiny.folder)
    assert record is not None
    for group in study.children:
        attrs = study[group].attrs
        assert attrs["schema_version"] == record["schema_version"], group
        assert attrs["config_digest"] == record["config_digest"], group
        assert attrs["registration_digest"] == record["registration"]["digest"], group
        assert attrs["image_fingerprint"] == record["images"]["fingerprint"], group
        assert {"tensorflow", "numpy", "zarr"} <= set(json.loads(attrs["packages"])), group
        assert "git_commit" in attrs, group


def test_states_are_before_and_after_training(study: xr.DataTree) -> None:
    """Training moved the responses of most units, and the ablation's halves are as large as the schema says."""
    response = study["responses"]["response"]
    moved = (response.sel(state="initial") != response.sel(state="analysed")).any(
        ("orientation", "spatial_frequency", "phase")
    )
    assert float(moved.mean()) > 0.9
    ablation = study["ablation"].to_dataset()
    tuning = study["tuning"].to_dataset()
    for index, layer in enumerate(LAYERS):
        member = tuning["layer"].values == layer
        for side in (1, -1):
            counts = (study["halves"]["ablated"].values[:, member] == side).sum(axis=1)
            assert counts.tolist() == ablation["half_size"].isel(layer=index).values.tolist()


def test_too_few_networks_that_learnt_nothing_get_no_verdict(tiny: Finished, study: xr.DataTree) -> None:
    """Three networks that hardly learnt: no verdict, and each says that they are fewer than registered, too; exit code 0."""
    results = study["results"].to_dataset()
    registered = read_registration(REGISTRATION).hypotheses
    assert set(results["hypothesis"].values.tolist()) == set(registered)
    assert set(results["verdict"].values.tolist()) == {"not informative"}
    assert set(results["hypothesis_verdict"].values.tolist()) == {"not informative"}
    notes = dict(zip(results["hypothesis"].values.tolist(), results["note"].values.tolist(), strict=True))
    for name, hypothesis in registered.items():
        assert notes[name], name
        if hypothesis.question in ("existence", "generalization", "ablation"):
            # A ratio of losses is undefined where ablation did no harm, as it may in networks that hardly learnt.
            assert re.search(
                rf"at least {hypothesis.minimum_networks} networks with a value; there are [0-3]$", notes[name]
            )
    assert tiny.code == 0


def test_console_and_report_agree_with_the_results(tiny: Finished, study: xr.DataTree) -> None:
    """Each hypothesis stands in the report; primary ones in the console's table, others, undecided, are counted there."""
    page = opened_page(tiny.report.read_text(encoding="utf-8"))
    hypotheses = read_registration(REGISTRATION).hypotheses
    for name, hypothesis in hypotheses.items():
        assert name in page
        if hypothesis.is_primary:
            line = next(line for line in tiny.out.splitlines() if f" {name} " in line)
            assert "not informative, interim" in line
        else:
            alike = sum(other.status == hypothesis.status for other in hypotheses.values())
            assert f"{hypothesis.status}, interim, in the report alone: {alike} not informative\n" in tiny.out
    assert page.count("not informative") >= 25
    assert "the registered test needs at least 8 networks" in page


def test_departures_and_smallness_are_said(tiny: Finished) -> None:
    """The report and the console list every setting that departs from the registration, and that this proves nothing."""
    page = opened_page(tiny.report.read_text(encoding="utf-8"))
    assert "proves nothing" in tiny.out
    sizes = read_registration(REGISTRATION).profile_settings["quick"]
    for name, value in (("training.epochs", 1), ("probe.permutations", 100)):
        departure = f"{name} is {value}, registered is {sizes[name]}"
        assert departure in tiny.out
        assert departure in page
    assert "generated by this program, not photographs" in tiny.out
    assert "generated by this program, not photographs" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    "restriction",
    [{"layer": ["conv2"]}, {"layer": ["conv5", "fc1"]}, {"clamp": ["output_zero"]}],
    ids=["one layer", "two layers", "one clamp"],
)
def test_study_of_fewer_layers_or_clamps_is_analysed(study: xr.DataTree, restriction: dict[str, list[str]]) -> None:
    """`ablation.layers` and `ablation.clamps` may name fewer than are registered: the others are then not tested."""
    kept = restriction.get("layer", list(LAYERS))
    groups = {name: study[name].to_dataset(inherit=False) for name in GROUPS}
    halves, by_layer = groups["halves"], {key: names for key, names in restriction.items() if key == "layer"}
    beside = {name: groups[name].sel(by_layer) for name in ("dose", "rivals")}
    groups |= beside | {
        "ablation": groups["ablation"].sel(restriction),
        "halves": halves.where(halves["layer"].isin(kept), 0),
    }
    restricted = xr.DataTree.from_dict(
        {"/": study.to_dataset(), **{f"/{name}": group for name, group in groups.items()}}
    )
    registration = dataclasses.replace(read_registration(WHOLE_REGISTRATION), learning={})  # these learnt nothing
    questions = analysis.analyse(restricted, registration, root_seed=0)
    ablation = next(question for question in questions if question.question == "ablation")
    assert {result.verdict for result in ablation.hypotheses} == {"not tested"}
    for result in ablation.hypotheses:
        for layer in result.layers:
            assert layer.note
            assert layer.layer in kept or layer.n == 0


def test_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """It prints the resolved config and the plan with time and disk, and leaves an empty folder empty."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments("--dry-run", "--workers", "2")) == 0
    assert list(tmp_path.iterdir()) == []
    out = capsys.readouterr().out
    for section, keys in as_record(resolve("quick", assignments=_set(arguments()))).items():
        assert f"[{section}]" in out
        for key in keys:
            assert re.search(rf"^  {key} = ", out, re.MULTILINE), f"{section}.{key}"
    assert "  epochs = 1\n" in out
    assert "plan: 3 networks: 0 done, 3 to do, 0 damaged" in out
    shuffles = read_registration(REGISTRATION).profile_settings["quick"]["probe.permutations"]
    assert f"deviation: probe.permutations is 100, registered is {shuffles}\n" in out
    assert "interim, not confirmatory: 3 networks of arm generalization are planned in initialisation set 1, " in out
    assert re.search(
        r"with 2 workers: about \d+ minutes \(from speeds measured on another machine\), \d+ MB of disk", out
    )


def test_dry_run_counts_done_missing_and_damaged(
    copied: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """With one network gone and one damaged it says so, estimates from the networks measured, and changes nothing."""
    gone, hurt, _ = planned()
    (copied.folder.networks / f"{gone.key}.zarr").rename(copied.place / "elsewhere")
    flip_a_byte(copied.folder.networks / f"{hurt.key}.zarr")
    before = snapshot(copied.place, times=True)
    monkeypatch.chdir(copied.place)
    assert main(arguments("--dry-run", "--workers", "0")) == 0
    out = capsys.readouterr().out
    assert "plan: 3 networks: 1 done, 1 to do, 1 damaged (will be set aside and retrained)" in out
    assert "from this study's own networks" in out
    assert snapshot(copied.place, times=True) == before


def flip_a_byte(network: Path) -> None:
    """Damage a network where nothing but its manifest can tell: one bit of one chunk."""
    chunk = next(path for path in sorted((network / "responses").rglob("*")) if path.is_file() and "/c/" in str(path))
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
