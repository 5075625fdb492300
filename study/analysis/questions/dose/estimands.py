"""How much a half of a layer costs the more, the more selective it is: slopes over halves of one network. No inference here.

A half is a set of units held at zero. Its dose of a quantity is the mean over its units. Costs and doses are both taken in
standard deviations over the random halves of the same network and layer, so that slopes of different quantities, layers and
networks can be compared, whichever halves were designed beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.layers import tuning_of
from study.analysis.core.point_values import side_by_side
from study.vocabulary.schema import DOSE_COVARIATES, DOSED

GOSI, FREQUENCY = DOSED
QUANTITIES = (*DOSED, *DOSE_COVARIATES)
_ROWS = 200  # networks whose members are unpacked at once

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Halves:
    """The halves of one layer in every network.

    Attributes
    ----------
    members
        (network, half, unit): which units are held at zero; random halves first.
    costs
        (network, half): the cross-entropy then, in nats.
    n_random
        How many of the halves are random; the others were designed.
    units
        (network, quantity, unit), in the order of `QUANTITIES`; NaN where undefined, such as of silent units.
    """

    members: NDArray[np.bool_]
    costs: Floats
    n_random: int
    units: Floats

    @property
    def doses(self) -> Floats:
        """Return the mean of every quantity over the members of each half, (network, half, quantity).

        A member without a quantity counts as the mean over all members of halves.
        """
        used = np.isfinite(self.units) & np.asarray(self.members.any(axis=1))[:, None]
        count = np.maximum(used.sum(axis=-1, keepdims=True), 1)
        mean = np.where(used, self.units, 0.0).sum(axis=-1, keepdims=True) / count
        deviation = np.where(used, self.units - mean, 0.0)  # so that a half's size does not matter, nor a missing value
        size = np.maximum(self.members.sum(axis=-1), 1)
        sums = self.members.astype(np.float64) @ np.swapaxes(deviation, -1, -2)
        doses: Floats = sums / size[..., None] + mean[..., 0][:, None]
        return doses


def halves_of(study: xr.DataTree, layer: str, rows: slice = slice(None)) -> Halves:
    """Return the halves of one layer in some of the networks."""
    dose, ablation = (study[name].to_dataset().isel(network=rows).sel(layer=layer) for name in ("dose", "ablation"))
    units = _units(study, rows, layer)
    packed = dose["membership"].transpose("network", "dosed_half", "member_byte").values.astype(np.uint8)
    members = np.unpackbits(packed, axis=-1, count=units.shape[-1]).astype(bool)
    n_random = members.shape[1] - dose.sizes["designed_half"]
    random = ablation["null_loss"].transpose("network", "draw", "half").values.reshape(len(members), -1)[:, :n_random]
    designed = dose["designed_loss"].transpose("network", "designed_half").values
    return Halves(members, np.concatenate([random, designed], axis=1), n_random, units)


def _units(study: xr.DataTree, rows: slice, layer: str) -> Floats:
    """Return (network, quantity, unit) of one layer."""
    tuning = tuning_of(study, "analysed").reset_coords("state", drop=True)
    groups = (tuning, study["other_tuning"].to_dataset(), study["activity"].to_dataset())
    found = [next(group[name] for group in groups if name in group) for name in QUANTITIES]
    places = np.flatnonzero(found[0]["layer"].values == layer)
    return np.stack([values.isel(network=rows, unit=places).values.astype(np.float64) for values in found], axis=1)


def standardized_slopes(halves: Halves) -> Floats:
    """Return the slope of the cost on the dose of every quantity, given the doses of all others: (network, quantity).

    Over all halves, random and designed; in standard deviations over random halves. NaN where random halves all cost the
    same, or where a quantity is constant or determined by the others.
    """
    return slopes_over(halves, slice(None))


def slopes_over(halves: Halves, rows: slice) -> Floats:
    """Return `standardized_slopes` over some of the halves; they are still in standard deviations over random halves."""
    doses, costs, random = halves.doses, halves.costs, slice(halves.n_random)
    slopes = stats.partial_slopes(costs[:, rows], doses[:, rows])
    spread, scale = doses[:, random].std(axis=1), costs[:, random].std(axis=1)
    standardized: Floats = np.divide(
        slopes * spread, scale[:, None], out=np.full_like(slopes, np.nan), where=scale[:, None] > 0
    )
    return standardized


def all_slopes(study: xr.DataTree, layers: Sequence[str] = ()) -> xr.DataArray:
    """Return `standardized_slopes` of some layers, all ablated ones without any named: (network, layer, quantity)."""
    dose = study["dose"].to_dataset()
    chosen = list(layers) or dose["layer"].values.tolist()
    starts = range(0, dose.sizes["network"], _ROWS)
    by_layer = [
        np.concatenate([standardized_slopes(halves_of(study, layer, slice(start, start + _ROWS))) for start in starts])
        for layer in chosen
    ]
    coords = {name: values for name, values in dose["network"].coords.items() if values.dims == ("network",)}
    return xr.DataArray(
        np.stack(by_layer, axis=1),
        dims=("network", "layer", "quantity"),
        coords={**coords, "layer": chosen, "quantity": list(QUANTITIES)},
    )


def slope_of(study: xr.DataTree, quantity: str) -> xr.DataArray:
    """Return the slope on the dose of one quantity given all others: (network, layer)."""
    return all_slopes(study).sel(quantity=quantity, drop=True)


def slope_beyond_frequency(study: xr.DataTree) -> xr.DataArray:
    """Return the slope on the dose of gOSI minus that on the dose of selectivity for spatial frequency: (network, layer)."""
    slopes = all_slopes(study)
    return slopes.sel(quantity=GOSI, drop=True) - slopes.sel(quantity=FREQUENCY, drop=True)


def both_slopes(study: xr.DataTree) -> xr.DataArray:
    """Return the two slopes that are compared: (network, layer, side)."""
    slopes = all_slopes(study)
    return side_by_side(slopes.sel(quantity=GOSI), slopes.sel(quantity=FREQUENCY))


def permutation_pvalues(halves: Halves, *, n_resamples: int, rng: np.random.Generator) -> Floats:
    """Return each network's own p of its random halves' costs rising with their gOSI, permuted over units: (network,).

    Of random halves alone, as designed ones were chosen by gOSI; see `study.stats.unit_permutation_pvalue`.
    """
    pvalues = [
        _pvalue(members[: halves.n_random], costs[: halves.n_random], units, n_resamples=n_resamples, rng=rng)
        for members, costs, units in zip(halves.members, halves.costs, halves.units, strict=True)
    ]
    return np.array(pvalues)


def _pvalue(
    members: NDArray[np.bool_], costs: Floats, units: Floats, *, n_resamples: int, rng: np.random.Generator
) -> float:
    """Return the p of one network; a unit without a quantity counts as average in it."""
    used = members.any(axis=0)
    if not used.any():
        return float("nan")
    known = units[:, used]
    finite = np.isfinite(known)
    mean = np.where(finite, known, 0).sum(axis=1, keepdims=True) / np.maximum(finite.sum(axis=1, keepdims=True), 1)
    gosi, *covariates = np.where(finite, known, mean)
    return stats.unit_permutation_pvalue(
        costs, members[:, used], gosi, np.array(covariates), alternative="greater", n_resamples=n_resamples, rng=rng
    )
