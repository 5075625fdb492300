"""What simulated studies say of a registered test: how often it errs on every side, what it covers, what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from study.analysis.core.published import unpublished
from study.analysis.core.registry import questions
from study.analysis.core.results import SUPPORTED
from study.analysis.simulation.cases import NULL, Case
from study.analysis.simulation.tallies import Tally
from study.registration import AS_ASSUMED, Ceiling, Ceilings, Hypothesis
from study.stats import Interval, proportion_interval

CONFIDENCE: Final = 0.95  # of a Monte Carlo interval; of all of them together where the command may fail
HOLDS, BROKEN, NOT_PROMISED = "yes", "no", "not promised"


@dataclass(frozen=True)
class FalseFinding:
    """How often something was found in any layer that is not there, and how often it may be."""

    case: Case
    finding: str
    count: int
    studies: int
    ceiling: Ceiling

    @property
    def share(self) -> float:
        """Return the share of studies with the false finding."""
        return self.count / self.studies

    @property
    def limit(self) -> float:
        """Return the largest share that is registered; 1 where nothing is promised of so few networks, or at all."""
        if self.case.size.networks < self.ceiling.networks:
            return 1.0
        return self.ceiling.value(self.case.hypothesis.alpha)

    def interval(self, *, comparisons: int = 1) -> Interval:
        """Return the Monte Carlo interval of the share, at 95 % for so many intervals together."""
        level = 1 - (1 - CONFIDENCE) / comparisons
        return proportion_interval(self.count, self.studies, confidence_level=level)

    def holds(self, *, comparisons: int) -> str:
        """Return whether the ceiling holds as far as chance can tell, or that nothing is promised."""
        if self.limit >= 1:
            return NOT_PROMISED
        return BROKEN if self.interval(comparisons=comparisons).low > self.limit else HOLDS


@dataclass(frozen=True)
class Calibration:
    """One hypothesis: what became of the studies in which findings are false, and of those with the smallest effect.

    `errors` are by case, departures in the registered order; `effects` have one entry for each number of networks,
    rising. `networks` is the number at which the level was measured.
    """

    hypothesis: Hypothesis
    ceilings: Ceilings
    networks: int
    errors: tuple[tuple[Case, Tally], ...]
    effects: tuple[tuple[Case, Tally], ...]

    def ceiling(self, departure: str) -> Ceiling:
        """Return how often this test may err under a departure."""
        return next((one.of(self.hypothesis) for one in self.ceilings if one.name == departure), Ceiling())

    @property
    def false_findings(self) -> tuple[FalseFinding, ...]:
        """Return every false finding that was counted."""
        return tuple(
            FalseFinding(case, finding, tally.false(case, finding), tally.studies, self.ceiling(case.departure))
            for case, tally in self.errors
            for finding in case.false
        )

    @property
    def level(self) -> FalseFinding:
        """Return the most frequent false finding where everything is as assumed, at the number of networks planned."""
        return _most_frequent([one for one in self.false_findings if one.case.departure == AS_ASSUMED])

    @property
    def worst(self) -> FalseFinding | None:
        """Return the most frequent false finding under departures, beside what may be; None where there is none."""
        departed = [one for one in self.false_findings if one.case.departure != AS_ASSUMED]
        return _most_frequent(departed) if departed else None

    @property
    def effect(self) -> Tally:
        """Return the studies with an effect, of as many networks as the level was measured at."""
        return next(tally for case, tally in self.effects if case.size.networks == self.networks)

    @property
    def worst_published(self) -> Tally | None:
        """Return the studies of the null in which the analysis as published supports the claim most often.

        None where the paper has no such analysis, or it was not run.
        """
        analysis = questions()[self.hypothesis.question].published[self.hypothesis.measure]
        analysed = [tally for case, tally in self.errors if tally.published and SUPPORTED in case.false]
        if analysis.layers is unpublished or not analysed:
            return None
        return max(analysed, key=lambda tally: tally.published_supported / tally.published)

    @property
    def coverage(self) -> float:
        """Return the share of intervals that hold what was planted where everything is as assumed; NaN without any."""
        tallies = [tally for case, tally in self.errors if case.departure == AS_ASSUMED]
        intervals = sum(tally.intervals for tally in tallies)
        return sum(tally.covered for tally in tallies) / intervals if intervals else float("nan")


def _most_frequent(counted: Sequence[FalseFinding]) -> FalseFinding:
    """Return the false finding that is most frequent beside its ceiling; among those that promise nothing, in itself."""
    return max(counted, key=lambda one: (one.limit < 1, one.share / one.limit))


def comparisons(calibrations: Sequence[Calibration]) -> int:
    """Return how many shares are held against a ceiling."""
    return max(1, sum(one.limit < 1 for calibration in calibrations for one in calibration.false_findings))


def failures(calibrations: Sequence[Calibration]) -> tuple[str, ...]:
    """Return a sentence for every false finding that is more frequent than its ceiling beyond what chance explains."""
    looked_at = comparisons(calibrations)
    return tuple(
        _failure(one, one.interval(comparisons=looked_at))
        for calibration in calibrations
        for one in calibration.false_findings
        if one.holds(comparisons=looked_at) == BROKEN
    )


def _failure(one: FalseFinding, interval: Interval) -> str:
    case = one.case
    where = "at the null value" if case.planted == NULL else f"at the {case.planted}"
    circumstances = "" if case.departure == AS_ASSUMED else f" ({case.departure.replace('_', ' ')})"
    return (
        f"{case.hypothesis.id}: says {one.finding!r} falsely {where}{circumstances} in {one.share:.3f} of {one.studies}"
        f" studies of {case.size.networks} networks, interval {interval.low:.3f} to {interval.high:.3f}; registered is at"
        f" most {one.limit:g}"
    )


def fails_from(calibrations: Sequence[Calibration], studies: int, *, limit: float = 0.05) -> float:
    """Return the smallest share of so many studies that chance does not explain where `limit` is allowed."""
    import scipy.stats

    beyond = (1 - CONFIDENCE) / comparisons(calibrations) / 2
    return (int(scipy.stats.binom.isf(beyond, studies, limit)) + 1) / studies
