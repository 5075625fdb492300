"""Which studies a calibration simulates: each test at its level and in its worst case, or every departure."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from study.analysis.core.results import SUPPORTED
from study.analysis.simulation import Size, is_simulated
from study.commands.calibration_cases import Plan, planned, requests
from study.config import resolve
from study.registration import (
    AS_ASSUMED,
    HEAVILY_SKEWED_EFFECTS,
    NETWORKS_LOST,
    SKEWED_EFFECTS,
    Ceiling,
    DepartureCeiling,
    read_registration,
)
from tests.example_networks import CNN7
from tests.example_study import registered

ROOT = Path(__file__).parents[2]
PROFILES = {name: resolve(name) for name in ("quick", "cifar10-small", "cifar10")}
ONE = "shift_invariance-consistency"
CEILINGS = (
    DepartureCeiling(AS_ASSUMED, (), (), Ceiling(), {}),
    DepartureCeiling(SKEWED_EFFECTS, ("mean",), (), Ceiling(0.1, 12, "few networks"), {}),
    DepartureCeiling(HEAVILY_SKEWED_EFFECTS, ("mean",), (), Ceiling(0.2, 8, "few networks"), {}),
    DepartureCeiling(NETWORKS_LOST, ("mean",), (), Ceiling(), {}),
)


def plan(*names: str, whole: bool = False, networks: tuple[int, ...] = ()) -> tuple[Plan, ...]:
    """Return what is simulated for some hypotheses."""
    hypotheses = tuple(dataclasses.replace(registered().hypotheses[name], exchangeable="") for name in names)
    return planned(hypotheses, CEILINGS, PROFILES, "cifar10-small", networks=networks, whole=whole)


def test_by_default_the_level_and_the_first_departure_at_its_fewest_networks() -> None:
    """Skewed effects come first, and their ceiling holds from twelve networks on; a study trains sixteen."""
    (one,) = plan(ONE)
    assert one.networks == 16
    assert [(case.departure, case.size.networks) for case in one.errors] == [
        (AS_ASSUMED, 16),
        (AS_ASSUMED, 16),
        (SKEWED_EFFECTS, 12),
        (SKEWED_EFFECTS, 12),
    ]
    assert [case.size.networks for case in one.effects] == [16]


def test_all_is_every_departure_at_every_number_of_networks() -> None:
    """From the fewest that are tested to what the largest profile trains; of networks that get lost there are more."""
    (one,) = plan(ONE, whole=True)
    by_departure = {case.departure for case in one.errors}
    assert by_departure == {departure.name for departure in CEILINGS}
    sizes = {case.size.networks for case in one.errors if case.departure == SKEWED_EFFECTS}
    assert sizes == {case.size.networks for case in one.effects} == {8, 16, 80}
    assert min(case.size.networks for case in one.errors if case.departure == NETWORKS_LOST) == 16


def test_a_test_with_no_departure_has_its_level_alone() -> None:
    """None of these befalls a rank correlation."""
    (one,) = plan("generalization-lower-layers")
    assert {case.departure for case in one.errors} == {AS_ASSUMED}


def test_numbers_of_networks_may_be_named() -> None:
    """Beside that of the level, which is always there."""
    (one,) = plan(ONE, networks=(24, 40))
    assert [case.size.networks for case in one.effects] == [16, 24, 40]


def test_what_another_network_is_about_is_not_planned() -> None:
    """A study of the seven-layer network cannot say anything of VGG16."""
    assert plan("replication-vgg16-existence") == ()


def test_every_case_is_simulated_once() -> None:
    """The smallest effect serves twice: there its being ruled out is false, and there power is measured."""
    wanted = requests(plan(ONE), studies=100, whole=False)
    assert len({request.case.name for request in wanted}) == len(wanted) == 4
    assert {request.studies for request in wanted} == {100}
    null = next(request for request in wanted if SUPPORTED in request.case.false)
    assert null.published == 5
    absence = requests(plan("ablation-other-layers-absence"), studies=100, whole=False)
    assert sorted(request.studies for request in absence) == [25, 100, 100]


def test_sizes_name_their_random_numbers() -> None:
    """A case's name says its departure, side, value and size, so that no two cases share random numbers."""
    (one,) = plan(ONE, whole=True)
    names = [case.name for case in one.errors]
    assert len(set(names)) == len(names)
    assert all(repr(case.size) in case.name for case in one.errors)
    assert repr(Size(16)) != repr(Size(8))


def test_the_committed_table_is_of_the_registered_tests() -> None:
    """A row of benchmarks/calibration.md is of a registered hypothesis, each once; what made the table stands beside it.

    A new hypothesis needs no row before the table is written anew.
    """
    record = (ROOT / "benchmarks" / "calibration.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([a-z][a-z0-9_-]+) \| ", record, re.MULTILINE)) - {"hypothesis"}
    registration = read_registration(ROOT / "preregistration.md").for_network("cnn7", tuple(CNN7))
    simulated = {one.id for one in registration.hypotheses.values() if is_simulated(one)}
    assert len(rows) >= 41 and set(rows) <= set(simulated), (
        "write it anew: python -m study calibrate, and copy reports/calibration.md"
    )
    for label in ("- Date: ", "- Command: python -m study calibrate", "- Program: study "):
        assert label in record
