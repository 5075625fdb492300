"""Training on two cores: two of our one-thread workers, Keras' `fit` with two threads, two one-thread PyTorch processes.

Input pipeline and augmentation are included. The contenders take turns, several rounds of each, so that a machine whose
speed drifts favours none; ratios are taken round by round. Then losses are compared: an epoch of ours and one of Keras'
`fit`, from the same weights on the same augmented images in the same order.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.beside import begin_together, run_beside

BATCH, N_IMAGES, PROCESSES = 32, 12_800, 2
CONTENDERS = {"ours": 2, "keras": 1, "torch": 2}  # how many processes each is


def main() -> None:
    """Run the rounds and the comparison of losses, and print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torch", metavar="PYTHON", help="a Python that has PyTorch; without it PyTorch is left out")
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        _contend(options.run)
        return
    interpreters = {"ours": sys.executable, "keras": sys.executable} | (
        {"torch": options.torch} if options.torch else {}
    )
    speeds: dict[str, list[float]] = {name: [] for name in interpreters}
    for _ in range(options.rounds):
        for name, interpreter in interpreters.items():
            speeds[name].append(_speed(name, interpreter))
    for name, measured in speeds.items():
        ratios = np.array(speeds["ours"]) / np.array(measured)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{name:6} {np.median(measured):6.0f} images per second; ours / this: {np.median(ratios):.2f} ({spread})")
    _compare_losses()


def _speed(name: str, interpreter: str) -> float:
    """Return the images per second of all processes of a contender, started together when all are warm."""
    command = [interpreter, "-m", "benchmarks.training", "--run", name]
    seconds = run_beside(command, CONTENDERS[name], CUDA_VISIBLE_DEVICES="")
    return len(seconds) * N_IMAGES / max(seconds)


def _contend(name: str) -> None:
    """Be one process of a contender: warm up, and tell the seconds of an epoch."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N_IMAGES, 32, 32, 3)).astype(np.uint8)
    labels = rng.integers(0, 10, N_IMAGES)
    epoch: Callable[[int], object] = {"ours": _ours, "keras": _keras, "torch": _torch}[name](images, labels)
    epoch(20 * BATCH)

    def seconds() -> float:
        started = time.perf_counter()
        epoch(N_IMAGES)
        return time.perf_counter() - started

    begin_together(seconds)


def _ours(images: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    from study.config import NetworkConfig
    from study.experiment.compiled_network import CompiledNetwork
    from study.experiment.training import _train_epoch, initialize

    made = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10)
    initialize(made.model, root_seed=0, network="benchmark")
    made.reset(1e-3)
    return lambda n: _train_epoch(
        made.train, _partition(images[:n], labels[:n]), BATCH, "shift_flip", 0, "b", told=lambda *_: None, beside=None
    )


def _partition(images: np.ndarray, labels: np.ndarray) -> Any:
    from study.images.preparation.split import Partition

    return Partition(images, labels, images, labels, images, labels, np.full((32, 32, 3), 0.5, np.float32))


def _keras(images: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    """Keras' own layers and `fit` on a `tf.data` pipeline that shifts a batch by one offset: cheaper than ours."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(PROCESSES)
    model = _plain_network()

    def augmented(batch: Any, answers: Any) -> tuple[Any, Any]:
        padded = tf.pad(tf.cast(batch, tf.float32) / 255 - 0.5, [[0, 0], [3, 3], [3, 3], [0, 0]], "SYMMETRIC")
        shifted = tf.image.random_crop(padded, tf.shape(batch))
        return tf.image.random_flip_left_right(shifted), answers

    def epoch(n: int) -> None:
        data = tf.data.Dataset.from_tensor_slices((images[:n], labels[:n])).shuffle(n).batch(BATCH)
        model.fit(data.map(augmented, num_parallel_calls=PROCESSES).prefetch(2), epochs=1, verbose=0)

    return epoch


def _plain_network() -> Any:
    """Return cnn7 of Keras' own layers, compiled."""
    import keras

    from study.config import NetworkConfig
    from study.networks import backend
    from study.networks.architectures.cnn7 import cnn7

    def plain(layer: Any) -> Any:
        if isinstance(layer, backend.FusedBatchNormalization):
            return keras.layers.BatchNormalization(name=layer.name)
        if isinstance(layer, backend.MatrixConv2D):
            return keras.layers.Conv2D.from_config(layer.get_config())
        return type(layer).from_config(layer.get_config())

    original = cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10)
    network = keras.models.clone_model(original, clone_function=plain)
    network.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network


