"""K networks trained in one program, in every form of their convolutions, against one at a time and against K processes.

Batches of 32 images of the size of CIFAR-10's, moved and mirrored, input pipeline included. "plain" is a process of one
thread that trains one network; "processes" are K of them beside each other, begun together when all are warm; a program of K
networks is one process of one thread. Contenders take turns, and images of all K networks are counted a second of processor
time and a second by the clock: the first tells on processors, where K processes have the use of K cores if there are so many,
the second on a GPU. With `--quick` all but "processes" take turns in this process: fewer minutes, and ratios of processor time
mean as much.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.beside import begin_together, run_beside

BATCH, SHAPE, N_IMAGES = 32, (32, 32, 3), 1_024
PLAIN, PROCESSES = "plain", "processes"

Train = Callable[[int], None]  # trains so many batches of each network
Speeds = dict[
    tuple[str, int], list[np.ndarray]
]  # by way and networks, a round each: images a processor second, a second


def main() -> None:
    """Run the rounds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", type=int, nargs="*", default=[1, 4, 8])
    parser.add_argument("--forms", nargs="*", default=["grouped", "side_by_side", "patches", "positions"])
    parser.add_argument("--batches", type=int, default=16, help="of each network, a round")
    parser.add_argument("--quick", action="store_true", help="all contenders in this process, in turns")
    parser.add_argument(
        "--convolutions", action="store_true", help="only those of cnn7, forward and backward, in this process"
    )
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        _contend(options.run[0], int(options.run[1]), options.batches)
        return
    if options.convolutions:
        _convolve(options.networks, options.forms, options.rounds)
        return
    stacked = [(form, count) for form in options.forms for count in options.networks]
    if options.quick:
        _print(_in_turns([(PLAIN, 1), *stacked], options.rounds, options.batches))
        return
    beside = [(PROCESSES, count) for count in options.networks if count > 1]
    speeds: Speeds = {contender: [] for contender in [(PLAIN, 1), *beside, *stacked]}
    for _ in range(options.rounds):
        for contender, measured in speeds.items():
            measured.append(_speed(*contender, options.batches))
    _print(speeds)


