"""What `training.patience` would have changed in studies whose networks were trained to the end.

Every network's stored validation scores say at which epoch training would have ended and which epoch would have been
analysed then. Where that is another epoch, its validation loss is known too; the test loss of an epoch that was not
analysed is not stored, and gOSI after every epoch only of networks of arm maturation.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import study
from study.analysis.core.layers import layer_means
from study.vocabulary.schema import GENERALIZATION, MATURATION, REARING

PATIENCES = (1, 2, 3, 5, 8, 12, 20, 40)
ARMS = (GENERALIZATION, REARING, MATURATION)  # of memorization the last weights are analysed, whatever the scores


@dataclass(frozen=True)
class Ended:
    """When training would have ended, and the epoch analysed then: both (network,), counted from 1."""

    last: NDArray[np.int64]
    analysed: NDArray[np.int64]


def ended(scores: NDArray[np.float64], patience: int) -> Ended:
    """Return how training would have ended after so many epochs without a better score.

    Parameters
    ----------
    scores
        (network, epoch), higher is better, without NaN; the first best of those seen is analysed.
    patience
        At least 1.
    """
    last, analysed = [], []
    for row in scores:
        best = 0
        for epoch in range(len(row)):
            best = epoch if row[epoch] > row[best] else best
            if epoch - best >= patience:
                break
        last.append(epoch + 1)
        analysed.append(best + 1)
    return Ended(np.array(last), np.array(analysed))


def rows_of(tree: xr.DataTree, arm: str) -> list[dict[str, float]]:
    """Return a row for each patience: shares of networks and of epochs, and mean differences where another is analysed."""
    training = tree["training"].to_dataset()
    networks = training.sel(network=training["arm"] == arm).dropna("epoch", how="all")
    if not networks.sizes["network"]:
        return []
    accuracy, loss = (
        networks[name].transpose("network", "epoch").values for name in ("validation_accuracy", "validation_loss")
    )
    whole, epochs = ended(accuracy, accuracy.shape[1]), accuracy.shape[1]
    gosi = _gosi(tree) if arm == MATURATION else None
    rows = []
    for patience in (one for one in PATIENCES if one < epochs):
        early = ended(accuracy, patience)
        other = np.flatnonzero(early.analysed != whole.analysed)
        at = loss[other, early.analysed[other] - 1] - loss[other, whole.analysed[other] - 1]
        row = {
            "patience": patience,
            "networks": len(accuracy),
            "other epoch": len(other) / len(accuracy),
            "epochs trained": early.last.mean() / epochs,
            "validation loss": float(at.mean()) if len(other) else np.nan,
        }
        if gosi is not None:
            change = gosi[other, early.analysed[other]] - gosi[other, whole.analysed[other]]
            row["gOSI"] = float(np.abs(change).mean()) if len(other) else np.nan
        rows.append(row)
    return rows


def _gosi(tree: xr.DataTree) -> NDArray[np.float64]:
    """Return the layer-mean gOSI of the networks of arm maturation, (network, epoch from 0, layer)."""
    curves = layer_means(tree["maturation"].to_dataset()["gosi"])
    return np.asarray(curves.transpose("network", "epoch", "layer").values)


def main() -> None:
    """Print, for each study named and each arm, what each patience would have changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="+", metavar="NAME", help="of a study in data/, or the path of a study.zarr")
    for name in parser.parse_args().studies:
        with study.open(name) as tree:
            for arm in ARMS:
                print(f"\n{name}, arm {arm}")
                for row in rows_of(tree, arm):
                    print("  " + "  ".join(f"{key} {value:.3g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
