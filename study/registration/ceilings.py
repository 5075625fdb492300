"""How often a test may err where its assumptions do not hold: what is registered for `study.calibrate`.

The block `toml calibration` has a table for each departure from what the tests assume. The first that applies to a
hypothesis, after `as_assumed`, is its worst case::

    [skewed_effects]
    tests = ["mean", "mean_equivalence"]
    ceiling = 0.08
    networks = 8
    reason = "..."
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from study.registration.blocks import only_table
from study.registration.test_kinds import TEST_KINDS
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.text import checked_name

AS_ASSUMED: Final = "as_assumed"
COMMON_IMAGES: Final = "common_images"
COMMON_TREND: Final = "common_trend"
OPPOSITE_STRATA: Final = "opposite_strata"
DEPENDENT_RANKS: Final = "dependent_ranks"
SKEWED_EFFECTS: Final = "skewed_effects"
HEAVILY_SKEWED_EFFECTS: Final = "heavily_skewed_effects"
NETWORKS_LOST: Final = "networks_lost"
DEPARTURES: Final[Mapping[str, str]] = {
    AS_ASSUMED: "what the tests assume: symmetrical effects, independent networks, nothing missing",
    COMMON_IMAGES: "effects of a block of test images that all networks share",
    COMMON_TREND: "the same trends over epochs in every network, in some of them stronger, and no link of its curves beyond that",
    OPPOSITE_STRATA: "correlations of +.6, or means a standard deviation above, in half of the strata, as far below in others",
    DEPENDENT_RANKS: "a spread of one variable that depends on the other",
    SKEWED_EFFECTS: "effects that are exponential over networks, the long tail on the side that deceives",
    HEAVILY_SKEWED_EFFECTS: "effects that are lognormal over networks, the long tail on the side that deceives",
    NETWORKS_LOST: "a fifth of the networks lost for what they would have shown",
}
ALPHA, NONE = "alpha", "none"
_FIELDS: Final = ("tests", "measures", "ceiling", "networks", "reason", "exceptions")
_EXCEPTION_FIELDS: Final = ("ceiling", "networks", "reason")


class Registered(Protocol):
    """What a ceiling reads of a hypothesis."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def test(self) -> str: ...  # noqa: D102

    @property
    def measure(self) -> str: ...  # noqa: D102

    @property
    def strata(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Ceiling:
    """The largest share of studies in which a test may find what is not there.

    `share` is a number, "alpha" or "none" (then `reason` says why nothing is promised); it holds from `networks` on.
    """

    share: float | str = ALPHA
    networks: int = 2
    reason: str = ""

    def value(self, alpha: float) -> float:
        """Return the share; 1 where nothing is promised."""
        if isinstance(self.share, str):
            return alpha if self.share == ALPHA else 1.0
        return self.share


@dataclass(frozen=True)
class DepartureCeiling:
    """What is registered of one departure: where it applies, the ceiling, and hypotheses with another.

    It applies to hypotheses with one of `tests` and one of `measures`; to all where these are empty, but opposite strata
    only to those with strata.
    """

    name: str
    tests: tuple[str, ...]
    measures: tuple[str, ...]
    ceiling: Ceiling
    exceptions: Mapping[str, Ceiling]

    def applies_to(self, hypothesis: Registered) -> bool:
        """Return whether it can befall a hypothesis."""
        if self.name == OPPOSITE_STRATA and hypothesis.strata == "none":
            return False
        of_test = not self.tests or hypothesis.test in self.tests
        return of_test and (not self.measures or hypothesis.measure in self.measures)

    def of(self, hypothesis: Registered) -> Ceiling:
        """Return the ceiling of a hypothesis."""
        return self.exceptions.get(hypothesis.id, self.ceiling)

    def as_record(self) -> dict[str, Any]:
        """Return plain JSON types."""
        record = dataclasses.asdict(self)
        return record | {"tests": list(self.tests), "measures": list(self.measures)}


Ceilings = tuple[DepartureCeiling, ...]  # in the order of the file
DEFAULT_CEILINGS: Final[Ceilings] = (DepartureCeiling(AS_ASSUMED, (), (), Ceiling(), {}),)


def parsed_ceilings(tables: Sequence[Mapping[str, Any]], where: str) -> Ceilings:
    """Return the ceilings that the block of calibration registers; alpha, and no departure, where there is no block.

    Raises
    ------
    StudyError
        On a second block, an unknown departure, field or test, or a value that is not allowed.
    """
    table = only_table(tables, where, remedy="write the ceilings of all departures into one")
    for name, fields in table.items():
        if name not in DEPARTURES or not isinstance(fields, dict):
            raise StudyError(f"{where}: {quoted(name)} is no table of a departure; they are {', '.join(DEPARTURES)}")
    parsed = tuple(_departure(name, fields, f"{where}, [{name}]") for name, fields in table.items())
    if any(one.name == AS_ASSUMED for one in parsed):
        return parsed
    return DEFAULT_CEILINGS + parsed


def _departure(name: str, fields: Mapping[str, Any], where: str) -> DepartureCeiling:
    _refuse_unknown(fields, _FIELDS, where)
    tests = _names(fields, "tests", where)
    if unknown := sorted(set(tests) - set(TEST_KINDS)):
        raise StudyError(f"{where}, field 'tests': {quoted(unknown[0])} is no test; they are {', '.join(TEST_KINDS)}")
    exceptions = fields.get("exceptions", {})
    if not isinstance(exceptions, dict) or not all(isinstance(one, dict) for one in exceptions.values()):
        raise StudyError(f"{where}, field 'exceptions': {quoted(exceptions)} must be tables named by a hypothesis' id")
    for identity, one in exceptions.items():
        _refuse_unknown(one, _EXCEPTION_FIELDS, f"{where}, exception {quoted(identity)}")
    return DepartureCeiling(
        name,
        tests,
        _names(fields, "measures", where),
        _ceiling(fields, where),
        {identity: _ceiling(one, f"{where}, exception {quoted(identity)}") for identity, one in exceptions.items()},
    )


def _refuse_unknown(fields: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    if unknown := sorted(set(fields) - set(known)):
        raise StudyError(f"{where}: field {quoted(unknown[0])} is unknown; there are {', '.join(known)}")


def _names(fields: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    names = fields.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StudyError(f"{where}, field {quoted(key)}: {quoted(names)} must be a list of names")
    return tuple(names)


def _ceiling(fields: Mapping[str, Any], where: str) -> Ceiling:
    share, networks, reason = fields.get("ceiling", ALPHA), fields.get("networks", 2), fields.get("reason", "")
    is_number = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share < 1
    if not is_number and share not in (ALPHA, NONE):
        raise StudyError(
            f"{where}, field 'ceiling': {quoted(share)} must be a number between 0 and 1, {ALPHA!r} or {NONE!r}"
        )
    if not isinstance(networks, int) or isinstance(networks, bool) or not 2 <= networks <= 100_000:
        raise StudyError(f"{where}, field 'networks': {quoted(networks)} must be a whole number from 2 to 100000")
    if not isinstance(reason, str) or (share != ALPHA and not reason.strip()):
        raise StudyError(f"{where}, field 'reason': {quoted(reason)} must say why the ceiling is not alpha")
    if reason:
        checked_name(reason, what=f"{where}, field 'reason':", remedy="write it anew", longest=4_000)
    return Ceiling(float(share) if is_number else share, networks, reason)
