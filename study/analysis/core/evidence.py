"""What a registered test rests on: the values of an estimand over networks, and the networks that have none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.question import Estimand

FAILED_NETWORKS = "failed_networks"  # attribute of the compacted store: the labels of planned networks that failed
WHOLE = ""  # the condition of a claim that has no others


@dataclass(frozen=True)
class Evidence:
    """An estimand over networks.

    `values` is (network, layer) or (network, layer, condition), `against` (network,) or None, `blocks` has a further
    dimension `block` or is None, `pairs` is (network, layer, partner) or None; see `Estimand`. `failed` holds the labels
    of planned networks that failed after all retries, and so have no row; `outcome` names the label that `against` is, if
    it is one, and known of them too.
    """

    values: xr.DataArray
    against: NDArray[np.float64] | None = None
    blocks: xr.DataArray | None = None
    pairs: xr.DataArray | None = None
    failed: tuple[dict[str, object], ...] = ()
    outcome: str = ""

    def of_networks(self, rows: slice) -> Evidence:
        """Return the evidence of some of the networks, which must not be compared with others."""
        return replace(
            self,
            values=self.values.isel(network=rows),
            against=None if self.against is None else self.against[rows],
            blocks=None if self.blocks is None else self.blocks.isel(network=rows),
        )


def evidence_of(estimand: Estimand, networks: xr.DataTree) -> Evidence:
    """Return an estimand over the networks of one arm and set."""
    against = None if estimand.against is None else estimand.against(networks)
    return Evidence(
        values=estimand.values(networks),
        against=None if against is None else against.values.astype(np.float64),
        blocks=None if estimand.blocks is None else estimand.blocks(networks),
        pairs=None if estimand.pairs is None else estimand.pairs(networks),
        failed=() if estimand.compared else failed_networks(networks),
        outcome="" if against is None else str(against.name),
    )


def failed_networks(networks: xr.DataTree) -> tuple[dict[str, object], ...]:
    """Return the labels of planned networks of the same arm and set that failed, as the store's attribute lists them."""
    if "training" not in networks.children:
        return ()
    training = networks["training"].to_dataset()
    listed = training.attrs.get(FAILED_NETWORKS, [])
    arm, initialization_set = str(training["arm"].values[0]), int(training["initialization_set"].values[0])
    return tuple(
        labels
        for labels in (json.loads(listed) if isinstance(listed, str) else listed)
        if (labels["arm"], labels["initialization_set"]) == (arm, initialization_set)
    )


@dataclass(frozen=True)
class Observations:
    """What a test sees of rows (layers, or a layer under several conditions) that are defined in the same n networks.

    `values` is (rows, n), `blocks` (rows, n, blocks) or None, `pairs` (rows, n, n) or None, the others (n,); `against` is
    None but for correlations, and `outcome` the label that it is, if it is one.
    """

    values: NDArray[np.float64]
    against: NDArray[np.float64] | None
    strata: NDArray[np.object_]
    blocks: NDArray[np.float64] | None = None
    pairs: NDArray[np.float64] | None = None
    outcome: str = ""

    @property
    def n(self) -> int:
        """Return the number of networks."""
        return len(self.strata)

    def kept(self, rows: Sequence[int], networks: NDArray[np.bool_]) -> Observations:
        """Return some of the rows in some of the networks."""
        chosen = list(rows)
        return replace(
            self,
            values=np.ascontiguousarray(self.values[chosen][:, networks]),  # a row's mean is the same beside any others
            against=None if self.against is None else self.against[networks],
            strata=self.strata[networks],
            blocks=None if self.blocks is None else np.ascontiguousarray(self.blocks[chosen][:, networks]),
            pairs=None if self.pairs is None else np.ascontiguousarray(self.pairs[chosen][:, networks][:, :, networks]),
        )

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Return whether each network has a value in each row: (rows, n)."""
        defined = np.isfinite(self.values)
        return defined if self.against is None else defined & np.isfinite(self.against)


def observations_of(evidence: Evidence, strata: str) -> tuple[Observations, tuple[tuple[str, str], ...]]:
    """Return every row of the evidence, and the layer and condition that each is of.

    Parameters
    ----------
    evidence
        Of all networks.
    strata
        The registered coordinate of the networks, or "none".
    """
    values = _with_conditions(evidence.values)
    dims = ("layer", "condition", "network")
    names = [(layer, condition) for layer in values["layer"].values for condition in values["condition"].values]
    n = values.sizes["network"]
    labels = np.full(n, "all", dtype=object)
    if strata != "none":
        labels = evidence.values["network"].coords[strata].values.astype(object)
    blocks, pairs = evidence.blocks, evidence.pairs
    return (
        Observations(
            values=values.transpose(*dims).values.reshape(-1, n).astype(np.float64),
            against=evidence.against,
            strata=labels,
            blocks=None if blocks is None else _rows(_with_conditions(blocks).transpose(*dims, "block")),
            pairs=None if pairs is None else _rows(_with_conditions(pairs).transpose(*dims, "partner")),
            outcome=evidence.outcome,
        ),
        tuple((str(layer), str(condition)) for layer, condition in names),
    )


def _with_conditions(values: xr.DataArray) -> xr.DataArray:
    return values if "condition" in values.dims else values.expand_dims(condition=[WHOLE])


def _rows(values: xr.DataArray) -> NDArray[np.float64]:
    """Return (layer, condition, network, other) as (rows, network, other)."""
    return values.values.reshape(-1, *values.shape[2:]).astype(np.float64)