def _print(speeds: Speeds) -> None:
    """Print contenders as a table, with medians over rounds, and ratios of images a processor second within a round."""
    print("| way | networks | images a processor second | images a second | ratio to plain | ratio to K processes |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, networks), measured in speeds.items():
        medians = np.median(measured, axis=0)
        ratios = [_ratio(measured, speeds.get(other, [])) for other in ((PLAIN, 1), (PROCESSES, networks))]
        print(f"| {name} | {networks} | {medians[0]:.0f} | {medians[1]:.0f} | {' | '.join(ratios)} |")


def _ratio(measured: list[np.ndarray], others: list[np.ndarray]) -> str:
    """Return the median ratio and its range, '' where the other was not measured."""
    if not others:
        return ""
    ratios = np.array(measured)[:, 0] / np.array(others)[:, 0]
    return f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _in_turns(contenders: list[tuple[str, int]], rounds: int, batches: int) -> Speeds:
    """Return the speeds of contenders that are all made in this process, and take turns in it."""
    images, labels = _data()
    trains = {contender: _training(*contender, images, labels) for contender in contenders}
    for train in trains.values():
        train(2)
        train(16)
    speeds: Speeds = {contender: [] for contender in contenders}
    for _ in range(rounds):
        for contender, train in trains.items():
            speeds[contender].append(contender[1] * batches * BATCH / np.array(_timed(train, batches)))
    return speeds


def _convolve(counts: list[int], forms: list[str], rounds: int) -> None:
    """Print the least processor milliseconds a network that conv1 to conv5 of cnn7 take with their gradients, by form."""
    import tensorflow as tf

    from study.networks import backend
    from study.networks.stacked.convolution import stacked_convolution

    backend.configure_process()
    rng = np.random.default_rng(0)
    sizes = ((32, 3, 32, 1), (30, 32, 32, 2), (14, 32, 64, 1), (12, 64, 64, 2), (5, 64, 128, 1))

    def least(form: str, networks: int, size: int, channels: int, filters: int, stride: int) -> float:
        shapes = ((BATCH, size, size, networks * channels), (3, 3, channels, networks * filters))
        images, kernels = (tf.constant(rng.normal(size=shape), tf.float32) for shape in shapes)

        @backend.compiled
        def step(images: Any, kernels: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch((images, kernels))
                outputs = stacked_convolution(
                    images, kernels, networks=networks, strides=(stride, stride), padding="valid", form=form
                )
                loss = tf.reduce_sum(outputs * outputs)
            return tape.gradient(loss, (images, kernels) if channels > SHAPE[-1] else kernels)

        seconds = []
        for _ in range(rounds + 1):
            started = time.process_time()
            step(images, kernels)
            seconds.append(time.process_time() - started)
        return 1_000 * min(seconds[1:]) / networks

    for networks in counts:
        for form in forms:
            milliseconds = [least(form, networks, *size) for size in sizes]
            print(f"K = {networks}, {form}: {sum(milliseconds):.1f} ms a network of {BATCH} images", flush=True)


def _speed(name: str, networks: int, batches: int) -> np.ndarray:
    """Return what a contender tells: images a second of its processors' time, and by the clock, of all its networks."""
    command = [sys.executable, "-m", "benchmarks.stacked", "--batches", str(batches), "--run", name, str(networks)]
    taken = np.array(run_beside(command, networks if name == PROCESSES else 1))
    shown = networks * batches * BATCH
    return np.array([shown / taken[:, 0].sum(), shown / taken[:, 1].max()])


def _contend(name: str, networks: int, batches: int) -> None:
    """Be a process of a contender: warm up, and tell the seconds of training so many batches of each network."""
    train = _training(name, networks, *_data())
    train(2)
    train(16)
    begin_together(lambda: _timed(train, batches))


def _timed(train: Train, batches: int) -> tuple[float, float]:
    """Return the seconds of processor time, and by the clock, of training so many batches of each network."""
    processor, clock = time.process_time(), time.perf_counter()
    train(batches)
    return time.process_time() - processor, time.perf_counter() - clock


def _data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (N_IMAGES, *SHAPE)).astype(np.uint8), rng.integers(0, 10, N_IMAGES)


def _training(name: str, networks: int, images: np.ndarray, labels: np.ndarray) -> Train:
    """Return what trains so many batches of each network of a contender."""
    return (_plain if name in (PLAIN, PROCESSES) else _stacked)(name, networks, images, labels)


def _network() -> Any:
    from study.config import NetworkConfig
    from study.experiment.compiled_network import CompiledNetwork
    from study.experiment.training import initialize

    made = CompiledNetwork.of(NetworkConfig(), SHAPE, 10)
    initialize(made.model, root_seed=0, network="benchmark")
    made.reset(1e-3)
    return made


def _plain(name: str, networks: int, images: np.ndarray, labels: np.ndarray) -> Train:
    from study.images.preparation.augmentation import augmented
    from study.images.preparation.split import preprocessed

    made, rng, mean = _network(), np.random.default_rng(0), np.full(SHAPE, 0.5, np.float32)

    def train(batches: int) -> None:
        for _ in range(0, batches, 16):
            chosen = rng.integers(0, N_IMAGES, (min(batches, 16), BATCH))
            shown = augmented(images[chosen.ravel()], augmentation="shift_flip", rng=rng)
            made.train(preprocessed(shown, mean).reshape(*chosen.shape, *SHAPE), labels[chosen])

    return train


def _stacked(form: str, networks: int, images: np.ndarray, labels: np.ndarray) -> Train:
    import keras

    from study.images.preparation.augmentation import drawn_offsets
    from study.networks.stacked.stack import Stack

    made, rng, mean = _network(), np.random.default_rng(0), np.full(SHAPE, 0.5, np.float32)
    stack = Stack.of(made.model, made.optimizer, networks, form=form)
    stack.reset(1e-3)
    for place in range(networks):
        stack.put(place, made.model.get_weights())
    pixels = keras.ops.convert_to_tensor(images.reshape(-1, SHAPE[-1]))

    def train(batches: int) -> None:
        for _ in range(0, batches, 16):
            chosen = rng.integers(0, N_IMAGES, (min(batches, 16), BATCH, networks))
            drawn = drawn_offsets(chosen.size, SHAPE[:2], augmentation="shift_flip", rng=rng)
            offsets = [each.reshape(chosen.shape) for each in drawn]
            np.asarray(stack.train(pixels, mean, chosen, *offsets, labels[chosen])[0])

    return train


if __name__ == "__main__":
    main()
