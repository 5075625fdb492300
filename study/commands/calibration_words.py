"""The calibration in words: the table that is printed, and the page's sentences."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from study import __version__
from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure
from study.analysis.simulation import N_RESAMPLES, Size, is_simulated
from study.analysis.simulation.calibration import (
    Calibration,
    comparisons,
    failures,
    level_table,
    power_table,
    summary_table,
)
from study.commands.power import impossible, share_text
from study.registration import Hypothesis, Registration
from study.report.calibration import CalibrationPage
from study.vocabulary.provenance import git_state, usable_cores

NOT_PUBLISHED = "not in the paper"

COLUMNS = (
    (
        "type I error",
        "Share of studies without an effect in which the registered test finds one in any layer (adjusted p at most"
        " alpha), with its 95 % Monte Carlo interval, low to high. A claim of absence is tested with the effect at"
        " either margin, and the worse of the two counts.",
    ),
    (
        "holds",
        "Whether the lower end of an interval that is wide enough for all hypotheses together (95 % for all of them at"
        " once) is at most alpha, 0.05 unless the registration says otherwise.",
    ),
    (
        "coverage",
        "Share of the registered intervals, all layers together, that hold the planted value, and what"
        " they promise. Bootstrap intervals of few networks cover too little; rules that read one are as liberal as"
        " that.",
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
        " degrees of freedom), and random halves scatter. Some networks do not fit their corrupted labels, and theirs"
        " is a lower gOSI. Between networks the estimand has the standard deviation that the registration expects, or"
        " more where few units add more.",
    ),
    (
        "What is planted",
        "Without an effect: the null value in every layer; rank correlations of 0 within groups that differ; of a"
        " claim of absence, either margin. With an effect: the smallest effect of interest in every layer; of a claim"
        " of absence, the null value.",
    ),
    (
        "What is not covered",
        "Effects are distributed symmetrically between networks, which is what a sign-flip test assumes; a skewed"
        " effect whose mean is the null value is rejected somewhat more or less often. Augmentations of different"
        " means make a test of a mean over networks cautious. Wrong settings, wrong code of a measurement and a wrong"
        " measure are not simulated here.",
    ),
)


def calibration_page(
    calibrations: Sequence[Calibration],
    chosen: Sequence[Hypothesis],
    registration: Registration,
    *,
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
    studies, profile, seed
        As named on the command line.
    architecture
        Of the networks of that profile.
    seconds
        How long it took.
    """
    failed = failures(calibrations)
    git = git_state(Path(__file__).parents[2])
    made = {one.hypothesis.id for one in calibrations}
    return CalibrationPage(
        generated=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        summary=_summary(calibrations, failed, studies),
        failures=failed,
        table=compared(calibrations),
        table_words=COLUMNS,
        figures=_figures(calibrations),
        methods=(*METHODS, ("How many", _numbers(calibrations, studies, profile))),
        left_out=tuple(f"{one.id}: {_why_not(one, architecture)}." for one in chosen if one.id not in made),
        provenance=(
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
    published = [one for one in calibrations if one.worst_published is not None]
    misled = [one for one in published if _false_support(one) > one.hypothesis.alpha]
    first = (
        f"{len(calibrations)} registered tests were run on {studies:,} simulated studies each in which there is"
        f" nothing to find. {len(calibrations) - len(failed)} keep the error rate they are registered"
        f" with{'' if not failed else f', {len(failed)} do not'}."
    )
    second = (
        f"The paper has an analysis of {len(published)} of these claims. In the same studies without an effect it"
        f" calls the claim supported more often than alpha allows in {len(misled)} of them."
    )
    return (first, second)


def _false_support(one: Calibration) -> float:
    worst = one.worst_published
    return 0.0 if worst is None else worst.published_supported / worst.published


def _numbers(calibrations: Sequence[Calibration], studies: int, profile: str) -> str:
    effects = sorted({counts.studies for one in calibrations for _, counts in one.effects})
    published = sorted({counts.published for one in calibrations for _, counts in one.null})
    return (
        f"{studies:,} studies without an effect for each hypothesis (of a claim of absence, at each margin), at the"
        f" number of networks that the profile {profile} trains, or the registered minimum where that is larger;"
        f" {_listed(effects)} with the effect at each number of networks; {_listed(published)} of those without an"
        " effect are analysed as published too, and half of those with it at that number of networks. Tests and"
        f" bootstraps take {N_RESAMPLES} resamples where {max(one.hypothesis.n_resamples for one in calibrations):,}"
        " are registered: a randomisation test keeps its level with any number, and loses a little power with fewer."
        f" The interval that decides is Clopper and Pearson's at 95 % for all {comparisons(calibrations)} error rates"
        " together."
    )


def _listed(numbers: Sequence[int]) -> str:
    return " or ".join(f"{number:,}" for number in numbers)


def _figures(calibrations: Sequence[Calibration]) -> tuple[Figure, ...]:
    return (
        Figure(
            id="calibration-level",
            chart=Chart.TYPE_ONE_ERRORS,
            title="How often something is found where there is nothing",
            shows="Share of simulated studies without an effect in which the registered test finds one in any layer,"
            " and in which the analysis as published calls the claim supported, with 95 % Monte Carlo intervals. The"
            " dashed rule is the registered alpha. The scale is that of the square root, so that small shares can be"
            " told apart.",
            supports="Points of the registered tests on the rule or left of it.",
            contradicts="A registered test whose whole interval lies right of the rule: it errs more often than it"
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
    """Return one row a hypothesis, registered against published, as people read it: intervals in one cell, percentages."""
    rows = []
    for one, row in zip(calibrations, summary_table(calibrations).to_dict("records"), strict=True):
        false = one.worst_published
        rows.append(
            {
                "hypothesis": one.hypothesis.id,
                "networks": one.networks,
                "type I error": f"{row['type_I_error']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
                "holds": "yes" if row["holds"] == "yes" else "NO",
                "coverage": f"{row['coverage']:.2f} of {row['nominal']:.2f}",
                "power": share_text(one.effect.enough_rejected, one.effect.studies),
                "supported": f"{row['says_supported']:.0%}",
                "published: false": NOT_PUBLISHED
                if false is None
                else share_text(false.published_supported, false.published),
                "published: power": NOT_PUBLISHED if false is None else f"{row['published_power']:.0%}",
            }
        )
    return pd.DataFrame(rows)
