"""Studies of networks that were never trained, compacted in memory, with effects a test can plant."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from study import analysis
from study.analysis import analysed_study
from study.analysis.core import testing
from study.analysis.core.evidence import evidence_of
from study.analysis.core.networks import networks_of
from study.analysis.core.question import Question
from study.analysis.core.results import HypothesisResult, QuestionResult
from study.analysis.questions import questions
from study.registration import Registration, read_registration
from study.vocabulary.architecture import architectures
from study.vocabulary.schema import NETWORK_COORDINATES
from tests.example_networks import ExampleArrays, example_arrays

AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")
LAYERS = {"conv1": 8, "conv2": 10, "conv3": 12, "conv4": 8, "conv5": 10, "conv6": 8, "fc1": 14}
STRING = np.dtypes.StringDType()


def study_of(
    networks: Sequence[xr.DataTree | ExampleArrays], *, groups: Sequence[str] = analysis.MEASUREMENTS
) -> xr.DataTree:
    """Return networks stacked along `network`, as the compacted store holds them; without the responses by default.

    A group holds the networks that have it; all of them must be trained for the same number of epochs. Arrays take a
    fifth of the time of trees.
    """
    stacked = {}
    for group in groups:
        arrays = [(network, _arrays(network, group)) for network in networks]
        if having := [(network, values) for network, values in arrays if values]:
            first = having[0][0]
            described = first[group].to_dataset() if isinstance(first, xr.DataTree) else first.described(group)
            attributes = [one.attrs if isinstance(one, xr.DataTree) else one.attributes for one, _ in having]
            stacked[f"/{group}"] = _stacked(described, attributes, [values for _, values in having])
    return xr.DataTree.from_dict(stacked)


def _arrays(network: xr.DataTree | ExampleArrays, group: str) -> Mapping[str, np.ndarray]:
    """Return the arrays of a network's group by name, none where it has no such group."""
    if isinstance(network, ExampleArrays):
        return network.arrays.get(group, {})
    if group not in network.children:
        return {}
    return {str(name): variable.values for name, variable in network[group].dataset.variables.items()}


def _stacked(
    first: xr.Dataset, attributes: Sequence[Mapping[str, Any]], arrays: Sequence[Mapping[str, np.ndarray]]
) -> xr.Dataset:
    """Return one group of networks, from what each says it is and its arrays; `first` is that of the first of them."""
    identity: dict[str, Any] = {"network": np.array([one["key"] for one in attributes], dtype=STRING)}
    for name in NETWORK_COORDINATES:
        values = np.array([one[name] for one in attributes])
        identity[name] = values.astype(STRING) if values.dtype.kind == "U" else values
    labels = {name: ("network", values) for name, values in identity.items()}
    variables = {
        name: (("network", *array.dims), np.stack([one[name] for one in arrays]), array.attrs)
        for name, array in first.data_vars.items()
    }
    return xr.Dataset(variables, {**first.coords, **labels})


def example_study(
    *,
    seeds: int = 6,
    augmentations: Sequence[str] = AUGMENTATIONS,
    vary: Callable[[str, int], Mapping[str, Any]] = lambda augmentation, seed: {},
    **options: Any,
) -> xr.DataTree:
    """Return a study of every augmentation times every seed.

    Parameters
    ----------
    vary
        Options of `example_arrays` for one network, from its augmentation and seed.
    options
        Options of `example_arrays` for all networks.
    """
    networks: list[xr.DataTree | ExampleArrays] = []
    for seed in range(seeds):
        for augmentation in augmentations:
            rng = np.random.default_rng([seed, AUGMENTATIONS.index(augmentation)])
            network_options = {"layers": LAYERS, "epochs": 2, "draws": 20, **options, **vary(augmentation, seed)}
            networks.append(example_arrays(rng, augmentation=augmentation, seed=seed, **network_options))
    return study_of(networks)


def replaced(study: xr.DataTree, group: str, **arrays: np.ndarray | xr.DataArray) -> xr.DataTree:
    """Return a study with some variables of a group given other values; dimensions and labels stay."""
    groups = {f"/{name}": study[name].to_dataset() for name in study.children}
    dataset = groups[f"/{group}"]
    groups[f"/{group}"] = dataset.assign(
        {
            name: (dataset[name].dims, np.broadcast_to(np.asarray(values), dataset[name].shape).copy())
            for name, values in arrays.items()
        }
    )
    return xr.DataTree.from_dict(groups)


@functools.cache
def registered() -> Registration:
    """Return the project's own registration, with the layers of the example's networks."""
    whole = read_registration(Path(__file__).parents[1] / "preregistration.md")
    return whole.for_network("cnn7", architectures()["cnn7"].layers)


@functools.cache
def registered_questions() -> tuple[str, ...]:
    """Return the names of the questions in the order of the registration."""
    return tuple(dict.fromkeys(hypothesis.question for hypothesis in registered().hypotheses.values()))


def only(*names: str) -> Registration:
    """Return the registration of some hypotheses alone, without a multiverse, which takes as long as all else."""
    whole = registered()
    return dataclasses.replace(whole, hypotheses={name: whole.hypotheses[name] for name in names}, multiverse={})


def analysed(study: xr.DataTree, *names: str) -> tuple[QuestionResult, ...]:
    """Return the analysis of some registered hypotheses, of all of them by default, with figures and notes.

    There is no multiverse in it; `tests.unit.test_analysis_multiverse` has its own.
    """
    return analysis.analyse(study, only(*(names or registered().hypotheses)), root_seed=0)


def concluded(study: xr.DataTree, *names: str) -> dict[str, HypothesisResult]:
    """Return the results in `analysed` by id, with those of the second set; figures and notes are not made."""

    def described_by_nothing() -> dict[str, Question]:
        nothing = {"figures": _nothing, "notes": _nothing}
        return {name: dataclasses.replace(question, **nothing) for name, question in questions().items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysed_study, "questions", described_by_nothing)
        return {one.hypothesis.id: one for question in analysed(study, *names) for one in question.hypotheses}


def _nothing(*arguments: object, **options: object) -> tuple[()]:
    return ()


def conclusion(study: xr.DataTree, name: str) -> HypothesisResult:
    """Return what the registered test of one hypothesis concludes: `analysis.analyse` without figures."""
    hypothesis = registered().hypotheses[name]
    question = questions()[hypothesis.question]
    networks = networks_of(study, question.arm, question.initialization_set)
    assert networks is not None
    evidence = evidence_of(question.estimands[hypothesis.measure], networks)
    layers = testing.tested_layers(hypothesis, evidence, root_seed=0)
    published = question.published[hypothesis.measure].layers(networks, hypothesis.layers, root_seed=0)
    return testing.with_verdicts({name: testing.Tested(hypothesis, layers, published)})[name]


def untested_results(question: str) -> tuple[HypothesisResult, ...]:
    """Return a result of each registered hypothesis of a question, without a test: its figures take their layers from it."""
    hypotheses = registered().hypotheses.values()
    return tuple(testing.untested(one, "not tested here") for one in hypotheses if one.question == question)


def verdicts(result: HypothesisResult) -> dict[str, str]:
    """Return the verdict by layer."""
    return {layer.layer: layer.verdict for layer in result.layers}
