"""Simulated studies through the registered analysis, from stored variables to a verdict, and what they are counted for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from study.analysis.core.evidence import evidence_of
from study.analysis.core.registry import declared_by_some, questions
from study.analysis.core.results import NOT_TESTED, REFUTED, SUPPORTED, HypothesisResult, PublishedLayer
from study.analysis.core.testing import Tested, tested_layers, with_verdicts
from study.analysis.core.verdict import hypothesis_verdict
from study.analysis.simulation.population import Design, Simulator, Size, Truth
from study.registration import Hypothesis
from study.vocabulary.errors import StudyError
from study.vocabulary.seeding import stable_integer, stream

N_RESAMPLES: Final = 999  # of a simulated study; a randomisation test keeps its level with any number
NULL, EFFECT = "null", "effect"  # what is planted: no effect, or the smallest one of interest
_NETWORKS: Final = 1600  # networks simulated at once; part of what the random numbers depend on


@dataclass(frozen=True)
class Case:
    """A hypothesis with a planted value of its estimand, in studies of one size."""

    hypothesis: Hypothesis
    planted: str
    theta: float
    size: Size

    @property
    def name(self) -> str:
        """Return what its random numbers are named after."""
        return f"{self.hypothesis.id}/{self.theta!r}/{self.size!r}"


@dataclass(frozen=True)
class Tally:
    """How many of so many simulated studies came out how.

    `rejected` counts studies by layer, `any_rejected` those in which some layer's adjusted p-value is at most alpha,
    `enough_rejected` those in which as many layers' are as the hypothesis requires. `intervals` counts layers with a
    defined interval, `covered` those whose interval holds the planted value. `published` studies were also analysed as
    published, which called the claim supported in `published_supported`.
    """

    studies: int
    rejected: tuple[int, ...]
    any_rejected: int
    enough_rejected: int
    supported: int
    refuted: int
    untested: int
    intervals: int
    covered: int
    published: int
    published_supported: int

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        sums: dict[str, Any] = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)
            if field.name != "rejected"
        }
        rejected = tuple(mine + its for mine, its in zip(self.rejected, other.rejected, strict=True))
        return Tally(rejected=rejected, **sums)


def null_cases(hypothesis: Hypothesis, size: Size) -> tuple[Case, ...]:
    """Return the boundary of what the test must not reject: the null value, or both margins of an equivalence test."""
    thetas: tuple[float, ...] = (hypothesis.null_value,)
    if hypothesis.kind.absence:
        thetas = (
            hypothesis.null_value - hypothesis.smallest_effect,
            hypothesis.null_value + hypothesis.smallest_effect,
        )
    return tuple(Case(hypothesis, NULL, theta, size) for theta in thetas)


def effect_case(hypothesis: Hypothesis, size: Size) -> Case:
    """Return what the test should find: the smallest effect of interest, or, of an equivalence test, none at all."""
    theta = hypothesis.null_value if hypothesis.kind.absence else hypothesis.smallest_effect
    return Case(hypothesis, EFFECT, theta, size)


def simulator_of(hypothesis: Hypothesis) -> Simulator | None:
    """Return what simulates a hypothesis' measure: what its question's folder declares; None where there is nothing."""
    simulators: Mapping[str, Mapping[str, Simulator]] = declared_by_some("simulator", "SIMULATORS")
    return simulators.get(hypothesis.question, {}).get(hypothesis.measure)


def is_simulated(hypothesis: Hypothesis) -> bool:
    """Return whether this version can simulate the networks that a hypothesis is about."""
    return simulator_of(hypothesis) is not None


def studies_at_once(networks: int) -> int:
    """Return how many studies of so many networks are simulated together."""
    return max(1, _NETWORKS // networks)


def tally(case: Case, *, root_seed: int, start: int, studies: int, published: int) -> Tally:
    """Return what becomes of simulated studies number `start` and so on.

    Parameters
    ----------
    case
        What is planted.
    root_seed
        Root of all random numbers; they depend on the case and on `start` beside it, and on nothing else.
    start, studies
        Which of the case's studies these are.
    published
        How many of them are analysed as published too.

    Raises
    ------
    StudyError
        When nobody has written a simulation of the hypothesis' measure.
    """
    hypothesis = dataclasses.replace(case.hypothesis, n_resamples=N_RESAMPLES)
    question, simulator = questions()[hypothesis.question], simulator_of(hypothesis)
    if simulator is None:
        raise StudyError(f"hypothesis {hypothesis.id!r}: there is no simulation of measure {hypothesis.measure!r}")
    design = Design(studies, case.size, question.arm, question.initialization_set)
    truth = Truth(hypothesis.layers, case.theta, hypothesis.expected_sd)
    networks = simulator(stream(root_seed, "simulation", f"{case.name}/{start}"), design, truth)
    estimand, analysis = question.estimands[hypothesis.measure], question.published[hypothesis.measure]
    # An estimand gives each network's values by itself, so it is taken of all studies at once.
    # Pairs compare the networks of one study, so they are taken study by study.
    everything = None if estimand.pairs is not None else evidence_of(estimand, networks)
    seed_of_first, results = stable_integer(f"{root_seed}/{case.name}") + start, []
    for study in range(studies):
        rows = slice(study * design.networks, (study + 1) * design.networks)
        evidence = evidence_of(estimand, _cut(networks, rows)) if everything is None else everything.of_networks(rows)
        layers = tested_layers(hypothesis, evidence, root_seed=seed_of_first + study)
        as_published: tuple[PublishedLayer, ...] = ()
        if study < published:
            as_published = analysis.layers(_cut(networks, rows), hypothesis.layers, root_seed=seed_of_first + study)
        results.append(with_verdicts({hypothesis.id: Tested(hypothesis, layers, as_published)})[hypothesis.id])
    return _counted(results, case, published=min(published, studies))


def _cut(networks: xr.DataTree, rows: slice) -> xr.DataTree:
    """Return one study of many."""
    groups = {f"/{name}": child.to_dataset().isel(network=rows) for name, child in networks.children.items()}
    return xr.DataTree.from_dict(groups)


def _counted(results: list[HypothesisResult], case: Case, *, published: int) -> Tally:
    hypothesis, shape = case.hypothesis, (len(results), len(case.hypothesis.layers))
    layers = [layer for result in results for layer in result.layers]
    rejected = np.reshape([layer.pvalue_adjusted <= hypothesis.alpha for layer in layers], shape)
    low, high = (np.array([getattr(layer, end) for layer in layers]) for end in ("ci_low", "ci_high"))
    defined = np.isfinite(low) & np.isfinite(high)
    enough = [
        hypothesis_verdict(hypothesis.layers_required, np.where(row, SUPPORTED, NOT_TESTED).tolist()) == SUPPORTED
        for row in rejected
    ]
    verdicts = [result.verdict for result in results]
    return Tally(
        studies=len(results),
        rejected=tuple(rejected.sum(axis=0).tolist()),
        any_rejected=int(rejected.any(axis=1).sum()),
        enough_rejected=sum(enough),
        supported=verdicts.count(SUPPORTED),
        refuted=sum(verdict in REFUTED for verdict in verdicts),
        untested=sum(any(layer.verdict == NOT_TESTED for layer in result.layers) for result in results),
        intervals=int(defined.sum()),
        covered=int((defined & (low <= case.theta) & (case.theta <= high)).sum()),
        published=published,
        published_supported=sum(result.published_verdict == SUPPORTED for result in results[:published]),
    )
