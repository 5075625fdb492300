"""Commands about studies that are there: what they say of a whole study, of a begun one, and of one that somebody changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import study as package
from study.__main__ import main
from study.commands.all_reports import write_index
from study.commands.run.trust import POWER_FILE
from study.report.folds import packed, unpacked
from study.store import StudyFolder, append_journal, locked, open_study, write_results
from study.vocabulary.errors import StudyError
from tests.stored_study import at, begun_study, concluded_study, publish_planned

WHOLE, BEGUN = "whole", "begun"
Said = Callable[..., str]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working directory with one study that is analysed and one of three networks that is not, to copy."""
    place = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        at(place, patch)
        concluded_study(WHOLE)
        begun, networks = begun_study(BEGUN, "ablation.null_draws=25")
        publish_planned(begun, networks[:3])
        append_journal(begun.folder, {"key": networks[3].key, "failure": "out of\nmemory"})
    return place


@pytest.fixture
def here(studies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of them."""
    place = shutil.copytree(studies, tmp_path / "here")
    at(place, monkeypatch)
    return place


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command with the exit code that is expected, and return what it printed."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(words) == code
        printed = capsys.readouterr()
        return printed.err if code == 2 else printed.out

    return run


def folder(place: Path, name: str = WHOLE) -> StudyFolder:
    """Return the folder of a study."""
    return StudyFolder(place / "data" / name)


def change_a_byte(place: Path) -> None:
    """Change the last byte of the first chunk below a path."""
    chunk = next(path for path in sorted(place.rglob("*")) if path.is_file() and "c" in path.parts[len(place.parts) :])
    content = bytearray(chunk.read_bytes())
    content[-1] ^= 1
    chunk.write_bytes(bytes(content))


def test_status_of_no_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    """A line that says how one is made; a study that is named and not there is refused."""
    monkeypatch.chdir(tmp_path)
    assert "`python -m study run` makes one" in said("status")
    assert "there is no study; data holds none" in said("status", "quick", code=2)


def test_a_study_that_is_there_only_as_published_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    """What needs the study itself says what lies there and what reads it; other names are answered with it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "data" / "published" / "study.zarr.zip"
    file.parent.mkdir(parents=True)
    file.touch()
    for command in ("report", "publish"):
        refusal = said(command, "published", code=2)
        assert "data/published holds study.zarr.zip alone" in refusal and "study verify published`" in refusal
    assert "there is no study; data holds published (as published);" in said("verify", "other", code=2)


def test_a_described_network_is_not_called_a_damaged_study(here: Path, said: Said) -> None:
    """Its record is as `probe_model` wrote it: what reads studies says so, and asks for nothing to be restored."""
    record = folder(here).record_path
    record.write_text(
        json.dumps(json.loads(record.read_text(encoding="utf-8")) | {"external_network": {}}), encoding="utf-8"
    )
    for command in ("verify", "report", "status"):
        assert "one network that `python -m study probe_model` described" in said(command, WHOLE, code=2)


def test_status_of_all_has_a_line_each(here: Path, said: Said) -> None:
    """Done, failed, left, looks, disk; a study that cannot be read is a line as well."""
    shutil.copytree(here / "data" / BEGUN, here / "data" / "broken")
    (here / "data" / "broken" / "study.json").write_text("{")
    lines = dict(line.split(": ", 1) for line in said("status").splitlines())
    assert set(lines) == {WHOLE, BEGUN, "broken"}
    assert re.fullmatch(r"8 of 8 networks done, not running, 1 look, \d+ MB", lines[WHOLE])
    assert re.fullmatch(
        r"3 of 8 networks done, 1 failed, not running, about \d+ min left, 0 looks, \d+ MB", lines[BEGUN]
    )
    assert "study.json" in lines["broken"]


def test_status_of_one(here: Path, said: Said) -> None:
    """By arm, with the reason of what failed, damage, who is running, and the next command."""
    change_a_byte(next(iter(sorted(folder(here, BEGUN).networks.iterdir()))))
    with locked(folder(here, BEGUN)):
        text = said("status", BEGUN)
    assert "2 of 8 networks done, 1 failed, 1 damaged, running: " in text
    assert "arm generalization, initialisation set 1: 8 networks: 1 damaged, 2 done, 5 " in text
    assert r"out of\nmemory" in text
    (following,) = re.findall(rf"^next: python -m study run --profile quick --name {BEGUN} (.*)$", text, re.MULTILINE)
    assert "--set ablation.null_draws=25" in following
    assert f"next: python -m study report {WHOLE}" in said("status", WHOLE)


def test_status_as_json(here: Path, said: Said) -> None:
    """All of it for a program, of one study or of every one; quiet beside it says nothing else, and alone nothing."""
    (only,) = json.loads(said("status", BEGUN, "--json", "-q"))["studies"]
    assert {name: only[name] for name in ("study", "planned", "done", "damaged", "running", "looks")} == {
        "study": BEGUN,
        "planned": 8,
        "done": 3,
        "damaged": 0,
        "running": None,
        "looks": 0,
    }
    assert [one["reason"] for one in only["failed"]] == ["out of\nmemory"]
    assert only["minutes_left"] > 0
    assert only["megabytes"] > 0
    assert only["arms"] == [{"arm": "generalization", "initialization_set": 1, "done": 3, "to do": 5}]
    shutil.copytree(here / "data" / BEGUN, here / "data" / "broken")
    (here / "data" / "broken" / "study.json").write_text("{")
    every = {one["study"]: one for one in json.loads(said("status", "--json"))["studies"]}
    assert every[BEGUN] == only
    assert every[WHOLE]["done"] == every[WHOLE]["planned"] == 8
    assert "study.json" in every["broken"]["problem"]
    assert said("status", "-q") == ""


def test_compare_says_what_differs(here: Path, said: Said) -> None:
    """Verdicts, effects with interval and n, settings; as JSON the same."""
    shutil.copytree(here / "data" / WHOLE, here / "data" / "other")
    with open_study(folder(here, "other").compacted) as tree:
        results = tree["results"].to_dataset(inherit=False).load()
    results["hypothesis_verdict"][:] = "opposite"
    results["estimate"][0] = 0.25
    write_results(folder(here, "other"), results)
    text = said("compare", WHOLE, "other")
    assert "differs" in text
    assert "opposite" in text
    assert re.search(r"\+0\.250 \[[+-]\d\.\d{3}, [+-]\d\.\d{3}\] \(n 8\)", text)
    plain = json.loads(said("compare", WHOLE, "other", "--json"))
    first, second = plain["studies"]
    assert [first["name"], second["name"]] == [WHOLE, "other"]
    assert first["verdicts"] != second["verdicts"]
    assert second["effects"][0]["estimate"] == 0.25
    assert plain["differences"] == []
    assert "no setting that decides what is measured" in said("compare", WHOLE, WHOLE)
    assert "holds no results yet" in said("compare", WHOLE, BEGUN, code=2)
    assert "there is no study" in said("compare", WHOLE, "none", code=2)


def test_compare_says_which_settings_differ(here: Path, said: Said) -> None:
    """Of two studies of other settings, the value in each."""
    record = json.loads((here / "data" / BEGUN / "study.json").read_text())
    shutil.copytree(here / "data" / WHOLE, here / "data" / "other")
    (here / "data" / "other" / "study.json").write_text(json.dumps(record))
    assert "ablation.null_draws" in said("compare", WHOLE, "other")


def test_verify_finds_nothing_in_a_report_as_it_was_written(here: Path, said: Said) -> None:
    """Exit code 0, with the tolerance, how much was compared, and what could not be."""
    text = said("verify", WHOLE)
    assert "verified: nothing differs" in text
    assert int(re.search(r"([\d,]+) numbers of", text)[1].replace(",", "")) > 1_000  # type: ignore[index]
    assert "tolerance: " in text
    assert text.count("not recomputed: ") == 6


def test_verify_writes_nothing(here: Path, said: Said) -> None:
    """Every byte of studies and reports is as it was, and no file more, though what a report kept has gone."""
    (folder(here).path / POWER_FILE).unlink()
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert "verified: nothing differs" in said("verify", WHOLE)
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_verify_names_results_words_and_folds_that_were_changed(here: Path, said: Said) -> None:
    """One stored result whose digests were made again, one visible number, one number in a fold: each is named."""
    with open_study(folder(here).compacted) as tree:
        results = tree["results"].to_dataset(inherit=False).load()
    results["estimate"][3] += 0.01
    write_results(folder(here), results)
    report = here / "reports" / f"{WHOLE}.html"
    page = report.read_text(encoding="utf-8")
    page, visible = re.subn(r"Networks: 8 generalization", "Networks: 9 generalization", page)
    assert visible == 1
    folds = re.findall(r'<script type="application/gzip">([^<]+)</script>', page)
    fold = next(text for text in folds if re.search(r"<td[^>]*>\d\.\d+</td>", unpacked(text)))
    changed = re.sub(r"(<td[^>]*>)\d(\.\d+</td>)", r"\g<1>7\2", unpacked(fold), count=1)
    report.write_text(page.replace(fold, packed(changed)), encoding="utf-8")
    text = said("verify", f"reports/{WHOLE}.html", code=1)
    row = results.isel(result=3)
    assert f"stored results, {row['hypothesis'].item()}, {row['layer'].item()}: estimate is " in text
    assert "Networks: 9 generalization" in text
    assert re.search(rf"reports/{WHOLE}\.html, [\w-]+: '7\.\d+' is, recomputed, '\d\.\d+'", text)
    assert "3 differences" in text


@pytest.mark.parametrize("where", ["study.zarr/tuning/gosi", "study.zarr/results/estimate", "networks"])
def test_verify_names_a_value_that_was_changed_in_the_store(here: Path, said: Said, where: str) -> None:
    """One byte of a chunk: exit code 1, and the file that is not what was written."""
    change_a_byte(here / "data" / WHOLE / where)
    text = said("verify", WHOLE, code=1)
    assert "damaged: " in text
    assert where.partition("/")[2] in text
    assert text.endswith("\n1 difference\n")


def test_verify_refuses_what_it_cannot_compare(here: Path, said: Said) -> None:
    """No study, no report, no results: one line with the remedy."""
    assert "there is no study" in said("verify", "none", code=2)
    assert f"run `python -m study report {BEGUN}`" in said("verify", BEGUN, code=2)
    (here / "reports" / f"{WHOLE}.html").unlink()
    assert f"run `python -m study report {WHOLE}`" in said("verify", WHOLE, code=2)


def test_report_refuses_in_one_line(here: Path, said: Said) -> None:
    """A study that is not there, one without networks, one that somebody writes."""
    line = said("report", "none", code=2)
    assert line.count("\n") == 1
    assert f"data holds {BEGUN}, {WHOLE}" in line
    shutil.rmtree(folder(here, BEGUN).networks)
    refusal = said("report", BEGUN, code=2)
    assert f"none of its networks is there; run `python -m study run --profile quick --name {BEGUN} --set " in refusal
    assert " --set ablation.null_draws=25 " in refusal


def test_the_list_of_all_reports_has_the_study_and_its_strip(here: Path) -> None:
    """With its answer, and a link to each question's place on its page; a study without a report is a line."""
    page, report = ((here / "reports" / name).read_text(encoding="utf-8") for name in ("index.html", f"{WHOLE}.html"))
    assert f'<a href="{WHOLE}.html">{WHOLE}</a>' in page
    places = re.findall(rf'href="{WHOLE}\.html#([^"]+)"', page)
    assert len(places) == 2
    assert all(f'id="{place}"' in report for place in places)
    answer = re.search(r'<p class="answer">(.*?)</p>', report)
    assert answer is not None
    assert answer[1] in page
    assert write_index() == ""
    again = (here / "reports" / "index.html").read_text(encoding="utf-8")
    assert f"<li>{BEGUN}: not analysed yet" in again


def test_a_study_is_opened_by_its_name(here: Path) -> None:
    """Units are selected by their layer; numbers of the report by the expressions that it prints."""
    with package.open(WHOLE) as tree:
        gosi = tree["tuning"]["gosi"].sel(layer="conv2")
        assert gosi.sizes["unit"] == 10
        assert np.unique(gosi["layer"].values.tolist()).tolist() == ["conv2"]
    with package.open(f"data/{WHOLE}/study.zarr") as tree:
        assert "results" in tree.children
    with pytest.raises(StudyError, match=r"data/none/study\.zarr: there is no study"):
        package.open("none")


def test_the_first_lines_of_the_documentation_select_one_arm_and_set(here: Path) -> None:
    """They run as they stand, on a study of another name."""
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    code = page.split("```python\nimport study\n", 1)[1].split("```", 1)[0]
    names: dict[str, Any] = {"study": package}
    exec(code.replace('"quick"', repr(WHOLE)), names)
    assert set(names["gosi"]["arm"].values.tolist()) == {"generalization"}
    assert set(names["gosi"]["initialization_set"].values.tolist()) == {1}
    assert names["gosi"].sizes == {"network": 8, "unit": 10}
    assert names["by_layer"].sizes == {"network": 8, "layer": 7}
    assert all(names["results"]["rule"])
    names["tree"].close()


def test_numbers_of_the_report_are_where_it_says(here: Path) -> None:
    """The page's own expressions, executed: each gives the number that the page holds."""
    page = (here / "reports" / f"{WHOLE}.html").read_text(encoding="utf-8")
    numbers = re.search(r'<script type="application/gzip" id="numbers">([^<]+)</script>', page)
    assert numbers is not None
    rows = json.loads(unpacked(numbers[1]))
    with xr.open_datatree(here / "data" / WHOLE / "study.zarr", engine="zarr") as tree:
        results = tree["results"].to_dataset().load()
    assert len(rows) > 20
    for *_, value, expression in rows:
        assert eval(expression, {"results": results}) == value, expression
