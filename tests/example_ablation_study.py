"""Studies whose halves cost what a test says, under every clamp."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from study.analysis.questions import questions
from study.config import CLAMPS
from tests.example_arrays import BLOCKS, by_block
from tests.example_study import LAYERS, replaced, untested_results
from tests.example_study import example_study as any_study


def example_study(**options: Any) -> xr.DataTree:
    """Return a study that used every clamp."""
    return any_study(clamps=CLAMPS, **options)


def with_effect(study: xr.DataTree, top: np.ndarray, bottom: np.ndarray) -> xr.DataTree:
    """Return a study where clamping costs given losses (network, layer), under every clamp and on either images.

    Random halves differ with standard deviation 0.2, so that a difference of 0.2 is a standardised effect of about 1.
    """
    ablation = study["ablation"].to_dataset()
    halves = np.stack([top, bottom], axis=-1) + ablation["baseline_loss"].values[:, None, None]
    null = 0.2 * np.random.default_rng(0).normal(size=ablation["null_effect"].shape)
    blocks = by_block(np.random.default_rng(1), halves)
    intact = ablation["baseline_loss"].values[:, None] + np.zeros(BLOCKS)
    return replaced(
        study,
        "ablation",
        loss=halves[:, None],
        baseline_loss_by_block=intact,
        loss_by_block=blocks[:, None],
        null_target_loss=halves,
        null_target_loss_by_block=blocks,
        null_effect=null,
    )


def losses_of(study: xr.DataTree) -> np.ndarray:
    """Return a copy of the losses (network, clamp, layer, target)."""
    return study["ablation"].to_dataset()["loss"].values.copy()


def costs(mean: Any, spread: float = 0.02, seed: int = 0) -> np.ndarray:
    """Return losses (network, layer) around a mean, or a mean for each layer."""
    noise = np.random.default_rng(seed).normal(0, spread, (24, len(LAYERS)))
    return np.asarray(mean) + noise - noise.mean(axis=0)


def notes(study: xr.DataTree) -> tuple[str, ...]:
    """Return the notes of the question."""
    question = questions()["ablation"]
    return question.notes(study, untested_results("ablation"), root_seed=0)


def without(study: xr.DataTree, **kept: list[str]) -> xr.DataTree:
    """Return a study whose ablation has some layers or clamps only."""
    groups = {f"/{name}": study[name].to_dataset() for name in study.children}
    groups["/ablation"] = groups["/ablation"].sel(kept)
    if "layer" in kept:
        for name in {"/dose", "/rivals", "/mediation", "/need"} & groups.keys():
            ablated = groups[name]["layer"].isin(kept["layer"])
            groups[name] = groups[name].isel(layer=ablated.values)
        halves = groups["/halves"]
        groups["/halves"] = halves.where(halves["layer"].isin(kept["layer"]), 0)
    return xr.DataTree.from_dict(groups)
