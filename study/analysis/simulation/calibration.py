"""What simulated studies say of a registered test: how often it errs, what its interval covers, what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from study.analysis.core.published import unpublished
from study.analysis.core.registry import questions
from study.analysis.simulation.trial import Case, Tally
from study.registration import Hypothesis
from study.stats import Interval, proportion_interval

CONFIDENCE: Final = 0.95  # of a Monte Carlo interval; of all of them together where the command may fail
REGISTERED, PUBLISHED = "as registered", "as published"
FINDS, SUPPORTS = "adjusted p at most alpha", "the whole rule says supported"


@dataclass(frozen=True)
class Calibration:
    """One hypothesis: what became of the studies without an effect, and of those with the smallest one of interest.

    `null` has one entry, or one for each margin of an equivalence test; all are of the same size. `effects` has one for
    each number of networks, rising.
    """

    hypothesis: Hypothesis
    null: tuple[tuple[Case, Tally], ...]
    effects: tuple[tuple[Case, Tally], ...]

    @property
    def networks(self) -> int:
        """Return the number of networks at which the level was measured."""
        return self.null[0][0].size.networks

    @property
    def worst(self) -> Tally:
        """Return the studies of the null that was rejected most often."""
        return max((tally for _, tally in self.null), key=lambda tally: tally.any_rejected / tally.studies)

    @property
    def effect(self) -> Tally:
        """Return the studies with an effect, of as many networks."""
        return next(tally for case, tally in self.effects if case.size.networks == self.networks)

    @property
    def worst_published(self) -> Tally | None:
        """Return the studies of the null in which the analysis as published supports the claim most often.

        None where the paper has no such analysis, or it was not run.
        """
        analysis = questions()[self.hypothesis.question].published[self.hypothesis.measure]
        analysed = [tally for _, tally in self.null if tally.published]
        if analysis.layers is unpublished or not analysed:
            return None
        return max(analysed, key=lambda tally: tally.published_supported / tally.published)

    def type_one_interval(self, *, comparisons: int = 1) -> Interval:
        """Return the Monte Carlo interval of the family-wise type I error, at 95 % for so many intervals together."""
        worst = self.worst
        level = 1 - (1 - CONFIDENCE) / comparisons
        return proportion_interval(worst.any_rejected, worst.studies, confidence_level=level)


def comparisons(calibrations: Sequence[Calibration]) -> int:
    """Return how many type I errors are looked at."""
    return sum(len(calibration.null) for calibration in calibrations)


def failures(calibrations: Sequence[Calibration]) -> tuple[str, ...]:
    """Return a sentence for every test whose type I error lies above its alpha beyond what chance explains."""
    sentences, looked_at = [], comparisons(calibrations)
    for one in calibrations:
        interval = one.type_one_interval(comparisons=looked_at)
        if interval.low > one.hypothesis.alpha:
            worst = one.worst
            sentences.append(
                f"{one.hypothesis.id}: rejects a true null in {worst.any_rejected / worst.studies:.3f} of"
                f" {worst.studies} studies of {one.networks} networks, interval {interval.low:.3f} to {interval.high:.3f};"
                f" registered is alpha = {one.hypothesis.alpha:g}"
            )
    return tuple(sentences)


def case_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return everything that was counted: a row for each hypothesis, planted value and number of networks."""
    rows = []
    for one in calibrations:
        for case, tally in (*one.null, *one.effects):
            rows.append(_identity(one.hypothesis) | _planted(case) | _shares(tally))
    return pd.DataFrame(rows)


def _identity(hypothesis: Hypothesis) -> dict[str, object]:
    return {
        "hypothesis": hypothesis.id,
        "status": hypothesis.status,
        "test": hypothesis.test,
        "alpha": hypothesis.alpha,
        "layers": len(hypothesis.layers),
        "layers_required": hypothesis.layers_required,
        "confidence_level": hypothesis.confidence_level,
        "minimum_networks": hypothesis.minimum_networks,
    }


def _planted(case: Case) -> dict[str, object]:
    return {"planted": case.planted, "theta": case.theta, "networks": case.size.networks}


