"""What is planted in simulated studies: a truth, a departure from assumptions, and which findings are then false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from study.analysis.core.results import EFFECT_PRESENT, OPPOSITE, RULED_OUT, SUPPORTED
from study.analysis.simulation.population import SKEWED, Size
from study.registration import AS_ASSUMED, COMMON_TREND, DEPENDENT_RANKS, NETWORKS_LOST, OPPOSITE_STRATA, Hypothesis

NULL, EFFECT = "null value", "smallest effect"
LOWER_MARGIN, UPPER_MARGIN = "lower margin", "upper margin"


@dataclass(frozen=True)
class Case:
    """A hypothesis with a planted value of its estimand, in studies of one size.

    `planted` says which value `theta` is. `false` are the findings that are wrong there. `departure` is one of
    `study.registration.DEPARTURES`, `side` the side of its long tail, or of the networks that are lost: 1 above, -1 below.
    """

    hypothesis: Hypothesis
    planted: str
    theta: float
    size: Size
    false: tuple[str, ...] = ()
    departure: str = AS_ASSUMED
    side: int = 1

    @property
    def name(self) -> str:
        """Return what its random numbers are named after."""
        return f"{self.hypothesis.id}/{self.departure}/{self.side}/{self.theta!r}/{self.size!r}"


def towards(hypothesis: Hypothesis) -> int:
    """Return on which side of the null value the claim lies: 1 above, -1 below."""
    return 1 if hypothesis.smallest_effect > hypothesis.null_value else -1


def planted_value(hypothesis: Hypothesis, planted: str) -> float:
    """Return the value of the estimand that is planted by this name."""
    values: Mapping[str, float] = {
        NULL: hypothesis.null_value,
        EFFECT: hypothesis.smallest_effect,
        LOWER_MARGIN: hypothesis.null_value - hypothesis.smallest_effect,
        UPPER_MARGIN: hypothesis.null_value + hypothesis.smallest_effect,
    }
    return values[planted]


def cases(hypothesis: Hypothesis, size: Size, departure: str = AS_ASSUMED, *, whole: bool = False) -> tuple[Case, ...]:
    """Return what is planted to see how often a hypothesis' test errs under one departure.

    Of a claim of an effect these are its null value, where support and an opposite effect are false findings, and the
    bound at which it is ruled out, where that is false; of a claim of absence either margin, where both findings are.

    Parameters
    ----------
    size
        Of a study.
    departure
        One of `study.registration.DEPARTURES`. A departure that has sides is planted on the side that deceives.
    whole
        On either side, where there are two, and at both margins.
    """
    if hypothesis.kind.absence:
        rows = _of_absence(departure, whole=whole)
    else:
        rows = _of_effect(hypothesis, departure, whole=whole)
    return tuple(
        Case(hypothesis, planted, planted_value(hypothesis, planted), size, false, departure, side)
        for planted, false, side in rows
    )


_OF_NOTHING: Final = (DEPENDENT_RANKS, COMMON_TREND)  # departures that are planted where there is no association alone
_Row = tuple[str, tuple[str, ...], int]  # planted, findings that are false, side


def _of_effect(hypothesis: Hypothesis, departure: str, *, whole: bool) -> list[_Row]:
    """Return the null value and the bound of ruling out.

    A long tail below, of which small samples see little, makes an effect above look larger than it is, and one above
    makes it look smaller; lost networks do so on the other side.
    """
    claim = towards(hypothesis)
    opposite = (OPPOSITE,) if hypothesis.opposite_beyond == "null_value" else ()
    bound = {"null_value": NULL, "smallest_effect": EFFECT}.get(hypothesis.ruled_out_at)
    at_null = (SUPPORTED, *opposite, *((RULED_OUT,) if bound == NULL else ()))
    if departure not in SKEWED and departure != NETWORKS_LOST:
        rows: list[_Row] = [(NULL, at_null, 1)]
        return rows if bound != EFFECT or departure in _OF_NOTHING else [*rows, (EFFECT, (RULED_OUT,), 1)]
    # Where the sides are exchangeable under the null value, effects are symmetrical there and cannot be skewed.
    symmetrical = bool(hypothesis.exchangeable) and departure in SKEWED
    rows = [] if symmetrical else [(NULL, (SUPPORTED,), -claim)]
    if bound is not None and not (symmetrical and bound == NULL):
        rows.append((bound, (RULED_OUT,), claim))
    if opposite and whole and not symmetrical:
        rows.append((NULL, opposite, claim))
    return rows


def _of_absence(departure: str, *, whole: bool) -> list[_Row]:
    both = (SUPPORTED, EFFECT_PRESENT)
    if departure in (OPPOSITE_STRATA, DEPENDENT_RANKS):
        # Absent on average is not absent; where nothing departs from 0 but the spread, absence is no error.
        return [(NULL, both if departure == OPPOSITE_STRATA else (EFFECT_PRESENT,), 1)]
    if departure not in SKEWED and departure != NETWORKS_LOST:
        return [(LOWER_MARGIN, both, 1), (UPPER_MARGIN, both, 1)]
    rows: list[_Row] = [(UPPER_MARGIN, (SUPPORTED,), 1), (UPPER_MARGIN, (EFFECT_PRESENT,), -1)]
    if whole:
        rows += [(LOWER_MARGIN, (SUPPORTED,), -1), (LOWER_MARGIN, (EFFECT_PRESENT,), 1)]
    return rows


def effect_case(hypothesis: Hypothesis, size: Size) -> Case:
    """Return what the test should find: the smallest effect of interest, or, of a claim of absence, none at all."""
    planted = NULL if hypothesis.kind.absence else EFFECT
    return Case(hypothesis, planted, planted_value(hypothesis, planted), size, _false_where_true(hypothesis))


def _false_where_true(hypothesis: Hypothesis) -> tuple[str, ...]:
    """Return the findings that are false where the claim is just true, so that these studies serve twice."""
    if hypothesis.kind.absence:
        return ()
    return (RULED_OUT,) if hypothesis.ruled_out_at == "smallest_effect" else ()
