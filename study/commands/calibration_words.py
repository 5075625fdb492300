"""The calibration in words: the table that is printed, and the page's sentences."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from study import __version__
from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.analysis.simulation import N_RESAMPLES, Calibration, FalseFinding, Size, is_simulated
from study.analysis.simulation.calibration import BROKEN, NOT_PROMISED, comparisons, fails_from, failures
from study.analysis.simulation.calibration_tables import level_table, power_table, summary_table
from study.commands.power import impossible, share_text
from study.registration import AS_ASSUMED, DEPARTURES, Ceilings, Hypothesis, Registration
from study.report.calibration import CalibrationPage
from study.vocabulary.provenance import git_state, usable_cores

NOT_PUBLISHED = "not in the paper"

COLUMNS = (
    (
        "level",
        "Share of studies in which something is found, in any layer, that is not there, where everything is as the test"
        " assumes; the most frequent of its false findings, at the number of networks beside it, with its 95 % Monte"
        " Carlo interval. False are: support (adjusted p at most alpha) and an opposite effect where the truth is the null"
        " value; an effect ruled out where it is just the smallest that matters; absence, and an effect, at either margin.",
    ),
    (
        "worst case",
        "The same in the first departure from assumptions that is registered for the test, at the fewest networks for"
        " which its ceiling is registered.",
    ),
    (
        "holds",
        "Whether the lower end of an interval that is wide enough for all shares together (95 % for all of them at once)"
        " is at most the registered ceiling, for every false finding of the hypothesis. The ceiling is alpha, or the"
        " number that is registered with its reason; nothing is promised where the registration says so.",
    ),
    (
        "coverage",
        "Share of the registered intervals, all layers together, that hold the planted value where everything is as"
        " assumed, and what they promise. Bootstrap intervals of few networks cover too little; no verdict reads one.",
    ),
    (
        "power",
        "Share of studies with the smallest effect of interest (of a claim of absence: with none) in which the"
        " adjusted p is at most alpha in as many layers as the claim is about.",
    ),
    (
        "supported",
        "The same share for the whole registered rule, which also asks the estimate to reach the smallest"
        " effect: where the truth is just that effect, an estimate misses it every second time, in every layer.",
    ),
    (
        "published: false",
        "Share of studies without an effect in which the analysis as published calls the claim supported.",
    ),
    (
        "published: power",
        "The same where there is an effect. Power without a level is no merit: compare with the column before.",
    ),
)

METHODS = (
    (
        "What is simulated",
        "Whole studies, as labelled datasets with the dimensions, labels and types of the store, which go through the"
        " same measures, tests, adjustment and rules as a real study. Units are nested in networks, differ among"
        " themselves, and some are silent; layers of few units are measured less exactly. Layers of a network go"
        " together. Augmentations have different means, and where gOSI is correlated with test loss, those that lower"
        " the loss raise gOSI, so that pooled networks correlate whatever holds within. Losses fall over epochs that"
        " are autocorrelated, and gOSI has a course of its own. Effects of ablation have heavy tails (Student's t, 4"
        " degrees of freedom), and random halves scatter. Some networks do not fit their corrupted labels. Between"
        " networks the estimand has the standard deviation that the registration expects, or more where few units add"
        " more.",
    ),
    (
        "What is planted",
        "Of a claim of an effect: the null value in every layer, where support and an opposite effect are false; then"
        " the smallest effect of interest in every layer, where it is false that it is ruled out. Of a claim of absence:"
        " either margin, where absence is false and so is an effect; then the null value, for power.",
    ),
    (
        "What is not covered",
        "Augmentations of different means make a test of a mean over networks cautious. Wrong settings, wrong code of a"
        " measurement and a wrong measure are not simulated here. An arm that learns nothing has no verdict, which is"
        " checked elsewhere.",
    ),
)


def calibration_page(
    calibrations: Sequence[Calibration],
    chosen: Sequence[Hypothesis],
    registration: Registration,
    *,
    command: str,
    studies: int,
    profile: str,
    architecture: str,
    seed: int,
    seconds: float,
) -> CalibrationPage:
    """Return the page of a calibration.

    Parameters
    ----------
    calibrations, chosen
        What was simulated, of what was asked for.
    registration
        Where it is registered.
    command
        The command line.
    studies, profile, seed
        As named on it.
    architecture
        Of the networks of that profile.
    seconds
        How long it took.
    """
    failed, departures = failures(calibrations), _departures(registration.ceilings)
    git = git_state(Path(__file__).parents[2])
    made = {one.hypothesis.id for one in calibrations}
    return CalibrationPage(
        generated=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        summary=_summary(calibrations, failed, studies),
        failures=failed,
        table=compared(calibrations),
        table_words=COLUMNS,
        figures=_figures(calibrations),
        methods=(
            *METHODS,
            ("Departures from assumptions", departures),
            ("How many", _numbers(calibrations, studies, profile)),
        ),
        left_out=tuple(f"{one.id}: {_why_not(one, architecture)}." for one in chosen if one.id not in made),
        provenance=(
            ("Command", command),
            ("Program", f"study {__version__}, commit {git['commit'] if git else 'unknown'}"),
            ("Registration digest", registration.digest),
            ("Seed", str(seed)),
            ("Time", f"{seconds / 60:.1f} minutes, {usable_cores()} cores"),
        ),
    )


def _why_not(one: Hypothesis, architecture: str) -> str:
    if one.is_registered_for(architecture) and is_simulated(one):
        return "cannot be tested with this profile's settings"
    return impossible(one, Size(one.minimum_networks), architecture=architecture)


def _summary(calibrations: Sequence[Calibration], failed: Sequence[str], studies: int) -> tuple[str, ...]:
    errs = sum(any(sentence.startswith(f"{one.hypothesis.id}:") for sentence in failed) for one in calibrations)
    published = [one for one in calibrations if one.worst_published is not None]
    misled = [one for one in published if _false_support(one) > one.hypothesis.alpha]
    first = (
        f"Registered tests, each run on {studies:,} simulated studies of each case in which a finding is false, as assumed and"
        f" in the worst case: {len(calibrations)}. Those that keep the error rates registered for them:"
        f" {len(calibrations) - errs}; those that do not: {errs}."
    )
    second = (
        f"The paper has an analysis of {len(published)} of these claims. In the same studies without an effect it"
        f" calls the claim supported more often than alpha allows in {len(misled)} of them."
    )
    return (first, second)


def _false_support(one: Calibration) -> float:
    worst = one.worst_published
    return 0.0 if worst is None else worst.published_supported / worst.published


def _departures(ceilings: Ceilings) -> str:
    """Return what is registered of every departure, in sentences."""
    said = []
    for one in ceilings:
        ceiling = one.ceiling
        share = "nothing is promised" if ceiling.value(0.0) == 1 else f"at most {ceiling.share}"
        name = one.name.replace("_", " ").capitalize()
        said.append(f"{name} ({DEPARTURES[one.name]}): {share}. {ceiling.reason}".strip())
    return " ".join(said)


def _numbers(calibrations: Sequence[Calibration], studies: int, profile: str) -> str:
    effects = sorted({counts.studies for one in calibrations for _, counts in one.effects})
    published = sorted({counts.published for one in calibrations for _, counts in one.errors} - {0})
    return (
        f"{studies:,} studies of each case in which something is false. The level is measured at the number of networks"
        f" that the profile {profile} trains, or the registered minimum where that is larger, the worst case at the fewest"
        f" networks for which its ceiling is registered. {_listed(effects)} with the effect at each number of networks;"
        f" {_listed(published)} of those without an effect are analysed as published too. Tests and bootstraps take"
        f" {N_RESAMPLES} resamples where {max(one.hypothesis.n_resamples for one in calibrations):,} are registered: a"
        " randomisation test keeps its level with any number, and loses a little power with fewer. The interval that"
        f" decides is Clopper and Pearson's at 95 % for all {comparisons(calibrations)} shares together: with {studies:,}"
        f" studies and a ceiling of 0.05 a share fails from {fails_from(calibrations, studies):.3f} on."
    )


def _listed(numbers: Sequence[int]) -> str:
    return " or ".join(f"{number:,}" for number in numbers)


def _figures(calibrations: Sequence[Calibration]) -> tuple[Figure, ...]:
    return (
        Figure(
            id="calibration-level",
            chart=Chart.TYPE_ONE_ERRORS,
            title="How often something is found where there is nothing",
            shows="Share of simulated studies in which the registered test finds what is not there in any layer, where"
            " everything is as assumed and in its worst case, and in which the analysis as published calls the claim"
            " supported where there is no effect, with 95 % Monte Carlo intervals. The ticks are the registered ceilings"
            " where they are not alpha, the dashed rule is alpha. The scale is that of the square root, so that small"
            " shares can be told apart.",
            supports="Points of the registered tests on their tick, or the rule, or left of it.",
            contradicts="A registered test whose whole interval lies right of its ceiling: it errs more often than it"
            " says.",
            table=level_table(calibrations),
        ),
        Figure(
            id="calibration-power",
            chart=Chart.POWER_CURVES,
            title="Power against the number of networks",
            shows="Share of simulated studies with the smallest effect of interest (of a claim of absence: with none)"
            " in which it is found, against the number of networks, with 95 % Monte Carlo intervals. The dashed rule"
            " stands at the registered minimum of networks. The whole rule also asks the estimate to reach the"
            " smallest effect, which it does every second time where the truth is just that.",
            supports="Curves that reach the top within the number of networks that can be trained.",
            contradicts="Curves that stay low: such a test cannot answer, and a study that is run for it alone is"
            " wasted.",
            table=power_table(calibrations),
        ),
    )


def compared(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return one row a hypothesis as people read it: intervals in one cell, percentages."""
    looked_at, rows = comparisons(calibrations), []
    for one, row in zip(calibrations, summary_table(calibrations).to_dict("records"), strict=True):
        false = one.worst_published
        rows.append(
            {
                "hypothesis": one.hypothesis.id,
                "level": _cell(one.level),
                "worst case": _cell(one.worst),
                "holds": _holds(one, looked_at),
                "coverage": f"{row['coverage']:.2f} of {row['nominal']:.2f}",
                "power": share_text(one.effect.significant.hypothesis, one.effect.studies),
                "supported": f"{row['says_supported']:.0%}",
                "published: false": NOT_PUBLISHED
                if false is None
                else share_text(false.published_supported, false.published),
                "published: power": NOT_PUBLISHED if false is None else f"{row['published_power']:.0%}",
            }
        )
    return pd.DataFrame(rows)


def _cell(one: FalseFinding | None) -> str:
    """Return the level or the worst case in words: how often what is found falsely, and how often it may be."""
    if one is None:
        return "none registered"
    interval, departure = one.interval(), one.case.departure
    circumstances = "" if departure == AS_ASSUMED else f"{departure.replace('_', ' ')}: "
    limit = NOT_PROMISED if one.limit >= 1 else f"at most {one.limit:g}"
    return (
        f"{circumstances}{one.share:.3f} ({interval.low:.3f} to {interval.high:.3f}), {limit}; {one.finding},"
        f" n = {one.case.size.networks}"
    )


def _holds(one: Calibration, looked_at: int) -> str:
    """Return whether every false finding of a hypothesis keeps its ceiling."""
    return "NO" if any(found.holds(comparisons=looked_at) == BROKEN for found in one.false_findings) else "yes"
