"""Which studies a calibration simulates: each test at its level and in its worst case, or everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from study.analysis.simulation import Calibration, Case, Size, Tally, cases, effect_case
from study.analysis.simulation.processes import Request
from study.commands.power import impossible, networks_planned, size_of
from study.config import Config
from study.registration import AS_ASSUMED, NETWORKS_LOST, Ceilings, DepartureCeiling, Hypothesis

SHARE_OF_POWER: Final = 4  # one study with an effect, at each number of networks, for so many without
SHARE_OF_PUBLISHED: Final = (
    20  # the analysis as published is run on one study in so many, as it takes several times as long
)
MORE_FOR_LOST: Final = 1.6  # times the registered minimum, so that enough networks are left


@dataclass(frozen=True)
class Plan:
    """What is simulated for one hypothesis: cases in which findings are false, and those with the smallest effect."""

    hypothesis: Hypothesis
    networks: int
    errors: tuple[Case, ...]
    effects: tuple[Case, ...]


def planned(
    hypotheses: Sequence[Hypothesis],
    ceilings: Ceilings,
    profiles: Mapping[str, Config],
    profile: str,
    *,
    networks: Sequence[int],
    whole: bool,
) -> tuple[Plan, ...]:
    """Return what is simulated for each hypothesis that can be, for the architecture of `profile`.

    Parameters
    ----------
    hypotheses, ceilings
        As registered.
    profiles, profile
        Configs by name; the level is measured at the number of networks of `profile`.
    networks
        Numbers of networks at which power is measured too; with `whole` and none of them, those of all profiles.
    whole
        Every departure at every number of networks, instead of the worst one at the fewest.
    """
    plans = []
    for one in hypotheses:
        level, *curve = _sizes(one, profiles, profile, networks, whole=whole)
        if not impossible(one, level, architecture=profiles[profile].network.architecture):
            departures = [departure for departure in ceilings if departure.applies_to(one)]
            errors = _every_error(one, departures, curve) if whole else _worst_errors(one, departures, level)
            plans.append(Plan(one, level.networks, errors, tuple(effect_case(one, size) for size in curve)))
    return tuple(plans)


def _worst_errors(one: Hypothesis, departures: Sequence[DepartureCeiling], level: Size) -> tuple[Case, ...]:
    """Return the cases at the level; then those of the worst departure, with as few networks as its ceiling allows."""
    errors = cases(one, level)
    worst = next((departure for departure in departures if departure.name != AS_ASSUMED), None)
    if worst is None:
        return errors
    few = max(_fewest(one, level), worst.of(one).networks)
    size = dataclasses.replace(level, networks=_enough(few, worst.name))
    return errors + cases(one, size, worst.name)


def _every_error(one: Hypothesis, departures: Sequence[DepartureCeiling], curve: Sequence[Size]) -> tuple[Case, ...]:
    return tuple(
        case
        for departure in departures
        for size in curve
        if size.networks >= _enough(_fewest(one, size), departure.name)
        for case in cases(one, size, departure.name, whole=True)
    )


def _enough(networks: int, departure: str) -> int:
    return round(MORE_FOR_LOST * networks) if departure == NETWORKS_LOST else networks


def _fewest(one: Hypothesis, size: Size) -> int:
    """Return the fewest networks that are tested."""
    if one.strata == "augmentation":
        return max(one.minimum_networks, one.minimum_per_stratum * len(size.augmentations))
    return one.minimum_networks


def _sizes(
    one: Hypothesis, profiles: Mapping[str, Config], profile: str, networks: Sequence[int], *, whole: bool
) -> tuple[Size, ...]:
    """Return the size of study that the level is measured at; then those that power is, rising, which include it."""
    numbers = {name: networks_planned(one, config) for name, config in profiles.items()}
    config = profiles[profile]
    fewest = _fewest(one, size_of(2, config))
    level = max(numbers[profile], fewest)
    of_power = {level, *networks} if networks or not whole else {level, fewest, *numbers.values()}
    return tuple(size_of(number, config) for number in (level, *sorted(of_power)) if number >= fewest)


def requests(plans: Sequence[Plan], *, studies: int, whole: bool) -> tuple[Request, ...]:
    """Return the studies to simulate, each case once.

    Of a case with false findings there are `studies`, of others a share, and of those without an effect a share is
    analysed as published too; so is half of those with one, at the number of networks of the level.
    """
    published = max(studies // (SHARE_OF_PUBLISHED // 4 if whole else SHARE_OF_PUBLISHED), 1)
    of_case: dict[str, Request] = {}
    for plan in plans:
        effect_names = {case.name for case in plan.effects}
        for case in plan.errors:
            at_level = case.departure == AS_ASSUMED and case.size.networks == plan.networks
            of_case[case.name] = Request(case, studies, published if at_level or case.name in effect_names else 0)
        for case in plan.effects:
            few = max(studies // SHARE_OF_POWER, 1)
            of_level = min(published, few) if case.size.networks == plan.networks else 0
            of_case.setdefault(case.name, Request(case, few, of_level))
    return tuple(of_case.values())


def calibrations(plans: Sequence[Plan], tallies: Mapping[str, Tally], ceilings: Ceilings) -> tuple[Calibration, ...]:
    """Return what was counted, by hypothesis; `tallies` are by the name of the case."""
    return tuple(
        Calibration(
            plan.hypothesis,
            ceilings,
            plan.networks,
            tuple((case, tallies[case.name]) for case in plan.errors),
            tuple((case, tallies[case.name]) for case in plan.effects),
        )
        for plan in plans
    )
