"""What `training.patience` would have changed in networks that were trained to the end.

Every network's validation scores say at which epoch training would have ended and which epoch would have been analysed
then. Of a study that is named, the validation loss of that epoch is known too, but no test loss of an epoch that was not
analysed, and gOSI after every epoch only in arm maturation. With `--train` some networks of arm generalization are trained
here, on photographs, and test loss and gOSI are taken after every epoch.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import study
from study import tuning
from study.analysis.core.layers import layer_means
from study.config import resolve
from study.config.population import PlannedNetwork
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.one_network import begin
from study.experiment.subjects import TrainedSubject
from study.experiment.training import TrainedNetwork, train_network
from study.images import load_images
from study.images.preparation.split import partition, split_images
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
    """Return what each patience would have changed in the networks of an arm of a study, in rows."""
    training = tree["training"].to_dataset()
    networks = training.sel(network=training["arm"] == arm).dropna("epoch", how="all")
    if not networks.sizes["network"]:
        return []
    accuracy, loss = (
        networks[name].transpose("network", "epoch").values for name in ("validation_accuracy", "validation_loss")
    )
    gosi = _gosi(tree) if arm == MATURATION else None
    return changes(accuracy, {"validation loss": loss}, gosi)


def changes(
    accuracy: NDArray[np.float64], losses: Mapping[str, NDArray[np.float64]], gosi: NDArray[np.float64] | None
) -> list[dict[str, float]]:
    """Return a row for each patience: shares of networks and of epochs, and mean differences where another is analysed.

    Parameters
    ----------
    accuracy, losses
        (network, epoch).
    gosi
        (network, epoch from 0, layer), if it is known.
    """
    whole, epochs = ended(accuracy, accuracy.shape[1]), accuracy.shape[1]
    rows = []
    for patience in (one for one in PATIENCES if one < epochs):
        early = ended(accuracy, patience)
        other = np.flatnonzero(early.analysed != whole.analysed)
        row = {
            "patience": patience,
            "networks": len(accuracy),
            "other epoch": len(other) / len(accuracy),
            "epochs trained": early.last.mean() / epochs,
        }
        for name, loss in losses.items():
            at = loss[other, early.analysed[other] - 1] - loss[other, whole.analysed[other] - 1]
            row[name] = float(at.mean()) if len(other) else np.nan
        if gosi is not None:
            change = gosi[other, early.analysed[other]] - gosi[other, whole.analysed[other]]
            row["gOSI"] = float(np.abs(change).mean()) if len(other) else np.nan
        rows.append(row)
    return rows


def _gosi(tree: xr.DataTree) -> NDArray[np.float64]:
    """Return the layer-mean gOSI of the networks of arm maturation, (network, epoch from 0, layer)."""
    curves = layer_means(tree["maturation"].to_dataset()["gosi"])
    return np.asarray(curves.transpose("network", "epoch", "layer").values)


def trained_rows(options: argparse.Namespace, augmentation: str) -> list[dict[str, float]]:
    """Train networks of an augmentation to the end, and return what each patience would have changed in them."""
    where = (f"images.data_dir={options.data_dir}",) if options.data_dir else ()
    config = resolve(
        "published", assignments=(f"training.epochs={options.epochs}", "study.seed=1", "probe.permutations=100", *where)
    )
    image_set = load_images(config.images)
    images, compiled_networks = partition(image_set, split_images(image_set, config.images)), CompiledNetworks()
    networks = []
    for seed in range(options.train):
        planned = PlannedNetwork(GENERALIZATION, augmentation, 0.0, seed, 1, f"{augmentation}-{seed}")
        subject = begin(
            planned,
            config,
            images,
            len(image_set.class_names),
            compiled_networks=compiled_networks,
            progress=lambda *told: None,
        ).subject
        networks.append(_trained(subject))
        print(
            f"  {augmentation}, network {seed + 1}: best of {options.epochs} epochs {networks[-1].analysed_epoch}",
            flush=True,
        )
    accuracy, loss = (
        np.array([getattr(one, f"validation_{name}") for one in networks]) for name in ("accuracy", "loss")
    )
    test, gosi = (
        np.array([[seen[name] for seen in one.observations] for one in networks]) for name in ("test", "gosi")
    )
    return changes(accuracy, {"validation loss": loss, "test loss": test[:, 1:]}, gosi)


def _trained(subject: TrainedSubject) -> TrainedNetwork:
    """Train a network and observe its test loss and layer-mean gOSI before, and after every epoch."""
    config, partition, compiled = subject.config, subject.partition, subject.compiled

    def observe() -> dict[str, NDArray[np.float64]]:
        gosi = tuning.gosi(tuning.tuning_curve(subject.shown_gratings())[0])
        ends = np.cumsum([layer.n_units for layer in compiled.layers])[:-1]
        test = subject.scores(partition.test_images, partition.test_labels)[0]
        return {"test": np.array(test), "gosi": np.array([np.nanmean(units) for units in np.split(gosi, ends)])}

    return train_network(
        compiled.model,
        compiled.train,
        compiled.scores,
        partition,
        config.training,
        augmentation=subject.planned.augmentation,
        root_seed=config.seed,
        network=subject.planned.training_identity,
        observe=observe,
    )


def main() -> None:
    """Print, for each study named and each arm, or each augmentation trained, what each patience would have changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="NAME", help="of a study in data/, or the path of a study.zarr")
    parser.add_argument("--train", type=int, default=0, metavar="N", help="train N networks of each augmentation")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--augmentations", nargs="*", default=["none", "shift_flip"])
    parser.add_argument("--data-dir", help="where CIFAR-10 lies")
    options = parser.parse_args()
    for name in options.studies:
        with study.open(name) as tree:
            for arm in ARMS:
                _print(f"{name}, arm {arm}", rows_of(tree, arm))
    for augmentation in options.augmentations if options.train else ():
        _print(f"trained to the end, {augmentation}", trained_rows(options, augmentation))


def _print(heading: str, rows: list[dict[str, float]]) -> None:
    print(f"\n{heading}")
    for row in rows:
        print("  " + "  ".join(f"{key} {value:.3g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
