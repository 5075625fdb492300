"""Simulated studies through the registered analysis, from stored variables to a verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.evidence import WHOLE, Evidence, evidence_of
from study.analysis.core.question import Estimand
from study.analysis.core.registry import declared_by_some, questions
from study.analysis.core.results import HypothesisResult, PublishedLayer
from study.analysis.core.testing import Tested, tested_layers, with_verdicts
from study.analysis.simulation.cases import Case
from study.analysis.simulation.population import Design, Simulator, Truth
from study.analysis.simulation.tallies import Tally, counted
from study.registration import NETWORKS_LOST, Hypothesis
from study.vocabulary.errors import StudyError
from study.vocabulary.seeding import stable_integer, stream

# Of a simulated study; a randomisation test keeps its level with any number, and with this one attains it exactly where one,
# three or seven layers are adjusted by Holm: 420 / 20, 420 / 60 and 420 / 140 are whole.
N_RESAMPLES: Final = 419
LOST: Final = 0.4  # of the networks on the side that deceives: a fifth of all
_NETWORKS: Final = 1600  # networks simulated at once; part of what the random numbers depend on


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
    # A primary hypothesis is calibrated by itself: the adjustment across the primary ones only makes it more cautious.
    hypothesis = dataclasses.replace(case.hypothesis, n_resamples=N_RESAMPLES)
    question, simulator = questions()[hypothesis.question], simulator_of(hypothesis)
    if simulator is None:
        raise StudyError(f"hypothesis {hypothesis.id!r}: there is no simulation of measure {hypothesis.measure!r}")
    design = Design(studies, case.size, question.arm, question.initialization_set, case.departure, case.side)
    truth = Truth(hypothesis.layers, case.theta, hypothesis.expected_sd)
    rng = stream(root_seed, "simulation", f"{case.name}/{start}")
    networks = simulator(rng, design, truth)
    estimand, analysis = question.estimands[hypothesis.measure], question.published[hypothesis.measure]
    evidence = _evidence(estimand, networks, design, hypothesis.strata)
    if case.departure == NETWORKS_LOST:
        evidence = [_without_lost(one, hypothesis.strata, case.side, rng) for one in evidence]
    seed_of_first = stable_integer(f"{root_seed}/{case.name}") + start
    results: list[HypothesisResult] = []
    for study, of_study in enumerate(evidence):
        layers = tested_layers(hypothesis, of_study, root_seed=seed_of_first + study)
        as_published: tuple[PublishedLayer, ...] = ()
        if study < published:
            cut = _cut(networks, study, design.studies)
            as_published = analysis.layers(cut, hypothesis.layers, root_seed=seed_of_first + study)
        results.append(with_verdicts({hypothesis.id: Tested(hypothesis, layers, as_published)})[hypothesis.id])
    return counted(results, case, published=min(published, studies))


def _evidence(estimand: Estimand, networks: xr.DataTree, design: Design, strata: str) -> list[Evidence]:
    """Return the evidence of every study.

    An estimand gives each network's values by itself, so it is taken of all studies at once, but for one that compares
    networks with each other. Labels that no test reads are left out, as taking them along costs more than some tests.
    """
    n = design.networks
    if estimand.pairs is not None or estimand.across_networks:
        return [evidence_of(estimand, _cut(networks, study, design.studies)) for study in range(design.studies)]
    together = evidence_of(estimand, networks)
    values, blocks = (_by_study(array, n, strata) for array in (together.values, together.blocks))
    return [
        dataclasses.replace(
            together,
            values=values[study],
            against=None if together.against is None else together.against[study * n : (study + 1) * n],
            blocks=blocks[study] if blocks else None,
        )
        for study in range(design.studies)
    ]


def _by_study(values: xr.DataArray | None, n: int, strata: str) -> list[xr.DataArray]:
    """Return the values of each study of n networks, with the labels of layers and strata; nothing where there are none."""
    if values is None:
        return []
    read = {"layer", "condition", "block", strata}
    lean = values.drop_vars(set(map(str, values.coords)) - read).transpose("layer", ...)
    if "condition" not in lean.dims:
        lean = lean.expand_dims(condition=[WHOLE])
    return [lean.isel(network=slice(start, start + n)) for start in range(0, values.sizes["network"], n)]


def _cut(networks: xr.DataTree, study: int, studies: int) -> xr.DataTree:
    """Return one of so many studies, which have as many networks each."""
    groups = {}
    for name, child in networks.children.items():
        n = child.sizes["network"] // studies
        groups[f"/{name}"] = child.to_dataset().isel(network=slice(study * n, (study + 1) * n))
    return xr.DataTree.from_dict(groups)


def _without_lost(evidence: Evidence, strata: str, side: int, rng: np.random.Generator) -> Evidence:
    """Return the evidence with networks lost for what they show: of those above (side 1) or below the median, `LOST`.

    What a network shows is its mean over layers, or what it adds to the correlation within its stratum.
    """
    values = evidence.values.transpose("network", ...)
    labels = values["network"].coords[strata].values if strata != "none" else np.zeros(values.sizes["network"])
    shown = np.nanmean(values.values.reshape(values.sizes["network"], -1), axis=1)
    if evidence.against is not None:
        shown = _within(shown, labels) * _within(evidence.against, labels)
    lost = (side * (shown - np.nanmedian(shown)) > 0) & (rng.random(shown.size) < LOST)
    kept = xr.DataArray(~lost, dims="network")
    blocks = None if evidence.blocks is None else evidence.blocks.where(kept)
    return dataclasses.replace(evidence, values=evidence.values.where(kept), blocks=blocks)


def _within(values: NDArray[np.float64], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return values (n,) less the mean of their stratum."""
    _, places = np.unique(labels, return_inverse=True)
    return np.asarray(values - (np.bincount(places, values) / np.bincount(places))[places])
