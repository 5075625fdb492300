"""The tests under test: counts, what is called a failure, the command."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path

import pytest

from study.analysis.core.published import unpublished
from study.analysis.core.results import OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.questions import questions
from study.analysis.simulation import (
    EFFECT,
    NULL,
    UPPER_MARGIN,
    Calibration,
    Size,
    cases,
    effect_case,
    processes,
    tally,
)
from study.analysis.simulation.calibration import failures
from study.analysis.simulation.calibration_tables import case_table, level_table, power_table, summary_table
from study.commands import calibrate
from study.registration import (
    AS_ASSUMED,
    NETWORKS_LOST,
    OPPOSITE_STRATA,
    SKEWED_EFFECTS,
    Ceiling,
    DepartureCeiling,
)
from tests.example_calibration import CHEAP, counts, hypothesis
from tests.example_registration import cut_down

ROOT = Path(__file__).parents[2]


CEILINGS = (
    DepartureCeiling(AS_ASSUMED, (), (), Ceiling(), {}),
    DepartureCeiling(SKEWED_EFFECTS, ("mean",), (), Ceiling(0.1, 16, "few networks"), {}),
)


def calibration(significant: int, *, skewed: int = 0, ruled_out: int = 0, studies: int = 1000) -> Calibration:
    """Return the calibration of a test that errs in so many studies, of 16 networks."""
    one, size = hypothesis(), Size(16)
    null, bound = cases(one, size)
    worst, _ = cases(one, size, SKEWED_EFFECTS)
    errors = (
        (null, counts(studies, significant, published=studies)),
        (bound, counts(studies, studies, enough=160, ruled_out=ruled_out)),
        (worst, counts(studies, skewed)),
    )
    effects = [(effect_case(one, Size(n)), counts(200, 50, enough=10 * n)) for n in (8, 16)]
    return Calibration(one, CEILINGS, 16, errors, tuple(effects))


def test_what_is_false_is_planted_on_every_side() -> None:
    """Support and the opposite at the null value, ruled out at the smallest effect; absence and an effect at margins."""
    one = hypothesis()
    assert [(case.planted, case.false) for case in cases(one, Size(16))] == [
        (NULL, (SUPPORTED, OPPOSITE)),
        (EFFECT, (RULED_OUT,)),
    ]
    absence = hypothesis("ablation-other-layers-absence")
    margins = [absence.null_value - absence.smallest_effect, absence.null_value + absence.smallest_effect]
    assert [case.theta for case in cases(absence, Size(16))] == margins
    assert all(len(case.false) == 2 for case in cases(absence, Size(16)))
    (opposite,) = cases(hypothesis("generalization-conv1-absence"), Size(80), OPPOSITE_STRATA)
    assert (opposite.theta, opposite.false[0]) == (0.0, SUPPORTED)


def test_the_long_tail_lies_where_it_deceives() -> None:
    """A claim of an effect below is deceived by a tail above where there is none, by a tail below where it is just true."""
    one = hypothesis()
    assert one.smallest_effect < 0
    for departure in (SKEWED_EFFECTS, NETWORKS_LOST):
        assert [(case.planted, case.side) for case in cases(one, Size(16), departure)] == [(NULL, 1), (EFFECT, -1)]
        assert len(cases(one, Size(16), departure, whole=True)) == 3
    absence = cases(hypothesis("ablation-other-layers-absence"), Size(16), SKEWED_EFFECTS)
    assert [(case.planted, case.side) for case in absence] == [(UPPER_MARGIN, 1), (UPPER_MARGIN, -1)]
    exchangeable = dataclasses.replace(one, exchangeable="halves are drawn alike")
    assert {case.planted for case in cases(exchangeable, Size(16), SKEWED_EFFECTS, whole=True)} == {EFFECT}


def test_a_tally_counts_what_the_registered_path_concludes() -> None:
    """Every study once; the claim is significant at most as often as any layer, and support is not above either."""
    case = effect_case(hypothesis(), Size(24))
    counted = tally(case, root_seed=0, start=0, studies=30, published=5)
    assert counted.studies == 30
    assert counted.published == 5
    significant, supported = counted.significant, counted.findings[SUPPORTED]
    assert supported.hypothesis <= significant.hypothesis <= significant.any_layer <= sum(significant.layers)
    assert 0 < counted.covered <= counted.intervals == 60
    assert counted == tally(case, root_seed=0, start=0, studies=30, published=5)
    assert counted != tally(case, root_seed=1, start=0, studies=30, published=5)
    both = counted + counted
    assert (both.studies, both.significant.layers) == (60, tuple(2 * count for count in significant.layers))


def test_a_large_effect_is_found_and_its_absence_is_not() -> None:
    """Three standard deviations in every layer: found in all studies; where there is none, its absence is ruled out."""
    one = dataclasses.replace(hypothesis(), smallest_effect=-0.09)
    counted = tally(effect_case(one, Size(16)), root_seed=0, start=0, studies=20, published=0)
    assert counted.significant.hypothesis == 20
    null = tally(cases(one, Size(16))[0], root_seed=0, start=0, studies=20, published=0)
    assert null.significant.any_layer < 8
    assert null.findings[RULED_OUT].any_layer == 20


def test_networks_lost_for_what_they_would_have_shown_do_not_deceive() -> None:
    """A fifth of them, all from the side that speaks against the claim: it is hardly ever found all the same."""
    lost = cases(hypothesis(), Size(24), NETWORKS_LOST)[0]
    counted = tally(lost, root_seed=0, start=0, studies=60, published=0)
    assert counted.false(lost, SUPPORTED) <= 6


@pytest.mark.slow
def test_counts_do_not_depend_on_the_number_of_processes() -> None:
    """One process or two, the same studies; every study is watched once."""
    requests = [processes.Request(effect_case(hypothesis(), Size(size)), 40, 3) for size in (80, 200)]
    watched: list[int] = []
    alone = processes.simulated(requests, root_seed=3, workers=1, watch=watched.append)
    assert sum(watched) == 80
    assert alone == processes.simulated(requests, root_seed=3, workers=2)
    assert [counted.published for counted in alone] == [3, 3]


def test_only_an_error_rate_beyond_chance_is_a_failure() -> None:
    """By itself an interval of 95 % decides; of a hundred and more shares one looks that bad by chance: wider intervals."""
    assert failures([calibration(50)]) == ()
    assert failures([calibration(62)]) == ()
    (sentence,) = failures([calibration(90)])
    assert sentence.startswith(
        f"{CHEAP}: says 'supported' falsely at the null value in 0.090 of 1000 studies of 16 networks"
    )
    assert "registered is at most 0.05" in sentence
    many = [calibration(50)] * 40
    assert failures([*many, calibration(70)]) == ()
    assert failures([calibration(75)]) != ()


def test_every_side_and_the_worst_case_have_ceilings() -> None:
    """What is falsely ruled out fails too; a departure by its own ceiling, from the number on that it is registered for."""
    (sentence,) = failures([calibration(50, ruled_out=90)])
    assert f"{CHEAP}: says 'ruled out' falsely at the smallest effect in 0.090" in sentence
    assert failures([calibration(50, skewed=110)]) == ()
    (sentence,) = failures([calibration(50, skewed=180)])
    assert "(skewed effects) in 0.180" in sentence
    later = (CEILINGS[0], dataclasses.replace(CEILINGS[1], ceiling=Ceiling(0.1, 24, "few networks")))
    assert failures([dataclasses.replace(calibration(50, skewed=180), ceilings=later)]) == ()
    exempt = dataclasses.replace(CEILINGS[1], exceptions={CHEAP: Ceiling("none", 2, "it says no more")})
    assert failures([dataclasses.replace(calibration(50, skewed=1000), ceilings=(CEILINGS[0], exempt))]) == ()


def test_the_worse_of_the_false_findings_counts() -> None:
    """Both sides are tried; the one that is found more often beside its ceiling is reported."""
    one = calibration(10, ruled_out=40, skewed=50)
    assert (one.level.finding, one.level.count) == (RULED_OUT, 40)
    assert one.worst is not None
    assert (one.worst.case.departure, one.worst.count) == (SKEWED_EFFECTS, 50)


def test_tables_hold_what_was_counted() -> None:
    """One row a hypothesis in the summary, one a case among the counts."""
    one = calibration(50, skewed=60)
    (row,) = summary_table([one]).to_dict("records")
    assert (row["networks"], row["level_share"], row["worst_share"], row["power"]) == (16, 0.05, 0.06, 0.8)
    assert row["level_low"] < 0.05 < row["level_high"]
    assert (row["level_ceiling"], row["worst_ceiling"], row["level_holds"]) == (0.05, 0.1, "yes")
    assert summary_table([calibration(300)])["level_holds"].tolist() == ["no"]
    counted = case_table([one])
    assert sorted(zip(counted["departure"], counted["planted"], counted["networks"], strict=True)) == [
        (AS_ASSUMED, NULL, 16),
        (AS_ASSUMED, EFFECT, 8),
        (AS_ASSUMED, EFFECT, 16),
        (SKEWED_EFFECTS, NULL, 16),
    ]
    power = power_table([one])
    assert power["share"].tolist() == [0.4, 0.0, 0.8, 0.0]
    assert set(power["minimum"]) == {8}


def test_what_is_not_in_the_paper_has_no_published_error_rate() -> None:
    """Its published analysis supports nothing, which is no merit."""
    published = questions()[hypothesis().question].published[hypothesis().measure]
    assert published.layers is unpublished
    assert calibration(50).worst_published is None
    assert level_table([calibration(50)])["analysis"].tolist() == ["as assumed", "worst case"]
    published = dataclasses.replace(calibration(50), hypothesis=hypothesis("shift_invariance-fc1"))
    assert level_table([published])["share"].tolist() == [0.05, 0.0, 1.0]


def run(*arguments: str) -> int:
    """Run the command in this process."""
    return calibrate.COMMAND.main(["--preregistration", str(ROOT / "preregistration.md"), "--workers", "1", *arguments])


def test_the_command_reports_registered_against_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two hypotheses, few studies: exit code 0, one table, a page that works offline, all counts beside it."""
    monkeypatch.chdir(tmp_path)
    names = (CHEAP, "shift_invariance-fc1")
    flags = [part for name in names for part in ("--hypothesis", name)]
    assert run(*flags, "--studies", "20", "--networks", "8,16") == 0
    out = capsys.readouterr().out
    assert "studies simulated: " in out
    for name in names:
        assert name in out
    assert "not in the paper" in out
    page = (tmp_path / "reports" / "calibration.html").read_text(encoding="utf-8")
    assert "Is the inference right?" in page
    assert not re.search(r'(?:src|href)="https?:', page)
    with (tmp_path / "reports" / "calibration.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["hypothesis"] for row in rows} == set(names)
    assert sorted({int(row["networks"]) for row in rows if row["planted"] == EFFECT}) == [8, 16]
    assert {row["studies"] for row in rows if row["planted"] == NULL} == {"20"}
    assert {row["departure"] for row in rows} == {AS_ASSUMED, SKEWED_EFFECTS}
    record = (tmp_path / "reports" / "calibration.md").read_text(encoding="utf-8")
    assert "python -m study calibrate --hypothesis shift_invariance-consistency" in record
    assert f"| {CHEAP} |" in record
    # Any half raises the coefficient of variation above the intact network's, which is what the paper compares with.
    nulls = [row for row in rows if row["hypothesis"] == "shift_invariance-fc1" and row["planted"] == NULL]
    assert [float(row["published_supported"]) for row in nulls if row["departure"] == AS_ASSUMED] == [1]


def test_a_registration_that_errs_too_often_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seven layers without an adjustment for seven: some layer is found where there is nothing, and the exit code is 1.

    Quiet says no more than that, beside the document for programs.
    """
    name = "untrained-few"
    alone = cut_down((ROOT / "preregistration.md").read_text("utf-8"), [name])
    changed = alone.replace('adjustment = "holm"', 'adjustment = "none"').replace("\nalpha = 0.05", "\nalpha = 0.1")
    changed = changed[: changed.index("## Multiverse")]
    broken = tmp_path / "broken.md"
    broken.write_text(changed, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("--preregistration", str(broken), "--studies", "60", "--networks", "16", "--json", "-q") == 1
    told = capsys.readouterr()
    assert re.match(
        rf"study: {name}: says '[a-z ]+' falsely at the .* in 0\.\d+ of 60 studies of 16 networks", told.err
    )
    assert told.err.count("\n") == told.err.count("study: ")
    document = json.loads(told.out)
    assert [row["hypothesis"] for row in document["hypotheses"]] == [name]
    assert told.err.splitlines() == [f"study: {line}" for line in document["failures"]]
    assert all(Path(path).is_file() for path in document["paths"].values())
    assert "err more often than registered" in (tmp_path / "reports" / "calibration.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--studies", "3"), "--studies 3 is not allowed: it must be a whole number from 10 to 1000000"),
        (("--seed", "-1"), "--seed -1 is not allowed"),
        (("--workers", "0"), "--workers 0 is not allowed"),
        (("--networks", "8,many"), "--networks '8,many' is not allowed: write whole numbers from 2 to 10000"),
        (("--networks", "1"), "--networks '1' is not allowed"),
        (("--hypothesis", "nothing"), "--hypothesis 'nothing' is not registered in"),
        (("--profile", "huge"), "--profile 'huge' is unknown"),
        (("--preregistration", "no.md"), "no.md does not exist"),
        (("--hypothesis", "replication-vgg16-existence"), "can be simulated"),
    ],
    ids=["studies", "seed", "workers", "networks", "one network", "hypothesis", "profile", "file", "VGG16"],
)
def test_bad_arguments_are_refused_in_one_line(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, the value and what is allowed, and nothing written."""
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """Examples, what comes out, exit codes."""
    with pytest.raises(SystemExit, match="0"):
        run("--help")
    text = capsys.readouterr().out
    for word in (
        "--all",
        "--studies",
        "--hypothesis",
        "--networks",
        "--profile",
        "examples:",
        "calibration.html",
        "Exit code",
    ):
        assert word in text
