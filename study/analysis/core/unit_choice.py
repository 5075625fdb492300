"""Which units of a study a page shows, by rules that are said there."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.layers import layer_names, tuning_of
from study.analysis.core.networks import network_names
from study.analysis.core.tuned_units import MOST_SHOWN, LayerOfUnits, TunedUnit, TunedUnits
from study.tuning import SELECTIVE
from study.tuning.shuffles import shuffled_curves
from study.vocabulary.schema import EXTERNAL, GENERALIZATION
from study.vocabulary.seeding import stream

MOST_LAYERS = 24
_BAND = (0.05, 0.95)
_SHUFFLES = 200


def tuned_units(study: xr.DataTree, *, root_seed: int) -> TunedUnits | None:
    """Return some units of one network as a page shows them; None where no network has a tuning.

    The network is the first of those trained to generalise, by augmentation and seed, or the external one; the units of a
    layer are at even steps of gOSI, silent ones left out. The example is the unit of median gOSI among the selective
    units of the layer that has the largest share of them.

    Parameters
    ----------
    study
        The compacted study; `responses` need not be there, nor in memory.
    root_seed
        Seed of the shuffles that the bands are taken from.
    """
    if "tuning" not in study.children:
        return None
    place = _network(study["tuning"].to_dataset())
    if place is None:
        return None
    tuning = tuning_of(study, "analysed").isel(network=place)
    name = str(tuning["network"].values)
    responses = _responses(study, name)
    every = layer_names(tuning)
    chosen = [
        every[i] for i in np.unique(np.linspace(0, len(every) - 1, min(MOST_LAYERS, len(every))).round().astype(int))
    ]
    kernels = kernels_of(study, name)
    layers = tuple(
        _layer(tuning, layer, responses, kernels if layer == every[0] else None, root_seed=root_seed)
        for layer in chosen
    )
    example, rule = _example(tuning, layers, responses, kernels, every[0], root_seed=root_seed)
    return TunedUnits(
        network=network_names(study["tuning"].to_dataset())[place],
        orientations=tuple(tuning["orientation"].values.tolist()),
        layers=layers,
        example=example,
        example_rule=rule,
    )


def shown_network(study: xr.DataTree) -> str:
    """Return the key of the network whose units a page shows, '' where no network has a tuning."""
    if "tuning" not in study.children:
        return ""
    tuning = study["tuning"].to_dataset()
    place = _network(tuning)
    return "" if place is None else str(tuning["network"].values[place])


def _network(tuning: xr.Dataset) -> int | None:
    """Return the position of the network that is shown."""
    arms = tuning["arm"].values.tolist()
    shown = [place for place, arm in enumerate(arms) if arm in (GENERALIZATION, EXTERNAL)]
    if not shown or "augmentation" not in tuning.coords:
        return shown[0] if shown else None
    labels = zip(
        *(tuning[name].values.tolist() for name in ("initialization_set", "augmentation", "seed")), strict=True
    )
    order = list(labels)
    return min(shown, key=lambda place: order[place])


def _responses(study: xr.DataTree, name: str) -> xr.DataArray | None:
    """Return the responses of one network with the analysed weights, (unit, orientation, frequency, phase), if stored."""
    if "responses" not in study.children:
        return None
    responses = study["responses"].to_dataset()["response"]
    if name not in [str(one) for one in responses["network"].values]:
        return None
    return responses.sel(network=name, state="analysed")


def kernels_of(study: xr.DataTree, name: str) -> NDArray[np.float64] | None:
    """Return the kernels of the first layer of one network, (unit, height, width, channel), if they are stored."""
    if "kernels" not in study.children:
        return None
    kernels = study["kernels"].to_dataset()
    if "kernel" not in kernels or name not in [str(one) for one in kernels["network"].values]:
        return None
    return np.asarray(kernels["kernel"].sel(network=name).values, dtype=np.float64)


def _layer(
    tuning: xr.Dataset,
    layer: str,
    responses: xr.DataArray | None,
    kernels: NDArray[np.float64] | None,
    *,
    root_seed: int,
) -> LayerOfUnits:
    members = np.flatnonzero(tuning["layer"].values == layer)
    gosi = tuning["gosi"].values[members]
    defined = np.flatnonzero(np.isfinite(gosi))
    ranked = defined[np.argsort(gosi[defined], kind="stable")]
    places = np.unique(np.linspace(0, max(len(ranked) - 1, 0), min(MOST_SHOWN, len(ranked))).round().astype(int))
    selective = members[defined[gosi[defined] > SELECTIVE]]
    orientations = tuning["orientation"].values
    preferred = tuning["preferred_orientation"].values[selective]
    return LayerOfUnits(
        layer=layer,
        units=units_at(tuning, members[ranked[places]], responses, kernels, root_seed=root_seed),
        n=len(members),
        silent=int(tuning["silent"].values[members].sum()),
        selective=len(selective),
        preferred=tuple(int(np.isclose(preferred, angle).sum()) for angle in orientations),
    )


def units_at(
    tuning: xr.Dataset,
    chosen: NDArray[np.intp],
    responses: xr.DataArray | None,
    kernels: NDArray[np.float64] | None,
    *,
    root_seed: int,
) -> tuple[TunedUnit, ...]:
    """Return the units at some positions; their responses are read at once."""
    of_units = None if responses is None else responses.isel(unit=chosen).values.astype(np.float64)
    return tuple(
        _unit(
            tuning.isel(unit=int(unit)),
            (float("nan"), float("nan")) if of_units is None else _band(of_units[place], root_seed, int(unit)),
            kernels,
        )
        for place, unit in enumerate(chosen)
    )


def _band(response: NDArray[np.float64], root_seed: int, unit: int) -> tuple[float, float]:
    """Return between which values 90 % of what a unit's shuffled responses give beside the largest one lie.

    The largest response is the peak of every shuffled curve, at whichever orientation it comes to stand.
    """
    if not np.isfinite(response).all():
        return float("nan"), float("nan")
    curves = shuffled_curves(np.maximum(response, 0), _SHUFFLES, stream(root_seed, "gallery", str(unit)))
    low, high = np.quantile(curves[:, 1:], _BAND)
    return float(low), float(high)


def _unit(row: xr.Dataset, band: tuple[float, float], kernels: NDArray[np.float64] | None) -> TunedUnit:
    channel = int(row["channel"])
    return TunedUnit(
        layer=str(row["layer"].values),
        channel=channel,
        gosi=float(row["gosi"]),
        null_mean=float(row["gosi_null_mean"]),
        null_sd=float(row["gosi_null_sd"]),
        pvalue=float(row["gosi_pvalue"]),
        preferred_orientation=float(row["preferred_orientation"]),
        preferred_frequency=float(row["preferred_spatial_frequency"]),
        curve=tuple(float(value) for value in row["tuning_curve"].values),
        band=band,
        kernel=() if kernels is None or channel >= len(kernels) else _colours(kernels[channel]),
    )


def _colours(kernel: NDArray[np.float64]) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    """Return a kernel, (height, width, channel), as colours: 0 is mid-grey, its largest weight black or white.

    Of other than three channels their mean is grey; nothing where the layer has no kernel.
    """
    if not np.isfinite(kernel).all():
        return ()
    colours = kernel if kernel.shape[-1] == 3 else np.repeat(kernel.mean(axis=-1, keepdims=True), 3, axis=-1)
    largest = np.abs(colours).max() or 1.0
    scaled = np.round(127.5 + 127.5 * colours / largest).astype(int)
    return tuple(tuple((int(r), int(g), int(b)) for r, g, b in row) for row in scaled)


def _example(
    tuning: xr.Dataset,
    layers: tuple[LayerOfUnits, ...],
    responses: xr.DataArray | None,
    kernels: NDArray[np.float64] | None,
    first: str,
    *,
    root_seed: int,
) -> tuple[TunedUnit | None, str]:
    """Return the unit that stands for all, and the rule by which it was chosen."""
    layer = max(layers, key=lambda one: one.selective / max(one.n, 1), default=None)
    if layer is None or not layer.selective:
        return None, ""
    members = np.flatnonzero((tuning["layer"].values == layer.layer) & (tuning["gosi"].values > SELECTIVE))
    gosi = tuning["gosi"].values[members]
    unit = members[np.argsort(gosi, kind="stable")[len(members) // 2]]
    rule = (
        f"the unit of median gOSI among the {layer.selective} selective ones of {layer.n} in {layer.layer}, the layer with the"
        " largest share of them"
    )
    of_layer = kernels if layer.layer == first else None
    return units_at(tuning, np.array([unit]), responses, of_layer, root_seed=root_seed)[0], rule
