"""What a multiverse is made of: factors, their levels, and what each combination of levels takes from a network."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

RANK_CORRELATION = "rank correlation"  # a unit that needs no standardising
Floats = NDArray[np.float64]
Levels = Mapping[str, str]  # factor to level


@dataclass(frozen=True)
class Sample:
    """What one specification takes from every network.

    `values` is (network, layer) in `unit`, NaN where a network has none. Of a correlation `against` (network,) is the
    other variable and `covariate` (network,) what both are adjusted for; `pooled` says that strata are ignored.
    """

    values: Floats
    unit: str
    against: Floats | None = None
    covariate: Floats | None = None
    pooled: bool = False


@dataclass(frozen=True)
class SampledStudy:
    """A study as one question's multiverse reads it: its layers, and what each combination of levels takes from it.

    `sample` returns a text, the reason, for a combination that cannot be computed from what is stored or that the rules
    of the multiverse leave out.
    """

    layers: tuple[str, ...]
    sample: Callable[[Levels], Sample | str]


@dataclass(frozen=True, kw_only=True)
class Multiverse:
    """Every way to analyse one question.

    `factors` holds every level there is; the first level of each factor is what the registered `measure` does. `sampled`
    reads the networks that the question is asked of.
    """

    measure: str
    factors: Mapping[str, tuple[str, ...]]
    sampled: Callable[[xr.DataTree], SampledStudy]

    @property
    def registered(self) -> dict[str, str]:
        """Return the registered level of every factor."""
        return {factor: levels[0] for factor, levels in self.factors.items()}


def combinations(multiverse: Multiverse, factors: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Yield every combination of the levels of `factors`, the registered one first.

    A factor of the multiverse that is not among `factors` stays at its registered level.
    """
    for levels in itertools.product(*factors.values()):
        yield multiverse.registered | dict(zip(factors, levels, strict=True))


def in_words(name: str) -> str:
    """Return a factor or a level as a reader sees it."""
    return name.replace("_", " ").replace("gosi", "gOSI")
