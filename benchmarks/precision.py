"""What training in bfloat16 does: speed, test loss and gOSI beside float32, several networks of each.

The same initial weights and batches in both precisions. Two trainings part whatever their precision, so the difference
of the means is set against the scatter among networks of the default precision.
"""

from __future__ import annotations

import argparse
import dataclasses

import numpy as np
import xarray as xr

from study.config import LAYERS, resolve
from study.images import load_images
from study.images.split import partition, split_images
from study.measure import measure_network
from study.plan import PlannedNetwork

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=4)
    given = parser.parse_args()
    smallest = ["ablation.null_draws=20", "ablation.null_images=32", "ablation.layers=fc1", "probe.permutations=100"]
    config = resolve("quick", assignments=smallest)
    image_set = load_images(config.images)
    images, n_classes = partition(image_set, split_images(image_set, config.images)), len(image_set.class_names)
    measured: dict[str, list[tuple[float, float, np.ndarray]]] = {precision: [] for precision in PRECISIONS}
    for precision in PRECISIONS:
        own = dataclasses.replace(config, training=dataclasses.replace(config.training, precision=precision))
        for seed in range(given.networks):
            network = PlannedNetwork("benchmark", "shift_flip", 0.0, seed, 1, f"{precision}-{seed}")
            tree, seconds, _ = measure_network(network, own, images, n_classes, progress=lambda stage, share: None)
            trained = own.training.epochs * len(images.train_labels)
            measured[precision].append((trained / seconds["train"], float(tree["training"]["test_loss"]), _gosi(tree)))
    speeds, losses, selectivity = (
        {precision: np.array([network[i] for network in networks]) for precision, networks in measured.items()}
        for i in range(3)
    )
    print(f"{given.networks} networks of each precision; mean (standard deviation over networks)")
    for name, values in (("images per second", speeds), ("test loss", losses)):
        print(f"{name:18}", *(f"{p} {v.mean():.3f} ({v.std(ddof=1):.3f})" for p, v in values.items()))
    for i, layer in enumerate(LAYERS):
        print(
            f"gOSI {layer:13}",
            *(f"{p} {v[:, i].mean():.3f} ({v[:, i].std(ddof=1):.3f})" for p, v in selectivity.items()),
        )


def _gosi(tree: xr.DataTree) -> np.ndarray:
    """Return the mean gOSI of each layer after training, silent units left out."""
    gosi = tree["tuning"]["gosi"].sel(state="analysed")
    return np.array([float(gosi.where(gosi["unit_layer"] == layer).mean(skipna=True)) for layer in LAYERS])


if __name__ == "__main__":
    main()
