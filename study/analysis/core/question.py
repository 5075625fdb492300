"""What the folder of a question declares: estimands, published analyses, figures and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import xarray as xr

from study.analysis.core.points import Quantity
from study.analysis.core.results import (
    Figure,
    PublishedLayer,
)
from study.vocabulary.schema import GENERALIZATION


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """What is estimated, named by a hypothesis' `measure` field.

    `values` maps the networks to (network, layer), NaN where a network has no value; `against`, for correlations, to the
    other variable, (network,). Values with a further dimension `condition` make a claim about each of its conditions.
    `blocks` maps to (network, layer, block of test images), and `condition` where `values` has it: their mean over blocks
    is `values`, and images are then a sample too. `pairs`, for tests of pairing, maps to (network, layer, partner): how
    similar a network's one curve is to the other curve of each network, in the same order; its diagonal is `values`.
    `across_networks` says that a network's value depends on the other networks of its study. `quantity` names the values on
    the axis of a picture, with their unit; `sides`, where each value compares measurements of one network, maps to these:
    (network, layer, side), in the order of `Quantity.sides`, and `condition` where `values` has it. `compared` names the two
    conditions of rearing whose networks it pairs by seed: rows are seeds then, those of networks that failed among them,
    and layers are spans.
    """

    values: Callable[[xr.DataTree], xr.DataArray]
    quantity: Quantity
    against: Callable[[xr.DataTree], xr.DataArray] | None = None
    blocks: Callable[[xr.DataTree], xr.DataArray] | None = None
    pairs: Callable[[xr.DataTree], xr.DataArray] | None = None
    across_networks: bool = False
    sides: Callable[[xr.DataTree], xr.DataArray] | None = None
    compared: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedAnalysis:
    """The paper's way with an estimand.

    `layers` is called as `layers(networks, layer_names, root_seed=...)` and gives its result in each of those layers;
    `test` says in words what it is, and `difference` in one line why it and the registered test may disagree.
    """

    layers: Callable[..., tuple[PublishedLayer, ...]]
    test: str
    difference: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of the study: a block (or more) in preregistration.md, a folder, a section of the report.

    Its name is its folder's. Its functions see the networks of `arm` and `initialization_set` alone, as `networks_of`
    gives them; `figures` and `notes` are called as `figures(networks, results, root_seed=...)`, with the results of the
    question's hypotheses. `estimands` and `published` have the same keys.
    """

    title: str
    paper_section: str
    claim: str
    estimands: Mapping[str, Estimand]
    published: Mapping[str, PublishedAnalysis]
    figures: Callable[..., tuple[Figure, ...]]
    notes: Callable[..., tuple[str, ...]]
    arm: str = GENERALIZATION
    initialization_set: int = 1
