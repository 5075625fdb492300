"""Simulated networks of the rearing arm: a score under two conditions, paired by seed.

`Truth.theta` is planted as the expectation over seeds of the difference between the conditions, `Truth.sd` as its standard
deviation; seeds differ besides, in both conditions alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr

from study.analysis.questions.necessity.quantities import COMPARISONS, Compared
from study.analysis.simulation import population
from study.analysis.simulation.population import Design, Floats, Simulator, Truth
from study.analysis.simulation.stored_groups import group
from study.vocabulary.rearing import FREE, NO_LAYERS

_LOSS, _ACCURACY, _FITTED, _SHIFTED = 1.3, 0.55, 0.9, 0.2  # test and training loss, and what shifts add
_BETWEEN_SEEDS: Final = 0.05
_STRING: Final = np.dtypes.StringDType()


def reared(rng: np.random.Generator, design: Design, truth: Truth, *, score: str, compared: Compared) -> xr.DataTree:
    """Simulate the networks of both conditions in every span; the free ones, where compared, stand for every span."""
    shared = _BETWEEN_SEEDS * rng.standard_normal((design.rows, 1))
    effects = truth.theta + truth.sd * population.deviations(rng, design, len(truth.layers))
    if score == "test_accuracy":
        effects = population.kept_within(effects, truth.theta, 0.3 - abs(truth.theta))
    kinds: list[tuple[str, str, Floats]] = []
    for name, planted in zip(compared, (effects, np.zeros_like(effects)), strict=True):
        spans = (NO_LAYERS,) if name == FREE else truth.layers
        kinds += [(name, span, shared[:, 0] + planted[:, place]) for place, span in enumerate(spans)]
    return _tree(design, kinds, score)


def _tree(design: Design, kinds: list[tuple[str, str, Floats]], score: str) -> xr.DataTree:
    """Return the groups of all networks, study by study: (condition, span, what a seed's score deviates by)."""

    def stacked(values: list[Any]) -> Any:
        """Return values (kind, seed of all studies) study by study: (networks of all studies,)."""
        by_study = np.stack(values).reshape(len(kinds), design.studies, design.networks)
        return by_study.transpose(1, 0, 2).reshape(-1)

    deviation = stacked([values for _, _, values in kinds])
    whole = Design(design.studies, population.Size(len(kinds) * design.networks), design.arm)
    labels: dict[str, Any] = {
        "rearing": (
            "network",
            stacked([np.full(design.rows, name, dtype=object) for name, _, _ in kinds]).astype(_STRING),
        ),
        "reared_layers": (
            "network",
            stacked([np.full(design.rows, span, dtype=object) for _, span, _ in kinds]).astype(_STRING),
        ),
        "seed": ("network", stacked([np.arange(design.rows)] * len(kinds))),
    }
    scores = {
        "test_loss": np.full(whole.rows, _LOSS),
        "final_train_loss": np.full(whole.rows, _FITTED),
        "test_accuracy": np.full(whole.rows, _ACCURACY),
        "shifted_loss": np.full(whole.rows, _LOSS + _SHIFTED),
    }
    deviates = {
        "generalisation_gap": "test_loss",
        "training_loss": "final_train_loss",
        "cost_of_shifts": "shifted_loss",
    }
    scores[deviates.get(score, score)] += deviation
    shifted = scores.pop("shifted_loss")
    groups = group("training", whole, scores, {})
    if score in ("shifted_loss", "cost_of_shifts"):
        groups |= group("rearing_checks", whole, {"shifted_loss": shifted}, {})
    return xr.DataTree.from_dict({path: dataset.assign_coords(labels) for path, dataset in groups.items()})


SIMULATORS: Mapping[str, Simulator] = {
    measure: partial(reared, score=score, compared=compared) for measure, (score, compared) in COMPARISONS.items()
}
