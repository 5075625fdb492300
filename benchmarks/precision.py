"""What training in bfloat16 does: speed, test loss and gOSI beside float32, several networks of each.

The same initial weights and batches in both precisions. Two trainings part whatever their precision, so the difference
of the means is set against the scatter among networks of the default precision.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Literal

import numpy as np
import xarray as xr

from study.config import NetworkConfig, resolve
from study.config.population import PlannedNetwork
from study.experiment.compiled_network import CompiledNetwork, CompiledNetworks
from study.experiment.one_network import measure_network
from study.experiment.training import initialize
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.vocabulary.architecture import architectures
from study.vocabulary.schema import GENERALIZATION

PRECISIONS: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")

LAYERS = architectures()[NetworkConfig().architecture].layers


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=4)
    options = parser.parse_args()
    smallest = ["ablation.null_draws=20", "ablation.null_images=32", "ablation.layers=fc1", "probe.permutations=100"]
    config = resolve("quick", assignments=smallest)
    image_set = load_images(config.images)
    images, n_classes = partition(image_set, split_images(image_set, config.images)), len(image_set.class_names)
    measured: dict[str, list[tuple[float, np.ndarray]]] = {precision: [] for precision in PRECISIONS}
    compiled_networks = CompiledNetworks()
    for precision in PRECISIONS:
        settings = dataclasses.replace(config, training=dataclasses.replace(config.training, precision=precision))
        for seed in range(options.networks):
            network = PlannedNetwork(GENERALIZATION, "shift_flip", 0.0, seed, 1, f"{precision}-{seed}")
            tree = measure_network(
                network,
                settings,
                images,
                n_classes,
                compiled_networks=compiled_networks,
                progress=lambda *told: None,
            ).tree
            measured[precision].append((float(tree["training"]["test_loss"]), _gosi(tree)))
    losses, selectivity = (
        {precision: np.array([network[i] for network in networks]) for precision, networks in measured.items()}
        for i in range(2)
    )
    print(f"{options.networks} networks of each precision; mean (standard deviation over networks)")
    print(f"{'test loss':18}", *(f"{p} {v.mean():.3f} ({v.std(ddof=1):.3f})" for p, v in losses.items()))
    for i, layer in enumerate(LAYERS):
        columns = (f"{p} {v[:, i].mean():.3f} ({v[:, i].std(ddof=1):.3f})" for p, v in selectivity.items())
        print(f"gOSI {layer:13}", *columns)
    _compare_speeds()


def _compare_speeds() -> None:
    """Print images per second of both precisions, sixteen batches at a time in turns, and the ratio round by round."""
    rng = np.random.default_rng(0)
    images, labels = rng.normal(0, 0.25, (16, 32, 32, 32, 3)).astype(np.float32), rng.integers(0, 10, (16, 32))
    trains = {}
    for precision in PRECISIONS:
        made = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10, precision=precision)
        initialize(made.model, root_seed=0, network="benchmark")
        made.reset(1e-3)
        trains[precision] = made.train
    seconds: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for _ in range(15):
        for precision, train in trains.items():
            started = time.perf_counter()
            float(train(images, labels)[0])
            seconds[precision].append(time.perf_counter() - started)
    ratios = np.divide(seconds["float32"][2:], seconds["bfloat16"][2:])
    for name, taken in seconds.items():
        print(f"{name:9} {labels.size / np.median(taken[2:]):6.0f} images per second on one thread")
    print(f"bfloat16 / float32: {np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def _gosi(tree: xr.DataTree) -> np.ndarray:
    """Return the mean gOSI of each layer after training, silent units left out."""
    gosi = tree["tuning"]["gosi"].sel(state="analysed")
    return np.array([float(gosi.where(gosi["layer"] == layer).mean(skipna=True)) for layer in LAYERS])


if __name__ == "__main__":
    main()
