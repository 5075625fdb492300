"""A study as one file: what is in it, what it says that is not, and a report verified from it alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from zarr.storage import ZipStore

import study as package
from study.__main__ import main
from study.commands.stored.publishing import reduced
from study.config import as_record
from study.registration import parsed_registration
from study.registration.profiles import UNREGISTERED_SECTIONS, UNREGISTERED_SETTINGS
from study.store import LEFT_OUT, StudyFolder
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import REARING
from tests.stored_study import at, begun_study, concluded_study, few_hypotheses_text, publish_planned, settings_of

ROOT = Path(__file__).parents[2]
NAME = "whole"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working directory with an analysed study that has been published, to copy from."""
    place = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        at(place, patch)
        concluded_study(NAME)
        frozen = place / "data" / NAME / "preregistration.md"
        frozen.write_text(few_hypotheses_text(), encoding="utf-8")
        assert main(["publish", NAME]) == 0
    return place


@pytest.fixture
def clone(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where the published file, the frozen registration and the report lie, and nothing else of the study."""
    data, reports = tmp_path / "data" / NAME, tmp_path / "reports"
    data.mkdir(parents=True)
    reports.mkdir()
    for name in ("study.zarr.zip", "preregistration.md"):
        shutil.copy(published / "data" / NAME / name, data / name)
    shutil.copy(published / "reports" / f"{NAME}.html", reports)
    at(tmp_path, monkeypatch)
    return tmp_path


def file_of(place: Path) -> Path:
    """Return where the published file lies."""
    return StudyFolder(place / "data" / NAME).published


def test_xarray_opens_it_as_it_does_the_store(published: Path) -> None:
    """Every group and result; numbers of networks are the same, those of units to single precision."""
    whole = xr.open_datatree(published / "data" / NAME / "study.zarr", engine="zarr")
    with whole, xr.open_datatree(ZipStore(file_of(published)), engine="zarr") as tree:
        assert set(tree.children) == set(whole.children)
        xr.testing.assert_identical(
            tree["results"].to_dataset().drop_attrs(deep=False), whole["results"].to_dataset().drop_attrs(deep=False)
        )
        np.testing.assert_array_equal(tree["ablation/loss_by_block"].values, whole["ablation/loss_by_block"].values)
        np.testing.assert_allclose(tree["tuning/gosi"].values, whole["tuning/gosi"].values, rtol=1e-7)
        assert tree["tuning/gosi"].dtype == np.float64
        assert tree.attrs["registration_digest"] == whole.attrs["registration_digest"]


def test_what_is_left_out_stands_in_it(published: Path) -> None:
    """Single responses of all networks but one; each line names a variable of the store."""
    with xr.open_datatree(ZipStore(file_of(published)), engine="zarr") as tree:
        lines = tree.attrs[LEFT_OUT].splitlines()
        assert tree["responses"].sizes["network"] == 1
        assert any(line.startswith("responses/response: single responses of all networks but") for line in lines)
        kept = np.isfinite(tree["tuning/tuning_curve"].values).any(axis=(1, 2, 3))
        assert 0 < kept.sum() < kept.size
        assert "osi" not in tree["tuning"].data_vars


def test_counts_that_nothing_reads_of_reared_networks_are_left_out(published: Path) -> None:
    """They are 0 in these networks, and that is said; in all others they are what they were."""
    with xr.open_datatree(published / "data" / NAME / "study.zarr", engine="zarr") as tree:
        tree.load()
        tuning = tree["tuning"].to_dataset()
        arms = tuning["arm"].values.copy()
        arms[-1] = REARING
        tree["tuning"] = xr.DataTree(tuning.assign_coords(arm=("network", arms)))
        reduction = reduced(tree)
    kept, whole = reduction.groups["tuning"]["gosi_null_count"], tuning["gosi_null_count"]
    assert kept.dtype == whole.dtype and kept.dims == whole.dims and whole.values[-1].any()
    assert not kept.values[-1].any()
    np.testing.assert_array_equal(kept.values[:-1], whole.values[:-1])
    assert any(line.startswith("tuning/gosi_null_count: 0 in 1 networks of arm rearing") for line in reduction.lines)


def test_the_same_study_gives_the_same_bytes(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published again it differs in no byte, so that what is committed changes only where the study does."""
    again = shutil.copytree(published / "data", tmp_path / "data")
    at(tmp_path, monkeypatch)
    (again / NAME / "study.zarr.zip").unlink()
    assert main(["publish", NAME]) == 0
    assert file_of(tmp_path).read_bytes() == file_of(published).read_bytes()


def test_the_registration_is_in_it(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The very text; where it is not at hand, nothing is published."""
    with zipfile.ZipFile(file_of(published)) as file:
        assert file.read("record/preregistration.md").decode() == few_hypotheses_text()
    with pytest.MonkeyPatch.context() as patch:
        shutil.copytree(published / "data", tmp_path / "data")
        at(tmp_path, patch)
        (tmp_path / "other.md").write_text("# Another\n", encoding="utf-8")
        assert main(["publish", NAME, "--preregistration", "other.md"]) == 2
    assert "other.md: not the text that it registered" in capsys.readouterr().err


def test_a_report_is_verified_from_it_alone(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By name and by path, with what could not be computed again; nothing is written beside it."""
    before = sorted(path.name for path in (clone / "data" / NAME).iterdir())
    assert main(["verify", NAME]) == 0
    said = capsys.readouterr().out
    assert "verified: nothing differs" in said
    assert "not recomputed: from what is not published: responses/response" in said
    assert "relative 1e-05 (absolute 1e-06)" in said
    assert sorted(path.name for path in (clone / "data" / NAME).iterdir()) == before


def test_changes_are_found(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the report, of the frozen text, of what was noted of it, and of the file itself."""
    page = clone / "reports" / f"{NAME}.html"
    frozen = clone / "data" / NAME / "preregistration.md"
    frozen.write_text(few_hypotheses_text() + "\nMore.\n", encoding="utf-8")
    assert main(["verify", f"data/{NAME}/study.zarr.zip"]) == 1
    assert "preregistration.md: digest" in capsys.readouterr().out
    frozen.write_text(few_hypotheses_text(), encoding="utf-8")
    page.write_text(
        page.read_text(encoding="utf-8").replace("untrained-weaker", "untrained-stronger"), encoding="utf-8"
    )
    assert main(["verify", NAME]) == 1
    flip_a_byte(file_of(clone))
    assert main(["verify", NAME]) == 2
    assert "is no published study (Bad CRC-32" in capsys.readouterr().err
    file_of(clone).write_bytes(b"no zip")
    assert main(["verify", NAME]) == 2
    assert "is no published study" in capsys.readouterr().err


def flip_a_byte(path: Path) -> None:
    """Change a byte in the middle of the largest member of a zip file."""
    with zipfile.ZipFile(path) as file:
        member = max(file.infolist(), key=lambda one: one.compress_size)
    content = bytearray(path.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
    path.write_bytes(bytes(content))


def test_it_is_opened_where_nothing_else_lies(clone: Path) -> None:
    """By the study's name and by its path; layers select units, as in any study."""
    for name in (NAME, file_of(clone)):
        with package.open(name) as tree:
            assert tree["tuning"].to_dataset().sel(layer="conv2").sizes["unit"] > 0
    file_of(clone).write_bytes(file_of(clone).read_bytes()[:1000])
    with pytest.raises(StudyError, match="is no published study"):
        package.open(NAME)


def test_status_says_that_it_was_published(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line beside those of studies that are there; by name, and as JSON."""
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}: published, ") and said.endswith(f"next: python -m study verify {NAME}\n")
    assert main(["status", NAME, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["studies"][0]["published"] == str(file_of(clone))


def test_a_member_outside_is_refused(tmp_path: Path) -> None:
    """A file made by somebody else cannot write elsewhere."""
    path = tmp_path / "x.zarr.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../outside", b"")
    with pytest.raises(StudyError, match="lies outside of it"):
        package.open(path)


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no git repository")
def test_git_keeps_what_is_published_and_nothing_else_of_a_study() -> None:
    """The file, its registration and what was noted of it, and the report; networks and other studies are ignored."""
    kept = ["preregistration.md", "registration.json", "study.zarr.zip"]
    kept = [f"data/published/{name}" for name in kept] + ["reports/published.html", "data/README.md"]
    ignored = ["study.json", "journal.jsonl", "study.zarr/zarr.json", "networks/a.zarr/zarr.json", "power.json"]
    ignored = [f"data/published/{name}" for name in ignored] + ["data/quick/preregistration.md", "reports/quick.html"]
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *kept, *ignored]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ignored


@pytest.mark.slow
@pytest.mark.skipif(
    not (ROOT / "data" / "published" / "study.zarr.zip").exists(),
    reason="data/published/study.zarr.zip is not committed",
)
def test_the_published_study_is_verified(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every number of reports/published.html, from the file that is committed, against the registration frozen in it."""
    monkeypatch.chdir(ROOT)
    assert file_size(ROOT / "data" / "published" / "study.zarr.zip") < 20_000_000
    assert file_size(ROOT / "reports" / "published.html") < 4_000_000
    assert main(["verify", "data/published/study.zarr.zip"]) == 0, capsys.readouterr().out


def file_size(path: Path) -> int:
    """Return how many bytes a file has."""
    return path.stat().st_size


def registered_settings(name: str) -> dict[str, object]:
    """Return every setting of a study as a profile registers them."""
    record = as_record(settings_of(name))
    sections = {section: keys for section, keys in record.items() if section not in UNREGISTERED_SECTIONS}
    settings = {f"{section}.{key}": value for section, keys in sections.items() for key, value in keys.items()}
    return {key: value for key, value in settings.items() if key not in UNREGISTERED_SETTINGS}


def test_a_study_goes_on_with_another_program_and_ends_confirmatory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half is an interim look; meanwhile profiles and the registration of the checkout change; whole, nothing departs."""
    at(tmp_path, monkeypatch)
    sizes = registered_settings("sittings")
    registration = parsed_registration(few_hypotheses_text(), source="frozen", profiles={"quick": sizes})
    study, networks = begun_study("sittings", registration=registration)
    Path("data/sittings/preregistration.md").write_text(few_hypotheses_text(), encoding="utf-8")
    publish_planned(study, networks[:4])
    assert main(["report", "sittings", "--json"]) == 1
    half = json.loads(capsys.readouterr().out)
    assert half["interim"] and half["deviations"] == []
    later = few_hypotheses_text().replace("smallest_effect = 0.05", "smallest_effect = 0.07")
    Path("preregistration.md").write_text(later, encoding="utf-8")
    monkeypatch.setattr("study.registration.parsing.registered_profiles", lambda: {"quick": {"training.epochs": 99}})
    publish_planned(study, networks[4:])
    assert main(["report", "sittings", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["interim"], whole["deviations"], len(whole["looks"])) == ([], [], 2)
    assert main(["verify", "sittings"]) == 0
    capsys.readouterr()
    assert main(["report", "sittings", "--json", "--preregistration", "preregistration.md"]) == 0
    assert any("smallest_effect" in line for line in json.loads(capsys.readouterr().out)["deviations"])
