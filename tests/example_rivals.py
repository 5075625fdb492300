"""The parts of an example network that are about rivals of gOSI: other selectivities, their halves, designed halves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from study.experiment.measurements.dose.doses import DESIGNED, kept_draws
from study.vocabulary.schema import RANKINGS, TARGETS


def other_tuning_arrays(rng: np.random.Generator, gosi: np.ndarray) -> dict[str, np.ndarray]:
    """Return other selectivities of units, NaN where they are silent; either half of the gratings gives nearly their gOSI."""
    silent = np.isnan(gosi)

    def where_tuned(values: np.ndarray) -> np.ndarray:
        return np.where(silent, np.nan, values)

    return {
        "spatial_frequency_selectivity": where_tuned(rng.beta(4, 4, gosi.size)),
        "phase_modulation": where_tuned(2 * rng.beta(2, 2, gosi.size)),
        **{
            f"gosi_{half}_half": np.clip(gosi + rng.normal(0, 0.03, gosi.size), 0.0, 1.0)
            for half in ("first", "second")
        },
    }


def ranking_arrays(
    rng: np.random.Generator, half_size: np.ndarray, halves: np.ndarray, log_ratio: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Return the losses of halves by other quantities; `halves` are those by gOSI, (layer, target).

    `log_ratio` gives, by ranking, log(loss(top) / loss(bottom)); where left out it is 0, and that of gOSI for gOSI from half
    of the gratings.
    """
    typical, by_gosi = np.sqrt(halves.prod(axis=-1)), np.log(halves[:, 0] / halves[:, 1])
    default = {name: by_gosi * (name == "gosi_half_of_gratings") for name in RANKINGS}
    ratio = np.stack([log_ratio.get(name, 0.0) + default[name] for name in RANKINGS], axis=1)
    ratio = ratio + rng.normal(0, 0.02, ratio.shape)
    signs = np.where(np.array(TARGETS) == "top", 0.5, -0.5)
    size = np.repeat(half_size[:, None], len(RANKINGS), axis=1)
    return {"ranking_loss": typical[:, None, None] * np.exp(ratio[..., None] * signs), "ranking_size": size}


def dose_arrays(
    rng: np.random.Generator, layers: Mapping[str, int], gosi: np.ndarray, null_loss: np.ndarray
) -> dict[str, np.ndarray]:
    """Return members of random and of designed halves, and what the latter cost: about what random ones do.

    `null_loss` is (layer, draw, half): these losses have nothing to do with the members.
    """
    n_halves = 2 * kept_draws(null_loss.shape[1]) + DESIGNED
    width, start, packed = -(-max(layers.values()) // 8), 0, []
    for units in layers.values():
        responding = np.flatnonzero(np.isfinite(gosi[start : start + units]))
        members = np.zeros((n_halves, 8 * width), dtype=bool)
        for row in members:
            row[rng.permutation(responding)[: len(responding) // 2]] = True
        packed.append(np.packbits(members, axis=-1).astype(np.int16))
        start += units
    loss = rng.normal(null_loss.mean(), null_loss.std(), (len(layers), DESIGNED))
    return {"designed_loss": loss, "membership": np.stack(packed)}
