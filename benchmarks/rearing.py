"""What kernels that are made of patterns cost: a training step of the free network against the plain one, in turns.

The ratio is taken round by round, so that whatever else the machine does weighs on both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from study.config import NetworkConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.training import initialize
from study.vocabulary.architecture import architectures
from study.vocabulary.rearing import layers_of_span

BATCHES, BATCH = 16, 32
WARM_UP = 2  # rounds that are not counted

Train = Callable[[np.ndarray, np.ndarray], Any]


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--layers", default="conv1-conv3", help="span of layers whose kernels are made of patterns")
    options = parser.parse_args()
    square = architectures()[NetworkConfig().architecture].square_kernels
    trains = {"plain": training(()), options.layers: training(layers_of_span(options.layers, square))}
    compare(trains, rounds=options.rounds)


def training(patterned: tuple[str, ...]) -> Train:
    """Return what trains a network whose kernels of these layers are made of patterns, from its initial weights."""
    network = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10, patterned=patterned)
    initialize(network.model, root_seed=0, network="benchmark")
    network.reset(1e-3)
    return network.train


def compare(trains: Mapping[str, Train], *, rounds: int) -> None:
    """Print milliseconds a step of each, and the median ratio of the last to the first, with its quartiles over rounds."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.25, (BATCHES, BATCH, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, 10, (BATCHES, BATCH))
    seconds: dict[str, list[float]] = {name: [] for name in trains}
    for turn in range(WARM_UP + rounds):
        for name in (list(trains), list(trains)[::-1])[turn % 2]:
            started = time.process_time()
            float(trains[name](images, labels)[0])
            seconds[name].append(time.process_time() - started)
    for name, measured in seconds.items():
        print(f"{name:12} {1e3 * np.median(measured[WARM_UP:]) / BATCHES:6.2f} ms of processor time a step")
    first, *_, last = (np.array(measured[WARM_UP:]) for measured in seconds.values())
    low, middle, high = np.quantile(last / first, (0.25, 0.5, 0.75))
    print(f"ratio: {middle:.3f} (quartiles {low:.3f} to {high:.3f} over {rounds} rounds)")


if __name__ == "__main__":
    main()
