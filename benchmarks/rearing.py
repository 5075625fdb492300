"""What rearing costs: a training step with kernels made of patterns, and with a penalty, against the plain one, in turns.

The penalised step includes drawing its gratings. Ratios are taken round by round, so that whatever else the machine does
weighs on both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from study.config import Config, NetworkConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.penalised_training import ShownGratings, penalised_training
from study.experiment.training import initialize
from study.vocabulary.architecture import architectures
from study.vocabulary.rearing import DISCOURAGED, layers_of_span

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
    trains = {
        "plain": training(()),
        options.layers: training(layers_of_span(options.layers, square)),
        DISCOURAGED: penalised(),
    }
    compare(trains, rounds=options.rounds)


def training(patterned: tuple[str, ...]) -> Train:
    """Return what trains a network whose kernels of these layers are made of patterns, from its initial weights."""
    network = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10, patterned=patterned)
    initialize(network.model, root_seed=0, network="benchmark")
    network.reset(1e-3)
    return network.train


def penalised() -> Train:
    """Return what trains a network that is told to be less selective, drawing the gratings that it is told by."""
    config, rng = Config(), np.random.default_rng(0)
    network = CompiledNetwork.of(config.network, (32, 32, 3), 10)
    initialize(network.model, root_seed=0, network="benchmark")
    network.reset(1e-3)
    train = penalised_training(network, config)
    shown = ShownGratings(
        condition=DISCOURAGED,
        strength=config.rearing.strength,
        contrast=config.probe.contrast,
        training_mean=np.zeros((32, 32, 3), np.float32),
    )
    return lambda images, labels: train(images, labels, *shown(len(labels), rng))


def compare(trains: Mapping[str, Train], *, rounds: int) -> None:
    """Print milliseconds a step of each, and the others' median ratio to the first, with its quartiles over rounds."""
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
    first, *others = ((name, np.array(measured[WARM_UP:])) for name, measured in seconds.items())
    for name, timed in others:
        low, middle, high = np.quantile(timed / first[1], (0.25, 0.5, 0.75))
        print(f"{name} / {first[0]}: {middle:.3f} (quartiles {low:.3f} to {high:.3f} over {rounds} rounds)")
        print(
            f"  of the fastest rounds, for a machine that does other things as well: {timed.min() / first[1].min():.3f}"
        )


if __name__ == "__main__":
    main()
