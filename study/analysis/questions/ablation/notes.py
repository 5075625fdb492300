"""What has to be said beside the figures on ablation."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.results import HypothesisResult
from study.analysis.core.words import claimed_layers
from study.analysis.questions.ablation.conclusions import conclusions_sentence, conclusions_table
from study.analysis.questions.ablation.estimands import control_effect, difference, log2_ratio, standardized_effect
from study.analysis.questions.ablation.words import CLAMP_WORDS
from study.vocabulary.seeding import stream


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say what the networks' own random halves give, what is undefined, and what other specifications conclude."""
    ablation = study["ablation"].to_dataset()
    observed = difference(ablation["null_target_loss"]).transpose("network", "layer").values
    null = ablation["null_effect"].transpose("network", "layer", "draw").values
    pvalues = stats.randomization_pvalue(observed, null, alternative="greater")
    layers = ablation["layer"].values.tolist()
    shares = ", ".join(f"{layer} {(pvalues[:, i] <= 0.05).sum()}" for i, layer in enumerate(layers))
    combined = ", ".join(
        f"{layer} {_combined_pvalue(observed[:, i], null[:, i], layer, root_seed):.4f}"
        for i, layer in enumerate(layers)
    )
    silent = ", ".join(f"{layer} {float(ablation['silent_units'].sel(layer=layer).mean()):.1f}" for layer in layers)
    undefined = {
        "Networks without an effect in units of random halves, because all random halves cost the same": (
            standardized_effect(study).isnull()
        ),
        "Networks in which the effect of a control is undefined in those units, or its halves hold no unit": (
            control_effect(study).isnull().any("control")
        ),
    } | {
        f"Networks whose ratio of losses is undefined because an increase is not positive ({CLAMP_WORDS[clamp]})": (
            log2_ratio(study, clamp).isnull()
        )
        for clamp in ablation["clamp"].values.tolist()
    }
    claimed = claimed_layers(results, "standardized_effect")
    conclusions = conclusions_table(study, claimed, root_seed=root_seed, layers=claimed)
    return (
        f"Networks of {len(observed)} whose own permutation p (top against random halves) is at most 0.05: {shares}.",
        f"Combined randomisation p over networks (sharp null: gOSI ranks irrelevant in every network): {combined}.",
        *(f"{what}: {_counted(where, layers)}." for what, where in undefined.items()),
        f"Silent units per network, in neither half: {silent}.",
        conclusions_sentence(conclusions, claimed),
    )


def _counted(where: xr.DataArray, layers: list[str]) -> str:
    """Return the number of networks where something holds, layer by layer."""
    return ", ".join(f"{layer} {int(where.sel(layer=layer).sum())}" for layer in layers)


def _combined_pvalue(observed: np.ndarray, null: np.ndarray, layer: str, root_seed: int) -> float:
    outcome = stats.combined_randomization_test(
        observed, null, alternative="greater", n_resamples=9999, rng=stream(root_seed, "combined", layer)
    )
    return outcome.pvalue
