"""Probing one network and its shuffle control, on one thread: 432 gratings, 960 units, 1,000 permutations a unit and null.

The peer for the responses is Keras' `predict` on the model with an output for every hidden layer. Then what a network of
the maturation arm pays for its gOSI after every epoch, against an epoch of training, measured on fewer images.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable

import numpy as np

from study import tuning
from study.config import GRATING_SETS, READOUTS, NetworkConfig, ProbeConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.grating_responses import grating_responses
from study.experiment.measurements.multiverse.arrays import target_losses, tuning_by_specification
from study.experiment.measurements.tuning.arrays import tuning_arrays
from study.experiment.training import _train_epoch, initialize
from study.images.preparation.split import Partition
from study.networks.graph.hidden_layers import responses_model
from study.tuning.gratings import Gratings, gratings
from study.vocabulary.seeding import stream

EPOCH_IMAGES, BATCH = 40_000, 32
MEAN = np.full((32, 32, 3), 0.5, np.float32)


def main() -> None:
    """Print the processor's seconds of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=3200, help="training images of the shorter stretch")
    options = parser.parse_args()
    made, config = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10), ProbeConfig()
    initialize(made.model, root_seed=0, network="benchmark")
    shown = gratings(32, contrast=config.contrast)
    _print_probe(made, shown, config, options.rounds)
    _print_maturation(made, shown, _images(options.images), options.rounds)
    _print_multiverse(made, options.rounds)


def _seconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the processor's seconds, median over rounds, and of the first call before them, which compiles."""
    measured = []
    for _ in range(rounds + 1):
        started = time.process_time()
        work()
        measured.append(time.process_time() - started)
    return float(np.median(measured[1:])), measured[0]


def _print_probe(made: CompiledNetwork, shown: Gratings, config: ProbeConfig, rounds: int) -> None:
    peer = responses_model(made.model, made.layers)
    inputs = np.repeat(shown.images.reshape(-1, 32, 32, 1), 3, axis=-1) - MEAN
    respond = functools.partial(grating_responses, made.responses, shown, training_mean=MEAN, readout=config.readout)
    predict = functools.partial(peer.predict, inputs, batch_size=108, verbose=0)
    responses, predicted = respond(), predict()
    works: dict[str, Callable[[], object]] = {
        "responses": respond,
        "predict": predict,
        "tuning and shuffle control": lambda: tuning_arrays(
            responses, shown, n_permutations=config.permutations, rng=np.random.default_rng(0)
        ),
    }
    seconds = {name: _seconds(work, rounds)[0] for name, work in works.items()}
    for name, measured in seconds.items():
        print(f"{name:27} {measured:6.2f} s of processor time")
    expected = np.concatenate([maps.reshape(432, -1, maps.shape[-1]).mean(axis=1) for maps in predicted], axis=1)
    difference = np.abs(responses.reshape(len(responses), -1).T - expected).max()
    print(
        f"predict / responses: {seconds['predict'] / seconds['responses']:.2f};"
        f" largest difference of a response {difference:.1e}"
    )
    both = 2 * (seconds["responses"] + seconds["tuning and shuffle control"])
    print(f"a network, probed before and after training: {both:.1f} s")


def _print_maturation(made: CompiledNetwork, shown: Gratings, images: Partition, rounds: int) -> None:
    """Print what the gOSI of all units costs after an epoch, and the epoch, in processor seconds and by the clock."""

    def probe() -> None:
        tuning.gosi(
            tuning.tuning_curve(grating_responses(made.responses, shown, training_mean=MEAN, readout="mean"))[0]
        )

    def train() -> None:
        _train_epoch(made.train, images, BATCH, "shift_flip", 0, "benchmark", told=lambda *_: None, beside=None)

    made.reset(1e-4)
    spent: dict[str, list[tuple[float, float]]] = {"probe": [], "train": []}
    for _ in range(rounds + 1):
        for name, work in (("probe", probe), ("train", train)):
            started = time.process_time(), time.perf_counter()
            work()
            spent[name].append((time.process_time() - started[0], time.perf_counter() - started[1]))
    probing, training = (np.median(spent[name][1:], axis=0) for name in ("probe", "train"))
    epoch = training * EPOCH_IMAGES / len(images.train_labels)
    for kind, one, other in zip(("processor time", "the clock"), probing, epoch, strict=True):
        print(
            f"by {kind}: gOSI of all units {one:.2f} s, an epoch of {EPOCH_IMAGES:,} training images {other:.1f} s"
            f" (from {len(images.train_labels):,}): probing after every epoch costs {one / other:.2%} of it"
        )


def _images(n: int) -> Partition:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (n, 32, 32, 3)).astype(np.uint8), rng.integers(0, 10, n)
    return Partition(images, labels, images, labels, images, labels, MEAN)


def _print_multiverse(made: CompiledNetwork, rounds: int) -> None:
    """Print what other specifications of the probe cost a network: two states tuned, and the halves by them ablated."""
    every = tuple(f"{readout}/{name}" for name in GRATING_SETS for readout in READOUTS)[1:]
    streams, test = functools.partial(stream, 0, "benchmark"), _images(1000)
    for specifications, n_permutations, n_images in ((("mean/fixed", "max/fixed"), 20, 96), (every, 100, 1000)):
        tune = functools.partial(
            tuning_by_specification,
            made.responses,
            made.model,
            made.layers,
            specifications,
            state="analysed",
            training_mean=MEAN,
            n_permutations=n_permutations,
            streams=streams,
        )
        lost = functools.partial(
            target_losses,
            made.clamped,
            test,
            tune()["gosi"],
            specifications,
            [layer.name for layer in made.layers],
            null_images=np.arange(n_images),
            streams=streams,
        )
        tuned, ablated = _seconds(tune, rounds)[0], _seconds(lost, rounds)[0]
        print(
            f"{len(specifications)} other specifications, {n_permutations} permutations, {n_images} images: {2 * tuned:.2f} s for"
            f" both states and {ablated:.2f} s for their halves, processor time of one network"
        )


if __name__ == "__main__":
    main()
