"""The counts of a calibration as tables: everything, a row a hypothesis, and those that its figures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from study.analysis.simulation.calibration import CONFIDENCE, Calibration, FalseFinding, comparisons
from study.analysis.simulation.cases import Case
from study.analysis.simulation.tallies import FINDINGS, Tally
from study.registration import AS_ASSUMED, Hypothesis
from study.stats import proportion_interval

LEVEL, WORST, PUBLISHED = "as assumed", "worst case", "as published"
FINDS, SUPPORTS = "adjusted p at most alpha", "the whole rule says supported"


def case_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return everything that was counted: a row for each hypothesis, departure, planted value and number of networks."""
    looked_at, rows = comparisons(calibrations), []
    for one in calibrations:
        counted = {case.name: (case, tally) for case, tally in (*one.effects, *one.errors)}
        for name, (case, tally) in sorted(counted.items(), key=lambda item: item[1][0].departure != AS_ASSUMED):
            false = [found for found in one.false_findings if found.case.name == name]
            rows.append(_identity(one.hypothesis) | _planted(case) | _held(false, looked_at) | _shares(tally))
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
    return {
        "departure": case.departure,
        "planted": case.planted,
        "theta": case.theta,
        "side": case.side,
        "networks": case.size.networks,
        "false_findings": "; ".join(case.false),
    }


def _held(false: Sequence[FalseFinding], looked_at: int) -> dict[str, object]:
    """Return the largest share of a case's false findings, beside the ceiling of all."""
    if not false:
        return {"false_share": float("nan"), "ceiling": float("nan"), "holds": ""}
    worst = max(false, key=lambda found: found.share)
    return {"false_share": worst.share, "ceiling": worst.limit, "holds": worst.holds(comparisons=looked_at)}


def _shares(tally: Tally) -> dict[str, object]:
    """Return the shares of a tally with their 95 % Monte Carlo intervals; NaN where nothing was counted."""
    row: dict[str, object] = {"studies": tally.studies}
    counts = {
        "significant_in_any_layer": tally.significant.any_layer,
        "significant_in_as_many_as_required": tally.significant.hypothesis,
        **{f"{_key(word)}_in_any_layer": tally.findings[word].any_layer for word in FINDINGS},
        **{_key(word): tally.findings[word].hypothesis for word in FINDINGS},
        "not_tested_somewhere": tally.untested,
    }
    for name, count in counts.items():
        row |= _share(name, count, tally.studies)
    row["interval_coverage"] = tally.covered / tally.intervals if tally.intervals else float("nan")
    return row | _share("published_supported", tally.published_supported, tally.published)


def _key(word: str) -> str:
    return word.replace(" ", "_")


def _share(name: str, count: int, n: int) -> dict[str, object]:
    if n == 0:
        return {name: float("nan"), f"{name}_low": float("nan"), f"{name}_high": float("nan")}
    interval = proportion_interval(count, n, confidence_level=CONFIDENCE)
    return {name: count / n, f"{name}_low": interval.low, f"{name}_high": interval.high}


def summary_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return one row a hypothesis: its level, its worst case, and what it finds; NaN and "" where there is none."""
    looked_at, rows = comparisons(calibrations), []
    for one in calibrations:
        effect, false = one.effect, one.worst_published
        rows.append(
            {"hypothesis": one.hypothesis.id, "networks": one.networks}
            | _found("level", one.level, looked_at)
            | _found("worst", one.worst, looked_at)
            | {
                "coverage": one.coverage,
                "nominal": one.hypothesis.confidence_level,
                "power": effect.significant.hypothesis / effect.studies,
                "says_supported": effect.findings[FINDINGS[0]].hypothesis / effect.studies,
                "published_false_support": _published(false),
                "published_power": _published(effect if false is not None else None),
            }
        )
    return pd.DataFrame(rows)


def _found(name: str, one: FalseFinding | None, looked_at: int) -> dict[str, object]:
    fields = ("departure", "planted", "finding", "networks", "share", "low", "high", "ceiling", "holds")
    if one is None:
        nan = float("nan")
        values: tuple[object, ...] = ("", "", "", nan, nan, nan, nan, nan, "")
    else:
        interval, case = one.interval(), one.case
        values = (
            case.departure,
            case.planted,
            one.finding,
            case.size.networks,
            one.share,
            interval.low,
            interval.high,
            one.limit,
            one.holds(comparisons=looked_at),
        )
    return {f"{name}_{field}": value for field, value in zip(fields, values, strict=True)}


def _published(tally: Tally | None) -> float:
    return tally.published_supported / tally.published if tally is not None and tally.published else float("nan")


def level_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return how often something false is found: as assumed, in the worst case, and as published, a row for each.

    As published, it is the share of studies without an effect in which the claim is called supported; there is no such
    row of what is not in the paper. `ceiling` is the registered one, 1 where nothing is promised.
    """
    rows = []
    for one in calibrations:
        counts = [(LEVEL, one.level.count, one.level.studies, one.level.limit)]
        if (worst := one.worst) is not None:
            counts.append((WORST, worst.count, worst.studies, worst.limit))
        if (most := one.worst_published) is not None:
            counts.append((PUBLISHED, most.published_supported, most.published, one.hypothesis.alpha))
        for analysis, count, n, ceiling in counts:
            interval = proportion_interval(count, n, confidence_level=CONFIDENCE)
            rows.append(
                (one.hypothesis.id, analysis, count / n, interval.low, interval.high, one.hypothesis.alpha, ceiling)
            )
    return pd.DataFrame(rows, columns=["hypothesis", "analysis", "share", "ci_low", "ci_high", "alpha", "ceiling"])


def power_table(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return power against the number of networks: a row for each hypothesis, number and meaning of power."""
    rows = []
    for one in calibrations:
        for case, tally in one.effects:
            supported = tally.findings[FINDINGS[0]].hypothesis
            for kind, count in ((FINDS, tally.significant.hypothesis), (SUPPORTS, supported)):
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
