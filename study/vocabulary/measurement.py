"""What a measurement is: one declaration that says what is stored, where it is taken, what it costs and how it runs.

Each module or folder of `study.experiment.measurements` declares one as `MEASUREMENT`. The schema, the labels of
dimensions, the keys of networks, estimates, progress, the methods text and the run iterate over them.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.vocabulary.discovery import declared_in

PACKAGE = "study.experiment.measurements"

Arrays = Mapping[str, NDArray[Any]]
Paragraph = tuple[str, str]  # heading and text


@dataclass(frozen=True)
class Variable:
    """One variable: its dimensions (without `network`), NumPy kind ('f' float, 'i' integer, 'b' bool), units, meaning.

    `ends_early` of a curve (epoch,): NaN after the last epoch that was trained, and nowhere else.
    """

    dims: tuple[str, ...]
    kind: str
    units: str
    long_name: str
    nan_allowed: bool = False
    ends_early: bool = False


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a network's measurement works through: its config and arm, and how many images there are.

    Attributes
    ----------
    config
        A `study.config.Config`.
    arm
        The network's.
    epochs
        How many it is trained for.
    train, validation, test
        Images: those it is trained on, those that choose the epoch, those it is tested on.
    """

    config: Any
    arm: str
    epochs: int
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Cost:
    """What a measurement takes of one network: seconds of one core (see `study.experiment.speeds`), megabytes on disk."""

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Stage:
    """A stretch of a network's progress bar: its name, and its length against that of other stages."""

    name: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What is taken on a network and stored as one group.

    How it runs: whichever of the four functions are declared are called in a process that has Keras, with a
    `study.experiment.subjects.TrainedSubject` (`on_external`: an `ExternalSubject`), and return arrays named as
    `variables`. Each imports what is heavy itself, so that a declaration is light enough for every process.

    Attributes
    ----------
    name
        Of the stored group, and of the module that declares it.
    variables
        What is stored, in order.
    arms
        Where it is always taken.
    where_asked
        An arm where it is taken only if this says so of the study's config (of an external network: of its subject).
    only_on
        Called with the study's config and a planned network: whether it is taken on that one, where it is asked for.
    follows
        Measurements that come before it where they are taken: those whose arrays it reads, or whose paragraphs explain it.
    settings
        Sections of the config that decide what it gives; they are part of the networks' keys.
    cost
        What it takes of a network.
    coordinates
        A subject to the labels of dimensions that this measurement has, or has differently, as xarray takes them.
    stage
        Its part of the progress bar, if it has one; it reports with `subject.report(stage's name, share done)`.
    methods
        (config, study) to its headed paragraphs of the methods text.
    analysed
        Whether the analysis reads it; what it does not read stays on disk.
    keyed
        Whether networks with it and without it are different ones. Where it is not, networks that an earlier version of
        the program measured stay those of their study, without its group.
    in_state
        Called with the initial and with the analysed weights; arrays are stacked along `state`.
    normalised
        Whether `in_state` is called between the two as well: with the initial weights, and batch normalisation's moments
        computed from training images. Its coordinates then name three states.
    after_epoch
        Called before training and after each epoch; arrays are stacked along `epoch`.
    once_analysed
        (subject, groups): called with the analysed weights; `groups` are the arrays so far, its own of above among them.
    on_external
        (subject, groups): the same, of an external network; the only one that is called there.
    """

    name: str
    variables: Mapping[str, Variable]
    arms: tuple[str, ...] = ()
    where_asked: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    only_on: Callable[[Any, Any], bool] = lambda config, network: True
    follows: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    cost: Callable[[Workload], Cost] = lambda work: Cost(0.0, 0.0)
    coordinates: Callable[[Any], Mapping[str, Any]] = lambda subject: {}
    stage: Stage | None = None
    methods: Callable[[Any, xr.DataTree], tuple[Paragraph, ...]] = lambda config, study: ()
    analysed: bool = True
    keyed: bool = True
    in_state: Callable[[Any], Arrays] | None = None
    normalised: bool = False
    after_epoch: Callable[[Any], Arrays] | None = None
    once_analysed: Callable[[Any, Mapping[str, Arrays]], Arrays] | None = None
    on_external: Callable[[Any, Mapping[str, Arrays]], Arrays] | None = None

    @property
    def title(self) -> str:
        """Return what is measured, in a line: the first of the module that declares it."""
        said = importlib.import_module(f"{PACKAGE}.{self.name}").__doc__ or self.name
        return said.strip().partition("\n")[0].rstrip(".")

    @property
    def is_by_unit(self) -> bool:
        """Return whether its group has values of units: `layer` then says which layer each unit belongs to."""
        return any("unit" in variable.dims for variable in self.variables.values())


@functools.cache
def measurements() -> dict[str, Measurement]:
    """Return every measurement by its name, each behind those that it follows, otherwise by name.

    Raises
    ------
    ValueError
        When one is not named as its module, or they follow each other in a circle: programming errors.
    """
    waiting: dict[str, Measurement] = declared_in(PACKAGE, "MEASUREMENT")
    for name, measurement in waiting.items():
        if {"unit", "layer"} <= {dim for variable in measurement.variables.values() for dim in variable.dims}:
            raise ValueError(f"{PACKAGE}.{name} has values of units and of layers: `layer` cannot label both")
    if wrong := [name for name, measurement in waiting.items() if measurement.name != name]:
        raise ValueError(f"{PACKAGE}.{wrong[0]} declares a measurement of the name {waiting[wrong[0]].name!r}")
    ordered: dict[str, Measurement] = {}
    while len(ordered) < len(waiting):
        ready = [
            name
            for name, measurement in sorted(waiting.items())
            if name not in ordered and all(before in ordered for before in measurement.follows if before in waiting)
        ]
        if not ready:
            raise ValueError(f"measurements follow each other in a circle: {sorted(set(waiting) - set(ordered))}")
        ordered[ready[0]] = waiting[ready[0]]
    return ordered


def taken_on(arm: str, config: Any, network: Any = None) -> tuple[Measurement, ...]:
    """Return the measurements that are taken on a network of an arm, in order.

    Parameters
    ----------
    arm
        One of `study.vocabulary.schema.ARMS`, or `EXTERNAL`.
    config
        The study's config; of an external network its subject.
    network
        Which, as planned; None for those that any network of the arm may have.
    """
    return tuple(
        measurement
        for measurement in measurements().values()
        if (arm in measurement.arms or measurement.where_asked.get(arm, lambda _: False)(config))
        and (network is None or measurement.only_on(config, network))
    )


def stacked(arrays: list[Arrays]) -> dict[str, NDArray[Any]]:
    """Return arrays by name with a new leading dimension."""
    return {name: np.stack([single[name] for single in arrays]) for name in arrays[0]}