def _shares(tally: Tally) -> dict[str, object]:
    """Return the shares of a tally with their 95 % Monte Carlo intervals; NaN where nothing was counted."""
    row: dict[str, object] = {"studies": tally.studies}
    counts = {
        "any_layer_rejected": tally.any_rejected,
        "claim_rejected": tally.enough_rejected,
        "supported": tally.supported,
        "refuted": tally.refuted,
        "not_tested_somewhere": tally.untested,
    }
    for name, count in counts.items():
        row |= _share(name, count, tally.studies)
    row["worst_layer_rejected"] = max(tally.rejected) / tally.studies
    row["interval_coverage"] = tally.covered / tally.intervals if tally.intervals else float("nan")
    return row | _share("published_supported", tally.published_supported, tally.published)


def _share(name: str, count: int, n: int) -> dict[str, object]:
    if n == 0:
        return {name: float("nan"), f"{name}_low": float("nan"), f"{name}_high": float("nan")}
    interval = proportion_interval(count, n, confidence_level=CONFIDENCE)
    return {name: count / n, f"{name}_low": interval.low, f"{name}_high": interval.high}


def summary_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return one row a hypothesis: registered against published, without an effect and with the smallest one."""
    looked_at, rows = comparisons(calibrations), []
    for one in calibrations:
        null, effect = one.worst, one.effect
        interval, wide = one.type_one_interval(), one.type_one_interval(comparisons=looked_at)
        rows.append(
            {
                "hypothesis": one.hypothesis.id,
                "networks": one.networks,
                "alpha": one.hypothesis.alpha,
                "type_I_error": null.any_rejected / null.studies,
                "low": interval.low,
                "high": interval.high,
                "all_together_low": wide.low,
                "holds": "no" if wide.low > one.hypothesis.alpha else "yes",
                "coverage": _coverage([tally for _, tally in one.null]),
                "nominal": one.hypothesis.confidence_level,
                "power": effect.enough_rejected / effect.studies,
                "says_supported": effect.supported / effect.studies,
                "published_false_support": _published(one.worst_published),
                "published_power": _published(effect if one.worst_published is not None else None),
            }
        )
    return pd.DataFrame(rows)


def _coverage(tallies: Sequence[Tally]) -> float:
    intervals = sum(tally.intervals for tally in tallies)
    return sum(tally.covered for tally in tallies) / intervals if intervals else float("nan")


def _published(tally: Tally | None) -> float:
    return tally.published_supported / tally.published if tally is not None and tally.published else float("nan")


def level_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return the type I error of either analysis with its Monte Carlo interval: a row for each.

    As published, it is the share of studies without an effect in which the claim is called supported; there is no such
    row of what is not in the paper.
    """
    rows = []
    for one in calibrations:
        counts = [(REGISTERED, one.worst.any_rejected, one.worst.studies)]
        if (most := one.worst_published) is not None:
            counts.append((PUBLISHED, most.published_supported, most.published))
        for analysis, count, n in counts:
            interval = proportion_interval(count, n, confidence_level=CONFIDENCE)
            rows.append((one.hypothesis.id, analysis, count / n, interval.low, interval.high, one.hypothesis.alpha))
    return pd.DataFrame(rows, columns=["hypothesis", "analysis", "share", "ci_low", "ci_high", "alpha"])


def power_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return power against the number of networks: a row for each hypothesis, number and meaning of power."""
    rows = []
    for one in calibrations:
        for case, tally in one.effects:
            for kind, count in ((FINDS, tally.enough_rejected), (SUPPORTS, tally.supported)):
                interval = proportion_interval(count, tally.studies, confidence_level=CONFIDENCE)
                rows.append(
                    (
                        one.hypothesis.id,
                        case.size.networks,
                        kind,
                        count / tally.studies,
                        interval.low,
                        interval.high,
                        one.hypothesis.minimum_networks,
                    )
                )
    columns = ["hypothesis", "networks", "kind", "share", "ci_low", "ci_high", "minimum"]
    return pd.DataFrame(rows, columns=columns)