def _torch(images: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    """PyTorch, eager, fp32, one thread, fed by our own NumPy pipeline."""
    import torch

    from study.images.preparation.augmentation import augmented

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = _torch_network(torch.nn)
    optimizer, loss_of = torch.optim.Adam(model.parameters(), 1e-3), torch.nn.CrossEntropyLoss()
    rng = np.random.default_rng(0)

    def epoch(n: int) -> None:
        order = rng.permutation(n)
        for start in range(0, n, BATCH):
            chosen = order[start : start + BATCH]
            batch = augmented(images[chosen], augmentation="shift_flip", rng=rng).astype(np.float32) / 255 - 0.5
            optimizer.zero_grad()
            loss = loss_of(model(torch.from_numpy(batch).permute(0, 3, 1, 2)), torch.from_numpy(labels[chosen]))
            loss.backward()
            optimizer.step()

    return epoch


def _torch_network(nn: Any) -> Any:
    layers: list[Any] = []
    for before, filters, stride in ((3, 32, 1), (32, 32, 2), (32, 64, 1), (64, 64, 2), (64, 128, 1), (128, 128, 2)):
        layers += [nn.Conv2d(before, filters, 3, stride), nn.ReLU(), nn.BatchNorm2d(filters, eps=1e-3)]
    layers += [nn.Flatten(), nn.Linear(128, 512), nn.ReLU(), nn.BatchNorm1d(512, eps=1e-3), nn.Linear(512, 10)]
    return nn.Sequential(*layers)


def _compare_losses() -> None:
    """Print how far apart ours and Keras' `fit` are on the same batches, and what a change in the last digit does to Keras.

    Batch by batch from the same weights and moments, the losses are equal to rounding. Left to themselves for an epoch,
    two single-precision trainings part, because Adam makes whole steps of gradients that are zero but for rounding:
    Keras parts from Keras as well when its initial weights change by a millionth of a percent.
    """
    from study.config import ImagesConfig, NetworkConfig
    from study.experiment.compiled_network import CompiledNetwork
    from study.experiment.training import initialize
    from study.images import load_images
    from study.images.preparation.split import partition, preprocessed, split_images

    config = ImagesConfig(train_images=100 * BATCH)
    image_set = load_images(config)
    part = partition(image_set, split_images(image_set, config))
    batches = list(
        zip(
            preprocessed(part.train_images, part.training_mean).reshape(-1, BATCH, 32, 32, 3),
            part.train_labels.reshape(-1, BATCH),
            strict=True,
        )
    )
    ours, peer = CompiledNetwork.of(NetworkConfig(), (32, 32, 3), 10), _plain_network()
    initialize(ours.model, root_seed=0, network="benchmark")
    start = ours.model.get_weights()

    def own_loss(images: np.ndarray, labels: np.ndarray) -> float:
        return float(ours.train(images[None], labels[None])[0]) / BATCH

    def fitted_loss(images: np.ndarray, labels: np.ndarray) -> float:
        return float(peer.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0).history["loss"][0])

    def restart_peer(weights: list[np.ndarray]) -> None:
        peer.set_weights(weights)
        for variable in peer.optimizer.variables:
            if "learning_rate" not in variable.path:
                variable.assign(np.zeros(variable.shape, variable.dtype))

    ours.reset(1e-3)
    fitted_loss(*batches[0])  # makes the optimiser's variables
    forced = []
    for batch in batches:
        peer.set_weights(ours.model.get_weights())
        for theirs, our_variable in zip(peer.optimizer.variables, ours.optimizer.variables, strict=True):
            theirs.assign(our_variable)
        forced.append(abs(own_loss(*batch) - fitted_loss(*batch)))
    print(f"{len(batches)} batches of an epoch, each from the same weights: losses differ by at most {max(forced):.1e}")
    rng = np.random.default_rng(0)
    nudged = [(weight * (1 + 1e-7 * rng.standard_normal(weight.shape))).astype(np.float32) for weight in start]
    curves = {}
    for name, weights in (("Keras", start), ("Keras nudged", nudged)):
        restart_peer(weights)
        curves[name] = np.mean([fitted_loss(*batch) for batch in batches])
    ours.model.set_weights(start)
    ours.reset(1e-3)
    curves["ours"] = np.mean([own_loss(*batch) for batch in batches])
    print(
        "mean loss over the epoch from the same initial weights, left to itself: "
        + ", ".join(f"{name} {loss:.4f}" for name, loss in curves.items())
    )


if __name__ == "__main__":
    main()
